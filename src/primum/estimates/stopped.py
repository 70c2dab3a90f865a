"""What `--until` does to the other numbers of a run that it stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import duckdb

from primum.marks import column
from primum.marks.asked import leave_out, unasked_items
from primum.marks.part import Part
from primum.measures import MEASURES
from primum.records import Estimate, Sequence

KINDS_OF = {measure.name: measure.kinds for measure in MEASURES}


def leave_out_spared(tables: duckdb.DuckDBPyConnection, sequence: Sequence | None) -> dict[str, int]:
    """Take the items that were not asked out of the tables: nothing is expected of them. How many answers of each kind
    that spares."""
    if sequence is None or not sequence.stopped:
        return {}
    spared = unasked_items(tables, Part(KINDS_OF[sequence.name], sequence.suite))
    leave_out(tables, [name for name, _ in spared])
    samples = int(column(tables, "select getvariable('samples')")[0])
    return {kind: n * samples for kind, n in Counter(kind for _, kind in spared).items()}


def labelled(estimates: Iterable[Estimate], sequence: Sequence | None) -> Iterator[Estimate]:
    """The estimates, those made of the same items as the question marked "stopped early": their intervals are for a number
    of items fixed beforehand, and the marks themselves decided when to stop."""
    for estimate in estimates:
        touched = (
            sequence is not None
            and sequence.stopped
            and estimate.suite == sequence.suite
            and bool(set(KINDS_OF[estimate.name]) & set(KINDS_OF[sequence.name]))
        )
        method = ", ".join(part for part in (estimate.method, "stopped early") if part)
        yield estimate.model_copy(update={"method": method}) if touched else estimate
