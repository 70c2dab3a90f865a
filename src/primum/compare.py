"""Paired differences between two runs: candidate minus base on the same items, under the same judge, and, where people
labelled answers of both, rectified by their labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt

from primum.errors import BadInputError
from primum.labels import check_repeated, labels_in, read_ratings
from primum.ledger import check_run
from primum.marks import GROUPS, column, open_marks
from primum.marks.asked import leave_out, unasked_items
from primum.marks.experts import add_labels, check_labels, check_places, check_training, trained_on
from primum.marks.paired import rectified_differences
from primum.marks.part import Part, headline_part
from primum.measures import MEASURES, Measure
from primum.records import Comparison, Difference, Kind, Label, Run
from primum.stats.moments import usable_strata
from primum.stats.paired import bonferroni, holm, paired_difference

Floats = npt.NDArray[np.float64]
BY_NAME = {measure.name: measure for measure in MEASURES}
ADJUSTMENTS = {"holm": holm, "bonferroni": bonferroni}


class _Pairs(NamedTuple):
    """Marks of the items that both runs have scored: base and candidate (n,), and where each item belongs; and where
    those belong that only one run has scored. `headline` says which count in the difference over all."""

    base: Floats
    candidate: Floats
    clusters: npt.NDArray[np.int64]
    headline: npt.NDArray[np.bool_]
    groups: dict[str, list[str]]
    unpaired: list[tuple[bool, dict[str, str]]]


def compare_runs(
    base: Path, candidate: Path, *, adjust: str = "holm", seed: int = 0, labels: Sequence[Path] = ()
) -> Comparison:
    """The paired differences of two runs, overall and by group; an item's samples are averaged first.

    Items are paired by id. What only one run has scored is left out and counted as `unpaired`. p-values are adjusted
    within their family: the overall differences by one judge are one, its level shares and parts of a score another, and
    each breakdown of one number (by principle, say) is one; those that people's labels rectified are apart. `labels` are
    their files; without any, the labels that the runs hold count.

    Raises:
        BadInputError: the runs share no items, an item's content differs, a judge's prompts differ, `adjust` is unknown, or
            a label is of no answer of either run, cannot be weighed, or trained a judge.
    """
    if adjust not in ADJUSTMENTS:
        raise BadInputError(f"no adjustment '{adjust}': known are {', '.join(ADJUSTMENTS)}")
    runs = check_run(base), check_run(candidate)
    _check_judges(*runs)
    first, second = open_marks(base), open_marks(candidate)
    try:
        spared = _leave_out_spared(runs, (first, second))
        pairs = _check_items(first, second)
        if labels:
            _add_labels((base, candidate), (first, second), labels)
        for run, tables in zip(runs, (first, second), strict=True):
            check_training(tables, trained_on(tables, run))
        found = _differences(first, second, np.random.default_rng(seed))
        rectified, told = rectified_differences(first, second)
    finally:
        first.close()
        second.close()
    method: Literal["holm", "bonferroni"] = "holm" if adjust == "holm" else "bonferroni"
    return Comparison(
        base=runs[0].plan.model,
        candidate=runs[1].plan.model,
        pairs=pairs,
        adjust=method,
        differences=tuple(_adjusted([*found, *rectified], adjust)),
        notes=(*_notes(*runs, rectified), *spared, *told),
    )


def _differences(
    first: duckdb.DuckDBPyConnection, second: duckdb.DuckDBPyConnection, rng: np.random.Generator
) -> list[Difference]:
    found = []
    for suite in column(first, "select suite from items group by suite order by min(i)"):
        for measure in MEASURES:
            judged = "select distinct judge from marks where criterion = ? order by 1"
            there = set(column(second, judged, measure.criterion))
            for judge in column(first, judged, measure.criterion):
                if judge in there and not measure.worst and not measure.slope:
                    found += _by_group(suite, judge, measure, _pairs(first, second, suite, judge, measure), rng)
    return found


def _add_labels(runs: tuple[Path, Path], tables: tuple[duckdb.DuckDBPyConnection, ...], files: Sequence[Path]) -> None:
    """Put the labels of files in the place of those that the runs hold. A file all of which is of one run was drawn from
    that: where the other gave some of the same answers, it does not tell how likely they were to be drawn there."""
    ratings = read_ratings(files, once=False)
    found = [labels_in(run, ratings) for run in runs]
    check_places((rating.place for rating in ratings), [label for own in found for label in own], "neither run has")
    there = [{label.place for label in own} for own in found]
    _check_merged(found, there)
    whole = [{r.file for r in ratings} - {r.file for r in ratings if r.place not in own} for own in there]
    for own, labels, mine, others in zip(tables, found, whole, reversed(whole), strict=True):
        kept = [label for label in labels if label.file in mine or label.file not in others]
        places = {label.place for label in kept}
        check_repeated([rating for rating in ratings if rating.place in places])
        if kept:
            check_labels(kept)
        add_labels(own, kept)


def _check_merged(found: Sequence[Sequence[Label]], there: Sequence[set[str]]) -> None:
    """No file holds both runs' sheets where some answers are the same: of these it cannot be told whose draw they were."""
    base, candidate = there
    only = base - candidate, candidate - base, base & candidate
    files = {label.place: label.file for own in found for label in own}
    merged = set.intersection(*({files[place] for place in places} for places in only))
    if merged:
        raise BadInputError(f"{min(merged)} holds labels of both runs: give each run's sheet as a file of its own")


