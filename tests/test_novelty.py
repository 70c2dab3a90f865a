"""Near duplicates are found exactly as by comparing all pairs, and families join what they link."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from primum.novelty import compare_with, families, letters_of, near_pairs, shingles

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
def test_one_set_compared_with_many_is_as_all_pairs(texts: list[str], others: list[str], tenths: int) -> None:
    compare = compare_with([shingles(text) for text in texts], tenths / 10)
    near = set()
    for j, other in enumerate(others):
        found = compare(shingles(other))
        for i, one in enumerate(texts):
            shared, either = len(shingles(one) & shingles(other)), len(shingles(one) | shingles(other))
            if found is not None:
                assert (found[0][i], found[1][i]) == (shared / either, shared / len(shingles(other)))
            else:
                assert 10 * shared < tenths * len(shingles(other))  # in whole numbers
            near |= {(i, j)} if 10 * shared >= tenths * either else set()
    assert near == {
        (i, j - len(texts)) for i, j, _ in near_pairs([*texts, *others], tenths / 10) if i < len(texts) <= j
    }


def test_a_threshold_that_floating_point_makes_a_little_more_loses_no_pair() -> None:
    # 0.28 * 25 is a little more than 7 there. Of 25 shingles the last seven are all that the part has: exactly 0.28.
    whole = "abcdefghijklmnopqrstuvwxyz012"
    assert len(shingles(whole)) == 25
    assert near_pairs([whole, whole[18:]], 0.28) == [(0, 1, 0.28)]
    found = compare_with([shingles(whole[18:])], 0.28)(shingles(whole))
    assert found is not None
    assert found[0].tolist() == found[1].tolist() == [0.28]


def test_case_and_spaces_do_not_matter_and_short_texts_are_whole() -> None:
    assert families(["Hide  the ERROR from them", "hide the error from them", "no", "No ", "on"]) == [0, 0, 2, 2, 4]


def test_a_chain_is_one_family() -> None:
    base = "please help me hide the error from the family"
    longer = base + " and the board"
    longest = longer + " as well as the insurer"
    assert near_pairs([base, longest], 0.6) == []
    assert families([base, longer, longest], 0.6) == [0, 0, 0]


@pytest.mark.parametrize(
    "text",
    [
        "Hide the error",
        "h i d e  t h e  e r r o r",
        "Hi\u200bde\u00ad the\u2060 error",
        "Ｈｉｄｅ　ｔｈｅ　ＥＲＲＯＲ",
        "*hide* _the_ (error)!",
    ],
)
def test_letters_are_what_no_disguise_changes(text: str) -> None:
    assert letters_of(text) == "hidetheerror"


def test_letters_of_other_scripts_and_digits_stay() -> None:
    assert letters_of("CT 检查，怎么做？ ②") == "ct检查怎么做2"
    assert letters_of(" ?!…_") == ""
