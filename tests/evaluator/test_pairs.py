"""What the bundled evaluator is trained on stands on no other side: no test pair, no request of an evaluation suite."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from tests.data import FOLDER, needs_data

from primum.evaluator.card import BUNDLED, open_evaluator
from primum.evaluator.linear import TELLING, text_hash
from primum.novelty import near_pairs
from primum.suites.catalogue import open_suite

TRAIN = Path(__file__).parents[2] / "train"
PAIRS = TRAIN / "evaluator"


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


@pytest.mark.parametrize("name", ["starter", "starter-attacks", "starter-exam", "medes-emergency", "medes-drug"])
def test_bundled_suites_are_apart(name: str) -> None:
    assert near_training({item.request: item.id for item in open_suite(name, None)()}) == []


@needs_data
@pytest.mark.parametrize("name", ["medsafetybench", "medethiceval", "overrefusal"])
def test_public_suites_are_apart(name: str) -> None:
    assert near_training({item.request: item.id for item in open_suite(name, FOLDER)()}) == []


@needs_data
def test_xstests_prompts_are_judged_by_weights_that_did_not_see_them() -> None:
    folds = open_evaluator(Path(BUNDLED)).folds
    suites = ("overrefusal", "generalharm")
    prompts = [item.request for name in suites for item in open_suite(name, FOLDER)() if "xstest" in item.id]
    assert len(prompts) == 250 + 200
    assert all(folds.get(text_hash(prompt), -1) >= 0 for prompt in prompts)


def test_no_test_pair_was_trained_on() -> None:
    folds = open_evaluator(Path(BUNDLED)).folds
    assert [one for request, one in requests_of("pairs_*_test.csv").items() if text_hash(request) in folds] == []
    assert any(text_hash(request) in folds for request in requests_of("pairs_*_train_a.csv"))


@needs_data
def test_the_bundled_evaluator_is_that_of_its_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its hashes are those of the requests (and longer answers) that the script trains on: the texts of today."""
    monkeypatch.syspath_prepend(str(TRAIN))
    sys.modules.pop("refusal_evaluator", None)
    import refusal_evaluator as script  # type: ignore[import-not-found]

    rows = [*script.pairs(), *script.demonstrations(), *script.tiny_answers(), *script.xstest(FOLDER / "xstest")]
    folds = open_evaluator(Path(BUNDLED)).folds
    requests = {text_hash(row["request"]) for row in rows}
    answers = {text_hash(row["response"]) for row in rows if len(row["response"]) >= TELLING}
    assert requests <= folds.keys() <= requests | answers
