"""Codes are numbered the same way by counting and by sorting, and the package stays light."""

import subprocess
import sys

import numpy as np
import pytest

from primum.stats.inputs import number_codes, read_codes, read_values


@pytest.mark.parametrize("spread", [1, 10**15])
def test_codes_are_numbered_in_ascending_order(spread: int) -> None:
    # 5, 0, 5, 9 -> the 2nd, 1st, 2nd and 3rd smallest; the far-apart codes take the sorting path.
    numbered, labels = number_codes(np.array([5, 0, 5, 9]) * spread)
    assert numbered.tolist() == [1, 0, 1, 2]
    assert labels.tolist() == [0, 5 * spread, 9 * spread]


def test_every_integer_type_serves_as_code() -> None:
    for kind in (np.bool_, np.uint8, np.int32, np.uint64):
        assert read_codes(np.array([1, 0, 1], dtype=kind), 3, "clusters").tolist() == [1, 0, 1]


def test_values_become_floats_without_touching_the_input() -> None:
    scores = np.array([1, 2], dtype=np.int8)
    assert read_values(scores).dtype == np.float64
    assert scores.dtype == np.int8


def test_importing_loads_no_scipy_stats() -> None:
    modules = "means, rates, paired, bounds"
    code = f"import sys; from primum.stats import {modules}; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
