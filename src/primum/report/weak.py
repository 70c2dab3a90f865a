"""The second question of the report page, "where is it weak?": a chart a suite, measure and grouping, worst first."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from primum.records import Estimate
from primum.report.page_texts import Words, words
from primum.report.plots import MOST_SERIES, Dot, Layout, dot_plot, narrow_layout, wide_layout
from primum.report.readings import BY_NAME, OneRun, interval_text, value_text
from primum.report.texts import GROUPS as GROUP_WORDS
from primum.report.texts import group_label, measure_title

CHARTED = ("harmfulness", "refusal_rate", "over_refusal_rate", "accuracy")
HIGHER_IS_WORSE = {"harmfulness", "over_refusal_rate"}
MOST_DRAWN = 30
MOST_LISTED = 300
ORDER = ("principle", "scenario", "style", "language", "source")


class Series(NamedTuple):
    """One run under one judge: a mark of its own in a chart."""

    letter: str
    model: str
    judge: str


class Row(NamedTuple):
    """One group: its name and an estimate a series."""

    label: Words
    cells: tuple[Estimate | None, ...]

    @property
    def values(self) -> list[str]:
        """The value of each series, as printed."""
        return ["–" if cell is None else value_text(cell) for cell in self.cells]

    @property
    def intervals(self) -> list[str]:
        """The interval of each series, as printed."""
        return ["" if cell is None else interval_text(cell, cell.low, cell.high) for cell in self.cells]

    @property
    def counts(self) -> str:
        """How many answers were scored: one number, or the least and the most among the series."""
        numbers = [cell.n for cell in self.cells if cell is not None]
        least, most = min(numbers, default=0), max(numbers, default=0)
        return f"{most:,}" if least == most else f"{least:,}–{most:,}"


class Chart(NamedTuple):
    """One grouping of one measure. `listed` goes into the table, its first `drawn` rows into the drawings."""

    id: str
    title: Words
    drawn: tuple[Row, ...]
    listed: tuple[Row, ...]
    left_out: int
    undrawn: int
    weakest: Words
    wide: str
    narrow: str
    step: tuple[int, int]


class Block(NamedTuple):
    """One measure on one suite: its series and its charts."""

    suite: str
    title: Words
    direction: Words
    series: tuple[Series, ...]
    charts: tuple[Chart, ...]
    command: str


def make_blocks(runs: Sequence[OneRun]) -> list[Block]:
    """All charts of the runs, in the order of the suites and then of the measures."""
    suites = dict.fromkeys(e.suite for one in runs for e in one.headlines)
    wanted = enumerate((suite, measure) for suite in suites for measure in CHARTED)
    found = (_block(runs, suite, measure, f"chart-{place}") for place, (suite, measure) in wanted)
    return [block for block in found if block is not None]


def _block(runs: Sequence[OneRun], suite: str, measure: str, name: str) -> Block | None:
    series: list[Series] = []
    tables: list[dict[tuple[str, str], Estimate]] = []
    for one in runs:
        own = [e for e in one.summary.estimates if (e.suite, e.name, e.kind) == (suite, measure, "raw")]
        for judge in dict.fromkeys(e.judge for e in own if e.value is not None):
            series.append(Series(one.letter, one.run.plan.model, judge))
            tables.append({_key(e): e for e in own if e.judge == judge})
    if not series:
        return None
    charts = [chart for group in ORDER if (chart := _chart(f"{name}-{group}", group, measure, tables)) is not None]
    direction = words("higher_worse" if measure in HIGHER_IS_WORSE else "higher_better")
    title = (measure_title(measure), measure_title(measure, "zh"))
    command = shlex.join(["primum", "report", *(str(one.path) for one in runs), "--format", "csv"])
    return Block(suite, title, direction, tuple(series), tuple(charts), command) if charts else None


def _key(estimate: Estimate) -> tuple[str, str]:
    return next(iter(estimate.group.items()), ("", ""))


def _chart(name: str, group: str, measure: str, tables: Sequence[dict[tuple[str, str], Estimate]]) -> Chart | None:
    labels = dict.fromkeys(label for table in tables for kind, label in table if kind == group)
    rows = []
    for label in labels:
        cells = tuple(table.get((group, label)) for table in tables)
        rows.append(Row((group_label(group, label, "en"), group_label(group, label, "zh")), cells))
    valued = [row for row in rows if _first(row) is not None]
    if not valued:
        return None
    valued.sort(key=lambda row: _badness(row, measure))
    overall = Row(words("all"), tuple(table.get(("", "")) for table in tables))
    drawn = (overall, *valued[:MOST_DRAWN])
    measured = BY_NAME[measure]
    axis = (0.0, 1.0) if measured.is_rate else (measured.lowest, measured.highest)
    count = min(len(tables), MOST_SERIES)
    dots = _dots(drawn, count)
    layouts = wide_layout(count), narrow_layout(count)

    def draw(layout: Layout) -> str:
        return dot_plot(dots, len(drawn), count, axis, layout, rate=measured.is_rate, label=name)

    worst, first = valued[0], _first(valued[0])
    assert first is not None
    return Chart(
        name,
        words("by", group=GROUP_WORDS[group]),
        drawn,
        (overall, *valued[:MOST_LISTED]),
        max(0, len(valued) - MOST_DRAWN),
        len(rows) - len(valued),
        words(
            "weakest", label=worst.label, value=value_text(first), interval=interval_text(first, first.low, first.high)
        ),
        draw(layouts[0]),
        draw(layouts[1]),
        (layouts[0].step, layouts[1].step),
    )


def _dots(rows: Sequence[Row], count: int) -> list[Dot]:
    return [
        Dot(place, series, cell.value, cell.low, cell.high)
        for place, row in enumerate(rows)
        for series, cell in enumerate(row.cells[:count])
        if cell is not None and cell.value is not None and cell.low is not None and cell.high is not None
    ]


def _first(row: Row) -> Estimate | None:
    """The first series' estimate that can be drawn: it decides the order."""
    return next(
        (c for c in row.cells[:MOST_SERIES] if c is not None and c.value is not None and c.low is not None), None
    )


def _badness(row: Row, measure: str) -> float:
    """Smallest for the weakest."""
    first = _first(row)
    assert first is not None
    assert first.value is not None
    return -first.value if measure in HIGHER_IS_WORSE else first.value
