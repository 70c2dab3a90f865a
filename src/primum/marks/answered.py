"""The answers that a rectified number is over: a judge's marks and people's labels as arrays."""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt

from primum.marks import GROUPS
from primum.marks.part import Part, headline_part
from primum.measures import Measure
from primum.records import Kind
from primum.stats.arms import Arm, make_arm
from primum.stats.inputs import Codes, Floats
from primum.stats.rectified import Rectified

Mask = npt.NDArray[np.bool_]

FEWEST_IN_GROUP = 50  # labels: a group with fewer has no rectified number of its own
MOST_OFF = 4.0  # standard errors by which the answers that the draw stands for may differ from those there are
SLACK = 0.05


class Answered(NamedTuple):
    """The answers (n,) that one number is over, by one judge. `marks` are the judge's as the number takes them, its mean
    where it gave none; `labels` the mean of the raters', nan where there is none; `known` are marks by definition (what a
    provider withheld). Of what was `drawn` for labelling, `chances` are the probabilities and `answering` the shares of the
    stratum that were labelled; `draws` numbers answers with one text together. `home` is the stratum, where it is known."""

    items: list[str]
    marks: Floats
    known: Mask
    labels: Floats
    drawn: Mask
    chances: Floats
    answering: Floats
    draws: Codes
    home: Codes
    clusters: Codes
    headline: Mask
    groups: dict[str, Codes]

    @property
    def labelled(self) -> Mask:
        """Which answers have a label that can be weighed."""
        return self.drawn & ~np.isnan(self.labels)

    def label_count(self, inside: Mask) -> int:
        """How many texts of a part people have labelled."""
        return int(np.unique(self.draws[self.labelled & inside]).size)


def read_answered(
    tables: duckdb.DuckDBPyConnection, suite: str, judge: str, measure: Measure, kinds: tuple[Kind, ...]
) -> Answered:
    """The answers of one measure with a judge's marks and people's labels."""
    part = Part(kinds, suite)
    own = measure.sql.replace("value", "m.value")
    rows = tables.execute(
        f"""select items.id, cluster, aside, {", ".join(f"enum_code({name}) as {name}_code" for name in GROUPS)},
            {own}::DOUBLE as mark, m.value as raw, failure is not null as known, d.hash, d.stratum, d.probability, e.label
        from responses r join items using (i)
        left join marks m on m.response_id = r.id and m.judge = ? and m.criterion = ?
        left join drawn d on d.response_id = r.id and d.criterion = ?
        left join (select response_id, avg({measure.sql}) as label from experts where criterion = ? group by 1) e
            on e.response_id = r.id
        where {part.where} and (failure is null or failure = 'filtered' and m.value is not null)
        order by i, r.sample""",
        [judge, *[measure.criterion.value] * 3, *part.values],
    ).fetchnumpy()
    known = np.asarray(rows["known"], dtype=np.bool_)
    marks, raw, chances, labels = (_floats(rows[name]) for name in ("mark", "raw", "probability", "label"))
    lowest = 0.0 if measure.is_rate else measure.lowest
    drawn = ~np.isnan(chances)
    strata = _texts(rows["stratum"], drawn)
    n, given = marks.size, ~np.isnan(marks)
    apart = headline_part(tables, part).headline
    return Answered(
        items=[str(name) for name in rows["id"]],
        marks=np.where(given, marks, marks[given].mean() if given.any() else lowest),
        known=known,
        labels=labels,
        drawn=drawn,
        chances=chances,
        answering=_answering(drawn, ~np.isnan(labels), strata),
        draws=_numbered(np.where(drawn, _texts(rows["hash"], drawn), [f"-{i}" for i in range(n)])),
        home=_home(raw, strata, drawn),
        clusters=np.asarray(rows["cluster"], dtype=np.int64),
        headline=~np.asarray(rows["aside"], dtype=np.bool_) if apart else np.ones(n, dtype=np.bool_),
        groups={name: np.asarray(rows[f"{name}_code"], dtype=np.int64) for name in GROUPS},
    )


