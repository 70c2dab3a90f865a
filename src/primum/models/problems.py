"""What an endpoint's error answer means: try again, give this item up, or stop the run."""

from __future__ import annotations

import email.utils
import time
from typing import Any, NamedTuple

import orjson

from primum.records import Failure, FailureKind

TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
PARAMETERS = ("response_format", "max_tokens", "temperature", "seed")
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Signs in the code or the message by which providers say that their filter withheld an answer: Azure and OpenAI,
# DashScope, DeepSeek, Ark, OpenRouter, xAI. Some come with 403, which must not be taken for a refused key.
FILTER_CODES = (
    "content_filter",
    "content_policy",
    "datainspection",
    "data_inspection",
    "sensitivecontent",
    "sensitive_",
)
FILTER_WORDS = (
    "content management policy",
    "datainspectionfailed",
    "content exists risk",
    "requires moderation",
    "content violates usage guidelines",
)
UNKNOWN = ("unsupported", "not support", "unrecognized", "unknown", "extra inputs", "only the default", "instead")


class Problem(NamedTuple):
    """A call that brought no reply. `stop`: a sentence when no call can succeed; `unsupported`: a parameter to leave out."""

    failure: Failure
    retry: bool = False
    overloaded: bool = False
    retry_after: float | None = None
    stop: str = ""
    unsupported: str = ""


def read_problem(
    status: int, body: bytes, retry_after: float | None, model: str, base_url: str, location: str = ""
) -> Problem:
    """What a status other than 200 means, by status and by the error object that servers send with it.

    A redirect, to `location`, stops the run: the key and the requests go nowhere but to the base URL given.
    """
    error = _error_object(body)
    told = explain_body(body)
    code = f"{error.get('code') or ''} {error.get('type') or ''}".lower()
    if _is_filtered(status, code, told):
        return Problem(Failure(kind=FailureKind.FILTERED, detail=told))
    stop = _why_stop(status, code, told, model, base_url)
    if status in REDIRECTS:
        place = location.partition("?")[0][:200] or "nowhere"
        stop = f"{base_url} redirects to {place}, which is not followed: name the address itself as the base URL"
    failure = Failure(kind=_kind(status), detail=f"HTTP {status}: {told}")
    if stop:
        return Problem(failure, stop=stop)
    if status in {400, 422}:
        return Problem(failure, unsupported=_unsupported(error, told))
    return Problem(
        failure,
        retry=status in TRANSIENT,
        overloaded=status in {429, 529} or (status == 503 and retry_after is not None),
        retry_after=retry_after if status in TRANSIENT else None,
    )


def retry_after_seconds(header: str | None) -> float | None:
    """Seconds in a Retry-After header: a number, or a date (RFC 9110, 10.2.3); None when absent or unreadable.

    >>> retry_after_seconds("2")
    2.0
    >>> retry_after_seconds("soon") is None
    True
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        moment = email.utils.parsedate_tz(header)
        if moment is None:
            return None
        try:
            seconds = email.utils.mktime_tz(moment) - time.time()
        except (ValueError, OverflowError):  # a year that no calendar has
            return None
    return max(0.0, seconds) if seconds == seconds else None


def explain_body(body: bytes) -> str:
    """The message in an error body, or its beginning, on one line of at most 200 characters."""
    error = _error_object(body)
    text = str(error.get("message") or error.get("detail") or "") or body[:400].decode("utf-8", "replace")
    return " ".join(text.split())[:200] or "an empty body"


def _is_filtered(status: int, code: str, told: str) -> bool:
    if any(sign in code for sign in FILTER_CODES):
        return True
    return status in {400, 403, 451} and any(sign in told.lower() for sign in FILTER_WORDS)


def _why_stop(status: int, code: str, told: str, model: str, base_url: str) -> str:
    if status == 401 or status == 403:
        return f"{base_url} refuses the key (HTTP {status}): {told}"
    if status == 402 or "insufficient_quota" in code:
        return f"{base_url} says that the account has no credit left (HTTP {status}): {told}"
    # DeepSeek says 400 for a model that it does not have.
    if status in {404, 405} or "model_not_found" in code or (status == 400 and "model not exist" in told.lower()):
        return f"{base_url} knows no model '{model}', or the base URL is wrong (HTTP {status}): {told}"
    return ""


def _kind(status: int) -> FailureKind:
    if status == 429:
        return FailureKind.RATE_LIMITED
    if status in {408, 504}:
        return FailureKind.TIMEOUT
    return FailureKind.SERVER_ERROR if status >= 500 else FailureKind.BAD_REQUEST


def _unsupported(error: dict[str, Any], told: str) -> str:
    """The parameter that a 400 complains about, if it is one that can be left out."""
    named = str(error.get("param") or "").split(".")[0]
    text = told.lower()
    unknown = any(word in text for word in UNKNOWN)
    if named in PARAMETERS:
        # A wrong value of a number ("invalid temperature") is the user's to mend: leaving it out would measure
        # another setting than the one asked for. A schema may be invalid for this server alone.
        return named if unknown or (named == "response_format" and "invalid" in text) else ""
    if "json_schema" in text or "response_format" in text or "guided" in text:
        return "response_format"
    if "max_completion_tokens" in text and unknown:
        return "max_tokens"
    return next((name for name in ("temperature", "seed") if unknown and name in text), "")


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except ValueError:
        return {}
    error = answer.get("error", answer) if isinstance(answer, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}
