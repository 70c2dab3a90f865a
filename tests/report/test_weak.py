"""Where it is weak: order, direction, several series, groups without a number, and bounds on what is drawn."""

from __future__ import annotations

from pathlib import Path

from primum.marks import GROUPS
from primum.records import Estimate, Run, RunPlan, Summary
from primum.report import weak
from primum.report.plots import MOST_SERIES
from primum.report.readings import OneRun
from primum.report.weak import make_blocks

JUDGE = "j"


def estimate(name: str, value: float | None, group: str = "", label: str = "", n: int = 10) -> Estimate:
    limits = {} if value is None else {"low": max(0.0, value - 0.1), "high": value + 0.1}
    grouped = {group: label} if group else {}
    return Estimate(suite="s", judge=JUDGE, name=name, value=value, n=n, group=grouped, **limits)  # type: ignore[arg-type]


def one_run(letter: str, *estimates: Estimate, judge: str = JUDGE) -> OneRun:
    renamed = tuple(e.model_copy(update={"judge": judge}) for e in estimates)
    run = Run(id=letter, plan=RunPlan(model="m", suites=("s",)))
    return OneRun(letter, Path(letter or "r"), run, Summary(ok=1, failed={}, scored=1, unscored={}, estimates=renamed))


def labels(rows: tuple[weak.Row, ...]) -> list[str]:
    return [row.label[0] for row in rows]


def principles(name: str, *values: float | None) -> list[Estimate]:
    of_all = [estimate(name, 0.5)]
    return of_all + [estimate(name, value, "principle", str(i)) for i, value in enumerate(values, 1)]


def test_the_weakest_comes_first_whichever_way_is_worse() -> None:
    (more,) = make_blocks([one_run("", *principles("over_refusal_rate", 0.2, 0.8, 0.4))])
    assert labels(more.charts[0].drawn) == ["all", "2 honesty", "3 law", "1 competent care"]
    assert more.charts[0].weakest[0] == "weakest: 2 honesty, 80% [70, 90]"
    assert more.direction[0] == "further right is worse"
    (less,) = make_blocks([one_run("", *principles("accuracy", 0.2, 0.8, 0.4))])
    assert labels(less.charts[0].drawn) == ["all", "1 competent care", "3 law", "2 honesty"]
    assert less.direction[0] == "further right is better"


def test_groups_without_a_number_are_counted_not_drawn() -> None:
    (block,) = make_blocks([one_run("", *principles("accuracy", 0.2, None, 0.4))])
    assert block.charts[0].undrawn == 1
    assert len(block.charts[0].listed) == 3


def test_an_estimate_without_an_interval_is_not_drawn() -> None:
    bare = estimate("accuracy", 0.3, "principle", "4").model_copy(update={"low": None, "high": None})
    (block,) = make_blocks([one_run("", *principles("accuracy", 0.2), bare)])
    assert labels(block.charts[0].drawn) == ["all", "1 competent care"]


def test_a_measure_without_a_number_has_no_block() -> None:
    assert make_blocks([one_run("", estimate("accuracy", None), estimate("accuracy", None, "principle", "1"))]) == []


def test_runs_and_judges_are_series_and_the_first_decides_the_order() -> None:
    one = one_run("A", *principles("accuracy", 0.2, 0.8))
    two = one_run("B", *principles("accuracy", 0.9, 0.1), judge="k")
    (block,) = make_blocks([one, two])
    assert [(series.letter, series.judge) for series in block.series] == [("A", "j"), ("B", "k")]
    assert labels(block.charts[0].drawn) == ["all", "1 competent care", "2 honesty"]
    assert block.charts[0].drawn[1].values == ["20%", "90%"]
    assert block.charts[0].wide.count("<path") == 6


def test_a_group_that_one_run_lacks_still_stands() -> None:
    one = one_run("A", *principles("accuracy", 0.2))
    two = one_run("B", *principles("accuracy", 0.9, 0.1))
    (block,) = make_blocks([one, two])
    assert [row.values for row in block.charts[0].listed] == [["50%", "50%"], ["–", "10%"], ["20%", "90%"]]


def test_counts_are_one_number_or_a_range() -> None:
    row = weak.Row(("x", "x"), (estimate("accuracy", 0.5, n=10), estimate("accuracy", 0.5, n=10)))
    assert row.counts == "10"
    assert row._replace(cells=(*row.cells, estimate("accuracy", 0.5, n=1200))).counts == "10–1,200"
    assert row._replace(cells=(None, None)).counts == "0"


def test_more_groups_and_series_than_fit_are_bounded_and_told() -> None:
    many = [estimate("accuracy", 0.5)] + [estimate("accuracy", i / 1000, "source", f"s{i}") for i in range(400)]
    runs = [one_run(letter, *many) for letter in "ABCDEFGH"]
    (block,) = make_blocks(runs)
    chart = block.charts[0]
    assert (len(chart.drawn), chart.left_out, len(chart.listed)) == (31, 370, 301)
    assert chart.wide.count("<path") == 31 * MOST_SERIES
    assert len(block.series) == 8


def test_every_grouping_of_the_estimates_can_be_charted() -> None:
    assert set(weak.ORDER) == set(GROUPS)
