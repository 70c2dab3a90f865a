"""A chart of the report page: rows of estimates, one mark a series, drawn wide and narrow and listed as a table."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from primum.records import Estimate
from primum.report.figures import PER_CENT, interval_text, value_text
from primum.report.plots import MOST_SERIES, Dot, Layout, dot_plot, narrow_layout, wide_layout
from primum.report.texts import Words

MOST_DRAWN = 30
MOST_LISTED = 300
LINE = 25  # letters of a label that fit on a line beside its mark; a Chinese character takes two
MOST_LINES = 3


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
    """One grouping of one measure. `listed` goes into the table, its first `drawn` rows into the drawings. `note` says
    what the rows cannot; `lines` is how many a label may take, and
    `lead` the pixels for them above a narrow drawing's row; `overall` is True where the first row is all items."""

    id: str
    title: Words
    drawn: tuple[Row, ...]
    listed: tuple[Row, ...]
    left_out: int
    undrawn: int
    told: Words
    note: Words
    overall: bool
    lines: int
    lead: int
    wide: str
    narrow: str
    step: tuple[int, int]


def make_chart(
    name: str,
    title: Words,
    rows: Sequence[Row],
    axis: tuple[float, float],
    *,
    told: Words,
    overall: Row | None = None,
    note: Words = ("", ""),
    undrawn: int = 0,
) -> Chart:
    """A chart of rows in this order, below the row over all items if there is one. `told` stands beside its folded title.

    Raises:
        ValueError: a row's first series that can be drawn is missing or lies outside the axis.
    """
    head = () if overall is None else (overall,)
    drawn = (*head, *rows[:MOST_DRAWN])
    count = min(len(drawn[0].cells), MOST_SERIES)
    lines = max(label_lines(row.label) for row in drawn)
    layouts = wide_layout(count, lines), narrow_layout(count, lines)
    dots = _dots(drawn, count)
    rate = any(cell is not None and cell.name in PER_CENT for row in drawn for cell in row.cells)

    def draw(layout: Layout) -> str:
        return dot_plot(dots, len(drawn), count, axis, layout, rate=rate, label=name, line=overall is not None)

    return Chart(
        name,
        title,
        drawn,
        (*head, *rows[:MOST_LISTED]),
        max(0, len(rows) - MOST_DRAWN),
        undrawn,
        told,
        note,
        overall is not None,
        lines,
        layouts[1].lead,
        draw(layouts[0]),
        draw(layouts[1]),
        (layouts[0].step, layouts[1].step),
    )


def first_drawn(row: Row) -> Estimate | None:
    """The first series' estimate that can be drawn: it decides the order."""
    return next(
        (c for c in row.cells[:MOST_SERIES] if c is not None and c.value is not None and c.low is not None), None
    )


def label_lines(label: Words) -> int:
    """How many lines a label needs beside its mark, in the language in which it is longer.

    >>> label_lines(("law", "守法")), label_lines(("x", "一个名字特别长以至于一行放不下的场景"))
    (1, 2)
    """
    widths = [sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text) for text in label]
    return min(MOST_LINES, max(1, -(-max(widths) // LINE)))


def _dots(rows: Sequence[Row], count: int) -> list[Dot]:
    return [
        Dot(place, series, cell.value, cell.low, cell.high)
        for place, row in enumerate(rows)
        for series, cell in enumerate(row.cells[:count])
        if cell is not None and cell.value is not None and cell.low is not None and cell.high is not None
    ]
