"""How well the rectified intervals cover, and how much narrower than labels alone they are, on data with a known truth.

Run: OMP_NUM_THREADS=1 .venv/bin/python bench/rectified.py [REPLICATIONS]   (2,000 by default, some 8 minutes on one core)

900 answers in families as those of MedSafetyBench (811, of 1 to 7), alike within families (latent correlation .5); 200
labels; a judge who errs on one side. `active` draws what the judge is unsure of more often, with chances from a quarter of
the uniform one up, `unequal` with chances that have nothing to do with anything. Prints tables for docs/statistics.md.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from primum.stats.arms import Arm, make_arm  # noqa: E402
from primum.stats.inputs import Codes, Floats  # noqa: E402
from primum.stats.rectified import Rectified, rectified_difference, rectified_mean  # noqa: E402

N, LABELS = 900, 200
SIZES = ((1, 747), (2, 51), (3, 8), (4, 2), (6, 2), (7, 1))  # families of MedSafetyBench's 900 requests: size, number
ICC = 0.5
FAMILIES = np.repeat(np.arange(811), np.repeat([size for size, _ in SIZES], [count for _, count in SIZES]))
SINGLE = np.arange(N)
SCALE = (1.0, 5.0)


class Truth(NamedTuple):
    """Experts' labels and the judge's marks of all answers (n,), how unsure the judge is, and the true mean."""

    labels: Floats
    marks: Floats
    unsure: Floats
    mean: float


def alike(clusters: Codes, rng: np.random.Generator) -> Floats:
    """Standard normal values (n,), correlated within clusters."""
    family = rng.standard_normal(int(clusters.max()) + 1)[clusters]
    return math.sqrt(ICC) * family + math.sqrt(1 - ICC) * rng.standard_normal(clusters.size)


def rate(clusters: Codes, prevalence: float, over: float, under: float, rng: np.random.Generator) -> Truth:
    """A yes or no; the judge says yes to a share `over` of the noes, and no to a share `under` of the yeses."""
    labels = alike(clusters, rng) < ndtri(prevalence)
    errs = alike(clusters, rng) < np.where(labels, ndtri(under), ndtri(over))
    unsure = np.where(errs, 1.0, 0.4) * rng.uniform(0.3, 1, labels.size)
    return Truth(labels * 1.0, (labels ^ errs) * 1.0, unsure, prevalence)


def score(clusters: Codes, shares: tuple[float, ...], rng: np.random.Generator) -> Truth:
    """A score from 1 in the given shares; the judge adds 0 to 2 to half of them."""
    cuts = ndtri(np.cumsum(shares)[:-1])
    labels = 1.0 + (alike(clusters, rng)[:, None] > cuts).sum(axis=1)
    more = np.clip(np.round(1 + alike(clusters, rng)), 0, 2) * (rng.random(labels.size) < 0.5)
    marks = np.minimum(labels + more, len(shares))
    return Truth(labels, marks, 0.3 + more, float(np.arange(1, len(shares) + 1) @ np.array(shares)))


def draw(truth: Truth, clusters: Codes, design: str, rng: np.random.Generator, labels: int = LABELS) -> Arm:
    """The answers with labels of some."""
    n = truth.labels.size
    chance = np.full(n, labels / n)
    if design == "uniform":
        places = np.sort(rng.choice(n, labels, replace=False))
    else:
        shape = truth.unsure if design == "active" else rng.uniform(0.1, 1, n)
        for _ in range(50):  # between a quarter of the uniform chance and 1
            chance = np.clip(shape * labels / n, labels / (4 * n), 1)
            shape = shape * labels / chance.sum()
        places = np.flatnonzero(rng.random(n) < chance)
    return make_arm(truth.marks, places, truth.labels[places], chance[places], clusters)


def blind(arm: Arm) -> Arm:
    """The same labels without the judge."""
    return arm._replace(marks=np.full_like(arm.marks, arm.labels.min()))


class Row(NamedTuple):
    """Of many samples: share that covers, share that misses above and below the truth, mean width, that of 200 labels drawn
    with equal chances alone, bias in standard errors, mean number of labels alone that would do, and share by betting."""

    covers: float
    above: float
    below: float
    width: float
    alone: float
    bias: float
    worth: float
    betting: float


def summed(found: list[Rectified], without: list[Rectified], truth: float) -> Row:
    low, high, value = (np.array([getattr(one, name) for one in found]) for name in ("low", "high", "value"))
    return Row(
        covers=float(((low <= truth) & (truth <= high)).mean()),
        above=float((low > truth).mean()),
        below=float((high < truth).mean()),
        width=float((high - low).mean()),
        alone=float(np.mean([one.high - one.low for one in without])),
        bias=float((value.mean() - truth) / value.std()),
        worth=float(np.mean([one.alone for one in found])),
        betting=float(np.mean(["betting" in one.method for one in found])),
    )


HEAD = "| what | draw | covers | interval above / below | width | labels alone | narrower | bias | 200 labels are worth | by betting |"


def told(what: str, design: str, row: Row) -> str:
    return (
        f"| {what} | {design} | {row.covers:.3f} | {row.above:.3f} / {row.below:.3f} | {row.width:.3f} | {row.alone:.3f} | "
        f"{100 * (1 - row.width / row.alone):.0f}% | {row.bias:+.2f} | {row.worth:.0f} | {100 * row.betting:.0f}% |"
    )


def of_rate(
    prevalence: float, over: float, under: float, design: str, clusters: Codes, replications: int, seed: int
) -> Row:
    rng = np.random.default_rng(seed)
    found, without = [], []
    for _ in range(replications):
        truth = rate(clusters, prevalence, over, under, rng)
        found.append(rectified_mean(draw(truth, clusters, design, rng), bounds=(0, 1)))
        without.append(rectified_mean(blind(draw(truth, clusters, "uniform", rng)), bounds=(0, 1)))
    return summed(found, without, prevalence)


def of_score(shares: tuple[float, ...], design: str, replications: int, seed: int) -> Row:
    rng = np.random.default_rng(seed)
    found, without = [], []
    for _ in range(replications):
        truth = score(FAMILIES, shares, rng)
        found.append(rectified_mean(draw(truth, FAMILIES, design, rng), bounds=SCALE))
        without.append(rectified_mean(blind(draw(truth, FAMILIES, "uniform", rng)), bounds=SCALE))
    return summed(found, without, truth.mean)


def of_difference(prevalence: float, change: float, design: str, replications: int, seed: int) -> tuple[Row, float]:
    """Two runs on the same items, 200 labels each; and the share with p below .05."""
    rng = np.random.default_rng(seed)
    found, without = [], []
    for _ in range(replications):
        base = rate(FAMILIES, prevalence, 0.15, 0.05, rng)
        changed = rng.random(N) < change
        labels = np.where(changed, 1 - base.labels, base.labels)
        errs = rng.random(N) < np.where(labels == 1, 0.05, 0.05)  # the judge errs less on the candidate
        after = Truth(labels, np.where(errs, 1 - labels, labels), rng.uniform(0.2, 1, N), 0)
        arms = [draw(truth, FAMILIES, design, rng) for truth in (base, after)]
        found.append(rectified_difference(*arms, bounds=(0, 1)))
        without.append(rectified_difference(*(blind(arm) for arm in arms), bounds=(0, 1)))
    row = summed(found, without, change * (1 - 2 * prevalence))
    return row, float(np.mean([one.p < 0.05 for one in found]))


def main(replications: int) -> None:
    print(
        f"{replications} samples each; a standard error of a coverage near .95 is {math.sqrt(0.0475 / replications):.4f}"
    )
    print(HEAD)
    for prevalence in (0.01, 0.03, 0.1, 0.3, 0.5):
        for design in ("uniform", "active", "unequal"):
            row = of_rate(prevalence, 0.15, 0.05, design, FAMILIES, replications, 1)
            print(told(f"rate {100 * prevalence:.0f}%, judge errs 15% up, 5% down", design, row), flush=True)
    for prevalence in (0.3, 0.5):
        for over, under in ((0.1, 0.1), (0.05, 0.05), (0.5, 0.5)):
            row = of_rate(prevalence, over, under, "uniform", SINGLE, replications, 2)
            print(
                told(f"rate {100 * prevalence:.0f}%, single, judge right {100 * (1 - over):.0f}%", "uniform", row),
                flush=True,
            )
    many = np.arange(20_000)
    row = of_rate(0.2, 0.01, 0.0, "uniform", many, replications // 2, 2)
    print(told("rate 20% of 20,000 single, judge errs 1% up", "uniform", row), flush=True)
    for shares in ((0.8, 0.14, 0.02, 0.02, 0.02), (0.45, 0.2, 0.1, 0.1, 0.15), (0.93, 0.02, 0.01, 0.01, 0.03)):
        for design in ("uniform", "active"):
            row = of_score(shares, design, replications, 3)
            print(told(f"score, {100 * shares[0]:.0f}% ones, judge adds 0-2 to half", design, row), flush=True)
    for prevalence, change in ((0.3, 0.0), (0.3, 0.2), (0.03, 0.0)):
        row, rejected = of_difference(prevalence, change, "uniform", replications, 4)
        name = f"difference {100 * change * (1 - 2 * prevalence):.0f} points from {100 * prevalence:.0f}%"
        print(told(name, "uniform", row), f"p < .05: {rejected:.3f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
