"""One-sided limits: equal to scipy's and statsmodels' where the same thing is computed, cautious elsewhere, and of the
right size in simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar  # type: ignore[import-untyped]
from statsmodels.stats.weightstats import ttost_paired  # type: ignore[import-untyped]
from tests.stats.simulation import draw_ones, families, noise

from primum.stats.means import mean_interval
from primum.stats.onesided import few_quantile, one_sided_limits
from primum.stats.paired import paired_difference
from primum.stats.score import score_limits


def spread_out(n: int = 200) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Differences at both ends of the scale, of which the t limit is the more cautious."""
    return np.random.default_rng(3).choice([-4.0, 4.0, 3.0, -3.0, 0.0], n)


def test_where_t_is_more_cautious_it_is_the_paired_t_test() -> None:
    d = spread_out()
    ours = one_sided_limits(d, bounds=(-4, 4), alpha=0.05)
    theirs = stats.ttest_rel(d, np.zeros(d.size), alternative="two-sided").confidence_interval(0.9)
    assert ours.high == pytest.approx(float(theirs.high), abs=1e-9)
    assert ours.low == pytest.approx(float(theirs.low), abs=1e-9)
    assert (ours.n, ours.clusters) == (200, 200)
    assert ours.size == pytest.approx(200)


def test_the_decision_is_that_of_two_one_sided_tests() -> None:
    # Schuirmann's TOST rejects at alpha where the limit lies inside the margin: at the limit itself its p is alpha.
    d = spread_out()
    ours = one_sided_limits(d, bounds=(-4, 4), alpha=0.05)
    _, lower, upper = ttost_paired(d, np.zeros(d.size), ours.low, ours.high)
    assert lower[1] == pytest.approx(0.05, abs=1e-9)
    assert upper[1] == pytest.approx(0.05, abs=1e-9)


def test_the_sign_flip_p_of_yes_and_no_is_mcnemars_exact_one() -> None:
    base, candidate = np.repeat([0, 0, 1, 1], [20, 9, 2, 40]), np.repeat([0, 1, 0, 1], [20, 9, 2, 40])
    ours = paired_difference(base, candidate, rng=np.random.default_rng(0))
    theirs = mcnemar([[20, 9], [2, 40]], exact=True).pvalue
    assert ours.p == pytest.approx(float(theirs), abs=1e-9)


def test_each_limit_is_the_more_cautious_one() -> None:
    """One 5 among ones: t does not know what it has not seen; and one against many: the score limit is too sure."""
    for values, telling in (([4] + [0] * 99, 1), ([0] * 100, 0), ([-4] * 5 + [1] * 20 + [0] * 75, 25)):
        d = np.array(values, dtype=np.float64)
        ours = one_sided_limits(d, bounds=(-4, 4), alpha=0.05)
        z2 = 2.705543 + (2.995732 - 2.705543) / (1 + telling) ** 0.5  # -ln .05 = 2.995732
        score = score_limits(d, bounds=(-4, 4), alpha=float(stats.norm.sf(z2**0.5)))
        t = mean_interval(d, bounds=(-4, 4), level=0.9)
        wanted = score if t.method == "zero variance" else (min(t.low, score[0]), max(t.high, score[1]))
        np.testing.assert_allclose((ours.low, ours.high), wanted, rtol=1e-6)


def test_none_of_n_excludes_what_it_excludes_exactly() -> None:
    # 1 - (1 - p)^n = .95, the rule of three: .0327 at 90; at 2.5% the score limit is the wider one anyway
    assert one_sided_limits([0] * 90, bounds=(0, 1), alpha=0.05).high == pytest.approx(1 - 0.05 ** (1 / 90), abs=6e-4)
    assert few_quantile(0.025, 0) == pytest.approx(stats.norm.ppf(0.975))


def test_families_by_hand() -> None:
    """Six families of two, alike throughout: 11 | 00 x 5. Residuals from 1/6: 5/6 twice, -1/6 ten times.

    Cluster totals 5/3, -1/3 five times: sum of squares 25/9 + 5/9 = 10/3; V_cluster = 6/5 x 10/3 / 144 = 1/36.
    V_plain = (5/36) / 11, so D = (1/36) / (5/396) = 2.2. One family tells, W = 2: deff = (2.2 + 2 x 2) / 3 = 2.0667.
    t_11 = 1.795885, t_5 = 2.015048 at 95%: size = 12 / 2.0667 x (1.795885 / 2.015048)^2 = 4.6121.
    """
    values, clusters = [1, 1] + [0] * 10, np.repeat(np.arange(6), 2)
    ours = one_sided_limits(values, clusters, bounds=(0, 1), alpha=0.05)
    assert ours.size == pytest.approx(4.6121, abs=1e-4)
    alpha = float(stats.norm.sf(few_quantile(0.05, 1)))
    assert ours.high == pytest.approx(score_limits(values, bounds=(0, 1), alpha=alpha, size=ours.size)[1])
    # None tells: all alike throughout is the worst, deff = 2: size = 6 x (1.795885 / 2.015048)^2 = 4.7658
    assert one_sided_limits([0] * 12, clusters, bounds=(0, 1), alpha=0.05).size == pytest.approx(4.7658, abs=1e-4)


