"""The two runs of a gate, side by side: the same items, one judge under one prompt, and what has no mark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np

from primum.errors import BadInputError
from primum.ledger import check_run, file_sha256
from primum.marks import PANEL, column, open_marks
from primum.marks.asked import unasked_items
from primum.marks.jsonl import jsonl
from primum.marks.part import Part
from primum.measures import Measure
from primum.records import PAPER, Criterion, Kind, Run
from primum.stats.inputs import Codes, Floats, number_codes

PLACES = 12  # decimals of a mark: what lies beyond is rounding
AUTO = "auto"
_VERDICT = {
    "response_id": "VARCHAR",
    "item_id": "VARCHAR",
    "judge": "VARCHAR",
    "repeat": "TINYINT",
    "prompt_sha256": "VARCHAR",
}


class Arm(NamedTuple):
    """One run: its folder, its record, its marks as tables, the family of each item."""

    path: Path
    run: Run
    tables: duckdb.DuckDBPyConnection
    families: dict[str, str]

    @property
    def sealed(self) -> str:
        """The hash of its responses."""
        return self.run.responses_sha256 or file_sha256(self.path / "responses.jsonl")


class Arms(NamedTuple):
    """Base and candidate, the suites that both have, and notes on what only one has."""

    base: Arm
    candidate: Arm
    suites: tuple[str, ...]
    notes: tuple[str, ...]


class Scored(NamedTuple):
    """The marks of one suite's items (n,) in both runs as one number takes them, means of an item's samples. `sums` and
    `missing` are of the marks there are and of those that are not, each (2, n): base, candidate; `samples` how many each
    run wanted. `clusters` are families, `principles` codes with `names`."""

    suite: str
    judge: str
    measure: Measure
    sums: Floats
    missing: Codes
    samples: tuple[int, int]
    clusters: Codes
    principles: Codes
    names: tuple[str, ...]

    @property
    def n(self) -> int:
        """How many items."""
        return self.clusters.size

    def filled(self, arm: int, mark: float) -> Floats:
        """The marks (n,) of an arm, with `mark` for each that is missing."""
        values: Floats = (self.sums[arm] + mark * self.missing[arm]) / self.samples[arm]
        return values.round(PLACES)

    def covered(self, arm: int) -> float:
        """The share of an arm's answers that have a mark."""
        return 1 - float(self.missing[arm].sum()) / (self.n * self.samples[arm])


@contextmanager
def open_arms(base: Path, candidate: Path) -> Iterator[Arms]:
    """The two runs, checked.

    Raises:
        BadInputError: one is no finished run, or was changed, or did not ask all; they share no suite, or an item of both
            has another content.
    """
    runs = [_checked(path) for path in (base, candidate)]
    tables: list[duckdb.DuckDBPyConnection] = []
    try:
        for path, run in zip((base, candidate), runs, strict=True):
            tables.append(open_marks(path))
            if run.plan.until and unasked_items(tables[-1], Part(tuple(Kind))):
                raise BadInputError(
                    f"{path} stopped when '{run.plan.until}' had its answer: a gate needs runs without --until"
                )
        first, second = (
            Arm(path, run, own, _families(path, own))
            for path, run, own in zip((base, candidate), runs, tables, strict=True)
        )
        yield Arms(first, second, *_shared(first, second))
    finally:
        for table in tables:
            table.close()


def judge_of(arms: Arms, criterion: Criterion, wanted: str, key: str) -> str | None:
    """The judge of both runs for a criterion: the one the policy names by `key`, else `auto`, else the only one. None where
    no judge has marked it in both.

    Raises:
        BadInputError: several have, and none is named; or it judged the runs by different prompts or rules.
    """
    asked = "select distinct judge from marks where criterion = ? and value is not null order by 1"
    there = column(arms.candidate.tables, asked, criterion)
    both = [judge for judge in column(arms.base.tables, asked, criterion) if judge in there]
    if wanted or AUTO in both:
        chosen = wanted or AUTO
        if chosen not in both:
            return None
    elif len(both) > 1:
        raise BadInputError(f'{", ".join(both)} marked {criterion} in both runs: name one in the policy, {key} = "..."')
    elif not both:
        return None
    else:
        chosen = both[0]
    for seat in _seats(arms, criterion, chosen):
        _check_prompts(arms, seat)
    return chosen


