"""How wide the interval of a number will be, by what may be true of its judge; and so how many labels it takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from primum.agree.numbers import Number
from primum.agree.pilot import Pilot, weigh_pilot
from primum.errors import BadInputError
from primum.records import Record
from primum.stats import design
from primum.stats.expected import (
    Experts,
    Width,
    agreeing_experts,
    betting_width,
    is_one_sided,
    label_variance,
    rectified_width,
)
from primum.stats.inputs import Codes, Floats

RATE_WIDTH, LEVEL_WIDTH = 0.1, 0.2  # by default
ROOM = 1.25  # a default width is at least this many times the width with every answer labelled
KAPPAS = (0.8, 0.9, 0.95)
DRAWN_FOR = 0.8
FEWEST = 10  # labels of the active design


class Assumption(Record):
    """What may be true of a judge, the labels that the width then takes (null: all of them are too few), and the least
    width, that with all labelled. `kappa` is null for a judge that is useless, and for what labels so far say."""

    judge: str
    kappa: float | None
    labels: int | None
    least_width: float


class Lead(NamedTuple):
    """A number, and what the chances of its things (k,) follow: strata by the judge's marks, or how unsure it is."""

    number: Number
    strata: Codes
    unsure: Floats | None
    pilot: Pilot | None

    @property
    def fewest(self) -> int:
        """The fewest labels that can be drawn."""
        return design.least_labels(self.strata) if self.unsure is None else min(FEWEST, self.number.things.size)

    def chances(self, n: int) -> Floats:
        """The chances (k,) when `n` are drawn. They rest on the judge alone, so that a later sheet with more labels
        holds what an earlier one held."""
        if self.unsure is not None:
            return design.active_chances(self.unsure, n)
        squares = self.number.counts**2 * experts(self.number, DRAWN_FOR).squares
        return design.stratified_chances(self.strata, squares, n)


class Wanted(NamedTuple):
    """What a number takes: the width, the assumptions, which of them is drawn for, and the labels for that."""

    width: float
    assumptions: tuple[Assumption, ...]
    drawn_for: str
    labels: int


def experts(number: Number, kappa: float | None, pilot: Pilot | None = None) -> Experts:
    """What experts say who agree with the number's judge by `kappa`; without it, the judge is useless. What they say beside
    it is as frequent as in the labels so far, or else as in the judge's marks."""
    given = None if pilot is None else (pilot.marks, pilot.at.size / (1 / pilot.first).sum() / pilot.first)
    return agreeing_experts(number.marks, kappa, number.bounds, number.counts, given)


def expected_width(number: Number, chances: Floats, kappa: float | None) -> Width:
    """The width that labels drawn by these chances (k,) give under an assumption."""
    said = experts(number, kappa)
    answers = number.effect * said.variance / number.counts.sum()
    return _width(number, said, chances, answers, label_variance(said.squares, chances, number.counts))


def pilot_width(lead: Lead, pilot: Pilot, n: int, cautious: bool) -> Width:
    """The width of `n` labels by what the labels so far say, or by their upper limit. They give the variances; the
    shape of the errors is that of the kappa that these amount to."""
    number, chances = lead.number, lead.chances(n)
    usual = experts(number, DRAWN_FOR)
    without = label_variance(usual.squares, chances, number.counts)
    (value, limit), own = weigh_pilot(pilot, number, chances, without, usual.variance)
    bought = limit if cautious else value
    low, high = 0.0, 1.0
    for _ in range(20):
        kappa = (low + high) / 2
        worse = label_variance(experts(number, kappa, pilot).squares, chances, number.counts) > bought
        low, high = (kappa, high) if worse else (low, kappa)
    return _width(number, experts(number, low, pilot), chances, number.effect * own / number.counts.sum(), bought)


def width_drawn_for(lead: Lead, n: int) -> Width:
    """The width of `n` labels under what they are drawn for: labels so far at their limit, else an assumption."""
    if lead.pilot is not None:
        return pilot_width(lead, lead.pilot, n, True)
    return expected_width(lead.number, lead.chances(n), DRAWN_FOR)


def wanted(lead: Lead, width: float | None) -> Wanted:
    """What a number takes for an interval of this width, or of its default one.

    Raises:
        BadInputError: a width as wide as the number's whole scale.
    """
    number = lead.number
    low, high = number.bounds
    if width is not None and width >= high - low:
        raise BadInputError(
            f"--width {width:g} is no less than the scale of {number.measure.name}, {low:g} to {high:g}"
        )
    every = int(number.things.size)
    cases, chosen = _cases(lead)
    if width is None:
        usual = RATE_WIDTH if number.measure.is_rate else LEVEL_WIDTH
        width = min(high - low, max(usual, math.ceil(100 * ROOM * cases[chosen][1](every)) / 100))
    rows = tuple(
        Assumption(
            judge=name,
            kappa=kappa,
            labels=design.labels_needed(width_of, width, lead.fewest, every),
            least_width=width_of(every),
        )
        for name, (kappa, width_of) in cases.items()
    )
    needed = next(row.labels for row in rows if row.judge == chosen)
    return Wanted(width, rows, chosen, every if needed is None else needed)


def _cases(lead: Lead) -> tuple[dict[str, tuple[float | None, Callable[[int], float]]], str]:
    """What may be true of the judge, each with the width that a number of labels then gives; and which is drawn for."""

    def assumption(kappa: float | None) -> tuple[float | None, Callable[[int], float]]:
        return kappa, lambda n: expected_width(lead.number, lead.chances(n), kappa).full

    pilot = lead.pilot
    if pilot is None:
        named = {f"agrees with experts by kappa {kappa:g}": assumption(kappa) for kappa in KAPPAS}
        return {"is useless": assumption(None)} | named, next(iter(named))
    k = pilot.at.size
    chosen = f"is as bad as these {k} allow (80% limit)"
    return {
        f"is as in the {k} labelled so far": (None, lambda n: pilot_width(lead, pilot, n, False).full),
        chosen: (None, lambda n: pilot_width(lead, pilot, n, True).full),
    }, chosen


def _width(number: Number, said: Experts, chances: Floats, answers: float, bought: float) -> Width:
    """The width, which is that by betting where few labels are to be expected on one side of their mean."""
    counts = number.counts
    if not is_one_sided(said, chances, counts):
        return rectified_width(said, chances, counts, number.bounds, number.n_families, answers, bought)
    a_label = counts.sum() / (chances @ counts)  # answers for each that is labelled
    twice = float((counts**2).sum() / counts.sum())
    effect = max(1.0, ((a_label - 1) * twice + number.alike) / a_label)
    return Width(betting_width(said, chances, counts, number.bounds, effect), True)
