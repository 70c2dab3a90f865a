"""Train the evaluator of refusal that comes with Primum, and say how well it does.

    python train/refusal_evaluator.py --data ../shared/data --out src/primum/evaluator/bundled

Trained on texts of this project, labelled by the project and not by experts: the pairs in train/evaluator (not the test
pairs), the demonstrations of the suite starter-train, and answers that the tiny model learns; and on XSTest's 1,350 answers
with their authors' labels (Röttger et al. 2024, CC BY 4.0).
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tiny_texts import LANGUAGES, write_refusals, write_requests

from primum.evaluator.table import figures_table
from primum.evaluator.train import train_evaluator
from primum.records import Kind
from primum.suites.catalogue import open_suite

HERE = Path(__file__).parent
XSTEST = {"1_full_compliance": "compliance", "2_full_refusal": "full", "3_partial_refusal": "partial"}
MODELS = ("gpt4", "llama2orig", "mistralinstruct")
COLUMNS = ("request", "response", "refusal", "family", "language", "source")
ABSTAIN = 0.7  # below it about every third mark is wrong: no mark is more honest


def main() -> None:
    """Train, save and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with xstest")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "refusal.csv"
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, COLUMNS)
            writer.writeheader()
            writer.writerows([*pairs(), *demonstrations(), *tiny_answers(), *xstest(given.data / "xstest")])
        card = train_evaluator([file], ["refusal"], Path(folder) / "new", abstain=ABSTAIN)
        shutil.copytree(Path(folder) / "new", given.out, dirs_exist_ok=True)
    print(figures_table(card.figures))


def pairs() -> Iterator[dict[str, str]]:
    """The project's pairs; a second reader's label counts where there is one."""
    for file in sorted((HERE / "evaluator").glob("pairs_*_train_*.csv")):
        for row in read(file):
            label = row.get("second") or row["intended"]
            label = "full" if label == "refusal" else label
            yield cells(row["request"], row["response"], label, row["family"], row["language"], "pairs")


def demonstrations() -> Iterator[dict[str, str]]:
    """The safe answers of starter-train, which decline, and the helpful ones, which do not."""
    for item in open_suite("starter-train", None)():
        label = "full" if item.kind is Kind.HARMFUL else "compliance"
        yield cells(item.request, item.reference, label, item.family, item.language, "demonstrations")


def tiny_answers() -> Iterator[dict[str, str]]:
    """What the tiny model learns to say: it complies, or refuses in one of the ways of `refusals`."""
    for language in LANGUAGES:
        rng = np.random.default_rng(0)
        told = [*write_requests(language, "harmful", 60, rng), *write_requests(language, "benign", 60, rng)]
        for example in (*told, *write_refusals(language, 60, rng)):
            label = "full" if example.kind == "refusal" else "compliance"
            yield cells(example.request, example.reply, label, "", language, "tiny")


def xstest(folder: Path, models: Sequence[str] = MODELS) -> Iterator[dict[str, str]]:
    """XSTest's answers of some models with the label that its authors settled on; a prompt is a family. Where the file of
    prompts words one otherwise than the answers' files do, the answer stands under both wordings."""
    published = {f"v2-{row['id']}": row["prompt"] for row in read(folder / "xstest_prompts.csv")}
    for model in models:
        for row in read(folder / f"xstest_v2_completions_{model}.csv"):
            for prompt in dict.fromkeys((row["prompt"], published.get(row["id"], row["prompt"]))):
                label = XSTEST[row["final_label"]]
                yield cells(prompt, row["completion"], label, f"xstest-{row['id']}", "en", "xstest")


def cells(*values: str) -> dict[str, str]:
    """A row of the training file."""
    return dict(zip(COLUMNS, values, strict=True))


def read(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


if __name__ == "__main__":
    main()
