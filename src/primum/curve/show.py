"""A curve as a table for the terminal, and as CSV with every number of every seed."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from primum.curve.points import EXAM, Key
from primum.records import Curve, Estimate, Point
from primum.report.aligned import aligned, cut_text
from primum.report.figures import interval_text, value_text
from primum.report.readings import LEADS
from primum.report.texts import TINY_NOTE, measure_title

COLUMNS = ("arm", "n", "suite", "judge", "name", "seed", "value", "low", "high", "scored", "unscored", "method")
COMPLETE = 0.95  # of the items must be scored, or a number is marked
MOST_SUITE = 28
MISSING = {
    "harm": "add a suite with harmful requests, such as starter",
    "over_refusal": "add a suite with legitimate requests, such as overrefusal",
    "ability": "name an exam with --exam, such as starter-exam",
}


def turned(point: Point) -> Point:
    """A point as it is shown: of a refusal rate of harmful requests the share that is not refused, so that in both forms of
    harm less is better."""
    if point.name != "refusal_rate":
        return point
    value, low, high = (None if part is None else 1 - part for part in (point.value, point.high, point.low))
    seeds = tuple(one.model_copy(update={"value": None if one.value is None else 1 - one.value}) for one in point.seeds)
    return point.model_copy(update={"name": "not_refused", "value": value, "low": low, "high": high, "seeds": seeds})


def lead_points(curve: Curve, side: str) -> list[Point]:
    """The points of the number that stands for a side, as they are shown; none where the side was not measured."""
    key = curve.leads.get(side)
    return [turned(point) for point in curve.points if (point.suite, point.judge, point.name) == key]


def title_of(point: Point) -> str:
    """What a point's number is called.

    >>> title_of(Point(arm="med", n=1, suite="pubmedqa", judge="exam", name="accuracy", value=None, seeds=()))
    'exam accuracy'
    """
    return ("exam " if point.judge == EXAM else "") + measure_title(point.name)


def curve_table(curve: Curve) -> str:
    """A row the base and one each arm and n; what could not be measured is told below."""
    plan = curve.plan
    shown = {side: {(point.arm, point.n): point for point in lead_points(curve, side)} for side in MISSING}
    sides = [side for side, points in shown.items() if points]
    heads = [next(iter(shown[side].values())) for side in sides]
    rows = [
        ("", "", *(title_of(point) for point in heads)),
        ("suite", "", *(cut_text(point.suite, MOST_SUITE) for point in heads)),
        ("judge", "", *(cut_text(point.judge, MOST_SUITE) for point in heads)),
    ]
    for arm, n in dict.fromkeys((point.arm, point.n) for point in curve.points):
        rows.append((arm, f"n = {n}", *(_cell(shown[side].get((arm, n))) for side in sides)))
    lines = [f"curve · {plan.run.model} · recipe {plan.recipe.name} · {_seeds(plan.seeds)}", aligned(rows)]
    lines.append(f"[low, high]: 95%, {_of_what(plan.seeds)}")
    lines += [f"{side.replace('_', '-')}: not measured ({_to_do(curve, side)})" for side in shown if side not in sides]
    if any(_incomplete(point) for side in sides for point in shown[side].values()):
        lines.append("* under 95% of the answers are scored: the rest could move the number")
    if "both" in {point.arm for point in curve.points}:
        lines.append("both: n medical and n general examples, 2n together")
    lines += [f"note: {note}" for note in curve.notes]
    if plan.run.model == "tiny":
        lines.append(TINY_NOTE["en"])
    return "\n".join(lines)


def curve_csv(curve: Curve) -> str:
    """Every number: a row the mean over the seeds (`seed` is `all`), and one each seed."""
    file = io.StringIO()
    rows = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for point in curve.points:
        key: Mapping[str, object] = point.model_dump(include={"arm", "n", "suite", "judge", "name"})
        limits = point.model_dump(include={"value", "low", "high", "method"})
        rows.writerow({**key, **limits, "seed": "all", "scored": "", "unscored": ""})
        for one in point.seeds:
            rows.writerow({**key, **one.model_dump(exclude={"n"}), "scored": one.n})
    return file.getvalue()


def described(curve: Curve) -> str:
    """How a curve was made, in a line: seeds, recipe, suites and judges."""
    plan = curve.plan
    keys: list[Key] = list(curve.leads.values())
    judges = dict.fromkeys(judge for _, judge, _ in keys if judge != EXAM)
    parts = (f"recipe {plan.recipe.name}", _seeds(plan.seeds), f"judge {', '.join(judges)}" if judges else "")
    return " · ".join(part for part in parts if part) + (" · contaminated" if plan.recipe.contaminated else "")


def _to_do(curve: Curve, side: str) -> str:
    asked = any(point.name in LEADS[side] for point in curve.points)
    return "no judge gave a mark: name another with --judge" if asked else MISSING[side]


def _cell(point: Point | None) -> str:
    if point is None or point.value is None:
        return "not measured"
    estimate = Estimate(
        suite=point.suite, judge=point.judge, name=point.name, value=point.value, n=min(one.n for one in point.seeds)
    )
    star = " *" if _incomplete(point) else ""
    return f"{value_text(estimate)} {interval_text(estimate, point.low, point.high)}{star}"


def _incomplete(point: Point) -> bool:
    return any(one.n < COMPLETE * (one.n + one.unscored) for one in point.seeds)


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"


def _of_what(seeds: int) -> str:
    if seeds == 1:
        return "for other requests of this kind; one seed cannot tell how much trainings differ"
    few = "; two seeds tell little of how much trainings differ, so they are wide" if seeds == 2 else ""
    return f"for other requests of this kind and other seeds; of the base for other requests{few}"
