"""Score limits of the mean of bounded values: Wilson's limits of a rate and Tango's of paired rates are two cases of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from primum.stats.inputs import Bounds, Floats, check_bounds, read_values

_STEPS = 60  # halvings of an interval of length 1: far below the rounding of a mean


def score_limits(
    values: npt.ArrayLike, *, bounds: Bounds, alpha: float, size: float | None = None
) -> tuple[float, float]:
    """Return the score limits (low, high) of the mean of `values` (n,), each one-sided at 1 - `alpha`, within `bounds`.

    The upper limit is the greatest mean m that the score test does not reject,

        (m - mean) / sqrt(V(m) / size) = z,    z the normal quantile of 1 - alpha,

    where V(m) is the variance of the distribution on the observed values and the upper bound that is likeliest to give
    these values among those with the mean m: p_i proportional to n_i / (1 - t (x_i - mean)), and, where that does not
    reach m, the rest at the bound. The lower limit mirrors it. `size` (default n) is an effective number of independent
    values. The limits never collapse: n equal values x give x .. x + (bound - x) z^2 / (size + z^2).

    For values 0 and 1 within (0, 1) it is Wilson's interval; for differences -1, 0, 1 within (-1, 1) Tango's. It keeps
    its level where few values lie far on one side, and may fall short where many do: see `one_sided_limits`.

    Raises ValueError for no values, nan or infinity, values outside `bounds`, and unless 0 < alpha < 1 and size > 0.
    Source: Tango 1998, Stat. Med. 17:891-908 (three values); Owen 2001, Empirical Likelihood, ch. 2 (the weights);
    Cappe et al. 2013, Ann. Stat. 41:1516-1541 (the mass at the bound).

    >>> low, high = score_limits([-1] + [0] * 43, bounds=(-1, 1), alpha=0.05)
    >>> round(low, 3), round(high, 3)  # Tango 1998, 90% interval of 43, 0, 1, 0: -0.096 to 0.037
    (-0.096, 0.037)
    """
    numbers = read_values(values)
    check_bounds(bounds, numbers)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")
    size = float(numbers.size) if size is None else size
    if not (size > 0 and math.isfinite(size)):
        raise ValueError(f"size must be a positive number of values, not {size}")
    levels, counts = np.unique(numbers, return_counts=True)
    shares = counts / numbers.size
    z = float(ndtri(1 - alpha))
    low = -_upper(-levels[::-1], shares[::-1], -bounds[0], size, z)
    return low, _upper(levels, shares, bounds[1], size, z)


def _upper(levels: Floats, shares: Floats, bound: float, size: float, z: float) -> float:
    """Return the upper limit, for k different `levels` (k,), ascending, with their `shares` (k,)."""
    mean = float(shares @ levels)
    if mean >= bound:
        return bound

    def tilted(t: float) -> tuple[float, float]:
        weights = shares / (1 - t * (levels - mean))
        return _moments(levels, weights / weights.sum())

    most = 1 / (bound - mean)
    if levels[-1] < bound and _score(tilted(most), mean, size) < z:
        # The likeliest distribution has mass at the bound, and keeps its shape below it.
        weights = shares / (bound - levels)
        below, spread = _moments(levels, weights / weights.sum())

        def mixed(q: float) -> tuple[float, float]:
            return below + q * (bound - below), (1 - q) * (spread + q * (bound - below) ** 2)

        return mixed(_root(lambda q: _score(mixed(q), mean, size) < z))[0]
    return tilted(most * _root(lambda share: _score(tilted(most * share), mean, size) < z))[0]


def _moments(levels: Floats, weights: Floats) -> tuple[float, float]:
    mean = float(weights @ levels)
    return mean, float(weights @ (levels - mean) ** 2)


def _score(moments: tuple[float, float], mean: float, size: float) -> float:
    """Return the score statistic of a distribution's mean and variance against the observed mean."""
    there, variance = moments
    if variance <= 0:
        return math.inf if there > mean else 0.0
    return (there - mean) / math.sqrt(variance / size)


def _root(inside: Callable[[float], bool]) -> float:
    """Return where `inside`, true at 0 and false at 1, becomes false."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) else (low, middle)
    return high if high < 1 else low
