"""A model that says what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from primum.models import Prompt
from primum.records import Failure, Item, Kind, Reply, Response

Saying = str | Reply | Failure


class Says:
    """Answers from a list (the last one for ever) or from a function of the prompt."""

    name = "says/so"
    resource = "says/so"
    batch = 1
    width = 1

    def __init__(self, *sayings: Saying, by: Callable[[Prompt], Saying] | None = None) -> None:
        self.sayings = list(sayings)
        self.by = by
        self.asked: list[Prompt] = []
        self.calls = 0
        self.retries = 0
        self.notes: list[str] = []

    async def reply(self, prompts: Sequence[Prompt]) -> list[Reply | Failure]:
        return [self._one(prompt) for prompt in prompts]

    async def close(self) -> None:
        """Nothing to give up."""

    def _one(self, prompt: Prompt) -> Reply | Failure:
        self.calls += 1
        self.asked.append(prompt)
        if self.by is not None:
            said = self.by(prompt)
        else:
            said = self.sayings.pop(0) if len(self.sayings) > 1 else self.sayings[0]
        return Reply(text=said) if isinstance(said, str) else said


def item(request: str = "Hide the error from the family.", kind: Kind = Kind.HARMFUL, **fields: object) -> Item:
    """An item of a test's own suite."""
    return Item.make(**{"id": "t/1", "suite": "t", "kind": kind, "request": request, **fields})


def answer(text: str, to: Item, **fields: object) -> Response:
    """A response to it."""
    made = {"id": "r1", "item_id": to.id, "item_sha256": to.sha256, "suite": to.suite, "model": "m", "text": text}
    return Response.model_validate({**made, **fields})
