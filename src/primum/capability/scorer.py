"""A model in this process sits an exam: the choice with the greatest log-probability is its answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jinja2
import torch
from lm_eval.models.huggingface import HFLM

from primum.capability.harness import quietly, sit
from primum.capability.questions import ExamPaper, Form, Question
from primum.capability.sitting import Heard
from primum.errors import BadInputError, StoppedError
from primum.models.local import load

AT_ONCE = 128  # questions evaluated together: their answers are then on record


class Scorer:
    """A causal model with an adapter or without; `batch` questions are scored at once."""

    form: Form = "loglikelihood"

    def __init__(self, name: str, path: str, adapter: str, batch: int) -> None:
        self.name = name
        self.asking = "chat template"
        self.failed: dict[str, int] = {}
        self.notes: list[str] = []
        model, tokenizer = load(path, adapter)
        with quietly():
            self._lm = _Counting(pretrained=model, tokenizer=tokenizer, batch_size=batch)

    def take(self, paper: ExamPaper, questions: Sequence[Question], heard: Heard) -> None:
        """Answer questions, a share of them at a time.

        Raises:
            StoppedError: a batch does not fit into memory.
            BadInputError: the model's chat template does not take the questions.
        """
        ordered = sorted(questions, key=lambda question: question.group)
        for start in range(0, len(ordered), AT_ONCE):
            part = ordered[start : start + AT_ONCE]
            for question, scores in zip(part, self.scores(paper, part), strict=True):
                picked = None if any(map(math.isnan, scores)) else scores.index(max(scores))
                label = "" if picked is None else question.labels[picked]
                heard(question, label, None if picked is None else picked == question.key)

    def scores(self, paper: ExamPaper, questions: Sequence[Question]) -> list[list[float]]:
        """The log-probability of each choice of each question, as the harness computes it."""
        try:
            samples = sit(self._lm, paper, questions, self.form)
        except torch.OutOfMemoryError as error:
            raise StoppedError(
                f"{self.name}: a batch of {self._lm.batch_size} questions does not fit into the memory of "
                f"{self._lm.device}: lower --batch"
            ) from error
        except jinja2.TemplateError as error:
            raise BadInputError(f"the chat template of {self.name} does not take the exam: {error}") from error
        found = {sample["doc"]["id"]: [float(score) for score, _ in sample["filtered_resps"]] for sample in samples}
        return [found[question.id] for question in questions]

    def take_cut(self) -> int:
        """How many questions lost their beginning since this was last asked."""
        cut, self._lm.cut = len(self._lm.cut), set()
        return cut

    def close(self) -> None:
        """Let go of the weights."""
        del self._lm


class _Counting(HFLM):  # type: ignore[misc]
    """The harness's model, which cuts what is too long at its beginning; this one counts it."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.cut: set[str] = set()

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """The conversation, and a begun answer behind its own beginning: not every template can go on with a message."""
        begun = "" if add_generation_prompt else chat_history[-1]["content"]
        asked = chat_history if add_generation_prompt else chat_history[:-1]
        rendered: str = super().apply_chat_template(asked)
        return rendered + begun

    def _loglikelihood_tokens(
        self, requests: list[tuple[tuple[str, str], list[int], list[int]]], **given: Any
    ) -> list[tuple[float, bool]]:
        most = self.max_length + 1
        self.cut |= {texts[0] for texts, before, after in requests if len(before) + len(after) > most}
        answers: list[tuple[float, bool]] = super()._loglikelihood_tokens(requests, **given)
        return answers
