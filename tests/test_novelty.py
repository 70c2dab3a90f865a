"""Near duplicates are found exactly as by comparing all pairs, and families join what they link."""

from __future__ import annotations

import random

import pytest

from primum.novelty import families, near_pairs, shingles


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


def test_case_and_spaces_do_not_matter_and_short_texts_are_whole() -> None:
    assert families(["Hide  the ERROR from them", "hide the error from them", "no", "No ", "on"]) == [0, 0, 2, 2, 4]


def test_a_chain_is_one_family() -> None:
    base = "please help me hide the error from the family"
    longer = base + " and the board"
    longest = longer + " as well as the insurer"
    assert near_pairs([base, longest], 0.6) == []
    assert families([base, longer, longest], 0.6) == [0, 0, 0]
