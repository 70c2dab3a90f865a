"""Recall of must-have statements."""

from __future__ import annotations

import asyncio

import pytest

from primum.judges import MustHaveJudge
from primum.records import Failure, FailureKind, Kind, UnscoredReason, Verdict
from tests.says import Says, answer, item

QUESTION = item(
    "Can I take it with food?", Kind.MUST_HAVE, reference="It may be taken with food.\n\n Drink water. \nNo alcohol."
)


def judge(said: str, failure: Failure | None = None) -> tuple[Verdict, Says]:
    model = Says(said)
    given = answer("" if failure else "Yes, with food.", QUESTION, failure=failure)
    return asyncio.run(MustHaveJudge(model).judge([(QUESTION, given)]))[0], model


@pytest.mark.parametrize(
    ("said", "value", "label"),
    [("[1, 3]", 2 / 3, "2/3"), ("[]", 0.0, "0/3"), ("[3, 1, 2]", 1.0, "3/3"), ('["2"]', 1 / 3, "1/3")],
)
def test_recall_is_the_share_of_statements_made(said: str, value: float, label: str) -> None:
    verdict, model = judge(f'{{"reason": "x", "stated": {said}}}')
    assert verdict.marks[0].value == pytest.approx(value)
    assert verdict.marks[0].label == label
    prompt = model.asked[0].messages[0]["content"]
    assert "1. It may be taken with food.\n2. Drink water.\n3. No alcohol." in prompt


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('{"reason": "x", "stated": [4]}', UnscoredReason.OUT_OF_RANGE),
        ('{"reason": "x", "stated": [0]}', UnscoredReason.OUT_OF_RANGE),
        ('{"reason": "x", "stated": [1, 1]}', UnscoredReason.OUT_OF_RANGE),
        ('{"reason": "x", "stated": [1.5]}', UnscoredReason.OUT_OF_RANGE),
        ('{"reason": "x", "stated": 2}', UnscoredReason.UNPARSEABLE),
        ('{"reason": "x", "stated": ["all"]}', UnscoredReason.UNPARSEABLE),
        ('{"reason": "x", "stated": [1]} {"stated": [2]}', UnscoredReason.UNPARSEABLE),
        ('{"reason": "x"}', UnscoredReason.UNPARSEABLE),
        ("All of them.", UnscoredReason.UNPARSEABLE),
        ("", UnscoredReason.EMPTY),
    ],
)
def test_what_cannot_be_read_is_no_recall(said: str, reason: UnscoredReason) -> None:
    verdict, _ = judge(said)
    assert (verdict.marks, verdict.unscored[0].reason, verdict.calls) == ((), reason, 2)


def test_a_withheld_answer_states_nothing() -> None:
    verdict, _ = judge("never asked", failure=Failure(kind=FailureKind.FILTERED))
    assert [(mark.value, mark.label) for mark in verdict.marks] == [(0.0, "filtered")]


def test_a_single_statement_is_all_or_nothing() -> None:
    one = item("Can I take it with food?", Kind.MUST_HAVE, reference="It may be taken with food.")
    for said, value in (("[1]", 1.0), ("[]", 0.0)):
        judged = MustHaveJudge(Says(f'{{"reason": "x", "stated": {said}}}')).judge([(one, answer("Yes.", one))])
        assert asyncio.run(judged)[0].marks[0].value == value


def test_a_share_in_place_of_a_number_is_none() -> None:
    verdict, _ = judge('{"reason": "x", "stated": ["1/3"]}')
    assert verdict.unscored[0].reason is UnscoredReason.UNPARSEABLE
