"""A run's answers as the rectified statistics take them: a judge's marks of all, labels of those drawn, with chances."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from primum.stats.inputs import Codes, Floats, read_codes, read_values

OWN = 50  # labels from which a stratum has a lambda of its own
FEWEST = 20  # labels on either side of their mean, or that carry the errors: fewer show no shape
UNSEEN = 2.0  # labels with the greatest error that are added where hardly any shows one
NOTABLE = 0.05  # of the scale: smaller errors are none

Mask = npt.NDArray[np.bool_]


class Arm(NamedTuple):
    """One run's answers (n,): `marks` of the judge, `clusters` (families), `units` (what the mean is over: an item's
    answers share one), `draws` (answers with one text are drawn and labelled together), `strata` of the draw, and `known`:
    answers whose mark is right by definition. Those at `places` (k,) have `labels`, drawn with `probabilities`. Two arms
    share their codes of clusters and units, so these may have gaps."""

    marks: Floats
    places: Codes
    labels: Floats
    probabilities: Floats
    clusters: Codes
    units: Codes
    draws: Codes
    strata: Codes
    known: Mask


def make_arm(
    marks: npt.ArrayLike,
    places: npt.ArrayLike,
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    *,
    units: npt.ArrayLike | None = None,
    draws: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    known: npt.ArrayLike | None = None,
) -> Arm:
    """Return checked arrays; by default each answer is its own cluster, unit and draw, in one stratum, and none is known.

    Raises ValueError for nan, no labels, lengths that differ, places that repeat or do not exist, probabilities that are
    not above 0 and up to 1, or a known answer that is labelled.

    >>> make_arm([0, 1, 1], [1], [0], [0.5]).strata.tolist()
    [0, 0, 0]
    """
    f, y, pi = (
        read_values(given, name)
        for given, name in ((marks, "marks"), (labels, "labels"), (probabilities, "probabilities"))
    )
    n, at = f.size, np.asarray(places)
    if not at.shape == y.shape == pi.shape or at.dtype.kind not in "iu":
        raise ValueError(f"places (integers), labels and probabilities differ: {at.shape}, {y.shape}, {pi.shape}")
    if at.min() < 0 or at.max() >= n or np.unique(at).size != at.size:
        raise ValueError(f"places must be different ones of 0..{n - 1}")
    if not ((pi > 0) & (pi <= 1)).all():
        raise ValueError("probabilities must be above 0 and up to 1")
    certain = np.zeros(n, dtype=np.bool_) if known is None else np.asarray(known, dtype=np.bool_)
    if certain.shape != (n,) or certain[at].any():
        raise ValueError("known must say of each answer whether its mark is certain, and such an answer has no label")
    own = np.arange(n)
    return Arm(
        f,
        at.astype(np.int64),
        y,
        pi,
        own if clusters is None else _with_gaps(clusters, n, "clusters"),
        own if units is None else _with_gaps(units, n, "units"),
        own if draws is None else read_codes(draws, n, "draws"),
        np.zeros(n, dtype=np.int64) if strata is None else read_codes(strata, n, "strata"),
        certain,
    )


def shares_of(arm: Arm) -> Floats:
    """Return the part (n,) of each answer in the mean: units count alike, and so do the answers of a unit.

    >>> shares_of(make_arm([0, 1, 1], [1], [0], [0.5], units=[4, 4, 9])).tolist()
    [0.25, 0.25, 0.5]
    """
    sizes = np.bincount(arm.units)
    shares: Floats = 1 / (np.count_nonzero(sizes) * sizes[arm.units])
    return shares


def own_strata(arm: Arm) -> Codes:
    """Return strata (n,) 0..H-1: those with `OWN` labels, all others as one, and what is known as one.

    >>> own_strata(make_arm([0, 1, 1], [1], [0], [0.5], strata=[0, 1, 2], known=[False, False, True])).tolist()
    [0, 0, 1]
    """
    labels = np.bincount(arm.strata[arm.places], minlength=int(arm.strata.max()) + 1)
    kept = np.where(labels[arm.strata] >= OWN, arm.strata + 1, 0)
    pooled = (kept == 0) & ~arm.known
    if pooled.any() and labels[np.unique(arm.strata[pooled])].sum() == 0:  # then nothing is known of these alone
        kept = np.zeros_like(kept)
    kept[arm.known] = int(kept.max()) + 1
    numbered: Codes = np.unique(kept, return_inverse=True)[1].astype(np.int64)
    return numbered


def fewest_side(arm: Arm) -> tuple[int, float]:
    """Return how many labels lie below their mean, or above it, whichever are fewer; and as how many equal ones they
    count by their weights, (sum w)^2 / sum w^2.

    Source: Kish 1965, Survey Sampling, section 11.7.

    >>> fewest_side(make_arm(np.zeros(9), [0, 1, 2, 3, 4], [0, 0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5, 0.25]))  # 6^2 / 20
    (2, 1.8)
    """
    weights, first = weights_by_draw(arm)
    off = arm.labels[first] - arm.labels[first].mean()
    sides = [weights[side] for side in (off < -1e-12, off > 1e-12)]
    return min(side.size for side in sides), min(
        float(side.sum() ** 2 / (side @ side)) if side.size else 0.0 for side in sides
    )


def weights_by_draw(arm: Arm) -> tuple[Floats, Codes]:
    """Return the weight (d,) of each labelled draw in the mean, and one of its places among the labels (d,)."""
    _, first, draw = np.unique(arm.draws[arm.places], return_index=True, return_inverse=True)
    weights = np.bincount(draw, shares_of(arm)[arm.places] / arm.probabilities)
    return weights.astype(np.float64), first.astype(np.int64)


def carriers(arm: Arm, expected: Floats, width: float) -> float:
    """Return how many labels carry the errors: those that are off what was `expected` (n,) by a notable part of the scale's
    `width`."""
    weights, first = weights_by_draw(arm)
    errors = (arm.labels - expected[arm.places])[first]
    return count_carriers(weights * np.where(np.abs(errors) < NOTABLE * width, 0.0, errors))


def count_carriers(parts: Floats) -> float:
    """Return how many of the parts (k,) carry the sum of their squares: (sum x^2)^2 / sum x^4.

    >>> count_carriers(np.array([0.0, 2.0, -2.0, 0.0]))
    2.0
    """
    fourth = float((parts**4).sum())
    return float(parts @ parts) ** 2 / fourth if fourth > 0 else 0.0


def unseen_variance(arm: Arm, carried: float, width: float) -> float:
    """Return the variance of errors that are too rare to be seen among the labels, where so many carry those that are seen:
    up to `UNSEEN` labels of mean weight with an error of the whole scale."""
    if (arm.probabilities == 1).all():  # nothing is left to be seen
        return 0.0
    weights, _ = weights_by_draw(arm)
    weights = weights / weights.sum()
    return UNSEEN * max(0.0, 1 - carried / FEWEST) * width**2 * float((weights**2).mean())


def greatest_effect(arm: Arm) -> float:
    """Return the design effect, at least 1, if families are all alike."""
    share = shares_of(arm)
    units = np.unique(arm.units).size
    families = units * float((np.bincount(arm.clusters, share) ** 2).sum())
    draws = units * float((np.bincount(arm.draws, share) ** 2).sum())
    answers = max(1.0, share.size / arm.places.size)
    return max(1.0, ((answers - 1) * max(1.0, draws) + max(1.0, families)) / answers)


def by_unit(arm: Arm, values: Floats) -> Floats:
    """Return the mean of `values` (n,) over the answers of each unit (U,), in ascending order of the units."""
    code = np.unique(arm.units, return_inverse=True)[1]
    means: Floats = np.bincount(code, values) / np.bincount(code)
    return means


def _with_gaps(codes: npt.ArrayLike, n: int, name: str) -> Codes:
    read_codes(codes, n, name)
    return np.asarray(codes).astype(np.int64)
