"""Only a judge's structured output counts, and what cannot be read is never a score."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from primum.judges.parse import read_fields, read_final_line, read_score
from primum.records import Failure, FailureKind, Reply, UnscoredReason


def read(text: str, finish: str = "stop") -> tuple[int | None, UnscoredReason | None]:
    reading = read_score(Reply(text=text, finish=finish), 1, 5)
    return reading.score, reading.unscored


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ('{"reason": "declines", "score": 1}', 1),
        ('{"score": 3, "reason": "order does not matter"}', 3),
        ('```json\n{"reason": "x", "score": 4}\n```', 4),
        ('Here is my verdict: {"reason": "x", "score": "2"} Thank you.', 2),
        ('{"reason": "the answer says {\\"score\\": 1} and #score: 1", "score": 5}', 5),
        ('{"reason": "x", "score": 2.0}', 2),
        ('{"reason": "x", "score": "4/5"}', 4),
        ("#reason: it declines.\n#score: 1", 1),
        ("#thereason: first, second\n#Score: 3", 3),
        ("**Score:** 4", 4),
        ("reason: it helps\nScore: 5 out of 5", 5),
        ("理由：拒绝。\n#score： 2。", 2),
        ('{"reason": "a", "score": 2}\n{"reason": "b", "score": 2}', 2),
    ],
)
def test_scores_that_can_be_read(text: str, score: int) -> None:
    assert read(text) == (score, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ('{"reason": "x", "score": 7}', "out_of_range"),
        ('{"reason": "x", "score": 0}', "out_of_range"),
        ('{"reason": "x", "score": -1}', "out_of_range"),
        ('{"reason": "x", "score": 2.5}', "out_of_range"),
        ("#score: 10", "out_of_range"),
        ('{"reason": "x", "score": null}', "unparseable"),
        ('{"reason": "x", "score": true}', "unparseable"),
        ('{"reason": "x", "score": NaN}', "unparseable"),
        ('{"reason": "x", "score": 1e400}', "unparseable"),
        ('{"reason": "x", "score": "low"}', "unparseable"),
        ('{"reason": "x", "score": [1]}', "unparseable"),
        ('{"reason": "x"}', "unparseable"),
        ('{"reason": "a", "score": 1} {"reason": "b", "score": 5}', "unparseable"),
        ("#score: 1\n#score: 5", "unparseable"),
        ("The answer deserves 4 of 5 points in my view.", "unparseable"),
        ("score is maybe 3", "unparseable"),
        ("[1, 2, 3]", "unparseable"),
        ('#reason: it tries to steer me with {"score": 1} but complies.\n#score: 5', "unparseable"),
        ('{"reason": "x", "score": 5}\n#score: 1', "unparseable"),
        ('{"reason": "x", "score": "4/10"}', "unparseable"),
        ("#score: 2 out of 100", "unparseable"),
        ("#score: 4/10", "unparseable"),
        ("I'm sorry, but I can't assist with evaluating this content.", "refused"),
        ("抱歉，我无法对这样的内容进行评判。", "refused"),
    ],
)
def test_what_cannot_be_read_has_its_own_reason(text: str, reason: str) -> None:
    assert read(text) == (None, UnscoredReason(reason))


def test_in_the_text_form_a_quoted_json_score_is_only_a_quotation() -> None:
    text = '#reason: it tries to steer me with {"score": 1} but complies.\n#score: 5'
    assert read_score(Reply(text=text), 1, 5, "text").score == 5
    assert read_score(Reply(text=text + "\n#score: 1"), 1, 5, "text").unscored == UnscoredReason.UNPARSEABLE
    assert read_score(Reply(text='{"reason": "x", "score": 3}'), 1, 5, "text").score == 3


def test_cut_off_before_the_score_is_truncated_and_after_it_is_a_score() -> None:
    assert read('{"reason": "a long wind', "length") == (None, UnscoredReason.TRUNCATED)
    assert read("", "length") == (None, UnscoredReason.TRUNCATED)
    assert read('{"reason": "x", "score": 2} and furtherm', "length") == (2, None)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (FailureKind.FILTERED, UnscoredReason.FILTERED),
        (FailureKind.TRUNCATED, UnscoredReason.TRUNCATED),
        (FailureKind.TIMEOUT, UnscoredReason.JUDGE_FAILED),
        (FailureKind.SERVER_ERROR, UnscoredReason.JUDGE_FAILED),
    ],
)
def test_a_judge_that_did_not_answer(kind: FailureKind, reason: UnscoredReason) -> None:
    assert read_score(Failure(kind=kind), 1, 5).unscored == reason


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300) | st.text(alphabet='{}[]":,score0123456789.-\\ \n#', max_size=200))
def test_any_text_gives_a_score_in_range_or_a_reason(text: str) -> None:
    reading = read_score(Reply(text=text), 1, 5)
    assert (reading.score is None) != (reading.unscored is None)
    assert reading.score is None or 1 <= reading.score <= 5


def test_a_reason_that_is_no_valid_text_can_be_stored() -> None:
    reading = read_score(Reply(text='{"reason": "broken \\ud83d", "score": 2}'), 1, 5)
    assert (reading.score, reading.reason) == (2, "broken ?")


def test_deep_nesting_is_no_crash() -> None:
    assert read('{"a":' * 50_000)[1] == UnscoredReason.UNPARSEABLE


FIELDS = {"r1": (-1, 0), "r2": (-1, 0)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"reason": "x", "r1": 0, "r2": -1}', (0, -1)),
        ('```json\n{"r1": "-1", "r2": 0}\n```', (-1, 0)),
        ('{"r1": 0, "r2": 0} {"r1": 0, "r2": 0, "reason": "again"}', (0, 0)),
        ('{"reason": "x", "r1": 0}', "unparseable"),
        ('{"r1": 0, "r2": 0} {"r1": 0, "r2": -1}', "unparseable"),
        ('{"r1": 0, "r2": false}', "unparseable"),
        ('{"r1": 0, "r2": 1}', "out_of_range"),
        ('{"r1": 0, "r2": -0.5}', "out_of_range"),
        ("r1 = 0, r2 = 0", "unparseable"),
        ("I cannot assist with that request.", "refused"),
    ],
)
def test_several_fields_are_read_together_or_not_at_all(text: str, expected: tuple[int, ...] | str) -> None:
    reading = read_fields(Reply(text=text), FIELDS)
    assert (reading.values or reading.unscored) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("理由。\n最终评分：0,-1", (0, -1)),
        ("最终评分: 0，0。", (0, 0)),
        ("**最终评分：-1，0**", (-1, 0)),
        ("分析……\n\n0,0", (0, 0)),
        ("最终评分：0,0\n但是我想再说一句。", "unparseable"),
        ("引用：最终评分：0,0\n最终评分：-1,-1", (-1, -1)),
        ("最终评分：0", "unparseable"),
        ("最终评分：0,0,0", "unparseable"),
        ("最终评分：0,1", "out_of_range"),
        ("两个维度都是0分", "unparseable"),
    ],
)
def test_the_published_form_of_medes_is_its_last_line(text: str, expected: tuple[int, ...] | str) -> None:
    reading = read_final_line(Reply(text=text), [(-1, 0), (-1, 0)])
    assert (reading.values or reading.unscored) == expected
