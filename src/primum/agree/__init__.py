"""What `primum agree` does: how far people and judges agree on the same answers, criterion by criterion."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from primum.errors import BadInputError
from primum.labels import ORDINAL, SCALES, Rating, read_ratings, refusal_scale
from primum.records import Criterion, Record
from primum.stats.agreement import coincidences, nominal, squared
from primum.stats.interval import Interval
from primum.stats.raters import LEAST_FAMILIES, TOO_FEW, GroupAgreement, PairAgreement, pair_agreement, rater_agreement

MOST_DISPUTED = 10


class Number(Record):
    """A value and its 95% interval; the limits are null where there is no interval, and the notes say why."""

    value: float
    low: float | None
    high: float | None


class Alphas(Record):
    """Krippendorff's alpha by what counts as a distance; the last two for ordinal criteria only."""

    nominal: Number | None
    ordinal: Number | None
    interval: Number | None


class PairAgreed(Record):
    """Two raters on what both labelled. `confusion` counts things: the first rater's label, then the second's."""

    raters: tuple[str, str]
    n: int
    percent: Number | None
    kappa: Number | None
    kappa_quadratic: Number | None
    confusion: dict[str, dict[str, int]]


class Disputed(Record):
    """A thing on which raters differ, by its id or hash, and what each said."""

    thing: str
    labels: dict[str, str]


class CriterionAgreed(Record):
    """Agreement on one criterion. `n` things have labels of two raters or more; `missing` counts the labels that other
    raters did not give them. A coefficient that is undefined is null, and a note says why."""

    criterion: Criterion
    n: int
    raters: tuple[str, ...]
    missing: int
    families: int
    percent: Number | None
    fleiss: Number | None
    alpha: Alphas
    ac1: Number | None
    pairs: tuple[PairAgreed, ...]
    most_disputed: tuple[Disputed, ...]
    notes: tuple[str, ...] = ()


class Agreed(Record):
    """What `primum agree --json` prints."""

    criteria: tuple[CriterionAgreed, ...]


class Labelled(NamedTuple):
    """One criterion's labels as a table: codes (things, raters) of the `scale`'s words, -1 where there is none."""

    criterion: Criterion
    scale: tuple[str, ...]
    raters: tuple[str, ...]
    things: tuple[str, ...]
    codes: npt.NDArray[np.int64]
    families: npt.NDArray[np.int64]
    notes: tuple[str, ...] = ()

    @property
    def shared(self) -> bool:
        """True when any thing has labels of two raters."""
        return bool(((self.codes >= 0).sum(1) >= 2).any())


def agree(paths: Sequence[Path], criterion: str = "", seed: int = 0) -> Agreed:
    """How far the raters of label files and runs agree, on one criterion or on all that two of them share.

    Raises:
        BadInputError: as `read_ratings`; an unknown criterion; no thing that two raters have labelled on it.
    """
    if criterion and criterion not in SCALES:
        raise BadInputError(f"no labels of a criterion '{criterion}': known are {', '.join(SCALES)}")
    ratings = read_ratings(paths)
    wanted = [Criterion(criterion)] if criterion else list(SCALES)
    tables = [table for one in wanted if (table := tabulate(ratings, one)).shared]
    if not tables:
        raise BadInputError(_nothing_shared(ratings, criterion))
    return Agreed(criteria=tuple(_agreed(table, seed) for table in tables))


def tabulate(ratings: Sequence[Rating], criterion: Criterion) -> Labelled:
    """The labels of one criterion, things and raters in the order in which they come. A thing's family is the first that
    any rating of it names, else it is its own."""
    given = [rating for rating in ratings if criterion in rating.labels]
    raters = {name: place for place, name in enumerate(dict.fromkeys(rating.rater for rating in given))}
    things = {name: place for place, name in enumerate(dict.fromkeys(rating.thing for rating in given))}
    words, scale, notes = _scale(given, criterion)
    codes = np.full((len(things), len(raters)), -1, dtype=np.int64)
    family_of: dict[str, str] = {}
    for rating in given:
        codes[things[rating.thing], raters[rating.rater]] = scale.index(words[rating.labels[criterion]])
    for rating in ratings:
        if rating.family:
            family_of.setdefault(rating.thing, rating.family)
    named = [("family", family_of[thing]) if thing in family_of else ("thing", thing) for thing in things]
    numbers = {name: place for place, name in enumerate(dict.fromkeys(named))}
    families = np.array([numbers[name] for name in named], dtype=np.int64)
    return Labelled(criterion, scale, tuple(raters), tuple(things), codes, families, notes)


def _scale(given: Sequence[Rating], criterion: Criterion) -> tuple[Mapping[str, str], tuple[str, ...], tuple[str, ...]]:
    """What each label is called, the scale's labels, and what to tell of it."""
    if criterion is not Criterion.REFUSAL:
        return {label: label for label in SCALES[criterion]}, SCALES[criterion], ()
    said: dict[str, set[str]] = {}
    for rating in given:
        said.setdefault(rating.rater, set()).add(rating.labels[criterion])
    words, scale = refusal_scale(said)
    three = any(labels & {"full", "partial"} for labels in said.values())
    folded = three and "partial" not in scale
    return words, scale, ("some raters tell no partial refusal: full and partial are both read as refusal",) * folded


