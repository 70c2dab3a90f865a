"""Paired differences: the sign-flip test by hand and by size, the interval's coverage, adjusted p-values."""

import itertools
import math
import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from tests.stats.simulation import coverage, draw_scores, families, noise

from primum.stats.means import mean_interval
from primum.stats.paired import bonferroni, holm, paired_difference


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def enumerated(totals: npt.NDArray[np.float64]) -> float:
    """Return the share of all sign patterns at least as far from 0 as the data, one pattern at a time."""
    reach = abs(totals.sum()) - 1e-9
    patterns = itertools.product((-1, 1), repeat=totals.size)
    return float(np.mean([abs(totals @ np.array(signs)) >= reach for signs in patterns]))


def test_sign_flip_by_hand() -> None:
    # Differences 1, 2, 3, -1, sum 5. Of the sums -/+1 -/+2 -/+3 -/+1, 7 (once) and 5 (twice: either 1 flipped)
    # and their mirrors reach 5: 6 of 16.
    ours = paired_difference([1, 1, 1, 3], [2, 3, 4, 2], rng=rng())
    assert ours.p == 6 / 16
    assert (ours.value, ours.n, ours.clusters) == (1.25, 4, 4)
    assert ours.method == "cluster-t; exact sign-flip"


def test_clusters_flip_whole() -> None:
    # Totals 1 + 2 = 3, 3, -1: sum 5; of the 8 sums only 7, 5 and their mirrors reach 5: 4 of 8.
    ours = paired_difference([0, 0, 0, 0], [1, 2, 3, -1], clusters=[4, 4, 2, 9], rng=rng())
    assert (ours.p, ours.clusters) == (0.5, 3)


@pytest.mark.parametrize("size", [1, 5, 11])
def test_exact_p_matches_full_enumeration(size: int) -> None:
    differences = np.random.default_rng(size).normal(0.5, 1, size)
    ours = paired_difference(np.zeros(size), differences, rng=rng())
    assert ours.p == pytest.approx(enumerated(differences), abs=1e-12)


def test_exact_p_beyond_one_block() -> None:
    # 18 differences of 1: only all-positive and all-negative reach 18, 2 of 2^18.
    ours = paired_difference(np.zeros(18), np.ones(18), rng=rng(), permutations=2**18)
    assert ours.p == 2 / 2**18
    assert ours.method.endswith("exact sign-flip")


def test_unchanged_clusters_change_nothing() -> None:
    # 40 unchanged items: every flip of them gives the same sum, so the 16 patterns of the first test remain.
    base = np.concatenate([[1, 1, 1, 3], np.full(40, 2)])
    candidate = np.concatenate([[2, 3, 4, 2], np.full(40, 2)])
    ours = paired_difference(base, candidate, rng=rng())
    assert (ours.p, ours.n, ours.method) == (6 / 16, 44, "cluster-t; exact sign-flip")


def test_no_difference_at_all() -> None:
    ours = paired_difference([1, 2, 3], [1, 2, 3], bounds=(-4, 4), rng=rng())
    assert (ours.value, ours.p, ours.method) == (0.0, 1.0, "zero variance; exact sign-flip")
    assert ours.low < 0 < ours.high


@pytest.mark.parametrize("distinct", [True, False])
def test_random_p_matches_full_enumeration(distinct: bool) -> None:
    # 11 distinct sizes draw signs one by one; 40 sizes of 1 draw binomial counts. With m = 20,000 the standard
    # error of p near .1 is .002.
    if distinct:
        differences = np.random.default_rng(3).normal(0.5, 1, 11)
        exact = enumerated(differences)
    else:
        differences = np.repeat([1.0, -1.0], [26, 14])  # sum 12: 40 - 2k >= 12 for k <= 14 negative signs
        exact = 2 * sum(math.comb(40, k) for k in range(15)) / 2**40
    zeros = np.zeros(differences.size)
    permutations = 1500 if distinct else 20_000
    ps = [
        paired_difference(zeros, differences, rng=np.random.default_rng(seed), permutations=permutations).p
        for seed in range(10)
    ]
    assert np.mean(ps) == pytest.approx(exact, abs=noise(exact, 10 * permutations) + 1 / permutations)
    assert 0 < np.ptp(ps) < 0.1


def test_random_p_counts_the_data_among_the_patterns() -> None:
    # Phipson & Smyth 2010: (b + 1) / (m + 1). 60 differences of 1 are never reached by chance: b = 0.
    ours = paired_difference(np.zeros(60), np.ones(60), rng=rng(), permutations=999)
    assert ours.p == 1 / 1000
    assert ours.method == "zero variance; sign-flip with 999 draws"


def test_interval_is_that_of_the_differences() -> None:
    generator = np.random.default_rng(2)
    base, candidate = generator.integers(1, 6, (2, 60))
    clusters, strata = np.arange(60) // 2, np.arange(60) // 20
    ours = paired_difference(base, candidate, clusters, strata, bounds=(-4, 4), level=0.9, rng=rng())
    expected = mean_interval(candidate - base, clusters, strata, bounds=(-4, 4), level=0.9)
    assert ours[:3] == expected[:3]
    assert ours.method == "stratified cluster-t; sign-flip with 10000 draws"


def test_unsigned_and_boolean_scores_subtract_as_numbers() -> None:
    assert paired_difference(np.array([3], np.uint8), np.array([1], np.uint8), rng=rng()).value == -2
    assert paired_difference([True, False], [False, False], rng=rng()).value == -0.5


