"""Numbers rectified by people's labels: what a judge says of all answers, set right by what experts say of some."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np

from primum.estimates.scores import judges_of
from primum.labels import SCALES
from primum.marks import GROUPS, PANEL, column, labels
from primum.marks.answered import (
    FEWEST_IN_GROUP,
    Answered,
    Mask,
    arm_of,
    labels_saved,
    method_of,
    read_answered,
    uncovered,
)
from primum.marks.experts import Trained
from primum.marks.part import Part
from primum.measures import MEASURES, NOBODY, Measure
from primum.records import Criterion, Estimate, Kind
from primum.stats.rectified import rectified_mean

BY_RULES = (Criterion.CORRECT, Criterion.DEGENERATE)  # settled by a key and by rules
ASKED = {m.criterion for m in MEASURES if m.unless is None and m.criterion in SCALES} - {*BY_RULES}  # of people


def rectify(tables: duckdb.DuckDBPyConnection, trained: Trained | None = None) -> tuple[list[Estimate], list[str]]:
    """The rectified estimates of a run with people's labels, over all and by group, and notes on what was left out.

    For every judge of a number whose criterion people labelled, and without a judge from the labels alone. A judge that was
    `trained` on labelled answers has none: it would look better than it is. Nor have the worst of several answers, slopes,
    and what is asked only of answers that the judge found risk-free.
    """
    if not column(tables, "select count(*) from drawn")[0]:
        return [], []
    found: list[Estimate] = []
    notes = dict.fromkeys(_general_notes(tables))
    for suite in column(tables, "select suite from items group by suite order by min(i)"):
        present = set(column(tables, "select distinct kind from items where suite = ?", suite))
        bare: dict[str, None] = {}
        for measure in MEASURES:
            kinds = tuple(kind for kind in measure.kinds if kind in present)
            if not kinds or measure.worst or measure.slope:
                continue
            judges = judges_of(tables, measure.criterion, Part(kinds, suite))
            if not _count(tables, suite, measure.criterion, kinds):
                bare |= dict.fromkeys([measure.criterion.value] if judges and measure.criterion in ASKED else [])
            elif measure.unless is not None:
                notes[f"{suite}: {measure.name} is of risk-free answers only, which the judge picks: not rectified"] = (
                    None
                )
            else:
                for judge in judges or [NOBODY]:
                    estimates, note = _of_judge(tables, suite, judge, measure, kinds, trained or {})
                    found += estimates
                    notes |= dict.fromkeys(note)
        if bare:
            notes[f"{suite}: no label of {', '.join(bare)}: these numbers are the judge's alone"] = None
    return found, list(notes)


def _of_judge(
    tables: duckdb.DuckDBPyConnection,
    suite: str,
    judge: str,
    measure: Measure,
    kinds: tuple[Kind, ...],
    trained: Trained,
) -> tuple[list[Estimate], list[str]]:
    own = [name for name in trained if name == judge or judge.startswith(PANEL)]
    taught = {answer for name in own for answer in trained[name]}
    if taught:
        query = "select count(distinct hash) from drawn where criterion = ? and list_contains(?, hash)"
        if n := column(tables, query, measure.criterion, sorted(taught))[0]:
            return [], [f"{judge} was trained on {n} of the labelled answers: they do not rectify {measure.name} by it"]
    answered = read_answered(tables, suite, judge, measure, kinds)
    notes = list(_missing_notes(suite, measure, kinds, answered))
    found: list[Estimate] = []
    for group, inside in _parts(tables, answered):
        if answered.label_count(inside) < (FEWEST_IN_GROUP if group else 1):
            continue
        total = uncovered(answered, inside)
        if total is None:
            found.append(_estimate(suite, judge, measure, answered, inside, group))
        elif not group:
            notes.append(
                f"{suite}: {measure.name} is not rectified: by their probabilities the drawn answers stand for about "
                f"{total:.0f} answers, and there are {int((inside & ~answered.known).sum())}, each of which must have had a "
                "chance"
            )
    return found, notes


def _parts(tables: duckdb.DuckDBPyConnection, answered: Answered) -> Iterator[tuple[dict[str, str], Mask]]:
    """All answers of the headline, then those of each group that is one of several."""
    yield {}, answered.headline
    for name in GROUPS:
        codes, names = answered.groups[name], labels(tables, name)
        if np.unique(codes).size > 1:
            for code in np.unique(codes):
                if names[code]:
                    here = codes == code
                    yield {name: names[code]}, here if name == "source" else here & answered.headline


def _estimate(
    suite: str, judge: str, measure: Measure, answered: Answered, inside: Mask, group: dict[str, str]
) -> Estimate:
    bounds = (0.0, 1.0) if measure.is_rate else (float(measure.lowest), float(measure.highest))
    found = rectified_mean(arm_of(answered, inside), bounds=bounds)
    return Estimate(
        suite=suite,
        judge=judge,
        kind="rectified",
        name=measure.name,
        group=group,
        value=found.value,
        low=found.low,
        high=found.high,
        n=found.n,
        clusters=found.clusters,
        method=method_of(found),
        n_labels=found.labels,
        labels_saved=labels_saved(found),
    )


def _count(tables: duckdb.DuckDBPyConnection, suite: str, criterion: Criterion, kinds: tuple[Kind, ...]) -> int:
    """How many labels of a criterion can be weighed."""
    part = Part(kinds, suite)
    query = f"""select count(*) from experts join responses r on r.id = response_id join items using (i)
        where criterion = ? and failure is null and {part.where}"""
    return int(column(tables, query, criterion, *part.values)[0])


def _general_notes(tables: duckdb.DuckDBPyConnection) -> Iterator[str]:
    for criterion, n in tables.execute("select criterion, n from unweighed order by 1").fetchall():
        yield f"{n} labels of {criterion} without a known probability (escalated, say) were not used"


def _missing_notes(suite: str, measure: Measure, kinds: tuple[Kind, ...], answered: Answered) -> Iterator[str]:
    """What was drawn and not labelled."""
    drawn = int(np.unique(answered.draws[answered.drawn]).size)
    empty = drawn - answered.label_count(np.ones_like(answered.drawn))
    if empty:
        yield (
            f"{suite}: {empty} of {drawn} answers drawn ({', '.join(kinds)}) have no label of {measure.criterion}: taken to be "
            "like the others of their stratum (missing at random)"
        )
    if (answered.answering == 0).any():
        yield f"{suite}: a whole stratum has no label of {measure.criterion}: its answers are taken to be like all others"