def read_scored(arms: Arms, suite: str, judge: str, measure: Measure) -> Scored | None:
    """The marks of one suite by one judge; None where it has no item that the measure applies to. Items that stand aside
    count where all of them do, as in every number."""
    kinds = [kind.value for kind in measure.kinds]
    rows: dict[str, tuple[bool, str, str]] = {}
    for arm in (arms.base, arms.candidate):
        found = arm.tables.execute(
            "select id, aside, principle from items where suite = ? and list_contains(?, kind) order by i",
            [suite, kinds],
        ).fetchall()
        for name, aside, principle in found:
            rows.setdefault(str(name), (bool(aside), str(principle), arm.families[str(name)]))
    if any(not aside for aside, _, _ in rows.values()):
        rows = {name: row for name, row in rows.items() if not row[0]}
    if not rows:
        return None
    place = {name: number for number, name in enumerate(rows)}
    samples = (arms.base.run.plan.samples, arms.candidate.run.plan.samples)
    sums, missing = np.zeros((2, len(rows))), np.empty((2, len(rows)), dtype=np.int64)
    for number, arm in enumerate((arms.base, arms.candidate)):
        missing[number] = samples[number]
        for name, total, count in _marks(arm, suite, judge, measure, kinds):
            if name in place:
                sums[number, place[name]] = total
                missing[number, place[name]] -= count
    names, principles = np.unique(np.array([row[1] for row in rows.values()], dtype=np.str_), return_inverse=True)
    clusters = np.unique(np.array([row[2] for row in rows.values()], dtype=np.str_), return_inverse=True)[1]
    return Scored(
        suite, judge, measure, sums, missing, samples,
        number_codes(clusters.astype(np.int64))[0], principles.astype(np.int64), tuple(str(name) for name in names),
    )  # fmt: skip


def _checked(path: Path) -> Run:
    run = check_run(path)
    if run.state != "done":
        raise BadInputError(f"{path} is {run.state}, not done: primum eval --resume {path} goes on with it")
    return run


def _shared(base: Arm, candidate: Arm) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The suites of both runs, and a note on each that only one has; the same item must have the same content."""
    listed = "select suite from items group by suite order by min(i)"
    own, other = column(base.tables, listed), column(candidate.tables, listed)
    suites = [suite for suite in own if suite in other]
    if not suites:
        raise BadInputError(f"{base.path} and {candidate.path} have no suite in common: run both on the same suites")
    query = "select id, sha256 from items"
    shas = dict(base.tables.execute(query).fetchall())
    changed = [name for name, sha in candidate.tables.execute(query).fetchall() if shas.get(name, sha) != sha]
    if changed:
        told = ", ".join(changed[:3])
        raise BadInputError(
            f"{len(changed)} items have another content in the two runs ({told}): run both on the same data"
        )
    alone = [(suite, "base") for suite in own if suite not in other]
    alone += [(suite, "candidate") for suite in other if suite not in own]
    return tuple(suites), tuple(f"{suite} is in the {which}'s run alone: left out" for suite, which in alone)


def _families(path: Path, tables: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The family of each item by its name: the tables number families apart in each run."""
    source = jsonl(path / "items.jsonl", {"id": "VARCHAR", "family": "VARCHAR"})
    return {str(name): str(family) for name, family in tables.execute(f"select id, family from {source}").fetchall()}


def _marks(arm: Arm, suite: str, judge: str, measure: Measure, kinds: list[str]) -> list[tuple[str, float, int]]:
    """Of each item the sum of its marks and how many there are."""
    return arm.tables.execute(
        f"""select id, sum({measure.sql})::DOUBLE, count(value) from marks join items using (i)
        where suite = ? and judge = ? and criterion = ? and list_contains(?, kind) and value is not null group by id""",
        [suite, judge, measure.criterion.value, kinds],
    ).fetchall()


def _seats(arms: Arms, criterion: Criterion, judge: str) -> list[str]:
    """The judges whose marks a judge's are: those of a panel, or itself. A panel must have the same seats in both runs."""
    if judge.removesuffix(PAPER) != PANEL:
        return [judge]
    asked = "select distinct judge from marks where criterion = ? order by 1"
    seats = [
        [name for name in column(arm.tables, asked, criterion) if name.endswith(PAPER) == judge.endswith(PAPER)]
        for arm in (arms.base, arms.candidate)
    ]
    if seats[0] != seats[1]:
        raise BadInputError(
            f"the {judge} of the two runs has different judges: judge both by the same with primum judge"
        )
    return [name for name in seats[0] if name != AUTO and name.removesuffix(PAPER) != PANEL]


def _check_prompts(arms: Arms, judge: str) -> None:
    """A judge must have judged each item by the same prompt or rules in both runs."""
    base, candidate = (_prompts(arm, judge) for arm in (arms.base, arms.candidate))
    if any(candidate.get(item, sha) != sha for item, sha in base.items()):
        raise BadInputError(
            f"{judge} judged the runs by different prompts or rules: judge both again, primum judge {arms.base.path} "
            f"--judge {judge} and primum judge {arms.candidate.path} --judge {judge}"
        )


def _prompts(arm: Arm, judge: str) -> dict[str, str]:
    """The hash of the prompt or rules by which each item was judged last."""
    source = jsonl(arm.path / "verdicts.jsonl", _VERDICT)
    rows = arm.tables.execute(
        f"""select item_id, arg_max(prompt_sha256, place) from (
            select *, row_number() over () as place from {source}) where judge = ? and coalesce(repeat, 0) = 0 group by 1""",
        [judge],
    ).fetchall()
    return {str(item): str(sha) for item, sha in rows}
