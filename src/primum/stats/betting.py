"""Intervals for the mean of bounded values that assume nothing else: betting against every candidate mean.

A gambler stakes on "the mean is not m". If m is the mean the wagers are fair, and by Ville's inequality the capital
exceeds 1 / alpha at any time with probability at most alpha. The interval holds the m at which no gambler got rich.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from primum.stats.inputs import Floats, check_bounds, check_level, read_values

_MOST = 0.75  # share of the capital that one wager on a fixed number of values may lose (c in the source)
_HALVINGS = 24  # a limit is found within 2^-24 of the range, and given outward
_GRID = 1000  # candidate means of a sequence: its limits are given outward to a thousandth of the range
_BOLDEST = 0.9  # greatest share of the capital that a wager of a sequence may lose; the others halve it
_LEAST = 1e-9  # a wager that could lose less than this is made as if it could lose this much


def betting_interval(values: npt.ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Return (low, high), both in 0..1, for the mean of independent `values` (n,) in 0..1 that have one mean.

    Hedged capital: with alpha = 1 - level, {m: max(K+, K-) / 2 < 1 / alpha at all t <= n}, where
    K+_t(m) = prod (1 + min(l_i, c / m) (x_i - m)), K-_t(m) = prod (1 - min(l_i, c / (1 - m)) (x_i - m)), and the bets
    are the predictable plug-in for n values: l_i^2 = 2 log(2 / alpha) / (n s2_{i-1}),
    s2_t = (1/4 + sum_{j <= t} (x_j - m_j)^2) / (t + 1), m_t = (1/2 + sum_{j <= t} x_j) / (t + 2).

    Coverage is at least `level` for every n and every distribution in 0..1, rare ones included. K+ falls and K- rises
    in m, so each limit is found by halving, and given outward. The wagers follow an order that a fixed seed draws, so
    a caller that sorts does no harm.

    Raises ValueError for no values, nan, values outside 0..1, or a bad level.
    Source: Waudby-Smith & Ramdas 2024, JRSS-B 86:1-27, section 4 (theorem 3, with bets for a fixed n).

    >>> low, high = betting_interval([0.0] * 200)
    >>> low, round(high, 3)  # no one among 200
    (0.0, 0.024)
    """
    check_level(level)
    numbers = read_values(values)
    check_bounds((0.0, 1.0), numbers)
    x = np.random.default_rng(0).permutation(numbers)
    before = np.arange(x.size)  # values seen before each wager
    means = (0.5 + np.cumsum(x)) / (before + 2)
    squares = np.concatenate([[0.0], np.cumsum((x - means) ** 2)[:-1]])
    rich = math.log(2 / (1 - level))
    bets = np.sqrt(2 * rich * (before + 1) / (x.size * (0.25 + squares)))
    return _lower_limit(x, bets, rich), 1.0 - _lower_limit(1.0 - x, bets, rich)


