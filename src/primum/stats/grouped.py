"""Intervals for the means of many groups in one pass over the values."""

import numpy.typing as npt

from primum.stats.inputs import Bounds, check_bounds, check_level, read_codes, read_values
from primum.stats.interval import Interval
from primum.stats.means import t_intervals
from primum.stats.moments import cluster_moments


def means_by_group(
    values: npt.ArrayLike,
    groups: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    *,
    bounds: Bounds | None = None,
    level: float = 0.95,
) -> list[Interval]:
    """Return `mean_interval` of each group of `values` (n,), in ascending order of the group's code.

    `groups`, `clusters` and `strata` are (n,) non-negative integer codes, as in `mean_interval`; a cluster
    or stratum met in two groups counts in each. Linear in n: a million values in a fraction of a second.

    Raises ValueError and takes its source as `mean_interval`.

    >>> [(part.value, part.n) for part in means_by_group([1, 3, 5, 5], [2, 2, 0, 2])]
    [(5.0, 1), (3.0, 3)]
    """
    check_level(level)
    numbers = read_values(values)
    check_bounds(bounds, numbers)
    n = numbers.size
    moments = cluster_moments(
        numbers,
        read_codes(groups, n, "groups"),
        None if clusters is None else read_codes(clusters, n, "clusters"),
        None if strata is None else read_codes(strata, n, "strata"),
    )
    return t_intervals(moments, bounds=bounds, level=level)
