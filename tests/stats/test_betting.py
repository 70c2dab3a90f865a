"""Betting intervals: the wagers worked out by hand or by plain loops, and how often the limits miss the mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.stats.simulation import Floats, coverage, noise

from primum.stats.betting import (
    BettingSequence,
    begin_sequence,
    betting_interval,
    certain_limits,
    drawn_shares,
    extend_sequence,
)

RICH = 40  # 2 / 0.05


def test_one_value_says_nothing() -> None:
    """One wager of at most l = sqrt(2 log 40 / (1 x 1/4)) = 5.43: the capital 1 + 5.43 (1 - m) never comes to 40."""
    assert betting_interval([1.0]) == betting_interval([0.0]) == (0.0, 1.0)


def hedged_capital(x: Floats, m: float) -> float:
    """The greater of both sides' greatest capital, by the published formulas, one value after another."""
    up = down = most = 1.0
    total, squares = 0.5, 0.25
    for i, value in enumerate(x):
        bet = math.sqrt(2 * math.log(RICH) * (i + 1) / (len(x) * squares))
        up *= 1 + min(bet, 0.75 / m) * (value - m)
        down *= 1 - min(bet, 0.75 / (1 - m)) * (value - m)
        most = max(most, up, down)
        total += value
        squares += (value - total / (i + 2)) ** 2
    return most


def test_limits_are_where_a_gambler_gets_rich() -> None:
    values = np.random.default_rng(5).beta(0.4, 1.2, 60)
    low, high = betting_interval(values)
    order = np.random.default_rng(0).permutation(values)
    step = 1e-5
    assert hedged_capital(order, low - step) >= RICH > hedged_capital(order, low + step)
    assert hedged_capital(order, high + step) >= RICH > hedged_capital(order, high - step)


@pytest.mark.parametrize("bad", [[], [0.2, float("nan")], [1.2], [-0.1], [[0.1]]])
def test_what_is_no_value_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="values"):
        betting_interval(bad)


@pytest.mark.parametrize(("rate", "n"), [(0.03, 60), (0.5, 60), (0.97, 200)])
def test_interval_covers_though_the_caller_sorts(rate: float, n: int) -> None:
    """At least 95% by the theorem; sorting is the worst order that a caller could choose."""

    def covers(rng: np.random.Generator) -> bool:
        low, high = betting_interval(np.sort((rng.random(n) < rate).astype(np.float64)))
        return low <= rate <= high

    assert coverage(covers, 600, seed=3) >= 0.95 - noise(0.95, 600)


def test_half_of_four_ones_are_certain() -> None:
    """Two of four items are 1: the others can bring the mean to 2/4 or to 4/4. No gambler gets rich on two values."""
    two = extend_sequence(begin_sequence(4), [1, 1], [1, 1])
    assert (two.low, two.high) == (0.5, 1.0)
    whole = extend_sequence(two, [0, 0], [1, 1])
    assert (whole.low, whole.high) == (0.5, 0.5)


def test_endless_population_of_ones() -> None:
    """After t ones the capital at m is the mean over f = .9, .45 of (1 + f (1 - m) / m)^t; it is 40 between two candidates."""
    sequence = extend_sequence(begin_sequence(None, families=4), [1.0] * 3, [1.0] * 3)
    assert sequence.shares.tolist() == [0.9, 0.45]

    def capital(m: float) -> float:
        return sum((1 + f * (1 - m) / m) ** 3 for f in (0.9, 0.45)) / 2

    assert capital(sequence.low) >= RICH > capital(sequence.low + 0.001)
    assert sequence.high == 1.0


def plain_capital(
    totals: Floats, sizes: Floats, counted: Floats, items: float, shares: Floats, m: float, side: int
) -> float:
    """The greatest capital of one side at m, family by family: the wager is on d_g / n_g less what it is on average."""
    capital, most = np.ones(len(shares)), 1.0
    lost, left = 0.0, items
    for total, size, count in zip(totals, sizes, counted, strict=True):
        d = total - m * count
        expected = -lost / left  # d sums to 0 over all items
        reach = (m + expected) if side > 0 else (1 - m - expected)  # the most that a stake of 1 can lose
        capital *= 1 + shares * side * (d / size - expected) / reach
        most = max(most, float(capital.mean()))
        lost, left = lost + d, left - size
    return most


@pytest.mark.parametrize("counting", [False, True], ids=["all items count", "some items do not count"])
def test_families_of_unequal_size_against_plain_loops(counting: bool) -> None:
    rng = np.random.default_rng(11)
    sizes = rng.choice([1.0, 1.0, 2.0, 5.0], 60)
    counted = np.array([rng.integers(0, size, endpoint=True) for size in sizes]) * 1.0 if counting else sizes
    totals = np.array([rng.binomial(int(count), 0.3) for count in counted]) * 1.0
    items = int(sizes.sum()) + 100
    found = extend_sequence(begin_sequence(items, families=100), totals, sizes, counted=counted)
    shares = found.shares
    assert 0.05 < found.low < 0.3 < found.high < 0.6
    for side, rejected, kept in ((1, found.low, found.low + 0.001), (-1, found.high, found.high - 0.001)):
        assert plain_capital(totals, sizes, counted, items, shares, rejected, side) >= RICH
        assert plain_capital(totals, sizes, counted, items, shares, kept, side) < RICH


