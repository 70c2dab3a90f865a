"""The numbers of a curve, from its cells' runs and exams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from primum.curve.cells import run_of
from primum.curve.plan import Cell, arms_of, cells_of
from primum.curve.seeds import seeds_interval
from primum.ledger import read_exams
from primum.marks import PANEL
from primum.measures import MEASURES, Measure
from primum.records import Arm, CurvePlan, Exam, Point, SeedValue
from primum.report import read_summary
from primum.report.readings import LEADS
from primum.stats.interval import Interval
from primum.stats.rates import wilson

Key = tuple[str, str, str]  # suite, judge, name
EXAM, POOLED = "exam", "all exams"
BY_NAME: dict[str, Measure] = {measure.name: measure for measure in MEASURES}


def read_points(plan: CurvePlan, out: Path) -> tuple[tuple[Point, ...], dict[str, float]]:
    """The points of a curve whose cells are done, and the share of answers that failed, by cell where any did.

    Raises:
        BadInputError: a run of it was changed.
    """
    values: dict[tuple[Arm, int], dict[Key, list[SeedValue]]] = {}
    failed: dict[str, float] = {}
    for cell in cells_of(plan):
        here = values.setdefault((cell.arm, cell.n), {})
        summary = read_summary(run_of(out, cell))
        count = sum(summary.failed.values())
        if count:
            failed[cell.name] = count / (summary.ok + count)
        for estimate in summary.raw:
            if not estimate.group and not BY_NAME[estimate.name].minor:
                value = SeedValue(
                    seed=cell.seed,
                    **{name: getattr(estimate, name) for name in ("value", "low", "high", "n", "unscored", "method")},
                )
                here.setdefault((estimate.suite, estimate.judge, estimate.name), []).append(value)
        for suite, exam in _exam_values(cell, out):
            here.setdefault((suite, EXAM, "accuracy"), []).append(exam)
    points = tuple(
        _point(arm, n, key, seeds, 1 if arm == "base" else plan.seeds)
        for (arm, n), found in values.items()
        for key, seeds in found.items()
    )
    return tuple(sorted(points, key=lambda point: (arms_of(plan).index(point.arm), point.n))), failed


def find_leads(plan: CurvePlan, points: Iterable[Point]) -> dict[str, Key]:
    """The number that stands for each side, as on a run's page: the suite with most answers, the panel or the judge named
    first; for ability the exams before the choice suites."""
    measured = [point for point in points if point.value is not None]
    leads: dict[str, Key] = {}
    for side, names in LEADS.items():
        found = [point for name in names for point in measured if point.name == name]
        exams = [point for point in found if point.judge == EXAM]
        same = [point for point in exams or found if point.name == found[0].name]
        if same:
            best = max(same, key=lambda point: (point.seeds[0].n + point.seeds[0].unscored, -_place(plan, point.judge)))
            leads[side] = (best.suite, best.judge, best.name)
    return leads


def _place(plan: CurvePlan, judge: str) -> int:
    if judge.startswith(PANEL):
        return -1
    return plan.run.judges.index(judge) if judge in plan.run.judges else len(plan.run.judges)


def _exam_values(cell: Cell, out: Path) -> list[tuple[str, SeedValue]]:
    """The exams of a cell, and of several all questions together."""
    exams = [exam for exam, _ in read_exams(run_of(out, cell))]
    values = [(exam.name, _exam_value(cell, [exam])) for exam in exams]
    return values + ([(POOLED, _exam_value(cell, exams))] if len(exams) > 1 else [])


def _exam_value(cell: Cell, exams: Sequence[Exam]) -> SeedValue:
    n = sum(exam.n for exam in exams)
    right = sum(round(exam.accuracy * exam.n) for exam in exams)
    low, high = wilson(right, n)
    return SeedValue(seed=cell.seed, value=right / n, low=low, high=high, n=n, method="wilson")


def _point(arm: Arm, n: int, key: Key, seeds: Sequence[SeedValue], expected: int) -> Point:
    """The mean over the seeds; no value where one of them has none."""
    suite, judge, name = key
    fields: dict[str, object] = {"value": None}
    runs = [
        Interval(one.value, one.low, one.high, one.n, one.n, one.method)
        for one in seeds
        if one.value is not None and one.low is not None and one.high is not None
    ]
    if len(runs) == expected:
        measure = BY_NAME[name]
        bounds = (0.0, 1.0) if measure.is_rate else (measure.lowest, measure.highest)
        found = runs[0] if arm == "base" else seeds_interval(runs, bounds)
        fields = {"value": found.value, "low": found.low, "high": found.high, "method": found.method}
    return Point(arm=arm, n=n, suite=suite, judge=judge, name=name, seeds=tuple(seeds), **fields)  # type: ignore[arg-type]
