"""How many items a one-sided claim takes: the power of the tests behind `one_sided_limits`, and the least n that reaches it.

Items are independent here; for families the caller multiplies by their design effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import bdtr, gammaln, nctdtr, ndtr, stdtrit

from primum.stats.inputs import Floats
from primum.stats.onesided import few_quantile

MOST = 1_000_000  # items; what would take more cannot be planned
_MOST_COUNTS = 2_000_000  # pairs of counts summed exactly, some 0.2 s
_REACH = 8.0  # standard deviations of a count beyond which its probabilities are left out


def mean_power(n: int, distance: float, sd: float, alpha: float) -> float:
    """Return the power of the one-sided t test of n values that a mean `distance` inside the limit lies inside it.

    1 - F(t_{n-1, 1 - alpha}) with F the noncentral t of noncentrality distance sqrt(n) / sd; exact for normal values.

    >>> round(mean_power(27, 0.5, 1.0, 0.05), 4)
    0.8118
    """
    return 1 - float(nctdtr(n - 1, distance * math.sqrt(n) / sd, stdtrit(n - 1, 1 - alpha)))


def rate_power(n: int, rate: float, limit: float, alpha: float) -> float:
    """Return the power to show by the score limit of n items that a rate is at most `limit`: exact, binomial.

    The limit is not above where the events are at most n limit - z sqrt(n limit (1 - limit)), with z of `few_quantile`.

    >>> rate_power(146, 0.0, 0.02, 0.05), rate_power(147, 0.0, 0.02, 0.05)  # 2.996 / (n + 2.996) falls to .02 at 147
    (0.0, 1.0)
    """
    events = np.arange(math.floor(n * limit) + 1)
    shown = events <= n * limit - few_quantile(alpha, events) * math.sqrt(n * limit * (1 - limit))
    return float(bdtr(int(events[shown].max()), n, rate)) if shown.any() else 0.0


def paired_power(n: int, discordant: float, difference: float, margin: float, alpha: float) -> float:
    """Return the power to show by `one_sided_limits` of n pairs that a difference of paired rates lies below `margin`.

    `discordant` is the share of pairs that differ, `difference` the true one, at most `discordant`. Exact: the sum of the
    trinomial probabilities of the counts that both Tango's score limit and the t limit let through, but for counts beyond
    8 standard deviations. Where these are millions, by the normal approximation of Nam 1997, Biometrics 53:1422-1430.

    >>> round(paired_power(100, 0.2, 0.0, 0.1, 0.05), 3)
    0.694
    """
    more, less = (discordant + difference) / 2, (discordant - difference) / 2
    worse, better = _likely(n, more), _likely(n, less)
    if worse.size * better.size > _MOST_COUNTS:
        spread = math.sqrt(discordant - difference**2)
        root = float(np.sqrt(_null_variance(np.array(n * more), np.array(n * less), n, margin) / n))
        return float(
            ndtr(((margin - difference) * math.sqrt(n) - float(few_quantile(alpha, n * discordant)) * root) / spread)
        )
    b, c = np.meshgrid(worse, better, indexing="ij")
    inside = b + c <= n
    b, c = b[inside], c[inside]
    telling = n - np.maximum(n - b - c, np.maximum(b, c))
    mean = (b - c) / n
    error = np.sqrt(np.maximum(0.0, (b + c) / n - mean**2) / (n - 1))
    shown = mean + float(stdtrit(n - 1, 1 - alpha)) * error < margin
    shown &= n * margin - (b - c) > few_quantile(alpha, telling) * np.sqrt(_null_variance(b, c, n, margin))
    b, c = b[shown], c[shown]
    log = gammaln(n + 1) - gammaln(b + 1) - gammaln(c + 1) - gammaln(n - b - c + 1)
    log += _log_powers(b, more) + _log_powers(c, less) + _log_powers(n - b - c, max(0.0, 1 - more - less))
    return float(np.exp(log).sum())


def least_items(power_at: Callable[[int], float], power: float, least: int = 2) -> int | None:
    """Return an n at which `power_at` reaches `power` and just below which it does not; None beyond a million.

    A test of counts has a power that falls a little before each step up, so a smaller n may happen to reach it too.

    >>> least_items(lambda n: mean_power(n, 0.5, 1.0, 0.05), 0.8)
    27
    """
    high = max(2, least)
    while power_at(high) < power:
        if high >= MOST:
            return None
        high = min(MOST, 2 * high)
    low = max(1, least - 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return high


def _null_variance(b: Floats, c: Floats, n: int, margin: float) -> Floats:
    """Return the variance of b - c, the counts (k,) of pairs that got worse and better, if their shares differ by `margin`.

    The likeliest share that got better is then the greater root of 2 n q^2 + B q + C (Tango 1998).
    """
    linear = -(b + c) + (2 * n - b + c) * margin
    share = (np.sqrt(np.maximum(0.0, linear**2 + 8 * n * c * margin * (1 - margin))) - linear) / (4 * n)
    variance: Floats = n * (2 * share + margin * (1 - margin))
    return variance


def _likely(n: int, share: float) -> Floats:
    """Return the counts of n at a `share` that are not all but impossible."""
    spread = _REACH * math.sqrt(n * share * (1 - share)) + _REACH
    return np.arange(
        max(0, math.floor(n * share - spread)), min(n, math.ceil(n * share + spread)) + 1, dtype=np.float64
    )


def _log_powers(counts: Floats, share: float) -> Floats:
    """Return counts x log share, with 0 log 0 = 0."""
    if share <= 0:
        return np.where(counts == 0, 0.0, -np.inf)
    return counts * math.log(share)
