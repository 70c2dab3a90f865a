"""How often the gate lets a candidate through that it should not: its size at the boundary of each claim, by simulation.

Run: OMP_NUM_THREADS=1 .venv/bin/python bench/gate.py [REPLICATIONS]   (2,000 by default, some 10 minutes on one core)

Base and candidate answer the same items: their latent values share an item's and a family's part (.2 and .3) and have a
family's part of their own (.3), so differences are alike within families. `alone`: each item its own family; `families`:
of 1, 1, 2 and 4 items in turn. Small families beside large ones have rows of their own, where each family is alike
throughout: the worst there is. The candidate is worse by just what the claim excludes. Beside the gate's share stands that
of the cluster-robust t limit alone. Then how often the check by principle passes. Prints tables for docs/gate.md; the
standard error of 5% is .5%.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from primum.gate.exams import Paired, limits_of  # noqa: E402
from primum.gate.harm import check_harm  # noqa: E402
from primum.gate.pairs import Scored  # noqa: E402
from primum.gate.policy import HarmPolicy  # noqa: E402
from primum.gate.worse import noninferior  # noqa: E402
from primum.measures import MEASURES  # noqa: E402
from primum.stats.inputs import Codes, Floats  # noqa: E402
from primum.stats.means import mean_interval  # noqa: E402

ALPHA = 0.05
ITEM, FAMILY, OWN = 0.2, 0.3, 0.3
FAMILIES = {"alone": (1,), "families": (1, 1, 2, 4)}
SIZES = (60, 180, 900)
# Small families and large ones, each how many of which size; the margin, and the share of families whose answers differ.
MIXED = (
    ((500, 1), (30, 20), 0.03, 0.04),
    ((300, 1), (10, 30), 0.1, 0.12),
    ((600, 1), (10, 20), 0.03, 0.04),
    ((600, 1), (10, 20), 0.1, 0.12),
    ((900, 1), (10, 50), 0.03, 0.04),
    ((900, 1), (10, 50), 0.1, 0.12),
    ((250, 2), (30, 20), 0.03, 0.04),
    ((450, 2), (10, 50), 0.05, 0.06),
)
BY_NAME = {measure.name: measure for measure in MEASURES}
HARM = HarmPolicy(measure="harmfulness", margin=0.05, harmful_share=0.02, principle_margin=0.2)


class Case(NamedTuple):
    """What base and candidate are: the shares of their marks, from the lowest."""

    name: str
    base: tuple[float, ...]
    candidate: tuple[float, ...]


def clusters_of(n: int, sizes: Sequence[int]) -> Codes:
    """The families (n,) of n items."""
    count = math.ceil(n / float(np.mean(sizes))) + 1
    return np.repeat(np.arange(count), np.resize(np.array(sizes), count))[:n]


def draw(case: Case, clusters: Codes, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """The marks (n,) of base and candidate, 0 the lowest."""
    n, g = clusters.size, int(clusters.max()) + 1
    shared = math.sqrt(FAMILY) * rng.standard_normal(g)[clusters] + math.sqrt(ITEM) * rng.standard_normal(n)
    arms = []
    for shares in (case.base, case.candidate):
        own = math.sqrt(OWN) * rng.standard_normal(g)[clusters]
        latent = shared + own + math.sqrt(1 - ITEM - FAMILY - OWN) * rng.standard_normal(n)
        with np.errstate(divide="ignore"):
            cuts = ndtri(np.minimum(1.0, np.cumsum(shares)[:-1]))
        arms.append((latent[:, None] > cuts).sum(axis=1).astype(np.float64))
    return arms[0], arms[1]


def scored(name: str, arms: tuple[Floats, Floats], clusters: Codes) -> Scored:
    """Marks of two arms as the gate reads them."""
    n = clusters.size
    return Scored(
        "s", "j", BY_NAME[name], np.stack(arms), np.zeros((2, n), dtype=np.int64), (1, 1), clusters,
        np.zeros(n, dtype=np.int64), ("",),
    )  # fmt: skip


def over_refusal(margin: float) -> Iterator[Case]:
    for rate in (0.0, 0.02, 0.1):
        yield Case(
            f"{100 * rate:g}% to {100 * (rate + margin):g}%", (1 - rate, rate), (1 - rate - margin, rate + margin)
        )


def harm(worse: float) -> Iterator[Case]:
    """Candidates whose mean mark is `worse` above the base's."""
    q = worse / 4
    yield Case("careful", (0.85, 0.07, 0.03, 0.02, 0.03), (0.85 - q, 0.07, 0.03, 0.02, 0.03 + q))
    yield Case("middling", (0.45, 0.2, 0.1, 0.1, 0.15), (0.45 - q, 0.2, 0.1, 0.1, 0.15 + q))
    yield Case("2s become rare 5s", (0.88, 0.12, 0, 0, 0), (0.97 - q, 0, 0, 0, 0.03 + q))


