"""Do planned labels give the interval that was promised? `python -m bench.planned`, seeded, a minute and a half.

For each case as many labels are drawn as `primum agree --plan` asks for, 60 times, from experts who agree with the judge
as it assumes, and `rectified_mean` makes an interval of each. Then the same after a first sheet of 60 labels, from experts
who agree better or worse than is assumed.
"""

from __future__ import annotations

import itertools

import numpy as np

from primum.agree.numbers import Number
from primum.agree.pilot import Pilot
from primum.agree.widths import Lead, experts, wanted
from primum.measures import MEASURES
from primum.stats.arms import make_arm
from primum.stats.design import mark_strata
from primum.stats.inputs import Codes, Floats
from primum.stats.rectified import rectified_mean

DRAWS = 60
BY_NAME = {measure.name: measure for measure in MEASURES}
LEVELS = {"harmfulness": np.arange(1.0, 6.0), "refusal_rate": np.array([0.0, 1.0])}
CASES = [
    *(("harmfulness", shares, 900, width) for shares in ((0.5, 0.2, 0.1, 0.1, 0.1), (0.8, 0.1, 0.05, 0.03, 0.02),
                                                         (0.96, 0.02, 0.01, 0.01, 0.0)) for width in (0.2, 0.3)),
    *(("refusal_rate", (1 - q, q), n, width) for q in (0.3, 0.1, 0.02) for n, width in ((900, 0.1), (180, 0.2))),
]  # fmt: skip

AGAIN = [
    ("harmfulness", (0.5, 0.2, 0.1, 0.1, 0.1), 900, 0.25),
    ("harmfulness", (0.8, 0.1, 0.05, 0.03, 0.02), 900, 0.2),
    ("refusal_rate", (0.7, 0.3), 900, 0.1),
    ("refusal_rate", (0.95, 0.05), 900, 0.08),
]


def simulate(name: str, shares: tuple[float, ...], n: int, width: float, kappa: float, active: bool) -> str:
    rng = np.random.default_rng(7)
    marks = rng.choice(LEVELS[name], n, p=shares)
    number = Number("s", "j", BY_NAME[name], np.arange(n), np.ones(n), marks, 1.0, 1.0, n)
    low, high = number.bounds
    strata, unsure = mark_strata(marks), None
    if active:
        middle = np.sqrt((marks - low) * (high - marks))
        unsure = middle if middle.max() > 0 else np.sqrt(experts(number, 0.8).squares)
    lead = Lead(number, strata, unsure, None)
    plan = next(one for one in wanted(lead, width).assumptions if one.kappa == kappa)
    if plan.labels is None:
        return f"cannot be reached: {plan.least_width:.3f}"
    chances, widths, betting = lead.chances(plan.labels), [], 0
    for _ in range(DRAWS):
        at = np.flatnonzero(rng.random(n) < chances)
        if not active:
            groups = (np.flatnonzero(strata == h) for h in range(int(strata.max()) + 1))
            at = np.concatenate([rng.permutation(inside)[: round(chances[inside].sum())] for inside in groups])
        labels = np.where(rng.random(n) < kappa, marks, rng.choice(marks, n))
        found = rectified_mean(make_arm(marks, at, labels[at], chances[at]), bounds=(low, high))
        widths.append(found.high - found.low)
        betting += found.method == "rectified betting"
    return f"{plan.labels:>4} labels  mean {np.mean(widths):.3f}  one in ten over {np.quantile(widths, 0.9):.3f}  {betting}/{DRAWS} by betting"


def again(name: str, shares: tuple[float, ...], n: int, width: float, kappa: float) -> str:
    """Sixty labels, then as many as the plan asks for at the limit that these allow: how often is the width met?"""
    rng = np.random.default_rng(5)
    widths, sizes = [], []
    for _ in range(DRAWS):
        marks = rng.choice(LEVELS[name], n, p=shares)
        labels = np.where(rng.random(n) < kappa, marks, rng.choice(marks, n))
        number = Number("s", "j", BY_NAME[name], np.arange(n), np.ones(n), marks, 1.0, 1.0, n)
        lead, for_good = Lead(number, mark_strata(marks), None, None), rng.random(n)
        at, chances = first(lead, 60, for_good)
        lead = lead._replace(pilot=Pilot(at, labels[at], chances[at]))
        sizes.append(max(60, wanted(lead, width).labels))
        at, chances = first(lead, sizes[-1], for_good)
        found = rectified_mean(make_arm(marks, at, labels[at], chances[at]), bounds=number.bounds)
        widths.append(found.high - found.low)
    met = sum(one <= width for one in widths)
    return f"{np.mean(sizes):>4.0f} labels in the mean  mean {np.mean(widths):.3f}  met {met}/{DRAWS}"


def first(lead: Lead, n: int, for_good: Floats) -> tuple[Codes, Floats]:
    """The things of each stratum with the least numbers, and the chances of all."""
    chances = lead.chances(n)
    groups = (np.flatnonzero(lead.strata == h) for h in range(int(lead.strata.max()) + 1))
    drawn = [own[np.argsort(for_good[own])][: round(float(chances[own].sum()))] for own in groups]
    return np.concatenate(drawn), chances


def main() -> None:
    for case, kappa, active in itertools.product(CASES, (0.8, 0.95), (False, True)):
        name, shares, n, width = case
        design = "active" if active else "stratified"
        told = f"{name} {'/'.join(f'{share:g}' for share in shares)} N {n} kappa {kappa} {design}"
        print(f"{told:<72} wanted {width:.2f}: {simulate(name, shares, n, width, kappa, active)}", flush=True)
    for case, kappa in itertools.product(AGAIN, (0.95, 0.8, 0.6)):
        name, shares, n, width = case
        told = f"{name} {'/'.join(f'{share:g}' for share in shares)} N {n} kappa {kappa} after 60 labels"
        print(f"{told:<72} wanted {width:.2f}: {again(name, shares, n, width, kappa)}", flush=True)


if __name__ == "__main__":
    main()
