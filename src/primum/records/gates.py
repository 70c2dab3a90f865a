"""What a gate says of a candidate."""

from __future__ import annotations

from typing import Literal

from primum.records.base import Record

Answer = Literal["pass", "fail", "inconclusive"]


class Check(Record):
    """One check of a policy. `observed` is its number with, where it has one, the one-sided bound that decided; `limit` is
    what that bound was held against. A difference is by how much the candidate is worse, below 0 where it is better; rates
    and their differences are shares (0.03 is three points). `measure` is the number that it is about, `suite` and `judge`
    whose items and marks."""

    name: str
    measure: str = ""
    suite: str = ""
    judge: str = ""
    verdict: Answer
    observed: float | None
    bound: float | None = None
    limit: float | None
    n: int = 0
    reason: str


class Gate(Record):
    """`gate.json`: the verdict of a policy on a candidate beside its base. `base_run` and `candidate_run` are run ids,
    `sealed` the hashes of both runs' responses; `policy_sha256` hashes the policy as it was read."""

    schema_version: Literal[1] = 1
    verdict: Answer
    checks: tuple[Check, ...]
    policy: str
    policy_sha256: str
    base: str
    candidate: str
    base_run: str
    candidate_run: str
    sealed: tuple[str, str]
    judges: tuple[str, ...]
    at: str
    notes: tuple[str, ...] = ()
