"""One-sided limits of a mean for claims of superiority and non-inferiority: the more cautious of t and score limits."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtrit

from primum.stats.inputs import Bounds, Codes, Floats, read_codes, read_values
from primum.stats.means import mean_interval
from primum.stats.moments import cluster_moments
from primum.stats.score import score_limits

ALIKE = 2  # families, assumed to be alike throughout, that count beside those that tell how alike they are


class OneSided(NamedTuple):
    """A mean with a lower and an upper limit, each one-sided. `n` counts items, `clusters` independent units; `size` is
    the number of independent items that these are worth."""

    value: float
    low: float
    high: float
    n: int
    clusters: int
    size: float


def one_sided_limits(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    *,
    bounds: Bounds,
    alpha: float,
) -> OneSided:
    """Return the mean of `values` (n,) with limits that are each exceeded with a probability of about `alpha` at most.

    `clusters`, `strata` and `bounds` as in `mean_interval`. Each limit is the more cautious of two: the cluster-robust t
    limit, and the score limit (score.py) at the quantile of `few_quantile` for the effective number of items

        size = n / deff x (t_{n-1} / t_{G-H})^2,    deff = (k D + 2 W) / (k + 2),

    with D the ratio, at least 1, of the clustered to the plain variance of the mean, k how many clusters tell how alike
    they are (`_telling`), and W = sum n_g^2 / n the worst design effect, of clusters alike throughout: a likeness seen in
    few clusters is not known. The t limit alone falls short where a few values far out have not turned up yet (it lets up to
    17% of rates at the boundary through at 5%), the score limit alone where they have turned up by luck.

    With one cluster nothing is known: the limits are `bounds`.
    Raises ValueError as `mean_interval` and `score_limits`.
    Source: Tango 1998, Stat. Med. 17:891-908; Korn & Graubard 1998, Survey Methodology 24:193-201 (effective n); the
    combination is Primum's, docs/gate.md has its simulated size.

    >>> limits = one_sided_limits([0.0] * 180, bounds=(-1, 1), alpha=0.05)  # 2.996 / (180 + 2.996)
    >>> limits.value, round(limits.low, 4), round(limits.high, 4)
    (0.0, -0.0164, 0.0164)
    """
    numbers = read_values(values)
    n = numbers.size
    codes = np.arange(n) if clusters is None else read_codes(clusters, n, "clusters")
    stratum = None if strata is None else read_codes(strata, n, "strata")
    t = mean_interval(numbers, codes, stratum, bounds=bounds, level=1 - 2 * alpha)
    if t.method == "too few clusters":
        return OneSided(t.value, *bounds, n, t.clusters, 1.0)
    differing = _differing(numbers, codes)
    size = _effective_size(numbers, codes, stratum, alpha, _telling(codes, differing))
    quantile = few_quantile(alpha, differing.size)
    low, high = score_limits(numbers, bounds=bounds, alpha=float(ndtr(-quantile)), size=size)
    if t.method != "zero variance":
        low, high = min(low, t.low), max(high, t.high)
    return OneSided(t.value, low, high, n, t.clusters, size)


def few_quantile(alpha: float, telling: npt.ArrayLike) -> Any:
    """Return the normal quantile at which to take a score limit that rests on `telling` values (of any shape) other than
    the commonest: the square root of z^2 + max(0, -ln alpha - z^2) / sqrt(1 + telling).

    A score limit of few events is a little short, since counts come in whole numbers: none of n excludes a rate of 2.7 / n
    at 5%, which exactly takes -ln .05 = 3.0 (for one event 4.5 and 4.7). At 2.5% it is not.

    >>> [round(float(few_quantile(0.05, k)) ** 2, 3) for k in (0, 1, 100)], round(float(few_quantile(0.025, 0)), 3)
    ([2.996, 2.911, 2.734], 1.96)
    """
    square = float(ndtri(1 - alpha)) ** 2
    return np.sqrt(square + max(0.0, -math.log(alpha) - square) / np.sqrt(1 + np.asarray(telling)))


def _differing(values: Floats, clusters: Codes) -> Codes:
    """Return the clusters (k,) that hold another value than the commonest."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.unique(clusters[place != counts.argmax()])


def _telling(clusters: Codes, differing: Codes) -> float:
    """Return how many of the `differing` clusters (k,) tell how alike clusters are: each counts by its pairs of items,
    w = n_g (n_g - 1), in units of sum w^2 / sum w, the size of the cluster that a pair is from. Of equal clusters each
    counts 1; a single item tells nothing, and small families say little beside large ones.

    >>> _telling(np.array([0, 1, 1, 2, 2]), np.array([0, 1])), _telling(np.array([0, 1]), np.array([0]))
    (1.0, 0.0)
    """
    sizes = np.bincount(clusters).astype(np.float64)
    pairs = sizes * (sizes - 1)
    total = float(pairs.sum())
    return float(pairs[differing].sum()) * total / float((pairs**2).sum()) if total else 0.0


def _effective_size(values: Floats, clusters: Codes, strata: Codes | None, alpha: float, telling: float) -> float:
    """Return how many independent items (n,) values in clusters are worth."""
    n = values.size
    moments = cluster_moments(values, np.zeros(n, dtype=np.int64), clusters, strata)
    g, h = int(moments.clusters[0]), int(moments.strata[0])
    sizes = np.bincount(clusters)
    worst = float((sizes**2).sum()) / n
    plain = float(values.var()) / (n - 1)
    seen = 1.0
    if not moments.flat[0] and plain > 0:
        seen = max(1.0, g / (g - h) * float(moments.squares[0]) / n**2 / plain)
    effect = (telling * seen + ALIKE * worst) / (telling + ALIKE)
    return n / effect * (float(stdtrit(n - 1, 1 - alpha)) / float(stdtrit(g - h, 1 - alpha))) ** 2
