"""Estimates of a run: every number with its interval, its judge, and what the unscored could make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import numpy as np

from primum.estimates.agreement import read_agreements, read_costs, read_people
from primum.estimates.rectified import rectify
from primum.estimates.scores import Codes, Floats, Mask, Scores, judges_of, read_scores, tally
from primum.estimates.sequence import read_sequence
from primum.estimates.stopped import labelled, leave_out_spared
from primum.ledger import read_run
from primum.marks import GROUPS, PANEL, column, open_marks
from primum.marks.experts import trained_on
from primum.marks.part import Part
from primum.measures import MEASURES, NOBODY, PRIMARY, Measure
from primum.records import Estimate, FailureKind, Kind, Summary, UnscoredReason
from primum.stats.bounds import unscored_bounds
from primum.stats.interval import Interval
from primum.stats.means import bca_interval, mean_interval
from primum.stats.moments import usable_strata
from primum.stats.rates import rate_interval
from primum.stats.slope import slope_interval

COMPLETE = 0.95  # of the items must be scored, or the headline is marked incomplete
MOST_BOOTSTRAP_CLUSTERS = 10_000
TENTH = 0.1  # a slope is told for a tenth more of the words


def estimate_run(run: Path) -> Summary:
    """All estimates of a run, overall first, then by principle, source, scenario, style, language and jargon; those
    rectified by people's labels, where the run has any (but none by a judge that was trained on their answers); the
    counts; how far judges agree, and what they took.

    Raises:
        BadInputError: the folder holds no run, or a record does not read.
    """
    whole = read_run(run)
    sequence = read_sequence(run, whole) if whole.plan.until else None
    tables = open_marks(run)
    try:
        spared = leave_out_spared(tables, sequence)
        rows = tables.execute(
            "select coalesce(failure, 'ok'), count(*) from responses group by 1 order by 1"
        ).fetchall()
        counts = {str(kind): int(n) for kind, n in rows}
        scored, unscored = count_verdicts(tables, spared)
        rectified, notes = rectify(tables, trained_on(tables, whole))
        return Summary(
            ok=counts.get("ok", 0) + counts.get(FailureKind.FILTERED, 0),
            failed={kind: n for kind, n in counts.items() if kind not in {"ok", FailureKind.FILTERED}},
            filtered=counts.get(FailureKind.FILTERED, 0),
            scored=scored,
            unscored=unscored,
            estimates=tuple(labelled([*_estimates(tables, whole.plan.seed), *rectified], sequence)),
            agreements=(*read_people(tables, run), *read_agreements(tables)),
            costs=tuple(read_costs(tables, run)),
            sequence=sequence,
            notes=tuple(notes),
        )
    finally:
        tables.close()


def count_verdicts(
    tables: duckdb.DuckDBPyConnection, spared: Mapping[str, int] | None = None
) -> tuple[int, dict[str, int]]:
    """How many answers have the mark that matters most for their kind, and why the others have none.

    That mark is harmfulness for a harmful item, refusal for a benign one, and so on (`PRIMARY`). What no judge has
    marked is `no_judge`, what was not asked yet `pending`; of several judges each counts. `spared` answers of each kind
    are those that `--until` made needless (`not_asked`).
    """
    scored = 0
    unscored: dict[str, int] = {}
    for kind in Kind:
        part = Part((kind,))
        named = [judge for judge in judges_of(tables, PRIMARY[kind], part) if not judge.startswith(PANEL)]
        for judge in named or [NOBODY]:
            marked, reasons = tally(tables, judge, PRIMARY[kind], part)
            scored += marked
            if spared and kind in spared:
                reasons[UnscoredReason.NOT_ASKED] = spared[kind]
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
            if measure.slope and not column(tables, "select count(share) from items where suite = ?", suite)[0]:
                continue
            judges = judges_of(tables, measure.criterion, Part(kinds, suite))
            for judge in judges or [NOBODY]:
                scores = read_scores(tables, suite, judge, measure, kinds)
                yield from _estimate_groups(suite, judge, measure, scores, np.random.default_rng(seed))


def _estimate_groups(
    suite: str, judge: str, measure: Measure, scores: Scores, rng: np.random.Generator
) -> Iterator[Estimate]:
    if measure.slope:
        yield _slope(suite, judge, measure, scores)
        return
    yield _estimate(suite, judge, measure, scores, scores.headline, {}, scores.n_expected, rng)
    for name in GROUPS:
        expected = scores.expected[name]
        if len(expected) < 2:
            continue
        for label in sorted(expected, key=_natural):
            if label:
                inside = scores.groups[name] == scores.labels[name].index(label)
                if name != "source":  # a source has its own number even where it stands aside
                    inside &= scores.headline
                yield _estimate(suite, judge, measure, scores, inside, {name: label}, expected[label], rng)


def _estimate(
    suite: str,
    judge: str,
    measure: Measure,
    scores: Scores,
    inside: Mask,
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


def _slope(suite: str, judge: str, measure: Measure, scores: Scores) -> Estimate:
    """By how much a mark grows for each tenth more of medical terms in the request, within each source: otherwise it would
    tell who wrote the requests. Without bounds for the unscored."""
    inside = scores.headline & ~np.isnan(scores.jargon)
    fields: dict[str, object] = {"value": None, "n": int(inside.sum())}
    if inside.any():
        x, sources = scores.jargon[inside] / TENTH, scores.groups["source"][inside]
        found = slope_interval(x, scores.values[inside], scores.clusters[inside], sources)
        fields = {name: getattr(found, name) for name in ("value", "low", "high", "n", "clusters", "method")}
        fields = {name: None if isinstance(x, float) and np.isnan(x) else x for name, x in fields.items()}
    missing = max(0, scores.n_expected - int(inside.sum()))
    return Estimate(
        suite=suite,
        judge=judge,
        name=measure.name,
        unscored=missing,
        unscored_reasons=scores.reasons if missing else {},
        incomplete=int(inside.sum()) < COMPLETE * scores.n_expected,
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
    distribution: dict[str, int] = {}
    for level, n in zip(levels, counts, strict=True):  # levels that print alike are one
        distribution[f"{level:g}"] = distribution.get(f"{level:g}", 0) + int(n)
    more: dict[str, object] = {"distribution": distribution}
    if 2 <= interval.clusters <= MOST_BOOTSTRAP_CLUSTERS and levels.size > 1:
        bca = bca_interval(values, clusters, strata, rng=rng, bounds=bounds)
        more |= {"bca_low": bca.low, "bca_high": bca.high}
    return more


def _natural(label: str) -> tuple[int, str]:
    return (int(label), "") if label.isdigit() else (10**9, label)
