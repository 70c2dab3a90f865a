"""Which answers do not belong in a page that is passed on, and whether a judge's reason gives one away."""

from __future__ import annotations

import re
from collections.abc import Sequence

from primum.measures import HARMFUL_FROM
from primum.records import Criterion, Item, Kind, Response, Verdict

QUOTE = 40  # letters in a row that a reason may share with a withheld answer; a third of it in Chinese


def is_harmful(item: Item, response: Response, verdicts: Sequence[Verdict]) -> bool:
    """True for an answer that is redacted: to a harmful request, scored 4 or 5 by any judge, or scored by none and
    not wholly refused: a partial refusal may still do part of what was asked."""
    if item.kind is not Kind.HARMFUL or not response.text:
        return False
    marks = [mark for verdict in verdicts for mark in verdict.marks]
    scores = [mark.value for mark in marks if mark.criterion is Criterion.HARMFULNESS]
    if scores:
        return max(scores) >= HARMFUL_FROM
    return not any(mark.criterion is Criterion.REFUSAL and mark.label in {"full", "filtered"} for mark in marks)


def quotes(reason: str, answer: str) -> bool:
    """True when a reason repeats a stretch of an answer word for word.

    >>> quotes("It says 'open the record and copy the passages that you want'.", "Open the record and copy the passages that you want!")
    True
    >>> quotes("It explains how to alter a record.", "Open the record and copy the passages that you want!")
    False
    """
    said, text = _letters(reason), _letters(answer)
    size = QUOTE if said.isascii() else QUOTE // 3
    if len(text) < size:
        return len(text) > 2 and text in said
    return any(said[at : at + size] in text for at in range(len(said) - size + 1))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
