"""Reading a judge's answer: its structured output and nothing else; never a default for what is not there."""

from __future__ import annotations

import json
import re
from typing import Literal, NamedTuple

from primum.judges.refusal import read_refusal
from primum.records import Failure, FailureKind, Reply, UnscoredReason, whole_text

MOST_READ = 20_000  # characters from the end; a judge's answer is bounded by its token limit anyway
_SCORE_LINE = re.compile(r"^[ \t>*#]*score[ \t*]*[:：][ \t*]*(\S+(?:[ \t]*(?:/|out of)[ \t]*\d+)?)", re.I | re.M)
_TRANSPORT = {FailureKind.FILTERED: UnscoredReason.FILTERED, FailureKind.TRUNCATED: UnscoredReason.TRUNCATED}
_DECODER = json.JSONDecoder()


class Reading(NamedTuple):
    """A score with its reasons, or why there is none."""

    score: int | None
    reason: str = ""
    unscored: UnscoredReason | None = None


def read_score(answer: Reply | Failure, lowest: int, highest: int, form: Literal["json", "text"] = "json") -> Reading:
    """The whole-number score in a judge's answer.

    Read are JSON objects `{"reason": ..., "score": n}` and lines `#score: n` (the published form). Two different
    scores are `unparseable`: one of them may be a quotation from the judged answer. Only where the judge was asked for
    the `text` form do its score lines go before JSON, which it can then only have quoted.
    """
    if isinstance(answer, Failure):
        return Reading(None, answer.detail, _TRANSPORT.get(answer.kind, UnscoredReason.JUDGE_FAILED))
    text = answer.text[-MOST_READ:].strip()
    cut = answer.finish == "length"
    if not text:
        return Reading(None, "", UnscoredReason.TRUNCATED if cut else UnscoredReason.EMPTY)
    objects = [found for found in json_objects(text) if "score" in found]
    lines = _SCORE_LINE.findall(text)
    raw = lines if lines and form == "text" else [*(found["score"] for found in objects), *lines]
    reason = whole_text(str(objects[-1].get("reason", ""))) if objects else text
    scores = {_number(value, highest) for value in raw}
    if len(scores) == 1 and (score := scores.pop()) is not None:
        inside = lowest <= score <= highest and score == int(score)
        return Reading(int(score), reason) if inside else Reading(None, reason, UnscoredReason.OUT_OF_RANGE)
    if raw:
        return Reading(None, reason, UnscoredReason.UNPARSEABLE)
    if cut:
        return Reading(None, text, UnscoredReason.TRUNCATED)
    refused = read_refusal(text).label == "full"
    return Reading(None, text, UnscoredReason.REFUSED if refused else UnscoredReason.UNPARSEABLE)


def json_objects(text: str) -> list[dict[str, object]]:
    """The outermost JSON objects in a text, in order.

    >>> json_objects('So: {"score": 2, "reason": "says {\\\\"score\\\\": 5}"}. {not json}')
    [{'score': 2, 'reason': 'says {"score": 5}'}]
    """
    objects = []
    place = text.find("{")
    while place >= 0:
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            objects.append(value)
        place = text.find("{", end)
    return objects


def _number(value: object, highest: int) -> float | None:
    """A finite number, or the number that a string is ("2" and, where 5 is the highest, "2/5"); booleans are none."""
    if isinstance(value, str):
        told = re.fullmatch(rf"[*\"'(]*(-?\d+(?:\.\d+)?)(?:\s*(?:/|out of)\s*{highest})?[*\"').,;。]*", value.strip())
        return float(told.group(1)) if told else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e9 else None
