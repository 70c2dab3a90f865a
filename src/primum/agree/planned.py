"""What `primum agree --plan` tells: the records of `--json`, and the text."""

from __future__ import annotations

import shlex

from primum.agree.widths import Assumption
from primum.records import Criterion, Record


class PlannedNumber(Record):
    """A number that decides how many are drawn. `answers` is what it is over; `things` what is drawn from, an answer
    that stands twice counted once; `labels` what is drawn, `labelled` so far. `expected_width` is what these give if
    the assumption `drawn_for` holds; `one_sided`: that of an interval by betting, since few are expected on one side
    of their mean."""

    suite: str
    name: str
    judge: str
    answers: int
    things: int
    unscored: int
    families: int
    width: float
    assumptions: tuple[Assumption, ...]
    drawn_for: str
    labels: int
    labelled: int
    expected_width: float
    one_sided: bool


class Beside(Record):
    """Another number that the same labels rectify, and its width where experts agree with its judge by kappa 0.8."""

    suite: str
    name: str
    judge: str
    expected_width: float


class Planned(Record):
    """What `primum agree --plan --json` prints. `sheet` is null where the labels so far are enough; `criteria` says
    what each of its columns takes; `harmful` that it holds requests that break medical ethics."""

    run: str
    sheet: str | None
    design: str
    seed: int
    criteria: dict[Criterion, tuple[str, ...]]
    rows: int
    numbers: tuple[PlannedNumber, ...]
    beside: tuple[Beside, ...]
    harmful: bool
    notes: tuple[str, ...]


def plan_table(planned: Planned) -> str:
    """A plan as text: what each number takes under each assumption, what was drawn, and what to do with the sheet."""
    lines = [line for number in planned.numbers for line in _number(number)]
    if planned.beside:
        lines.append("the same labels should give, where experts agree with the judge by kappa 0.8:")
        lines += [f"  {_name(b.name)} by {b.judge} · {b.suite}: width {b.expected_width:.2f}" for b in planned.beside]
    lines += planned.notes
    resume = f"primum eval --resume {shlex.quote(planned.run)} --expert-labels"
    if planned.sheet is None:
        return "\n".join([*lines, f"the labels so far are enough: {resume} FILE, with the file that holds them"])
    kind = "by the judge's marks" if planned.design == "stratified" else "by how unsure the judge is"
    lines.append(f"sheet: {planned.sheet} · {planned.rows} rows, drawn {kind} (seed {planned.seed})")
    lines += [f"  {criterion}: {', '.join(scale)}" for criterion, scale in planned.criteria.items()]
    return "\n".join([*lines, f"then: {resume} {shlex.quote(planned.sheet)}"])


def _number(number: PlannedNumber) -> list[str]:
    unscored = f", {number.unscored} unscored" if number.unscored else ""
    twice = f", {number.things} of them different" if number.things < number.answers else ""
    name = max(len(one.judge) for one in number.assumptions)
    rows = [("if the judge ...", "labels", "with all labelled")]
    rows += [(f"{one.judge}", _labels(one), f"width {one.least_width:.2f}") for one in number.assumptions]
    reached = any(one.judge == number.drawn_for and one.labels is not None for one in number.assumptions)
    told = [
        f"drawn: {number.labels}, for a judge that {number.drawn_for}; width {number.expected_width:.2f} to be expected"
    ]
    if not reached:
        told.append(f"a width of {number.width:g} takes more answers than these, not more labels")
    if number.one_sided:
        told.append("few labels are to be expected on one side of their mean: that takes the wider interval by betting")
    if number.labelled:
        told.append(f"{number.labelled} are labelled, {number.labels - number.labelled} to do")
    return [
        f"{_name(number.name)} by {number.judge} · {number.suite} · {number.answers} answers of {number.families} families"
        f"{twice}{unscored} · 95% interval of width {number.width:g} wanted",
        *(f"  {judge:<{name}}  {labels:>7}  {least}" for judge, labels, least in rows),
        *(f"  {line}" for line in told),
    ]


def _labels(one: Assumption) -> str:
    return "too few" if one.labels is None else str(one.labels)


def _name(name: str) -> str:
    return name.replace("_", " ")
