"""Which answers people should label beside a judge, with what chance each, and how many: the design of a sample.

Of N answers with a judge's marks f, a random part is labelled Y (xi = 1 with the known chance pi), and the mean is

    mean over N of  lambda f + xi / pi (Y - lambda f),    variance  D Var(Y) / N + sum (1 / pi - 1) R / N^2.

The first part stays when all N are labelled: these N are a sample themselves, of what could be asked, in families whose
design effect is D. The second is what labels buy; R is the expected square of Y - lambda f about its mean.

Sources: Cochran 1977, Sampling Techniques, ch. 5 (Neyman's allocation), 9A.7 (unequal chances); Angelopoulos, Duchi and
Zrnic 2023, "PPI++", arXiv:2311.01453 (lambda); Zrnic & Candes 2024, "Active statistical inference", ICML (chances that
follow the judge's uncertainty, mixed with uniform ones).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from primum.stats.inputs import Codes, Floats
from primum.stats.moments import cluster_moments

LEAST_ANSWERS = 10  # of a stratum
LEAST_LABELS = 2  # of a stratum: a spread takes two
FLOOR = 0.25  # no chance is below this part of the uniform one, n / N
PRIOR_LABELS = 10  # what an assumption counts beside a pilot's labels
CAUTION = 0.8  # one-sided level of a pilot's upper limit


def mark_strata(marks: Floats, least: int = LEAST_ANSWERS) -> Codes:
    """Return strata (n,) by the judge's marks, 0 the lowest; where there is no mark (nan), a last one of its own.

    A level that fewer than `least` answers have joins the neighbour that has fewer, until all have enough.

    >>> mark_strata(np.array([1, 1, 1, 2, 5, 5, 5, np.nan, 4]), least=2).tolist()
    [0, 0, 0, 1, 2, 2, 2, 3, 1]
    """
    known = ~np.isnan(marks)
    levels, place, count = np.unique(marks[known], return_inverse=True, return_counts=True)
    groups = [[level] for level in range(levels.size)]
    sizes = [int(n) for n in count]
    while len(groups) > 1 and min(sizes) < least:
        small = sizes.index(min(sizes))
        beside = [near for near in (small - 1, small + 1) if 0 <= near < len(groups)]
        left, right = sorted((small, min(beside, key=lambda near: sizes[near])))
        groups[left] += groups.pop(right)
        sizes[left] += sizes.pop(right)
    home = np.empty(levels.size, dtype=np.int64)
    for number, members in enumerate(groups):
        home[members] = number
    strata = np.full(marks.size, len(groups), dtype=np.int64)
    strata[known] = home[place]
    return strata


def least_labels(strata: Codes) -> int:
    """Return the fewest labels that give each stratum (n,) its two (or all, where it has one answer)."""
    return int(np.minimum(np.bincount(strata), LEAST_LABELS).sum())


def stratum_labels(strata: Codes, squares: Floats, n: int) -> Codes:
    """Return how many of `n` labels each stratum (H,) gets, given the strata (N,) and expected `squares` (N,).

    Half of the shares are Neyman's, N_h S_h (Cochran 1977, eq. 5.26), half proportional, because S_h rests on an
    assumption; rounded by Webster's method, so that more labels take none away but for rare ties. No chance n_h / N_h
    is below `FLOOR` of the uniform one or above 1, and each stratum gets two labels, or all that it has.

    Raises ValueError where `n` is above N or too small for that.

    >>> stratum_labels(np.array([0] * 80 + [1] * 20), np.array([1.0] * 80 + [9.0] * 20), 30).tolist()
    [21, 9]
    """
    sizes = np.bincount(strata)
    deviation = np.sqrt(np.bincount(strata, squares) / np.maximum(sizes, 1))
    neyman = sizes * deviation
    share = 0.5 * sizes / strata.size + 0.5 * (neyman / neyman.sum() if neyman.sum() > 0 else sizes / strata.size)
    low = np.minimum(sizes, np.maximum(LEAST_LABELS, np.ceil(FLOOR * n * sizes / strata.size))).astype(np.int64)
    if not low.sum() <= n <= strata.size:
        raise ValueError(f"{n} labels for {strata.size} answers in {sizes.size} strata: between {low.sum()} and all")

    def rounded(scale: float) -> Codes:
        wanted = np.minimum(np.floor(scale * share + 0.5), sizes)  # capped before it is an integer
        return np.maximum(wanted.astype(np.int64), low)

    below, above = 0.0, 4.0 * (strata.size + 1) / float(share[share > 0].min())
    for _ in range(100):
        middle = (below + above) / 2
        below, above = (middle, above) if rounded(middle).sum() <= n else (below, middle)
    given = rounded(below)
    for stratum in np.argsort(-share, kind="stable"):  # ties that one scale cannot part
        given[stratum] += min(int(n - given.sum()), int(sizes[stratum] - given[stratum]))
    return given


def stratified_chances(strata: Codes, squares: Floats, n: int) -> Floats:
    """Return the chances (N,) of `n` labels drawn at random within each stratum, without replacement: n_h / N_h.

    >>> stratified_chances(np.array([0, 0, 0, 0, 1, 1]), np.ones(6), 3).tolist()
    Traceback (most recent call last):
    ValueError: 3 labels for 6 answers in 2 strata: between 4 and all
    >>> stratified_chances(np.array([0, 0, 0, 0, 1, 1]), np.ones(6), 4).tolist()
    [0.5, 0.5, 0.5, 0.5, 1.0, 1.0]
    """
    chances: Floats = (stratum_labels(strata, squares, n) / np.bincount(strata))[strata]
    return chances


def active_chances(uncertainty: Floats, n: int) -> Floats:
    """Return chances (N,) proportional to `uncertainty` (N,), none below `FLOOR` of the uniform one or above 1, that
    sum to `n`. Where the certain ones must serve too, they do so alike.

    Each answer is drawn by itself (Poisson sampling), so the number drawn varies about `n`.

    >>> active_chances(np.array([0.0, 1.0, 2.0, 5.0]), 2).round(3).tolist()  # a quarter of 2 / 4 at least
    [0.125, 0.292, 0.583, 1.0]
    """
    if not 0 < n <= uncertainty.size:
        raise ValueError(f"{n} labels for {uncertainty.size} answers")
    most = float(uncertainty.max())
    shape = (uncertainty / most if most > 0 else np.ones(uncertainty.size)) + 1e-9
    floor = FLOOR * n / uncertainty.size
    below, above = 0.0, 2e9
    for _ in range(100):
        middle = (below + above) / 2
        below, above = (middle, above) if np.clip(middle * shape, floor, 1).sum() <= n else (below, middle)
    return np.clip(below * shape, floor, 1)


def pilot_variance(
    residuals: Floats, first: Floats, chances: Floats, counts: Floats, n_answers: float, assumed: float
) -> tuple[float, float]:
    """Return the labels' part of the variance under `chances` (k,), estimated from k pilot labels, and an upper limit.

    `residuals` are Y - lambda f about their mean, `first` the chances by which the pilot was drawn: Horvitz and
    Thompson's estimate of `label_variance`, sum of (1 / first) (1 / pi - 1) r^2 / N^2. `assumed`, the same under an
    assumption, counts as much as ten labels: a pilot without an error does not prove that there is none. The limit is
    one-sided at 80%, as Browne 1995, Stat. Med. 14:1933-1940, advises for sample sizes from pilots; not by chi-square,
    since errors are far from normal, but like Wilson's for a count: v + u z^2 / 2 + z sqrt(v u + u^2 z^2 / 4) with u
    the squared error of v over v.

    >>> pilot_variance(np.zeros(10), np.full(10, 0.1), np.full(10, 0.5), np.ones(10), 100, 0.002)
    (0.001, 0.001)
    """
    k = residuals.size
    trust = k / (k + PRIOR_LABELS)
    parts = k * counts**2 * (1 / chances - 1) * residuals**2 / first / n_answers**2
    own = float(parts.mean())
    unit = float(parts.var(ddof=1)) / k / own if own > 0 else 0.0
    z = float(ndtri(CAUTION))
    limit = own + unit * z * z / 2 + z * math.sqrt(own * unit + (unit * z / 2) ** 2)
    value = trust * own + (1 - trust) * assumed
    return value, value + trust * (limit - own)


def design_effect(values: Floats, clusters: Codes) -> float:
    """Return by how much families (n,) widen the variance of the mean of `values` (n,): at least 1. Where all values
    are equal nothing is known, and it is that of families whose answers are all alike.

    >>> design_effect(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1]))  # 2 / 1 x (1 + 1) / 4^2 over 1/3 / 4
    3.0
    >>> design_effect(np.zeros(4), np.array([0, 0, 0, 1]))  # (3^2 + 1^2) / 4
    2.5
    """
    n = values.size
    codes = np.unique(clusters, return_inverse=True)[1].astype(np.int64)
    moments = cluster_moments(values, np.zeros(n, dtype=np.int64), codes)
    families = int(moments.clusters[0])
    if families < 2 or moments.flat[0]:
        return float((np.bincount(codes) ** 2).sum() / n)
    clustered = families / (families - 1) * float(moments.squares[0]) / n**2
    return max(1.0, clustered / (float(values.var(ddof=1)) / n))


def labels_needed(width_of: Callable[[int], float], width: float, least: int, most: int) -> int | None:
    """Return the fewest labels from `least` to `most` with which the interval is no wider than `width`, or None.

    >>> labels_needed(lambda n: 4 / n**0.5, 0.5, 2, 100)
    64
    """
    if width_of(most) > width:
        return None
    low, high = least, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if width_of(middle) <= width else (middle + 1, high)
    return low
