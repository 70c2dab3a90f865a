"""`primum report`: one self-contained page, or tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from primum.cli import options


def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File to write.", show_default=False)] = None,
    format: Annotated[str, typer.Option("--format", help="html, md, csv, json or junit.")] = "html",
    include_harmful: Annotated[
        bool, typer.Option("--include-harmful", help="Print answers scored harmful instead of redacting them.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Write a report of one or more runs; without -o a page goes beside the run, a table to stdout."""
    from primum.report import write_report

    path, text = write_report(runs, "json" if json else format, output, include_harmful)
    if path is None:
        typer.echo(text)
    elif not quiet:
        typer.echo(f"report: {path}")
