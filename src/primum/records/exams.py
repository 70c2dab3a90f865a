"""Medical exams: what a model answered, question by question, and its accuracy."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from primum.records.base import Record


class ExamAnswer(Record):
    """One question of an exam, answered. `question` names it, `sha256` is the hash of its content; `correct` is nothing
    where no choice could be read. `exam_id` is the id of the exam that it belongs to."""

    v: Literal[1] = 1
    exam: str
    exam_id: str = ""
    question: str
    sha256: str
    group: str = ""
    picked: str = ""
    correct: bool | None = None


class Exam(Record):
    """What came of one exam: accuracy with its 95% interval, unread answers counted as wrong. `form` says how it was
    asked: by the log-probability of each choice, or by a generated answer. `sha256` hashes the questions and the texts around
    them: results of two models compare only where it is the same. `template` names those texts; `cut` questions were longer
    than the model takes, and lost their beginning."""

    v: Literal[1] = 1
    id: str = ""
    name: str
    form: Literal["loglikelihood", "generative"]
    model: str
    accuracy: float
    low: float
    high: float
    n: int
    unread: int = 0
    shots: int = 0
    cut: int = 0
    template: str = ""
    sha256: str
    groups: dict[str, float] = Field(default_factory=dict)
    source: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    seconds: float = 0.0
    at: str = ""
