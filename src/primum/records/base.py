"""What every record is made of, and the hash that is its id."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen record with one JSON line as its form on disk. Unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def line(self) -> bytes:
        """The record as one JSON line, newline included; absent optional values are left out."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True) + b"\n"


def content_id(*parts: Any) -> str:
    """A 32-digit hexadecimal id of JSON-able parts (SHA-256, first 128 bits).

    >>> content_id("a", 1) == content_id("a", 1) != content_id("a", "1")
    True
    """
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def whole_text(text: str) -> str:
    """The text with what is no valid Unicode (lone surrogates) replaced, so that it can be stored.

    >>> whole_text("a\\ud83d"), whole_text("吗")
    ('a?', '吗')
    """
    return text.encode("utf-8", "replace").decode("utf-8")
