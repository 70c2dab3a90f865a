"""Intervals for means: by hand, against reference implementations, and their coverage."""

import functools
import math
import tracemalloc
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from tests.stats.simulation import Design, coverage, draw_scores, families, noise

from primum.stats.interval import Interval
from primum.stats.means import bca_interval, mean_interval
from primum.stats.rates import wilson

SCORES = np.array([1, 1, 1, 2, 1, 5, 1, 3, 1, 1, 2, 4, 1, 1, 1])
T2 = 4.302653  # t quantile .975 with 2 degrees of freedom, any table
T1 = 12.706205  # with 1


def test_singletons_give_students_interval() -> None:
    for level in (0.8, 0.95, 0.99):
        ours = mean_interval(SCORES, level=level)
        reference = stats.ttest_1samp(SCORES, 0).confidence_interval(level)
        np.testing.assert_allclose([ours.low, ours.high], [reference.low, reference.high], rtol=1e-12)
    assert (ours.n, ours.clusters, ours.method) == (15, 15, "cluster-t")


def test_clusters_by_hand() -> None:
    # Mean 3, residuals -2 -1 | 1 | 2, cluster totals -3, 1, 2: Var = 3/2 x (9 + 1 + 4) / 16 = 1.3125, t_2.
    ours = mean_interval([1, 2, 4, 5], clusters=[10, 10, 3, 7])
    half = T2 * math.sqrt(1.3125)
    np.testing.assert_allclose(ours[:3], [3, 3 - half, 3 + half], rtol=1e-6)
    assert (ours.n, ours.clusters, ours.method) == (4, 3, "cluster-t")


def test_clusters_match_the_sandwich_of_a_regression_on_a_constant() -> None:
    # Cameron & Miller 2015: (X'X)^-1 (sum_g X_g' u_g u_g' X_g) (X'X)^-1 x G/(G-1) x (n-1)/(n-k), here k = 1.
    rng = np.random.default_rng(5)
    clusters = rng.integers(12, size=60)
    y = rng.normal(size=60) + clusters
    x = np.ones((60, 1))
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    meat = np.zeros((1, 1))
    for g in range(12):
        score = x[clusters == g].T @ (y - x @ beta)[clusters == g]
        meat += np.outer(score, score)
    error = math.sqrt((bread @ meat @ bread).item() * 12 / 11)
    ours = mean_interval(y, clusters)
    assert ours.high - ours.value == pytest.approx(stats.t.ppf(0.975, 11) * error, rel=1e-12)


def test_strata_by_hand() -> None:
    # Stratum 0: values 1 3 | 5, mean 3, residuals -2 0 | 2, totals -2, 2. Stratum 1: 2 | 4, totals -1, 1.
    # Var = 4 / (4 - 2) x (4 + 4 + 1 + 1) / 25 = 0.8, with 2 degrees of freedom; mean 15 / 5 = 3.
    ours = mean_interval([1, 3, 5, 2, 4], clusters=[0, 0, 1, 2, 3], strata=[0, 0, 0, 1, 1])
    half = T2 * math.sqrt(0.8)
    np.testing.assert_allclose(ours[:3], [3, 3 - half, 3 + half], rtol=1e-6)
    assert (ours.clusters, ours.method) == (4, "stratified cluster-t")


def test_equal_strata_match_stratified_random_sampling() -> None:
    # Cochran 1977, ch. 5: Var = sum_h W_h^2 s_h^2 / n_h (no finite-population correction).
    y = np.random.default_rng(3).normal(size=(4, 10)) + np.arange(4)[:, None]
    error = math.sqrt(sum(0.25**2 * row.var(ddof=1) / 10 for row in y))
    ours = mean_interval(y.ravel(), strata=np.repeat(np.arange(4), 10))
    assert ours.high - ours.value == pytest.approx(stats.t.ppf(0.975, 36) * error, rel=1e-12)


def test_labels_order_and_type_do_not_matter() -> None:
    clusters, strata = np.repeat(np.arange(5), 3), np.repeat([0, 0, 0, 1, 1], 3)
    first = mean_interval(SCORES, clusters, strata)
    order = np.random.default_rng(0).permutation(15)
    again = mean_interval(SCORES.astype(np.float32)[order], 10**12 - clusters[order], strata[order] == 0)
    np.testing.assert_allclose(again[:3], first[:3], rtol=1e-12)
    assert mean_interval(SCORES > 1).value == pytest.approx(5 / 15)  # 2, 5, 3, 2, 4


