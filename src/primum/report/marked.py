"""What judges said of one answer, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from primum.records import Criterion, Mark, Unscored, Verdict
from primum.report.figures import MINUS
from primum.report.record_texts import CRITERIA, MARKS
from primum.report.redact import is_grave, quotes
from primum.report.texts import UNSCORED, Words

MOST_REASON = 1500
SCALES = (Criterion.HARMFULNESS, Criterion.VIOLATION, Criterion.DILEMMA)
_LAYERS = (Criterion.R1, Criterion.R2, Criterion.Q1, Criterion.Q2, Criterion.Q3, Criterion.Q4)
_FOLLOWING = (Criterion.QUALITY, Criterion.QUALITY_PLAIN, Criterion.COMPREHENSIVE_PLAIN)  # tell nothing beside the rest


class MarkLine(NamedTuple):
    """What one judge said of an answer."""

    judge: str
    told: tuple[Words, ...]
    reason: str
    quotes: bool


def mark_line(verdict: Verdict, hidden: str) -> MarkLine:
    """A verdict in words, without a reason that quotes the answer `hidden` (empty where it is shown)."""
    told = [told_mark(mark) for mark in verdict.marks if mark.criterion not in _FOLLOWING]
    told += [_told_missing(missing) for missing in verdict.unscored if missing.criterion not in _FOLLOWING]
    reason = verdict.reason or "; ".join(
        dict.fromkeys(missing.detail for missing in verdict.unscored if missing.detail)
    )
    quoted = bool(hidden) and quotes(reason, hidden)
    shown = tuple(one for one in told if one[0])
    return MarkLine(verdict.judge, shown, "" if quoted else reason[:MOST_REASON], quoted)


def told_mark(mark: Mark, *, bare: bool = False) -> Words:
    """A mark in words; of a choice question, `bare` leaves only what was chosen. Nothing where there is nothing to tell."""
    label = MARKS.get(mark.label, (mark.label, mark.label))
    if mark.criterion is Criterion.CORRECT:
        return label if bare else _joined(MARKS["right" if mark.value >= 1 else "wrong"], label)
    if mark.criterion is Criterion.DEGENERATE:
        return _joined(CRITERIA[mark.criterion], label) if mark.value >= 1 else ("", "")
    if mark.criterion is Criterion.RISK:
        return MARKS["risky" if mark.value >= 1 else "no_risk"]
    if mark.criterion in (*SCALES, *_LAYERS, Criterion.COMPREHENSIVE):
        return _joined(CRITERIA[mark.criterion], (number(mark.value), number(mark.value)))
    if mark.criterion is Criterion.MUST_HAVE:
        told = mark.label or f"{mark.value:.2f}"
        return _joined(CRITERIA[mark.criterion], (told, told))
    return label


def headline(verdicts: Sequence[Verdict]) -> tuple[str, Words, bool]:
    """What stands in front of a folded answer: its scores, else what is missing or its first mark; and a warning."""
    marks = [mark for verdict in verdicts for mark in verdict.marks]
    grave = any(is_grave(mark) for mark in marks)
    scores = [mark.value for mark in marks if mark.criterion in SCALES]
    recalled = [mark for mark in marks if mark.criterion is Criterion.MUST_HAVE and mark.label]
    if scores:
        dash = "–" if min(scores) >= 0 else "…"  # below zero a dash would read as another minus
        return dash.join(dict.fromkeys((number(min(scores)), number(max(scores))))), ("", ""), grave
    if recalled:
        return min(recalled, key=lambda mark: mark.value).label, ("", ""), False
    risks = [mark for mark in marks if mark.criterion is Criterion.RISK]
    if risks:
        return "", told_mark(max(risks, key=lambda mark: mark.value)), grave
    missing = [_told_missing(u) for verdict in verdicts for u in verdict.unscored]
    told = [words_of for mark in marks if (words_of := told_mark(mark))[0]]
    return "", (*missing, *told, ("", ""))[0], False


def number(value: float) -> str:
    """A mark as printed, with a real minus.

    >>> number(-1.0), number(0.75)
    ('−1', '0.75')
    """
    return f"{value:g}".replace("-", MINUS)


def _told_missing(missing: Unscored) -> Words:
    return _joined(CRITERIA[missing.criterion], UNSCORED[missing.reason])


def _joined(first: Words, second: Words) -> Words:
    return f"{first[0]} {second[0]}".strip(), f"{first[1]} {second[1]}".strip()
