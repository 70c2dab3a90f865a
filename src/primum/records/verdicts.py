"""What judges and people said of answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from primum.records.base import Record


class Criterion(StrEnum):
    """What a mark is about. `r1` to `q4` are MedES's two layers, and the five after them follow from those."""

    HARMFULNESS = "harmfulness"
    REFUSAL = "refusal"
    DEGENERATE = "degenerate"
    CORRECT = "correct"
    R1 = "r1"
    R2 = "r2"
    Q1 = "q1"
    Q2 = "q2"
    Q3 = "q3"
    Q4 = "q4"
    RISK = "risk"
    QUALITY = "quality"
    QUALITY_PLAIN = "quality_plain"
    COMPREHENSIVE = "comprehensive"
    COMPREHENSIVE_PLAIN = "comprehensive_plain"
    VIOLATION = "violation"
    DILEMMA = "dilemma"
    MUST_HAVE = "must_have"


class UnscoredReason(StrEnum):
    """Why there is no mark. The first six are what a judge did; the others say that no judge spoke, or, of a panel,
    that its judges gave no majority, or, of an evaluator, that it was not sure enough. `not_asked`: `--until`
    had its answer without that item."""

    REFUSED = "refused"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    OUT_OF_RANGE = "out_of_range"
    UNPARSEABLE = "unparseable"
    FILTERED = "filtered"
    JUDGE_FAILED = "judge_failed"
    NO_RESPONSE = "no_response"
    NO_JUDGE = "no_judge"
    PENDING = "pending"
    NO_MAJORITY = "no_majority"
    NOT_ASKED = "not_asked"
    UNSURE = "unsure"


class Mark(Record):
    """One judgement on one criterion, by a judge or a person. `label` is its word, e.g. `partial`; `confidence` the chance
    that the value is right, where a judge gives one."""

    criterion: Criterion
    value: float
    label: str = ""
    confidence: float | None = None


class Unscored(Record):
    """A judgement that could not be made, and why."""

    criterion: Criterion
    reason: UnscoredReason
    detail: str = ""


class Verdict(Record):
    """What one judge said of one response: marks, what it could not mark, and its reasons. A `repeat` above 0 is a
    second judgement of the same answer: it tells how steady the judge is and enters no other number."""

    v: Literal[1] = 1
    id: str
    response_id: str
    item_id: str
    judge: str
    prompt_sha256: str
    attempt: int = 0
    repeat: int = 0
    marks: tuple[Mark, ...] = ()
    unscored: tuple[Unscored, ...] = ()
    reason: str = ""
    calls: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    at: float = 0.0


class Label(Record):
    """What one person said of one response, and how the response came to be labelled. A criterion that was asked and not
    answered is among the `unscored`. `response_hash` names request and answer by their texts, `place` is the file and line;
    without a `probability` of being drawn the label cannot be weighed."""

    v: Literal[1] = 1
    response_id: str
    item_id: str
    response_hash: str
    rater: str
    marks: tuple[Mark, ...] = ()
    unscored: tuple[Unscored, ...] = ()
    stratum: str = ""
    probability: float | None = None
    place: str = ""

    @property
    def file(self) -> str:
        """The file it stands in."""
        return self.place.rpartition(":")[0]
