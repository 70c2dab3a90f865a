"""A seeded sample of a suite, stratified by kind, principle and source."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from primum.errors import BadInputError
from primum.records import Item

Stratum = tuple[str, str, str]


def stratified_sample(read: Callable[[], Iterator[Item]], size: int, seed: int) -> Iterator[Item]:
    """`size` items of a suite in its order, shares proportional to the strata's sizes (largest remainders).

    A suite with items that stand aside is made of parts with numbers of their own, some far larger than others: there
    each source first gets an equal share (none above its size), and its strata proportional ones of that.
    The suite is read twice, so that only the strata's row numbers are held in memory.

    Raises:
        BadInputError: `size` is below 1.
    """
    if size < 1:
        raise BadInputError(f"--limit is {size}, and must be at least 1")
    strata: dict[Stratum, list[int]] = {}
    aside = False
    for row, item in enumerate(read()):
        strata.setdefault((item.kind.value, item.principle, item.source), []).append(row)
        aside = aside or item.aside
    rng = np.random.default_rng(seed)
    chosen: set[int] = set()
    for stratum, share in _shares(strata, size, aside):
        rows = np.array(strata[stratum])
        chosen.update(int(row) for row in rng.choice(rows, size=share, replace=False))
    return (item for row, item in enumerate(read()) if row in chosen)


def _shares(strata: dict[Stratum, list[int]], size: int, aside: bool) -> list[tuple[Stratum, int]]:
    by_source: dict[str, list[Stratum]] = {}
    for stratum in strata:
        by_source.setdefault(stratum[2] if aside else "", []).append(stratum)
    groups = [sorted(group) for group in by_source.values()]  # the sources in their order: a rest goes to the first
    sizes = [[len(strata[stratum]) for stratum in group] for group in groups]
    shares = equal_shares([sum(group) for group in sizes], size)
    return [
        pair
        for group, each, share in zip(groups, sizes, shares, strict=True)
        for pair in zip(group, allot(each, share), strict=True)
    ]


def equal_shares(sizes: list[int], total: int) -> list[int]:
    """Equal whole shares of `total`, none above its size; what a small one leaves is shared by the others.

    >>> equal_shares([2, 10, 10], 15)
    [2, 7, 6]
    """
    shares = [0] * len(sizes)
    left = min(total, sum(sizes))
    while left:
        open_ = [i for i, size in enumerate(sizes) if shares[i] < size]
        each = max(1, left // len(open_))
        for i in open_:
            given = min(each, sizes[i] - shares[i], left)
            shares[i] += given
            left -= given
    return shares


def allot(sizes: list[int], total: int) -> list[int]:
    """Whole shares of `total` proportional to `sizes`, none above its size (Hamilton's method).

    >>> allot([50, 59, 31], 14)
    [5, 6, 3]
    """
    everything = sum(sizes)
    total = min(total, everything)
    exact = [size * total / everything for size in sizes]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(sizes)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return shares
