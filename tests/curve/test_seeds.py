"""The interval over seeds: by hand, its degenerate forms, and how often it covers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtr
from tests.stats.simulation import coverage, noise

from primum.curve.seeds import seeds_interval
from primum.stats.interval import Interval
from primum.stats.means import mean_interval
from primum.stats.rates import rate_interval, wilson

ITEMS = 100


def run_of(value: float, low: float, high: float, n: int = 50) -> Interval:
    return Interval(value, low, high, n, n, "cluster-t")


def test_distances_of_items_and_seeds_are_added_as_squares() -> None:
    # Values 2 and 3: mean 2.5, s = .70711, s / sqrt(2) = .5; t_1 = 12.7062, so 6.3531 for seeds. Items: distances .3 and .4
    # below, mean square .125; .6 and .8 above, mean square .5. sqrt(6.3531^2 + .125) = 6.36293, sqrt(... + .5) = 6.39233.
    found = seeds_interval([run_of(2, 1.7, 2.6, 80), run_of(3, 2.6, 3.8, 60)], (-10, 10))
    np.testing.assert_allclose(found[:3], [2.5, 2.5 - 6.36293, 2.5 + 6.39233], atol=1e-4)
    assert found.n == 60
    assert seeds_interval([run_of(2, 1.7, 2.6), run_of(3, 2.6, 3.8)], (1, 5))[1:3] == (1, 5)


def test_seeds_that_agree_leave_the_limits_of_their_items() -> None:
    low, high = wilson(0, 100)
    found = seeds_interval([Interval(0.0, low, high, 100, 100, "wilson")] * 3, (0, 1))
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(high)  # 3 runs of the same 100 items are no 300 items
    assert found.method.startswith("3 seeds")


def test_one_seed_has_its_run_s_limits_and_says_so() -> None:
    found = seeds_interval([run_of(2, 1.7, 2.6)], (1, 5))
    assert found[:5] == (2, 1.7, 2.6, 50, 50)
    assert "one seed" in found.method


@pytest.mark.parametrize("runs", [[], [run_of(math.nan, 0, 1)], [run_of(0.5, math.nan, 1)]])
def test_what_is_no_number_is_refused(runs: list[Interval]) -> None:
    with pytest.raises(ValueError, match="no "):
        seeds_interval(runs, (0, 1))


def answered(rng: np.random.Generator, seeds: int, spread: float, centre: float) -> np.ndarray:
    """(seeds, ITEMS) latent answers: a seed's effect, an item's that all seeds share, and what is left."""
    shared = rng.standard_normal(ITEMS)
    return centre + spread * rng.standard_normal((seeds, 1)) + shared + rng.standard_normal((seeds, ITEMS))


def means(seeds: int, spread: float) -> Callable[[np.random.Generator], bool]:
    def covers(rng: np.random.Generator) -> bool:
        runs = [mean_interval(row) for row in answered(rng, seeds, spread, 0.0)]
        found = seeds_interval(runs, (-math.inf, math.inf))
        return found.low <= 0 <= found.high

    return covers


def rates(seeds: int, spread: float, centre: float) -> Callable[[np.random.Generator], bool]:
    truth = float(ndtr(centre / math.sqrt(spread**2 + 2)))  # the latent answers have this variance over items and seeds

    def covers(rng: np.random.Generator) -> bool:
        runs = [rate_interval(row > 0) for row in answered(rng, seeds, spread, centre)]
        found = seeds_interval(runs, (0, 1))
        return found.low <= truth <= found.high

    return covers


# `measured`: 20,000 replications with another seed. An item's error has a standard deviation of .14 (means), so a spread
# of .2 between seeds is alike to it and 1 far above it. Seeds that differ in the latent answer are skewed as rates near 1.
COVERAGE = [
    pytest.param(means(3, 0.0), 0.996, id="means, seeds alike"),
    pytest.param(means(3, 0.2), 0.988, id="means, seeds as items"),
    pytest.param(means(3, 1.0), 0.957, id="means, seeds above items"),
    pytest.param(means(5, 0.2), 0.990, id="means, five seeds"),
    pytest.param(means(2, 1.0), 0.957, id="means, two seeds"),
    pytest.param(rates(3, 0.3, 0.0), 0.987, id="50%, seeds as items"),
    pytest.param(rates(3, 0.3, 3.0), 0.999, id="98%, seeds as items"),
    pytest.param(rates(3, 1.0, 0.0), 0.948, id="50%, seeds above items"),
    pytest.param(rates(3, 1.0, 2.0), 0.908, id="88%, seeds above items"),
]


@pytest.mark.parametrize(("covers", "measured"), COVERAGE)
def test_coverage(covers: Callable[[np.random.Generator], bool], measured: float) -> None:
    assert coverage(covers, 1000, seed=31) == pytest.approx(measured, abs=noise(measured, 1000))


@pytest.mark.proof
@pytest.mark.parametrize(("covers", "measured"), COVERAGE)
def test_coverage_closely(covers: Callable[[np.random.Generator], bool], measured: float) -> None:
    assert coverage(covers, 20_000, seed=32) == pytest.approx(measured, abs=math.sqrt(2) * noise(measured, 20_000))


def test_either_half_alone_would_fall_short() -> None:
    # Seeds above items: the items' limits alone cover a third. Seeds alike: the seeds' t interval alone covers the mean
    # over these 100 items and not that over others.
    def items_alone(rng: np.random.Generator) -> bool:
        rows = answered(rng, 3, 1.0, 0.0)
        found = mean_interval(rows.mean(axis=0))
        return found.low <= 0 <= found.high

    def seeds_alone(rng: np.random.Generator) -> bool:
        found = mean_interval(answered(rng, 5, 0.0, 0.0).mean(axis=1))
        return found.low <= 0 <= found.high

    assert coverage(items_alone, 500, seed=33) < 0.5
    assert coverage(seeds_alone, 500, seed=34) < 0.9
