"""Near duplicates are found exactly as by comparing all pairs, and families join what they link."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from primum.novelty import families, near_across, near_pairs, shingles

LETTERS = st.text("ab ", max_size=14)


def all_pairs(texts: list[str], threshold: float) -> set[tuple[int, int]]:
    sets = [shingles(text) for text in texts]
    return {
        (i, j)
        for j in range(len(texts))
        for i in range(j)
        if len(sets[i] & sets[j]) >= threshold * len(sets[i] | sets[j])
    }


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 1.0])
def test_the_same_pairs_as_brute_force(threshold: float) -> None:
    rng = random.Random(7)
    words = [
        "how",
        "may",
        "a",
        "nurse",
        "hide",
        "report",
        "share",
        "the",
        "chart",
        "error",
        "from",
        "family",
        "doctor",
        "病历",
        "隐瞒",
        "家属",
    ]
    texts = [" ".join(rng.choices(words, k=rng.randint(1, 9))) for _ in range(150)]
    found = near_pairs(texts, threshold)
    assert {(i, j) for i, j, _ in found} == all_pairs(texts, threshold)
    assert all(similarity >= threshold for _, _, similarity in found)


@given(texts=st.lists(LETTERS, max_size=8), others=st.lists(LETTERS, max_size=8), tenths=st.integers(1, 10))
def test_pairs_across_two_sets_are_those_of_all_pairs(texts: list[str], others: list[str], tenths: int) -> None:
    found = near_across(texts, iter(others), tenths / 10)
    expected = {}
    for i, one in enumerate(texts):
        for j, other in enumerate(others):
            shared, either = len(shingles(one) & shingles(other)), len(shingles(one) | shingles(other))
            if 10 * shared >= tenths * either:  # in whole numbers
                expected[i, j] = shared / either
    assert {(i, j): similarity for i, j, similarity in found} == expected
    assert len(found) == len(expected)
    both = {(i, j - len(texts)) for i, j, _ in near_pairs([*texts, *others], tenths / 10) if i < len(texts) <= j}
    assert both == expected.keys()


def test_a_threshold_that_floating_point_makes_a_little_more_loses_no_pair() -> None:
    # 0.28 * 25 is a little more than 7 there. Of 25 shingles the last seven are all that the part has: exactly 0.28.
    whole = "abcdefghijklmnopqrstuvwxyz012"
    assert len(shingles(whole)) == 25
    assert near_pairs([whole, whole[18:]], 0.28) == [(0, 1, 0.28)]
    assert near_across([whole], [whole[18:]], 0.28) == [(0, 0, 0.28)]


def test_case_and_spaces_do_not_matter_and_short_texts_are_whole() -> None:
    assert families(["Hide  the ERROR from them", "hide the error from them", "no", "No ", "on"]) == [0, 0, 2, 2, 4]


def test_a_chain_is_one_family() -> None:
    base = "please help me hide the error from the family"
    longer = base + " and the board"
    longest = longer + " as well as the insurer"
    assert near_pairs([base, longest], 0.6) == []
    assert families([base, longer, longest], 0.6) == [0, 0, 0]
