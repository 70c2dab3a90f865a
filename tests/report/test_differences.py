"""Differences between two runs: as lines of the page, and as a table."""

from __future__ import annotations

import pytest

from primum.measures import MEASURES
from primum.records import Comparison, Difference
from primum.report.differences import LESS_IS_BETTER, changed_rows, compare_table
from primum.report.texts import MEASURES as TITLES


def difference(name: str, value: float | None, p: float | None = 0.01, **more: object) -> Difference:
    limits = {} if value is None else {"low": value - 0.1, "high": value + 0.1}
    known = {"suite": "s", "judge": "j", "name": name, "value": value, "adjusted_p": p, "n": 10, "unpaired": 2}
    return Difference.model_validate(known | limits | more)


def compared(*differences: Difference) -> Comparison:
    return Comparison(base="m/a", candidate="m/b", pairs=10, adjust="holm", differences=differences, notes=("a note",))


@pytest.mark.parametrize(
    ("name", "value", "p", "verdict"),
    [
        ("harmfulness", -0.5, 0.01, "better"),
        ("harmfulness", 0.5, 0.01, "worse"),
        ("harmfulness", 0.5, 0.05, "not_shown"),
        ("harmfulness", 0.5, None, "not_shown"),
        ("accuracy", 0.2, 0.01, "better"),
        ("refusal_rate", -0.2, 0.01, "worse"),
        ("violation", 0.2, 0.01, "better"),
        ("risk_rate", 0.2, 0.01, "worse"),
        ("risk_rate", None, None, "no_pairs"),
    ],
)
def test_a_direction_is_named_where_it_was_shown(name: str, value: float | None, p: float | None, verdict: str) -> None:
    ((row,), _) = changed_rows(compared(difference(name, value, p)))
    assert row.verdict == verdict


def test_a_line_as_printed() -> None:
    ((row,), _) = changed_rows(compared(difference("risk_rate", -0.25, 0.0304)))
    assert (row.value, row.interval, row.p, row.n, row.unpaired) == ("−25.0", "[−35.0, −15.0]", "0.030", 10, 2)
    assert changed_rows(compared(difference("risk_rate", -0.25, 0.0001))).main[0].p == "< 0.001"


def test_only_headlines_that_are_no_minor_numbers_stand_in_the_page() -> None:
    grouped = difference("accuracy", 0.1, group={"principle": "1"})
    assert changed_rows(compared(grouped, difference("q1_rate", 0.1))) == ((), ())


def test_the_table_tells_each_difference_and_what_has_no_pairs() -> None:
    gone = difference("violation", None, None, n=0)
    lines = compare_table(compared(difference("must_have_recall", 0.1), difference("dilemma", 0.5), gone)).splitlines()
    assert lines[0] == "m/a -> m/b · 10 pairs · holm-adjusted"
    assert lines[2] == "s"  # the suite, then its differences
    assert "+10.0 [+0.0, +20.0] points" in lines[3]
    assert "+0.50 [+0.40, +0.60]  " in lines[4]
    assert "no pairs" in lines[5]
    assert lines[-1] == "a note"


def test_no_p_is_printed_as_nothing() -> None:
    pairs = ((0.00004, 0.0001), (0.0304, 0.00009))
    rows = [difference("dilemma", 0.5, adjusted).model_copy(update={"p": p}) for p, adjusted in pairs]
    printed = [line.split() for line in compare_table(compared(*rows)).splitlines()[3:5]]
    assert [[cell for cell in line if "0.0" in cell] for line in printed] == [
        ["<0.0001", "0.0001"],
        ["0.0304", "<0.0001"],
    ]


def test_directions_name_real_numbers() -> None:
    assert {measure.name for measure in MEASURES} >= LESS_IS_BETTER
    assert set(TITLES) >= LESS_IS_BETTER


def test_where_there_is_a_panel_its_judges_stand_apart() -> None:
    judged = [difference("violation", 0.5, judge=judge) for judge in ("j/a", "panel")]
    main, more = changed_rows(compared(*judged, difference("accuracy", 0.1, judge="auto")))
    assert [row.judge for row in main] == ["panel", "auto"]
    assert [row.judge for row in more] == ["j/a"]


def test_below_a_panel_its_judges_have_no_breakdown() -> None:
    judged = [
        difference("violation", 0.5, judge=judge, group=group)
        for judge in ("j/a", "panel")
        for group in ({}, {"principle": "4"})
    ]
    rows = [line.split() for line in compare_table(compared(*judged)).splitlines()[3:-1]]
    assert [(row[4], row[-1]) for row in rows] == [("all", "j/a"), ("all", "panel"), ("4", "panel")]
