"""The slope and its interval: by hand, against the textbook case, in degenerate cases, and its coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import linregress
from tests.stats.simulation import coverage, families, noise

from primum.stats.slope import slope_interval


def test_by_hand() -> None:
    # x 0 1 2 3, y 1 2 2 4: mx = 1.5, my = 2.25; b = 4.5 / 5 = .9; residuals .1 .2 -.7 .4
    # clusters {0, 1}, {2}, {3}: totals of (x - mx) e: -.15 - .1 = -.25; -.35; .6; squares .0625 + .1225 + .36 = .545
    # Var = 3/2 x 3/2 x .545 / 25 = .04905; t with 2 degrees of freedom at .975 = 4.302653
    found = slope_interval([0, 1, 2, 3], [1, 2, 2, 4], [0, 0, 1, 2])
    half = 4.302653 * math.sqrt(0.04905)
    assert found.value == pytest.approx(0.9)
    assert found.low == pytest.approx(0.9 - half, abs=1e-6)
    assert found.high == pytest.approx(0.9 + half, abs=1e-6)
    assert (found.n, found.clusters) == (4, 3)


def test_the_slope_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.random(50), rng.random(50)
    assert slope_interval(x, y).value == pytest.approx(linregress(x, y).slope)


def test_within_strata_a_difference_between_them_is_no_slope() -> None:
    # stratum 1 is higher in x and in y; within each, y does not follow x at all
    x, y, strata = [0, 1, 0, 1, 10, 11, 10, 11], [1, 1, 2, 2, 8, 8, 9, 9], [0] * 4 + [1] * 4
    assert slope_interval(x, y).value > 0.6
    assert slope_interval(x, y, strata=strata).value == pytest.approx(0)


@pytest.mark.parametrize(
    ("x", "clusters", "method"),
    [([1, 1, 1, 1], None, "no spread in x"), ([0, 1, 2, 3], [0, 0, 1, 1], "too few clusters")],
)
def test_degenerate(x: list[int], clusters: list[int] | None, method: str) -> None:
    found = slope_interval(x, [1, 2, 3, 5], clusters)
    assert found.method == method
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_points_on_a_line_are_no_certainty() -> None:
    found = slope_interval([0, 1, 2, 3], [1, 1, 1, 1])
    assert (found.value, found.method) == (0, "zero variance")
    assert math.isnan(found.low)


@pytest.mark.parametrize(("x", "told"), [([], "x is empty"), ([1, 2], "x has 2 values and y has 3")])
def test_bad_values(x: list[int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        slope_interval(x, [1, 2, 3])


@pytest.mark.parametrize(("zeros", "least"), [(0.0, 0.93), (0.8, 0.88)])
def test_coverage(zeros: float, least: float) -> None:
    """60 clusters of 1 to 3 items; y follows x with a shared cluster effect. With 80% of x at 0 a few items decide."""
    design = families(1, 60, (1, 2, 3))

    def covers(rng: np.random.Generator) -> bool:
        n = design.clusters.size
        x = rng.random(n) * (rng.random(n) >= zeros)
        y = 2 + 0.7 * x + 0.5 * rng.standard_normal(60)[design.clusters] + rng.standard_normal(n)
        found = slope_interval(x, y, design.clusters)
        return found.low <= 0.7 <= found.high

    share = coverage(covers, 800, seed=11)
    print(f"slope, zeros {zeros}: {share:.3f}")
    assert least <= share <= 0.95 + noise(0.95, 800)
