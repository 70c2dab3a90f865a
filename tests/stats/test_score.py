"""Score limits: Tango's and Wilson's are two cases of them; published examples; the likelihood that they rest on."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar  # type: ignore[import-untyped]
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]

from primum.stats.score import score_limits


def differences(more: int, less: int, n: int) -> list[int]:
    """Of n pairs `more` that got worse and `less` that got better."""
    return [1] * more + [-1] * less + [0] * (n - more - less)


@pytest.mark.parametrize(
    ("both", "more", "less", "neither", "level", "low", "high"),
    [
        # Tango 1998, Stat. Med. 17:891-908, as ratesci 0.4 repeats his two examples (the second is the non-inferiority
        # of two disinfections of contact lenses, 90% and so 5% one-sided).
        (4, 9, 3, 16, 0.95, -0.027, 0.390),
        (43, 0, 1, 0, 0.90, -0.096, 0.037),
        # Agresti & Min 2005, Stat. Med. 24:729-740, table I.
        (53, 16, 8, 9, 0.95, -0.020, 0.207),
        # Fagerland, Lydersen & Laake 2014, Stat. Med. 33:2850-2875, airway reactivity.
        (1, 1, 7, 12, 0.95, -0.517, -0.026),
    ],
)
def test_published_examples(
    both: int, more: int, less: int, neither: int, level: float, low: float, high: float
) -> None:
    n = both + more + less + neither
    ours = score_limits(differences(more, less, n), bounds=(-1, 1), alpha=(1 - level) / 2)
    np.testing.assert_allclose(ours, (low, high), atol=5e-4)


def test_four_decimals_of_a_textbook() -> None:
    # Fagerland, Lydersen & Laake 2017, Statistical Analysis of Contingency Tables, chapter 8, consolidation therapy:
    # 59, 6, 16, 80 gives -0.1240 to -0.0054.
    ours = score_limits(differences(6, 16, 161), bounds=(-1, 1), alpha=0.025)
    np.testing.assert_allclose(ours, (-0.1240, -0.0054), atol=5e-5)


def tango_upper(more: int, less: int, n: int, alpha: float) -> float:
    """The root of Tango's statistic in his closed form."""
    z = stats.norm.ppf(1 - alpha)

    def statistic(delta: float) -> float:
        linear = -more - less + (2 * n - more + less) * delta
        better = (math.sqrt(linear**2 + 8 * n * less * delta * (1 - delta)) - linear) / (4 * n)
        return float((more - less - n * delta) / math.sqrt(n * (2 * better + delta * (1 - delta))) + z)

    return float(optimize.brentq(statistic, (more - less) / n + 1e-12, 1 - 1e-12, xtol=1e-15, rtol=1e-14))


@pytest.mark.parametrize(
    ("more", "less", "n"), [(0, 0, 180), (1, 0, 180), (0, 1, 44), (7, 3, 60), (3, 11, 900), (0, 9, 20)]
)
def test_three_values_are_tangos_interval(more: int, less: int, n: int) -> None:
    low, high = score_limits(differences(more, less, n), bounds=(-1, 1), alpha=0.05)
    assert high == pytest.approx(tango_upper(more, less, n, 0.05), abs=1e-9)
    assert low == pytest.approx(-tango_upper(less, more, n, 0.05), abs=1e-9)


@pytest.mark.parametrize(("ones", "n"), [(0, 90), (1, 29), (15, 148), (90, 90)])
def test_two_values_are_wilsons_interval(ones: int, n: int) -> None:
    ours = score_limits([1] * ones + [0] * (n - ones), bounds=(0, 1), alpha=0.05)
    np.testing.assert_allclose(ours, proportion_confint(ones, n, alpha=0.1, method="wilson"), atol=1e-9)


