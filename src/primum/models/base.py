"""What every model is: prompts in, replies or failures out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from primum.records import Failure, FailureKind, Reply

Message = dict[str, str]
_EMPTY_TRACES = re.compile(r"\A(?:\s*<think>\s*</think>)+(?=\s*<think>)")  # some templates put one before the real one


class Prompt(NamedTuple):
    """One conversation to continue. `item_id` and `request` let recorded answers be found, `twin` is how many earlier items
    make the same request; `schema` asks for JSON."""

    messages: tuple[Message, ...]
    item_id: str = ""
    request: str = ""
    sample: int = 0
    schema: dict[str, Any] | None = None
    twin: int = 0
    samples: int = 1
    max_tokens: int | None = None  # of this answer, where it is not the model's own


class Settings(NamedTuple):
    """How a model generates."""

    temperature: float = 0.0
    max_tokens: int = 512
    seed: int = 0


class Model(Protocol):
    """A model. `batch`: prompts that it prefers at once; `width`: batches under way at once on its `resource`
    (a server, or the model itself). `calls`, `retries` and `notes` say what it took so far."""

    name: str
    resource: str
    batch: int
    width: int
    calls: int
    retries: int
    notes: list[str]

    async def reply(self, prompts: Sequence[Prompt]) -> list[Reply | Failure]:
        """One reply or failure for each prompt, in order. Raises StoppedError when no call can succeed."""
        ...

    async def close(self) -> None:
        """Give up what the model holds."""
        ...


def split_reasoning(text: str, reasoning: str = "", finish: str = "stop") -> Reply | Failure:
    """Split a `<think>` block off an answer; one that was cut off inside it is `truncated`.

    A closing tag without an opening one ends a trace that the chat template opened.

    >>> split_reasoning("<think>Hm.</think> No.").text
    'No.'
    >>> split_reasoning("<think>Hm").kind.value
    'truncated'
    """
    text = _EMPTY_TRACES.sub("", text)
    opened = text.lstrip().startswith("<think>")
    if opened or "</think>" in text:
        before, closed, after = text.partition("</think>")
        trace = before.lstrip().removeprefix("<think>").strip()
        if not closed:
            return Failure(kind=FailureKind.TRUNCATED, detail="cut off inside its reasoning: raise --max-tokens")
        text, reasoning = after.strip(), "\n".join(part for part in (reasoning, trace) if part)
    if not text.strip() and reasoning and finish == "length":
        return Failure(kind=FailureKind.TRUNCATED, detail="cut off inside its reasoning: raise --max-tokens")
    return Reply(text=text, reasoning=reasoning, finish=finish)
