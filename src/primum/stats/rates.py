"""Intervals for a rate: Wilson's score interval, on the effective sample size when items come in clusters."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from primum.stats.inputs import check_level, read_codes, read_values
from primum.stats.interval import Interval
from primum.stats.moments import cluster_moments


def wilson(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval (low, high) for a binomial rate, within 0..1.

    With p = successes / n and z the two-sided normal quantile, the limits are the roots of
    (p - x)^2 = z^2 x (1 - x) / n. Both counts may be fractional (an effective sample size). Never of zero
    width: no event in n gives 0 .. z^2 / (n + z^2).

    Raises ValueError unless n > 0, 0 <= successes <= n and 0 < level < 1.
    Source: Wilson 1927, JASA 22:209-212; recommended by Brown, Cai & DasGupta 2001, Stat. Sci. 16:101-133,
    whose figures show coverage that oscillates around the level and dips for p near 0 or 1.

    >>> [round(limit, 4) for limit in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    check_level(level)
    if not (n > 0 and math.isfinite(n)):
        raise ValueError(f"n must be a positive number of items, not {n}")
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and n = {n}, not {successes}")
    z2 = float(ndtri((1 + level) / 2)) ** 2
    p = successes / n
    centre = p + z2 / (2 * n)
    half = math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))
    scale = 1 + z2 / n
    # The exact limits at the ends are 0 and 1; the subtraction would leave rounding there.
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if successes == n else min(1.0, (centre + half) / scale)
    return low, high


def rate_interval(successes: npt.ArrayLike, clusters: npt.ArrayLike | None = None, *, level: float = 0.95) -> Interval:
    """Return the share of ones in `successes` (n,) of 0 and 1, with a Wilson interval within 0..1.

    `clusters` are (n,) integer codes of independent units (default: each item its own). With G clusters,
    some of several items, the interval is Wilson's at the effective sample size

        n_eff = n / deff x (t_{n-1} / t_{G-1})^2,   deff = max(1, V_cluster / V_binomial),

    where V_cluster = G/(G-1) sum_g u_g^2 / n^2 (u_g the cluster's total of residuals), V_binomial =
    p (1-p) / (n-1), and the ratio of t quantiles pays for a variance known from G clusters only. Where deff
    cannot be estimated (p is 0 or 1, or G = 1) the clusters count as one item each: n_eff = G, the worst
    case of identical items within each cluster. `method` is "wilson" or "wilson, effective n".

    Assumes independent clusters, drawn alike; with fewer than about ten, or rates near 0 or 1, coverage
    depends on the correlation and may fall below the level.
    Raises ValueError for no items, values other than 0 and 1, bad codes or level.
    Source: Korn & Graubard 1998, Survey Methodology 24:193-201 (effective n and its correction for the
    degrees of freedom, used there with Clopper-Pearson's interval); `wilson` for the rest.

    >>> rate = rate_interval([1, 1, 0, 0, 0, 0, 1, 0, 0, 0])
    >>> rate.value, round(rate.low, 3), round(rate.high, 3)
    (0.3, 0.108, 0.603)
    """
    check_level(level)
    ones = read_values(successes, "successes")
    if not ((ones == 0) | (ones == 1)).all():
        raise ValueError("successes must be 0 or 1")
    n = ones.size
    codes = None if clusters is None else read_codes(clusters, n, "clusters")
    moments = cluster_moments(ones, np.zeros(n, dtype=np.int64), codes)
    g = int(moments.clusters[0])
    count = float(ones.sum())
    p = count / n
    if g == n:
        low, high = wilson(count, n, level)
        return Interval(p, low, high, n, g, "wilson")
    if g == 1 or count in (0, n):
        size = float(g)
    else:
        deff = max(1.0, g / (g - 1) * float(moments.squares[0]) / n**2 / (p * (1 - p) / (n - 1)))
        tail = (1 + level) / 2
        size = n / deff * float(stdtrit(n - 1, tail) / stdtrit(g - 1, tail)) ** 2
    low, high = wilson(size if count == n else p * size, size, level)
    return Interval(p, low, high, n, g, "wilson, effective n")
