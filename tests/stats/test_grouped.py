"""Intervals of many groups equal those of each group alone."""

import math

import numpy as np
import pytest

from primum.stats.grouped import means_by_group
from primum.stats.means import mean_interval


@pytest.mark.parametrize("spread", [1, 10**12])
def test_each_group_as_if_alone(spread: int) -> None:
    # Clusters and strata reach over groups; codes dense or far apart. mean_interval is tested on its own.
    rng = np.random.default_rng(0)
    values, groups = rng.integers(1, 6, 500), rng.integers(0, 7, 500)
    clusters, strata = rng.integers(0, 90, 500), rng.integers(0, 4, 500)
    ours = means_by_group(values, groups * spread, clusters * spread, strata * spread, bounds=(1, 5), level=0.9)
    for group in range(7):
        mine = groups == group
        alone = mean_interval(values[mine], clusters[mine], strata[mine], bounds=(1, 5), level=0.9)
        np.testing.assert_allclose(ours[group][:3], alone[:3], rtol=1e-12)
        assert ours[group][3:] == alone[3:]


def test_degenerate_groups_keep_their_names() -> None:
    # Group 1: one item. Group 4: equal values. Group 9: values 1, 3. In ascending order of the code.
    ours = means_by_group([3, 2, 1, 2, 5], [9, 4, 9, 4, 1], bounds=(1, 5))
    assert [part.method for part in ours] == ["too few clusters", "zero variance", "cluster-t"]
    assert [part.value for part in ours] == [5.0, 2.0, 2.0]
    assert [part.n for part in ours] == [1, 2, 2]


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        means_by_group([], [])
    with pytest.raises(ValueError, match="nan"):
        means_by_group([1, math.nan], [0, 0])
    with pytest.raises(ValueError, match="groups has shape"):
        means_by_group([1, 2], [0])
    with pytest.raises(ValueError, match="leave the bounds"):
        means_by_group([1, 2], [0, 1], bounds=(0, 1))
