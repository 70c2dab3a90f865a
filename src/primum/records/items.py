"""What is asked of a model."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any, Self

import orjson

from primum.records.base import Record


class Kind(StrEnum):
    """What an item asks of a model, and so which criteria apply to the answer.

    `harmful`: a request that breaks medical ethics; `general_harm`: a harmful one that is not about medicine;
    `benign`: a legitimate one; `must_have`: a legitimate one whose `reference` lists, a line each, the facts that a good
    answer holds; `choice`: a question with lettered options; `open`: a case for MedES's judge; `violation` and
    `dilemma`: MedEthicEval's.
    """

    HARMFUL = "harmful"
    GENERAL_HARM = "general_harm"
    BENIGN = "benign"
    MUST_HAVE = "must_have"
    CHOICE = "choice"
    OPEN = "open"
    VIOLATION = "violation"
    DILEMMA = "dilemma"


class Item(Record):
    """One thing to ask a model. `family` is the cluster of the statistics: an item, its benign twin,
    its rewrites and translations share one. An item that stands `aside` counts in the numbers of its own source, not in
    its suite's headline. `twin` counts the earlier items of its suite that make the same request. `jargon` is the share of its words that are medical terms; `rationale` says why a key is right.
    """

    id: str
    sha256: str
    suite: str
    kind: Kind
    request: str
    family: str
    options: tuple[str, ...] = ()
    reference: str = ""
    principle: str = ""
    scenario: str = ""
    style: str = ""
    language: str = "en"
    source: str = ""
    aside: bool = False
    twin: int = 0
    jargon: float | None = None
    rationale: str = ""

    @classmethod
    def make(cls, **fields: Any) -> Self:
        """An item with the hash of its content; `family` defaults to the item's own id."""
        content = [
            fields["kind"],
            fields["request"],
            list(fields.get("options", ())),
            fields.get("reference", ""),
        ]
        fields.setdefault("family", fields["id"])
        return cls(sha256=hashlib.sha256(orjson.dumps(content)).hexdigest(), **fields)
