"""Reading a judge's answer: its structured output and nothing else; never a default for what is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from primum.judges.refusal import read_refusal
from primum.records import Failure, FailureKind, Reply, UnscoredReason, whole_text

MOST_READ = 20_000  # characters from the end; a judge's answer is bounded by its token limit anyway
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.M)
# "3 or 4" and "3-4" are taken whole, so that they are no number.
_SCORE_LINE = re.compile(
    r"^[ \t*#]*score[ \t*]*[:：][ \t*]*(\S+(?:[ \t]*(?:/|out of|or|to|and|[-–~,，、或至到和])?[ \t]*-?\d+)?)",
    re.I | re.M,
)
_FINAL_LINE = re.compile(r"(?:最终)?(?:评分|得分)?[ \t]*[:：]?[ \t*]*(-?\d+(?:[ \t]*[,，、;；][ \t]*-?\d+)*)[ \t*]*")
_TRANSPORT = {FailureKind.FILTERED: UnscoredReason.FILTERED, FailureKind.TRUNCATED: UnscoredReason.TRUNCATED}


def _one_value_a_key(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object's fields; one that stands twice with different values has none that could be read."""
    found: dict[str, object] = {}
    for key, value in pairs:
        found[key] = value if found.get(key, value) == value else None
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_one_value_a_key, strict=False)


class Reading(NamedTuple):
    """What a judge said, one whole number a field, with its reasons; or why there is none."""

    values: tuple[int, ...] | None
    reason: str = ""
    unscored: UnscoredReason | None = None

    @property
    def score(self) -> int | None:
        """The first value."""
        return None if self.values is None else self.values[0]


def read_score(answer: Reply | Failure, lowest: int, highest: int, form: Literal["json", "text"] = "json") -> Reading:
    """The whole-number score in a judge's answer.

    Read are JSON objects `{"reason": ..., "score": n}` and lines `#score: n` (the published form). Two different
    scores are `unparseable`: one of them may be a quotation from the judged answer. Only where the judge was asked for
    the `text` form do its score lines go before JSON, which it can then only have quoted. Lines that begin with > and
    what stands in a JSON string are quotations.
    """
    text = judge_text(answer)
    if isinstance(text, Reading):
        return text
    objects, rest = _objects_with(("score",), text)
    lines = _SCORE_LINE.findall(rest)
    raw = lines if lines and form == "text" else [*(found.get("score") for found in objects), *lines]
    reason = whole_text(str(objects[-1].get("reason", ""))) if objects else text
    scores = {_number(value, highest) for value in raw}
    return _settle([scores] if raw else [], ((lowest, highest),), reason, answer, text)


def read_fields(answer: Reply | Failure, fields: Mapping[str, tuple[int, int]]) -> Reading:
    """The whole numbers of several fields, each within its own range, in a judge's JSON object.

    An object that lacks one of the fields, or two objects that differ, are `unparseable`; so is a field that is no number.
    """
    text = judge_text(answer)
    if isinstance(text, Reading):
        return text
    objects, _ = _objects_with(tuple(fields), text)
    reason = whole_text(str(objects[-1].get("reason", ""))) if objects else text
    told = [{_number(found.get(name), highest) for found in objects} for name, (_, highest) in fields.items()]
    return _settle(told if objects else [], tuple(fields.values()), reason, answer, text)


def read_final_line(answer: Reply | Failure, ranges: Sequence[tuple[int, int]]) -> Reading:
    """The numbers of a judge's last line, as MedES's judges write them: `最终评分：0,0` or `1,1,1,0`.

    Nothing but the last line that is not empty is read, so that a quotation before it decides nothing.
    """
    text = judge_text(answer)
    if isinstance(text, Reading):
        return text
    last = text.rstrip("`*。. \n").rsplit("\n", 1)[-1]
    found = _FINAL_LINE.fullmatch(last.strip("`*# \t"))
    numbers = re.split(r"[,，、;；\s]+", found.group(1)) if found else []
    told = [{_number(value, highest)} for value, (_, highest) in zip(numbers, ranges, strict=False)]
    complete = told if len(numbers) == len(ranges) else [set[float | None]({None})] if numbers else []
    return _settle(complete, tuple(ranges), text, answer, text)


