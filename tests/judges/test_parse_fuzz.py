"""Whatever a judge's answer holds: a value that is really there, or a reason why there is none; never a default."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from primum.judges.parse import Reading, read_fields, read_final_line, read_numbers, read_score
from primum.records import Reply
from tests.fuzzing import fuzz

pytestmark = pytest.mark.proof

FIELDS = {"r1": (-1, 0), "r2": (-1, 0)}
PARSERS: tuple[tuple[Callable[[Reply], Reading], int, int], ...] = (
    (lambda reply: read_score(reply, 1, 5), 1, 5),
    (lambda reply: read_score(reply, 1, 5, "text"), 1, 5),
    (lambda reply: read_fields(reply, FIELDS), -1, 0),
    (lambda reply: read_final_line(reply, ((0, 1), (0, 1))), 0, 1),
    (lambda reply: read_numbers(reply, "stated", 9), 1, 9),
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
shards = st.sampled_from(
    [
        *(
            '"score"',
            '"reason"',
            '"r1"',
            '"r2"',
            '"stated"',
            "#score:",
            "Score：",
            "score",
            "最终评分：",
            "得分",
            '"x"',
            "\\u0032",
        ),
        *(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "，",
            '"',
            "\\",
            "\n",
            "\n> ",
            " ",
            "*",
            "`",
            "```json\n",
            "/",
            "out of",
            "or",
            "-",
        ),
        *("0", "1", "2", "5", "-1", "7", "2.0", "1e0", "1e999", "NaN", "true", "null", "٣", "１", "二", "。", "…"),
    ]
)
shattered = st.lists(shards, max_size=30).map("".join)
loose = (
    st.none() | st.booleans() | st.integers(-2, 6) | st.floats() | shattered | st.lists(st.integers(0, 9), max_size=3)
)
objects = st.builds(
    lambda fields, indent: json.dumps(fields, indent=indent),
    st.dictionaries(st.sampled_from(["score", "r1", "r2", "stated", "reason"]), st.integers(-1, 1) | loose, max_size=5),
    st.sampled_from([None, 1]),
)
replies = st.builds(
    lambda form, a, b: form.replace("A", str(a)).replace("B", str(b)),
    st.sampled_from(
        ['{"score": A}', '{"r1": A, "r2": B}', '{"stated": [A, B]}', "\n#score: A", "\n最终评分：A,B", "\nA，B"]
    ),
    st.integers(-2, 6),
    st.integers(-1, 2),
)
texts = st.lists(shattered | objects | replies | st.text(max_size=30), max_size=3).map("".join)
noise = st.lists(
    st.sampled_from(["Well. ", "I think so\n", "{", "[x] ", "```\n", "```json\n", "好的。\n", "a: b ", "> 1\n"]),
    max_size=4,
).map("".join)
single = st.integers(1, 5)


def wide(numbers: tuple[int, ...], text: str) -> bool:
    """Whether every number stands in the text, however it is written there."""
    there = {float(found) for found in NUMBER.findall(text.replace("\\u0032", "2"))}
    return set(map(float, numbers)) <= there


def test_a_value_read_is_in_range_and_in_the_text() -> None:
    read = [0] * len(PARSERS)

    def check(text: str, finish: str) -> None:
        for i, (parse, low, high) in enumerate(PARSERS):
            reading = parse(Reply(text=text, finish=finish))
            assert (reading.values is None) != (reading.unscored is None)
            if reading.values is not None:
                read[i] += 1
                assert all(low <= value <= high for value in reading.values)
                assert wide(reading.values, text)

    fuzz("judge texts", check, texts, st.sampled_from(["stop", "length"]))
    print(read)
    assert min(read) >= 30  # both sides are seen: texts that are read, and others


def test_without_its_field_nothing_is_read() -> None:
    def check(text: str) -> None:
        text = re.sub(r"(?i)score|stated|r1|r2|评分|得分", "mark", text) + "\nend"
        assert [parse(Reply(text=text)).values for parse, _, _ in PARSERS] == [None] * len(PARSERS)

    fuzz("judge texts without the field", check, texts)


def test_a_score_comes_through_noise() -> None:
    def check(score: int, reason: str, before: str, after: str, text_form: bool) -> None:
        said = json.dumps({"reason": reason, "score": score})
        if text_form:
            said = "#reason: " + re.sub("(?i)score", "mark", " ".join(reason.split())) + f"\n#score: {score}"
        reading = read_score(Reply(text=f"{before}\n{said}\n{after}"), 1, 5, "text" if text_form else "json")
        assert reading.values == (score,)

    fuzz("scores in noise", check, single, texts, noise, noise, st.booleans())


def test_fields_come_through_noise() -> None:
    def check(r1: int, r2: int, reason: str, before: str, after: str) -> None:
        said = f"{before}\n{json.dumps({'r2': r2, 'reason': reason, 'r1': r1})}\n{after}"
        assert read_fields(Reply(text=said), FIELDS).values == (r1, r2)

    fuzz("fields in noise", check, st.integers(-1, 0), st.integers(-1, 0), texts, noise, noise)


def test_numbers_come_through_noise() -> None:
    def check(stated: set[int], reason: str, before: str, after: str) -> None:
        said = f"{before}\n{json.dumps({'reason': reason, 'stated': sorted(stated, reverse=True)})}\n{after}"
        assert read_numbers(Reply(text=said), "stated", 9).values == tuple(sorted(stated))

    fuzz("numbers in noise", check, st.sets(st.integers(1, 9)), texts, noise, noise)


def test_a_final_line_is_read_whatever_stands_before_it() -> None:
    def check(first: int, second: int, before: str, label: str) -> None:
        said = f"{before}\n{label}{first},{second}"
        assert read_final_line(Reply(text=said), ((0, 1), (0, 1))).values == (first, second)

    labels = st.sampled_from(["最终评分：", "最终评分: ", "得分：", "", "**最终评分：** "])
    fuzz("final lines", check, st.integers(0, 1), st.integers(0, 1), texts, labels)


def test_two_different_values_are_none() -> None:
    joins: list[Callable[[int, int], str]] = [
        lambda a, b: f'{{"score": {a}}} {{"score": {b}}}',
        lambda a, b: f'{{"score": {a}, "score": {b}}}',
        lambda a, b: f'{{"score": {a}}}\n#score: {b}',
        lambda a, b: f"#score: {a}\nso\nscore: {b}",
        lambda a, b: f"score: {a} or {b}",
        lambda a, b: f"#score: {a}-{b}",
        lambda a, b: f"score：{a}，{b}",
        lambda a, b: f'{{"reason": "it says {{"score": {a}}}", "score": {b}}}',
        lambda a, b: f'{{"reason": "", "score": {a}}}", "score": {b}}}',
    ]

    def check(pair: list[int], join: Callable[[int, int], str], before: str, after: str) -> None:
        told = join(*pair)
        assert read_score(Reply(text=f"{before}\n{told}\n{after}"), 1, 5).values is None
        fields = told.replace('"score"', '"r2": 0, "r1"')  # lines of scores are nothing to the reader of fields
        if '"r1"' in fields and "#" not in fields:
            assert read_fields(Reply(text=f"{before}\n{fields}\n{after}"), {"r1": (1, 5), "r2": (0, 0)}).values is None

    fuzz(
        "two scores", check, st.lists(single, min_size=2, max_size=2, unique=True), st.sampled_from(joins), noise, noise
    )
