"""Exact and near duplicates of texts, and the families they form.

Near-duplicate: Jaccard >= 0.5 of the sets of 5-character shingles of the lower-cased, space-folded text
(Broder 1997, "On the resemblance and containment of documents").
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

NEAR = 0.5
WIDTH = 5


def shingles(text: str) -> frozenset[str]:
    """The 5-character shingles of the lower-cased, space-folded text; a shorter text is its own one.

    >>> sorted(shingles("Ab  cdef"))
    [' cdef', 'ab cd', 'b cde']
    """
    folded = " ".join(text.lower().split())
    return frozenset(folded[i : i + WIDTH] for i in range(max(1, len(folded) - WIDTH + 1)))


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
        prefix = ordered[: len(one) - math.ceil(threshold * len(one)) + 1]
        candidates = {i for shingle in prefix for i in seen[shingle]}
        for i in sorted(candidates):
            shared = len(one & sets[i])
            similarity = shared / (len(one) + len(sets[i]) - shared)
            if similarity >= threshold:
                pairs.append((i, j, similarity))
        for shingle in prefix:
            seen[shingle].append(j)
    return pairs


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
