"""The second question of the report page, "where is it weak?": a chart a suite, measure and grouping, worst first."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from primum.marks import PANEL
from primum.measures import MEASURES
from primum.records import Estimate
from primum.report.charts import Chart, Row, Series, first_drawn, make_chart
from primum.report.figures import FEWEST, interval_text, value_text
from primum.report.levels import level_chart
from primum.report.page_texts import words
from primum.report.readings import OneRun, judges_in_order
from primum.report.slopes import SLOPE_OF, slope_words
from primum.report.texts import GROUPS as GROUP_WORDS
from primum.report.texts import JARGON, Words, group_label, measure_words

CHARTED = (
    *("harmfulness", "refusal_rate", "over_refusal_rate", "must_have_recall", "accuracy"),
    *("risk_rate", "comprehensive", "quality", "violation", "dilemma"),
)
HIGHER_IS_WORSE = {"harmfulness", "over_refusal_rate", "risk_rate"}
ORDER = ("principle", "scenario", "style", "language", "source", "jargon")  # the first is unfolded
STYLE_FIRST = {"violation"}  # how a breach is dressed decides whether it is noticed
IN_ORDER = {"jargon": tuple(JARGON)}  # groups that have an order of their own, which says more than worst first
AXES = {m.name: (0.0, 1.0) if m.is_rate else (float(m.lowest), float(m.highest)) for m in MEASURES}


class Block(NamedTuple):
    """One measure on one suite: its series, its charts, and sentences on what medical words do to it."""

    suite: str
    title: Words
    direction: Words
    series: tuple[Series, ...]
    charts: tuple[Chart, ...]
    slopes: tuple[Words, ...]
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
    overall: list[dict[str, Estimate]] = []
    for one in runs:
        of_suite = [e for e in one.summary.estimates if (e.suite, e.kind) == (suite, "raw")]
        own = [e for e in of_suite if e.name == measure]
        judges = judges_in_order(one, (e.judge for e in own if e.value is not None))
        if len(runs) > 1 and PANEL in judges:
            judges = [PANEL]  # side by side the runs are told apart, not a panel's judges
        for judge in judges:
            series.append(Series(one.letter, one.run.plan.model, judge))
            tables.append({_key(e): e for e in own if e.judge == judge})
            overall.append({e.name: e for e in of_suite if e.judge == judge and not e.group})
    if not series:
        return None
    charts = [_chart(f"{name}-{group}", group, measure, tables) for group in _order(measure)]
    charts.append(level_chart(f"{name}-levels", measure, overall))
    slopes = [
        slope_words(slope, f"{of.letter} {of.judge}".strip())
        for of, table in zip(series, overall, strict=True)
        if (slope := table.get(SLOPE_OF.get(measure, ""))) is not None
    ]
    drawn = tuple(chart for chart in charts if chart is not None)
    direction = words("higher_worse" if measure in HIGHER_IS_WORSE else "higher_better")
    command = shlex.join(["primum", "report", *(str(one.path) for one in runs), "--format", "csv"])
    block = Block(suite, measure_words(measure), direction, tuple(series), drawn, tuple(slopes), command)
    return block if drawn or slopes else None


def _key(estimate: Estimate) -> tuple[str, str]:
    return next(iter(estimate.group.items()), ("", ""))


def _order(measure: str) -> list[str]:
    return sorted(ORDER, key=lambda group: group != "style") if measure in STYLE_FIRST else list(ORDER)


def _chart(name: str, group: str, measure: str, tables: Sequence[dict[tuple[str, str], Estimate]]) -> Chart | None:
    labels = dict.fromkeys(label for table in tables for kind, label in table if kind == group)
    rows = []
    own = IN_ORDER.get(group, ())
    for label in sorted(labels, key=own.index) if own else labels:
        cells = tuple(table.get((group, label)) for table in tables)
        rows.append(Row((group_label(group, label, "en"), group_label(group, label, "zh")), cells))
    valued = [row for row in rows if first_drawn(row) is not None]
    if not valued:
        return None
    if group not in IN_ORDER:
        valued.sort(key=lambda row: _badness(row, measure))
    return make_chart(
        name,
        words("by", group=GROUP_WORDS[group]),
        valued,
        AXES[measure],
        told=_weakest(valued, measure),
        overall=Row(words("all"), tuple(table.get(("", "")) for table in tables)),
        undrawn=len(rows) - len(valued),
    )


def _weakest(rows: Sequence[Row], measure: str) -> Words:
    """The weakest group and its number; nothing where none is alone the weakest, or it has too few answers to say so."""
    counted = [row for row in rows if (first := first_drawn(row)) is not None and first.n >= FEWEST]
    ranked = sorted(counted, key=lambda row: _badness(row, measure))
    if len(ranked) < 2 or _badness(ranked[0], measure) == _badness(ranked[1], measure):
        return ("", "")
    first = first_drawn(ranked[0])
    assert first is not None
    interval = interval_text(first, first.low, first.high)
    return words("weakest", label=ranked[0].label, value=value_text(first), interval=interval)


def _badness(row: Row, measure: str) -> float:
    """Smallest for the weakest."""
    first = first_drawn(row)
    assert first is not None
    assert first.value is not None
    return -first.value if measure in HIGHER_IS_WORSE else first.value
