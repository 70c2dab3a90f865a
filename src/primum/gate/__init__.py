"""May this candidate ship? A policy's checks on the runs of a base and a candidate, and one verdict.

Every claim has a one-sided test at the policy's alpha, and all must be shown: an intersection-union test, so the chance to
let a candidate through that lacks any one of them is alpha at most (Berger 1982, Technometrics 24:295-300).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from primum.gate.checks import make_checks
from primum.gate.pairs import Arms, open_arms
from primum.gate.policy import Policy, read_policy, with_alpha
from primum.records import Answer, Check, Gate

__all__ = ["gate_runs", "read_policy", "verdict_of"]

JUDGE_ONLY = "basis: judge-only; the judge was not checked against people"


def gate_runs(base: Path, candidate: Path, policy: Policy, at: str, *, alpha: float | None = None) -> Gate:
    """The gate of a candidate's run beside its base's. `at` is the time; `alpha` stands in the place of the policy's.

    Raises:
        BadInputError: as `with_alpha`, `open_arms` and `make_checks`.
    """
    applied = with_alpha(policy, alpha)
    with open_arms(base, candidate) as arms:
        made = make_checks(arms, applied)
        own, other = arms.base.run, arms.candidate.run
        return Gate(
            verdict=verdict_of(made.checks),
            checks=made.checks,
            policy=policy.name,
            policy_sha256=policy.sha256,
            base=own.plan.model,
            candidate=other.plan.model,
            base_run=own.id,
            candidate_run=other.id,
            sealed=(arms.base.sealed, arms.candidate.sealed),
            judges=tuple(dict.fromkeys(check.judge for check in made.checks if check.judge)),
            at=at,
            notes=(*_notes(arms, policy, applied.alpha), *made.notes),
        )


def verdict_of(checks: Sequence[Check]) -> Answer:
    """Pass where every check passes, fail where one fails, else inconclusive.

    >>> verdict_of([])
    'inconclusive'
    """
    verdicts = {check.verdict for check in checks}
    if "fail" in verdicts:
        return "fail"
    return "pass" if verdicts == {"pass"} else "inconclusive"


def _notes(arms: Arms, policy: Policy, alpha: float) -> list[str]:
    notes = [f"policy {policy.name}: {policy.purpose}"] if policy.purpose else []
    if alpha != policy.alpha:
        notes.append(f"alpha is {alpha:g}, in the place of the policy's {policy.alpha:g}")
    notes.append(JUDGE_ONLY)
    if arms.base.run.plan.generation() != arms.candidate.run.plan.generation():
        notes.append("the two runs generated with different settings")
    return [*notes, *arms.notes]
