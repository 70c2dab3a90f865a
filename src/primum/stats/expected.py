"""How wide a rectified interval will be, before there are labels: what experts may say, and what comes of it.

It foresees the steps of rectified.py: the variance of answers and of labels, errors too rare to be seen, degrees of freedom from
fourth powers, and betting where labels are few on one side of their mean.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from primum.stats.betting import betting_interval
from primum.stats.inputs import Bounds, Floats

FEWEST, UNSEEN, NOTABLE = 20, 2.0, 0.05  # as in arms.py
SURE, SURE_EQUAL = 26, 13  # expected on either side: then the least that rectified.py asks is there nine times in ten
REPEATS, AT_ONCE = 20, 10_000  # at most so many draws of labels for an interval by betting, of so many answers in all


class Experts(NamedTuple):
    """What experts may say of k things: the chances (k, L) of each of L `levels`, and the errors (k, L) that each would
    be, Y - lambda f about their mean. `variance` is that of Y, `line` (k,) what the judge's marks let expect of Y."""

    levels: Floats
    chances: Floats
    errors: Floats
    variance: float
    line: Floats

    @property
    def squares(self) -> Floats:
        """The expected squares (k,) of the errors."""
        found: Floats = (self.chances * self.errors**2).sum(axis=1)
        return found


class Width(NamedTuple):
    """A full width, in the units of the marks, and whether it is that of an interval by betting."""

    full: float
    betting: bool


def agreeing_experts(
    marks: Floats,
    kappa: float | None,
    bounds: Bounds,
    counts: Floats,
    given: tuple[Floats, Floats] | None = None,
) -> Experts:
    """Return what experts say who agree with a judge by `kappa`, given its marks (k,), nan where it gave none, and how
    many answers each stands for.

    The assumption: an expert says what the judge says in a share `kappa` of the answers, and in the others anything, as
    often as the judge says it. Then Cohen's kappa with any weights is `kappa`, and so are the correlation of Y with f
    and the best lambda. Beside the judge's marks stand two at either bound: marks that are all equal do not prove that
    experts see no difference (Agresti & Coull 1998, Am. Stat. 52:119-126).

    Where there are labels so far, `given` (their values and weights) says how often experts say what, instead of the
    judge. Without `kappa` the judge is useless, and half of Y lies at either bound: no labels can vary more.

    >>> found = agreeing_experts(np.array([0.0, 1.0]), 0.8, (0, 1), np.ones(2))
    >>> found.squares.round(4), round(found.variance, 4)  # (1 - 0.8) (0.25 + 0.8 x 0.25); 0.25
    (array([0.09, 0.09]), 0.25)
    """
    known = ~np.isnan(marks)
    said, often = (marks[known], counts[known]) if given is None else given
    levels = np.unique(np.concatenate([marks[known], said, bounds]))
    if kappa is None:
        chances = np.tile((levels == bounds[0]) * 0.5 + (levels == bounds[1]) * 0.5, (marks.size, 1))
    else:
        weights = np.concatenate([often, [2.0, 2.0]])
        at = np.searchsorted(levels, np.concatenate([said, bounds]))
        usual = np.bincount(at, weights, levels.size) / weights.sum()
        chances = np.tile(usual, (marks.size, 1))
        chances[known] *= 1 - kappa
        chances[np.flatnonzero(known), np.searchsorted(levels, marks[known])] += kappa
    share = counts / counts.sum()
    mean = float(share @ chances @ levels)
    f_bar = float(np.average(marks[known], weights=counts[known])) if known.any() else 0.0
    line = mean + (kappa or 0.0) * (np.where(known, marks, f_bar) - f_bar)
    variance = float(share @ chances @ (levels - mean) ** 2)
    return Experts(levels, chances, levels - line[:, None], variance, line)


def label_variance(squares: Floats, chances: Floats, counts: Floats) -> float:
    """Return the part of the variance that labels buy: sum of (1 / pi - 1) R / N^2 over things (k,) that stand for
    `counts` (k,) of the N answers each, drawn with `chances` pi (k,) and with expected squared errors R (k,).

    >>> label_variance(np.array([0.16, 0.16]), np.array([0.5, 0.5]), np.ones(2))
    0.08
    """
    return float((counts**2 * (1 / chances - 1) * squares).sum() / counts.sum() ** 2)


