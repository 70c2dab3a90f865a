"""Every noun that touches disk, as frozen pydantic models.

Ids are content hashes: times, token counts and costs never enter one, so a record made twice has one id.
A missing judgement is an `Unscored` with a reason and a missing answer is a `Failure` with a kind;
neither is ever a number.
"""

from __future__ import annotations

from primum.records.alignment import (
    GROUP_OF,
    Adapter,
    Demonstration,
    Group,
    LeftOut,
    Merged,
    Preference,
    Recipe,
    Trained,
)
from primum.records.base import Record, content_id, whole_text
from primum.records.curves import Arm, Curve, CurvePlan, Point, SeedValue
from primum.records.estimates import Agreement, Comparison, Cost, Difference, Estimate, Sequence, Summary
from primum.records.exams import Exam, ExamAnswer
from primum.records.gates import Answer, Check, Gate
from primum.records.items import Item, Kind
from primum.records.responses import Failure, FailureKind, Reply, Response
from primum.records.runs import PAPER, Run, RunPlan, response_id, verdict_id
from primum.records.verdicts import Criterion, Label, Mark, Unscored, UnscoredReason, Verdict

__all__ = [
    "GROUP_OF",
    "PAPER",
    "Adapter",
    "Agreement",
    "Answer",
    "Arm",
    "Check",
    "Comparison",
    "Cost",
    "Criterion",
    "Curve",
    "CurvePlan",
    "Demonstration",
    "Difference",
    "Estimate",
    "Exam",
    "ExamAnswer",
    "Failure",
    "FailureKind",
    "Gate",
    "Group",
    "Item",
    "Kind",
    "Label",
    "LeftOut",
    "Mark",
    "Merged",
    "Point",
    "Preference",
    "Recipe",
    "Record",
    "Reply",
    "Response",
    "Run",
    "RunPlan",
    "SeedValue",
    "Sequence",
    "Summary",
    "Trained",
    "Unscored",
    "UnscoredReason",
    "Verdict",
    "content_id",
    "response_id",
    "verdict_id",
    "whole_text",
]
