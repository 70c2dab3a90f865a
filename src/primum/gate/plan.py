"""How many items a policy's checks need: the sizes at which a candidate as good as assumed passes each with the power wanted.

Without a run of the base the assumptions are the policy's ([plan]); with one, variances, families and shares are its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from scipy.special import ndtr

from primum.errors import BadInputError
from primum.gate.assumed import Assumed, assumptions
from primum.gate.checks import BY_NAME
from primum.gate.policy import HarmPolicy, PlanPolicy, Policy, with_alpha
from primum.gate.worse import amount, scale_of
from primum.records import Record
from primum.report.aligned import aligned
from primum.stats.power import least_items, mean_power, paired_power, rate_power


class Planned(Record):
    """What one check needs: `items` in `families` for a power of `power` under what it `assumes`; nothing where no number
    would do. `has` is how many items the base's run holds."""

    check: str
    suite: str = ""
    claim: str
    assumes: str
    items: int | None
    families: int | None
    power: float | None
    has: int | None = None


class GatePlan(Record):
    """What `primum gate --plan --json` prints."""

    policy: str
    policy_sha256: str
    alpha: float
    power: float
    base: str
    rows: tuple[Planned, ...]
    notes: tuple[str, ...]


class Need(NamedTuple):
    """A check to plan: its claim, what is taken for granted, and its power by the number of independent items."""

    check: str
    claim: str
    assumes: str
    power_at: Callable[[int], float]
    own: Assumed


def plan_gate(policy: Policy, base: Path | None = None, *, alpha: float | None = None) -> GatePlan:
    """The sizes that a policy needs, from its own assumptions or from a run of the base.

    Raises:
        BadInputError: the policy has no [plan], or the run cannot be read.
    """
    policy = with_alpha(policy, alpha)
    if policy.plan is None:
        raise BadInputError(f"the policy {policy.name} has no [plan] with what to take for granted")
    found = assumptions(policy, policy.plan, base)
    rows = [_planned(need, policy.plan) for need in _needs(policy, policy.plan, found.parts)]
    notes = [
        "harm passes by either of its two claims, each tested at half of alpha; the share goes with the second",
        f"independent items times a design effect; each row alone has the power of {policy.plan.power:g}, all together have less",
        "it is assumed that no mark is missing: each that is counts against the candidate, and takes its share of the margin",
    ]
    return GatePlan(
        policy=policy.name,
        policy_sha256=policy.sha256,
        alpha=policy.alpha,
        power=policy.plan.power,
        base=found.model,
        rows=tuple(rows),
        notes=(*notes, *found.notes),
    )


def plan_table(plan: GatePlan) -> str:
    """A plan as text, a row a claim."""
    rows = [["check", "to show", "if", "items", "families", "power", *(["BASE has"] if plan.base else [])]]
    for row in plan.rows:
        items, families = ("never" if n is None else f"{n:,}" for n in (row.items, row.families))
        power = "" if row.power is None else f"{100 * row.power:.0f}%"
        has = ["" if row.has is None else f"{row.has:,}"] if plan.base else []
        name = row.check.replace("_", " ")
        rows.append(
            [f"{name} · {row.suite}" if row.suite else name, row.claim, row.assumes, items, families, power, *has]
        )
    head = f"sizes for the policy {plan.policy} · alpha {plan.alpha:g}, one-sided · power {100 * plan.power:g}%"
    head += (
        f" · by the marks of {plan.base}"
        if plan.base
        else " · by the policy's assumptions (name a run of the base for its own)"
    )
    return "\n".join([head, aligned(rows), *(f"note: {note}" for note in plan.notes)])


def _planned(need: Need, plan: PlanPolicy) -> Planned:
    """The least number of independent items, times the design effect."""
    alone = least_items(need.power_at, plan.power)
    items = None if alone is None else math.ceil(alone * need.own.effect - 1e-9)
    return Planned(
        check=need.check,
        suite=need.own.suite,
        claim=need.claim,
        assumes=need.assumes,
        items=items,
        families=None if items is None else math.ceil(items / need.own.family_size - 1e-9),
        power=None if alone is None else need.power_at(alone),
        has=need.own.items,
    )


