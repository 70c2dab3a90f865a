"""The shares of a scale's levels, and of MedES's two layers: one chart each, in the levels' own order."""

from __future__ import annotations

from collections.abc import Sequence

from primum.measures import MEASURES
from primum.records import Estimate
from primum.report.charts import Chart, Row, first_drawn, make_chart
from primum.report.figures import interval_text, value_text
from primum.report.page_texts import words
from primum.report.texts import measure_words

LEVELS = {
    "violation": tuple(m.name for m in MEASURES if m.name.startswith("violation_share_")),
    "dilemma": tuple(m.name for m in MEASURES if m.name.startswith("dilemma_share_")),
    "risk_rate": ("r1_rate", "r2_rate", "q1_rate", "q2_rate", "q3_rate", "q4_rate"),
}


def level_chart(name: str, measure: str, tables: Sequence[dict[str, Estimate]]) -> Chart | None:
    """The chart of the shares that go with a measure. `tables` holds the numbers over all items, by name, a series each."""
    rows = [Row(measure_words(part), tuple(table.get(part) for table in tables)) for part in LEVELS.get(measure, ())]
    valued = [row for row in rows if first_drawn(row) is not None]
    if not valued:
        return None
    first = first_drawn(valued[0])
    assert first is not None
    figures = f"{value_text(first)} {interval_text(first, first.low, first.high)}"
    label = valued[0].label
    return make_chart(
        name,
        words(f"levels_{measure}"),
        valued,
        (0.0, 1.0),
        told=(f"{label[0]}: {figures}", f"{label[1]}：{figures}"),
        note=words("layers_how" if measure == "risk_rate" else "levels_how"),
        undrawn=len(rows) - len(valued),
    )
