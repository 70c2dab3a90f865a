"""Paired differences between two runs, their sign-flip test, and adjustment for many tests."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from primum.stats.inputs import Bounds, Floats, read_codes, read_values
from primum.stats.means import mean_interval
from primum.stats.moments import sums_by_code

_CHUNK = 300_000  # signs held at once, 2.4 MB as float64
_BLOCK = 16  # clusters enumerated at once: 2^16 sums, 0.5 MB


class PairedDifference(NamedTuple):
    """Candidate minus base: mean difference, its limits, and the two-sided sign-flip p (0 < p <= 1)."""

    value: float
    low: float
    high: float
    p: float
    n: int
    clusters: int
    method: str


def paired_difference(
    base: npt.ArrayLike,
    candidate: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    *,
    rng: np.random.Generator,
    permutations: int = 10_000,
    bounds: Bounds | None = None,
    level: float = 0.95,
) -> PairedDifference:
    """Return the mean of candidate - base over n pairs, with its interval and a permutation p.

    `base` and `candidate` are (n,) scores of the same items in the same order; `clusters`, `strata`, `level`
    as in `mean_interval`, which gives the interval of the differences. `bounds` are those of the
    *difference*: scores of 1 to 5 have (-4, 4).

    The p is two-sided and flips whole clusters: with d_g the cluster's total difference, T = |sum_g d_g|, and
    signs s_g of -1 or 1, p is the share of all sign patterns with |sum_g s_g d_g| >= T. All patterns are
    enumerated when there are at most `permutations` (clusters with d_g = 0 change nothing and are left
    out); otherwise p = (b + 1) / (m + 1), with b of m = `permutations` random patterns reaching T. Exact
    under the null that each cluster's difference is symmetric about zero, as when base and candidate may be
    exchanged; with a mean of zero but a long tail it rejects too often (7.4% at 5% for 30 exponential
    differences). Strata play no part in it. Interval and test may disagree near the level.

    Raises ValueError as `mean_interval`, for lengths that differ, and for permutations < 1.
    Source: Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39 (a random p is never 0).

    >>> result = paired_difference([1, 2, 1, 3], [2, 4, 4, 4], rng=np.random.default_rng(0))
    >>> result.value, result.p  # only +1+2+3+1 and its mirror reach 7, of 16 patterns
    (1.75, 0.125)
    """
    before, after = read_values(base, "base"), read_values(candidate, "candidate")
    if before.size != after.size:
        raise ValueError(f"base has {before.size} items and candidate {after.size}; pair them first")
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1, not {permutations}")
    differences = after - before
    interval = mean_interval(differences, clusters, strata, bounds=bounds, level=level)
    codes = None if clusters is None else read_codes(clusters, differences.size, "clusters")
    totals = differences if codes is None else sums_by_code(codes, differences)
    p, how = _sign_flip(totals, permutations, rng)
    return PairedDifference(*interval[:3], p, interval.n, interval.clusters, f"{interval.method}; {how}")


def _sign_flip(totals: Floats, permutations: int, rng: np.random.Generator) -> tuple[float, str]:
    scale = float(np.abs(totals).sum())
    near = 1e-9 * scale  # sums in another order differ by rounding; a tie must count as reached
    sizes = np.abs(totals[np.abs(totals) > 1e-12 * scale])
    reach = abs(float(totals.sum())) - near
    if sizes.size < 63 and 2**sizes.size <= permutations:
        hits = sum(int((np.abs(sums) >= reach).sum()) for sums in _every_sum(sizes))
        return hits / 2**sizes.size, "exact sign-flip"
    hits = sum(int((np.abs(sums) >= reach).sum()) for sums in _random_sums(sizes, permutations, rng))
    return (hits + 1) / (permutations + 1), f"sign-flip with {permutations} draws"


def _every_sum(sizes: Floats) -> Iterator[Floats]:
    """Yield the sums of all 2^G sign patterns of (G,) sizes, at most 2^16 at once."""
    block = _signed_sums(sizes[:_BLOCK])
    for offset in _signed_sums(sizes[_BLOCK:]):
        yield block + offset


def _signed_sums(sizes: Floats) -> Floats:
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums + size, sums - size])
    return sums


def _random_sums(sizes: Floats, count: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield `count` sums of (G,) sizes under random signs, a chunk at a time."""
    distinct, repeats = np.unique(sizes, return_counts=True)
    # Scores take few values, so most sizes repeat, and the positive signs among k equal ones are binomial.
    few = distinct.size * 32 <= sizes.size
    width = distinct.size if few else sizes.size
    rows = max(1, _CHUNK // width)
    for start in range(0, count, rows):
        drawn = min(rows, count - start)
        if few:
            yield (2.0 * rng.binomial(repeats, 0.5, size=(drawn, width)) - repeats) @ distinct
        else:
            octets = rng.integers(256, size=(drawn, (width + 7) // 8), dtype=np.uint8)
            positive = np.unpackbits(octets, axis=1, count=width).astype(np.float64)
            yield 2 * (positive @ sizes) - sizes.sum()


def holm(p: npt.ArrayLike) -> Floats:
    """Return Holm's step-down adjusted p-values, in the order of `p` (m,), within 0..1.

    Sorted ascending, the j-th becomes the largest of (m - i + 1) p_(i) over i <= j, at most 1. Rejecting
    where it is <= alpha keeps the chance of any false rejection <= alpha under any dependence. nan (a test
    that was not made) stays nan and is not counted in m.

    Raises ValueError when `p` is not one-dimensional or leaves 0..1.
    Source: Holm 1979, Scand. J. Stat. 6:65-70.

    >>> holm([0.01, 0.04, 0.03, 0.005]).tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    adjusted = _read_p(p)
    made = np.flatnonzero(~np.isnan(adjusted))
    order = made[np.argsort(adjusted[made], kind="stable")]
    steps = np.arange(order.size, 0, -1) * adjusted[order]
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def bonferroni(p: npt.ArrayLike) -> Floats:
    """Return Bonferroni's adjusted p-values min(1, m p) of `p` (m,); nan stays nan and is not counted in m.

    Raises ValueError when `p` is not one-dimensional or leaves 0..1.
    Source: Dunn 1961, JASA 56:52-64.

    >>> bonferroni([0.01, 0.5, float("nan")]).tolist()
    [0.02, 1.0, nan]
    """
    adjusted = _read_p(p)
    made = ~np.isnan(adjusted)
    adjusted[made] = np.minimum(1.0, made.sum() * adjusted[made])
    return adjusted


def _read_p(p: npt.ArrayLike) -> Floats:
    array = np.asarray(p)
    if array.ndim != 1 or (array.size > 0 and array.dtype.kind not in "biuf"):
        raise ValueError("p must be a one-dimensional array of numbers")
    values = np.array(array, dtype=np.float64)
    made = values[~np.isnan(values)]
    if ((made < 0) | (made > 1)).any():
        raise ValueError("p-values must lie between 0 and 1")
    return values
