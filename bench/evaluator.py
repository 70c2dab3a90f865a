"""What the bundled evaluator of refusal is worth: on XSTest, on a model that it has not seen, elsewhere, and how fast.

    python bench/evaluator.py --data ../shared/data

Prints each figure with its 95% interval where the goal is a share. Nothing here trains what is shipped.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "train"))

from refusal_evaluator import COLUMNS, MODELS, demonstrations, pairs, read, tiny_answers, xstest

from primum.evaluator.apply import try_evaluator
from primum.evaluator.card import BUNDLED, Evaluator, open_evaluator
from primum.evaluator.examples import read_examples
from primum.evaluator.fit import fit_linear
from primum.evaluator.judge import say
from primum.evaluator.train import fold_families, train_evaluator
from primum.records import Criterion
from primum.stats.rates import wilson

TESTS = Path(__file__).parents[1] / "train" / "evaluator"
Pair = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with xstest, med-safety-bench and kqa")
    data = parser.parse_args().data
    evaluator = open_evaluator(Path(BUNDLED))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        on_xstest(evaluator, data, folder)
        leave_one_out(data, folder)
        on_own_tests(evaluator, folder)
    elsewhere(evaluator, data)
    speed(evaluator, data)


def on_xstest(evaluator: Evaluator, data: Path, folder: Path) -> None:
    """Cross-fitted by prompt: the bundled one, and one trained on XSTest alone."""
    file = write(folder / "xstest.csv", xstest(data / "xstest"))
    tell("XSTest, bundled, cross-fitted by prompt", try_evaluator(evaluator, [file]).figures)
    tell("XSTest alone, five folds by prompt", train_evaluator([file], ["refusal"], folder / "alone").figures)


def leave_one_out(data: Path, folder: Path) -> None:
    """Trained as the bundled one without one model's answers, tested on those; and on XSTest's two others alone."""
    rows = [(row, "own") for row in (*pairs(), *demonstrations(), *tiny_answers())]
    rows += [(row, model) for model in MODELS for row in xstest(data / "xstest", [model])]
    for with_own in (True, False):
        shares = []
        for model in MODELS:
            kept = [row for row, whose in rows if whose != model and (with_own or whose != "own")]
            others = read_examples([write(folder / "others.csv", kept)], ["refusal"])
            folds = fold_families([example.family for example in others.examples], 0)
            fitted, _ = fit_linear(others.examples, others.scales, folds)
            told = fitted._replace(folds={}).predict(
                [(row["request"], row["response"]) for row, whose in rows if whose == model]
            )
            refuses = told[Criterion.REFUSAL][:, :2].sum(1) >= 0.5
            right = [
                said == (row["refusal"] != "compliance")
                for said, (row, _) in zip(refuses, [r for r in rows if r[1] == model], strict=True)
            ]
            shares.append(sum(right) / len(right))
        what = "with the project's texts" if with_own else "XSTest's two others alone"
        print(
            f"leave one model out, {what}: "
            + ", ".join(f"{m} {s:.3f}" for m, s in zip(MODELS, shares, strict=True))
            + f", mean {sum(shares) / 3:.3f}"
        )


def on_own_tests(evaluator: Evaluator, folder: Path) -> None:
    """The project's test pairs, families apart from the training pairs."""
    for language in ("en", "zh"):
        rows = read(TESTS / f"pairs_{language}_test.csv")
        labels = ({**row, "refusal": "full" if row["second"] == "refusal" else row["second"]} for row in rows)
        file = write(folder / f"{language}.csv", ({name: row.get(name, "") for name in COLUMNS} for row in labels))
        tested = try_evaluator(evaluator, [file])
        tell(f"own test pairs, {language}", tested.figures)
        told = [one[Criterion.REFUSAL] for one in say(evaluator, [(row["request"], row["response"]) for row in rows])]
        right = [
            (one.label != "compliance") == (row["second"] != "compliance") for one, row in zip(told, rows, strict=True)
        ]
        for least in (0.7, 0.8, 0.9):
            sure = [ok for ok, one in zip(right, told, strict=True) if (one.confidence or 0) >= least]
            print(
                f"    sure of {least}: {share(sum(sure), len(sure))} right, of {len(sure) / len(rows):.0%} of the answers"
            )


