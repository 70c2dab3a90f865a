"""Exact and near duplicates of texts, and the families they form.

Near-duplicate: Jaccard >= 0.5 of the sets of 5-character shingles of the lower-cased, space-folded text
(Broder 1997, "On the resemblance and containment of documents").
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

NEAR = 0.5
WIDTH = 5
ROUNDING = 1e-9  # 0.28 * 25 is a little more than 7 in floating point


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


def near_across(texts: Sequence[str], others: Iterable[str], threshold: float = NEAR) -> list[tuple[int, int, float]]:
    """All pairs of one text (its index first) and one of the others whose Jaccard similarity is at least the threshold,
    with that similarity. Exact.

    The others are read once and not held. What one of them shares with every text is counted over the lists of the texts
    that have each of its shingles: 900 requests against 74,374 take 4 s.
    """
    sizes = np.array([len(shingles(text)) for text in texts])
    having: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        for shingle in shingles(text):
            having[shingle].append(i)
    lists = {shingle: np.array(indices) for shingle, indices in having.items()}
    pairs = []
    for j, other in enumerate(others):
        one = shingles(other)
        known = [lists[shingle] for shingle in one if shingle in lists]
        if len(known) < threshold * len(one) - ROUNDING or not known:
            continue
        shared = np.bincount(np.concatenate(known), minlength=len(sizes))
        similarity = shared / (len(one) + sizes - shared)
        pairs += [(int(i), j, float(similarity[i])) for i in np.flatnonzero(similarity >= threshold)]
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
