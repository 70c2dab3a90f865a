"""The record that every interval method returns."""

from typing import NamedTuple


class Interval(NamedTuple):
    """An estimate with its confidence limits, and what they rest on.

    `value`, `low` and `high` are in the units of the data. `low` and `high` are nan where the data
    give no limit (see `method`). `n` counts items, `clusters` counts independent units.

    >>> Interval(0.25, 0.1, 0.4, n=40, clusters=40, method="wilson").high
    0.4
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int
    method: str
