"""Estimates of a run: every number with its interval, its judge, and what the unscored could make of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt

from primum.ledger import read_run
from primum.marks import GROUPS, column, labels, open_marks
from primum.measures import MEASURES, PRIMARY, Measure
from primum.records import Criterion, Estimate, FailureKind, Kind, Summary, UnscoredReason
from primum.stats.bounds import unscored_bounds
from primum.stats.interval import Interval
from primum.stats.means import bca_interval, mean_interval
from primum.stats.moments import usable_strata
from primum.stats.rates import rate_interval

COMPLETE = 0.95  # of the items must be scored, or the headline is marked incomplete
MOST_BOOTSTRAP_CLUSTERS = 10_000

NOBODY = "none"  # the judge of a number that no judge has marked

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


class Scores(NamedTuple):
    """The marks of one suite, judge and measure. Arrays have one entry a scored response, `n_expected` counts all."""

    values: Floats
    clusters: Codes
    strata: Codes
    groups: dict[str, Codes]
    labels: dict[str, list[str]]
    expected: dict[str, dict[str, int]]
    n_expected: int
    reasons: dict[str, int]


def estimate_run(run: Path) -> Summary:
    """All estimates of a run, overall first, then by principle, source, scenario, style and language; and the counts.

    Raises:
        BadInputError: the folder holds no run, or a record does not read.
    """
    tables = open_marks(run)
    try:
        rows = tables.execute(
            "select coalesce(failure, 'ok'), count(*) from responses group by 1 order by 1"
        ).fetchall()
        counts = {str(kind): int(n) for kind, n in rows}
        scored, unscored = count_verdicts(tables)
        return Summary(
            ok=counts.get("ok", 0) + counts.get(FailureKind.FILTERED, 0),
            failed={kind: n for kind, n in counts.items() if kind not in {"ok", FailureKind.FILTERED}},
            filtered=counts.get(FailureKind.FILTERED, 0),
            scored=scored,
            unscored=unscored,
            estimates=tuple(_estimates(tables, read_run(run).plan.seed)),
        )
    finally:
        tables.close()


def count_verdicts(tables: duckdb.DuckDBPyConnection) -> tuple[int, dict[str, int]]:
    """How many answers have the mark that matters most for their kind, and why the others have none.

    That mark is harmfulness for a harmful item, refusal for a benign one, correctness for a choice; an open case has
    none yet. What no judge has marked is `no_judge`, what was not asked yet `pending`; of several judges each counts.
    """
    scored = 0
    unscored: dict[str, int] = {}
    for kind in Kind:
        criterion = PRIMARY.get(kind)
        for judge in (_judges_of(tables, criterion, (kind,), None) if criterion else []) or [NOBODY]:
            marked, reasons = _tally(tables, judge, criterion, (kind,), None)
            scored += marked
            for reason, n in reasons.items():
                unscored[reason] = unscored.get(reason, 0) + n
    return scored, unscored


def _estimates(tables: duckdb.DuckDBPyConnection, seed: int) -> Iterator[Estimate]:
    several = bool(column(tables, "select coalesce(max(sample), 0) > 0 from responses")[0])
    for suite in column(tables, "select suite from items group by suite order by min(i)"):
        present = set(column(tables, "select distinct kind from items where suite = ?", suite))
        for measure in MEASURES:
            kinds = tuple(kind for kind in measure.kinds if kind in present)
            if not kinds or (measure.worst and not several):
                continue
            judges = _judges_of(tables, measure.criterion, kinds, suite)
            for judge in judges or [NOBODY]:
                scores = read_scores(tables, suite, judge, measure, kinds)
                yield from _estimate_groups(suite, judge, measure, scores, np.random.default_rng(seed))


def read_scores(
    tables: duckdb.DuckDBPyConnection, suite: str, judge: str, measure: Measure, kinds: tuple[Kind, ...]
) -> Scores:
    """The marks behind one measure, as arrays.

    The worst of an item's samples is known only where all of them are scored; any other item is unscored.
    """
    value, per = (
        ("max(value)", "group by all having count(*) = getvariable('samples')") if measure.worst else ("value", "")
    )
    listed = ", ".join(f"enum_code({name}) as {name}" for name in GROUPS)
    rows = tables.execute(
        f"""select {value} as value, i, cluster, {listed} from marks join items using (i)
        where suite = ? and judge = ? and criterion = ? and list_contains(?, kind) and value is not null
        {per} order by i{"" if measure.worst else ", sample"}""",  # the order makes the same sums in every run
        [suite, judge, measure.criterion, list(kinds)],
    ).fetchnumpy()
    values = np.asarray(rows["value"], dtype=np.float64)
    if measure.cut is not None:
        values = (values >= measure.cut).astype(np.float64)
    groups = {name: np.asarray(rows[name], dtype=np.int64) for name in GROUPS}
    return Scores(
        values,
        np.asarray(rows["cluster"], dtype=np.int64),
        groups["principle"],
        groups,
        {name: labels(tables, name) for name in GROUPS},
        {name: _expected_by(tables, name, kinds, suite, measure.worst) for name in GROUPS},
        sum(_expected_by(tables, "suite", kinds, suite, measure.worst).values()),
        {} if measure.worst else _tally(tables, judge, measure.criterion, kinds, suite)[1],
    )


def _estimate_groups(
    suite: str, judge: str, measure: Measure, scores: Scores, rng: np.random.Generator
) -> Iterator[Estimate]:
    everything = np.ones(scores.values.size, dtype=np.bool_)
    yield _estimate(suite, judge, measure, scores, everything, {}, scores.n_expected, rng)
    for name in GROUPS:
        expected = scores.expected[name]
        if len(expected) < 2:
            continue
        for label in sorted(expected, key=_natural):
            if label:
                inside = scores.groups[name] == scores.labels[name].index(label)
                yield _estimate(suite, judge, measure, scores, inside, {name: label}, expected[label], rng)


def _estimate(
    suite: str,
    judge: str,
    measure: Measure,
    scores: Scores,
    inside: npt.NDArray[np.bool_],
    group: dict[str, str],
    expected: int,
    rng: np.random.Generator,
) -> Estimate:
    values, clusters = scores.values[inside], scores.clusters[inside]
    strata = usable_strata(scores.strata[inside], clusters)
    missing = max(0, expected - values.size)
    lowest, highest = (0.0, 1.0) if measure.is_rate else (measure.lowest, measure.highest)
    fields: dict[str, object] = {"n": values.size, "unscored": missing}
    if missing and not group:
        fields["unscored_reasons"] = scores.reasons
    if expected:
        fields["unscored_low"], fields["unscored_high"] = unscored_bounds(values, missing, lowest, highest)
    if values.size:
        interval = (
            rate_interval(values, clusters)
            if measure.is_rate
            else mean_interval(values, clusters, strata, bounds=(lowest, highest))
        )
        fields |= {"low": interval.low, "high": interval.high, "clusters": interval.clusters, "method": interval.method}
        if not measure.is_rate:
            fields |= _more_on_mean(values, clusters, strata, (lowest, highest), interval, rng)
    return Estimate(
        suite=suite,
        judge=judge,
        name=measure.name,
        group=group,
        value=float(values.mean()) if values.size else None,
        incomplete=values.size < COMPLETE * expected,
        **fields,  # type: ignore[arg-type]
    )


def _more_on_mean(
    values: Floats,
    clusters: Codes,
    strata: Codes | None,
    bounds: tuple[float, float],
    interval: Interval,
    rng: np.random.Generator,
) -> dict[str, object]:
    levels, counts = np.unique(values, return_counts=True)
    more: dict[str, object] = {"distribution": {f"{level:g}": int(n) for level, n in zip(levels, counts, strict=True)}}
    if 2 <= interval.clusters <= MOST_BOOTSTRAP_CLUSTERS and levels.size > 1:
        bca = bca_interval(values, clusters, strata, rng=rng, bounds=bounds)
        more |= {"bca_low": bca.low, "bca_high": bca.high}
    return more


def _where(kinds: tuple[Kind, ...], suite: str | None) -> tuple[str, list[object]]:
    clause, values = "list_contains(?, kind)", [list(kinds)]
    if suite is None:
        return clause, list(values)
    return clause + " and suite = ?", [*values, suite]


def _judges_of(
    tables: duckdb.DuckDBPyConnection, criterion: Criterion, kinds: tuple[Kind, ...], suite: str | None
) -> list[str]:
    where, values = _where(kinds, suite)
    return column(
        tables,
        f"select distinct judge from marks join items using (i) where criterion = ? and {where} order by 1",
        criterion,
        *values,
    )


def _tally(
    tables: duckdb.DuckDBPyConnection,
    judge: str,
    criterion: Criterion | None,
    kinds: tuple[Kind, ...],
    suite: str | None,
) -> tuple[int, dict[str, int]]:
    """How many answers a judge has marked, and why it has not marked the others: together all that the plan wants.

    An answer that the provider withheld did not fail: it is a refusal, and is marked as one.
    """
    where, values = _where(kinds, suite)
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
    reasons[UnscoredReason.NO_JUDGE if judge == NOBODY else UnscoredReason.PENDING] = left
    reasons[UnscoredReason.NO_RESPONSE] = failed
    reasons[UnscoredReason.PENDING] = reasons.get(UnscoredReason.PENDING, 0) + expected - asked
    return marked, {str(reason): n for reason, n in reasons.items() if n}


def _expected_by(
    tables: duckdb.DuckDBPyConnection, name: str, kinds: tuple[Kind, ...], suite: str, per_item: bool
) -> dict[str, int]:
    """How many answers (or items) the plan wants for each label of a group."""
    where, values = _where(kinds, suite)
    counted = "count(*)" if per_item else "count(*) * getvariable('samples')"
    rows = tables.execute(f"select {name}, {counted} from items where {where} group by 1", values).fetchall()
    return {str(label): int(n) for label, n in rows}


def _natural(label: str) -> tuple[int, str]:
    return (int(label), "") if label.isdigit() else (10**9, label)
