"""Worst-case bounds: by hand, at the ends, and against every way to fill the gaps."""

import itertools
import math

import numpy as np
import pytest
from tests.stats.simulation import coverage

from primum.stats.bounds import unscored_bounds


def test_by_hand() -> None:
    # (1 + 2 + 3 + 1) / 4 and (1 + 2 + 3 + 5) / 4.
    assert unscored_bounds([1, 2, 3], 1, 1, 5) == (1.75, 2.75)


def test_sharp_over_every_filling() -> None:
    # The least and greatest mean among all 5^3 ways to score three missing items.
    scored = [2, 5, 5, 1]
    means = [np.mean([*scored, *missing]) for missing in itertools.product(range(1, 6), repeat=3)]
    assert unscored_bounds(scored, 3, 1, 5) == pytest.approx((min(means), max(means)))


def test_nothing_missing_or_nothing_scored() -> None:
    assert unscored_bounds([True, False], 0, 0, 1) == (0.5, 0.5)
    assert unscored_bounds([], 7, 1, 5) == (1.0, 5.0)
    assert unscored_bounds(np.array([], dtype=np.int64), np.int64(1), -1, 2) == (-1.0, 2.0)


@pytest.mark.parametrize(
    ("scored", "missing", "lowest", "highest", "message"),
    [
        ([], 0, 1, 5, "no item"),
        ([1], -1, 1, 5, "negative"),
        ([1], 1.5, 1, 5, "integer"),
        ([6], 1, 1, 5, "leave the bounds"),
        ([math.nan], 1, 1, 5, "nan"),
        ([1], 1, 5, 1, "ascending"),
        ([], 1, 1, math.inf, "finite"),
        ([[1, 2]], 1, 1, 5, "one-dimensional"),
    ],
)
def test_bad_input_is_refused(scored: list[float], missing: int, lowest: float, highest: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unscored_bounds(scored, missing, lowest, highest)


def test_the_full_mean_always_lies_within() -> None:
    # Certain, not likely: items with high scores go missing most, and the bounds still hold every time,
    # while the mean of the scored alone is too low in nearly all.
    biased = []

    def covers(rng: np.random.Generator) -> bool:
        scores = rng.integers(1, 6, 50)
        missing = rng.random(50) < scores / 10
        low, high = unscored_bounds(scores[~missing], int(missing.sum()), 1, 5)
        biased.append(scores[~missing].mean() < scores.mean())
        return bool(low - 1e-12 <= scores.mean() <= high + 1e-12)

    assert coverage(covers, 1000, seed=41) == 1.0
    assert np.mean(biased) > 0.95
