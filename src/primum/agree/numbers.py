"""The numbers that labels would rectify: what they are made of, their judge, and how sure that judge is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np

from primum.agree.sheet import Answers
from primum.errors import BadInputError
from primum.marks import PANEL, column
from primum.marks.jsonl import jsonl
from primum.marks.part import Part, headline_part
from primum.measures import MEASURES, Measure
from primum.records import PAPER, Criterion, Kind, RunPlan
from primum.stats.design import design_effect
from primum.stats.inputs import Codes, Floats


class Number(NamedTuple):
    """A number that labels would rectify: things (k,), how many of its answers each stands for, and the judge's marks
    of them as the number takes them (nan: unscored). `effect` is by how much its `n_families` families widen a
    variance, `alike` by how much they would if each gave one answer only."""

    suite: str
    judge: str
    measure: Measure
    things: Codes
    counts: Floats
    marks: Floats
    effect: float
    alike: float
    n_families: int

    @property
    def bounds(self) -> tuple[float, float]:
        """The range of the number."""
        return (0.0, 1.0) if self.measure.is_rate else (self.measure.lowest, self.measure.highest)


def read_numbers(
    tables: duckdb.DuckDBPyConnection,
    answers: Answers,
    plan: RunPlan,
    run: Path,
    asked: Sequence[Criterion],
    judge: str,
) -> tuple[list[Number], list[Number]]:
    """The main numbers of the criteria asked, each by one judge, and the others that are made of the same marks.

    Raises:
        BadInputError: an unknown judge, or no judge has marked any of it.
    """
    there = column(tables, "select distinct judge from marks where value is not null order by 1")
    if judge and judge not in there:
        raise BadInputError(f"{run} has no judge '{judge}' (there are: {', '.join(there) or 'none'})")
    main: list[Number] = []
    others: list[Number] = []
    for suite in column(tables, "select suite from items group by suite order by min(i)"):
        seen: set[tuple[Criterion, tuple[Kind, ...]]] = set()
        for measure in MEASURES:
            key = measure.criterion, measure.kinds
            if measure.criterion not in asked or measure.slope or measure.worst or (measure.minor and key in seen):
                continue
            judges = judges_in_order(tables, plan, measure.criterion, Part(measure.kinds, suite))
            by = judge if judge in judges else "" if judge else next(iter(judges), "")
            number = read_number(tables, answers, suite, measure, by) if by else None
            if number is not None:
                (others if key in seen else main).append(number)
                seen.add(key)
    if not main:
        what = asked[0] if len(asked) == 1 else "anything that takes people to check"
        raise BadInputError(
            f"{judge or 'no judge'} has {'not ' if judge else ''}marked {what} in {run}: primum judge {run} --judge J comes first"
        )
    return main, others


def read_number(
    tables: duckdb.DuckDBPyConnection, answers: Answers, suite: str, measure: Measure, judge: str
) -> Number | None:
    """One number over the answers of a suite that have text; None where there are none. Answers that stand aside are in
    no number over all."""
    part = headline_part(tables, Part(measure.kinds, suite))
    rows = tables.execute(
        f"""select response_id, {measure.sql} from marks join items using (i)
        where judge = ? and criterion = ? and {part.where} and value is not null""",
        [judge, measure.criterion, *part.values],
    ).fetchall()
    marks = {str(name): float(value) for name, value in rows}
    inside = {
        name: answer
        for name, answer in answers.by_id.items()
        if answer.suite == suite and answer.kind in measure.kinds and not (part.headline and answer.aside)
    }
    if not inside:
        return None
    things, place = np.unique([answer.thing for answer in inside.values()], return_inverse=True)
    given = np.array([marks.get(name, np.nan) for name in inside])
    families = np.array([answer.family for answer in inside.values()], dtype=np.int64)
    known = ~np.isnan(given)
    scored = np.bincount(place[known], minlength=things.size)
    sums = np.bincount(place[known], given[known], minlength=things.size)
    return Number(
        suite,
        judge,
        measure,
        things.astype(np.int64),
        np.bincount(place).astype(np.float64),
        np.where(scored > 0, sums / np.maximum(scored, 1), np.nan),
        design_effect(given[known], families[known]) if known.any() else 1.0,
        design_effect(np.zeros(families.size), families),
        np.unique(families).size,
    )


def judges_in_order(tables: duckdb.DuckDBPyConnection, plan: RunPlan, criterion: Criterion, part: Part) -> list[str]:
    """The judges that have marked a criterion: a panel before its judges, those of the plan in its order, the rules
    last, and a paper's form after Primum's."""
    found = column(
        tables,
        f"""select distinct judge from marks join items using (i)
        where criterion = ? and value is not null and {part.where} order by 1""",
        criterion,
        *part.values,
    )

    def order(judge: str) -> tuple[bool, bool, bool, int]:
        name = judge.removesuffix(PAPER)
        named = plan.judges.index(name) if name in plan.judges else len(plan.judges)
        return judge == "auto", judge.endswith(PAPER), not judge.startswith(PANEL), named

    return sorted(found, key=order)


def read_uncertainty(
    tables: duckdb.DuckDBPyConnection, run: Path, answers: Answers, number: Number
) -> tuple[Floats | None, str]:
    """How unsure the judge is of each thing (k,), and what says so: the confidence that it gives; else how far judges
    differ on it; else how far the judge differed from itself on answers with that mark; else how far the mark is from
    the ends of its scale. None where nothing tells. What it could not mark is as unsure as the most unsure mark."""
    low, high = number.bounds
    ways = (
        (_by_thing(answers, number, _doubts(tables, run, number)), "how unsure it says that it is"),
        (_by_thing(answers, number, _differences(tables, number)), "how far its judges differ"),
        (_unsteadiness(tables, number), "how far it differs from itself (--retest)"),
        (np.sqrt((number.marks - low) * (high - number.marks)), "how far its marks are from the ends of the scale"),
    )
    known = ~np.isnan(number.marks)
    for unsure, told in ways:
        if known.any() and unsure[known].max() > 0:
            return np.where(known, unsure, unsure[known].max()), told
    return None, "the spread of its marks, since nothing tells how unsure it is"


def _by_thing(answers: Answers, number: Number, rows: Sequence[tuple[str, float]]) -> Floats:
    """The greatest value (k,) among the answers of each thing, 0 where there is none."""
    place = {int(thing): k for k, thing in enumerate(number.things)}
    found = np.zeros(number.things.size)
    for answer, value in rows:
        if answer in answers.by_id and (k := place.get(answers.by_id[answer].thing)) is not None:
            found[k] = max(found[k], value)
    return found


def _doubts(tables: duckdb.DuckDBPyConnection, run: Path, number: Number) -> list[tuple[str, float]]:
    """For each answer the root of the chance that the judge is wrong, as it says: the error of a yes or no."""
    columns = {"response_id": "VARCHAR", "judge": "VARCHAR", "repeat": "TINYINT"}
    columns["marks"] = "STRUCT(criterion VARCHAR, confidence DOUBLE)[]"
    return tables.execute(
        f"""select response_id, sqrt(1 - m.confidence) from (
            select response_id, unnest(marks) as m from {jsonl(run / "verdicts.jsonl", columns)}
            where judge = ? and coalesce(repeat, 0) = 0
        ) where m.criterion = ? and m.confidence between 0 and 1""",
        [number.judge, number.measure.criterion],
    ).fetchall()


def _differences(tables: duckdb.DuckDBPyConnection, number: Number) -> list[tuple[str, float]]:
    """For each answer that several judges have marked the standard deviation of their marks."""
    part = Part(number.measure.kinds, number.suite)
    return tables.execute(
        f"""select response_id, stddev_pop({number.measure.sql}) from marks join items using (i)
        where criterion = ? and {part.where} and value is not null and not starts_with(judge, '{PANEL}')
        group by 1 having count(*) > 1""",
        [number.measure.criterion, *part.values],
    ).fetchall()


def _unsteadiness(tables: duckdb.DuckDBPyConnection, number: Number) -> Floats:
    """For each thing (k,) how far the judge's second marks lay from its first ones, in the mean over those that it
    marked as this one."""
    part = Part(number.measure.kinds, number.suite)
    first, second = (number.measure.sql.replace("value", f"{table}.value") for table in "ab")
    rows = tables.execute(
        f"""select {first}, avg(abs({first} - {second}))
        from marks a join repeats b using (response_id, judge, criterion) join items on items.i = a.i
        where judge = ? and criterion = ? and {part.where} and a.value is not null group by 1""",
        [number.judge, number.measure.criterion, *part.values],
    ).fetchall()
    steady = {float(mark): float(gap) for mark, gap in rows}
    return np.array([steady.get(mark, 0.0) for mark in number.marks])