def test_memory_is_bounded() -> None:
    values = np.random.default_rng(0).random((2, 20_000))
    tracemalloc.start()
    paired_difference(values[0], values[1], rng=rng(), permutations=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # the full matrix of signs would take 160 MB


def test_bad_input_is_refused() -> None:
    for base, candidate, message in (
        ([], [], "base is empty"),
        ([1, 2], [1], "pair them first"),
        ([1, math.nan], [1, 2], "base holds nan"),
        ([1, 2], [1, math.nan], "candidate holds nan"),
    ):
        with pytest.raises(ValueError, match=message):
            paired_difference(base, candidate, rng=rng())
    with pytest.raises(ValueError, match="permutations"):
        paired_difference([1], [2], rng=rng(), permutations=0)
    with pytest.raises(ValueError, match="leave the bounds"):
        paired_difference([1], [5], rng=rng(), bounds=(-1, 1))


CUTS = np.array([0.0, 0.7, 1.3, 2.0])


def test_coverage_of_the_interval() -> None:
    # Scores of 40 families of 1-3 items under two thresholds; the truth is the difference of the exact means.
    # Measured with 20,000 replications and another seed: 0.940.
    design = families(4, 10, (1, 2, 3))

    def covers(generator: np.random.Generator) -> bool:
        base, before = draw_scores(design, CUTS, shift=0.2, icc=0.5, rng=generator)
        candidate, after = draw_scores(design, CUTS - 0.3, shift=0.2, icc=0.5, rng=generator)
        ours = paired_difference(
            base, candidate, design.clusters, design.strata, rng=generator, permutations=1, bounds=(-4, 4)
        )
        return ours.low <= after - before <= ours.high

    assert coverage(covers, 2000, seed=31) == pytest.approx(0.940, abs=noise(0.940, 2000))


@pytest.mark.parametrize(("families_per_stratum", "measured"), [(2, 0.023), (10, 0.043)])
def test_size_under_the_null(families_per_stratum: int, measured: float) -> None:
    # Same thresholds, so base and candidate may be exchanged: P(p <= .05) <= .05 exactly. 8 families are
    # enumerated, 40 drawn at random; ties between whole scores keep the size below 5%. `measured`: 20,000
    # replications with another seed.
    design = families(4, families_per_stratum, (1, 2, 3))

    def rejects(generator: np.random.Generator) -> bool:
        base, candidate = (draw_scores(design, CUTS, 0.2, 0.5, generator)[0] for _ in range(2))
        ours = paired_difference(base, candidate, design.clusters, rng=generator, permutations=399)
        return ours.p <= 0.05

    size = coverage(rejects, 2000, seed=32)
    assert size <= 0.06
    assert size == pytest.approx(measured, abs=noise(measured, 2000))


def test_size_when_differences_are_skewed() -> None:
    # The mean is 0 but the differences are not symmetric, so the test is no longer exact. Exponential - 1,
    # n = 30; measured with 20,000 replications and another seed: 0.074.
    def rejects(generator: np.random.Generator) -> bool:
        differences = generator.exponential(size=30) - 1
        return paired_difference(np.zeros(30), differences, rng=generator, permutations=399).p <= 0.05

    assert coverage(rejects, 2000, seed=33) == pytest.approx(0.074, abs=noise(0.074, 2000))


def test_power_against_a_clear_difference() -> None:
    # A p that never rejects would pass every size test. One sd over 30 items: noncentrality 5.5, power near 1.
    def rejects(generator: np.random.Generator) -> bool:
        differences = generator.normal(1, 1, 30)
        return paired_difference(np.zeros(30), differences, rng=generator, permutations=399).p <= 0.05

    assert coverage(rejects, 200, seed=34) > 0.98


def test_holm_published_example() -> None:
    # Wikipedia, "Holm-Bonferroni method", example: p = .01, .04, .03, .005. Sorted .005, .01, .03, .04 times
    # 4, 3, 2, 1 = .02, .03, .06, .04, made monotone: .02, .03, .06, .06.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_holm_is_the_closed_bonferroni_test() -> None:
    # Holm's p for i is the largest, over all sets of hypotheses that hold i, of |set| x smallest p in the set.
    p = np.random.default_rng(8).random(6) ** 3
    sets = [s for k in range(1, 7) for s in itertools.combinations(range(6), k)]
    closed = [max(min(1.0, len(s) * p[list(s)].min()) for s in sets if i in s) for i in range(6)]
    np.testing.assert_allclose(holm(p), closed)


def test_missing_tests_are_not_counted() -> None:
    p = [math.nan, 0.02, math.nan, 0.5]
    np.testing.assert_allclose(holm(p), [math.nan, 0.04, math.nan, 0.5])
    np.testing.assert_allclose(bonferroni(p), [math.nan, 0.04, math.nan, 1.0])
    assert holm([]).size == bonferroni([]).size == 0
    assert np.isnan(holm([math.nan])).all()


def test_adjustment_leaves_its_input_alone() -> None:
    p = np.array([0.4, 0.01])
    holm(p)
    bonferroni(p)
    assert p.tolist() == [0.4, 0.01]


@pytest.mark.parametrize("p", [[1.1], [-0.1], [[0.1]], ["a"]])
def test_adjustment_refuses_what_is_no_p(p: list[object]) -> None:
    for adjust in (holm, bonferroni):
        with pytest.raises(ValueError, match="p"):
            adjust(p)  # type: ignore[arg-type]


def test_holm_holds_the_family_error() -> None:
    # Ten true nulls with uniform p: P(any adjusted p <= .05) = 1 - .995^10 = .0489.
    wrong = coverage(lambda generator: bool((holm(generator.random(10)) <= 0.05).any()), 2000, seed=35)
    assert wrong == pytest.approx(0.0489, abs=noise(0.0489, 2000))