def _lower_limit(x: Floats, bets: Floats, rich: float) -> float:
    """Return the greatest m found by halving at which betting on "more than m" gets `rich` (log capital), or 0."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        m = (low + high) / 2
        capital = np.cumsum(np.log1p(np.minimum(bets, _MOST / m) * (x - m)))
        if capital.max() >= rich:
            low = m
        else:
            high = m
    return low


class BettingSequence(NamedTuple):
    """Limits for the mean of a population that hold at every moment while its families are drawn, one after another.

    `low` and `high` are the limits so far, in 0..1; they only ever close in. The rest is what the gamblers hold: their
    `candidates` (M,) still inside, the `shares` (F,) of its capital that each stakes, the log capital of those who bet
    on more (`above`) and on less (`below`) than each candidate (F, M), and sums over what was drawn: of the values at
    their lowest and highest, of the items that count, and of all items.
    """

    low: float
    high: float
    items: float
    rich: float
    candidates: Floats
    shares: Floats
    above: Floats
    below: Floats
    lowest: float = 0.0
    highest: float = 0.0
    counted: float = 0.0
    drawn: float = 0.0


def begin_sequence(items: int | None, *, families: int = 1000, level: float = 0.95) -> BettingSequence:
    """Return the sequence before anything is drawn, for a population of `items` in all, or an endless one (None).

    The gamblers of each side stake shares .9, .45, .225 ... of what they may lose, as small as the last of `families`
    can make worthwhile: about 1 / sqrt(families).

    Raises ValueError without an item, or for a bad level.
    """
    check_level(level)
    if items is not None and items < 1:
        raise ValueError(f"a population needs at least one item, not {items}")
    candidates = np.arange(1, _GRID) / _GRID
    count = 1 + max(1, math.ceil(math.log2(_BOLDEST * math.sqrt(families))))
    shares: Floats = _BOLDEST * np.power(0.5, np.arange(count, dtype=np.float64))
    nothing = np.zeros((count, candidates.size))
    size = math.inf if items is None else float(items)
    return BettingSequence(0.0, 1.0, size, math.log(2 / (1 - level)), candidates, shares, nothing, nothing)


def extend_sequence(
    sequence: BettingSequence,
    totals: npt.ArrayLike,
    sizes: npt.ArrayLike,
    *,
    highest: npt.ArrayLike | None = None,
    counted: npt.ArrayLike | None = None,
) -> BettingSequence:
    """Return the sequence after k more families: `totals` (k,) are sums of values in 0..1 over each, `sizes` (k,) the
    items of each.

    The mean is sum T_g / sum c_g over all families g: T_g the family's total, c_g the number of its items that count
    (`counted`; default: all n_g). Each family must be drawn from those left with probability in proportion to its size,
    that is: an item is drawn at random and brings its family along. Where values are missing, `totals` hold them at 0
    and `highest` at 1, both with `counted` including them: the lower limit then comes from the one and the upper
    from the other.

    Why it holds. If m is the mean, d_g = T_g - m c_g sums to 0 over the population, so over the R items not yet drawn
    it sums to -D, D being its sum over those drawn. The next family is g with probability n_g / R, so the mean of
    d_g / n_g is -D / R, whatever the sizes are and however alike the items of a family: the wager
    1 + f (d_g / n_g + D / R) / (m - D / R) is fair, and not negative as d_g / n_g >= -m. Families of any size thus weigh
    in within 0..1, where the total T_g scaled to the mean would reach as far as the largest family. Where values are
    missing, their lowest makes d_g no more and -D / R no less than they are, so the wager on more is at best fair,
    whatever made them missing; their highest does the same for less. The capital is the mean over the shares f (a
    mixture is fair as well), compared with 2 / alpha on either side, so that the limits hold at all times together with
    probability `level`. It is monotone in m for each side, so what is left in between is an interval. Beside the wagers
    stands what is certain: the items not yet drawn are all 0 or all 1 at the extremes.

    Raises ValueError for shapes that differ, values out of range, or more items than there are.
    Source: Waudby-Smith & Ramdas 2024, JRSS-B 86:1-27, sections 4 and 5 (hedged capital, discrete mixtures; without
    replacement); Waudby-Smith & Ramdas 2020, NeurIPS 33:20204-20214. Here the units are families of unequal size.

    >>> first = extend_sequence(begin_sequence(4), [1, 1], [1, 1])
    >>> first.low, first.high  # two of four are 1, so the mean is at least a half
    (0.5, 1.0)
    """
    size = np.asarray(sizes, dtype=np.float64)
    total = np.asarray(totals, dtype=np.float64)
    top = total if highest is None else np.asarray(highest, dtype=np.float64)
    count = size if counted is None else np.asarray(counted, dtype=np.float64)
    _check_families(sequence, total, top, count, size)
    seen = _before(sequence.drawn, size)
    number = _before(sequence.counted, count)
    left = (sequence.items - seen)[:, None]
    m, part = sequence.candidates, (count / size)[:, None]
    shares, rich = sequence.shares, sequence.rich
    lost = (_before(sequence.lowest, total)[:, None] - m * number[:, None]) / left
    above = _capital(sequence.above, shares, m, (total / size)[:, None] + m * (1 - part), lost)
    lost = ((number - _before(sequence.highest, top))[:, None] - (1 - m) * number[:, None]) / left
    below = _capital(sequence.below, shares, 1 - m, ((count - top) / size)[:, None] + (1 - m) * (1 - part), lost)
    low = max([sequence.low, *m[_got_rich(above, rich)]])
    high = min([sequence.high, *m[_got_rich(below, rich)]])
    if low >= high:  # no mean is left, which happens with probability 1 - level at most: stay with the last that was
        low, high = sequence.low, sequence.high
    after = sequence._replace(
        lowest=sequence.lowest + float(total.sum()),
        highest=sequence.highest + float(top.sum()),
        counted=sequence.counted + float(count.sum()),
        drawn=sequence.drawn + float(size.sum()),
    )
    least, most = certain_limits(after)
    inside = (m > low) & (m < high)
    return after._replace(
        low=min(max(low, least), most),
        high=max(min(high, most), least),
        candidates=m[inside],
        above=above[:, -1, inside],
        below=below[:, -1, inside],
    )


def certain_limits(sequence: BettingSequence) -> tuple[float, float]:
    """Return the least and the greatest mean that the items not yet drawn can still make."""
    left = sequence.items - sequence.drawn
    if math.isinf(left) or sequence.counted + left == 0:
        return 0.0, 1.0
    return sequence.lowest / (sequence.counted + left), (sequence.highest + left) / (sequence.counted + left)


def _capital(before: Floats, shares: Floats, m: Floats, gains: Floats, lost: Floats) -> Floats:
    """Return the (F, k, M) log capital of those who bet on more than m (M,) after each of k families.

    `gains` (k, M) are d_g / n_g + m >= 0 and `lost` (k, M) is D / R: the wager is fair where gains average m - lost.
    """
    stake = np.maximum(m - lost, _LEAST)
    returns = np.maximum((gains - (m - lost)) / stake, -1.0)  # below -1 only where no mean m can be any more
    capital: Floats = before[:, None, :] + np.cumsum(np.log1p(shares[:, None, None] * returns), axis=1)
    return capital


def _got_rich(capital: Floats, rich: float) -> npt.NDArray[np.bool_]:
    """Say of each candidate (M,) whether the mean of the gamblers' capital (F, k, M) ever came to exp(rich)."""
    mixed = np.logaddexp.reduce(capital, axis=0) - math.log(capital.shape[0])
    return np.asarray((mixed >= rich).any(axis=0), dtype=np.bool_)


