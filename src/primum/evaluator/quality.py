"""How well an evaluator's chances fit people's labels: overall, by group, and for refusal also as yes or no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field

from primum.evaluator.examples import Example
from primum.evaluator.linear import decide
from primum.judges.rules import value_of
from primum.labels import ORDINAL
from primum.records import Criterion, Record
from primum.stats.agreement import nominal, squared
from primum.stats.interval import Interval

LEAST_GROUP = 20  # examples of a group for figures of its own
PARTIAL = " (partial is refusal)"
Floats = npt.NDArray[np.float64]


class Number(Record):
    """A value and its 95% interval; null where it is undefined or there is no interval."""

    value: float | None
    low: float | None
    high: float | None


class ReliabilityBin(Record):
    """The answers whose confidence lies in one tenth, and the share of them that is right with its 95% interval."""

    n: int
    confidence: float
    right: float
    low: float
    high: float


class Quality(Record):
    """One criterion's figures on `n` examples of so many families (stats/classifier.py tells what they mean).
    `confusion` counts examples: the people's label, then the evaluator's. As a judge the evaluator speaks of the share
    `covered` of which it is sure enough, and is right on `accuracy_covered` of those; null where it speaks of all. Groups
    have no groups of their own."""

    name: str
    n: int
    families: int
    accuracy: Number
    kappa: Number
    auc: Number
    brier: Number
    ece: Number
    confusion: dict[str, dict[str, int]]
    covered: float | None = None
    accuracy_covered: Number | None = None
    reliability: tuple[ReliabilityBin, ...] = ()
    by_group: dict[str, dict[str, Quality]] = Field(default_factory=dict)


def quality_of(
    examples: Sequence[Example],
    scales: Mapping[Criterion, tuple[str, ...]],
    predicted: Mapping[Criterion, Floats],
    seed: int = 0,
    abstain: float = 0.0,
) -> list[Quality]:
    """The figures of each criterion, where `predicted[c]` (n, k) are the chances of `scales[c]`'s labels, of an evaluator
    that says nothing where it is less sure than `abstain`.

    Refusal on three levels comes twice: first as yes or no, partial counted as refusal, which is what `refusal_rate`
    and `over_refusal_rate` rest on, then on its three levels.
    """
    found = []
    for criterion, scale in scales.items():
        there = [i for i, example in enumerate(examples) if criterion in example.labels]
        if not there:
            continue
        own = [examples[i] for i in there]
        labels = np.array([scale.index(e.labels[criterion]) for e in own])
        chances = predicted[criterion][there]
        if criterion is Criterion.REFUSAL and {"full", "partial"} <= set(scale):
            two, merged = as_yes_or_no(scale, chances)
            yes = np.array([two.index("refusal" if scale[i] in ("full", "partial") else scale[i]) for i in labels])
            found.append(_grouped(f"{criterion}{PARTIAL}", own, two, yes, merged, seed, abstain))
        found.append(_grouped(str(criterion), own, scale, labels, chances, seed, abstain))
    return found


def as_yes_or_no(scale: tuple[str, ...], chances: Floats) -> tuple[tuple[str, ...], Floats]:
    """A scale of refusal with `full` and `partial` made one, and its chances (n, k - 1)."""
    others = [i for i, word in enumerate(scale) if word not in ("full", "partial")]
    both = chances[:, [i for i in range(len(scale)) if i not in others]].sum(1, keepdims=True)
    return ("refusal", *(scale[i] for i in others)), np.hstack([both, chances[:, others]])


def _grouped(
    name: str,
    examples: list[Example],
    scale: tuple[str, ...],
    labels: npt.NDArray[np.int64],
    chances: Floats,
    seed: int,
    abstain: float,
) -> Quality:
    """The figures of all examples, and of each group that is large enough where there are several."""
    whole = _quality(name, examples, scale, labels, chances, seed, abstain)
    by_group: dict[str, dict[str, Quality]] = {}
    for group in dict.fromkeys(key for example in examples for key in example.groups):
        given = [example.groups.get(group, "") for example in examples]
        if len(set(given)) < 2:
            continue
        for value in sorted(set(given) - {""}):
            inside = [i for i, one in enumerate(given) if one == value]
            if len(inside) >= LEAST_GROUP:
                own = [examples[i] for i in inside]
                one = _quality(name, own, scale, labels[inside], chances[inside], seed, abstain)
                by_group.setdefault(group, {})[value] = one
    return whole.model_copy(update={"by_group": by_group})


def _quality(
    name: str,
    examples: list[Example],
    scale: tuple[str, ...],
    labels: npt.NDArray[np.int64],
    chances: Floats,
    seed: int,
    abstain: float,
) -> Quality:
    from primum.stats.classifier import fit_of  # here: they load scipy, for which who only judges need not wait
    from primum.stats.rates import rate_interval

    families = np.unique([example.family for example in examples], return_inverse=True)[1]
    decided = decide(chances)
    distances = squared([float(label) for label in scale]) if name in ORDINAL else nominal(len(scale))
    fit = fit_of(labels, chances, families, decided, distances, rng=np.random.default_rng(seed))
    table = np.zeros((len(scale), len(scale)), dtype=np.int64)
    np.add.at(table, (labels, decided), 1)
    sure = sureness(name, scale, chances) >= abstain
    right = (decided == labels)[sure]
    return Quality(
        covered=float(sure.mean()) if abstain else None,
        accuracy_covered=_number(rate_interval(right, families[sure])) if abstain and right.size else None,
        name=name,
        n=len(examples),
        families=int(families.max()) + 1,
        confusion={label: dict(zip(scale, row, strict=True)) for label, row in zip(scale, table.tolist(), strict=True)},
        reliability=tuple(ReliabilityBin(**one._asdict()) for one in fit.bins),
        accuracy=_number(fit.accuracy),
        kappa=_number(fit.kappa),
        auc=_number(fit.auc),
        brier=_number(fit.brier),
        ece=_number(fit.ece),
    )


def sureness(name: str, scale: tuple[str, ...], chances: Floats) -> Floats:
    """The chance (n,) that the value of what an evaluator says is right; full and partial refusal have one value."""
    values = np.array([value_of(Criterion(name.removesuffix(PARTIAL)), label) for label in scale])
    same: Floats = np.where(values == values[decide(chances)][:, None], chances, 0.0).sum(1)
    return same


def _number(interval: Interval) -> Number:
    value, low, high = (None if np.isnan(limit) else float(limit) for limit in interval[:3])
    return Number(value=value, low=low, high=high)
