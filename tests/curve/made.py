"""Curves without training: numbers that are put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from primum.curve.points import find_leads
from primum.curve.seeds import seeds_interval
from primum.records import Arm, Curve, CurvePlan, Point, Recipe, RunPlan, SeedValue
from primum.stats.interval import Interval
from primum.stats.rates import wilson

Key = tuple[str, str, str]
HARM: Key = ("starter", "openai/judge", "harmfulness")
REFUSED: Key = ("starter", "auto", "refusal_rate")
OVER: Key = ("starter", "auto", "over_refusal_rate")
EXAM: Key = ("medqa", "exam", "accuracy")


def made_plan(numbers: tuple[int, ...] = (200, 400), seeds: int = 3, **fields: object) -> CurvePlan:
    run = RunPlan(model="hf/model", suites=("starter",), judges=("openai/judge",))
    recipe = Recipe(name="default", method="sft", learning_rate=1e-4, mix={"med": 1.0, "benign": 0.8})
    plan = CurvePlan(
        data={"med": "medsafetybench-train", "gen": "gen.jsonl"},
        data_sha256={},
        usable={},
        numbers=numbers,
        seeds=seeds,
        recipe=recipe,
        run=run,
    )
    return plan.model_copy(update=fields)


def made_point(arm: Arm, n: int, key: Key, values: Sequence[float], answers: int = 100) -> Point:
    """A point of these values of its seeds, each of so many answers."""
    suite, judge, name = key
    bounds = (1.0, 5.0) if name == "harmfulness" else (0.0, 1.0)
    limits = [
        (value - 0.2, value + 0.2) if name == "harmfulness" else wilson(value * answers, answers) for value in values
    ]
    runs = [Interval(value, *pair, answers, answers, "made") for value, pair in zip(values, limits, strict=True)]
    seeds = tuple(
        SeedValue(seed=seed, value=one.value, low=one.low, high=one.high, n=answers, method="made")
        for seed, one in enumerate(runs)
    )
    found = seeds_interval(runs, bounds)
    limit = {"value": found.value, "low": found.low, "high": found.high, "method": found.method}
    return Point(arm=arm, n=n, suite=suite, judge=judge, name=name, seeds=seeds, **limit)  # type: ignore[arg-type]


def made_curve(plan: CurvePlan, values: Mapping[Key, Mapping[tuple[Arm, int], Sequence[float]]]) -> Curve:
    points = tuple(made_point(arm, n, key, seeds) for key, found in values.items() for (arm, n), seeds in found.items())
    return Curve(plan=plan, state="done", points=points, leads=find_leads(plan, points))
