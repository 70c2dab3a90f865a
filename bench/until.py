"""How often `--until` is wrong, and what it saves: `python bench/until.py [RUNS]` prints three tables.

1. Of 10,000 seeded runs each: in how many the running interval ever leaves the mean out, at any time.
2. How many items enter before the answer is there, for score distributions shaped like real ones, at several distances of
   the truth from the limit; and for a width.
3. The same end to end: `primum eval` against a fake server (tests/loopback.py) with 32 calls under way and slow answers
   among the quick ones, so with what is under way when the answer is there.

Populations are drawn anew in each run. The sizes of families are those of MedSafetyBench's 900 evaluation requests
(747 alone, 51 families of two, up to one of seven) unless said otherwise.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from primum.estimates.question import read_question
from primum.stats.betting import begin_sequence, extend_sequence

ROOT = Path(__file__).parents[1]
SIZES = np.repeat([1, 2, 3, 4, 6, 7], [747, 51, 8, 2, 2, 1]).astype(np.float64)  # 900 items in 811 families
ALONE = np.ones(900)
UNEQUAL = np.tile([1.0, 1, 1, 2, 3, 5], 70)  # 910 items in 420 families
ALIKE = 0.5  # chance that an item of a family has the family's score
Floats = npt.NDArray[np.float64]


class Shape(NamedTuple):
    """A distribution of scores 1 to 5."""

    name: str
    shares: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.dot(self.shares, np.arange(1, 6)))


SHAPES = (
    Shape("a careful model", (0.85, 0.06, 0.04, 0.03, 0.02)),
    Shape("a middling model", (0.60, 0.14, 0.12, 0.09, 0.05)),
    Shape("a model that complies or declines", (0.45, 0.05, 0.05, 0.10, 0.35)),
    Shape("a base model", (0.15, 0.15, 0.20, 0.25, 0.25)),
)


def draw_shape(shape: Shape, sizes: Floats) -> Callable[[np.random.Generator], tuple[Floats, Floats]]:
    """Totals of scores, scaled to 0..1, of families of these sizes, whose items are alike."""
    levels = np.arange(5) / 4

    def draw(rng: np.random.Generator) -> tuple[Floats, Floats]:
        family = np.repeat(np.arange(sizes.size), sizes.astype(int))
        common = levels[rng.choice(5, sizes.size, p=shape.shares)][family]
        own = levels[rng.choice(5, family.size, p=shape.shares)]
        scores = np.where(rng.random(family.size) < ALIKE, common, own)
        return np.bincount(family, scores), sizes

    return draw


def draw_rate(rate: float, sizes: Floats, slope: float = 0.0) -> Callable[[np.random.Generator], tuple[Floats, Floats]]:
    """Ones and zeros, a family all alike; `slope` more likely to be one for each further item of the family."""

    def draw(rng: np.random.Generator) -> tuple[Floats, Floats]:
        return np.where(rng.random(sizes.size) < rate + slope * (sizes - 1), sizes, 0.0), sizes

    return draw


POPULATIONS: dict[str, Callable[[np.random.Generator], tuple[Floats, Floats]]] = {
    "900 scores, mostly 1": draw_shape(SHAPES[0], ALONE),
    "900 scores, 1 or 5": draw_shape(SHAPES[2], ALONE),
    "900 of two values": draw_rate(0.5, ALONE),
    "900 uniform": lambda rng: (rng.random(900), ALONE),
    "900 at a prevalence of 3%": draw_rate(0.03, ALONE),
    "families as in MedSafetyBench, mostly 1": draw_shape(SHAPES[0], SIZES),
    "families of 1 to 5, mostly 1": draw_shape(SHAPES[0], UNEQUAL),
    "families of 1 to 5, all alike, 3%": draw_rate(0.03, UNEQUAL),
    "families of 1 to 5, all alike, large ones worse": draw_rate(0.2, UNEQUAL, 0.15),
    "40 items": draw_rate(0.3, np.ones(40)),
}


def in_order(draw: tuple[Floats, Floats], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A population's families one after another, each drawn in proportion to its size."""
    totals, sizes = draw
    places = np.argsort(rng.exponential(size=sizes.size) / sizes)
    return totals[places], sizes[places]


def is_missed(totals: Floats, sizes: Floats) -> bool:
    """Whether the mean is ever left out: gamblers bet on it alone, and one side gets rich."""
    mean = float(totals.sum() / sizes.sum())
    sequence = begin_sequence(int(sizes.sum()), families=sizes.size)
    one = sequence._replace(candidates=np.array([mean]), above=sequence.above[:, :1], below=sequence.below[:, :1])
    return extend_sequence(one, totals, sizes).candidates.size == 0