def test_missing_values_enter_at_both_ends() -> None:
    """The lower limit is that of the same families with 0 for what is missing, the upper that of those with 1."""
    rng = np.random.default_rng(2)
    low = (rng.random(80) < 0.4) * 1.0
    high = np.maximum(low, rng.random(80) < 0.2)
    ones = np.ones(80)
    both = extend_sequence(begin_sequence(300), low, ones, highest=high)
    assert both.low == extend_sequence(begin_sequence(300), low, ones).low
    assert both.high == extend_sequence(begin_sequence(300), high, ones).high
    assert certain_limits(both) == (low.sum() / 300, (high.sum() + 220) / 300)


def test_one_by_one_or_at_once_is_the_same_and_limits_only_close_in() -> None:
    rng = np.random.default_rng(3)
    totals, sizes = rng.random(150), np.ones(150)
    one = begin_sequence(200, families=200)
    for total in totals:
        before, one = one, extend_sequence(one, [total], [1])
        assert before.low <= one.low <= one.high <= before.high
    at_once = extend_sequence(begin_sequence(200, families=200), totals, sizes)
    assert (one.low, one.high) == (at_once.low, at_once.high)


@pytest.mark.parametrize(
    ("totals", "sizes", "told"),
    [
        ([2.0], [1.0], "total <= highest"),
        ([], [], "not empty"),
        ([1.0, 0.0], [1.0], "one length"),
        ([1.0], [11.0], "drawn of 10"),
    ],
)
def test_impossible_families_are_refused(totals: list[float], sizes: list[float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        extend_sequence(begin_sequence(10), totals, sizes)


def test_a_population_needs_an_item() -> None:
    with pytest.raises(ValueError, match="at least one item"):
        begin_sequence(0)


def watched(items: int, families: int, mean: float) -> BettingSequence:
    """A sequence whose gamblers bet on the true mean alone: it is rejected if the sequence ever misses it."""
    sequence = begin_sequence(items, families=families)
    return sequence._replace(candidates=np.array([mean]), above=sequence.above[:, :1], below=sequence.below[:, :1])


def misses(totals: Floats, sizes: Floats, order: Floats) -> bool:
    """Whether the sequence over families in ascending `order` leaves the mean out at any time."""
    places = np.argsort(order)
    sequence = watched(int(sizes.sum()), sizes.size, float(totals.sum() / sizes.sum()))
    return extend_sequence(sequence, totals[places], sizes[places]).candidates.size == 0


def draw(kind: str, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A population of families: their totals and sizes."""
    sizes: Floats = np.ones(300) if kind != "clusters" else np.array([1.0, 1.0, 2.0, 6.0])[rng.integers(4, size=120)]
    if kind == "mostly the lowest":
        scores = np.array([0, 0.25, 0.5, 0.75, 1])
        return scores[rng.choice(5, sizes.size, p=[0.85, 0.06, 0.04, 0.03, 0.02])], sizes
    if kind == "uniform":
        anything: Floats = rng.random(sizes.size)
        return anything, sizes
    if kind == "clusters":  # all alike within a family, and large families the worse ones
        return np.where(rng.random(sizes.size) < 0.2 + 0.1 * sizes, sizes, 0.0), sizes
    return np.where(rng.random(sizes.size) < (0.03 if kind == "rare" else 0.5), 1.0, 0.0), sizes


@pytest.mark.parametrize("kind", ["mostly the lowest", "two-point", "uniform", "rare", "clusters"])
def test_the_mean_is_missed_at_no_time_in_19_of_20_runs(kind: str) -> None:
    """400 runs each, over all families (10,000 are in bench/until.py)."""

    def covers(rng: np.random.Generator) -> bool:
        totals, sizes = draw(kind, rng)
        return not misses(totals, sizes, rng.exponential(size=sizes.size) / sizes)

    assert coverage(covers, 400, seed=7) >= 0.95


def test_the_draw_must_be_in_proportion_to_size() -> None:
    """Drawn with equal probabilities instead, small families come too early, and where they differ the mean is missed."""

    def covers(rng: np.random.Generator) -> bool:
        totals, sizes = draw("clusters", rng)
        return not misses(totals, sizes, rng.random(sizes.size))

    assert coverage(covers, 200, seed=7) < 0.9


def test_shares_of_drawn_families() -> None:
    """Sizes 1, 1, 2 and one drawn: successive sampling gives 1/4, 1/4, 1/2, which the exponential form nears; they sum to
    the number drawn, and where all are drawn each is certain."""
    shares = drawn_shares([1, 1, 2], 1)
    assert shares.sum() == pytest.approx(1)
    assert shares == pytest.approx([0.25, 0.25, 0.5], abs=0.04)
    assert drawn_shares([1, 5], 2).tolist() == [1, 1]
    sizes = np.array([1.0] * 150 + [5.0] * 50)
    rng = np.random.default_rng(1)
    counts = np.zeros(200)
    for _ in range(2000):
        counts[np.argsort(rng.exponential(size=200) / sizes)[:60]] += 1
    small, large = counts[:150].mean() / 2000, counts[150:].mean() / 2000
    assert drawn_shares(sizes, 60)[[0, -1]] == pytest.approx([small, large], abs=0.005)
    with pytest.raises(ValueError, match="cannot be drawn"):
        drawn_shares([1, 1], 3)
