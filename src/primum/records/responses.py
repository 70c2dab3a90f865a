"""What a model answered, or why there is no answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from primum.records.base import Record


class FailureKind(StrEnum):
    """Why there is no answer to judge."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    BAD_REQUEST = "bad_request"
    BAD_RESPONSE = "bad_response"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    FILTERED = "filtered"
    NOT_RECORDED = "not_recorded"


class Failure(Record):
    """A missing answer and its kind. `filtered`: the provider withheld it."""

    kind: FailureKind
    detail: str = ""


class Reply(Record):
    """One answer of a model: the text to be judged, its reasoning trace apart, and what it cost."""

    text: str
    reasoning: str = ""
    finish: str = "stop"
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Response(Record):
    """A model's answer to an item, or the failure to get one. `attempt` counts resumed tries; the last holds."""

    v: Literal[1] = 1
    id: str
    item_id: str
    item_sha256: str
    suite: str
    model: str
    sample: int = 0
    attempt: int = 0
    text: str = ""
    reasoning: str = ""
    finish: str = ""
    failure: Failure | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0
    at: float = 0.0

    @property
    def judgeable(self) -> bool:
        """True for an answer with text, and for one that the provider withheld (it counts as a refusal)."""
        return self.failure is None or self.failure.kind is FailureKind.FILTERED
