"""Power and sizes: against statsmodels, scipy and full enumeration, and by simulation with the limits that the gate uses."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower  # type: ignore[import-untyped]
from tests.stats.simulation import noise

from primum.stats.onesided import one_sided_limits
from primum.stats.power import least_items, mean_power, paired_power, rate_power


@pytest.mark.parametrize(
    ("n", "distance", "sd", "alpha"), [(27, 0.5, 1, 0.05), (300, 0.2, 1.2, 0.025), (12, 1, 0.9, 0.1)]
)
def test_of_a_mean_it_is_statsmodels(n: int, distance: float, sd: float, alpha: float) -> None:
    theirs = TTestPower().power(distance / sd, n, alpha, alternative="larger")
    assert mean_power(n, distance, sd, alpha) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize(
    ("n", "rate", "limit", "alpha"), [(437, 0.005, 0.02, 0.025), (90, 0.03, 0.1, 0.05), (50, 0.2, 0.1, 0.05)]
)
def test_of_a_rate_it_counts_what_the_limit_lets_through(n: int, rate: float, limit: float, alpha: float) -> None:
    def high(events: int) -> float:
        return one_sided_limits([1] * events + [0] * (n - events), bounds=(0, 1), alpha=alpha).high

    passing = [events for events in range(n // 4) if high(events) <= limit]
    assert rate_power(n, rate, limit, alpha) == pytest.approx(float(stats.binom.pmf(passing, n, rate).sum()), abs=1e-9)


@pytest.mark.parametrize(
    ("n", "discordant", "difference", "margin"), [(40, 0.3, 0.05, 0.2), (25, 0.5, -0.5, 0.0), (30, 0.1, 0.0, 0.1)]
)
def test_of_pairs_it_sums_all_tables_that_the_limit_lets_through(
    n: int, discordant: float, difference: float, margin: float
) -> None:
    more, less = (discordant + difference) / 2, (discordant - difference) / 2
    total = 0.0
    for b, c in product(range(n + 1), repeat=2):
        if b + c <= n:
            high = one_sided_limits([1] * b + [-1] * c + [0] * (n - b - c), bounds=(-1, 1), alpha=0.05).high
            chance = stats.multinomial.pmf([b, c, n - b - c], n, [more, less, 1 - more - less])
            total += float(chance) * (high < margin)
    assert paired_power(n, discordant, difference, margin, 0.05) == pytest.approx(total, abs=1e-9)


def exact_size(margin: float, alpha: float) -> float:
    """The greatest chance of any share of discordant pairs, at any of many n, to let the margin itself through."""
    shares = margin + np.concatenate([[1e-9], np.linspace(0.0005, 0.02, 8), np.linspace(0.03, 0.3, 6)])
    numbers = [*range(60, 200, 7), *range(200, 901, 100)]
    return max(paired_power(n, float(share), margin, margin, alpha) for n in numbers for share in shares)


@pytest.mark.parametrize("margin", [0.0, 0.02, 0.03, 0.1])
def test_the_exact_size_for_pairs(margin: float) -> None:
    """Independent pairs, worst case. Without `few_quantile` it is 6.3% for a margin of .03: 0 of 90 excludes it, .97^90."""
    assert exact_size(margin, 0.05) < 0.056
    assert exact_size(margin, 0.025) < 0.0275


@pytest.mark.parametrize("limit", [0.01, 0.02, 0.05, 0.1])
def test_the_exact_size_for_a_rate(limit: float) -> None:
    """Wilson's own limit lets 6.8% through at 133 items and a limit of .02: none of 133 excludes it, .98^133."""
    assert max(rate_power(n, limit, limit, 0.05) for n in range(60, 1000)) < 0.056
    assert max(rate_power(n, limit, limit, 0.025) for n in range(60, 1000)) < 0.0275


def test_of_very_many_pairs_it_is_nearly_normal() -> None:
    # Fixed distance in standard errors: margin sqrt(n / discordant) = 2.5 on either side of where enumeration ends.
    few, many = (paired_power(n, 0.3, 0.0, 2.5 * math.sqrt(0.3 / n), 0.05) for n in (20_000, 200_000))
    assert few == pytest.approx(many, abs=2e-3)


def test_the_least_number_is_the_first_that_reaches_the_power() -> None:
    def power(n: int) -> float:
        return mean_power(n, 0.2, 1.2, 0.025)

    n = least_items(power, 0.8)
    assert n is not None
    assert power(n - 1) < 0.8 <= power(n)
    assert least_items(lambda n: rate_power(n, 0.03, 0.02, 0.05), 0.8) is None  # what is not so is not shown


LEVELS = np.arange(-4.0, 5.0)


@pytest.mark.parametrize(
    ("sizes", "same", "tilt", "alpha"),
    [
        ((1, 2, 4, 10), 40, 0.1, 0.025),  # mostly small changes
        ((1, 0, 0, 0), 20, 0.05, 0.025),  # only from one end of the scale to the other
        ((1, 1, 1, 1), 12, 0.06, 0.05),
    ],
)
def test_a_planned_gain_has_its_power(sizes: tuple[int, ...], same: int, tilt: float, alpha: float) -> None:
    """Differences of scores, -4 to 4, fewer up than down by the tilt; at the planned n, by the very limits of the gate."""
    shape = np.array([*sizes, same, *reversed(sizes)], dtype=np.float64) * np.exp(-tilt * LEVELS)
    shape /= shape.sum()
    gain = -float(shape @ LEVELS)
    sd = math.sqrt(float(shape @ LEVELS**2) - gain**2)
    n = least_items(lambda n: mean_power(n, gain, sd, alpha), 0.8)
    assert n is not None
    rng = np.random.default_rng(5)
    drawn = (rng.choice(LEVELS, n, p=shape) for _ in range(2000))
    assert 0.77 < np.mean([one_sided_limits(d, bounds=(-4, 4), alpha=alpha).high < 0 for d in drawn]) < 0.83


@pytest.mark.parametrize(
    ("discordant", "margin", "alpha"), [(0.04, 0.03, 0.05), (0.1, 0.02, 0.05), (0.1, 0.05, 0.05), (0.01, 0.0125, 0.025)]
)
def test_planned_pairs_have_their_power(discordant: float, margin: float, alpha: float) -> None:
    n = least_items(lambda n: paired_power(n, discordant, 0.0, margin, alpha), 0.8)
    assert n is not None
    rng = np.random.default_rng(1)
    chances = [discordant / 2, 1 - discordant, discordant / 2]
    shown = [
        one_sided_limits(rng.choice([-1.0, 0.0, 1.0], n, p=chances), bounds=(-1, 1), alpha=alpha).high < margin
        for _ in range(2000)
    ]
    expected = paired_power(n, discordant, 0.0, margin, alpha)
    assert 0.8 <= expected < 0.83
    assert 0.77 < np.mean(shown) < 0.83
    assert np.mean(shown) == pytest.approx(expected, abs=noise(expected, 2000))


def test_a_planned_rate_has_its_power() -> None:
    n = least_items(lambda n: rate_power(n, 0.005, 0.02, 0.025), 0.8)
    assert n is not None
    rng = np.random.default_rng(7)
    shown = [one_sided_limits(rng.random(n) < 0.005, bounds=(0, 1), alpha=0.025).high <= 0.02 for _ in range(800)]
    expected = rate_power(n, 0.005, 0.02, 0.025)
    assert np.mean(shown) == pytest.approx(expected, abs=noise(expected, 800))
