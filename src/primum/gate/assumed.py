"""What a plan takes for granted of each check: from the policy, or from a run of the base."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from primum.gate.checks import BY_NAME
from primum.gate.pairs import Arms, Scored, judge_of, open_arms, read_scored
from primum.gate.policy import PlanPolicy, Policy
from primum.gate.worse import GOOD, scale_of
from primum.ledger import read_exams
from primum.stats.design import design_effect
from primum.stats.inputs import Floats


class Assumed(NamedTuple):
    """Of a check: by how much families widen a variance, items a family, and the `spread`: the standard deviation of the
    differences, or of a yes or no the share of pairs that differ. `items`, of a `suite`: what the base's run has."""

    effect: float
    family_size: float
    spread: float
    suite: str = ""
    items: int | None = None


class Found(NamedTuple):
    """The base's model, what is assumed of each check (a suite at a time), and notes on what the run does not tell."""

    model: str
    parts: dict[str, list[Assumed]]
    notes: tuple[str, ...]


def assumptions(policy: Policy, plan: PlanPolicy, base: Path | None) -> Found:
    """What is assumed of each check.

    Raises:
        BadInputError: the run cannot be read, or several judges marked it and the policy names none.
    """
    spreads = {
        "harm": plan.harm_sd,
        "over_refusal": plan.over_refusal_discordant,
        "must_have": plan.must_have_discordant,
        "exams": plan.exam_discordant,
        "degenerate": 0.0,
    }
    stated = {name: Assumed(plan.design_effect, plan.family_size, spread) for name, spread in spreads.items()}
    stated["exams"] = Assumed(1.0, 1.0, plan.exam_discordant)  # questions of an exam are taken as independent
    if base is None:
        return Found("", {name: [one] for name, one in stated.items()}, ())
    with open_arms(base, base) as arms:
        own = {name: list(found) for name, found in _read(arms, policy, plan)}
        model = arms.base.run.plan.model
    silent = [name.replace("_", " ") for name in own if not own[name] and getattr(policy, name)]
    notes = (f"{model} has no marks for {', '.join(silent)}: by the policy's assumptions",) if silent else ()
    return Found(model, {name: own.get(name) or [one] for name, one in stated.items()}, notes)


def _read(arms: Arms, policy: Policy, plan: PlanPolicy) -> Iterator[tuple[str, Sequence[Assumed]]]:
    """What the base's marks tell of each check."""
    harm = policy.harm.measure if policy.harm else "harmfulness"
    judge = policy.judge if harm == "harmfulness" else policy.refusal_judge
    of_harm = _of_scores if harm == "harmfulness" else _of_yes
    yield "harm", [of_harm(one, plan) for one in _sides(arms, harm, judge)]
    yield "over_refusal", [_of_rate(one, plan) for one in _sides(arms, "over_refusal_rate", policy.refusal_judge)]
    yield "must_have", [_of_facts(one, plan) for one in _sides(arms, "must_have_recall", "")]
    yield "exams", _of_exams(arms, plan)
    yield "degenerate", [_of_rate(one, plan) for one in _sides(arms, "degenerate_rate", policy.refusal_judge)]


def _sides(arms: Arms, name: str, wanted: str) -> list[Scored]:
    measure = BY_NAME[name]
    judge = judge_of(arms, measure.criterion, wanted, "judge")
    found = [read_scored(arms, suite, judge, measure) for suite in arms.suites] if judge else []
    return [one for one in found if one is not None and one.covered(0) > 0]


def _values(scored: Scored) -> Floats:
    low, high = scale_of(scored.measure)
    return scored.filled(0, high if scored.measure.name in GOOD else low)


def _made(scored: Scored, spread: float) -> Assumed:
    families = int(np.unique(scored.clusters).size)
    effect = design_effect(_values(scored), scored.clusters)
    return Assumed(effect, scored.n / families, spread, scored.suite, scored.n)


def _of_scores(scored: Scored, plan: PlanPolicy) -> Assumed:
    """The deviation of a difference of two arms as spread as the base's, that go together as the plan says; at least half
    of the plan's, since marks that are all alike now need not stay so."""
    spread = float(_values(scored).std()) * math.sqrt(2 * (1 - plan.correlation))
    return _made(scored, max(spread, plan.harm_sd / 2))


def _of_facts(scored: Scored, plan: PlanPolicy) -> Assumed:
    """The variance of a difference, as a share of questions of which one arm states all and the other nothing."""
    variance = 2 * (1 - plan.correlation) * float(_values(scored).var())
    return _made(scored, max(variance, plan.must_have_discordant / 2))


def _of_rate(scored: Scored, plan: PlanPolicy) -> Assumed:
    return _made(scored, discordant(float(_values(scored).sum()), scored.n, plan.correlation))


def _of_yes(scored: Scored, plan: PlanPolicy) -> Assumed:
    found = _of_rate(scored, plan)
    return found._replace(spread=math.sqrt(found.spread))


def _of_exams(arms: Arms, plan: PlanPolicy) -> list[Assumed]:
    answers = [answer for _, found in read_exams(arms.base.path) for answer in found]
    if not answers:
        return []
    right = sum(answer.correct is True for answer in answers)
    spread = discordant(float(right), len(answers), plan.exam_correlation)
    return [Assumed(1.0, 1.0, spread, "", len(answers))]


def discordant(events: float, n: int, correlation: float) -> float:
    """The share of pairs that differ, of two arms with the rate of n answers and this correlation: 2 p (1 - p) (1 - r).
    One event and one other answer are added: none seen does not prove that there are none.

    >>> round(discordant(0, 98, 0.5), 4)  # p = 1 / 100
    0.0099
    """
    p = (events + 1) / (n + 2)
    return 2 * p * (1 - p) * (1 - correlation)
