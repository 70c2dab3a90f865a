"""Intervals for a mean over clusters within fixed strata: cluster-robust t, and the BCa bootstrap."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtrit

from primum.stats.inputs import Bounds, Codes, Floats, check_bounds, check_level, read_codes, read_values
from primum.stats.interval import Interval
from primum.stats.moments import Moments, cluster_moments, sums_by_code
from primum.stats.rates import wilson

_CHUNK = 250_000  # draws held at once, about 2 MB an array: small enough to stay in cache
_MOST_CLUSTERS = 10_000


def mean_interval(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    *,
    bounds: Bounds | None = None,
    level: float = 0.95,
) -> Interval:
    """Return the mean of `values` (n,) with a cluster-robust t interval, in the units of the values.

    `clusters` and `strata` are (n,) integer codes: independent units (default: each item its own) and fixed
    strata (default: one). With G clusters, H strata and u_g the total over cluster g of the residuals from
    the means of their strata,

        Var = G / (G - H) x sum_g u_g^2 / n^2,   mean -/+ t_{G-H} sqrt(Var),

    clipped to `bounds` (the least and greatest possible value). H = 1 is the CR1 sandwich with G - 1 degrees
    of freedom; singletons give Student's interval.

    Assumes independent clusters, strata and their shares fixed by design, and one factor G / (G - H) for all
    strata, so variances of alike size or strata of alike many clusters. The t limits are approximate: they
    fall short for few clusters, clusters of unequal size and skewed values. Simulated coverage of 95% limits:
    94.8% for 100 clusters of 1-3 scores, 94.5% for 9 strata of 12 clusters, 91.8% for 9 strata of 3, 91% for
    10 clusters, 88% for 30 scores of which 85% are 1.

    Degenerate cases, named by `method` instead of "cluster-t" or "stratified cluster-t":
    "too few clusters" (G < 2 or G <= H): the limits are `bounds`, or nan without them;
    "zero variance" (all u_g are 0): data without spread do not prove certainty. With `bounds`, the share of
    clusters that could differ unseen is at most w = Wilson's upper limit for 0 events in G clusters; each
    limit moves by w x (greatest - least), clipped to `bounds`. Without bounds the limits are nan.

    Raises ValueError for no values, nan or infinity, values outside `bounds`, bad codes or level.
    Source: Liang & Zeger 1986, Biometrika 73:13-22; Cameron & Miller 2015, J. Hum. Resour. 50:317-372
    (sections II and VI); for fixed strata Cochran 1977, Sampling Techniques, ch. 5.

    >>> result = mean_interval([1, 2, 4, 5], clusters=[0, 0, 1, 2])
    >>> result.value, result.clusters, result.method
    (3.0, 3, 'cluster-t')
    >>> round(result.low, 3), round(result.high, 3)  # 3 -/+ t_2 = 4.3027 times sqrt(3/2 x 14) / 4
    (-1.929, 7.929)
    """
    check_level(level)
    numbers = read_values(values)
    check_bounds(bounds, numbers)
    n = numbers.size
    cluster = None if clusters is None else read_codes(clusters, n, "clusters")
    stratum = None if strata is None else read_codes(strata, n, "strata")
    moments = cluster_moments(numbers, np.zeros(n, dtype=np.int64), cluster, stratum)
    return t_intervals(moments, bounds=bounds, level=level)[0]


def t_intervals(moments: Moments, *, bounds: Bounds | None, level: float) -> list[Interval]:
    """Return the interval of `mean_interval` for each of the (k,) rows of `moments`.

    >>> row = cluster_moments(np.array([1.0, 2.0, 3.0]), np.zeros(3, dtype=np.int64))
    >>> interval = t_intervals(row, bounds=None, level=0.95)[0]
    >>> round(interval.low, 3), round(interval.high, 3)  # 2 -/+ 4.303 / sqrt(3)
    (-0.484, 4.484)
    """
    return [_t_interval(moments, row, bounds, level) for row in range(moments.n.size)]


def _t_interval(moments: Moments, row: int, bounds: Bounds | None, level: float) -> Interval:
    degenerate = _degenerate(moments, row, bounds, level)
    if degenerate is not None:
        return degenerate
    n, g, h = int(moments.n[row]), int(moments.clusters[row]), int(moments.strata[row])
    error = math.sqrt(g / (g - h) * float(moments.squares[row])) / n
    half = float(stdtrit(g - h, (1 + level) / 2)) * error
    mean = float(moments.mean[row])
    method = "cluster-t" if h == 1 else "stratified cluster-t"
    return _clipped(Interval(mean, mean - half, mean + half, n, g, method), bounds)


def _degenerate(moments: Moments, row: int, bounds: Bounds | None, level: float) -> Interval | None:
    """Return the interval where the spread between clusters is unknown or nil, None where it is neither."""
    n, g, h = int(moments.n[row]), int(moments.clusters[row]), int(moments.strata[row])
    mean = float(moments.mean[row])
    if g <= h:  # h >= 1, so this holds for a single cluster too
        low, high = bounds or (math.nan, math.nan)
        return _clipped(Interval(mean, low, high, n, g, "too few clusters"), bounds)
    if moments.flat[row]:
        width = math.nan if bounds is None else (bounds[1] - bounds[0]) * wilson(0, g, level)[1]
        return _clipped(Interval(mean, mean - width, mean + width, n, g, "zero variance"), bounds)
    return None


def _clipped(interval: Interval, bounds: Bounds | None) -> Interval:
    if bounds is None:
        return interval
    # The mean as well: summing many equal values can step over the bound by one rounding.
    value, low, high = (min(max(x, bounds[0]), bounds[1]) for x in interval[:3])
    return interval._replace(value=float(value), low=float(low), high=float(high))


def bca_interval(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    bounds: Bounds | None = None,
    level: float = 0.95,
) -> Interval:
    """Return the mean of `values` (n,) with a bias-corrected accelerated bootstrap interval over clusters.

    Whole clusters are drawn with replacement, within each stratum at its share n_h / n of the items when
    every cluster lies in one stratum, and without strata when one spans several. With B = `resamples` means,
    z0 = Phi^-1(share below the mean, ties half), a the acceleration, the limits are the quantiles of the
    resampled means at Phi(z0 + (z0 + z) / (1 - a (z0 + z))) for z = -/+ the two-sided normal quantile.
    a = sum U^3 / (6 (sum U^2)^1.5), U = (G_h - 1) / G_h x (the stratum's mean of the leave-one-cluster-out
    means minus that of the cluster).

    Assumes independent clusters, drawn alike. It follows skewness better than t (92% against 88% for 30 scores
    of which 85% are 1) but is too narrow for few clusters in all or in a stratum: 89% for 10 clusters, 92.5%
    for 9 strata of 12, where t is closer. Degenerate cases and `bounds` are as in `mean_interval`; `method`
    is "bca" or "stratified bca". Memory stays below 50 MB.

    Raises ValueError as `mean_interval`, for resamples < 100, and for more than 10,000 clusters, where
    `mean_interval` gives all but the same limits at once.
    Source: Efron 1987, JASA 82:171-185; Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 14
    (eq. 14.9-14.15); for several strata Davison & Hinkley 1997, Bootstrap Methods, section 5.3.

    >>> result = bca_interval([1, 1, 1, 2, 1, 5, 1, 3, 1, 1], rng=np.random.default_rng(0), bounds=(1, 5))
    >>> result.value, result.value - result.low < result.high - result.value
    (1.7, True)
    """
    check_level(level)
    numbers = read_values(values)
    check_bounds(bounds, numbers)
    if resamples < 100:
        raise ValueError(f"resamples must be at least 100 to place a quantile, not {resamples}")
    n = numbers.size
    cluster = np.arange(n) if clusters is None else read_codes(clusters, n, "clusters")
    g = int(cluster.max()) + 1
    if g > _MOST_CLUSTERS:
        raise ValueError(f"{g} clusters are too many to resample (at most {_MOST_CLUSTERS}); use mean_interval")
    stratum = np.zeros(n, dtype=np.int64) if strata is None else read_codes(strata, n, "strata")
    home = _strata_of_clusters(cluster, stratum)
    if home is None:
        stratum, home = np.zeros(n, dtype=np.int64), np.zeros(g, dtype=np.int64)
    moments = cluster_moments(numbers, np.zeros(n, dtype=np.int64), cluster, stratum)
    degenerate = _degenerate(moments, 0, bounds, level)
    if degenerate is not None:
        return degenerate

    mean = float(moments.mean[0])
    low, high = _bca_shifts(numbers - mean, cluster, home, resamples, rng, level)
    method = "bca" if moments.strata[0] == 1 else "stratified bca"
    return _clipped(Interval(mean, mean + low, mean + high, n, g, method), bounds)


def _bca_shifts(
    centred: Floats, cluster: Codes, home: Codes, resamples: int, rng: np.random.Generator, level: float
) -> tuple[float, float]:
    """Return the BCa limits of (n,) values measured from their mean, so that rounding stays small."""
    n = centred.size
    totals, sizes = sums_by_code(cluster, centred), np.bincount(cluster).astype(np.float64)
    shifts, jackknife = np.zeros(resamples), []
    for h in range(int(home.max()) + 1):
        inside = home == h
        shifts += sizes[inside].sum() / n * _resampled_means(totals[inside], sizes[inside], resamples, rng)
        jackknife.append(sizes[inside].sum() / n * _influences(totals[inside], sizes[inside]))
    return _bca_quantiles(shifts, np.concatenate(jackknife), level)


def _strata_of_clusters(cluster: Codes, stratum: Codes) -> Codes | None:
    """Return the (G,) stratum of each cluster, or None when a cluster spans several."""
    home = np.empty(int(cluster.max()) + 1, dtype=np.int64)
    home[cluster] = stratum
    return home if (home[cluster] == stratum).all() else None


def _resampled_means(totals: Floats, sizes: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Return (resamples,) means of items over as many clusters drawn with replacement."""
    g = totals.size
    alike = bool((sizes == sizes[0]).all())
    rows = max(1, _CHUNK // g)
    means = np.empty(resamples)
    for start in range(0, resamples, rows):
        drawn = rng.integers(g, size=(min(rows, resamples - start), g))
        items = sizes[0] * g if alike else sizes[drawn].sum(axis=1)
        means[start : start + rows] = totals[drawn].sum(axis=1) / items
    return means


def _influences(totals: Floats, sizes: Floats) -> Floats:
    """Return (G,) jackknife influences of the clusters on the mean of one stratum, over G."""
    g = totals.size
    if g == 1:  # nothing is left without it; resampling never moves it either
        return np.zeros(1)
    without: Floats = (totals.sum() - totals) / (sizes.sum() - sizes)
    influences: Floats = (g - 1) / g * (without.mean() - without)
    return influences


def _bca_quantiles(shifts: Floats, influences: Floats, level: float) -> tuple[float, float]:
    """Return the limits (low, high) from (B,) resampled deviations from the mean."""
    b = shifts.size
    tie = 1e-12 * float(np.abs(shifts).max())
    below = float((shifts < -tie).mean() + (shifts <= tie).mean()) / 2
    z0 = float(ndtri(min(max(below, 0.5 / b), 1 - 0.5 / b)))
    a = float((influences**3).sum() / (6 * (influences**2).sum() ** 1.5))
    shares = []
    for z in (ndtri((1 - level) / 2), ndtri((1 + level) / 2)):
        reach = z0 + float(z)
        # Past the pole of the correction the limit is the extreme on that side.
        pole = a * reach >= 1
        shares.append((reach > 0) * 1.0 if pole else float(ndtr(z0 + reach / (1 - a * reach))))
    low, high = np.quantile(shifts, shares)
    return float(low), float(high)