def _needs(policy: Policy, plan: PlanPolicy, parts: dict[str, list[Assumed]]) -> Iterator[Need]:
    alpha = policy.alpha
    for own in parts["harm"] if policy.harm else ():
        assert policy.harm is not None
        yield from _harm(policy.harm, plan, own, alpha)
    for own in parts["over_refusal"] if policy.over_refusal else ():
        assert policy.over_refusal is not None
        yield _paired("over_refusal", "over_refusal_rate", policy.over_refusal.margin, own, alpha)
    for own in parts["must_have"] if policy.must_have else ():
        assert policy.must_have is not None
        yield _paired("must_have", "must_have_recall", policy.must_have.margin, own, alpha)
    for own in parts["exams"] if policy.exams else ():
        assert policy.exams is not None
        yield _paired("exams", "accuracy", policy.exams.pooled, own, alpha)
        yield _paired("exam", "accuracy", policy.exams.each, own._replace(items=None), alpha)
    for own in parts["degenerate"] if policy.degenerate else ():
        assert policy.degenerate is not None
        yield _share("degenerate", policy.degenerate.limit, plan.degenerate_share, own, alpha)


def _harm(policy: HarmPolicy, plan: PlanPolicy, own: Assumed, alpha: float) -> Iterator[Need]:
    """Both routes, and how many items a principle needs for a fault twice the margin to be seen."""
    measure, half, share = policy.measure, alpha / 2, plan.careful_share
    low, high = scale_of(BY_NAME[measure])
    by = f"sd of differences {own.spread:.2g}"
    assumed = f"less by {amount(measure, plan.harm_gain)}, {by}"
    yield Need("harm", "less harmful", assumed, _gain(measure, plan.harm_gain, own.spread, half), own)
    differ, margin = 2 * share * (1 - share), policy.margin / (high - low)
    claim = f"worse by less than {amount(measure, policy.margin)}"
    assumed = f"no worse, {100 * share:g}% of each {'score 5' if measure == 'harmfulness' else 'not refused'}"
    yield Need("harm", claim, assumed, lambda n: paired_power(n, differ, 0.0, margin, half), own)
    yield _share("harm", policy.harmful_share, share, own, half)
    fault = 2 * policy.principle_margin

    def seen(n: int) -> float:
        return float(ndtr((fault - policy.principle_margin) * math.sqrt(n) / own.spread))

    claim = f"stops a principle worse by {amount(measure, fault)}"
    assumed = f"{by}; items of a principle"
    yield Need("harm_by_principle", claim, assumed, seen, own._replace(items=None))


def _gain(measure: str, gain: float, spread: float, alpha: float) -> Callable[[int], float]:
    """The power to show a gain; of a yes or no by its discordant pairs, sd^2 + gain^2 of all."""
    if measure == "harmfulness":
        return lambda n: mean_power(n, gain, spread, alpha)
    differ = min(1.0, max(gain, spread**2 + gain**2))
    return lambda n: paired_power(n, differ, -gain, 0.0, alpha)


def _paired(name: str, measure: str, margin: float, own: Assumed, alpha: float) -> Need:
    claim = f"worse by less than {amount(measure, margin)}"
    told = f"no worse, {100 * own.spread:.2g}% differ{' in all facts' if name == 'must_have' else ''}"
    return Need(name, claim, told, lambda n: paired_power(n, own.spread, 0.0, margin, alpha), own)


def _share(name: str, limit: float, share: float, own: Assumed, alpha: float) -> Need:
    told = {"harm": "harmful", "degenerate": "degenerate"}[name]
    claim = f"at most {100 * limit:g}% {told}"
    return Need(name, claim, f"{100 * share:g}% are", lambda n: rate_power(n, share, limit, alpha), own)
