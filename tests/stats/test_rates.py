"""Intervals for rates: published examples, by hand, and their coverage."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from tests.stats.simulation import Design, coverage, draw_ones, families, noise

from primum.stats.rates import rate_interval, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_table(successes: int, n: int, low: float, high: float) -> None:
    # Newcombe 1998, Stat. Med. 17:857-872, table I, method 3 (score without continuity correction).
    np.testing.assert_allclose(wilson(successes, n), [low, high], atol=5e-5)


def test_wilson_inverts_the_score_test() -> None:
    # By definition each limit x solves |p - x| = z sqrt(x (1 - x) / n); also for a fractional n.
    for successes, n, level in ((3, 10, 0.95), (2.5, 7.3, 0.9), (40, 50, 0.99)):
        z = stats.norm.ppf((1 + level) / 2)
        for limit in wilson(successes, n, level):
            assert abs(successes / n - limit) == pytest.approx(z * math.sqrt(limit * (1 - limit) / n))


def test_wilson_at_the_ends_is_exact() -> None:
    # 0 of n: 0 .. z^2 / (n + z^2), z^2 = 3.841459; n of n mirrored. No rounding may cross 0 or 1.
    for n in (1, 3, 7, 1000):
        assert wilson(0, n)[0] == 0.0
        assert wilson(n, n)[1] == 1.0
        assert wilson(0, n)[1] == pytest.approx(3.841459 / (n + 3.841459), rel=1e-6)
        assert wilson(n, n)[0] == pytest.approx(n / (n + 3.841459), rel=1e-6)


@pytest.mark.parametrize(
    ("successes", "n", "level"),
    [(0, 0, 0.95), (1, -1, 0.95), (2, 1, 0.95), (-1, 4, 0.95), (math.nan, 4, 0.95), (1, math.nan, 0.95), (1, 2, 1)],
)
def test_wilson_refuses(successes: float, n: float, level: float) -> None:
    with pytest.raises(ValueError, match="must"):
        wilson(successes, n, level)


def test_single_items_are_plain_wilson() -> None:
    ones = np.repeat([1, 0], [81, 182])
    ours = rate_interval(ones)
    assert (ours.low, ours.high) == wilson(81, 263)
    assert (ours.n, ours.clusters, ours.method) == (263, 263, "wilson")
    assert rate_interval(ones == 1, clusters=np.arange(263)) == ours


def test_effective_n_by_hand() -> None:
    # Five clusters of two: 11 | 11 | 00 | 00 | 10. p = .5, residual totals 1, 1, -1, -1, 0: sum of squares 4.
    # V_cluster = 5/4 x 4 / 100 = .05; V_binomial = .25 / 9; deff = 1.8; t_9 = 2.262157, t_4 = 2.776445:
    # n_eff = 10 / 1.8 x (2.262157 / 2.776445)^2 = 3.68804.
    ours = rate_interval([1, 1, 1, 1, 0, 0, 0, 0, 1, 0], clusters=[0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    np.testing.assert_allclose([ours.low, ours.high], wilson(3.68804 / 2, 3.68804), rtol=1e-5)
    assert (ours.value, ours.n, ours.clusters, ours.method) == (0.5, 10, 5, "wilson, effective n")


def test_balanced_clusters_never_gain() -> None:
    # Every cluster 1 0: no spread between clusters, V_cluster = 0, but deff stays 1; only the t ratio shrinks n.
    ours = rate_interval([1, 0] * 6, clusters=np.repeat(np.arange(6), 2))
    ratio = stats.t.ppf(0.975, 11) / stats.t.ppf(0.975, 5)
    np.testing.assert_allclose([ours.low, ours.high], wilson(6 * ratio**2, 12 * ratio**2), rtol=1e-9)


@pytest.mark.parametrize("p", [0, 1])
def test_all_alike_count_clusters(p: int) -> None:
    # Identical items within each cluster cannot be ruled out: 20 clusters of 5 are 20 items.
    ours = rate_interval(np.full(100, p), clusters=np.repeat(np.arange(20), 5))
    assert (ours.low, ours.high) == wilson(20 * p, 20)


def test_one_cluster_is_one_item() -> None:
    ours = rate_interval([1, 0, 0, 0], clusters=[3, 3, 3, 3])
    assert (ours.low, ours.high) == wilson(0.25, 1)


@pytest.mark.parametrize(
    ("ones", "clusters", "message"),
    [
        ([], None, "empty"),
        ([0, 2], None, "0 or 1"),
        ([0.5], None, "0 or 1"),
        ([0, math.nan], None, "nan"),
        ([0, 1], [0], "clusters has shape"),
    ],
)
def test_bad_input_is_refused(ones: list[float], clusters: list[int] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rate_interval(ones, clusters)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.5])
def test_coverage_of_single_items(rate: float) -> None:
    # Exact: the binomial probability of the counts 0..100 whose interval holds the rate (.92 to .97: Wilson's
    # coverage oscillates, Brown, Cai & DasGupta 2001). The simulation must agree with it.
    counts = [k for k in range(101) if wilson(k, 100)[0] <= rate <= wilson(k, 100)[1]]
    exact = float(stats.binom.pmf(counts, 100, rate).sum())
    assert exact > 0.92

    def covers(rng: np.random.Generator) -> bool:
        ours = rate_interval(rng.random(100) < rate)
        return ours.low <= rate <= ours.high

    assert coverage(covers, 2000, seed=21) == pytest.approx(exact, abs=noise(exact, 2000))


# Items of a cluster share a latent correlation of .4. `measured`: 20,000 replications with another seed.
SIXTY = families(1, 60, (1, 3, 5))
FIFTEEN = families(1, 15, (10,))
COVERAGE = [
    pytest.param(SIXTY, 0.01, 0.958, id="1% in 60 clusters of 1-5"),
    pytest.param(SIXTY, 0.05, 0.933, id="5% in 60 clusters of 1-5"),
    pytest.param(SIXTY, 0.50, 0.947, id="50% in 60 clusters of 1-5"),
    pytest.param(FIFTEEN, 0.01, 0.970, id="1% in 15 clusters of 10"),
    pytest.param(FIFTEEN, 0.05, 0.951, id="5% in 15 clusters of 10"),
    pytest.param(FIFTEEN, 0.50, 0.955, id="50% in 15 clusters of 10"),
]


def in_clusters(design: Design, rate: float) -> Callable[[np.random.Generator], bool]:
    def covers(rng: np.random.Generator) -> bool:
        ours = rate_interval(draw_ones(design, rate, icc=0.4, rng=rng), design.clusters)
        return ours.low <= rate <= ours.high

    return covers


@pytest.mark.parametrize(("design", "rate", "measured"), COVERAGE)
def test_coverage_in_clusters(design: Design, rate: float, measured: float) -> None:
    covered = coverage(in_clusters(design, rate), 2000, seed=22)
    assert covered == pytest.approx(measured, abs=noise(measured, 2000))


@pytest.mark.proof
@pytest.mark.parametrize(("design", "rate", "measured"), COVERAGE)
def test_coverage_in_clusters_closely(design: Design, rate: float, measured: float) -> None:
    covered = coverage(in_clusters(design, rate), 20_000, seed=23)
    assert covered == pytest.approx(measured, abs=math.sqrt(2) * noise(measured, 20_000))


def test_ignoring_clusters_would_fall_short() -> None:
    # 5% in 15 clusters of 10: plain Wilson covers about 80%, the effective n about 95%.
    def covers(rng: np.random.Generator) -> bool:
        plain = rate_interval(draw_ones(FIFTEEN, 0.05, icc=0.4, rng=rng))
        return plain.low <= 0.05 <= plain.high

    assert coverage(covers, 1000, seed=24) < 0.85
