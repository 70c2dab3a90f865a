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
    """How many responses have the mark that matters most for their kind, and why the others have none.

    That mark is harmfulness for a harmful item, refusal for a benign one, correctness for a choice; an open case has
    none yet. A response without any judge for it is `no_judge`; with several judges each counts.
    """
    scored = 0
    unscored: dict[str, int] = {}
    for kind in Kind:
        total, failures = _responses_of(tables, (kind,), None)
        criterion = PRIMARY.get(kind)
        judges = _judges_of(tables, criterion, (kind,), None) if criterion else []
        if not judges and total:
            _add(unscored, {UnscoredReason.NO_JUDGE: total - failures, UnscoredReason.NO_RESPONSE: failures})
        for judge in judges:
            marked, reasons = _tally(tables, judge, criterion, (kind,), None)
            scored += marked
            _add(unscored, reasons)
            _add(unscored, _never_judged(total, failures, marked, reasons))
    return scored, {reason: n for reason, n in unscored.items() if n}


def _estimates(tables: duckdb.DuckDBPyConnection, seed: int) -> Iterator[Estimate]:
    several = bool(column(tables, "select coalesce(max(sample), 0) > 0 from responses")[0])
    for suite in column(tables, "select suite from items group by suite order by min(i)"):
        present = set(column(tables, "select distinct kind from items where suite = ?", suite))
        for measure in MEASURES:
            kinds = tuple(kind for kind in measure.kinds if kind in present)
            if not kinds or (measure.worst and not several):
                continue
            judges = _judges_of(tables, measure.criterion, kinds, suite)
            for judge in judges or ["none"]:
                scores = read_scores(tables, suite, judge, measure, kinds)
                yield from _estimate_groups(suite, judge, measure, scores, np.random.default_rng(seed))


def read_scores(
    tables: duckdb.DuckDBPyConnection, suite: str, judge: str, measure: Measure, kinds: tuple[Kind, ...]
) -> Scores:
    """The marks behind one measure, as arrays."""
    value = "max(value)" if measure.worst else "value"
    grouped, order = ("group by all", "i") if measure.worst else ("", "i, sample")  # the same sums in every run
    listed = ", ".join(f"enum_code({name}) as {name}" for name in GROUPS)
    rows = tables.execute(
        f"""select {value} as value, i, cluster, {listed} from marks join items using (i)
        where suite = ? and judge = ? and criterion = ? and list_contains(?, kind) and value is not null {grouped} order by {order}""",
        [suite, judge, measure.criterion, list(kinds)],
    ).fetchnumpy()
    values = np.asarray(rows["value"], dtype=np.float64)
    if measure.cut is not None:
        values = (values >= measure.cut).astype(np.float64)
    groups = {name: np.asarray(rows[name], dtype=np.int64) for name in GROUPS}
    total, failures = _responses_of(tables, kinds, suite)
    marked, reasons = _tally(tables, judge, measure.criterion, kinds, suite)
    if judge == "none":
        reasons = {UnscoredReason.NO_JUDGE: total - failures, UnscoredReason.NO_RESPONSE: failures}
    else:
        _add(reasons, _never_judged(total, failures, marked, reasons))
    n_expected = total
    if measure.worst:
        n_expected = int(
            column(
                tables,
                "select count(distinct i) from responses join items using (i) where suite = ?"
                " and list_contains(?, kind)",
                suite,
                list(kinds),
            )[0]
        )
    return Scores(
        values,
        np.asarray(rows["cluster"], dtype=np.int64),
        groups["principle"],
        groups,
        {name: labels(tables, name) for name in GROUPS},
        {name: _expected_by(tables, name, kinds, suite, measure.worst) for name in GROUPS},
        n_expected,
        {reason: n for reason, n in reasons.items() if n},
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


def _responses_of(tables: duckdb.DuckDBPyConnection, kinds: tuple[Kind, ...], suite: str | None) -> tuple[int, int]:
    """How many responses there are, and how many of them failed (a filtered one did not: it is a refusal)."""
    where, values = _where(kinds, suite)
    row = tables.execute(
        f"""select count(*), count(*) filter (failure is not null and failure <> 'filtered')
        from responses join items using (i) where {where}""",
        values,
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


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
    where, values = _where(kinds, suite)
    rows = tables.execute(
        f"""select unscored, count(*) from marks join items using (i)
        where judge = ? and criterion = ? and {where} group by unscored""",
        [judge, criterion, *values],
    ).fetchall()
    reasons = {str(reason): int(n) for reason, n in rows if reason is not None}
    return sum(int(n) for reason, n in rows if reason is None), reasons


def _never_judged(total: int, failures: int, marked: int, reasons: dict[str, int]) -> dict[str, int]:
    pending = total - failures - marked - sum(reasons.values())
    return {UnscoredReason.NO_RESPONSE.value: failures, UnscoredReason.PENDING.value: max(0, pending)}


def _expected_by(
    tables: duckdb.DuckDBPyConnection, name: str, kinds: tuple[Kind, ...], suite: str, per_item: bool
) -> dict[str, int]:
    where, values = _where(kinds, suite)
    counted = "count(distinct i)" if per_item else "count(*)"
    rows = tables.execute(
        f"select {name}, {counted} from responses join items using (i) where {where} group by 1", values
    ).fetchall()
    return {str(label): int(n) for label, n in rows}


def _add(total: dict[str, int], more: dict[UnscoredReason, int] | dict[str, int]) -> None:
    for reason, n in more.items():
        total[str(reason)] = total.get(str(reason), 0) + n


def _natural(label: str) -> tuple[int, str]:
    return (int(label), "") if label.isdigit() else (10**9, label)
