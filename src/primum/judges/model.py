"""What the judges that are language models share: filling a prompt, asking once more, making verdicts of readings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from primum.judges.base import Pair, make_verdict, quote, withheld
from primum.judges.parse import Reading
from primum.models import Model, Prompt
from primum.prompts import fill, prompt_text, sha256_hex
from primum.records import Criterion, Failure, Item, Kind, Mark, Reply, Unscored, UnscoredReason, Verdict

ASK_AGAIN = {
    UnscoredReason.UNPARSEABLE,
    UnscoredReason.OUT_OF_RANGE,
    UnscoredReason.TRUNCATED,
    UnscoredReason.EMPTY,
    UnscoredReason.REFUSED,
}
LANGUAGES = ("en", "zh")
Texts = Mapping[str, Mapping[str, str]]
WITHHELD = "withheld by the provider's filter, which counts as a refusal"


class Asked(NamedTuple):
    """What came of one question to a judge: its reading, and every answer that it took."""

    reading: Reading
    answers: tuple[Reply | Failure, ...]


class ModelJudge(ABC):
    """A language model as judge. `texts` are its prompts: name -> language -> text; an item is judged in its own language,
    or in English where there is no prompt in that."""

    criteria: ClassVar[dict[Kind, tuple[Criterion, ...]]]
    max_tokens: int | None = None  # of its answers, where a protocol sets them

    def __init__(self, model: Model, texts: Texts) -> None:
        self.name = model.name
        self.resource = model.resource
        self.batch = model.batch
        self.width = model.width
        self._model = model
        self._texts = texts
        self._shas = {name: {lang: sha256_hex(text) for lang, text in one.items()} for name, one in texts.items()}
        self.prompts = {f"{name}.{lang}": sha for name, one in self._shas.items() for lang, sha in one.items()}

    async def judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """One verdict for each pair; an unreadable answer is asked for once more, then Unscored with its reason."""
        asked = [pair for pair in pairs if not withheld(pair[1])]
        verdicts = await self._judge(asked) if asked else []
        by_id = dict(zip([pair[1].id for pair in asked], verdicts, strict=True))
        return [by_id[pair[1].id] if pair[1].id in by_id else self._withheld(pair) for pair in pairs]

    def prompt_sha(self, item: Item) -> str:
        """The hash of the prompts in the item's language: of one its own, of several that of all."""
        shas = [self._shas[name][self._language(name, item)] for name in self._prompts_of(item)]
        return shas[0] if len(shas) == 1 else sha256_hex(" ".join(shas))

    @abstractmethod
    async def _judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Verdicts on answers that were not withheld."""

    @abstractmethod
    def _prompts_of(self, item: Item) -> tuple[str, ...]:
        """The names of the prompts by which an item is judged."""

    @abstractmethod
    def _withheld_marks(self, item: Item) -> tuple[Mark, ...]:
        """The marks of an answer that the provider withheld: what a bare refusal gets."""

    def _withheld(self, pair: Pair) -> Verdict:
        marks = tuple(mark.model_copy(update={"label": "filtered"}) for mark in self._withheld_marks(pair[0]))
        return make_verdict(self, pair, marks, reason=WITHHELD)

    def _language(self, name: str, item: Item) -> str:
        texts = self._texts[name]
        return item.language if item.language in texts else "en" if "en" in texts else next(iter(texts))

    def _prompt(self, name: str, pair: Pair, schema: dict[str, Any] | None, **more: str) -> Prompt:
        """A prompt filled in; everything from the item and the answer is quoted."""
        item, response = pair
        places = {"request": item.request, "answer": response.text, "reference": item.reference, **more}
        text = self._texts[name][self._language(name, item)]
        filled = fill(text, **{place: quote(value) for place, value in places.items()})
        return Prompt(({"role": "user", "content": filled},), schema=schema, max_tokens=self.max_tokens)

    async def _ask(
        self, prompts: Sequence[Prompt], items: Sequence[Item], read: Callable[[int, Reply | Failure], Reading]
    ) -> list[Asked]:
        """The judge's answers to prompts as `read` reads them (given a prompt's place); unreadable ones are asked for once
        more."""
        first = await self._model.reply(prompts)
        asked = [Asked(read(i, answer), (answer,)) for i, answer in enumerate(first)]
        again = [i for i, one in enumerate(asked) if one.reading.unscored in ASK_AGAIN]
        if again:
            second = await self._model.reply([_once_more(prompts[i], first[i], items[i].language) for i in again])
            for i, answer in zip(again, second, strict=True):
                reading = read(i, answer)
                kept = asked[i].reading if reading.unscored is UnscoredReason.JUDGE_FAILED else reading
                asked[i] = Asked(kept, (first[i], answer))
        return asked

    def _verdict(
        self, pair: Pair, marks: Sequence[Mark], missing: Sequence[tuple[Criterion, Reading]], asked: Sequence[Asked]
    ) -> Verdict:
        """A verdict of marks, of criteria without one and the reading that says why, and of all that was asked for it."""
        unscored = tuple(
            Unscored(criterion=criterion, reason=reading.unscored, detail=reading.reason[:500])
            for criterion, reading in missing
            if reading.unscored is not None
        )
        reasons = [one.reading.reason for one in asked if one.reading.values is not None and one.reading.reason]
        return make_verdict(self, pair, tuple(marks), unscored, "\n".join(reasons), cost_of(asked))


def cost_of(asked: Sequence[Asked]) -> dict[str, int]:
    """Calls and tokens of questions."""
    answers = [answer for one in asked for answer in one.answers]
    replies = [answer for answer in answers if isinstance(answer, Reply)]
    return {
        "calls": len(answers),
        "prompt_tokens": sum(reply.prompt_tokens or 0 for reply in replies),
        "completion_tokens": sum(reply.completion_tokens or 0 for reply in replies),
    }


def object_schema(**properties: Any) -> dict[str, Any]:
    """The JSON schema of a judge's answer: reason first, then the marks, all required and nothing else.

    >>> object_schema(score={"type": "integer"})["required"]
    ['reason', 'score']
    """
    return {
        "type": "object",
        "properties": {"reason": {"type": "string"}, **properties},
        "required": ["reason", *properties],
        "additionalProperties": False,
    }


def in_languages(name: str, languages: Sequence[str] = LANGUAGES) -> dict[str, str]:
    """The texts of one prompt, by language."""
    return {language: prompt_text(name, language) for language in languages}


def _once_more(prompt: Prompt, answer: Reply | Failure, language: str) -> Prompt:
    said = answer.text[:2000] if isinstance(answer, Reply) else ""
    more = (
        {"role": "assistant", "content": said or "-"},
        {"role": "user", "content": prompt_text("again", language)},
    )
    return prompt._replace(messages=prompt.messages + more)