def items_until(totals: Floats, sizes: Floats, until: str) -> int:
    """How many items have entered when the question has its answer."""
    question = read_question(until)
    lowest, highest = question.scale
    sequence, items = begin_sequence(int(sizes.sum()), families=sizes.size), 0
    for total, size in zip(totals, sizes, strict=True):
        sequence = extend_sequence(sequence, [total], [size])
        items += int(size)
        limits = (lowest + (highest - lowest) * limit for limit in (sequence.low, sequence.high))
        if question.answer(*limits):
            break
    return items


def error_table(runs: int) -> list[str]:
    lines = ["| population | runs | the mean left out at some time |", "|---|---|---|"]
    for place, (name, draw) in enumerate(POPULATIONS.items()):
        rng = np.random.default_rng([place, 20261121])
        missed = sum(is_missed(*in_order(draw(rng), rng)) for _ in range(runs))
        lines.append(f"| {name} | {runs:,} | {100 * missed / runs:.2f}% |")
    return lines


def items_table(runs: int) -> list[str]:
    lines = [
        "| scores (mean) | families | asked | items, mean of runs | 9 of 10 runs at most | saved |",
        "|---|---|---|---|---|---|",
    ]
    for place, shape in enumerate(SHAPES):
        for label, sizes in (("as in MedSafetyBench", SIZES), ("of 1 to 5", UNEQUAL)):
            limits = [shape.mean + away for away in (0.5, -0.5, 0.25) if 1 < shape.mean + away < 5]
            asked = [f"harmfulness<{limit:.4g}" for limit in limits] + ["harmfulness:±0.25", "harmfulness:±0.1"]
            for until in asked:
                rng = np.random.default_rng([place, 20261122])
                counts = [items_until(*in_order(draw_shape(shape, sizes)(rng), rng), until) for _ in range(runs)]
                mean = float(np.mean(counts))
                lines.append(
                    f"| {shape.name} ({shape.mean:.2f}) | {label} | `{until}` | {mean:.0f} of {sizes.sum():.0f} | "
                    f"{np.quantile(counts, 0.9):.0f} | {100 * (1 - mean / sizes.sum()):.0f}% |"
                )
    return lines


def calls_table(runs: int) -> list[str]:
    """Each run is a whole `primum eval` in this process; the table counts calls of target and judge together."""
    sys.path.insert(0, str(ROOT))
    from tests.engine import measure, number_of
    from tests.loopback import Answer, Loopback, answering, completion

    lines = [
        "| scores (mean) | asked | calls without | with, mean of runs | saved | items when known | asked |",
        "|---|---|---|---|---|---|---|",
    ]
    for place, shape in enumerate(SHAPES):
        for away in (0.5, -0.5):
            limit = shape.mean + away
            if not 1 < limit < 5:
                continue
            found = []
            for seed in range(runs):
                rng = np.random.default_rng([place, seed])
                scores = 1 + rng.choice(5, 901, p=shape.shares)
                seconds = rng.exponential(0.02, 901) * scores  # declining is short

                async def target(_: Any, body: dict[str, Any], seconds: Floats = seconds) -> Answer:
                    number = number_of(body)
                    await asyncio.sleep(seconds[number])
                    return completion(f"This is answer {number} of many, and it holds what was asked.")

                async def judge(_: Any, body: dict[str, Any], scores: Any = scores) -> Answer:
                    number = int(body["messages"][0]["content"].partition("This is answer ")[2].split()[0])
                    return completion(f'{{"reason": "so", "score": {scores[number]}}}')

                with tempfile.TemporaryDirectory() as folder, Loopback(answering(target, judge)) as server:
                    until = f"harmfulness<{limit:.4g}"
                    ran = measure(Path(folder), server.base_url, 900, until=until, concurrency=32, seed=seed)
                    assert ran.summary is not None
                    assert ran.summary.sequence is not None
                    one = ran.summary.sequence
                    found.append((len(server.seen), one.known_after or 900, one.asked))
            calls, known, asked = np.mean(found, axis=0)
            lines.append(
                f"| {shape.name} ({shape.mean:.2f}) | `harmfulness<{limit:.4g}` | 1800 | {calls:.0f} | "
                f"{100 * (1 - calls / 1800):.0f}% | {known:.0f} | {asked:.0f} |"
            )
    return lines


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print("\n".join(error_table(count)), flush=True)
    print("\n" + "\n".join(items_table(max(1, count // 200))), flush=True)
    print("\n" + "\n".join(calls_table(max(1, count // 1000))), flush=True)
