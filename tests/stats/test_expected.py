"""Expected widths: the assumption about experts, variances over every possible sample, and promises that are met."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest

from primum.stats import arms, expected
from primum.stats.arms import fewest_side, make_arm
from primum.stats.design import active_chances, labels_needed, mark_strata, stratified_chances, stratum_labels
from primum.stats.expected import (
    Experts,
    Width,
    agreeing_experts,
    betting_width,
    is_one_sided,
    label_variance,
    rectified_width,
    sides_expected,
)
from primum.stats.rectified import Rectified, rectified_mean

Floats = npt.NDArray[np.float64]
LEVELS = np.arange(1.0, 6.0)


def test_the_assumption_is_kappa_and_the_errors_follow_from_it() -> None:
    """Every pair of judge's mark and expert's label, with its probability: the expert repeats the judge with
    probability .8, else draws one of the judge's marks, beside which 1, 1, 5, 5 stand."""
    marks, kappa = np.array([1.0, 1.0, 2.0, 5.0] * 500), 0.8
    found = agreeing_experts(marks, kappa, (1, 5), np.ones(2000))
    usual = {1.0: 1002 / 2004, 2.0: 500 / 2004, 5.0: 502 / 2004}
    assert found.levels.tolist() == [1, 2, 5]
    pairs = []
    for place in (0, 2, 3):
        expected = [kappa * (y == marks[place]) + (1 - kappa) * p for y, p in usual.items()]
        assert found.chances[place] == pytest.approx(expected)
        share = float((marks == marks[place]).mean())
        pairs += [(float(marks[place]), y, share * p) for y, p in zip(usual, expected, strict=True)]
    agree = sum(p for f, y, p in pairs if f == y)
    luck = sum(float((marks == y).mean()) ** 2 for y in usual)
    assert (agree - luck) / (1 - luck) == pytest.approx(kappa, abs=0.001)
    assert 1 - sum(p * (f - y) ** 2 for f, y, p in pairs) / (2 * marks.var()) == pytest.approx(kappa, abs=0.002)
    mean, variance = 2.25, float(marks.var())
    for f in usual:
        left = [(y - kappa * f, p / float((marks == f).mean())) for of, y, p in pairs if of == f]
        centre = sum(d * p for d, p in left)
        assert centre == pytest.approx(
            (1 - kappa) * mean, abs=0.01
        )  # the same at every mark: none is left between strata
        square = sum(p * (d - centre) ** 2 for d, p in left)
        assert found.squares[marks == f] == pytest.approx(square, rel=0.01)
        assert square == pytest.approx((1 - kappa) * (variance + kappa * (f - mean) ** 2), rel=0.02)
    assert found.squares.mean() == pytest.approx((1 - kappa**2) * variance, rel=0.01)


def test_what_the_judge_left_out_and_a_useless_judge_by_hand() -> None:
    found = agreeing_experts(np.array([0.0, 1.0, np.nan]), 0.9, (0, 1), np.ones(3))
    assert found.chances[2].tolist() == [0.5, 0.5]
    assert found.line == pytest.approx([0.05, 0.95, 0.5])
    assert found.squares == pytest.approx([0.95 * 0.05, 0.95 * 0.05, 0.25])
    useless = agreeing_experts(np.array([1.0, 1.0]), None, (1, 5), np.ones(2))
    assert (useless.variance, useless.squares.tolist(), useless.line.tolist()) == (4.0, [4.0, 4.0], [3.0, 3.0])


def test_labels_so_far_say_what_experts_say() -> None:
    # a judge that never says 1, and experts who said it in three labels of twelve: with 0, 0, 1, 1 beside them 5 / 16
    found = agreeing_experts(np.zeros(50), 0.6, (0, 1), np.ones(50), (np.repeat([0.0, 1.0], [9, 3]), np.ones(12)))
    assert found.chances[0] == pytest.approx([0.6 + 0.4 * 11 / 16, 0.4 * 5 / 16])
    between = agreeing_experts(np.zeros(50), 0.6, (0, 1), np.ones(50), (np.array([0.5]), np.array([4.0])))  # two raters
    assert between.levels.tolist() == [0, 0.5, 1]
    assert between.chances[0] == pytest.approx([0.6 + 0.4 * 2 / 8, 0.4 * 4 / 8, 0.4 * 2 / 8])


def test_equal_marks_leave_room_for_doubt() -> None:
    # ten ones on a scale from 1 to 5, with 1, 1, 5, 5 beside them: of what is not repeated, a seventh is 5
    found = agreeing_experts(np.ones(10), 0.8, (1, 5), np.ones(10))
    assert found.chances[0] == pytest.approx([0.8 + 0.2 * 6 / 7, 0.2 / 7])
    assert found.variance == pytest.approx(16 * 0.2 / 7 * (1 - 0.2 / 7))
    twice = agreeing_experts(np.ones(5), 0.8, (1, 5), np.full(5, 2.0))
    assert twice.variance == pytest.approx(found.variance)


