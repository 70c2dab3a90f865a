"""The mean of a number over several trainings, with an interval for other items and other seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from primum.stats.interval import Interval


def seeds_interval(runs: Sequence[Interval], bounds: tuple[float, float], level: float = 0.95) -> Interval:
    """Return the mean of S runs' values with limits that hold the sampling of items and that of seeds.

    The runs are of one recipe under different seeds (which examples, their order, initialisation, dropout) on the same
    items; each brings its own limits l, u for the sampling of items (families). With the values' standard deviation s,

        low  = mean - sqrt((t_{S-1} s / sqrt(S))^2 + mean((value - l)^2)),
        high = mean + sqrt((t_{S-1} s / sqrt(S))^2 + mean((u - value)^2)),

    clipped to `bounds`: the two distances are added as squares, above and below apart, so that a rate of 0 or 1 keeps
    the limits of its run. `n` and `clusters` are those of the run with fewest. With one run its own limits are given, for items alone.

    Seeds are taken as drawn at random, their values as normal. All runs answer the same items, so the error of the items
    does not average out over them: it is counted once and in full, and with it the part that would average out. So where
    seeds differ little the interval is too wide. Simulated coverage of 95% limits with 100 items and 3 seeds: 96 to 100% of
    means, 95 to 100% of rates, but 80 to 91% of rates near 0 or 1 whose seeds differ by much more than the items do (a rate of .88,
    100 items, three seeds: 80%): those are skewed.

    Raises ValueError for no runs, or limits that are no numbers.
    Source: Zou & Donner 2008, Stat. Med. 27:1693-1702 (limits of a sum from the limits of its parts).

    >>> runs = [Interval(value, value - 0.03, value + 0.04, 50, 50, "") for value in (0.4, 0.5, 0.6)]
    >>> found = seeds_interval(runs, (0, 1))  # t_2 = 4.3027 times .1 / sqrt(3) is .24841
    >>> round(found.value, 6), round(found.low, 5), round(found.high, 5)
    (0.5, 0.24978, 0.75161)
    """
    if not runs:
        raise ValueError("there are no runs")
    value, low, high = (np.array([run[place] for run in runs], dtype=np.float64) for place in range(3))
    if not np.isfinite([value, low, high]).all():
        raise ValueError("a value or a limit is no number")
    n, clusters = min(run.n for run in runs), min(run.clusters for run in runs)
    if len(runs) == 1:
        return runs[0]._replace(method=f"{runs[0].method}, items alone: one seed")
    mean = float(value.mean())
    seeds = float(stdtrit(len(runs) - 1, (1 + level) / 2) * value.std(ddof=1)) / math.sqrt(len(runs))
    below, above = (math.sqrt(seeds**2 + float((far**2).mean())) for far in (value - low, high - value))
    limits = max(bounds[0], mean - below), min(bounds[1], mean + above)
    return Interval(mean, *limits, n, clusters, f"{len(runs)} seeds: limits for items and seeds, their squares added")