def _before(start: float, steps: Floats) -> Floats:
    """Return the running sum (k,) before each of `steps` (k,)."""
    before: Floats = start + np.cumsum(steps) - steps
    return before


def _check_families(sequence: BettingSequence, total: Floats, top: Floats, count: Floats, size: Floats) -> None:
    if not total.shape == top.shape == count.shape == size.shape or total.ndim != 1 or not total.size:
        raise ValueError("totals, sizes, highest and counted must be one-dimensional, of one length, and not empty")
    slack = 1e-9
    if not ((total >= -slack) & (total <= top + slack) & (top <= count + slack) & (count <= size) & (size > 0)).all():
        raise ValueError("each family needs 0 <= total <= highest <= counted <= size")
    if sequence.drawn + size.sum() > sequence.items:
        raise ValueError(f"{sequence.drawn + size.sum():g} items were drawn of {sequence.items:g}")


def drawn_shares(sizes: npt.ArrayLike, drawn: int) -> Floats:
    """Return the probability (G,) with which each of G families of `sizes` (G,) is among the first `drawn`.

    Families are drawn one after another in proportion to size: p_g = 1 - exp(-n_g s) with sum p_g = `drawn`. Exact in
    the limit of many families, and where all are drawn; the inverse shares weigh what was drawn into a mean.

    Raises ValueError unless 0 < drawn <= G.
    Source: Rosen 1972, Ann. Math. Statist. 43:373-397 (successive sampling).

    >>> drawn_shares([1, 1, 2], 3).tolist(), drawn_shares([1, 1, 1, 1], 1).round(6).tolist()
    ([1.0, 1.0, 1.0], [0.25, 0.25, 0.25, 0.25])
    """
    n = np.asarray(sizes, dtype=np.float64)
    if not 0 < drawn <= n.size:
        raise ValueError(f"{drawn} families cannot be drawn of {n.size}")
    if drawn == n.size:
        return np.ones(n.size)
    low, high = 0.0, 1.0
    while -np.expm1(-n * high).sum() < drawn:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if -np.expm1(-n * middle).sum() < drawn else (low, middle)
    return np.asarray(-np.expm1(-n * high), dtype=np.float64)
