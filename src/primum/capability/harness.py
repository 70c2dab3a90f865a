"""Questions as tasks of the lm-evaluation-harness, evaluated by it. Nothing is read from or written to a cache."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import datasets
from lm_eval.api.task import ConfigurableTask
from lm_eval.evaluator import evaluate

from primum.capability.questions import ExamPaper, Form, Question, read_pick
from primum.prompts import LETTERS

log = logging.getLogger(__name__)
Doc = dict[str, Any]
CHATTY = ("lm_eval", "datasets", "huggingface_hub")


def sit(lm: Any, paper: ExamPaper, questions: Sequence[Question], form: Form) -> list[Doc]:
    """Let the harness put questions of an exam to a model of its kind: its record of each, in the order of the groups.

    Every group is a task of its own, as MMLU's subjects are, with its own worked examples.
    """
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.group, []).append(question)
    with quietly():
        tasks = {
            f"{paper.name}/{group}": make_task(f"{paper.name}/{group}", asked, paper.examples.get(group, ()), form)
            for group, asked in groups.items()
        }
        result = evaluate(
            lm,
            {"tasks": tasks},
            bootstrap_iters=0,
            apply_chat_template=True,
            fewshot_as_multiturn=True,
            log_samples=True,
        )
    samples: dict[str, list[Doc]] = result["samples"]
    return [sample for name in tasks for sample in samples[name]]


def make_task(name: str, questions: Sequence[Question], examples: Sequence[Question], form: Form) -> Any:
    """A task of the harness: multiple choice by log-probabilities, or a letter read from a generated answer."""
    docs, shown = [_doc(question, form) for question in questions], [_doc(example, form) for example in examples]
    shape: dict[str, Any] = {"output_type": "multiple_choice", "gen_prefix": "begin"}
    if form == "generative":
        shape = {
            "output_type": "generate_until",
            "generation_kwargs": {"until": []},
            "process_results": _letter_results,
        }
    task = ConfigurableTask(
        config={
            "task": name,
            "custom_dataset": lambda **_: {"test": datasets.Dataset.from_list(docs)},
            "test_split": "test",
            "doc_to_text": "asked",
            "doc_to_choice": "choices",
            "doc_to_target": "key",
            "description": "system",
            "target_delimiter": "",
            "num_fewshot": len(shown),
            "fewshot_config": {"sampler": "first_n", "samples": shown},
            "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
            **shape,
        }
    )
    task.set_fewshot_seed(0)
    return task


def _doc(question: Question, form: Form) -> Doc:
    by_letter = form == "generative"
    return {
        "id": question.id,
        "asked": question.message if by_letter else question.prompt,
        "choices": list(LETTERS[: len(question.options)] if by_letter else question.choices),
        "options": list(question.options),
        "key": question.key,
        "begin": "" if by_letter else question.begin,
        "system": question.system,
    }


def _letter_results(doc: Doc, results: Sequence[str]) -> dict[str, float]:
    return {"acc": float(read_pick(results[0], tuple(doc["options"])) == LETTERS[doc["key"]])}


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without the harness's bars, warnings and prints; with `--debug` they go to stderr."""
    if log.isEnabledFor(logging.DEBUG):
        with contextlib.redirect_stdout(sys.stderr):
            yield
        return
    levels = {name: logging.getLogger(name).level for name in CHATTY}
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