def test_at_no_difference_it_is_mcnemars_test() -> None:
    # The limit touches 0 where alpha is the one-sided p of the test without continuity correction.
    table = [[40, 4], [13, 23]]
    p = float(mcnemar(table, exact=False, correction=False).pvalue) / 2
    high = score_limits(differences(4, 13, 80), bounds=(-1, 1), alpha=p)[1]
    assert high == pytest.approx(0.0, abs=1e-9)


def constrained_variance(values: npt.NDArray[np.float64], bound: float, mean: float) -> float:
    """The variance of the likeliest distribution with a mean, found by a general optimiser."""
    levels, counts = np.unique(values, return_counts=True)
    if levels[-1] < bound:
        levels, counts = np.append(levels, bound), np.append(counts, 0)
    found = optimize.minimize(
        lambda p: -float(counts @ np.log(np.maximum(p, 1e-300))),
        np.full(levels.size, 1 / levels.size),
        constraints=[
            {"type": "eq", "fun": lambda p: float(p.sum() - 1)},
            {"type": "eq", "fun": lambda p: float(p @ levels - mean)},
        ],
        bounds=[(0, 1)] * levels.size,
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    return float(found.x @ (levels - mean) ** 2)


@pytest.mark.parametrize("values", [[0, 0, 0, 1, 2, -1, 4, 0, 0, -3], [1, 1, 2, 0, 0, 0, 0, -1], [-2, -2, -2, 0]])
def test_the_variance_is_that_of_the_likeliest_distribution(values: list[int]) -> None:
    numbers = np.array(values, dtype=np.float64)
    high = score_limits(numbers, bounds=(-4, 4), alpha=0.05)[1]
    score = (high - numbers.mean()) / math.sqrt(constrained_variance(numbers, 4.0, high) / numbers.size)
    assert score == pytest.approx(stats.norm.ppf(0.95), abs=1e-4)


def test_values_all_alike_leave_room_for_what_was_not_seen() -> None:
    # n equal values x: mass q at the bound, q / (1 - q) = z^2 / n, so q = z^2 / (n + z^2); z^2 = 2.705543.
    low, high = score_limits([-1.0] * 50, bounds=(-4, 4), alpha=0.05)
    q = 2.705543 / 52.705543
    np.testing.assert_allclose((low, high), (-1 - 3 * q, -1 + 5 * q), atol=1e-6)
    assert score_limits([4, 4], bounds=(-4, 4), alpha=0.05)[1] == 4


def test_a_smaller_effective_size_widens() -> None:
    values = differences(3, 5, 60)
    widths = [
        high - low for low, high in (score_limits(values, bounds=(-1, 1), alpha=0.05, size=s) for s in (60, 40, 9))
    ]
    assert widths == sorted(widths)
    assert score_limits(values, bounds=(-1, 1), alpha=0.05, size=60) == score_limits(values, bounds=(-1, 1), alpha=0.05)


def test_more_confidence_widens_and_signs_mirror() -> None:
    values = np.array([0.0, 0.25, -0.5, 0.0, 1.0, 0.125])
    for alpha in (0.2, 0.05, 0.001):
        low, high = score_limits(values, bounds=(-1, 1), alpha=alpha)
        assert -1 <= low < values.mean() < high <= 1
        np.testing.assert_allclose(score_limits(-values, bounds=(-1, 1), alpha=alpha), (-high, -low), atol=1e-12)
    assert score_limits(values, bounds=(-1, 1), alpha=0.01)[1] > score_limits(values, bounds=(-1, 1), alpha=0.05)[1]


def test_bad_input_is_refused() -> None:
    for alpha, size, message in (
        (0.0, None, "alpha must lie"),
        (1.0, None, "alpha must lie"),
        (0.05, 0.0, "size must be"),
    ):
        with pytest.raises(ValueError, match=message):
            score_limits([0, 1], bounds=(0, 1), alpha=alpha, size=size)
    with pytest.raises(ValueError, match="leave the bounds"):
        score_limits([0, 2], bounds=(0, 1), alpha=0.05)
    with pytest.raises(ValueError, match="nan"):
        score_limits([0, math.nan], bounds=(0, 1), alpha=0.05)
