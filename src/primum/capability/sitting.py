"""An exam that is sat: answers on record one by one, then the result; one cut short is gone on with."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from primum.capability.questions import ExamPaper, Form, Question, exam_id
from primum.ledger import Ledger, read_records
from primum.records import Exam, ExamAnswer
from primum.stats.rates import wilson

Heard = Callable[[Question, str, bool | None], None]
"""Takes a question, what was picked (its label), and whether that is right: nothing where no choice could be read."""
Progress = Callable[[str, int, int], None]
"""Takes an exam's name, how many of its questions are answered, and how many there are."""
PACKAGES = ("primum", "lm_eval", "datasets", "transformers", "torch", "peft")


class Taker(Protocol):
    """A model that sits exams. `asking` is how it is asked, `failed` counts the answers that it did not give, by kind."""

    name: str
    form: Form
    asking: str
    failed: dict[str, int]
    notes: list[str]

    def take(self, paper: ExamPaper, questions: Sequence[Question], heard: Heard) -> None:
        """Answer questions; tells of each answer as it comes."""
        ...

    def take_cut(self) -> int:
        """How many questions lost their beginning since this was last asked."""
        ...

    def close(self) -> None:
        """Give up what the model holds."""
        ...


class Sat(NamedTuple):
    """An exam's result, how many answers failed, by kind, and whether it was added to a run."""

    exam: Exam
    failed: dict[str, int]
    added: bool


def sit_exam(
    paper: ExamPaper,
    taker: Taker,
    ledger: Ledger | None,
    versions: dict[str, str],
    progress: Progress,
    max_failed: float,
) -> Sat:
    """Sit an exam, or what is left of it, and add it to the run that is open.

    Every answer is on record before the next; the result comes last. With more failures than the share `max_failed` it
    is not added: called again, only what failed is asked.

    Raises:
        StoppedError: stopped from outside, or the disk is full; what was recorded stays.
    """
    started, at = time.perf_counter(), datetime.datetime.now(datetime.UTC)
    sha = paper.sha256(taker.form)
    before = [] if ledger is None else list(read_records(ledger.path, Exam))
    same = (paper.name, taker.form, sha)
    own = exam_id(paper, taker.form, taker.name, sum((exam.name, exam.form, exam.sha256) == same for exam in before))
    answers = {} if ledger is None else _recorded(ledger, own)

    def heard(question: Question, picked: str, correct: bool | None) -> None:
        answer = ExamAnswer(
            exam=paper.name,
            exam_id=own,
            question=question.id,
            sha256=question.sha256,
            group=question.group,
            picked=picked,
            correct=correct,
        )
        if ledger is not None:
            ledger.append(answer)
        answers[question.id] = answer
        progress(paper.name, len(answers), len(paper.questions))

    left = [question for question in paper.questions if question.id not in answers]
    if left:
        taker.take(paper, left, heard)
    missing = [question for question in paper.questions if question.id not in answers]
    added = ledger is not None and len(missing) <= max_failed * len(paper.questions)
    exam = _result(paper, taker, answers, own).model_copy(
        update={
            "versions": _versions(taker.form) | versions,
            "seconds": round(time.perf_counter() - started, 3),
            "at": at.isoformat(timespec="seconds"),
        }
    )
    failed = taker.failed if missing else {}
    if ledger is not None and added:
        for question in missing:
            heard(question, "", None)
        ledger.sync()  # the answers are on disk before the line that speaks of them
        ledger.append(exam)
    return Sat(exam, dict(failed), added)


def _recorded(ledger: Ledger, own: str) -> dict[str, ExamAnswer]:
    return {answer.question: answer for answer in read_records(ledger.path, ExamAnswer) if answer.exam_id == own}


def _result(paper: ExamPaper, taker: Taker, answers: dict[str, ExamAnswer], own: str) -> Exam:
    """The accuracy, with what could not be read, or failed, counted as wrong."""
    right = {
        question.id: question.id in answers and answers[question.id].correct is True for question in paper.questions
    }
    n = len(paper.questions)
    low, high = wilson(sum(right.values()), n)
    groups: dict[str, list[bool]] = {}
    for question in paper.questions:
        groups.setdefault(question.group, []).append(right[question.id])
    return Exam(
        id=own,
        name=paper.name,
        form=taker.form,
        model=taker.name,
        accuracy=sum(right.values()) / n,
        low=low,
        high=high,
        n=n,
        unread=n - sum(answer.correct is not None for answer in answers.values()),
        shots=paper.shots,
        cut=taker.take_cut(),
        template=f"{paper.template[taker.form]}; {taker.asking}",
        sha256=paper.sha256(taker.form),
        groups={group: sum(found) / len(found) for group, found in groups.items()} if len(groups) > 1 else {},
        source=paper.source,
    )


def _versions(form: Form) -> dict[str, str]:
    found = {}
    for package in PACKAGES if form == "loglikelihood" else PACKAGES[:3]:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found