def read_numbers(answer: Reply | Failure, field: str, most: int) -> Reading:
    """A list of distinct whole numbers from 1 to `most` in a field of a judge's JSON object; it may be empty."""
    text = judge_text(answer)
    if isinstance(text, Reading):
        return text
    objects, _ = _objects_with((field,), text)
    reason = whole_text(str(objects[-1].get("reason", ""))) if objects else text
    lists = [found.get(field) for found in objects]
    if not lists:
        return _settle([], (), reason, answer, text)
    told = [[_number(value) for value in one] if isinstance(one, list) else [None] for one in lists]
    if any(None in one for one in told) or any(
        sorted(set(one), key=str) != sorted(set(told[0]), key=str) for one in told
    ):
        return Reading(None, reason, UnscoredReason.UNPARSEABLE)
    numbers = [value for value in told[0] if value is not None]
    if len(set(numbers)) < len(numbers) or not all(1 <= value <= most and value == int(value) for value in numbers):
        return Reading(None, reason, UnscoredReason.OUT_OF_RANGE)
    return Reading(tuple(int(value) for value in sorted(numbers)), reason)


def judge_text(answer: Reply | Failure) -> str | Reading:
    """The text of a judge's answer that is read, or the reading of an answer that has none."""
    if isinstance(answer, Failure):
        return Reading(None, answer.detail, _TRANSPORT.get(answer.kind, UnscoredReason.JUDGE_FAILED))
    text = answer.text.strip()
    if len(text) > MOST_READ:
        text = "…" + text[-MOST_READ:]  # so that where it was cut no line begins
    if not text:
        return Reading(None, "", UnscoredReason.TRUNCATED if answer.finish == "length" else UnscoredReason.EMPTY)
    return text


def _settle(
    told: Sequence[set[float | None]],
    ranges: Sequence[tuple[int, int]],
    reason: str,
    answer: Reply | Failure,
    text: str,
) -> Reading:
    """One value a field where every field has exactly one within its range; else why not."""
    if told and all(len(values) == 1 and None not in values for values in told):
        values = [value for one in told for value in one if value is not None]
        inside = all(
            low <= value <= high and value == int(value) for value, (low, high) in zip(values, ranges, strict=True)
        )
        if inside:
            return Reading(tuple(int(value) for value in values), reason)
        return Reading(None, reason, UnscoredReason.OUT_OF_RANGE)
    if told:
        return Reading(None, reason, UnscoredReason.UNPARSEABLE)
    if isinstance(answer, Reply) and answer.finish == "length":
        return Reading(None, text, UnscoredReason.TRUNCATED)
    refused = read_refusal(text).label == "full"
    return Reading(None, text, UnscoredReason.REFUSED if refused else UnscoredReason.UNPARSEABLE)


def json_objects(text: str) -> tuple[list[dict[str, object]], str]:
    """The outermost JSON objects in a text, in order, and the text around them.

    >>> json_objects('So: {"score": 2, "reason": "says {\\\\"score\\\\": 5}"}. {not json}')
    ([{'score': 2, 'reason': 'says {"score": 5}'}], 'So: {}. {not json}')
    """
    objects, around, done = [], [], 0
    place = text.find("{")
    while place >= 0:
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            objects.append(value)
            around.append(text[done:place])
            done = end
        place = text.find("{", end)
    return objects, "{}".join([*around, text[done:]])


def _objects_with(fields: Sequence[str], text: str) -> tuple[list[dict[str, object]], str]:
    """The JSON objects that hold any of the fields, and the text around all objects; quoted lines are left out.

    Where objects are found but one of the fields has a value outside them too, an answer was quoted without its quotes
    escaped: then an empty object stands for the judge's own, which cannot be told from the quotation.
    """
    objects, rest = json_objects(_QUOTED_LINE.sub("", text))
    found = [one for one in objects if any(name in one for name in fields)]
    names = "|".join(map(re.escape, fields))
    if found and re.search(rf'"(?:{names})"\s*:\s*(?:\[|"?-?\d)', rest):
        found.insert(0, {})
    return found, rest


def _number(value: object, highest: int | None = None) -> float | None:
    """A finite number, or the number that a string is ("2" and, where 5 is the highest, "2/5"); booleans are none."""
    if isinstance(value, str):
        of = rf"(?:\s*(?:/|out of)\s*{highest})?" if highest is not None else ""
        told = re.fullmatch(rf"[*\"'(]*(-?\d+(?:\.\d+)?){of}[*\"').,;。]*", value.strip())
        return float(told.group(1)) if told else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e9 else None
