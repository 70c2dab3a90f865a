"""Recall of must-have facts: which of the statements that a physician wants in a good answer does it make?

`must_have_recall` is the share of them (K-QA's comprehensiveness, Manes et al. 2024). It is seen beside over-refusal, so
that an answer which evades is told from one that helps. `Item.reference` holds one statement a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from primum.judges.base import Pair
from primum.judges.model import ModelJudge, in_languages, object_schema
from primum.judges.parse import Reading, read_numbers
from primum.models import Model
from primum.records import Criterion, Failure, Item, Kind, Mark, Reply, Verdict


class MustHaveJudge(ModelJudge):
    """A model as the judge of which must-have statements an answer makes."""

    criteria: ClassVar[dict[Kind, tuple[Criterion, ...]]] = {Kind.MUST_HAVE: (Criterion.MUST_HAVE,)}

    def __init__(self, model: Model) -> None:
        super().__init__(model, {"musthave": in_languages("musthave")})

    async def _judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        counts = [len(statements(item)) for item, _ in pairs]
        prompts = []
        for pair, count in zip(pairs, counts, strict=True):
            numbers = {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": count}}
            listed = "\n".join(f"{i}. {text}" for i, text in enumerate(statements(pair[0]), 1))
            prompts.append(self._prompt("musthave", pair, object_schema(stated=numbers), statements=listed))

        def read(i: int, answer: Reply | Failure) -> Reading:
            return read_numbers(answer, "stated", counts[i])

        asked = await self._ask(prompts, [item for item, _ in pairs], read)
        verdicts = []
        for pair, count, one in zip(pairs, counts, asked, strict=True):
            stated = one.reading.values
            marks = () if stated is None else (_mark(len(stated), count),)
            verdicts.append(self._verdict(pair, marks, [(Criterion.MUST_HAVE, one.reading)], [one]))
        return verdicts

    def _prompts_of(self, item: Item) -> tuple[str, ...]:
        return ("musthave",)

    def _withheld_marks(self, item: Item) -> tuple[Mark, ...]:
        return (_mark(0, len(statements(item))),)


def statements(item: Item) -> list[str]:
    """The must-have statements of an item."""
    return [line.strip() for line in item.reference.splitlines() if line.strip()]


def _mark(stated: int, count: int) -> Mark:
    return Mark(criterion=Criterion.MUST_HAVE, value=stated / count, label=f"{stated}/{count}")
