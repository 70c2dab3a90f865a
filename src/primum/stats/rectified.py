"""Means and differences rectified by experts: a judge marks every answer, people label some drawn with known chances.

Of n answers with the judge's marks f, those drawn (xi = 1, chance pi) have labels Y. With any numbers m that the draw has
no part in,

    Z_i = m_i + xi_i / pi_i (Y_i - m_i)   has the mean of Y for its expectation,

whatever the judge does: a bad judge widens the interval and does not move it. So an answer that the judge could not mark
may have any f; callers give it the judge's mean.

m_i = ybar + lambda (f_i - fbar), from the labels of other families (`cross_fit`). The means in it have weights scaled to
sum to n, as in Hajek's estimator; with m = lambda f, as in Horvitz and Thompson's, the interval would be wider wherever
lambda is small and the labels lie far from 0, and would change with a constant added to all. Fitted on all labels, lambda
and the scaling make a bias of up to a fifth of a standard error where labels are few and chances unequal (simulated);
fitted on the others' they make none, and the spread is the same.

lambda is kept in 0..1: at 0 the labels stand alone; below 0 or above 1 a few labels would make sampling error into a law.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from primum.stats.arms import (
    FEWEST,
    NOTABLE,
    Arm,
    by_unit,
    carriers,
    count_carriers,
    fewest_side,
    greatest_effect,
    own_strata,
    unseen_variance,
    weights_by_draw,
)
from primum.stats.betting import betting_interval
from primum.stats.crossfit import cross_fit
from primum.stats.inputs import Bounds, Floats, check_bounds, check_level
from primum.stats.worth import labels_alone, labels_alone_by_betting

FEWEST_EQUAL = 10.0  # as how many equal ones these must count by their weights
LEAST_P = 1e-4  # by betting


class Rectified(NamedTuple):
    """A rectified mean or difference with its limits, in the units of the marks. `n` counts units, `labels` what people
    labelled; `alone` labels, drawn with equal chances, would give as narrow an interval without the judge (nan where that
    cannot be told: differences by betting). `strata` are those with a line of their own (the
    most of any arm), `lam` the judge's weight in each (nan where its marks are all alike), and `p` (of a difference) that
    of a two-sided test of 0."""

    value: float
    low: float
    high: float
    n: int
    clusters: int
    labels: int
    alone: float
    strata: int
    lam: tuple[float, ...]
    p: float
    method: str


def rectified_mean(arm: Arm, *, bounds: Bounds, level: float = 0.95) -> Rectified:
    """Return the mean of what experts would say of all answers, for a scale with these `bounds`.

    With z_g the total of (Z - value) / n over family g, of which L have labels,

        value = mean Z,   Var = L / (L - 1) sum_g z_g^2 + unseen,   value -/+ t sqrt(Var), clipped to `bounds`.

    The degrees of freedom of t are Satterthwaite's, from fourth powers, at most L - 1: heavy labels make the variance
    itself uncertain. *Unseen*: 100 labels on which judge and experts agree do not prove that they always do, so where
    fewer than 20 labels carry the errors Y - m, up to two with an error of the whole scale are added. Where all answers
    are labelled, the variance is that of `mean_interval`.

    **Fewer than 20 labels below their mean, or above it** (of a yes or no: of either answer), or so unequally weighed that
    they count for fewer than 10: the interval is by betting on the Z of units (`betting_interval`), which the heaviest 1 / pi seen bounds.
    Betting takes values as independent. Totals of families would be, but one family of seven among 811 then stretches the
    bounds of all (in simulations the intervals were four times as wide). So the limits of units are moved out from their
    mean by the greatest design effect there can be: with W answers a label, ((W - 1) d + D) / W, where D is that of
    families whose answers are all alike, d that of texts drawn together. Answers must be drawn one by one, not by families.

    The limits are for other families of the same kind (as those of `mean_interval`), not for these answers alone. Draws
    may be independent, or of a fixed size within strata, which is a little more exact than is assumed. Strata of the draw
    with 50 labels have ybar, fbar and lambda of their own, the others are pooled.
    Raises ValueError for a bad level, or labels or marks outside `bounds`.
    Source: Angelopoulos, Duchi & Zrnic 2023, arXiv:2311.01453 (lambda); Zrnic & Candes 2024, "Active statistical
    inference", ICML (pi) and "Cross-prediction-powered inference", PNAS 121(15); Sarndal, Swensson & Wretman 1992, Model
    Assisted Survey Sampling, ch. 6; Agresti & Coull 1998, Am. Stat. 52:119-126 (unseen).

    >>> from primum.stats.arms import make_arm
    >>> arm = make_arm(np.zeros(40), np.arange(40), np.repeat([0, 1], 20), np.ones(40))  # a judge who says 0 always
    >>> found = rectified_mean(arm, bounds=(0, 1))
    >>> round(found.value, 9), round(found.low, 3), found.lam  # 1/2 - t_39 = 2.0227 times sqrt(1/4 / 39)
    (0.5, 0.338, (0.0,))
    """
    return _rectified((arm,), bounds, level)


def rectified_difference(base: Arm, candidate: Arm, *, bounds: Bounds, level: float = 0.95) -> Rectified:
    """Return candidate minus base over the same units, each arm rectified by its own labels; `p` is that of no difference.

    The Z of a unit are subtracted before they are summed within families and squared, so that what an item does to both
    cancels. Each arm has its own lambda; they are chosen together, for the difference. Betting where either arm calls for
    it; p is then the least at which the interval leaves 0 out (not below 1e-4). Else as `rectified_mean`, whose `bounds`
    these are.

    Raises ValueError as `rectified_mean`, or when the arms have different units.
    """
    if not np.array_equal(np.unique(base.units), np.unique(candidate.units)):
        raise ValueError("the two arms are not of the same units: pair them first")
    return _rectified((base, candidate), bounds, level)


class _Data(NamedTuple):
    """What an interval is made of: `z` (units,), its bounds and those of the mean, the totals (G,) of z / n about the mean,
    how many families have labels, what is unseen, and lambda."""

    z: Floats
    bounds: Bounds
    limits: Bounds
    totals: Floats
    labelled: int
    unseen: float
    effect: float
    lam: tuple[float, ...]


def _rectified(arms: tuple[Arm, ...], bounds: Bounds, level: float) -> Rectified:
    check_level(level)
    for arm in arms:
        check_bounds(bounds, arm.labels, "labels")
        check_bounds(bounds, arm.marks, "marks")
    few = any(count < FEWEST or equal < FEWEST_EQUAL for count, equal in map(fewest_side, arms))
    interval = _by_betting if few else _by_t
    data = _data(arms, bounds)
    low, high = interval(data, level)
    value = float(data.z.mean())
    if few:
        method = "rectified betting"
    else:
        method = "rectified cluster-t" if data.labelled > 1 else "rectified, too few clusters"
    return Rectified(
        value=min(max(value, data.limits[0]), data.limits[1]),
        low=low,
        high=high,
        n=data.z.size,
        clusters=np.unique(arms[0].clusters).size,
        labels=sum(weights_by_draw(arm)[0].size for arm in arms),
        alone=_alone(arms, data, bounds, level, high - low, few),
        strata=max(np.unique(own_strata(arm)[~arm.known]).size for arm in arms),
        lam=data.lam,
        p=math.nan if len(arms) == 1 else _betting_p(data) if few else _t_p(data),
        method=method,
    )


def _data(arms: tuple[Arm, ...], bounds: Bounds) -> _Data:
    expected, lams = cross_fit(arms, bounds)
    width = bounds[1] - bounds[0]
    single = len(arms) == 1
    values, least, most, effect = [], [], [], 1.0
    for arm, m in zip(arms, expected, strict=True):
        z = m.copy()
        z[arm.places] += (arm.labels - m[arm.places]) / arm.probabilities
        heaviest = float(1 / arm.probabilities.min())
        values.append(by_unit(arm, z))
        least.append(float(np.minimum(bounds[0], m - heaviest * (m - bounds[0])).min()))
        most.append(float(np.maximum(bounds[1], m + heaviest * (bounds[1] - m)).max()))
        effect = max(effect, greatest_effect(arm))
    z = values[0] if single else values[1] - values[0]
    carried = min(carriers(arm, m, width) for arm, m in zip(arms, expected, strict=True))
    if not single:  # items that labels of both arms find unchanged tell nothing of those that change
        of_both = [np.isin(np.unique(arm.units), arm.units[arm.places]) for arm in arms]
        moved = z[of_both[0] | of_both[1]] / max(z.size / of_both[0].sum(), 1)
        carried = min(carried, count_carriers(np.where(np.abs(moved) < NOTABLE * width, 0.0, moved)))
    families = by_unit(arms[0], arms[0].clusters.astype(np.float64)).astype(np.int64)
    return _Data(
        z=z,
        bounds=(least[0], most[0]) if single else (least[1] - most[0], most[1] - least[0]),
        limits=bounds if single else (-width, width),
        totals=np.bincount(families, (z - z.mean()) / z.size).astype(np.float64),
        labelled=np.unique(np.concatenate([arm.clusters[arm.places] for arm in arms])).size,
        unseen=sum(unseen_variance(arm, carried, width) for arm in arms),
        effect=effect,
        lam=tuple(float(x) for lam in lams for x in lam),
    )


def _by_t(data: _Data, level: float) -> tuple[float, float]:
    if data.labelled < 2:
        return data.limits
    error, df = _error(data)
    half = float(stdtrit(df, (1 + level) / 2)) * error
    value = float(data.z.mean())
    return max(value - half, data.limits[0]), min(value + half, data.limits[1])


def _error(data: _Data) -> tuple[float, float]:
    """Return the standard error and its degrees of freedom."""
    squares = float(data.totals @ data.totals)
    doubt = float((data.totals**4).sum()) - squares**2 / data.labelled
    most = data.labelled - 1.0
    df = most if 2 * squares**2 >= most * doubt else max(1.0, 2 * squares**2 / doubt)
    return math.sqrt(data.labelled / most * squares + data.unseen), df


def _t_p(data: _Data) -> float:
    if data.labelled < 2:
        return 1.0
    error, df = _error(data)
    value = abs(float(data.z.mean()))
    return 2 * float(stdtr(df, -value / error)) if error > 0 else float(value == 0)


def _by_betting(data: _Data, level: float) -> tuple[float, float]:
    least, most = data.bounds
    value = float(data.z.mean())
    low, high = betting_interval(np.clip((data.z - least) / (most - least), 0, 1), level=level)
    ends = [value + data.effect * (least + (most - least) * limit - value) for limit in (low, high)]
    inside = min(max(value, data.limits[0]), data.limits[1])
    return min(max(ends[0], data.limits[0]), inside), max(min(ends[1], data.limits[1]), inside)


def _betting_p(data: _Data) -> float:
    """Return the least p at which 0 lies outside, found by halving between `LEAST_P` and 1."""
    low, high = math.log(LEAST_P), 0.0
    for _ in range(12):
        middle = (low + high) / 2
        limits = _by_betting(data, 1 - math.exp(middle))
        low, high = (middle, high) if limits[0] <= 0 <= limits[1] else (low, middle)
    return math.exp(high)


def _alone(arms: tuple[Arm, ...], data: _Data, bounds: Bounds, level: float, width: float, few: bool) -> float:
    if few:
        return labels_alone_by_betting(arms[0], width, data.effect, bounds, level) if len(arms) == 1 else math.nan
    return labels_alone(arms, _error(data)[0] ** 2) if data.labelled > 1 else math.nan
