"""Paired differences between two runs that people's labels of both rectify."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import duckdb
import numpy as np

from primum.marks import GROUPS, column, labels
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
from primum.measures import MEASURES, Measure
from primum.records import Difference
from primum.stats.arms import Arm
from primum.stats.inputs import Codes
from primum.stats.rectified import rectified_difference


class Paired(NamedTuple):
    """Two runs' answers (n,), each with the number of its item among those that both answered, or -1; of each such item its
    family, whether it counts over all, and its groups, all as the base has them. `unpaired` items only one has answered."""

    answers: tuple[Answered, Answered]
    numbers: tuple[Codes, Codes]
    clusters: Codes
    headline: Mask
    groups: dict[str, Codes]
    names: dict[str, list[str]]
    unpaired: int


def rectified_differences(
    first: duckdb.DuckDBPyConnection, second: duckdb.DuckDBPyConnection
) -> tuple[list[Difference], list[str]]:
    """The differences that people's labels of both runs rectify, and notes on those that labels of one run cannot."""
    found: list[Difference] = []
    notes: dict[str, None] = {}
    asked = "select distinct criterion from experts"
    both = set(column(first, asked)) & set(column(second, asked))
    for criterion in sorted(set(column(first, asked)) ^ set(column(second, asked))):
        which = "candidate" if criterion in column(second, asked) else "base"
        notes[f"people labelled {criterion} of the {which} alone, which rectifies no difference"] = None
    for suite in column(first, "select suite from items group by suite order by min(i)"):
        for measure in (m for m in MEASURES if m.criterion in both and not (m.worst or m.slope or m.unless)):
            judged = "select distinct judge from marks where criterion = ? and value is not null order by 1"
            there = set(column(second, judged, measure.criterion))
            for judge in (judge for judge in column(first, judged, measure.criterion) if judge in there):
                found += _by_group(suite, judge, measure, _pair_answers(first, second, suite, judge, measure), notes)
    return found, list(notes)


def _by_group(suite: str, judge: str, measure: Measure, pairs: Paired, notes: dict[str, None]) -> Iterator[Difference]:
    bounds = (0.0, 1.0) if measure.is_rate else (measure.lowest, measure.highest)
    for group, inside in _parts(pairs):
        parts = list(zip(pairs.answers, inside, strict=True))
        if min(answered.label_count(mask) for answered, mask in parts) < (FEWEST_IN_GROUP if group else 1):
            continue
        if any(uncovered(answered, mask) is not None for answered, mask in parts):
            notes[
                f"{suite}: by their probabilities the drawn answers are not of all pairs: {measure.name} not rectified"
            ] = None
            continue
        result = rectified_difference(*_arms(pairs, inside), bounds=bounds)
        yield Difference(
            suite=suite,
            judge=judge,
            name=measure.name,
            group=group,
            value=result.value,
            low=result.low,
            high=result.high,
            p=result.p,
            n=result.n,
            clusters=result.clusters,
            unpaired=0 if group else pairs.unpaired,
            method=method_of(result),
            basis="expert-rectified",
            n_labels=result.labels,
            labels_saved=labels_saved(result),
        )


def _pair_answers(
    base: duckdb.DuckDBPyConnection, candidate: duckdb.DuckDBPyConnection, suite: str, judge: str, measure: Measure
) -> Paired:
    """The answers of a measure in two runs."""
    first, second = (read_answered(tables, suite, judge, measure, measure.kinds) for tables in (base, candidate))
    there = set(second.items)
    number = {item: place for place, item in enumerate(dict.fromkeys(item for item in first.items if item in there))}
    own, other = (np.array([number.get(item, -1) for item in one.items], dtype=np.int64) for one in (first, second))
    at = np.zeros(len(number), dtype=np.int64)
    at[own[own >= 0]] = np.flatnonzero(own >= 0)
    return Paired(
        answers=(first, second),
        numbers=(own, other),
        clusters=first.clusters[at],
        headline=first.headline[at],
        groups={name: first.groups[name][at] for name in GROUPS},
        names={name: labels(base, name) for name in GROUPS},
        unpaired=len({*first.items, *second.items}) - len(number),
    )


def _parts(pairs: Paired) -> Iterator[tuple[dict[str, str], tuple[Mask, Mask]]]:
    """The paired answers of both runs, over all and of each group that is one of several."""
    yield {}, _inside(pairs, pairs.headline)
    for name, codes in pairs.groups.items():
        present = np.unique(codes)
        for code in present if present.size > 1 else ():
            if label := pairs.names[name][code]:
                here = codes == code
                yield {name: label}, _inside(pairs, here if name == "source" else here & pairs.headline)


def _arms(pairs: Paired, inside: tuple[Mask, Mask]) -> tuple[Arm, Arm]:
    """A part of both runs as the statistics take them: an item is a unit, and its family the base's."""
    base, candidate = (
        arm_of(answered, mask, numbers, pairs.clusters[np.maximum(numbers, 0)])
        for answered, mask, numbers in zip(pairs.answers, inside, pairs.numbers, strict=True)
    )
    return base, candidate


def _inside(pairs: Paired, items: Mask) -> tuple[Mask, Mask]:
    base, candidate = ((numbers >= 0) & items[np.maximum(numbers, 0)] for numbers in pairs.numbers)
    return base, candidate