def _adjusted(found: list[Difference], adjust: str) -> list[Difference]:
    families: dict[tuple[str, ...], list[int]] = {}
    for place, d in enumerate(found):
        family = (d.suite, d.judge, d.name, *d.group) if d.group else (d.judge, str(BY_NAME[d.name].minor))
        family = (*family, d.basis)
        families.setdefault(family, []).append(place)
    adjusted = list(found)
    for places in families.values():
        p = np.array([np.nan if found[place].p is None else found[place].p for place in places], dtype=np.float64)
        for place, value in zip(places, ADJUSTMENTS[adjust](p), strict=True):
            adjusted[place] = found[place].model_copy(update={"adjusted_p": None if np.isnan(value) else float(value)})
    return adjusted


def _by_group(suite: str, judge: str, measure: Measure, pairs: _Pairs, rng: np.random.Generator) -> list[Difference]:
    if not pairs.base.size and not pairs.unpaired:
        return []
    found = [_difference(suite, judge, measure, pairs, pairs.headline, {}, rng)]
    for group in GROUPS:
        labels = np.array(pairs.groups[group], dtype=np.str_)
        names = [str(name) for name in np.unique(labels)] if labels.size else []
        if len(names) > 1:
            inside = {name: (labels == name) & (pairs.headline | (group == "source")) for name in names if name}
            found += [
                _difference(suite, judge, measure, pairs, chosen, {group: name}, rng) for name, chosen in inside.items()
            ]
    return found


def _difference(
    suite: str,
    judge: str,
    measure: Measure,
    pairs: _Pairs,
    inside: npt.NDArray[np.bool_],
    group: dict[str, str],
    rng: np.random.Generator,
) -> Difference:
    n = int(inside.sum())
    left_out = sum(
        (headline or "source" in group) and all(item[name] == label for name, label in group.items())
        for headline, item in pairs.unpaired
    )
    fields: dict[str, object] = {"unpaired": left_out}
    if n:
        principles = np.unique(np.array(pairs.groups["principle"], dtype=np.str_)[inside], return_inverse=True)[1]
        width = 1.0 if measure.is_rate else measure.highest - measure.lowest
        result = paired_difference(
            pairs.base[inside],
            pairs.candidate[inside],
            pairs.clusters[inside],
            usable_strata(principles, pairs.clusters[inside]),
            rng=rng,
            bounds=(-width, width),
        )
        fields |= {name: getattr(result, name) for name in ("low", "high", "p", "clusters", "method")}
        fields["value"] = result.value
    else:
        fields["value"] = None
    return Difference(suite=suite, judge=judge, name=measure.name, group=group, n=n, **fields)  # type: ignore[arg-type]