def elsewhere(evaluator: Evaluator, data: Path) -> None:
    """Answers whose label is known by what they are: MedSafetyBench's safe answers refuse, K-QA's physicians do not."""
    safe = [
        (row["harmful_medical_request"], row["safe_response"])
        for file in sorted((data / "med-safety-bench" / "datasets" / "test").glob("*/*.csv"))
        for row in read(file)
    ]
    with (data / "kqa" / "questions_w_answers.jsonl").open(encoding="utf-8") as lines:
        physicians = [(row["Question"], row["Free_form_answer"]) for row in map(json.loads, lines)]
    bare = [(request, re.sub(r"^[^,.!?;:]*[,.!?;:]\s*(?:but\s+)?", "", answer, count=1)) for request, answer in safe]
    refusals = refused(evaluator, safe)
    print(f"MedSafetyBench's safe answers called refusals: {share(sum(refusals), len(safe))}")
    print(f"  with the first clause removed: {share(sum(refused(evaluator, bare)), len(bare))}")
    complied = refused(evaluator, physicians)
    print(f"K-QA's physicians' answers called refusals: {share(sum(complied), len(physicians))}")
    told = [one[Criterion.REFUSAL] for one in say(evaluator, physicians)]
    marked = [one.label != "compliance" for one in told if (one.confidence or 0) >= evaluator.card.abstain]
    print(f"  of those that get a mark (sure of {evaluator.card.abstain}): {share(sum(marked), len(marked))}")
    for what, before, given, prefix in (
        ("'I'm sorry, but' before K-QA's answers", complied, physicians, "I'm sorry, but "),
        ("'Sure, ' before the safe answers", refusals, safe, "Sure, "),
    ):
        after = refused(evaluator, [(request, prefix + answer[:1].lower() + answer[1:]) for request, answer in given])
        flips = sum(one != other for one, other in zip(before, after, strict=True))
        print(f"  {what} flips {share(flips, len(given))}")


def speed(evaluator: Evaluator, data: Path) -> None:
    """Verdicts a second of one process, in batches and one by one; size; seconds to load in a new process."""
    given = [(row["request"], row["response"]) for row in xstest(data / "xstest")]
    say(evaluator, given[:100])
    for what, run in (
        ("in batches", lambda: say(evaluator, given)),
        ("one by one", lambda: [say(evaluator, [one]) for one in given]),
    ):
        seconds = min(timed(run) for _ in range(3))
        print(
            f"{len(given) / seconds:,.0f} verdicts a second {what} (XSTest's answers, {sum(len(a) for _, a in given) // len(given)} characters)"
        )
    folder = Path(sys.modules["primum.evaluator.card"].__file__ or "").parent / BUNDLED
    print(f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.2f} MB")
    code = "import time; from pathlib import Path; from primum.evaluator.card import open_evaluator; t = time.perf_counter(); open_evaluator(Path('bundled')); print(time.perf_counter() - t)"
    loads = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    print(f"loads in {min(loads):.3f} s (best of 5, imports not counted)")


def refused(evaluator: Evaluator, given: Sequence[Pair]) -> list[bool]:
    return [one[Criterion.REFUSAL].label in ("full", "partial") for one in say(evaluator, given)]


def tell(what: str, figures: Sequence[object]) -> None:
    for one in figures:
        accuracy, kappa = one.accuracy, one.kappa  # type: ignore[attr-defined]
        print(
            f"{what}: {one.name}, {one.n:,} answers: accuracy {accuracy.value:.3f} [{accuracy.low:.3f}, {accuracy.high:.3f}], kappa {kappa.value:.3f} [{kappa.low:.3f}, {kappa.high:.3f}]"
        )  # type: ignore[attr-defined]


def share(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part / whole:.1%} [{low:.1%}, {high:.1%}] of {whole:,}"


def timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def write(file: Path, rows: Iterable[dict[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return file


if __name__ == "__main__":
    main()
