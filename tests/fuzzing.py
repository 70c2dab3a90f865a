"""Properties on many cases, the same ones every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CASES = {
    "files of any bytes": 2500,
    "files of nearly valid text": 5000,
    "rows of CSV": 1500,
    "rows of JSONL": 1500,
    "items round trip": 800,
    "answers round trip": 800,
    "verdicts round trip": 800,
    "judge texts": 3000,
    "judge texts without the field": 1500,
    "scores in noise": 1500,
    "fields in noise": 1000,
    "numbers in noise": 1000,
    "final lines": 1000,
    "two scores": 1500,
}


def fuzz(name: str, check: Callable[..., None], *values: st.SearchStrategy[Any]) -> None:
    """Run a check on this property's number of cases, and say how many there were."""
    count = 0

    def counted(*args: Any) -> None:
        nonlocal count
        count += 1
        check(*args)

    quiet = list(HealthCheck)
    settings(max_examples=CASES[name], derandomize=True, database=None, deadline=None, suppress_health_check=quiet)(
        given(st.tuples(*values))(lambda args: counted(*args))
    )()
    print(f"{name}: {count:,} cases")
    assert count >= CASES[name]