def test_the_variance_is_that_over_every_poisson_sample() -> None:
    chances, d = np.array([0.2, 0.5, 0.9, 1.0]), np.array([1.0, -2.0, 0.5, 3.0])
    first = second = 0.0
    for drawn in itertools.product((0, 1), repeat=4):
        xi = np.array(drawn)
        p = float(np.prod(np.where(xi == 1, chances, 1 - chances)))
        value = float((xi / chances * d).sum() / 4)
        first, second = first + p * value, second + p * value**2
    assert first == pytest.approx(d.mean())
    assert label_variance(d**2, chances, np.ones(4)) == pytest.approx(second - first**2)
    # a thing that stands for two answers moves the mean twice as far
    assert label_variance(np.array([1.0]), np.array([0.5]), np.array([2.0])) == pytest.approx(1.0)


def test_the_variance_is_that_over_every_stratified_sample() -> None:
    strata, d = np.array([0, 0, 0, 0, 1, 1, 1]), np.array([1.0, 4.0, 2.0, 5.0, -3.0, 0.0, 6.0])
    chances = np.where(strata == 0, 2 / 4, 2 / 3)
    values = [
        (4 * d[list(a)].mean() + 3 * d[list(b)].mean()) / 7
        for a in itertools.combinations(range(4), 2)
        for b in itertools.combinations(range(4, 7), 2)
    ]
    assert np.mean(values) == pytest.approx(d.mean())
    centred = np.concatenate([d[:4] - d[:4].mean(), d[4:] - d[4:].mean()])
    squares = centred**2 * np.where(strata == 0, 4 / 3, 3 / 2)  # S^2 with N_h - 1, as Cochran defines it (eq. 5.6)
    assert label_variance(squares, chances, np.ones(7)) == pytest.approx(float(np.var(values)))


def test_a_width_step_by_step() -> None:
    """Four hundred answers, half marked 1, drawn with chance 1/4: a hundred labels, each of weight 1/100."""
    marks = np.repeat([0.0, 1.0], 200)
    experts, ones, chances = agreeing_experts(marks, 0.8, (0, 1), np.ones(400)), np.ones(400), np.full(400, 0.25)
    # P(Y = f) = .8 + .2 / 2 = .9; the line is .5 -/+ .4, so errors are .1 with chance .9, and .9 with chance .1
    assert experts.squares == pytest.approx(0.9 * 0.01 + 0.1 * 0.81)
    bought, answers = label_variance(experts.squares, chances, ones), 0.25 / 400
    assert bought == pytest.approx(400 * 3 * 0.09 / 400**2)
    square, fourth = 100 * 0.01**2 * 0.09, 100 * 0.01**4 * (0.9 * 0.1**4 + 0.1 * 0.9**4)
    assert square**2 / fourth == pytest.approx(12.3, abs=0.1)  # labels carry the errors, and twenty should
    unseen = 2 * (1 - square**2 / fourth / 20) * 100 * 0.01**2 / 100
    variance = answers + bought
    df = 2 * variance**2 / (fourth - variance**2 / 100)
    assert df == pytest.approx(2 * 1.69e-6 / (6.57e-8 - 1.69e-8))  # 69.3, where t = 1.9949
    found = rectified_width(experts, chances, ones, (0, 1), 400, answers, bought)
    assert found.full == pytest.approx(2 * 1.9949 * math.sqrt(100 / 99 * variance + unseen), rel=1e-3)
    every = rectified_width(experts, ones, ones, (0, 1), 400, answers, 0.0)  # nothing is unseen, t_399 = 1.9659
    assert every.full == pytest.approx(2 * 1.9659 * math.sqrt(400 / 399 * answers), rel=1e-3)
    assert rectified_width(experts, chances, ones, (0, 1), 1, answers, bought) == Width(1.0, False)


def test_what_is_foreseen_has_the_measures_of_what_is_done() -> None:
    for name in ("FEWEST", "UNSEEN", "NOTABLE"):
        assert getattr(expected, name) == getattr(arms, name)


def test_sides_are_counted_as_the_interval_counts_them() -> None:
    """Over 300 draws with two chances, the mean of what `fewest_side` counts is what is expected."""
    rng = np.random.default_rng(4)
    marks = np.repeat([0.0, 1.0], [150, 50])
    chances = np.where(np.arange(200) % 2, 0.2, 0.6)
    experts = agreeing_experts(marks, 0.9, (0, 1), np.ones(200))
    counted = []
    for _ in range(300):
        y = (rng.random(200) < experts.chances[:, 1]).astype(float)
        at = np.flatnonzero(rng.random(200) < chances)
        counted.append(fewest_side(make_arm(marks, at, y[at], chances[at])))
    below, above = sides_expected(experts, chances, np.ones(200))
    assert above == pytest.approx(np.mean(counted, axis=0), rel=0.06)
    assert below[0] + above[0] == pytest.approx(80)  # 100 x .2 + 100 x .6
    assert below[1] > above[1]