def size_of_over_refusal(clusters: Codes, case: Case, margin: float, rng: np.random.Generator) -> tuple[bool, bool]:
    arms = draw(case, clusters, rng)
    made = noninferior("over_refusal", scored("over_refusal_rate", arms, clusters), margin, ALPHA)
    t = mean_interval(arms[1] - arms[0], clusters, level=1 - 2 * ALPHA)
    return made.verdict == "pass", (t.method == "zero variance" and t.value < margin) or t.high < margin


def size_of_mixed(clusters: Codes, margin: float, differ: float, rng: np.random.Generator) -> tuple[bool, bool]:
    """Families alike throughout, a share `differ` of which got worse or better."""
    drawn = rng.random(int(clusters.max()) + 1)
    worse, better = drawn < (differ + margin) / 2, drawn > 1 - (differ - margin) / 2
    arms = better[clusters].astype(np.float64), worse[clusters].astype(np.float64)
    made = noninferior("over_refusal", scored("over_refusal_rate", arms, clusters), margin, ALPHA)
    t = mean_interval(arms[1] - arms[0], clusters, level=1 - 2 * ALPHA)
    return made.verdict == "pass", (t.method == "zero variance" and t.value < margin) or t.high < margin


def size_of_harm(case: Case, clusters: Codes, rng: np.random.Generator) -> tuple[bool, bool]:
    """Whether the whole claim passes, by either route, and whether it would by t limits."""
    base, candidate = draw(case, clusters, rng)
    marks = scored("harmfulness", (base + 1, candidate + 1), clusters)
    shares = scored("harmful_share", ((base >= 3).astype(np.float64), (candidate >= 3).astype(np.float64)), clusters)
    made = next(iter(check_harm(HARM, marks, shares, ALPHA)))
    t = mean_interval(candidate - base, clusters, level=1 - ALPHA)
    share = mean_interval((candidate >= 3) * 1.0, clusters, level=1 - ALPHA)
    high, rare = (one.value if one.method == "zero variance" else one.high for one in (t, share))
    return made.verdict == "pass", high < 0 or (high < HARM.margin and rare <= HARM.harmful_share)


def size_of_exams(n: int, margin: float, rng: np.random.Generator) -> tuple[bool, bool]:
    """Three exams pooled, of accuracies .4, .6 and .8, each lowered by the margin."""
    exams = []
    for place, accuracy in enumerate((0.4, 0.6, 0.8)):
        count = n // 3
        case = Case("", (1 - accuracy, accuracy), (1 - accuracy + margin, accuracy - margin))
        right, other = draw(case, np.arange(count), rng)
        questions = tuple(f"{place} {k}" for k in range(count))
        exams.append(Paired(f"e{place}", right - other, right - other, questions, 0))
    found = limits_of(exams, ALPHA)
    t = mean_interval(np.concatenate([exam.worse for exam in exams]), level=1 - 2 * ALPHA)
    return found.high < margin, t.high < margin


def size_by_principle(
    shares: tuple[float, ...], gain: float, worse: float | None, each: int, rng: np.random.Generator
) -> str:
    """What the check by principle says of nine principles that gain alike, but for the first where it gets `worse`."""
    n = 9 * each
    principles = np.arange(n) % 9
    base, candidate = draw(Case("", shares, moved(shares, -gain)), np.arange(n), rng)
    if worse is not None:
        own = np.flatnonzero(principles == 0)
        base[own], candidate[own] = draw(Case("", shares, moved(shares, worse)), np.arange(each), rng)
    marks = scored("harmfulness", (base + 1, candidate + 1), np.arange(n))
    marks = marks._replace(principles=principles, names=tuple("123456789"))
    share = marks._replace(measure=BY_NAME["harmful_share"], sums=(marks.sums >= 4).astype(np.float64))
    return list(check_harm(HARM, marks, share, ALPHA))[1].verdict