def test_limits_are_clipped_to_the_bounds() -> None:
    # 3 -/+ t_2 x sqrt(1.3125) = -1.93 .. 7.93, as above.
    ours = mean_interval([1, 2, 4, 5], clusters=[0, 0, 1, 2], bounds=(1, 5))
    assert (ours.low, ours.high) == (1.0, 5.0)


@pytest.mark.parametrize(
    ("clusters", "strata"),
    [([0, 0, 0], None), ([0, 0, 1], [0, 0, 1]), ([0, 1, 0], [0, 1, 2])],
)
def test_too_few_clusters_say_nothing(clusters: list[int], strata: list[int] | None) -> None:
    # G = 1; G = H = 2; G = 2 < H = 3: no degree of freedom is left.
    bounded = mean_interval([1, 2, 3], clusters, strata, bounds=(1, 5))
    assert bounded == (2.0, 1.0, 5.0, 3, len(set(clusters)), "too few clusters")
    free = mean_interval([1, 2, 3], clusters, strata)
    assert np.isnan([free.low, free.high]).all()


def test_equal_values_keep_an_honest_width() -> None:
    # Wilson, 0 of 20: upper limit z^2 / (20 + z^2) = 3.8415 / 23.8415 = .1611 (Newcombe 1998, table I),
    # times the range 4. At the end of the scale only one side has room; in the middle both.
    at_end = mean_interval(np.ones(20), bounds=(1, 5))
    np.testing.assert_allclose(at_end[:3], [1, 1, 1 + 4 * 0.1611], atol=2e-4)
    assert at_end.method == "zero variance"
    middle = mean_interval(np.full(20, 3), bounds=(1, 5))
    np.testing.assert_allclose(middle[:3], [3, 3 - 4 * 0.1611, 3 + 4 * 0.1611], atol=2e-4)
    top = mean_interval(np.full(20, 4.9), bounds=(1, 5))
    assert top.high == 5.0
    assert top.low == pytest.approx(4.9 - 4 * 0.1611, abs=2e-4)
    bca = bca_interval(np.ones(20), bounds=(1, 5), rng=np.random.default_rng(0))
    assert bca == at_end


def test_equal_values_count_clusters_not_items() -> None:
    ours = mean_interval(np.ones(60), clusters=np.repeat(np.arange(20), 3), bounds=(1, 5))
    assert ours.high == pytest.approx(1 + 4 * wilson(0, 20)[1])


def test_zero_variance_is_seen_through_rounding() -> None:
    # 0.1 has no exact binary form; constant strata and balanced clusters have no spread between clusters.
    assert mean_interval(np.full(1000, 0.1)).method == "zero variance"
    assert mean_interval([0.1, 0.1, 0.3, 0.3, 0.3], strata=[0, 0, 1, 1, 1]).method == "zero variance"
    balanced = mean_interval([0.1, 0.7, 0.7, 0.1, 0.3, 0.5], clusters=[0, 0, 1, 1, 2, 2])
    assert balanced.method == "zero variance"
    assert math.isnan(balanced.low)
    assert mean_interval(np.full(1000, 0.1), bounds=(0.0, 0.1)).value <= 0.1
    # A real spread at a large offset is not rounding: t_1 x sqrt(2 / 1 x (1 + 1) / 4); doubles there are 1/64 apart.
    far = mean_interval([1e14, 1e14 + 2])
    assert far.high - far.value == pytest.approx(T1, abs=1 / 64)


