"""Prediction-powered mean as published: labels of some, marks of them and of others, one weight for the marks."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from primum.stats.inputs import Floats, check_level, read_values


class PredictionPowered(NamedTuple):
    """A mean with its limits, in the units of the labels, and lambda, the weight of the judge's marks (0..1)."""

    value: float
    low: float
    high: float
    lam: float


def ppi_mean(
    labels: npt.ArrayLike,
    marks: npt.ArrayLike,
    unlabelled: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    unlabelled_weights: npt.ArrayLike | None = None,
    lam: float | None = None,
    level: float = 0.95,
) -> PredictionPowered:
    """Return the mean of which `labels` Y (n,) are a random sample, with the help of a judge's marks f: `marks` (n,) of the
    labelled and `unlabelled` (m,) of others from the same source.

        value = lambda mean(f') + mean(Y - lambda f),   Var = lambda^2 var(f') / m + var(Y - lambda f) / n,

    and value -/+ z sqrt(Var). Without `lam` it is tuned: lambda = cov(Y, f) / ((1 + n / m) var(f, f' together)), clipped to
    0..1. `weights` (n,) and `unlabelled_weights` (m,) are scaled to a mean of 1. This is the published form, kept to check
    the one that runs (rectified.py), which takes families, a known chance for each label and rare classes into account.

    Raises ValueError for no values, unequal lengths, nan, negative weights or weights that sum to 0, or a bad level.
    Source: Angelopoulos, Duchi & Zrnic 2023, "PPI++: Efficient Prediction-Powered Inference", arXiv:2311.01453, sections 3
    and 6; Angelopoulos et al. 2023, Science 382:669-674.

    >>> found = ppi_mean([1, 0, 1, 1], [1, 0, 1, 0], [1, 0, 0, 1], lam=1)
    >>> found.value  # 1/2 + mean of 0, 0, 0, 1
    0.75
    """
    check_level(level)
    y, f, others = (read_values(x, n) for x, n in ((labels, "labels"), (marks, "marks"), (unlabelled, "unlabelled")))
    if y.size != f.size:
        raise ValueError(f"there are {y.size} labels and {f.size} marks of what was labelled")
    w = _weights(weights, y.size, "weights")
    v = _weights(unlabelled_weights, others.size, "unlabelled_weights")
    if lam is None:
        lam = _tuned(w * (y - _mean(y, f, others, w, v, 1)), w * f, v * others, (w, v), _mean(y, f, others, w, v, 1))
    value = _mean(y, f, others, w, v, lam)
    spread = float((v * lam * others).var()) / others.size + float((w * (y - lam * f)).var()) / y.size
    half = float(ndtri((1 + level) / 2)) * math.sqrt(spread)
    return PredictionPowered(value, value - half, value + half, lam)


def _mean(y: Floats, f: Floats, others: Floats, w: Floats, v: Floats, lam: float) -> float:
    return float((v * lam * others).mean() + (w * (y - lam * f)).mean())


def _tuned(y: Floats, f: Floats, others: Floats, weights: tuple[Floats, Floats], centre: float) -> float:
    """Return lambda from the weighted deviations of the labels and the weighted marks."""
    first, second = f - weights[0] * centre, others - weights[1] * centre
    spread = float(np.concatenate([first, second]).var(ddof=1)) if first.size + second.size > 1 else 0.0
    if spread == 0:
        return 0.0
    together = float(((y - y.mean()) * (first - first.mean())).mean())
    return float(np.clip(together / ((1 + y.size / others.size) * spread), 0, 1))


def _weights(given: npt.ArrayLike | None, n: int, name: str) -> Floats:
    if given is None:
        return np.ones(n)
    weights = read_values(given, name)
    if weights.size != n or (weights < 0).any() or not weights.sum() > 0:
        raise ValueError(f"{name} must be {n} numbers of 0 or more that do not sum to 0")
    scaled: Floats = weights / weights.mean()
    return scaled
