"""The marks behind a number, as arrays; and how many there should be."""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt

from primum.marks import GROUPS, column, labels
from primum.marks.part import Part, headline_part
from primum.measures import NOBODY, Measure
from primum.records import Criterion, Kind, UnscoredReason

PLACES = 12  # decimals of a mark: what lies beyond is rounding, and equal marks must be equal

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Scores(NamedTuple):
    """The marks of one suite, judge and measure. Arrays have one entry a scored response.

    `headline` says which of them enter the number over all: those of items that do not stand aside, or, where all do,
    every one. `expected` counts for each group's labels how many the plan wants.
    """

    values: Floats
    clusters: Codes
    strata: Codes
    jargon: Floats
    headline: Mask
    groups: dict[str, Codes]
    labels: dict[str, list[str]]
    expected: dict[str, dict[str, int]]
    n_expected: int
    reasons: dict[str, int]


def read_scores(
    tables: duckdb.DuckDBPyConnection, suite: str, judge: str, measure: Measure, kinds: tuple[Kind, ...]
) -> Scores:
    """The marks behind one measure, as arrays.

    The worst of an item's samples is known only where all of them are scored; any other item is unscored.
    """
    every = Part(kinds, suite)
    head = headline_part(tables, every)
    value, per = ("value", "")
    if measure.worst:
        value, per = "max(value)", "group by all having count(*) = getvariable('samples')"
    listed = ", ".join(f"enum_code({name}) as {name}_code" for name in GROUPS)
    rows = tables.execute(
        f"""select {value.replace("value", measure.sql)} as value, i, cluster, aside, share, {listed}
        from marks join items using (i)
        where judge = ? and criterion = ? and {every.where} and value is not null
        {per} order by i{"" if measure.worst else ", sample"}""",  # the order makes the same sums in every run
        [judge, measure.criterion, *every.values],
    ).fetchnumpy()
    groups = {name: np.asarray(rows[f"{name}_code"], dtype=np.int64) for name in GROUPS}
    return Scores(
        np.asarray(rows["value"], dtype=np.float64).round(PLACES),
        np.asarray(rows["cluster"], dtype=np.int64),
        groups["principle"],
        np.ma.filled(np.ma.asarray(rows["share"], dtype=np.float64), np.nan),
        ~np.asarray(rows["aside"], dtype=np.bool_) if head.headline else np.ones(len(rows["value"]), dtype=np.bool_),
        groups,
        {name: labels(tables, name) for name in GROUPS},
        {name: _expected_by(tables, name, every if name == "source" else head, measure, judge) for name in GROUPS},
        sum(_expected_by(tables, "suite", head, measure, judge).values()),
        {} if measure.worst else tally(tables, judge, measure.criterion, head, measure.unless)[1],
    )


def judges_of(tables: duckdb.DuckDBPyConnection, criterion: Criterion, part: Part) -> list[str]:
    """The judges that have marked a criterion, or tried to."""
    return column(
        tables,
        f"select distinct judge from marks join items using (i) where criterion = ? and {part.where} order by 1",
        criterion,
        *part.values,
    )


def tally(
    tables: duckdb.DuckDBPyConnection, judge: str, criterion: Criterion, part: Part, unless: Criterion | None = None
) -> tuple[int, dict[str, int]]:
    """How many answers a judge has marked, and why it has not marked the others: together all that the plan wants, but
    for those that it marked 1 on the criterion `unless`.

    An answer that the provider withheld did not fail: it is a refusal, and is marked as one.
    """
    where, values = part.where, part.values
    counted = f"""select count(*) * getvariable('samples'),
        (select count(*) from responses join items using (i) where {where}),
        (select count(*) from responses join items using (i) where {where} and failure <> 'filtered')
        from items where {where}"""
    expected, asked, failed = (int(n) for n in tables.execute(counted, values * 3).fetchall()[0])
    rows = tables.execute(
        f"""select unscored, count(*) from marks join items using (i)
        where judge = ? and criterion = ? and {where} group by unscored""",
        [judge, criterion, *values],
    ).fetchall()
    marked = sum(int(n) for reason, n in rows if reason is None)
    reasons = {str(reason): int(n) for reason, n in sorted(rows, key=str) if reason is not None}
    left = asked - failed - marked - sum(reasons.values())
    left -= sum(_left_out(tables, "suite", part, unless, judge).values()) if unless is not None else 0
    reasons[UnscoredReason.NO_JUDGE if judge == NOBODY else UnscoredReason.PENDING] = left
    reasons[UnscoredReason.NO_RESPONSE] = failed
    reasons[UnscoredReason.PENDING] = reasons.get(UnscoredReason.PENDING, 0) + expected - asked
    return marked, {str(reason): n for reason, n in reasons.items() if n}


def _expected_by(
    tables: duckdb.DuckDBPyConnection, name: str, part: Part, measure: Measure, judge: str
) -> dict[str, int]:
    """How many marks (or items) the plan wants for each label of a group; none of answers that are left out."""
    counted = "count(*)" if measure.worst else "count(*) * getvariable('samples')"
    known = " and share is not null" if measure.slope else ""
    rows = tables.execute(
        f"select {name}, {counted} from items where {part.where}{known} group by 1", part.values
    ).fetchall()
    expected = {str(label): int(n) for label, n in rows}
    if measure.unless is not None:
        for label, n in _left_out(tables, name, part, measure.unless, judge).items():
            expected[label] -= n
    return expected


def _left_out(
    tables: duckdb.DuckDBPyConnection, name: str, part: Part, unless: Criterion, judge: str
) -> dict[str, int]:
    """How many answers a judge marked 1 on the criterion that leaves them out, by a group's labels."""
    rows = tables.execute(
        f"""select {name}, count(*) from marks join items using (i)
        where judge = ? and criterion = ? and value >= 1 and {part.where} group by 1""",
        [judge, unless, *part.values],
    ).fetchall()
    return {str(label): int(n) for label, n in rows}
