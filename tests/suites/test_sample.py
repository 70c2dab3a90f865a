"""A limited suite is a seeded, stratified sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from primum.errors import BadInputError
from primum.records import Item, Kind
from primum.suites.sample import allot, equal_shares, stratified_sample


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


def with_parts() -> Iterator[Item]:
    """A headline of 2 and two parts that stand aside: 8, and 60 of which 40 are of principle 1."""
    for source, size in (("own", 2), ("few", 8), ("many", 60)):
        for n in range(size):
            yield Item.make(
                id=f"p/{source}:{n}",
                suite="p",
                kind=Kind.BENIGN,
                request=f"{source} {n}",
                principle="1" if source == "many" and n < 40 else "",
                source=source,
                aside=source != "own",
            )


def test_with_parts_that_stand_aside_each_source_has_an_equal_share() -> None:
    # 14 over three are 4 each, but own has only 2. That leaves 14 - 2 - 4 - 4 = 4, 2 for each of the others: 2, 6, 6.
    chosen = list(stratified_sample(with_parts, 14, seed=3))
    assert Counter(item.source for item in chosen) == {"own": 2, "few": 6, "many": 6}
    # Within many, 40 of 60 are of principle 1, so 4 of the 6.
    assert Counter(item.principle for item in chosen if item.source == "many") == {"1": 4, "": 2}


def test_one_item_is_the_headlines() -> None:
    (only,) = stratified_sample(with_parts, 1, seed=3)
    assert only.source == "own"


def test_equal_shares_stop_at_the_sizes() -> None:
    assert equal_shares([1, 2, 3], 100) == [1, 2, 3]
    assert equal_shares([5, 5], 3) == [2, 1]
    assert equal_shares([], 3) == []
