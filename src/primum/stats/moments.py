"""What a cluster-robust interval needs of the data, for many groups in one pass."""

from typing import NamedTuple

import numpy as np

from primum.stats.inputs import Codes, Floats, number_codes

# Cluster totals below this share of the summed deviations are rounding, not spread.
_ROUNDING = 1e-12


class Moments(NamedTuple):
    """One row a group, every field of shape (k,).

    `squares` is the sum over clusters of u_g^2, where u_g is the cluster's total of the residuals from the
    means of their strata; `flat` says that it is zero but for rounding.
    """

    n: Codes
    mean: Floats
    squares: Floats
    clusters: Codes
    strata: Codes
    flat: np.ndarray[tuple[int], np.dtype[np.bool_]]


def cluster_moments(
    values: Floats, groups: Codes, clusters: Codes | None = None, strata: Codes | None = None
) -> Moments:
    """Return the moments of `values` (n,) in each of the k groups.

    `groups`, `clusters` and `strata` are (n,) codes numbered from 0 without gaps, as `read_codes` gives
    them. Without `clusters` each item is its own; without `strata` a group is one stratum. A cluster or
    stratum met in two groups counts in each. Linear in n unless groups x codes is far larger than n.

    >>> moments = cluster_moments(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 0]), np.array([0, 0, 1]))
    >>> moments.mean.item(), moments.squares.item()  # residuals -1, 0 | 1: (-1)^2 + 1^2
    (2.0, 2.0)
    """
    n = np.bincount(groups)
    cluster, cluster_group = (np.arange(values.size), groups) if clusters is None else _cells(groups, clusters)
    stratum, stratum_group = (groups, np.arange(n.size)) if strata is None else _cells(groups, strata)

    # Each stratum is measured from one of its own values: constant strata then leave exact zeros.
    origin = np.empty(stratum_group.size)
    origin[stratum] = values
    shifted = values - origin[stratum]
    sizes = np.bincount(stratum)
    shifts = sums_by_code(stratum, shifted) / sizes
    totals = sums_by_code(cluster, shifted - shifts[stratum])

    squares = sums_by_code(cluster_group, totals * totals)
    spread = sums_by_code(groups, np.abs(shifted))
    rounding = (
        16 * float(np.finfo(np.float64).eps) * sums_by_code(groups, np.abs(values))
    )  # of equal values made by other sums
    return Moments(
        n=n,
        mean=sums_by_code(stratum_group, sizes * (origin + shifts)) / n,
        squares=squares,
        clusters=np.bincount(cluster_group),
        strata=np.bincount(stratum_group),
        flat=np.sqrt(squares) <= np.maximum(_ROUNDING * spread, rounding),
    )


def usable_strata(strata: Codes, clusters: Codes) -> Codes | None:
    """Return `strata` (n,) where each of them holds two clusters (n,) or more, else None.

    A variance within a stratum takes two clusters; with fewer, the strata are left out, which widens an interval
    rather than narrowing it (Cochran 1977, section 5A.12: collapsing strata overstates the variance).

    >>> usable_strata(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])) is None
    False
    >>> usable_strata(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2])) is None
    True
    """
    if not strata.size:
        return None
    one = np.zeros(int(strata.max()) + 1, dtype=np.int64)
    one[strata] = clusters  # any one cluster of each stratum: does another stand beside it?
    others = np.bincount(strata, weights=clusters != one[strata])
    return strata if bool(np.all(others[np.bincount(strata) > 0] > 0)) else None


def sums_by_code(codes: Codes, values: Floats) -> Floats:
    """Return the (k,) sums of `values` (n,) over the items of each code 0..k-1.

    >>> sums_by_code(np.array([0, 1, 0]), np.array([0.5, 2.0, 1.0])).tolist()
    [1.5, 2.0]
    """
    # numpy's stubs call every bincount integer; the sums are float64 already, so this copies nothing.
    return np.bincount(codes, values).astype(np.float64, copy=False)


def _cells(groups: Codes, codes: Codes) -> tuple[Codes, Codes]:
    """Number the (group, code) pairs that occur; return each item's pair (n,) and each pair's group."""
    count = int(codes.max()) + 1
    cell, labels = number_codes(groups * count + codes)
    return cell, labels // count
