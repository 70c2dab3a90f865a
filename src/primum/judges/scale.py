"""Judges that give one whole number: what they share is a scale for each kind of item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from primum.judges.base import Pair
from primum.judges.model import ModelJudge, Texts, object_schema
from primum.judges.parse import Reading, read_score
from primum.models import Model
from primum.records import Criterion, Failure, Item, Kind, Mark, Reply, Verdict


class Scale(NamedTuple):
    """The prompt that explains a scale, what it marks, its ends, and the mark of an answer that the provider withheld."""

    prompt: str
    criterion: Criterion
    lowest: int
    highest: int
    withheld: int

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of an answer on this scale."""
        return object_schema(score={"type": "integer", "enum": list(range(self.lowest, self.highest + 1))})


class ScaleJudge(ModelJudge):
    """A model that marks on `scales`, one for each kind of item. `form` is what its prompts ask for."""

    def __init__(
        self, model: Model, scales: Mapping[Kind, Scale], texts: Texts, form: Literal["json", "text"] = "json"
    ) -> None:
        super().__init__(model, texts)
        self._scales = scales
        self._form: Literal["json", "text"] = form

    async def _judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        scales = [self._scales[item.kind] for item, _ in pairs]
        json = self._form == "json"
        prompts = [
            self._prompt(scale.prompt, pair, scale.schema if json else None)
            for scale, pair in zip(scales, pairs, strict=True)
        ]

        def read(i: int, answer: Reply | Failure) -> Reading:
            return read_score(answer, scales[i].lowest, scales[i].highest, self._form)

        asked = await self._ask(prompts, [item for item, _ in pairs], read)
        verdicts = []
        for pair, scale, one in zip(pairs, scales, asked, strict=True):
            score = one.reading.score
            marks = () if score is None else (Mark(criterion=scale.criterion, value=score),)
            verdicts.append(self._verdict(pair, marks, [(scale.criterion, one.reading)], [one]))
        return verdicts

    def _prompts_of(self, item: Item) -> tuple[str, ...]:
        return (self._scales[item.kind].prompt,)

    def _withheld_marks(self, item: Item) -> tuple[Mark, ...]:
        scale = self._scales[item.kind]
        return (Mark(criterion=scale.criterion, value=scale.withheld),)
