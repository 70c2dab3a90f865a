"""What an endpoint's error answer means. Bodies are in the form that the named servers send."""

from __future__ import annotations

import email.utils
import time

import orjson
import pytest

from primum.models.problems import Problem, explain_body, read_problem, retry_after_seconds
from primum.records import FailureKind

BASE = "http://ward:8000/v1"


def read(status: int, body: object, retry_after: float | None = None) -> Problem:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return read_problem(status, raw, retry_after, "qwen", BASE)


def error(message: str = "no", **more: object) -> dict[str, object]:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 520, 524, 529])
def test_a_passing_trouble_is_tried_again(status: int) -> None:
    problem = read(status, error())
    assert problem.retry
    assert not problem.stop


@pytest.mark.parametrize("status", [201, 204, 304, 400, 410, 413, 415, 418, 422, 501])
def test_a_lasting_trouble_of_one_item_is_not_tried_again_and_stops_nothing(status: int) -> None:
    problem = read(status, error())
    assert not problem.retry
    assert not problem.stop


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, FailureKind.RATE_LIMITED),
        (408, FailureKind.TIMEOUT),
        (504, FailureKind.TIMEOUT),
        (409, FailureKind.BAD_REQUEST),
        (400, FailureKind.BAD_REQUEST),
        (500, FailureKind.SERVER_ERROR),
        (529, FailureKind.SERVER_ERROR),
    ],
)
def test_each_status_has_its_kind(status: int, kind: FailureKind) -> None:
    assert read(status, error()).failure.kind is kind


def test_only_a_server_that_says_it_is_overloaded_is_slowed_down_for() -> None:
    assert [read(s, error()).overloaded for s in (429, 529, 503, 500, 408)] == [True, True, False, False, False]
    assert read(503, error(), retry_after=2.0).overloaded


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (401, error("Incorrect API key"), "key"),
        (403, error("forbidden"), "key"),
        (402, error("Insufficient Balance"), "credit"),
        (429, error("You exceeded your quota", code="insufficient_quota"), "credit"),
        (429, error("quota", type="insufficient_quota", code=None), "credit"),
        (404, error("The model does not exist", code="model_not_found"), "'qwen'"),
        (404, b"404 page not found", "base URL"),
        (405, b"Method Not Allowed", "base URL"),
        (400, error("Model Not Exist", type="invalid_request_error"), "'qwen'"),
        (400, error("no such model", code="model_not_found"), "'qwen'"),
    ],
)
def test_what_no_call_can_mend_stops_the_run_and_names_base_url_or_model(status: int, body: object, word: str) -> None:
    problem = read(status, body)
    assert BASE in problem.stop
    assert word in problem.stop
    assert "\n" not in problem.stop


@pytest.mark.parametrize(
    ("status", "body"),
    [
        # Azure OpenAI, by code and by words alone
        (400, error("The response was filtered", code="content_filter", innererror={"code": "x"})),
        (400, error("... triggering Azure OpenAI's content management policy. Please modify", code=None)),
        (403, error("filtered by our Content Management Policy")),
        # OpenAI, DashScope (code; words), DeepSeek (two forms), Ark, OpenRouter, xAI
        (400, error("rejected", code="content_policy_violation")),
        (400, error("Input data may contain inappropriate content.", code="data_inspection_failed")),
        (400, error("<400> InternalError.Algo.DataInspectionFailed: Input text", code="400")),
        (400, error("Content Exists Risk", type="invalid_request_error", code="invalid_request_error")),
        (400, {"detail": "Content Exists Risk"}),
        (400, error("may contain sensitive information", code="InputTextSensitiveContentDetected")),
        (403, error("Your chosen model requires moderation and your input was flagged", code=403)),
        (403, {"code": "The caller does not have permission", "error": "Content violates usage guidelines. Team: x"}),
    ],
)
def test_a_providers_filter_is_a_filtered_answer_whatever_the_status(status: int, body: object) -> None:
    problem = read(status, body)
    assert problem.failure.kind is FailureKind.FILTERED
    assert not problem.stop
    assert not problem.retry


@pytest.mark.parametrize(
    ("message", "param", "expected"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
            None,
            "max_tokens",
        ),
        ("Unsupported parameter: 'max_tokens'", "max_tokens", "max_tokens"),
        ("Unsupported value: 'temperature' does not support 0. Only the default (1)", "temperature", "temperature"),
        ("Invalid parameter: 'response_format' of type 'json_schema'", "response_format", "response_format"),
        ("Invalid schema for response_format 'verdict'", "response_format.json_schema", "response_format"),
        ("This response_format type is unavailable now", None, "response_format"),
        ("Unrecognized request argument supplied: seed", None, "seed"),
        ("[{'type': 'extra_forbidden', 'msg': 'Extra inputs are not permitted', 'loc': ('seed',)}]", None, "seed"),
        # not to be left out: the user asked for a value that the server does not take, or for too much
        ("Invalid 'temperature': expected a value <= 1", "temperature", ""),
        ("Invalid 'max_tokens': integer below minimum", "max_tokens", ""),
        ("'max_tokens' or 'max_completion_tokens' is too large: 8192. The context is 8192 tokens", None, ""),
        ("This model's maximum context length is 4096 tokens", None, ""),
        ("messages must not be empty", "messages", ""),
    ],
)
def test_a_parameter_is_left_out_only_when_the_server_does_not_know_it(
    message: str, param: str | None, expected: str
) -> None:
    assert read(400, error(message, param=param)).unsupported == expected


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        (" 7 ", 7.0),
        ("-3", 0.0),
        ("inf", float("inf")),
        (None, None),
        ("", None),
        ("nan", None),
    ],
)
def test_retry_after_in_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header) == seconds


def test_retry_after_as_a_date() -> None:
    in_a_minute = email.utils.formatdate(time.time() + 60, usegmt=True)
    seconds = retry_after_seconds(in_a_minute)
    assert seconds is not None
    assert 30 < seconds <= 60
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


@pytest.mark.parametrize("header", ["soon", "Fri, 31 Feb 99999 25:61:61 GMT", "1 2 3", "\x00"])
def test_an_unreadable_retry_after_is_none_at_all(header: str) -> None:
    assert retry_after_seconds(header) is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"error": {"message": "a\\n  b"}}', "a b"),
        (b'{"error": "plain"}', "plain"),
        (b'{"detail": "not here"}', "not here"),
        (b'{"object": "error", "message": "vLLM says so", "code": 400}', "vLLM says so"),
        (b"<html>\n<h1>502</h1>", "<html> <h1>502</h1>"),
        (b"", "an empty body"),
        (b"[1]", "[1]"),
        (b"\xff\xfe", "��"),
    ],
)
def test_an_error_is_told_on_one_line(body: bytes, told: str) -> None:
    assert explain_body(body) == told


def test_an_endless_error_is_told_in_200_characters() -> None:
    assert len(explain_body(orjson.dumps(error("x" * 100_000)))) == 200
