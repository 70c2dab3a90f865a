"""Mixtures hold each stratum by its share, fewer examples are among more, and a seed always gives the same."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.align.made import demonstration

from primum.align.mixture import amounts_of, mix, parse_mix, proportions, take, untaken
from primum.errors import BadInputError
from primum.records import Demonstration, Group, Kind

KINDS: dict[Group, Kind] = {"med": Kind.HARMFUL, "gen": Kind.GENERAL_HARM, "benign": Kind.BENIGN}
STRATA = st.lists(st.tuples(st.sampled_from("123"), st.sampled_from(["en", "zh"])), min_size=1, max_size=40)


def examples_of(strata: list[tuple[str, str]], kind: Kind = Kind.HARMFUL) -> list[Demonstration]:
    return [
        demonstration(f"{kind}-{n}", kind, principle=principle, language=language)
        for n, (principle, language) in enumerate(strata)
    ]


@given(strata=STRATA, seed=st.integers(0, 3), data=st.data())
def test_fewer_are_among_more_and_every_stratum_has_its_share(
    strata: list[tuple[str, str]], seed: int, data: st.DataObject
) -> None:
    examples = examples_of(strata)
    more = data.draw(st.integers(0, len(examples)))
    fewer = data.draw(st.integers(0, more))
    taken = take(examples, more, seed)
    assert len(taken) == more
    assert taken == [one for one in examples if one in taken]  # in their order
    assert {one.id for one in take(examples, fewer, seed)} <= {one.id for one in taken}
    assert [one.id for one in take(examples[::-1], more, seed)][::-1] == [one.id for one in taken]
    there = Counter(strata)
    got = Counter((one.principle, one.language) for one in taken)
    # A stratum of k has those of its places before the cut; one cut for all, so no two shares differ by more than one
    # place of each: |got/k - got'/k'| <= 1/k + 1/k'.
    for one, size in there.items():
        for other, other_size in there.items():
            assert abs(got[one] / size - got[other] / other_size) <= 1 / size + 1 / other_size + 1e-9


def test_another_seed_takes_others_and_what_is_gone_does_not_move_the_rest() -> None:
    examples = examples_of([("1", "en")] * 50)
    assert {one.id for one in take(examples, 20, 0)} != {one.id for one in take(examples, 20, 1)}
    gone = examples[7]
    before, after = take(examples, 20, 0), take([one for one in examples if one is not gone], 20, 0)
    assert len({one.id for one in before} - {one.id for one in after}) <= 1
    with pytest.raises(BadInputError, match="51 examples are wanted, and there are 50"):
        take(examples, 51, 0)


def test_a_mix_takes_so_many_of_each_group() -> None:
    strata = [("1", "en"), ("2", "en"), ("3", "zh")] * 10
    examples = [one for kind in KINDS.values() for one in examples_of(strata, kind)]
    mixed = mix(examples, {"med": 6, "benign": 9}, seed=0)
    assert Counter((one.group, one.principle) for one in mixed) == {
        **{("med", principle): 2 for principle in "123"},
        **{("benign", principle): 3 for principle in "123"},
    }
    smaller = mix(examples, {"med": 3, "benign": 9}, seed=0)
    assert {one.id for one in smaller} < {one.id for one in mixed}
    with pytest.raises(BadInputError, match="more examples than there are: 31 med of 30, 40 benign of 30"):
        mix(examples, {"med": 31, "gen": 30, "benign": 40}, seed=0)


def test_what_a_mix_does_not_take_is_counted_and_a_group_that_it_does_not_name_is_told() -> None:
    sizes: dict[Group, int] = {"med": 10, "gen": 4, "benign": 9}
    examples = [one for group, size in sizes.items() for one in examples_of([("1", "en")] * size, KINDS[group])]
    amounts, _ = proportions({"med": 1.0, "benign": 0.8}, examples)
    assert amounts == {"med": 10, "benign": 8}  # 0.8 of 10; general harm has no share
    mixed = mix(examples, amounts, 0)
    remarks = untaken(examples, mixed, amounts)
    assert remarks == [
        "left out: the 4 gen examples, because the mix does not name them (--mix med=10,gen=4,benign=8 takes them)",
        "left out: 1 of 9 benign examples, beyond what the mix takes",
    ]
    assert mix(examples, parse_mix("med=10,gen=4,benign=8"), 0)  # what the remark says works
    amounts, _ = proportions({"med": 1.0, "benign": 0.8}, examples, n=5)
    assert untaken(examples, mix(examples, amounts, 0), amounts)[::2] == [
        "left out: 5 of 10 med examples, beyond what the mix takes",
        "left out: 5 of 9 benign examples, beyond what the mix takes",  # 0.8 of 5 train
    ]
    assert untaken(examples, examples, sizes) == []


def test_shares_become_as_many_as_there_are_or_as_are_wanted() -> None:
    examples = [*examples_of([("1", "en")] * 200), *examples_of([("1", "en")] * 150, Kind.BENIGN)]
    # 200 : 160 would need 160 benign; 150 benign go with 187.5 medical ones
    assert amounts_of({"med": 1.0, "benign": 0.8}, examples) == {"med": 187, "benign": 150}
    assert amounts_of({"med": 1.0, "benign": 0.8, "gen": 0.0}, examples, n=10) == {"med": 6, "benign": 4}  # 5.6 : 4.4
    with pytest.raises(BadInputError, match=r"there are no gen examples, and the mix wants gen 1, med 0\.5"):
        amounts_of({"gen": 1.0, "med": 0.5}, examples)


@given(
    sizes=st.dictionaries(st.sampled_from(list(KINDS)), st.integers(1, 30), min_size=1),
    shares=st.dictionaries(st.sampled_from(list(KINDS)), st.floats(0.05, 5), min_size=1),
    n=st.none() | st.integers(1, 50),
)
def test_shares_never_ask_for_more_than_there_is_or_is_wanted(
    sizes: dict[Group, int], shares: dict[Group, float], n: int | None
) -> None:
    examples = [one for group, size in sizes.items() for one in examples_of([("1", "en")] * size, KINDS[group])]
    if not shares.keys() <= sizes.keys():
        with pytest.raises(BadInputError, match="there are no"):
            amounts_of(shares, examples, n)
        return
    amounts = amounts_of(shares, examples, n)
    whole = sum(shares.values())
    if n is None:
        assert all(amounts[group] <= sizes[group] for group in shares)
        assert any(amounts[group] == sizes[group] for group in shares)
        mix(examples, amounts, 0)
    else:
        assert sum(amounts.values()) == n
        assert all(abs(amounts[group] - share / whole * n) < 1 + 1e-6 for group, share in shares.items())


@pytest.mark.parametrize(
    "text", ["", "med", "med=", "med=0", "med=-1", "med=1,med=2", "bad=1", "med=1.5", "med=²", "med=1,"]
)
def test_a_mix_that_is_none_is_told(text: str) -> None:
    with pytest.raises(BadInputError, match="is not of the form med=200,gen=200,benign=200"):
        parse_mix(text)
