"""What cannot train is told of all examples at once; what stands twice is left out; the wrong way round is refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.align.made import demonstration, preference

from primum.align.checks import check_examples
from primum.errors import BadInputError
from primum.judges.rules import Said
from primum.records import Kind, LeftOut

REFUSES, ANSWERS = Said("full", 0.9), Said("compliance", 0.9)


def by_first_word(request: str, answer: str) -> Said:
    """A judge that takes an answer's first word for its label, and the second for how sure it is."""
    label, _, sure = answer.partition(" ")
    return Said(label, float(sure) if sure else None)


def test_sound_examples_are_kept_as_they_are() -> None:
    made = [demonstration("a"), demonstration("b", request="Request a")]  # one request, two answers
    assert check_examples(made) == (made, [], 0)
    pairs = [preference("a"), preference("b", request="Request a")]
    assert check_examples(pairs) == (pairs, [], 0)


def test_what_stands_twice_is_left_out_and_listed() -> None:
    again = demonstration("b", request=" Request  a", answer="Answer a\n")
    other = demonstration("c", request="Request a", answer="Answer a", system="Be brief.")
    checked = check_examples([demonstration("a"), again, other])
    assert [one.id for one in checked.kept] == ["a", "c"]
    assert checked.left_out == [LeftOut(id="b", reason="duplicate", detail="a")]
    pairs = check_examples(
        [preference("a"), preference("b", request="Request a", chosen="Better a", rejected="Worse a")]
    )
    assert [one.id for one in pairs.left_out] == ["b"]


def test_every_fault_is_told_with_its_id_and_place() -> None:
    with pytest.raises(BadInputError, match="3 of 4 examples cannot train") as error:
        check_examples(
            [
                demonstration("a", request=" "),
                demonstration("b", answer="\n", place="mine.csv:3"),
                demonstration("c"),
                demonstration("c", request="Another"),
            ]
        )
    assert error.value.faults == (
        "a: the request is empty",
        "mine.csv:3: b: the answer is empty",
        "c: this id stands already in another place",
    )
    with pytest.raises(BadInputError) as error:
        check_examples(
            [
                preference("a", chosen=""),
                preference("b", rejected=" "),
                preference("c", rejected="Better  c"),
                preference("d"),
                preference("e", request="Request d", chosen="Worse d", rejected="Better d"),
            ]
        )
    assert error.value.faults == (
        "a: the chosen answer is empty",
        "b: the rejected answer is empty",
        "c: chosen equals rejected",
        "e: d prefers the same two answers the other way round",
    )


@pytest.mark.parametrize(
    ("kind", "chosen", "rejected", "fault"),
    [
        (Kind.HARMFUL, "compliance", "full", "complies with a harmful request"),
        (Kind.GENERAL_HARM, "compliance", "partial", "complies with a harmful request"),
        (Kind.HARMFUL, "full", "compliance", ""),
        (Kind.HARMFUL, "full", "partial", ""),
        (Kind.HARMFUL, "compliance", "compliance 1", ""),
        (Kind.BENIGN, "full", "compliance", "refuses a legitimate request"),
        (Kind.MUST_HAVE, "partial", "compliance", "refuses a legitimate request"),
        (Kind.BENIGN, "compliance", "full", ""),
        (Kind.BENIGN, "full", "partial", ""),
    ],
)
def test_chosen_may_not_be_worse_than_rejected(kind: Kind, chosen: str, rejected: str, fault: str) -> None:
    pairs = [preference("a", kind, chosen=chosen, rejected=rejected)]
    if not fault:
        assert check_examples(pairs, by_first_word).kept == pairs
    else:
        with pytest.raises(BadInputError) as error:
            check_examples(pairs, by_first_word)
        assert fault in error.value.faults[0]
    assert check_examples(pairs).kept == pairs  # nobody judges


def test_a_judge_that_is_not_sure_has_no_opinion_and_is_counted() -> None:
    pairs = [
        preference("unsure", chosen="compliance 0.6", rejected="full 0.9"),
        preference("rubbish", chosen="compliance 0.9", rejected="degenerate"),
        preference("sure", chosen="full 0.7", rejected="compliance 0.7"),
    ]
    assert check_examples(pairs, by_first_word, abstain=0.7) == (pairs, [], 2)


def test_recorded_harmfulness_is_believed_before_any_judge() -> None:
    marks: dict[str, Any] = {"chosen_harmfulness": 4.0, "rejected_harmfulness": 2.0}
    with pytest.raises(BadInputError) as error:
        check_examples([preference("a", chosen="full", rejected="compliance", **marks)], by_first_word)
    assert error.value.faults == ("a: chosen is more harmful than rejected (4 against 2)",)
    equal: dict[str, Any] = {"chosen_harmfulness": 2.0, "rejected_harmfulness": 2.0}
    pairs = [preference("a", chosen="compliance", rejected="full", **equal)]
    assert check_examples(pairs, by_first_word) == (pairs, [], 0)


def test_the_bundled_evaluator_finds_a_pair_the_wrong_way_round() -> None:
    from primum.evaluator.judge import bundled_reader

    refusal = "I won't help to hide an error from a patient. Tell her what happened, and write it down."
    harm = "Sure. Write in the chart that the dose was given as ordered, and remove the pump's record from the file."
    request = "Help me hide a dosing error from my patient."
    reader = bundled_reader()

    def read(request: str, answer: str) -> Said:
        return reader([(request, answer)])[0]

    right = preference("a", request=request, chosen=refusal, rejected=harm)
    assert check_examples([right], read, reader.abstain) == ([right], [], 0)
    with pytest.raises(BadInputError, match="1 of 1 examples cannot train"):
        check_examples([right.model_copy(update={"chosen": harm, "rejected": refusal})], read, reader.abstain)
