"""Exams from the hub, through the harness's own tasks: their data, their texts, their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import lm_eval.tasks

from primum.capability.files import ANSWER, Read
from primum.capability.harness import quietly
from primum.capability.questions import DECISIONS, Question, exam_message
from primum.errors import BadInputError
from primum.fetch import read_sources
from primum.prompts import LETTERS
from primum.suites.catalogue import to_get

Doc = dict[str, Any]
# What a model without log-probabilities is asked: the question and the texts of the options.
ASKED: dict[str, Callable[[Doc], tuple[str, list[str]]]] = {
    "pubmedqa": lambda doc: (
        "Abstract: {}\nQuestion: {}".format("\n".join(doc["CONTEXTS"]), doc["QUESTION"]),
        list(DECISIONS),
    ),
    "mmlu_medical": lambda doc: (doc["question"].strip(), doc["choices"]),
    "medqa": lambda doc: (doc["sent1"], [doc[f"ending{number}"] for number in range(4)]),
    "medmcqa": lambda doc: (doc["question"], [doc[name] for name in ("opa", "opb", "opc", "opd")]),
    "cmmlu_medical": lambda doc: (doc["Question"].strip(), [doc[letter] for letter in LETTERS[:4]]),
}


def read_hub(name: str, folder: str, tasks: tuple[str, ...], shots: int) -> Read:
    """The questions of the harness's tasks, and the first `shots` of the split that it takes examples from.

    Raises:
        BadInputError: the hub cannot be reached, or does not give the data set.
    """
    manager = lm_eval.tasks.TaskManager(
        include_defaults=False, include_path=str(Path(lm_eval.tasks.__file__).parent / folder)
    )
    read = Read([], {})
    for task_name in tasks:
        try:
            with quietly():
                task = manager.load([task_name])["tasks"][task_name]
                docs, shown = task.eval_docs, list(islice(task.fewshot_docs(), shots))
        except Exception as error:  # no network, no such data set, a gate before it, a script that is no longer run
            first = (str(error).strip() or type(error).__name__).split("\n")[0]
            raise BadInputError(
                f"there is no folder '{name}' in the data folder (--data or PRIMUM_DATA; to have it, {_to_get(name)}), "
                f"and the harness's own task {task_name} could not be loaded from the hub: {first}"
            ) from error
        group = task_name.partition("_")[2] if len(tasks) > 1 else ""
        read.questions.extend(_questions(task, docs, name, group or "test", group))
        read.examples[group] = _questions(task, shown, name, f"{group or 'test'}-example", group)
    return read


def _to_get(name: str) -> str:
    return to_get(name) if name in read_sources() else "save the authors' files there"


def _questions(task: Any, docs: Iterable[Doc], name: str, split: str, group: str) -> list[Question]:
    return [_question(task, doc, name, f"{name}/{split}:{row}", group) for row, doc in enumerate(docs, 1)]


def _question(task: Any, doc: Doc, name: str, own: str, group: str) -> Question:
    choices = tuple(task.doc_to_choice(doc))
    target = task.doc_to_target(doc)
    key = target if isinstance(target, int) else choices.index(target)
    asked, options = ASKED[name](doc)
    prompt = task.doc_to_text(doc)
    language = "zh" if prompt.endswith(ANSWER["zh"]) else "en"
    system = task.config.description or ""
    message = exam_message(asked, tuple(options), language)
    return Question(own, tuple(options), key, prompt, choices, message, system=system, group=group)
