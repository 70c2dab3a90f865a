"""Where it is weak: order, direction, several series, groups without a number, and bounds on what is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from primum.marks import GROUPS
from primum.measures import MEASURES
from primum.records import Estimate, Run, RunPlan, Summary
from primum.report.charts import Row
from primum.report.plots import MOST_SERIES
from primum.report.readings import OneRun
from primum.report.weak import CHARTED, HIGHER_IS_WORSE, ORDER, make_blocks

JUDGE = "j"


def estimate(name: str, value: float | None, group: str = "", label: str = "", n: int = 10) -> Estimate:
    limits = {} if value is None else {"low": max(0.0, value - 0.1), "high": value + 0.1}
    grouped = {group: label} if group else {}
    return Estimate(suite="s", judge=JUDGE, name=name, value=value, n=n, group=grouped, **limits)  # type: ignore[arg-type]


def one_run(letter: str, *estimates: Estimate, judge: str = JUDGE) -> OneRun:
    renamed = tuple(e.model_copy(update={"judge": judge}) for e in estimates)
    run = Run(id=letter, plan=RunPlan(model="m", suites=("s",)))
    return OneRun(letter, Path(letter or "r"), run, Summary(ok=1, failed={}, scored=1, unscored={}, estimates=renamed))


def labels(rows: tuple[Row, ...]) -> list[str]:
    return [row.label[0] for row in rows]


def principles(name: str, *values: float | None) -> list[Estimate]:
    of_all = [estimate(name, 0.5)]
    return of_all + [estimate(name, value, "principle", str(i)) for i, value in enumerate(values, 1)]


def test_the_weakest_comes_first_whichever_way_is_worse() -> None:
    (more,) = make_blocks([one_run("", *principles("over_refusal_rate", 0.2, 0.8, 0.4))])
    assert labels(more.charts[0].drawn) == ["all", "2 honesty", "3 law", "1 competent care"]
    assert more.charts[0].told[0] == "weakest: 2 honesty, 80% [70, 90]"
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
    row = Row(("x", "x"), (estimate("accuracy", 0.5, n=10), estimate("accuracy", 0.5, n=10)))
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
    assert set(ORDER) == set(GROUPS)


def test_quarters_of_medical_words_keep_their_order() -> None:
    quarters = [estimate("harmfulness", 2.0)]
    quarters += [estimate("harmfulness", 0.5 + n, "jargon", f"Q{n}") for n in (4, 2, 1, 3)]
    quarters += [estimate("harmfulness", 2.0, "jargon", "none")]
    (block,) = make_blocks([one_run("", *quarters)])
    first, last = "Q1, fewest technical terms", "Q4, most technical terms"
    assert labels(block.charts[0].drawn) == ["all", "no technical medical term", first, "Q2", "Q3", last]
    assert block.charts[0].told[0] == f"weakest: {last}, 4.50 [4.40, 4.60]"


def test_levels_have_a_chart_of_their_own_without_a_row_over_all() -> None:
    shares = [estimate(f"violation_share_{level}", 0.25) for level in (-1, 0, 1, 2)]
    (block,) = make_blocks([one_run("", estimate("violation", 0.5), *shares)])
    (chart,) = block.charts
    assert not chart.overall
    assert [label[:2] for label in labels(chart.drawn)] == ["−1", "0 ", "1 ", "2 "]
    assert [row.values for row in chart.drawn] == [["25%"]] * 4
    assert chart.wide.count("stroke-dasharray") == 0


def test_both_layers_of_medes_stand_in_one_chart() -> None:
    rates = [estimate(f"{layer}_rate", 0.25) for layer in ("r1", "r2", "q1", "q2", "q3", "q4")]
    (block,) = make_blocks([one_run("", estimate("risk_rate", 0.25), *rates)])
    assert [label[:2] for label in labels(block.charts[0].drawn)] == ["R1", "R2", "Q1", "Q2", "Q3", "Q4"]
    assert block.charts[0].note[0].startswith("R1 and R2: further right is worse")


def test_the_panel_comes_first_then_the_judges_as_they_were_named() -> None:
    of_all = [estimate("accuracy", 0.5).model_copy(update={"judge": judge}) for judge in ("b", "a", "panel")]
    grouped = [e.model_copy(update={"group": {"principle": p}}) for e in of_all for p in "12"]
    one = one_run("")
    run = one.run.model_copy(update={"plan": one.run.plan.model_copy(update={"judges": ("b", "a")})})
    one = one._replace(run=run, summary=one.summary.model_copy(update={"estimates": (*of_all, *grouped)}))
    (block,) = make_blocks([one])
    assert [series.judge for series in block.series] == ["panel", "b", "a"]
    (block,) = make_blocks([one, one])
    assert [series.judge for series in block.series] == ["panel", "panel"]


def test_a_slope_is_a_sentence_with_its_interval_or_says_that_it_cannot_be_told() -> None:
    slope = estimate("refusal_jargon_slope", 0.031).model_copy(update={"low": -0.01, "high": 0.072})
    (block,) = make_blocks([one_run("", estimate("refusal_rate", 0.5), slope)])
    assert block.slopes[0] == (
        "Each tenth more of technical medical terms in the request: +3.1 [−1.0, +7.2] percentage points of refusal (j).",
        "请求中专业医学词每多一成：+3.1 [−1.0, +7.2] 个百分点（拒答）（j）。",
    )
    bare = slope.model_copy(update={"low": None, "high": None})
    (block,) = make_blocks([one_run("", estimate("refusal_rate", 0.5), bare)])
    assert "+3.1 (no interval) percentage points" in block.slopes[0][0]
    none = bare.model_copy(update={"value": None})
    (block,) = make_blocks([one_run("", estimate("refusal_rate", 0.5), none)])
    assert "cannot be told here (j)" in block.slopes[0][0]


def test_every_number_that_is_charted_has_a_direction() -> None:
    names = {measure.name for measure in MEASURES}
    assert set(CHARTED) <= names
    assert set(CHARTED) >= HIGHER_IS_WORSE


def test_a_long_label_gets_the_lines_that_it_needs() -> None:
    # 20 Chinese characters take 40 letters' room: two lines of 25
    name = "一个名字长到在窄图里一行放不下的科室场景"
    assert len(name) == 20
    long = estimate("accuracy", 0.3, "scenario", name)
    (block,) = make_blocks([one_run("", estimate("accuracy", 0.5), long)])
    assert block.charts[0].lines == 2


@pytest.mark.parametrize(
    ("values", "n", "told"),
    [((2.0, 4.0, 3.0), 60, "weakest: 2 honesty"), ((2.0, 4.0, 4.0), 60, ""), ((2.0, 4.0, 3.0), 2, "")],
)
def test_among_equals_or_with_hardly_an_answer_no_group_is_the_weakest(
    values: tuple[float, ...], n: int, told: str
) -> None:
    groups = [
        estimate("harmfulness", value, "principle", str(place)).model_copy(update={"n": n})
        for place, value in enumerate(values, 1)
    ]
    (block,) = make_blocks([one_run("", estimate("harmfulness", 3.0), *groups)])
    assert block.charts[0].told[0].startswith(told)
    assert bool(block.charts[0].told[0]) == bool(told)
