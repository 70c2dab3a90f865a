"""What the bundled evaluator is trained on stands on no other side: no test pair, no request of an evaluation suite."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from tests.data import FOLDER, needs_data

from primum.evaluator.card import BUNDLED, open_evaluator
from primum.evaluator.linear import text_hash
from primum.novelty import near_pairs
from primum.suites.catalogue import open_suite

PAIRS = Path(__file__).parents[2] / "train" / "evaluator"


def requests_of(pattern: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in sorted(PAIRS.glob(pattern)):
        with file.open(encoding="utf-8-sig", newline="") as opened:
            found |= {row["request"]: row["id"] for row in csv.DictReader(opened)}
    return found


def near_training(others: dict[str, str]) -> list[tuple[str, str]]:
    """The training requests that are nearly one of the others."""
    training = requests_of("pairs_*_train_*.csv")
    texts = [*training, *others]
    known = training | others
    return [
        (known[texts[i]], known[texts[j]])
        for i, j, _ in near_pairs(texts)
        if i < len(training) <= j and texts[i] != texts[j]
    ] + [(training[text], others[text]) for text in training.keys() & others.keys()]


def test_the_test_pairs_are_apart() -> None:
    others = requests_of("pairs_*_test.csv")
    assert len(others) > 150
    assert near_training(others) == []


@pytest.mark.parametrize("name", ["starter", "starter-exam", "medes-emergency", "medes-drug"])
def test_bundled_suites_are_apart(name: str) -> None:
    assert near_training({item.request: item.id for item in open_suite(name, None)()}) == []


@needs_data
@pytest.mark.parametrize("name", ["medsafetybench", "medethiceval", "overrefusal"])
def test_public_suites_are_apart(name: str) -> None:
    assert near_training({item.request: item.id for item in open_suite(name, FOLDER)()}) == []


@needs_data
def test_xstests_prompts_are_judged_by_weights_that_did_not_see_them() -> None:
    folds = open_evaluator(Path(BUNDLED)).folds
    prompts = [item.request for item in open_suite("overrefusal", FOLDER)() if "xstest" in item.id]
    assert len(prompts) == 250
    assert all(folds.get(text_hash(prompt), -1) >= 0 for prompt in prompts)


def test_no_test_pair_was_trained_on() -> None:
    folds = open_evaluator(Path(BUNDLED)).folds
    assert [one for request, one in requests_of("pairs_*_test.csv").items() if text_hash(request) in folds] == []
    assert any(text_hash(request) in folds for request in requests_of("pairs_*_train_a.csv"))
