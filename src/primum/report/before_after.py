"""Two runs in a tile: what leads before and after, and the paired difference between them."""

from __future__ import annotations

from collections.abc import Sequence

from primum.records import Comparison, Difference
from primum.report.differences import Changed, changed
from primum.report.exams import KEY
from primum.report.readings import Tile

TURNED = {"not_refused": "refusal_rate"}  # a number that leads in the place of its complement


def with_change(tile: Tile, comparison: Comparison | None, exams: Sequence[Difference]) -> Tile:
    """A tile of two runs whose leading readings are one number, with its paired difference where there is one; `exams` are
    those of exams, the one over all first."""
    if len(tile.leads) != 2 or not all(lead.value for lead in tile.leads):
        return tile
    first, second = tile.leads
    if (first.suite, first.judge, first.name) != (second.suite, second.judge, second.name):
        return tile
    found: Sequence[Difference] = exams[:1] if first.judge == KEY else comparison.differences if comparison else ()
    measure = TURNED.get(first.name, first.name)
    for d in found:
        if (d.suite, d.judge, d.name) == (first.suite, first.judge, measure) and not d.group and not d.n_labels:
            return tile._replace(change=_turned(d) if first.name in TURNED else changed(d))
    return tile


def _turned(d: Difference) -> Changed:
    """The difference of a rate's complement; what is better stays so."""
    value, low, high = (None if number is None else -number for number in (d.value, d.high, d.low))
    return changed(d.model_copy(update={"value": value, "low": low, "high": high}))._replace(verdict=changed(d).verdict)