def _pairs(
    first: duckdb.DuckDBPyConnection, second: duckdb.DuckDBPyConnection, suite: str, judge: str, measure: Measure
) -> _Pairs:
    query = f"""select id, avg({measure.sql}), any_value(cluster), any_value(aside),
            {", ".join(f"any_value({name})" for name in GROUPS)}
        from marks join items using (i)
        where suite = ? and judge = ? and criterion = ? and list_contains(?, kind) and value is not null
        group by id order by min(i)"""
    values = [suite, judge, measure.criterion.value, [kind.value for kind in measure.kinds]]
    part = Part(measure.kinds, suite)
    apart = headline_part(first, part) != part  # some items do not stand aside, so those that do are not the headline
    base = first.execute(query, values).fetchall()
    there = second.execute(query, values).fetchall()
    candidate = {row[0]: row[1] for row in there}
    both = [row for row in base if row[0] in candidate]
    paired = {row[0] for row in both}
    return _Pairs(
        np.array([row[1] for row in both], dtype=np.float64),
        np.array([candidate[row[0]] for row in both], dtype=np.float64),
        np.array([row[2] for row in both], dtype=np.int64),
        np.array([not (row[3] and apart) for row in both], dtype=np.bool_),
        {name: [row[4 + place] for row in both] for place, name in enumerate(GROUPS)},
        [
            (not (row[3] and apart), dict(zip(GROUPS, row[4:], strict=True)))
            for row in (*base, *there)
            if row[0] not in paired
        ],
    )


def _check_items(first: duckdb.DuckDBPyConnection, second: duckdb.DuckDBPyConnection) -> int:
    """The number of items in both runs, all with the same content."""
    query = "select id, sha256 from items"
    base = dict(first.execute(query).fetchall())
    candidate = dict(second.execute(query).fetchall())
    shared = [name for name in base if name in candidate]
    if not shared:
        raise BadInputError("the two runs have no item in common: they cannot be compared")
    changed = [name for name in shared if base[name] != candidate[name]]
    if changed:
        told = ", ".join(changed[:3])
        raise BadInputError(
            f"{len(changed)} items have another content in the two runs ({told}): compare runs on the same data"
        )
    return len(shared)


def _leave_out_spared(runs: tuple[Run, Run], tables: Sequence[duckdb.DuckDBPyConnection]) -> list[str]:
    """Take the items that one run was not asked, because `--until` had its answer, out of both; a note on each such run."""
    notes, left_out = [], list[str]()
    for which, run, own in zip(("base", "candidate"), runs, tables, strict=True):
        spared = unasked_items(own, Part(tuple(Kind))) if run.plan.until and run.state == "done" else []
        left_out += [name for name, _ in spared]
        if spared:
            notes.append(
                f"the {which} stopped when '{run.plan.until}' had its answer: {len(spared)} items that it was not asked are "
                "left out, and intervals and p take no account of the stop"
            )
    for own in tables:
        leave_out(own, left_out)
    return notes


def _check_judges(base: Run, candidate: Run) -> None:
    """A judge that both runs have must have judged them by the same prompts or rules."""
    by_judge: list[dict[str, dict[str, str]]] = []
    for run in (base, candidate):
        found: dict[str, dict[str, str]] = {}
        for name, sha in run.prompts.items():
            judge, _, prompt = name.rpartition(": ")
            found.setdefault(judge, {})[prompt] = sha
        by_judge.append(found)
    changed = [
        judge for judge in by_judge[0] if judge in by_judge[1] and _differ(by_judge[0][judge], by_judge[1][judge])
    ]
    if changed:
        raise BadInputError(
            f"{', '.join(changed)} judged the runs by different prompts or rules: judge both runs again"
        )


def _differ(base: dict[str, str], candidate: dict[str, str]) -> bool:
    """True when prompts of one name differ, or no prompt is in both: the runs may hold other kinds of item besides."""
    common = base.keys() & candidate.keys()
    return not common or any(base[name] != candidate[name] for name in common)


def _notes(base: Run, candidate: Run, rectified: Sequence[Difference]) -> tuple[str, ...]:
    notes = ["basis: judge-only; the judge was not checked against people"]
    if rectified:
        notes = ["basis: with people's labels where it says so, else judge-only"]
    if base.plan.generation() != candidate.plan.generation():
        notes.append("the two runs generated with different settings")
    return tuple(notes)
