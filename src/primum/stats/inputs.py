"""What the statistics accept: finite numbers, integer codes, a level and bounds, or one clear ValueError."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Bounds = tuple[float, float]


def read_values(values: npt.ArrayLike, name: str = "values") -> Floats:
    """Return `values` as (n,) float64.

    Raises ValueError when they are not one-dimensional numbers, when there are none, or when one is nan or
    infinite: a missing judgement is never a number.

    >>> read_values([True, False]).tolist()
    [1.0, 0.0]
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not of shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: an estimate needs at least one item")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be numbers, not {array.dtype}; leave unscored items out")
    floats = array.astype(np.float64)
    if not np.isfinite(floats).all():
        raise ValueError(f"{name} holds nan or infinity; leave unscored items out and count them apart")
    return floats


def read_codes(codes: npt.ArrayLike, n: int, name: str) -> Codes:
    """Return `codes` as (n,) int64, renumbered 0..k-1 in ascending order of the code.

    Raises ValueError when they are not n non-negative integers. A negative code is refused because tools
    write -1 for "missing", and the missing are not one cluster.

    >>> read_codes([7, 3, 7], 3, "clusters").tolist()
    [1, 0, 1]
    """
    array: npt.NDArray[Any] = np.asarray(codes)
    if array.shape != (n,):
        raise ValueError(f"{name} has shape {array.shape}, but there are {n} values")
    if array.dtype.kind not in "biu":
        raise ValueError(f"{name} must be integer codes, not {array.dtype}")
    if array.min() < 0:
        raise ValueError(f"{name} holds a negative code; every item needs its own or a shared code >= 0")
    return number_codes(array)[0]


def number_codes(codes: npt.NDArray[Any]) -> tuple[Codes, Codes]:
    """Renumber (n,) non-negative integers as 0..k-1; return them and the (k,) original codes, ascending.

    >>> [part.tolist() for part in number_codes(np.array([7, 3, 7]))]
    [[1, 0, 1], [3, 7]]
    """
    if int(codes.max()) <= 4 * codes.size + 1024:  # dense enough to count: linear, where unique sorts
        small = codes.astype(np.int64)
        present = np.bincount(small) > 0
        return (np.cumsum(present) - 1)[small], np.flatnonzero(present)
    labels, numbered = np.unique(codes, return_inverse=True)
    return numbered.astype(np.int64), labels.astype(np.int64)


def check_level(level: float) -> None:
    """Raise ValueError unless 0 < level < 1.

    >>> check_level(0.95)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")


def check_bounds(bounds: Bounds | None, values: Floats, name: str = "values") -> None:
    """Raise ValueError unless `bounds` is None or finite, ascending and around every one of `values`.

    >>> check_bounds((1, 5), np.array([1.0, 4.5]))
    """
    if bounds is None:
        return
    low, high = bounds
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"bounds must be two finite numbers, the lower first, not {bounds}")
    if values.min() < low or values.max() > high:
        raise ValueError(f"{name} from {values.min():g} to {values.max():g} leave the bounds {low:g} to {high:g}")
