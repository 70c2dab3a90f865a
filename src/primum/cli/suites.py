"""`primum suites`: what can be run."""

from __future__ import annotations

import typer

from primum.cli import options


def suites(data: options.Data = None, json: options.Json = False, debug: options.Debug = False) -> None:
    """List the suites: size, languages, source, licence, and whether the data is here."""
    import orjson

    from primum.config import data_folder, load_config
    from primum.suites.catalogue import list_suites

    rows = list_suites(data_folder(data, load_config()))
    if json:
        typer.echo(orjson.dumps({"suites": rows}).decode())
        return
    for row in rows:
        typer.echo(f"{row['name']:<22} {row['size']:>6}  {row['languages']:<6} {row['licence']:<11} {row['here']}")
        typer.echo(f"{'':<22} {'':>6}  {row['what']}; {row['source']}")
