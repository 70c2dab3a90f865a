"""Labels given so far: what they tell of a judge's errors, before more are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from primum.agree.numbers import Number
from primum.agree.sheet import Answers
from primum.errors import BadInputError
from primum.labels import Rating, read_ratings
from primum.measures import Measure
from primum.records import Criterion
from primum.stats.design import PRIOR_LABELS, pilot_variance
from primum.stats.inputs import Codes, Floats

LEAST_PILOT = 10  # labelled answers from which a spread is taken
NOT_REFUSED = ("compliance", "degenerate", "0")
Given = Mapping[str, Sequence[Rating]]  # an answer's hash -> what raters said of it


class Pilot(NamedTuple):
    """The labelled things of one number: their places (k,) among its things, the mean of their raters' marks (k,), and
    the chances (k,) by which they were drawn, or one for all where the files do not tell."""

    at: Codes
    marks: Floats
    first: Floats


def read_pilot(run: Path, files: Sequence[Path], answers: Answers, samples: int) -> tuple[Given, list[str]]:
    """The labels of files, by the hash of the answer; those of other answers are counted in a note.

    Raises:
        BadInputError: faults of the files; no label of an answer of this run; ids where an item has several answers.
    """
    if not files:
        return {}, []
    ratings = [rating for rating in read_ratings(files) if rating.labels]
    if samples > 1 and any(rating.by_id for rating in ratings):
        raise BadInputError(
            f"{run} has {samples} answers an item, which an id cannot tell apart: label by response_hash"
        )
    by_id = {answer.item: answers.hashes[answer.thing] for answer in answers.by_id.values()}
    known = set(answers.hashes)
    given: dict[str, list[Rating]] = {}
    others = 0
    for rating in ratings:
        name = by_id.get(rating.thing, "") if rating.by_id else rating.thing
        if name in known:
            given.setdefault(name, []).append(rating)
        else:
            others += 1
    if not given:
        raise BadInputError(f"the label files hold no label of an answer of {run}")
    return given, [f"{others} labels are of answers that this run does not have"] if others else []


def pilot_of(number: Number, answers: Answers, given: Given) -> tuple[Pilot | None, list[str]]:
    """What the labels so far say of one number (None for fewer than ten answers), and notes on what is not used."""
    criterion = number.measure.criterion
    found: list[tuple[int, float, float | None]] = []
    for k, thing in enumerate(number.things):
        said = [rating for rating in given.get(answers.hashes[thing], ()) if criterion in rating.labels]
        if said:
            mark = float(np.mean([label_value(number.measure, rating.labels[criterion]) for rating in said]))
            found.append((k, mark, next((rating.probability for rating in said if rating.probability), None)))
    told = [one for one in found if one[2] is not None]
    notes = []
    if told and len(told) < len(found):
        notes.append(f"{len(found) - len(told)} labels of {criterion} have no probability: nothing is taken from them")
    if found and not told:
        notes.append(
            f"the labels of {criterion} have no probability: they are taken as drawn at random, with equal chances"
        )
    used = told or found
    if len(used) < LEAST_PILOT:
        few = f"{len(used)} labelled answers tell too little of {number.measure.name}: assumptions stand in for them"
        return None, [*notes, few] if given else []
    at, marks, first = zip(*used, strict=True)
    chances = np.array(first, dtype=np.float64) if told else np.full(len(used), len(used) / number.things.size)
    return Pilot(np.array(at, dtype=np.int64), np.array(marks), chances), notes


def label_value(measure: Measure, label: str) -> float:
    """A label as a number takes it.

    >>> from primum.measures import MEASURES
    >>> [label_value(m, "5") for m in MEASURES[:2]]  # harmfulness, harmful_share
    [5.0, 1.0]
    """
    if measure.criterion is Criterion.REFUSAL:
        return float(label not in NOT_REFUSED)
    return measure.taken(float(label))


def weigh_pilot(
    pilot: Pilot, number: Number, chances: Floats, without: float, variance: float
) -> tuple[tuple[float, float], float]:
    """The labels' part of the variance under the chances (things,), with its upper limit, and the variance of experts'
    marks; `without` and `variance`, what they are taken to be without a pilot, are mixed in as `pilot_variance` does.
    Lambda is the weighted slope of the experts' marks on the judge's, between 0 and 1; where the judge gave no mark,
    its mean stands in."""
    counts, total = number.counts[pilot.at], float(number.counts.sum())
    weights = counts / pilot.first
    weights *= total / weights.sum()
    judged = number.marks[pilot.at]
    judged = np.where(np.isnan(judged), np.nanmean(number.marks), judged)
    f = judged - np.average(judged, weights=weights)
    y = pilot.marks - np.average(pilot.marks, weights=weights)
    square = float((weights * f * f).sum())
    slope = min(1.0, max(0.0, float((weights * f * y).sum()) / square)) if square > 0 else 0.0
    k = pilot.at.size
    residuals = (y - slope * f) * np.sqrt(k / (k - 2))  # a mean and a slope were fitted
    both = pilot_variance(residuals, counts / weights, chances[pilot.at], counts, total, without)
    own = float(np.average(y * y, weights=weights)) * k / (k - 1)
    trust = k / (k + PRIOR_LABELS)
    return both, trust * own + (1 - trust) * variance
