"""A run's marks as tables: DuckDB reads the JSONL, numpy gets the columns.

`open_marks` gives a connection that holds, whatever the run's size, only small columns:

    items      i, id, sha256, suite, kind, aside, share, cluster, principle, source, scenario, style, language, jargon
    responses  i, sample, id, failure                     the last attempt of each
    marks      i, sample, response_id, judge, criterion, value, label, unscored    one row a mark or missing mark
    repeats    i, response_id, judge, criterion, value    the marks of second judgements of the same answer
    experts, drawn, unweighed    people's labels (experts.py)

`share` is the share of medical terms in a request and `jargon` its quarter among those of the suite that hold any. Where several judges were
named, `marks` holds those of the judge `panel` too (panel.py). The variable `samples` is the number of answers that the
plan wants of each item. Texts stay in the files and are read for the few records that are shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from primum.errors import BadInputError
from primum.ledger import read_records, read_run
from primum.marks.experts import add_labels
from primum.marks.jsonl import jsonl
from primum.marks.panel import PANEL, add_panel
from primum.records import Label

__all__ = ["GROUPS", "PANEL", "column", "labels", "open_marks"]

GROUPS = ("principle", "source", "scenario", "style", "language", "jargon")
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "600MB",
    "threads": 2,
    "allocator_flush_threshold": "1MB",  # what is freed goes back at once: long suites must not cost memory
    "allocator_bulk_deallocation_flush_threshold": "1MB",
}

_TEXT = "VARCHAR"
_WRITTEN = tuple(name for name in GROUPS if name != "jargon")
_ITEM = dict.fromkeys(("id", "sha256", "suite", "kind", "family", *_WRITTEN), _TEXT) | {
    "aside": "BOOLEAN",
    "jargon": "DOUBLE",
}
_RESPONSE = {
    "id": _TEXT,
    "item_id": _TEXT,
    "sample": "SMALLINT",
    "attempt": "SMALLINT",
    "failure": "STRUCT(kind VARCHAR)",
}
_VERDICT = {
    "id": _TEXT,
    "response_id": _TEXT,
    "item_id": _TEXT,
    "judge": _TEXT,
    "repeat": "TINYINT",
    "marks": 'STRUCT(criterion VARCHAR, "value" DOUBLE, "label" VARCHAR)[]',
    "unscored": "STRUCT(criterion VARCHAR, reason VARCHAR)[]",
}


def open_marks(run: Path) -> duckdb.DuckDBPyConnection:
    """The tables of a run.

    Raises:
        BadInputError: the folder holds no run, or a record in it does not read.
    """
    samples = read_run(run).plan.samples
    tables = duckdb.connect(":memory:", config=SETTINGS)
    try:
        tables.execute(f"set variable samples = {samples}")
        _load_items(tables, run / "items.jsonl")
        _load_responses(tables, run / "responses.jsonl")
        _load_marks(tables, run / "verdicts.jsonl")
        add_panel(tables)
        add_labels(tables, list(read_records(run, Label)))
    except duckdb.Error as error:
        tables.close()
        first = str(error).split("\n")[0]
        raise BadInputError(f"a record in {run} does not read: {first}") from error
    return tables


def column(tables: duckdb.DuckDBPyConnection, query: str, *values: object) -> list[Any]:
    """The first column of a query's rows."""
    return [row[0] for row in tables.execute(query, values).fetchall()]


def labels(tables: duckdb.DuckDBPyConnection, group: str) -> list[str]:
    """All labels of a group; their places are its codes (`enum_code`)."""
    return column(tables, f"select unnest(enum_range(null::{group}_label))::VARCHAR")


def _load_items(tables: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Groups become enumerations, so that their codes cost nothing. Of the requests that hold medical terms, those
    with the same share are in the same quarter; most of MedSafetyBench's hold none."""
    filled = ", ".join(f"coalesce({name}, '') as {name}" for name in _WRITTEN)
    tables.execute(
        f"""create temp table listed as
        select (row_number() over () - 1)::INTEGER as i, id, sha256, suite, kind, family, {filled},
            coalesce(aside, false) as aside, jargon as share
        from {jsonl(file, _ITEM)}"""
    )
    if column(tables, "select count(share) from listed")[0]:
        rank = "percent_rank() over (partition by suite, coalesce(share, 0) > 0 order by share)"
        quarter = f"""case when share is null then '' when share = 0 then 'none'
            else 'Q' || least(4, 1 + floor(4 * {rank}))::INTEGER end"""
    else:
        quarter = "''"
    tables.execute(f"create or replace temp table listed as select *, {quarter} as jargon from listed order by i")
    for name in GROUPS:
        tables.execute(f"create type {name}_label as enum (select distinct {name} from listed order by 1)")
    tables.execute("create temp table families as select family, min(i) as cluster from listed group by family")
    typed = ", ".join(f"{name}::{name}_label as {name}" for name in GROUPS)
    tables.execute(
        f"""create table items as select i, id, sha256, suite, kind, aside, share, cluster, {typed}
        from listed join families using (family) order by i"""
    )
    tables.execute("drop table families")
    tables.execute("drop table listed")


def _load_responses(tables: duckdb.DuckDBPyConnection, file: Path) -> None:
    source = f"""select id, item_id, coalesce(sample, 0) as sample, coalesce(attempt, 0) as attempt, failure
        from {jsonl(file, _RESPONSE)}"""
    _load_last(tables, "responses", "i, r.sample, r.id, r.failure.kind as failure", source, ("id",), "attempt")


def _load_marks(tables: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Of a judge's verdicts on a response the last holds: one tried again, or made anew by another prompt or rules."""
    source = f"""select row_number() over () as place, * replace (coalesce(repeat, 0) as repeat)
        from {jsonl(file, _VERDICT)}"""
    columns = "i, r.response_id, r.judge, r.repeat, r.marks, r.unscored"
    _load_last(tables, "verdicts", columns, source, ("response_id", "judge", "repeat"), "place")
    several = tables.execute("select coalesce(max(sample), 0) > 0 from responses").fetchone()
    sample, join = "0::SMALLINT", ""
    if several and several[0]:
        sample, join = "responses.sample", "join responses on responses.id = v.response_id"
    tables.execute(
        f"""create table marks as
        select v.i, {sample} as sample, v.response_id, judge, m.criterion, m.value, coalesce(m.label, '') as label,
               null::VARCHAR as unscored
        from (select i, response_id, judge, unnest(marks) as m from verdicts where repeat = 0) v {join}
        union all
        select v.i, {sample}, v.response_id, judge, u.criterion, null, '', u.reason
        from (select i, response_id, judge, unnest(unscored) as u from verdicts where repeat = 0) v {join}"""
    )
    tables.execute(
        """create table repeats as select i, response_id, judge, m.criterion, m.value
        from (select i, response_id, judge, unnest(marks) as m from verdicts where repeat > 0)"""
    )
    tables.execute("drop table verdicts")


def _load_last(
    tables: duckdb.DuckDBPyConnection, name: str, columns: str, source: str, key: tuple[str, ...], order: str
) -> None:
    """A table of the last record of each key. The usual file has one of each and is read once."""
    keys = ", ".join(f"r.{part}" for part in key)
    for latest in ("", f"qualify row_number() over (partition by {keys} order by r.{order} desc) = 1"):
        tables.execute(
            f"create or replace table {name} as "
            f"select {columns} from ({source}) r join items on items.id = r.item_id {latest}"
        )
        repeated = (
            f"select count(*) - (select count(*) from (select distinct {', '.join(key)} from {name})) from {name}"
        )
        if not column(tables, repeated)[0]:
            return
