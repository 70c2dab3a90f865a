"""A model behind an endpoint, or a file of recorded answers, sits an exam: the letter is read from what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
from lm_eval.api.model import LM

from primum.capability.harness import sit
from primum.capability.questions import ExamPaper, Form, Question, read_pick
from primum.capability.sitting import Heard
from primum.models import Model, Prompt
from primum.prompts import LETTERS
from primum.records import Failure, FailureKind


class Teller:
    """A model of Primum's own; as many calls are under way as its server is to have."""

    form: Form = "generative"

    def __init__(self, model: Model, max_tokens: int) -> None:
        self.name = model.name
        self.asking = f"chat, {max_tokens} tokens"
        self.failed: dict[str, int] = {}
        self.notes = model.notes
        self._model = model
        self._runner = asyncio.Runner()

    def take(self, paper: ExamPaper, questions: Sequence[Question], heard: Heard) -> None:
        """Answer questions. What fails is counted in `failed` and not heard of.

        Raises:
            StoppedError: no call can succeed.
        """
        self.failed = {}
        by_id = {question.id: question for question in questions}

        def hear(name: str, said: str | Failure) -> None:
            question = by_id[name]
            if isinstance(said, str):
                letters = read_pick(said, question.options)
                heard(question, _label(question, letters), letters == LETTERS[question.key] if letters else None)
            elif said.kind is FailureKind.FILTERED:
                heard(question, "", None)
            else:
                self.failed[said.kind.value] = self.failed.get(said.kind.value, 0) + 1

        sit(_Asking(self._model, self._runner, hear), paper, questions, self.form)

    def take_cut(self) -> int:
        """None: an endpoint cuts nothing, it refuses."""
        return 0

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self._model.close())
        self._runner.close()


def _label(question: Question, letters: str | None) -> str:
    if letters is None:
        return ""
    if len(letters) == 1 and ord(letters) - 65 < len(question.labels):
        return question.labels[ord(letters) - 65]
    return letters


class _Asking(LM):  # type: ignore[misc]
    """The harness's side: it renders the questions and reads the texts; Primum's model does the calls."""

    tokenizer_name = ""

    def __init__(self, model: Model, runner: asyncio.Runner, hear: Any) -> None:
        super().__init__()
        self._model = model
        self._runner = runner
        self._hear = hear

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """The messages themselves, as JSON: the server has the template."""
        return orjson.dumps(chat_history).decode()

    def generate_until(self, requests: list[Any]) -> list[str]:
        """The text of each answer; none for a failure."""
        return self._runner.run(self._ask_all(requests))

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        """Not to be had from a chat endpoint."""
        raise NotImplementedError

    def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
        """Not to be had from a chat endpoint."""
        raise NotImplementedError

    async def _ask_all(self, requests: list[Any]) -> list[str]:
        left = iter(enumerate(requests))
        texts = [""] * len(requests)

        async def work() -> None:
            for place, request in left:
                (reply,) = await self._model.reply([_prompt(request)])
                texts[place] = "" if isinstance(reply, Failure) else reply.text
                self._hear(request.doc["id"], reply if isinstance(reply, Failure) else reply.text)

        try:
            async with asyncio.TaskGroup() as group:  # where one stops the exam, no other goes on calling
                for _ in range(min(self._model.width, len(requests))):
                    group.create_task(work())
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        return texts


def _prompt(request: Any) -> Prompt:
    messages = tuple(orjson.loads(request.args[0]))
    return Prompt(messages, item_id=request.doc["id"], request=messages[-1]["content"])
