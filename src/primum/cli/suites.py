"""`primum suites`: what can be run."""

from __future__ import annotations

import textwrap
from typing import Any

import typer

from primum.cli import options

WIDTH = 100


def suites(data: options.Data = None, json: options.Json = False, debug: options.Debug = False) -> None:
    """List the suites: size, languages, source, licence, and whether the data is here, or what to do."""
    import orjson

    from primum.config import data_folder, load_config
    from primum.suites.catalogue import list_suites

    rows = list_suites(data_folder(data, load_config()))
    if json:
        typer.echo(orjson.dumps({"suites": rows}).decode())
        return
    for row in rows:
        _show(row)


def _show(row: dict[str, Any]) -> None:
    typer.echo(f"{row['name']:<22} {row['size']:>7,}  {row['languages']:<6} {row['licence']:<14} {row['here']}")
    where = "" if row["here"] == "bundled" else f"; {row['source']}"
    _indented(f"{row['what']}{where}")
    for to_do in row["to_do"]:
        _indented(f"to have it, {to_do}")
    for part in row["parts"]:
        size = "" if part["size"] is None else f"{part['size']:,} "
        _indented(f"+ {size}{part['what']} ({part['licence']}): {part['here']}")
        for to_do in part["to_do"]:
            _indented(f"to have them, {to_do}", deeper=2)


def _indented(text: str, deeper: int = 0) -> None:
    margin = " " * (4 + deeper)
    wrapper = textwrap.TextWrapper(WIDTH, margin, margin, break_long_words=False, break_on_hyphens=False)
    typer.echo(wrapper.fill(text))
