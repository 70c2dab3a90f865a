"""Answers recorded earlier, from JSONL or CSV with `id` or `request`, and `response`."""

from __future__ import annotations

from collections.abc import Sequence

from primum.models.base import Prompt
from primum.records import Failure, FailureKind, Reply
from primum.rows import faults_in
from primum.rows.recorded import NO_KEY, keys_of, recorded_rows, split_name


class ReplayModel:
    """A model that says what a file says that it said. The k-th row of an item is its k-th sample.

    Requests repeat in real data: where a file has rows for each of the items that make one, in their order, each item gets
    its own; where it has rows for one only, they serve all.
    """

    batch = 1
    width = 32

    def __init__(self, name: str) -> None:
        self.name = f"replay/{name}"
        self.resource = self.name
        self.calls = 0
        self.retries = 0
        self.notes: list[str] = []
        self._answers = read_answers(name)

    async def reply(self, prompts: Sequence[Prompt]) -> list[Reply | Failure]:
        """The recorded answers; an item that the file does not hold is a `not_recorded` failure."""
        return [self._find(prompt) for prompt in prompts]

    async def close(self) -> None:
        """Nothing to give up."""

    def _find(self, prompt: Prompt) -> Reply | Failure:
        self.calls += 1
        own, alike = keys_of(prompt.item_id, prompt.request)
        answers = self._answers.get(own) or []
        if not answers:
            answers = self._answers.get(alike) or []
            if len(answers) > prompt.samples:  # the rows of several items, in their order
                answers = answers[prompt.twin * prompt.samples : (prompt.twin + 1) * prompt.samples]
        if prompt.sample < len(answers):
            return Reply(text=answers[prompt.sample])
        return Failure(kind=FailureKind.NOT_RECORDED, detail=f"the file holds no answer for {prompt.item_id}")


def read_answers(name: str) -> dict[str, list[str]]:
    """Answers of `FILE` or `FILE@MODEL` by `id:` + id, and by `request:` + request.

    Raises:
        BadInputError: unreadable rows, no `response` column, neither `id` nor `request`, or several models in the file and
            none chosen; all faults with lines.
    """
    answers: dict[str, list[str]] = {}
    file, _ = split_name(name)
    with faults_in(file) as faults:
        for line, keys, row in recorded_rows(name, required=("response",)):
            response = row.get("response")
            if not isinstance(response, str):
                faults.append(f"{file}:{line}: no response")
            elif not keys:
                faults.append(f"{file}:{line}: {NO_KEY}")
            else:
                for key in keys:
                    answers.setdefault(key, []).append(response)
    return answers
