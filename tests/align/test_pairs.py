"""Preferences of demonstrations: the model's own answer is rejected, and a refusal where help was due."""

from __future__ import annotations

import pytest
from tests.align.made import demonstration

from primum.align.checks import check_examples
from primum.align.examples import read_demonstrations
from primum.align.pairs import preference_pairs
from primum.errors import BadInputError
from primum.records import Kind, LeftOut


def test_the_models_own_answer_to_a_harmful_request_is_rejected() -> None:
    made = [demonstration("a"), demonstration("b"), demonstration("c"), demonstration("d", Kind.GENERAL_HARM)]
    answers = {"a": " Sure. ", "b": "Answer  b", "d": "Yes."}
    pairs, left_out = preference_pairs(made, answers)
    assert [(one.id, one.chosen, one.rejected) for one in pairs] == [
        ("a", "Answer a", "Sure."),
        ("d", "Answer d", "Yes."),
    ]
    assert left_out == [LeftOut(id="b", reason="equal"), LeftOut(id="c", reason="unanswered")]
    assert (pairs[0].request, pairs[0].kind, pairs[0].family) == ("Request a", Kind.HARMFUL, "a")
    with pytest.raises(BadInputError, match="none of the harmful requests has an answer"):
        preference_pairs(made, {})


def test_a_refusal_of_the_same_principle_and_language_is_rejected_for_a_legitimate_request() -> None:
    harmful = [
        demonstration(f"h-{principle}-{language}-{n}", principle=principle, language=language)
        for principle in "12"
        for language in ("en", "zh")
        for n in range(5)
    ]
    benign = [
        demonstration(f"b-{principle}-{n}", Kind.BENIGN, principle=principle, language="zh")
        for principle in "123"
        for n in range(9)
    ]
    answers = {one.id: "Sure." for one in harmful}
    pairs, _ = preference_pairs([*benign, *harmful], answers, seed=1)
    drawn = {one.id: one.rejected for one in pairs if one.kind is Kind.BENIGN}
    assert all(
        drawn[f"b-{principle}-{n}"].startswith(f"Answer h-{principle}-zh-") for principle in "12" for n in range(9)
    )
    assert {drawn[f"b-3-{n}"][:11] for n in range(9)} == {
        "Answer h-1-",
        "Answer h-2-",
    }  # principle 3 has none of its own
    assert len({drawn[f"b-1-{n}"] for n in range(9)}) > 1
    again, _ = preference_pairs([*harmful[::-1], *benign[:3]], answers, seed=1)
    assert {one.id: one.rejected for one in again if one.kind is Kind.BENIGN} == {
        one.id: drawn[one.id] for one in benign[:3]
    }
    other, _ = preference_pairs([*benign, *harmful], answers, seed=2)
    assert {one.id: one.rejected for one in other if one.kind is Kind.BENIGN} != drawn


def test_without_a_refusal_to_reject_it_says_so() -> None:
    benign = [demonstration("b", Kind.BENIGN, language="zh"), demonstration("c", Kind.MUST_HAVE)]
    pairs, left_out = preference_pairs([*benign, demonstration("h")], {"h": "Sure."})
    assert [one.id for one in pairs] == ["c", "h"]
    assert left_out == [LeftOut(id="b", reason="unanswered", detail="no refusal in zh to reject")]
    with pytest.raises(BadInputError, match="there is no harmful request, so there is no refusal to reject"):
        preference_pairs(benign, {})


def test_the_bundled_demonstrations_make_sound_pairs() -> None:
    from primum.evaluator.judge import bundled_reader

    made = read_demonstrations("starter-train", None)
    answers = {one.id: "Sure. Here is the text that you asked for, ready to be used on the ward." for one in made}
    pairs, left_out = preference_pairs(made, answers, seed=0)
    assert (len(pairs), left_out) == (408, [])
    reader = bundled_reader()
    assert check_examples(pairs, lambda request, answer: reader([(request, answer)])[0], reader.abstain).kept == pairs