def uncovered(answered: Answered, inside: Mask) -> float | None:
    """How many answers of a part the draw stands for, where that is plainly not how many there are: then some had no chance
    of being drawn, or the probabilities are not what they should be."""
    drawn, n = answered.drawn & inside, int((inside & ~answered.known).sum())
    weights = 1 / answered.chances[drawn]
    by_draw = np.bincount(_numbered(answered.draws[drawn]), weights)
    chance = np.bincount(_numbered(answered.draws[drawn]), answered.chances[drawn]) / np.bincount(
        _numbered(answered.draws[drawn])
    )
    error = float(np.sqrt(((1 - chance) * by_draw**2).sum()))
    total = float(weights.sum())
    return total if abs(total - n) > MOST_OFF * error + SLACK * n else None


def arm_of(answered: Answered, inside: Mask, units: Codes | None = None, clusters: Codes | None = None) -> Arm:
    """The answers of a part as the statistics take them; `units` and `clusters` (n,) where other codes than the run's are
    wanted."""
    labelled = answered.labelled[inside]
    places = np.flatnonzero(labelled)
    return make_arm(
        answered.marks[inside],
        places,
        answered.labels[inside][places],
        np.minimum(1.0, (answered.chances * answered.answering)[inside][places]),
        (answered.clusters if clusters is None else clusters)[inside],
        units=None if units is None else units[inside],
        draws=_numbered(answered.draws[inside]),
        strata=_numbered(answered.home[inside]),
        known=answered.known[inside],
    )


def labels_saved(found: Rectified) -> int | None:
    """How many labels more (or, below 0, fewer) would do without the judge; None where that cannot be told."""
    return None if np.isnan(found.alone) else round(found.alone) - found.labels


def method_of(found: Rectified) -> str:
    """The method with the judge's weight, e.g. `rectified cluster-t, lambda 0.74`; strata in which the judge says one thing
    only have none."""
    weights = [lam for lam in found.lam if not np.isnan(lam)]
    parts = [found.method, *([f"{found.strata} strata"] if found.strata > 1 else [])]
    if weights:
        low, high = f"{min(weights):.2f}", f"{max(weights):.2f}"
        parts.append(f"lambda {low if low == high else f'{low} to {high}'}")
    return ", ".join(parts)


def _answering(drawn: Mask, labelled: Mask, strata: npt.NDArray[np.object_]) -> Floats:
    """The share (n,) of each stratum's drawn answers that were labelled; 1 where none was drawn."""
    shares = np.ones(drawn.size)
    codes = _numbered(strata[drawn])
    shares[drawn] = (np.bincount(codes, labelled[drawn]) / np.bincount(codes))[codes]
    return shares


def _home(raw: Floats, strata: npt.NDArray[np.object_], drawn: Mask) -> Codes:
    """The stratum (n,) of every answer, where the judge's mark tells it: each mark lies in one stratum throughout what was
    drawn. Else all are in one. A mark that was never drawn has no stratum of its own."""
    found: dict[float | None, str] = {}
    keys = [None if np.isnan(value) else float(value) for value in raw]
    for key, name in ((keys[i], str(strata[i])) for i in np.flatnonzero(drawn)):
        if found.setdefault(key, name) != name:
            return np.zeros(raw.size, dtype=np.int64)
    return _numbered(np.array([found.get(key, "") for key in keys], dtype=np.str_))


def _numbered(codes: npt.NDArray[np.generic]) -> Codes:
    numbered: Codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    return numbered


def _floats(values: npt.NDArray[np.generic]) -> Floats:
    return np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)


def _texts(values: npt.NDArray[np.generic], there: Mask) -> npt.NDArray[np.object_]:
    return np.array([str(value) if kept else "" for value, kept in zip(values, there, strict=True)], dtype=np.object_)
