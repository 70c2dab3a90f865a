"""The answer in a chat completion's body, or why there is none; each body in a form that a server really sends."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from primum.models.completion import read_completion
from primum.models.problems import Problem
from primum.records import FailureKind, Reply


def body(content: object = "No.", finish: object = "stop", **message: object) -> bytes:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
    return orjson.dumps({"choices": [choice]})


def reply(raw: bytes) -> Reply:
    read = read_completion(raw)
    assert isinstance(read, Reply), read
    return read


def problem(raw: bytes) -> Problem:
    read = read_completion(raw)
    assert isinstance(read, Problem), read
    return read


def test_a_plain_answer_with_its_token_counts() -> None:
    raw = orjson.dumps(
        {
            "choices": [{"message": {"content": "No."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        }
    )
    assert reply(raw) == Reply(text="No.", prompt_tokens=7, completion_tokens=3)


@pytest.mark.parametrize(
    "usage", [None, [], "7", {"prompt_tokens": "7"}, {"prompt_tokens": 1.5}, {"prompt_tokens": -1}]
)
def test_odd_token_counts_cost_no_answer(usage: object) -> None:
    raw = orjson.dumps({"choices": [{"message": {"content": "No."}}], "usage": usage})
    assert reply(raw) == Reply(text="No.")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html><body>Welcome to nginx</body></html>",
        b'{"choices": [{"message": {"content": "cut o',
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"{}",
        b'{"error": {"message": "overloaded"}}',
        b'{"choices": "text"}',
        b'{"choices": {"a": 1}}',
        b'{"choices": [null]}',
        b'{"choices": [[]]}',
        b"[" * 100_000,
        b'{"choices":' * 50_000,
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_chat_completion_is_a_bad_response_and_asked_for_again(raw: bytes) -> None:
    read = problem(raw)
    assert read.failure.kind is FailureKind.BAD_RESPONSE
    assert read.retry
    assert len(read.failure.detail) < 300


@pytest.mark.parametrize(
    "raw",
    [
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [{"finish_reason": "stop"}]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": "text"}]}',
        body(None),
        body(None, refusal=None),
        body(None, reasoning_content="Hm."),
        body(7),
        body({"text": "no list"}),
        body([]),
        body([{"type": "image_url"}, None, 3]),
        body(None, "tool_calls", tool_calls=[{"function": {"name": "f", "arguments": "{}"}}]),
    ],
)
def test_an_answer_without_content_is_empty_and_asked_for_again(raw: bytes) -> None:
    read = problem(raw)
    assert read.failure.kind is FailureKind.EMPTY
    assert read.retry


def test_an_empty_text_is_an_answer_that_says_nothing() -> None:
    assert reply(body("")) == Reply(text="")


def test_the_parts_of_a_content_are_joined() -> None:
    parts = [{"type": "text", "text": "No"}, {"type": "thinking", "thinking": []}, {"type": "text", "text": "."}]
    assert reply(body(parts)).text == "No."
    assert reply(body([{"type": "refusal", "refusal": "I won't."}])).text == "I won't."


@pytest.mark.parametrize("content", [None, "", []])
def test_a_refusal_field_is_the_answer_where_there_is_no_other(content: object) -> None:
    assert reply(body(content, refusal="I can't help.")).text == "I can't help."
    assert reply(body("Text.", refusal="I can't help.")).text == "Text."


@pytest.mark.parametrize(
    "raw",
    [
        body("", "content_filter"),
        body(None, "content_filter"),
        body("  ", "content_filter"),
        body("", "content_filter: PROHIBITED_CONTENT"),  # Gemini's compatible endpoint
        body("<think>Hm", "content_filter"),
        body("<think>Hm</think>", "content_filter"),
        body(None, "content_filter", reasoning_content="Hm"),
        b'{"choices": [{"index": 0, "finish_reason": "content_filter", "content_filter_results": {}}]}',
    ],
)
def test_what_the_filter_left_nothing_of_is_filtered(raw: bytes) -> None:
    read = problem(raw)
    assert read.failure.kind is FailureKind.FILTERED
    assert not read.retry


def test_what_the_filter_left_is_an_answer() -> None:
    assert reply(body("First, you", "content_filter")) == Reply(text="First, you", finish="content_filter")


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart(field: str) -> None:
    assert reply(body("No.", **{field: "Hm."})) == Reply(text="No.", reasoning="Hm.")


@pytest.mark.parametrize(
    "raw",
    [
        body("<think>Hm", "stop"),
        body("<think>Hm", "length"),
        body(None, "length", reasoning_content="Hm"),
        body("", "length", reasoning_content="Hm"),
        body("", "length"),  # reasoning that the provider keeps to itself
        body(None, "length"),
    ],
)
def test_cut_off_before_the_answer_began_is_truncated(raw: bytes) -> None:
    read = problem(raw)
    assert read.failure.kind is FailureKind.TRUNCATED
    assert not read.retry


def test_cut_off_inside_the_answer_is_an_answer() -> None:
    assert reply(body("First, you", "length")) == Reply(text="First, you", finish="length")


def test_lone_surrogates_broken_bytes_and_nul_can_be_stored() -> None:
    raw = b'{"choices": [{"message": {"content": "a\\ud800b\\u0000c\xff"}, "finish_reason": "st\\udfffop"}]}'
    read = reply(raw)
    assert read.text == "a?b\x00c\ufffd"
    assert Reply.model_validate_json(read.line()) == read


def test_a_byte_order_mark_before_the_json_costs_no_answer() -> None:
    assert reply(b"\xef\xbb\xbf" + body("No.")).text == "No."


@pytest.mark.parametrize("finish", [None, "", 7, {"a": 1}, "x" * 10_000])
def test_an_odd_finish_reason_costs_no_answer(finish: Any) -> None:
    read = reply(body("No.", finish))
    assert read.text == "No."
    assert len(read.finish) <= 40
