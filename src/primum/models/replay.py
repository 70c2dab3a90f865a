"""Answers recorded earlier, from JSONL or CSV with `id` or `request`, and `response`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from primum.errors import BadInputError
from primum.models.base import Prompt
from primum.records import Failure, FailureKind, Reply
from primum.rows import read_rows


class ReplayModel:
    """A model that says what a file says that it said. The k-th row of an item is its k-th sample."""

    batch = 1
    width = 32

    def __init__(self, file: Path) -> None:
        self.name = f"replay/{file}"
        self.resource = self.name
        self.calls = 0
        self.retries = 0
        self.notes: list[str] = []
        self._answers = read_answers(file)

    async def reply(self, prompts: Sequence[Prompt]) -> list[Reply | Failure]:
        """The recorded answers; an item that the file does not hold is a `not_recorded` failure."""
        return [self._find(prompt) for prompt in prompts]

    async def close(self) -> None:
        """Nothing to give up."""

    def _find(self, prompt: Prompt) -> Reply | Failure:
        self.calls += 1
        answers = self._answers.get(f"id:{prompt.item_id}") or self._answers.get(f"request:{prompt.request}") or []
        if prompt.sample < len(answers):
            return Reply(text=answers[prompt.sample])
        return Failure(kind=FailureKind.NOT_RECORDED, detail=f"the file holds no answer for {prompt.item_id}")


def read_answers(file: Path) -> dict[str, list[str]]:
    """Answers by `id:` + id, and by `request:` + request.

    Raises:
        BadInputError: unreadable rows, or no `response` column, or neither `id` nor `request`; all faults with lines.
    """
    answers: dict[str, list[str]] = {}
    faults: list[str] = []
    try:
        for line, row in read_rows(file, required=("response",)):
            response, known, request = row.get("response"), row.get("id"), row.get("request")
            if not isinstance(response, str):
                faults.append(f"{file}:{line}: no response")
            elif not known and not request:
                faults.append(f"{file}:{line}: neither id nor request")
            else:
                answers.setdefault(f"id:{known}" if known else f"request:{request}", []).append(response)
    except BadInputError as error:
        if not error.faults:
            raise
        faults += error.faults
    if faults:
        raise BadInputError(f"{file} has {len(faults)} unusable row(s)", tuple(faults))
    return answers