def rectified_width(
    experts: Experts, chances: Floats, counts: Floats, bounds: Bounds, families: int, answers: float, bought: float
) -> Width:
    """Return the full width to expect of a 95% interval when things (k,) are drawn with these `chances`.

    `answers` is the part of the variance that stays when all are labelled, `bought` the part that labels buy.
    """
    n, width = float(chances.sum()), bounds[1] - bounds[0]
    weights = counts / chances / counts.sum()
    fourth = float((chances * weights**4) @ (experts.chances * experts.errors**4).sum(axis=1))
    labelled = max(2.0, min(n, float(families)))
    doubt = fourth - (answers + bought) ** 2 / labelled
    df = labelled - 1 if doubt <= 0 else min(labelled - 1, max(1.0, 2 * (answers + bought) ** 2 / doubt))
    variance = labelled / (labelled - 1) * (answers + bought)
    if chances.min() < 1:  # else nothing is left to be seen
        variance += _unseen(experts, chances, weights, width)
    full = 2 * float(stdtrit(df, 0.975)) * math.sqrt(variance)
    return Width(min(width, full) if families > 1 else width, False)


def is_one_sided(experts: Experts, chances: Floats, counts: Floats) -> bool:
    """Return whether few labels are to be expected below their mean, or above it, counted as `fewest_side` of arms.py
    does: so that the interval may be by betting.

    >>> experts = agreeing_experts(np.repeat([0.0, 1.0], [300, 100]), 0.8, (0, 1), np.ones(400))
    >>> [is_one_sided(experts, np.full(400, chance), np.ones(400)) for chance in (0.2, 0.3)]  # 20 and 30 labels of 1
    [True, False]
    """
    sides = sides_expected(experts, chances, counts)
    return min(n for n, _ in sides) < SURE or min(equal for _, equal in sides) < SURE_EQUAL


def sides_expected(experts: Experts, chances: Floats, counts: Floats) -> list[tuple[float, float]]:
    """Return how many labels to expect below their mean and above it, and as how many of equal weight they count."""
    mean = float(chances @ experts.chances @ experts.levels / chances.sum())
    found = []
    for side in (experts.levels < mean, experts.levels > mean):
        expected, weights = chances * experts.chances[:, side].sum(axis=1), counts / chances
        squares = float(expected @ weights**2)
        found.append((float(expected.sum()), float(expected @ weights) ** 2 / squares if squares > 0 else 0.0))
    return found


def betting_width(experts: Experts, chances: Floats, counts: Floats, bounds: Bounds, effect: float) -> float:
    """Return the full width of the interval by betting, the mean of a few on labels that a fixed seed draws; `effect`
    is the design effect by which such an interval is widened."""
    rng, unit = np.random.default_rng(0), bounds[1] - bounds[0]
    line = np.clip((experts.line - bounds[0]) / unit, 0, 1)
    heaviest = float(1 / chances.min())
    least, most = float((line - heaviest * line).min()), float((line + heaviest * (1 - line)).max())
    repeated = counts.astype(np.int64)
    found = []
    for _ in range(min(REPEATS, 1 + AT_ONCE // line.size)):
        drawn = rng.random(line.size) < chances
        at = (rng.random(line.size)[:, None] > experts.chances.cumsum(axis=1)).sum(axis=1)
        label = (experts.levels[np.minimum(at, experts.levels.size - 1)] - bounds[0]) / unit
        z = np.repeat(line + drawn / chances * (label - line), repeated)
        low, high = betting_interval(np.clip((z - least) / (most - least), 0, 1))
        mean = float(z.mean())
        ends = (mean + effect * (least + (most - least) * limit - mean) for limit in (low, high))
        low, high = (min(max(end, 0.0), 1.0) for end in ends)
        found.append(high - low)
    return unit * float(np.mean(found))


def _unseen(experts: Experts, chances: Floats, weights: Floats, width: float) -> float:
    """Return the variance that is added for errors too rare to be seen."""
    seen = np.where(np.abs(experts.errors) < NOTABLE * width, 0.0, experts.errors)
    second = float((chances * weights**2) @ (experts.chances * seen**2).sum(axis=1))
    fourth = float((chances * weights**4) @ (experts.chances * seen**4).sum(axis=1))
    carriers = second**2 / fourth if fourth > 0 else 0.0
    size = float(chances @ weights**2 / chances.sum())
    return UNSEEN * max(0.0, 1 - carriers / FEWEST) * width**2 * size
