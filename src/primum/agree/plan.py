"""What `primum agree --plan` does: how many labels an interval takes, which answers to label, and the sheet for them.

Each answer belongs to the first number that it counts in (harmfulness before refusals, say), and that number, its lead,
decides how many are drawn. Every answer of every number asked has a chance: without one it could not be spoken for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np

from primum.agree.numbers import Number, read_numbers, read_uncertainty
from primum.agree.pilot import Given, pilot_of, read_pilot
from primum.agree.planned import Beside, Planned, PlannedNumber
from primum.agree.sheet import Answers, Drawn, read_answers, taken, write_sheet
from primum.agree.widths import DRAWN_FOR, Lead, Wanted, expected_width, experts, wanted, width_drawn_for
from primum.errors import BadInputError
from primum.labels import SCALES
from primum.ledger import check_run
from primum.marks import open_marks
from primum.measures import HARM, MEASURES, VIOLATION
from primum.records import Criterion, Summary, content_id
from primum.stats.design import mark_strata

DESIGNS = ("stratified", "active")
RECTIFIED = tuple(c for c in SCALES if any(m.criterion is c and m.unless is None for m in MEASURES))
BY_RULES = (Criterion.CORRECT, Criterion.DEGENERATE)  # settled by a key and by rules: on request only


def plan_labels(
    paths: Sequence[Path],
    *,
    criterion: str = "",
    width: float | None = None,
    judge: str = "",
    design: str = "stratified",
    out: Path | None = None,
    labels: int | None = None,
    seed: int = 0,
) -> Planned:
    """Plan labels for a run, and write the sheet. `paths` are the run and the label files so far, if any.

    Raises:
        BadInputError: no run or several; nothing to label; an unknown criterion, judge or design; a width or a number
            of labels that makes no sense; faults of label files; a run that is not done; a sheet that is there already,
            or would not be CSV.
        StoppedError: the disk is full.
    """
    path, files = _split(paths)
    asked = _asked(criterion)
    _check(criterion, width, design)
    run = check_run(path)
    if run.state != "done":  # what is still to come would have no chance, and its labels could not be weighed
        raise BadInputError(f"{path} is {run.state}, not done: finish it with primum eval --resume {path} first")
    out = out or _out(path, more=bool(files))
    if out.suffix.lower() != ".csv":
        raise BadInputError(f"the sheet is CSV: choose an --out that ends in .csv, not {out}")
    if out.exists():
        raise taken(out)
    tables = open_marks(path)
    try:
        answers = read_answers(path, tables, seed)
        given, notes = read_pilot(path, files, answers, run.plan.samples)
        numbers, others = read_numbers(tables, answers, run.plan, path, asked, judge)
        leads, told = _leads(tables, path, answers, numbers, design, given)
    finally:
        tables.close()
    plans = [wanted(lead, width) for lead in leads]
    sizes = [plan.labels for plan in plans] if labels is None else _share_out(labels, leads, plans)
    drawn = _draw(leads, sizes, answers, seed)
    enough = labels is None and _all_labelled(leads, drawn, answers, given)
    if labels is None and not enough:  # then what is labelled already stays in the sheet
        sizes = [max(n, lead.pilot.at.size if lead.pilot else 0) for lead, n in zip(leads, sizes, strict=True)]
        drawn = _draw(leads, sizes, answers, seed)
    kinds = {c: frozenset(k for n in numbers if n.measure.criterion is c for k in n.measure.kinds) for c in SCALES}
    columns = {c: own for c, own in kinds.items() if own}
    return Planned(
        run=str(path),
        sheet=None if enough else str(out),
        design=design,
        seed=seed,
        criteria={c: _words(c) for c in columns},
        rows=0 if enough else write_sheet(path, out, answers, drawn, columns, given, seed),
        numbers=tuple(_planned(*one, answers, drawn, given) for one in zip(leads, plans, sizes, strict=True)),
        beside=tuple(_beside([*numbers, *others], leads, sizes)),
        harmful=any(answers.by_id[answers.first[thing]].kind in (*HARM, *VIOLATION) for thing in drawn),
        notes=(*_run_notes(answers), *notes, *told, *_left_out(drawn, answers, given, enough)),
    )


def can_be_checked(summary: Summary) -> bool:
    """True for a run with numbers that people can check and have not."""
    by_name = {measure.name: measure.criterion for measure in MEASURES}
    judged = {by_name[e.name] for e in summary.estimates if e.value is not None}
    return bool(judged & set(_asked(""))) and all(e.kind == "raw" for e in summary.estimates)


def _split(paths: Sequence[Path]) -> tuple[Path, list[Path]]:
    """The one run, and the label files."""
    runs, files = [path for path in paths if path.is_dir()], [path for path in paths if not path.is_dir()]
    for file in files:
        if not file.exists():
            raise BadInputError(f"there is no run or file {file}")
    if len(runs) != 1:
        raise BadInputError(f"--plan takes one run and the label files so far, and there are {len(runs)} runs")
    return runs[0], files


def _asked(criterion: str) -> list[Criterion]:
    """The criteria that are asked: those named, or all that take judgement and have a number that labels rectify."""
    names = (
        [name.strip() for name in criterion.split(",")] if criterion else [c for c in RECTIFIED if c not in BY_RULES]
    )
    for name in names:
        if name not in SCALES:
            raise BadInputError(f"no labels of a criterion '{name}': known are {', '.join(SCALES)}")
        if name not in RECTIFIED:
            raise BadInputError(
                f"{name} is asked of risk-free answers only, which a judge picks: labels do not rectify it"
            )
    return [c for c in RECTIFIED if c in names]


def _check(criterion: str, width: float | None, design: str) -> None:
    if width is not None and (not criterion or "," in criterion):
        raise BadInputError("--width is in the units of a number: name one --criterion with it")
    if width is not None and not 0 < width < math.inf:
        raise BadInputError(f"--width must be a number above 0, not {width:g}")
    if design not in DESIGNS:
        raise BadInputError(f"no design '{design}': there are {', '.join(DESIGNS)}")


def _out(run: Path, more: bool) -> Path:
    """The sheet's place: beside the run's folder, under its name."""
    whole = run if run.name else run.resolve()
    return whole.with_name(f"{whole.name}-labels{'-more' if more else ''}.csv")


def _leads(
    tables: duckdb.DuckDBPyConnection,
    run: Path,
    answers: Answers,
    numbers: Sequence[Number],
    design: str,
    given: Given,
) -> tuple[list[Lead], list[str]]:
    """The numbers with the things that no earlier one has taken, and notes on what their chances follow."""
    taken: set[int] = set()
    leads, notes = [], []
    for number in numbers:
        own = np.array([thing not in taken for thing in number.things.tolist()])
        if not own.any():
            continue
        taken |= set(number.things.tolist())
        part = number._replace(things=number.things[own], counts=number.counts[own], marks=number.marks[own])
        pilot, told = pilot_of(part, answers, given)
        notes += told
        if pilot is not None:
            k, name = pilot.at.size, number.measure.name
            notes.append(f"what {k} labels say of {name} is itself uncertain: plan again when there are more")
        strata, unsure = mark_strata(part.marks), None
        if design == "active":
            strata = np.isnan(part.marks).astype(np.int64)
            unsure, by = read_uncertainty(tables, run, answers, part)
            if unsure is None:
                unsure = np.sqrt(experts(part, DRAWN_FOR).squares)
            unsure = unsure * part.counts
            notes.append(f"chances for {number.measure.name} by {number.judge} follow {by}")
        leads.append(Lead(part, strata, unsure, pilot))
    return leads, notes


def _all_labelled(leads: Sequence[Lead], drawn: Drawn, answers: Answers, given: Given) -> bool:
    """True where people have labelled all that is drawn, each with the probability by which it is weighed."""
    return all(
        any(
            lead.number.measure.criterion in one.labels and one.probability
            for one in given.get(answers.hashes[thing], ())
        )
        for lead in leads
        for thing in lead.number.things.tolist()
        if thing in drawn
    )


def _left_out(drawn: Drawn, answers: Answers, given: Given, enough: bool) -> list[str]:
    lost = len(given.keys() - {answers.hashes[thing] for thing in drawn}) if not enough else 0
    return [f"{lost} labelled answers are not in this draw (another seed, design or judge?)"] if lost else []


def _share_out(labels: int, leads: Sequence[Lead], plans: Sequence[Wanted]) -> list[int]:
    """So many labels in all, shared out as the numbers want them.

    Raises:
        BadInputError: too few, or more than there are answers.
    """
    given = [lead.fewest for lead in leads]
    most = [int(lead.number.things.size) for lead in leads]
    if not sum(given) <= labels <= sum(most):
        raise BadInputError(f"--labels {labels}: here it is from {sum(given)} (each stratum takes two) to {sum(most)}")
    for _ in range(labels - sum(given)):
        able = [i for i in range(len(leads)) if given[i] < most[i]]
        given[max(able, key=lambda i: plans[i].labels / (given[i] + 1))] += 1
    return given


def _draw(leads: Sequence[Lead], sizes: Sequence[int], answers: Answers, seed: int) -> Drawn:
    """The things drawn, each with its stratum and chance. The number that the seed gave each thing decides: of a
    stratum those with the least are drawn, or, of the active design, all whose number is below their chance. Strata are
    numbered in an order that the seed gives, so that a name does not tell the mark."""
    drawn: Drawn = {}
    strata = sorted(
        ((i, h) for i, lead in enumerate(leads) for h in range(int(lead.strata.max()) + 1)),
        key=lambda one: content_id(seed, *one),
    )
    names = {one: f"s{place}" for place, one in enumerate(strata, 1)}
    for i, (lead, n) in enumerate(zip(leads, sizes, strict=True)):
        things, chance = lead.number.things, lead.chances(n)
        mine = answers.chance[things]
        for h in np.unique(lead.strata).tolist():
            inside = np.flatnonzero(lead.strata == h)
            if lead.unsure is None:
                count = round(float(chance[inside].sum()))
                chosen = inside[np.argsort(mine[inside], kind="stable")[:count]]
            else:
                chosen = inside[mine[inside] < chance[inside]]
            drawn |= {int(things[k]): (names[i, h], float(chance[k])) for k in chosen}
    return drawn


def _planned(lead: Lead, plan: Wanted, n: int, answers: Answers, drawn: Drawn, given: Given) -> PlannedNumber:
    number = lead.number
    own = [thing for thing in number.things.tolist() if thing in drawn]
    criterion = number.measure.criterion
    said = {name for name, ratings in given.items() if any(criterion in rating.labels for rating in ratings)}
    width = width_drawn_for(lead, n)
    return PlannedNumber(
        suite=number.suite,
        name=number.measure.name,
        judge=number.judge,
        answers=int(number.counts.sum()),
        things=int(number.things.size),
        unscored=int(number.counts[np.isnan(number.marks)].sum()),
        families=number.n_families,
        width=plan.width,
        assumptions=plan.assumptions,
        drawn_for=plan.drawn_for,
        labels=len(own),
        labelled=sum(answers.hashes[thing] in said for thing in own),
        expected_width=width.full,
        one_sided=width.betting,
    )


def _beside(numbers: Sequence[Number], leads: Sequence[Lead], sizes: Sequence[int]) -> list[Beside]:
    """The numbers that no draw was made for alone, under the chances that all were drawn by."""
    whole = {(lead.number.suite, lead.number.measure.name, lead.number.things.size) for lead in leads}
    of = {
        int(t): float(p)
        for lead, n in zip(leads, sizes, strict=True)
        for t, p in zip(lead.number.things, lead.chances(n), strict=True)
    }
    return [
        Beside(
            suite=number.suite,
            name=number.measure.name,
            judge=number.judge,
            expected_width=expected_width(number, np.array([of[int(t)] for t in number.things]), DRAWN_FOR).full,
        )
        for number in numbers
        if (number.suite, number.measure.name, number.things.size) not in whole
    ]


def _words(criterion: Criterion) -> tuple[str, ...]:
    """What a cell of a criterion takes: of refusal the words, without the short forms."""
    return ("full", "partial", "compliance", "degenerate") if criterion is Criterion.REFUSAL else SCALES[criterion]


def _run_notes(answers: Answers) -> list[str]:
    n = answers.without
    return [f"{n} answers have no text (failed, or withheld by the provider) and are not in it"] if n else []
