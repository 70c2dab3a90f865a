"""Items that a run did not ask, because `--until` had its answer before."""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from primum.marks.part import Part


def unasked_items(tables: duckdb.DuckDBPyConnection, part: Part) -> list[tuple[str, str]]:
    """The id and kind of each item of a part without a response, failed or not."""
    query = f"select id, kind from items where i not in (select i from responses) and {part.where} order by i"
    return [(str(name), str(kind)) for name, kind in tables.execute(query, part.values).fetchall()]


def leave_out(tables: duckdb.DuckDBPyConnection, items: Collection[str]) -> None:
    """Take items out of the tables, so that nothing is expected of them."""
    tables.execute("delete from items where id in (select unnest(?))", [list(items)])