def test_rare_kinds_take_the_wide_interval() -> None:
    never = agreeing_experts(np.zeros(1000), 0.8, (0, 1), np.ones(1000))
    wide = [betting_width(never, np.full(1000, n / 1000), np.ones(1000), (0, 1), 1.0) for n in (20, 50, 100, 400)]
    assert wide == sorted(wide, reverse=True)
    assert 0.01 < wide[-1] < 0.03
    assert betting_width(never, np.full(1000, 0.1), np.ones(1000), (0, 1), 2.0) == pytest.approx(2 * wide[2], rel=0.1)
    uneven = np.where(np.arange(1000) % 2, 0.04, 0.16)
    assert betting_width(never, uneven, np.ones(1000), (0, 1), 1.0) > 1.5 * wide[2]  # the heaviest weight counts


def width_of(experts: Experts, chances: Floats) -> Width:
    n = chances.size
    if is_one_sided(experts, chances, np.ones(n)):
        return Width(betting_width(experts, chances, np.ones(n), (1, 5), 1.0), True)
    bought = label_variance(experts.squares, chances, np.ones(n))
    return rectified_width(experts, chances, np.ones(n), (1, 5), n, experts.variance / n, bought)


SHARES = [(0.5, 0.2, 0.1, 0.1, 0.1), (0.8, 0.1, 0.05, 0.03, 0.02), (0.96, 0.02, 0.01, 0.01, 0.0)]


@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("active", [False, True])
def test_the_promised_width_is_met(active: bool, shares: tuple[float, ...]) -> None:
    """900 answers, experts who agree by kappa .8, as many labels as a width of .3 takes, drawn 60 times: in the mean
    the intervals that `rectified_mean` gives are no wider than promised, but for 5%."""
    rng = np.random.default_rng(11)
    marks = np.repeat(LEVELS, [round(900 * share) for share in shares])
    experts = agreeing_experts(marks, 0.8, (1, 5), np.ones(900))
    strata = mark_strata(marks)

    def chances_of(n: int) -> Floats:
        if active:
            return active_chances(np.sqrt((marks - 1) * (5 - marks)), n)
        return stratified_chances(strata, experts.squares, n)

    n = labels_needed(lambda n: width_of(experts, chances_of(n)).full, 0.3, 12, 900)
    assert n is not None
    chances = chances_of(n)
    found: list[Rectified] = []
    sizes = []
    for _ in range(60):
        at = np.flatnonzero(rng.random(900) < chances)
        if not active:
            counts = stratum_labels(strata, experts.squares, n)
            at = np.concatenate([rng.permutation(np.flatnonzero(strata == h))[:k] for h, k in enumerate(counts)])
        y = np.where(rng.random(900) < 0.8, marks, rng.choice(marks, 900))
        found.append(rectified_mean(make_arm(marks, at, y[at], chances[at]), bounds=(1, 5)))
        sizes.append(at.size)
    assert np.mean([one.high - one.low for one in found]) <= 0.3 * 1.05
    assert np.mean([one.value for one in found]) == pytest.approx(marks.mean(), abs=4 * 0.3 / 4 / math.sqrt(60))
    assert np.mean(sizes) == pytest.approx(n, abs=4 * math.sqrt(n / 60))


def test_the_width_is_that_of_the_true_spread() -> None:
    """A plug-in of its own: over 500 populations and draws, the estimates spread as the promised interval says. Their
    spread has a standard error of 1 / sqrt(1000) = 3.2%; three of these are allowed."""
    rng = np.random.default_rng(12)
    shares, kappa = np.array([0.5, 0.2, 0.1, 0.1, 0.1]), 0.8
    marks = np.repeat(LEVELS, (900 * shares).astype(int))
    experts = agreeing_experts(marks, kappa, (1, 5), np.ones(900))
    strata = mark_strata(marks)
    n = labels_needed(lambda n: width_of(experts, stratified_chances(strata, experts.squares, n)).full, 0.25, 12, 900)
    assert n is not None
    estimates = []
    for _ in range(500):
        f = rng.choice(LEVELS, 900, p=shares)
        y = np.where(rng.random(900) < kappa, f, rng.choice(LEVELS, 900, p=shares))
        own = mark_strata(f)
        squares = agreeing_experts(f, kappa, (1, 5), np.ones(900)).squares
        chances = stratified_chances(own, squares, n)
        drawn = np.zeros(900, dtype=bool)
        for h, k in enumerate(stratum_labels(own, squares, n)):
            drawn[rng.permutation(np.flatnonzero(own == h))[:k]] = True
        weights = drawn / chances
        rectifier = (weights * (y - kappa * f)).sum() / weights.sum()
        estimates.append(kappa * f.mean() + rectifier)
    empirical = 2 * 1.9626 * float(np.std(estimates, ddof=1))  # t with 899 degrees of freedom
    assert empirical == pytest.approx(0.25, rel=3 / math.sqrt(2 * 500))
    assert np.mean(estimates) == pytest.approx(float(LEVELS @ shares), abs=3 * 0.25 / 4 / math.sqrt(500))
