"""`primum report`: one self-contained page, or tables; or a check of published tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from primum.cli import options

if TYPE_CHECKING:
    from primum.records import Comparison


def report(
    runs: Annotated[list[Path] | None, typer.Argument(help="Folders of runs.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File to write.", show_default=False)] = None,
    format: Annotated[str, typer.Option("--format", help="html, md, csv, json or junit.")] = "html",
    include_harmful: Annotated[
        bool, typer.Option("--include-harmful", help="Print answers scored harmful instead of redacting them.")
    ] = False,
    check_published: Annotated[
        Path | None,
        typer.Option(
            "--check-published",
            help="A JSON file of published result tables: name the rows that do not add up.",
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Write a report of one or more runs; without -o a page goes beside the run, a table to stdout."""
    if check_published is not None:
        if runs:
            raise typer.BadParameter("--check-published checks a file and takes no run")
        if output is not None or format != "html" or include_harmful:
            raise typer.BadParameter("--check-published prints to stdout and takes --json alone")
        _check(check_published, json)
        return
    if not runs:
        raise typer.BadParameter("name at least one run")
    from primum.report import write_report

    format = "json" if json else format
    comparison, incomparable = _compared(runs) if format == "html" else (None, "")
    path, text = write_report(runs, format, output, include_harmful, comparison=comparison, incomparable=incomparable)
    if path is None:
        typer.echo(text)
    elif not quiet:
        typer.echo(f"report: {path}")


def _compared(runs: list[Path]) -> tuple[Comparison | None, str]:
    """The paired differences of two runs, or why there are none."""
    from primum.compare import compare_runs
    from primum.errors import BadInputError

    if len(runs) != 2:
        return None, ""
    try:
        return compare_runs(*runs), ""
    except BadInputError as error:
        return None, str(error)


def _check(file: Path, json: bool) -> None:
    from primum.published import check_published, published_object, published_table

    checked = check_published(file)
    if json:
        import orjson

        typer.echo(orjson.dumps(published_object(checked)).decode())
    else:
        typer.echo(published_table(checked))