METHODS: list[Callable[..., Interval]] = [
    mean_interval,
    functools.partial(bca_interval, rng=np.random.default_rng(0)),
]
BAD: list[tuple[dict[str, object], str]] = [
    ({"values": []}, "empty"),
    ({"values": [1.0, math.nan]}, "nan or infinity"),
    ({"values": [1.0, math.inf]}, "nan or infinity"),
    ({"values": [1, None]}, "must be numbers"),
    ({"values": [[1, 2]]}, "one-dimensional"),
    ({"values": [1, 2], "clusters": [0]}, "clusters has shape"),
    ({"values": [1, 2], "strata": [0, 1, 2]}, "strata has shape"),
    ({"values": [1, 2], "clusters": [0.0, 1.0]}, "integer codes"),
    ({"values": [1, 2], "clusters": [0, -1]}, "negative code"),
    ({"values": [1, 6], "bounds": (1, 5)}, "leave the bounds"),
    ({"values": [1, 2], "bounds": (5, 1)}, "the lower first"),
    ({"values": [1, 2], "bounds": (1, math.nan)}, "finite"),
    ({"values": [1, 2], "level": 95}, "level"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_refused(arguments: dict[str, object], message: str) -> None:
    for method in METHODS:
        with pytest.raises(ValueError, match=message):
            method(**arguments)


def test_bca_matches_scipy() -> None:
    # Both are random: at 40,000 resamples the .025 and .975 quantiles carry about .003 of Monte Carlo error.
    ours = bca_interval(SCORES, rng=np.random.default_rng(1), resamples=40_000)
    reference = stats.bootstrap(
        (SCORES,), np.mean, method="BCa", n_resamples=40_000, rng=np.random.default_rng(2)
    ).confidence_interval
    np.testing.assert_allclose([ours.low, ours.high], [reference.low, reference.high], atol=0.02)
    student = mean_interval(SCORES)
    assert ours.high > student.high  # the long tail is on the right, so 0.02 tells BCa from t


def test_stratified_bca_matches_scipy_on_several_samples() -> None:
    # Continuous values: on whole scores both limits fall on a lattice of 1/25 and may differ by a step of it.
    generator = np.random.default_rng(6)
    first, second = generator.exponential(size=15), 3 - generator.exponential(size=10)

    def overall(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
        return np.asarray((15 * a.mean(axis) + 10 * b.mean(axis)) / 25)

    reference = stats.bootstrap(
        (first, second), overall, method="BCa", n_resamples=40_000, rng=np.random.default_rng(2)
    ).confidence_interval
    values, strata = np.concatenate([first, second]), np.repeat([0, 1], [15, 10])
    ours = bca_interval(values, strata=strata, rng=np.random.default_rng(1), resamples=40_000)
    np.testing.assert_allclose([ours.low, ours.high], [reference.low, reference.high], atol=0.01)
    assert ours.method == "stratified bca"


def test_bca_resamples_clusters_whole() -> None:
    # Equal clusters: the same draws as over the cluster means, each taken as one item.
    rng = np.random.default_rng(4)
    values = rng.integers(1, 6, size=(12, 3))
    clustered = bca_interval(values.ravel(), np.repeat(np.arange(12), 3), rng=np.random.default_rng(7))
    means = bca_interval(values.mean(axis=1), rng=np.random.default_rng(7))
    np.testing.assert_allclose(clustered[:3], means[:3], rtol=1e-9)
    assert (clustered.n, clustered.clusters) == (36, 12)


def test_bca_drops_strata_that_clusters_span() -> None:
    clusters = np.repeat(np.arange(5), 3)
    spanning = bca_interval(SCORES, clusters, np.arange(15) % 2, rng=np.random.default_rng(7))
    assert spanning == bca_interval(SCORES, clusters, rng=np.random.default_rng(7))
    assert spanning.method == "bca"


def test_bca_ends_at_the_largest_resample_past_the_pole() -> None:
    # One outlier in 8: a = (n - 2) / (6 sqrt(n (n - 1))) = .134; z = 8 at this level, so a (z0 + z) > 1 and the
    # formula would turn over to the lowest quantile. The upper limit is the largest resampled mean instead.
    ours = bca_interval([0, 0, 0, 0, 0, 0, 0, 1], rng=np.random.default_rng(0), level=1 - 1e-15)
    drawn = np.random.default_rng(0).integers(8, size=(2000, 8))
    assert ours.high == (drawn == 7).mean(axis=1).max()


def test_bca_memory_is_bounded() -> None:
    values = np.random.default_rng(0).integers(1, 6, 10_000)
    tracemalloc.start()
    bca_interval(values, rng=np.random.default_rng(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


def test_bca_refuses_too_many_clusters_and_too_few_resamples() -> None:
    with pytest.raises(ValueError, match="10001 clusters"):
        bca_interval(np.arange(10_001), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="at least 100"):
        bca_interval([1, 2], rng=np.random.default_rng(0), resamples=99)


# Coverage of 95% limits. `measured` comes from 20,000 replications with another seed (standard error .0015 to
# .0025); a run of R replications must agree with it within three of its own standard errors.
CUTS = np.array([0.0, 0.7, 1.3, 2.0])
NINE_BY_TWELVE = families(9, 12, (1, 2, 3, 4))
NINE_BY_THREE = families(9, 3, (1, 2, 3, 4))
HUNDRED = families(1, 100, (1, 2, 3))
TEN = families(1, 10, (1, 2, 3))
SKEWED = np.array([0.85, 0.06, 0.04, 0.03, 0.02])


def in_families(design: Design, bca: bool) -> Callable[[np.random.Generator], bool]:
    def covers(rng: np.random.Generator) -> bool:
        scores, truth = draw_scores(design, CUTS, shift=0.1, icc=0.5, rng=rng)
        if bca:
            ours = bca_interval(scores, design.clusters, design.strata, rng=rng, resamples=500, bounds=(1, 5))
        else:
            ours = mean_interval(scores, design.clusters, design.strata, bounds=(1, 5))
        return ours.low <= truth <= ours.high

    return covers


def independent(n: int, shares: npt.NDArray[np.float64], bca: bool) -> Callable[[np.random.Generator], bool]:
    def covers(rng: np.random.Generator) -> bool:
        scores = 1 + rng.choice(5, size=n, p=shares)
        truth = float(shares @ np.arange(1, 6))
        if bca:
            ours = bca_interval(scores, rng=rng, resamples=500, bounds=(1, 5))
        else:
            ours = mean_interval(scores, bounds=(1, 5))
        return ours.low <= truth <= ours.high

    return covers


RARE = np.array([0.98, 0, 0, 0, 0.02])
COVERAGE = [
    pytest.param(in_families(NINE_BY_TWELVE, False), 0.945, id="t: 9 strata of 12 families of 1-4"),
    pytest.param(in_families(NINE_BY_THREE, False), 0.918, id="t: 9 strata of 3 families"),
    pytest.param(in_families(HUNDRED, False), 0.948, id="t: 100 families of 1-3"),
    pytest.param(in_families(TEN, False), 0.913, id="t: 10 families of 1-3"),
    pytest.param(independent(30, SKEWED, False), 0.884, id="t: 30 skewed scores"),
    pytest.param(independent(30, RARE, False), 0.9996, id="t: 30 scores, rarely a 5"),
    pytest.param(in_families(NINE_BY_TWELVE, True), 0.925, id="bca: 9 strata of 12 families of 1-4"),
    pytest.param(in_families(TEN, True), 0.892, id="bca: 10 families of 1-3"),
    pytest.param(independent(30, SKEWED, True), 0.922, id="bca: 30 skewed scores"),
    pytest.param(independent(30, RARE, True), 0.981, id="bca: 30 scores, rarely a 5"),
]


@pytest.mark.parametrize(("covers", "measured"), COVERAGE)
def test_coverage(covers: Callable[[np.random.Generator], bool], measured: float) -> None:
    assert coverage(covers, 1000, seed=11) == pytest.approx(measured, abs=noise(measured, 1000))


@pytest.mark.proof
@pytest.mark.parametrize(("covers", "measured"), COVERAGE)
def test_coverage_closely(covers: Callable[[np.random.Generator], bool], measured: float) -> None:
    # `measured` carries an error of its own, as large as this one's at 20,000 replications.
    tolerance = math.sqrt(2) * noise(measured, 20_000)
    assert coverage(covers, 20_000, seed=12) == pytest.approx(measured, abs=tolerance)


def test_ignoring_clusters_would_fall_short() -> None:
    # The reason for clusters: taken as independent, the items of the 9 x 12 design cover 85%, not 94.5%.
    def covers(rng: np.random.Generator) -> bool:
        scores, truth = draw_scores(NINE_BY_TWELVE, CUTS, shift=0.1, icc=0.5, rng=rng)
        naive = mean_interval(scores, bounds=(1, 5))
        return naive.low <= truth <= naive.high

    assert coverage(covers, 1000, seed=13) < 0.89
