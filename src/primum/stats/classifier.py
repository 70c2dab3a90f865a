"""How well a classifier's probabilities fit known labels: accuracy, kappa, AUC, Brier score, calibration error.

Labels are codes 0..k-1, the places of the scale's k levels in their order. Intervals are percentiles of a bootstrap of whole
families, so that answers to one request do not pass for independent. What is undefined is nan, never 0 or 1.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from primum.stats.agreement import cohen_kappa, ratio
from primum.stats.inputs import Codes, Floats
from primum.stats.interval import Interval
from primum.stats.rates import rate_interval

LEAST_FAMILIES = 10  # for an interval
BINS = 10
_CHUNK = 2_000_000  # weights held at once, 16 MB


class Bin(NamedTuple):
    """The answers whose confidence lies in one tenth: their number, mean confidence, and the share that is right with its
    95% limits (Wilson's, at the effective number of answers where families have several)."""

    n: int
    confidence: float
    right: float
    low: float
    high: float


class Fit(NamedTuple):
    """How probabilities fit labels, each with its interval, and the bins of the reliability plot."""

    accuracy: Interval
    kappa: Interval
    auc: Interval
    brier: Interval
    ece: Interval
    bins: list[Bin]


def fit_of(
    labels: Codes,
    probabilities: Floats,
    families: Codes,
    decided: Codes,
    distances: Floats,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
) -> Fit:
    """How `probabilities` (n, k) fit `labels` (n,), where `decided` (n,) is what the classifier says.

    Accuracy: the share with decided = label. Kappa: Cohen's of decided and label, weighted by `distances` (k, k): 1 off the
    diagonal, or squared distances of levels. AUC: of k = 2 the chance that an answer of the second level has the
    higher probability of it than one of the first (ties half); of more levels the mean over those that occur, each against
    the rest. Brier: mean over answers of sum_j (p_j - y_j)^2, halved, so 0..1 (for k = 2 the usual one). ECE:
    sum over ten equal bins of confidence p(decided) of share x |right - mean confidence|.

    Intervals at 95% from `resamples` draws of whole families; nan limits for fewer than 10 families. ECE is biased upwards:
    a calibrated classifier's is above 0, and a resample adds as much again. So its limits are the percentiles mirrored at
    the value (basic bootstrap), and the lower one is 0 where a calibrated classifier could have that value: unless it is
    above 97.5% of what the same residuals give under random signs of whole families (wild bootstrap). In simulations with
    40 to 1,000 families this held the true ECE in 87 to 97% of the cases, and the other intervals in 92 to 95%.

    Raises ValueError for lengths that differ or n = 0.
    Source: Brier 1950, Mon. Weather Rev. 78:1-3; ECE: Naeini, Cooper, Hauskrecht 2015 (AAAI), eq. 2, on top labels as in
    Guo et al. 2017 (ICML), eq. 3; AUC: Hanley & McNeil 1982, Radiology 143:29-36; basic bootstrap: Davison & Hinkley 1997,
    Bootstrap Methods, section 2.4; wild: Cameron, Gelbach, Miller 2008, Rev. Econ. Stat. 90:414-427.
    """
    n, k = probabilities.shape
    if not n or {labels.size, families.size, decided.size} != {n}:
        raise ValueError(
            f"{n} probabilities for {labels.size} labels, {decided.size} decisions, {families.size} families"
        )
    right = (decided == labels).astype(np.float64)
    errors = ((probabilities - np.eye(k)[labels]) ** 2).sum(1) / 2
    confidence = probabilities[np.arange(n), decided]
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    table = np.zeros((n, k * k))
    table[np.arange(n), labels * k + decided] = 1
    inside = np.eye(BINS)[place]

    def gap(weights: Floats) -> Floats:
        return ratio(np.abs((weights * (right - confidence)) @ inside).sum(-1), weights.sum(-1))

    def kappa(weights: Floats) -> Floats:
        return cohen_kappa((weights @ table).reshape(*weights.shape[:-1], k, k), distances)

    def mean(values: Floats) -> Callable[[Floats], Floats]:
        return lambda weights: ratio(weights @ values, weights.sum(-1))

    measures = (mean(right), kappa, lambda weights: _auc(labels, probabilities, weights), mean(errors), gap)
    accuracy, kappas, areas, brier, ece = _intervals(measures, families, rng, resamples)
    if ece.low < ece.high:
        signs = rng.choice((-1.0, 1.0), size=(resamples, ece.clusters))
        sums = np.zeros((ece.clusters, BINS))
        np.add.at(sums, (families, place), right - confidence)
        ece = _mirrored(ece, np.abs(signs @ sums).sum(1) / n)
    return Fit(accuracy, kappas, areas, brier, ece, _bins(place, confidence, right, families))


def auc(labels: Codes, probabilities: Floats) -> float:
    """The area under the ROC curve, as in `fit_of`.

    >>> auc(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]))
    0.75
    """
    return float(_auc(labels, probabilities, np.ones((1, labels.size)))[0])


def _auc(labels: Codes, probabilities: Floats, weights: Floats) -> Floats:
    """AUC (...) under `weights` (..., n)."""
    k = probabilities.shape[1]
    levels = [1] if k == 2 else range(k)
    found = np.stack([_auc_of(labels == level, probabilities[:, level], weights) for level in levels])
    there = ~np.isnan(found)
    return ratio(np.where(there, found, 0).sum(0), there.sum(0))


def _auc_of(positive: npt.NDArray[np.bool_], scores: Floats, weights: Floats) -> Floats:
    order = np.argsort(scores, kind="stable")
    ties = np.flatnonzero(np.diff(scores[order], prepend=-np.inf) > 0)
    ordered = weights[..., order]
    above = np.add.reduceat(ordered * positive[order], ties, axis=-1)
    below = np.add.reduceat(ordered * ~positive[order], ties, axis=-1)
    won = above * (np.cumsum(below, axis=-1) - below / 2)
    return ratio(won.sum(-1), above.sum(-1) * below.sum(-1))


def _intervals(
    measures: tuple[Callable[[Floats], Floats], ...], families: Codes, rng: np.random.Generator, resamples: int
) -> list[Interval]:
    n = families.size
    g = int(families.max()) + 1
    values = [float(measure(np.ones((1, n)))[0]) for measure in measures]
    draws: list[list[Floats]] = [[] for _ in measures]
    rows = max(1, _CHUNK // n)
    for start in range(0, resamples if g >= LEAST_FAMILIES else 0, rows):
        drawn = rng.multinomial(g, np.full(g, 1 / g), size=min(rows, resamples - start))
        weights = drawn.astype(np.float64)[:, families]
        for found, measure in zip(draws, measures, strict=True):
            found.append(measure(weights))
    return [_interval(value, found, n, g) for value, found in zip(values, draws, strict=True)]


def _interval(value: float, found: list[Floats], n: int, g: int) -> Interval:
    if not found or np.isnan(value):
        return Interval(value, np.nan, np.nan, n, g, "too few families" if not found else "undefined")
    draws = np.concatenate(found)
    if np.isnan(draws).mean() > 0.05:
        return Interval(value, np.nan, np.nan, n, g, "undefined in too many resamples")
    low, high = np.quantile(draws[~np.isnan(draws)], (0.025, 0.975))
    if low == high:
        return Interval(value, np.nan, np.nan, n, g, "no resample differs")
    return Interval(value, float(low), float(high), n, g, "family bootstrap")


def _mirrored(ece: Interval, calibrated: Floats) -> Interval:
    """The interval from that of the percentiles and from values (B,) that a calibrated classifier could have."""
    low = 0.0 if ece.value <= np.quantile(calibrated, 0.975) else max(0.0, 2 * ece.value - ece.high)
    high = min(1.0, max(ece.value, 2 * ece.value - ece.low))
    return ece._replace(low=low, high=high, method="mirrored family bootstrap")


def _bins(place: Codes, confidence: Floats, right: Floats, families: Codes) -> list[Bin]:
    bins = []
    for number in range(BINS):
        inside = place == number
        n = int(inside.sum())
        if n:
            share = rate_interval(right[inside], families[inside])
            bins.append(Bin(n, float(confidence[inside].mean()), share.value, share.low, share.high))
    return bins
