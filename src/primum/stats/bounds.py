"""What the unscored items could do to a mean: worst-case bounds that assume nothing about them."""

import math
import operator
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from primum.stats.inputs import check_bounds, read_values


def unscored_bounds(
    scored_values: npt.ArrayLike, missing_count: SupportsIndex, lowest: float, highest: float
) -> tuple[float, float]:
    """Return the least and the greatest mean over all items, whatever the missing scores are.

    With s the sum of the (n,) scored values and m missing items, ((s + m lowest) / (n + m),
    (s + m highest) / (n + m)). The bounds are sharp and hold for certain; they are no confidence interval
    and carry no sampling error. Nothing scored gives (lowest, highest); nothing missing gives the mean twice.

    Raises ValueError when there is no item at all, when a score leaves lowest..highest, is nan or not a
    number, when missing_count is negative or no integer, or unless lowest < highest.
    Source: Manski 1990, Am. Econ. Rev. 80(2):319-323; Manski 2003, Partial Identification of Probability
    Distributions, ch. 1.

    >>> unscored_bounds([1, 2, 3], 1, lowest=1, highest=5)
    (1.75, 2.75)
    """
    try:
        missing = operator.index(missing_count)
    except TypeError:
        raise ValueError(f"missing_count must be an integer, not {missing_count!r}") from None
    if missing < 0:
        raise ValueError(f"missing_count must not be negative, but is {missing}")
    if not (math.isfinite(lowest) and math.isfinite(highest) and lowest < highest):
        raise ValueError(f"lowest and highest must be finite and ascending, not {lowest} and {highest}")
    if np.size(scored_values) == 0:
        if missing == 0:
            raise ValueError("there is no item, scored or missing, so its mean has no bounds")
        return float(lowest), float(highest)
    scored = read_values(scored_values, "scored_values")
    check_bounds((lowest, highest), scored, "scored_values")
    total, items = float(scored.sum()), scored.size + missing
    return (total + missing * lowest) / items, (total + missing * highest) / items