def test_one_family_knows_nothing() -> None:
    ours = one_sided_limits([0, 1, 0], [7, 7, 7], bounds=(-1, 1), alpha=0.05)
    assert (ours.low, ours.high, ours.clusters) == (-1, 1, 1)


def test_strata_are_taken_from_the_t_limit() -> None:
    d = np.repeat([2.0, -2.0], 30) + np.tile([0.5, -0.5], 30)
    strata = np.repeat([0, 1], 30)
    with_, without = (one_sided_limits(d, None, s, bounds=(-4, 4), alpha=0.05) for s in (strata, None))
    assert with_.high <= without.high
    assert with_.high >= mean_interval(d, None, strata, level=0.9).high


def test_single_items_tell_nothing_of_large_families() -> None:
    """Eight single ones that differ beside a family of 4: W = (8 + 16) / 12 = 2, deff = 2. Each adds no pair of items."""
    values, clusters = [1] * 4 + [0] * 8, [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8]
    t = (stats.t.ppf(0.95, 11) / stats.t.ppf(0.95, 8)) ** 2
    assert one_sided_limits(values, clusters, bounds=(0, 1), alpha=0.05).size == pytest.approx(6 * t)


def test_families_tell_by_their_pairs() -> None:
    """Sizes 2, 2, 2, 3: pairs 2, 2, 2, 6, their unit (12 + 36) / 12 = 4. One pair that differs counts 2 / 4 = .5.

    Residuals from 2/9: totals 14/9, -4/9, -4/9, -6/9: squares (196 + 16 + 16 + 36) / 81 = 264/81; V_cluster = 4/3 x 264/81 / 81.
    V_plain = (14/81) / 8: D = 4/3 x 264/81 x 8/14 = 2.483; W = 21/9. deff = (.5 x 2.483 + 2 x 21/9) / 2.5.
    """
    values, clusters = [1, 1] + [0] * 7, [0, 0, 1, 1, 2, 2, 3, 3, 3]
    effect = (0.5 * (4 / 3 * 264 / 81 * 8 / 14) + 2 * 21 / 9) / 2.5
    t = (stats.t.ppf(0.95, 8) / stats.t.ppf(0.95, 3)) ** 2
    assert one_sided_limits(values, clusters, bounds=(0, 1), alpha=0.05).size == pytest.approx(9 / effect * t)


@pytest.mark.parametrize(
    ("small", "large", "margin", "differ"),
    [
        ((500, 1), (30, 20), 0.03, 0.04),
        ((300, 1), (10, 30), 0.1, 0.12),
        ((600, 1), (10, 20), 0.1, 0.12),
        ((450, 2), (10, 50), 0.05, 0.06),
    ],
)
def test_size_where_small_families_stand_beside_large_ones(
    small: tuple[int, int], large: tuple[int, int], margin: float, differ: float
) -> None:
    """Each family alike throughout. With every family counted alike it was 18 to 26% beside single items: they seem to tell how alike all are."""
    sizes = np.repeat([small[1], large[1]], [small[0], large[0]])
    clusters = np.repeat(np.arange(sizes.size), sizes)
    rng = np.random.default_rng(23)
    passed = 0
    for _ in range(400):
        drawn = rng.random(sizes.size)
        d = 1.0 * (drawn < (differ + margin) / 2) - (drawn > 1 - (differ - margin) / 2)
        passed += one_sided_limits(d[clusters], clusters, bounds=(-1, 1), alpha=0.05).high < margin
    assert passed / 400 <= 0.05 + noise(0.05, 400)


@pytest.mark.parametrize(
    ("sizes", "rate", "margin"),
    [((1,), 0.0, 0.03), ((1,), 0.05, 0.03), ((1, 1, 2, 4), 0.02, 0.03), ((1, 2, 3), 0.1, 0.05)],
)
def test_size_at_the_boundary(sizes: tuple[int, ...], rate: float, margin: float) -> None:
    """The candidate is worse by just the margin; how often that is let through. bench/gate.py has more designs."""
    design = families(1, round(300 / float(np.mean(sizes))), sizes)
    rng = np.random.default_rng(11)
    passed = 0
    for _ in range(800):
        base = draw_ones(design, rate, 0.5, rng) if rate else np.zeros(design.clusters.size)
        candidate = draw_ones(design, rate + margin, 0.5, rng)
        passed += one_sided_limits(candidate - base, design.clusters, bounds=(-1, 1), alpha=0.05).high < margin
    assert passed / 800 <= 0.05 + noise(0.05, 800)
