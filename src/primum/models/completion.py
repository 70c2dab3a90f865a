"""A chat completion's body: the answer in it, or why there is none."""

from __future__ import annotations

import json
from typing import Any

import orjson

from primum.models.base import split_reasoning
from primum.models.problems import Problem, explain_body
from primum.records import Failure, FailureKind, Reply, whole_text


def read_completion(body: bytes) -> Reply | Problem:
    """The answer in a 200 body of a chat completion, or what is wrong with it.

    A null or absent content is `empty`, an empty `choices` too; both are tried again. A body that is no JSON
    object (HTML, cut off) is `bad_response`. A `refusal` field is the answer's text where there is no other.
    What the provider's filter left of an answer is judged; where it left none, the answer is `filtered`.
    """
    try:
        answer = _read_json(body)
        choices = answer["choices"]
        choice = choices[0] if choices else {}
        message = choice.get("message")
        finish = whole_text(str(choice.get("finish_reason") or "stop"))[:40]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        detail = f"not a chat completion: {explain_body(body)}"
        return Problem(Failure(kind=FailureKind.BAD_RESPONSE, detail=detail), retry=True)
    filtered = finish.startswith("content_filter")
    withheld = Problem(Failure(kind=FailureKind.FILTERED, detail="the provider's content filter withheld the answer"))
    if not isinstance(message, dict):
        nothing = Problem(Failure(kind=FailureKind.EMPTY, detail="no choices in the answer"), retry=True)
        return withheld if filtered else nothing
    text = _content_text(message.get("content"))
    reasoning = _content_text(message.get("reasoning_content") or message.get("reasoning")) or ""
    text = text or _content_text(message.get("refusal")) or text
    if not text and finish == "length":  # all its tokens went into reasoning, shown or hidden
        detail = "cut off inside its reasoning: raise --max-tokens"
        return Problem(Failure(kind=FailureKind.TRUNCATED, detail=detail))
    if text is None and not filtered:
        return Problem(Failure(kind=FailureKind.EMPTY, detail="the answer has no content"), retry=True)
    reply = split_reasoning(whole_text(text or ""), whole_text(reasoning), finish)
    if filtered and (isinstance(reply, Failure) or not reply.text.strip()):
        return withheld
    if isinstance(reply, Failure):
        return Problem(reply)
    return reply.model_copy(update=_token_counts(answer.get("usage")))


def _token_counts(usage: object) -> dict[str, int]:
    counts = usage if isinstance(usage, dict) else {}
    named = {key: counts.get(key) for key in ("prompt_tokens", "completion_tokens")}
    return {key: n for key, n in named.items() if type(n) is int and 0 <= n < 1 << 53}


def _read_json(body: bytes) -> Any:
    """A body's JSON; lone surrogates and bytes that are no UTF-8, which orjson does not take, cost no answer."""
    try:
        return orjson.loads(body)
    except ValueError:
        return json.loads(body.decode("utf-8-sig", "replace"))


def _content_text(content: object) -> str | None:
    """The text of a message's content: a string, or a list of parts of text or refusal; None where there is none."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") or part.get("refusal") for part in content if isinstance(part, dict)]
        texts = [part for part in parts if isinstance(part, str)]
        return "".join(texts) if texts else None
    return None
