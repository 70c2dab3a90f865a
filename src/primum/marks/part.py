"""A part of a run's items, as a condition on the table `items`."""

from __future__ import annotations

from typing import NamedTuple

import duckdb

from primum.records import Kind


class Part(NamedTuple):
    """A part of a run's items: of some kinds, perhaps of one suite, perhaps only those that do not stand aside."""

    kinds: tuple[Kind, ...]
    suite: str | None = None
    headline: bool = False

    @property
    def where(self) -> str:
        """The SQL condition on `items`."""
        suite = " and suite = ?" if self.suite is not None else ""
        return "list_contains(?, kind)" + suite + (" and not aside" if self.headline else "")

    @property
    def values(self) -> list[object]:
        """The values of the condition's question marks."""
        kinds: list[object] = [[kind.value for kind in self.kinds]]
        return kinds if self.suite is None else [*kinds, self.suite]


def headline_part(tables: duckdb.DuckDBPyConnection, part: Part) -> Part:
    """The items of a part that do not stand aside, or all of it where every one does."""
    head = part._replace(headline=True)
    return head if tables.execute(f"select 1 from items where {head.where} limit 1", head.values).fetchone() else part