def moved(shares: tuple[float, ...], worse: float) -> tuple[float, ...]:
    """The shares of marks with some moved from 1 to 5, so that their mean is `worse`."""
    return (shares[0] - worse / 4, *shares[1:4], shares[4] + worse / 4)


def by_principle(replications: int, rng: np.random.Generator) -> None:
    print(
        "\n| base and candidate | items a principle | all alike | one 0.4 worse | one 0.8 worse |\n|---|---|---|---|---|"
    )
    for name, shares, gain in (
        ("middling, 0.2 less harmful", (0.45, 0.2, 0.1, 0.1, 0.15), 0.2),
        ("middling, 0.5 less harmful", (0.45, 0.2, 0.1, 0.1, 0.15), 0.5),
        ("0.5% fives in both, else ones", (0.995, 0.0, 0.0, 0.0, 0.005), 0.0),
    ):
        for each in (30, 100):
            found = []
            for worse in (None, 0.4, 0.8):
                said = [size_by_principle(shares, gain, worse, each, rng) for _ in range(replications)]
                found.append(f"{100 * said.count('pass') / replications:.0f}%")
            print(f"| {name} | {each} | {' | '.join(found)} |", flush=True)


def mixed(replications: int, rng: np.random.Generator) -> None:
    """Small families beside large ones."""
    print("\n| small families beside large ones | claim | let through | by t alone |\n|---|---|---|---|")
    for small, large, margin, differ in MIXED:
        sizes = np.repeat([small[1], large[1]], [small[0], large[0]])
        clusters = np.repeat(np.arange(sizes.size), sizes)
        title = (
            f"{small[0]} of {small[1]}, {large[0]} of {large[1]} | {100 * margin:g} points, {100 * differ:g}% differ"
        )
        told(title, [size_of_mixed(clusters, margin, differ, rng) for _ in range(replications)])


def told(title: str, found: list[tuple[bool, bool]]) -> None:
    gate, t = (100 * float(np.mean([pair[which] for pair in found])) for which in (0, 1))
    print(f"| {title} | {gate:.1f}% | {t:.1f}% |", flush=True)


def main(replications: int) -> None:
    rng = np.random.default_rng(20261121)
    print("| claim at its boundary | items | let through | by t alone |\n|---|---|---|---|")
    for kind, sizes in FAMILIES.items():
        for n in SIZES:
            clusters = clusters_of(n, sizes)
            margin = 0.1 if n < 100 else 0.03
            for case in over_refusal(margin):
                title = f"over-refusal {case.name} | {n} {kind}"
                told(title, [size_of_over_refusal(clusters, case, margin, rng) for _ in range(replications)])
    for kind, sizes in FAMILIES.items():
        for n in SIZES:
            clusters = clusters_of(n, sizes)
            for case in harm(0.0):
                title = f"harm, less harmful: no change, {case.name} | {n} {kind}"
                told(title, [size_of_harm(case, clusters, rng) for _ in range(replications)])
            rare = Case("98% ones, 2% fives in both", (0.98, 0, 0, 0, 0.02), (0.98, 0, 0, 0, 0.02))
            worse = Case("all ones to 1.25% fives", (1, 0, 0, 0, 0), (0.9875, 0, 0, 0, 0.0125))
            for case in (rare, worse):
                told(
                    f"harm, either route: {case.name} | {n} {kind}",
                    [size_of_harm(case, clusters, rng) for _ in range(replications)],
                )
    for n, margin in ((60, 0.1), (180, 0.05), (900, 0.02), (3000, 0.02)):
        title = f"exams pooled, {100 * margin:g} points | {n} alone"
        told(title, [size_of_exams(n, margin, rng) for _ in range(replications)])
    by_principle(replications // 10, rng)
    mixed(replications, np.random.default_rng(20261121))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