def _agreed(table: Labelled, seed: int) -> CriterionAgreed:
    ordinal = table.criterion in ORDINAL
    levels = [float(label) for label in table.scale] if ordinal else list(range(len(table.scale)))
    whole = rater_agreement(table.codes, levels, table.families, rng=np.random.default_rng(seed))
    two = (table.codes >= 0).sum(1) >= 2
    pairs, told = [], [*table.notes, *_reasons(_named(whole, ordinal))]
    for a, b in itertools.combinations(range(len(table.raters)), 2):
        if ((table.codes[:, a] >= 0) & (table.codes[:, b] >= 0)).any():
            pair, why = _pair(table, a, b, levels, seed)
            pairs.append(pair)
            told += [note for note in why if TOO_FEW not in note or whole.percent.clusters >= LEAST_FAMILIES]
    return CriterionAgreed(
        criterion=table.criterion,
        n=whole.percent.n,
        raters=table.raters,
        missing=int((table.codes[two] < 0).sum()),
        families=whole.percent.clusters,
        percent=_number(whole.percent),
        fleiss=_number(whole.fleiss),
        alpha=Alphas(
            nominal=_number(whole.nominal),
            ordinal=_number(whole.ordinal) if ordinal else None,
            interval=_number(whole.interval) if ordinal else None,
        ),
        ac1=_number(whole.ac1),
        pairs=tuple(pairs),
        most_disputed=_most_disputed(table, levels, ordinal),
        notes=tuple(told),
    )


def _pair(table: Labelled, a: int, b: int, levels: Sequence[float], seed: int) -> tuple[PairAgreed, list[str]]:
    """Two raters' agreement, and what to tell of it."""
    first, second = table.codes[:, a], table.codes[:, b]
    found = pair_agreement(first, second, levels, table.families, rng=np.random.default_rng(seed))
    ordinal = table.criterion in ORDINAL
    names = table.raters[a], table.raters[b]
    counted = {
        row: dict(zip(table.scale, (int(n) for n in counts), strict=True))
        for row, counts in zip(table.scale, found.table, strict=True)
    }
    notes = [f"{', '.join(names)}: {note}" for note in _reasons(_named(found, ordinal))]
    agreed = PairAgreed(
        raters=names,
        n=found.percent.n,
        percent=_number(found.percent),
        kappa=_number(found.kappa),
        kappa_quadratic=_number(found.quadratic) if ordinal else None,
        confusion=counted,
    )
    return agreed, notes


def _number(interval: Interval) -> Number | None:
    if math.isnan(interval.value):
        return None
    low, high = (None if math.isnan(limit) else limit for limit in (interval.low, interval.high))
    return Number(value=interval.value, low=low, high=high)


def _named(found: GroupAgreement | PairAgreement, ordinal: bool) -> dict[str, Interval]:
    """The numbers that are told, by the name that people read."""
    names = {
        "percent": "percent agreement",
        "fleiss": "Fleiss' kappa",
        "nominal": "alpha",
        "ac1": "AC1",
        "kappa": "kappa",
    }
    if ordinal:
        names |= {"nominal": "nominal alpha", "ordinal": "ordinal alpha", "interval": "interval alpha"}
        names |= {"quadratic": "quadratic kappa"}
    return {names[name]: number for name, number in found._asdict().items() if name in names}


def _reasons(told: Mapping[str, Interval]) -> list[str]:
    """Why numbers are undefined, or have no interval."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for name, number in told.items():
        if math.isnan(number.low):
            missing = "undefined" if math.isnan(number.value) else "no interval"
            by_reason.setdefault((missing, number.method), []).append(name)
    return [f"{missing}: {', '.join(names)} ({why})" for (missing, why), names in by_reason.items()]


def _most_disputed(table: Labelled, levels: Sequence[float], ordinal: bool) -> tuple[Disputed, ...]:
    """The things on which raters differ most: by the mean squared distance of their pairs of labels where labels have an
    order, else by the share of pairs that differ. Of equals the first comes first."""
    scale = np.array(levels)
    distances = squared(scale) if ordinal else nominal(scale.size)
    together = coincidences(table.codes, scale.size)
    differ = (together * distances).sum((1, 2)) / np.maximum((table.codes >= 0).sum(1), 1)
    order = [int(place) for place in np.argsort(-differ, kind="stable")[:MOST_DISPUTED] if differ[place] > 0]
    return tuple(
        Disputed(
            thing=table.things[place],
            labels={
                rater: table.scale[code]
                for rater, code in zip(table.raters, table.codes[place], strict=True)
                if code >= 0
            },
        )
        for place in order
    )


def _nothing_shared(ratings: Sequence[Rating], criterion: str) -> str:
    """The sentence that says that nobody can be compared, and with what each rater named things."""
    by: dict[str, tuple[int, str]] = {}
    for rating in ratings:
        if (not criterion and rating.labels) or criterion in rating.labels:
            by[rating.rater] = by.get(rating.rater, (0, ""))[0] + 1, "id" if rating.by_id else "answer"
    on = f" on {criterion}" if criterion else " on the same criterion"
    if len(by) < 2:
        return f"agreement needs two raters{on if criterion else ''}, and there is {next(iter(by), 'none')}"
    told = ", ".join(f"{rater} ({n} by {key})" for rater, (n, key) in by.items())
    return f"no two raters have labelled the same thing{on}: {told}"
