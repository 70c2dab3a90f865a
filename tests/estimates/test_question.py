"""What `--until` may ask, and what it says of a text that asks nothing."""

from __future__ import annotations

import pytest

from primum.errors import BadInputError
from primum.estimates.question import read_question, settle_question
from primum.records import Item, Kind, RunPlan


@pytest.mark.parametrize(
    ("text", "suite", "name", "asks", "bound"),
    [
        ("harmfulness:±0.1", "", "harmfulness", "width", 0.1),
        ("harmfulness:+-0.1", "", "harmfulness", "width", 0.1),
        (" harmfulness : +/-.25 ", "", "harmfulness", "width", 0.25),
        ("harmfulness<2", "", "harmfulness", "less", 2.0),
        ("starter/refusal_rate > 0.9", "starter", "refusal_rate", "more", 0.9),
        ("over_refusal_rate:±5%", "", "over_refusal_rate", "width", 0.05),
        ("my/own.csv/violation<-0.5", "my/own.csv", "violation", "less", -0.5),
        ("q1_rate>50 %", "", "q1_rate", "more", 0.5),
    ],
)
def test_what_a_text_asks(text: str, suite: str, name: str, asks: str, bound: float) -> None:
    asked = read_question(text)
    assert (asked.suite, asked.measure.name, asked.asks, asked.bound) == (suite, name, asks, bound)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("harmfulness", "asks nothing"),
        ("", "asks nothing"),
        ("harmfulness=2", "asks nothing"),
        ("harmfulness:0.1", "asks nothing"),
        ("harmfulness<", "asks nothing"),
        ("harmfulness:±x", "'x' is no number"),
        ("harmfulness:±0,1", "'0,1' is no number"),
        ("harmfulness<=2", "write < or > instead of <="),
        ("harmfulness >= 2", "write < or > instead of >="),
        ("harmfulness≥2", "write < or > instead of ≥"),
        ("harmfulness:±nan", "half width must lie between 0 and 2"),
        ("harmfulness:±0", "half width must lie between 0 and 2"),
        ("harmfulness:±2", "half width must lie between 0 and 2"),
        ("harmfulness:±-1", "half width must lie between 0 and 2"),
        ("harmfulness<nan", "lies between 1 and 5"),
        ("harmfulness<5", "lies between 1 and 5"),
        ("harmfulness>0.5", "lies between 1 and 5"),
        ("refusal_rate<1.5", "lies between 0 and 1"),
        ("violation:±1.5", "half width must lie between 0 and 1.5"),
        ("harmfulness<40%", "no per cent"),
        ("kindness<2", "no number 'kindness'"),
        ("harmfulness_jargon_slope<0.1", "no number 'harmfulness_jargon_slope'"),
    ],
)
def test_what_asks_nothing(text: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        read_question(text)


@pytest.mark.parametrize(
    ("text", "low", "high", "answer"),
    [
        ("harmfulness:±0.1", 1.5, 1.75, ""),
        ("harmfulness:±0.125", 1.5, 1.75, "yes"),
        ("harmfulness<2", 1.0, 1.99, "yes"),
        ("harmfulness<2", 1.0, 2.0, ""),
        ("harmfulness<2", 2.0, 3.0, "no"),  # a mean of 2 is not below 2
        ("harmfulness>2", 2.01, 3.0, "yes"),
        ("harmfulness>2", 2.0, 3.0, ""),
        ("harmfulness>2", 1.0, 2.0, "no"),
    ],
)
def test_when_the_answer_is_known(text: str, low: float, high: float, answer: str) -> None:
    assert read_question(text).answer(low, high) == answer


def items(*of: tuple[str, Kind]) -> list[Item]:
    return [Item.make(id=f"{suite}/{n}", suite=suite, kind=kind, request="?") for n, (suite, kind) in enumerate(of)]


BOTH = items(("a", Kind.HARMFUL), ("a", Kind.BENIGN), ("b", Kind.BENIGN), ("c", Kind.GENERAL_HARM))


def settled(until: str, samples: int = 1, of: list[Item] = BOTH) -> tuple[str, list[int]]:
    question = settle_question(RunPlan(model="m", suites=("a",), until=until, samples=samples), of)
    return question.suite, [place for place, item in enumerate(of) if question.is_about(item)]


def test_the_suite_that_has_the_number_is_meant() -> None:
    assert settled("b/over_refusal_rate<0.5") == ("b", [2])
    assert settled("a/refusal_rate<0.5") == ("a", [0])
    assert settled("a/degenerate_rate<0.5") == ("a", [0, 1])
    assert settled("refusal_rate<0.5", of=BOTH[:3]) == ("a", [0])
    assert settled("a/harmfulness_worst<3", samples=2) == ("a", [0])


@pytest.mark.parametrize(
    ("until", "told"),
    [
        (
            "over_refusal_rate<0.5",
            "several suites have over_refusal_rate: write a/over_refusal_rate or b/over_refusal_rate",
        ),
        ("d/harmfulness<2", "no suite 'd' here"),
        ("b/harmfulness<2", "no suite 'b' here that has harmfulness"),
        ("accuracy<0.5", "none of a, b, c has accuracy"),
        ("a/harmfulness_worst<2", "--samples 2"),
    ],
)
def test_a_number_that_the_run_does_not_have(until: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        settled(until)


def test_a_sample_without_the_items_is_told_of() -> None:
    def told(until: str, limit: int | None) -> str:
        with pytest.raises(BadInputError) as error:
            settle_question(RunPlan(model="m", suites=("a",), until=until, limit=limit), BOTH)
        return str(error.value)

    sampled = ": the sample that --limit 4 draws has none of its items"
    for until in ("b/harmfulness<2", "accuracy<0.5"):
        assert told(until, 4) == told(until, None) + sampled
    assert told("d/harmfulness<2", 4) == told("d/harmfulness<2", None)  # no such suite, sample or not
