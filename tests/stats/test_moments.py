"""Moments of clusters within strata, by hand and one group at a time."""

import numpy as np

from primum.stats.moments import cluster_moments, sums_by_code


def test_by_hand() -> None:
    # Group 0: strata {1, 3, 5}, {2, 4}; residuals -2 0 2 | -1 1; clusters {1, 3}, {5, 2}, {4}: totals -2, 2 - 1 = 1,
    # 1: squares 6. Group 1: 7 alone.
    moments = cluster_moments(
        np.array([1.0, 3, 5, 2, 4, 7]),
        groups=np.array([0, 0, 0, 0, 0, 1]),
        clusters=np.array([0, 0, 1, 1, 2, 2]),
        strata=np.array([0, 0, 0, 1, 1, 1]),
    )
    assert moments.n.tolist() == [5, 1]
    assert moments.mean.tolist() == [3.0, 7.0]
    np.testing.assert_allclose(moments.squares, [6, 0], atol=1e-12)
    assert moments.clusters.tolist() == [3, 1]
    assert moments.strata.tolist() == [2, 1]
    assert moments.flat.tolist() == [False, True]


def test_large_offsets_do_not_drown_the_spread() -> None:
    # 0, 1, 2 beside 1e14: squares 1 + 0 + 1, as without the offset, and not taken for rounding.
    moments = cluster_moments(1e14 + np.arange(3.0), np.zeros(3, dtype=np.int64))
    assert moments.squares.tolist() == [2.0]
    assert moments.flat.tolist() == [False]


def test_sums_by_code() -> None:
    assert sums_by_code(np.array([2, 0, 2]), np.array([1.5, 2.0, 1.0])).tolist() == [2.0, 0.0, 2.5]
