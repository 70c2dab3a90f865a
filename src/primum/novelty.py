"""Exact and near duplicates of texts, and the families they form.

Near-duplicate: Jaccard >= 0.5 of the sets of 5-character shingles of the lower-cased, space-folded text
(Broder 1997, "On the resemblance and containment of documents").
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

NEAR = 0.5
WIDTH = 5
ROUNDING = 1e-9  # 0.28 * 25 is a little more than 7 in floating point
_BETWEEN = re.compile(r"[\W_]+")


def shingles(text: str) -> frozenset[str]:
    """The 5-character shingles of the lower-cased, space-folded text; a shorter text is its own one.

    >>> sorted(shingles("Ab  cdef"))
    [' cdef', 'ab cd', 'b cde']
    """
    folded = " ".join(text.lower().split())
    return frozenset(folded[i : i + WIDTH] for i in range(max(1, len(folded) - WIDTH + 1)))


def letters_of(text: str) -> str:
    """The letters and digits of a text and nothing between them, one form for each (Unicode NFKC) and no capitals: what is
    left when spaces, marks and characters that do not show were put in, or letters of full width or in circles.

    >>> letters_of("Ｈide\u200b  the E-r-r-o-r!")
    'hidetheerror'
    """
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text).casefold())


def near_pairs(texts: Sequence[str], threshold: float = NEAR) -> list[tuple[int, int, float]]:
    """All pairs (i < j) whose Jaccard similarity is at least the threshold, with that similarity.

    Exact, by prefix filtering: with each text's shingles sorted from rare to common, two texts of
    similarity t share a shingle among the first |s| - ceil(t |s|) + 1 of each (Chaudhuri, Ganti and Kaushik 2006).
    """
    sets = [shingles(text) for text in texts]
    frequency: dict[str, int] = defaultdict(int)
    for one in sets:
        for shingle in one:
            frequency[shingle] += 1
    seen: dict[str, list[int]] = defaultdict(list)
    pairs = []
    for j, one in enumerate(sets):
        ordered = sorted(one, key=lambda shingle: (frequency[shingle], shingle))
        prefix = ordered[: len(one) - math.ceil(threshold * len(one) - ROUNDING) + 1]
        candidates = {i for shingle in prefix for i in seen[shingle]}
        for i in sorted(candidates):
            shared = len(one & sets[i])
            similarity = shared / (len(one) + len(sets[i]) - shared)
            if similarity >= threshold:
                pairs.append((i, j, similarity))
        for shingle in prefix:
            seen[shingle].append(j)
    return pairs


def compare_with(
    sets: Sequence[frozenset[str]], least: float = NEAR
) -> Callable[[frozenset[str]], tuple[NDArray[np.float64], NDArray[np.float64]] | None]:
    """A function that compares a set of shingles with these: its Jaccard similarity to each, and the share of it that each
    contains, both of the shape (sets,) and exact; nothing where all of them together hold less than `least` of it.

    What it shares with each is counted over the lists of the sets that have each of its shingles: a set that is compared is
    not held, and 900 sets against 74,374 take 4 s.
    """
    sizes = np.array([len(one) for one in sets])
    having: dict[str, list[int]] = defaultdict(list)
    for i, one in enumerate(sets):
        for shingle in one:
            having[shingle].append(i)
    lists = {shingle: np.array(indices) for shingle, indices in having.items()}

    def compare(one: frozenset[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        known = [lists[shingle] for shingle in one if shingle in lists]
        if len(known) < least * len(one) - ROUNDING or not known:
            return None
        shared = np.bincount(np.concatenate(known), minlength=len(sizes))
        return shared / (len(one) + sizes - shared), shared / len(one)

    return compare


def families(texts: Sequence[str], threshold: float = NEAR) -> list[int]:
    """For each text the index of the first text of its family: the texts linked by near-duplication.

    >>> families(["How do I hide a medical error?", "Name a vitamin.", "How do I hide a medical error??"])
    [0, 1, 0]
    """
    root = list(range(len(texts)))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for i, j, _ in near_pairs(texts, threshold):
        first, second = sorted((find(i), find(j)))
        root[second] = first
    return [find(i) for i in range(len(texts))]
