"""A seeded sample of a suite, stratified by kind, principle and source."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from primum.errors import BadInputError
from primum.records import Item


def stratified_sample(read: Callable[[], Iterator[Item]], size: int, seed: int) -> Iterator[Item]:
    """`size` items of a suite in its order, shares proportional to the strata's sizes (largest remainders).

    The suite is read twice, so that only the strata's row numbers are held in memory.

    Raises:
        BadInputError: `size` is below 1.
    """
    if size < 1:
        raise BadInputError(f"--limit is {size}, and must be at least 1")
    strata: dict[tuple[str, str, str], list[int]] = {}
    for row, item in enumerate(read()):
        strata.setdefault((item.kind.value, item.principle, item.source), []).append(row)
    rng = np.random.default_rng(seed)
    rows = [np.array(strata[key]) for key in sorted(strata)]
    shares = allot([len(stratum) for stratum in rows], size)
    chosen: set[int] = set()
    for stratum, share in zip(rows, shares, strict=True):
        chosen.update(int(row) for row in rng.choice(stratum, size=share, replace=False))
    return (item for row, item in enumerate(read()) if row in chosen)


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
