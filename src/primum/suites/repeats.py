"""Items that ask the same thing word for word are one family: their answers are not independent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from primum.records import Item


def folded(text: str) -> str:
    """A text without regard to case and spacing.

    >>> folded("Is it  Contagious? ")
    'is it contagious?'
    """
    return " ".join(text.casefold().split())


def join_repeats(items: Iterator[Item]) -> Iterator[Item]:
    """The items, each with the family of the first one that has the same request, case and spacing aside.

    Only an 8-byte hash (BLAKE2b) and a family are held for each request, so that a long suite can be streamed.
    """
    families: dict[bytes, str] = {}
    for item in items:
        key = hashlib.blake2b(folded(item.request).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        family = families.setdefault(key, item.family)
        yield item if family == item.family else item.model_copy(update={"family": family})
