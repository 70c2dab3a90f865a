"""A limited suite is a seeded, stratified sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from primum.errors import BadInputError
from primum.records import Item, Kind
from primum.suites.sample import allot, stratified_sample


def read() -> Iterator[Item]:
    for n in range(100):
        principle = "1" if n < 60 else "2" if n < 90 else "3"
        yield Item.make(id=f"s/{n}", suite="s", kind=Kind.HARMFUL, request=f"wish {n}", principle=principle)


def test_shares_are_proportional_and_the_order_is_kept() -> None:
    chosen = list(stratified_sample(read, 20, seed=1))
    assert Counter(item.principle for item in chosen) == {"1": 12, "2": 6, "3": 2}
    numbers = [int(item.id.split("/")[1]) for item in chosen]
    assert numbers == sorted(numbers)


def test_a_seed_gives_the_same_sample_and_another_seed_another() -> None:
    ids = [[item.id for item in stratified_sample(read, 20, seed)] for seed in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


def test_more_than_there_is_gives_all_and_less_than_one_is_refused() -> None:
    assert len(list(stratified_sample(read, 1000, 0))) == 100
    with pytest.raises(BadInputError, match="--limit is 0"):
        stratified_sample(read, 0, 0)


def test_allot_uses_largest_remainders() -> None:
    # 10 of (3, 3, 4): exact shares 3, 3, 4.  7 of them: 2.1, 2.1, 2.8 -> whole 2, 2, 2, the rest to the .8
    assert allot([3, 3, 4], 10) == [3, 3, 4]
    assert allot([3, 3, 4], 7) == [2, 2, 3]
    assert allot([1, 0], 5) == [1, 0]
