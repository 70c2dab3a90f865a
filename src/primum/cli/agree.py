"""`primum agree`: agreement among raters, and of a judge with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from primum.cli import options


def agree(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Label files (CSV, JSONL) and runs, whose judges are raters."),
    ],
    criterion: Annotated[
        str, typer.Option("--criterion", help="One criterion. [default: all that two raters share]", show_default=False)
    ] = "",
    seed: options.Seed = 0,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """How far raters and judges agree on the same answers: percent, kappa, alpha, AC1, and where they differ most."""
    from primum.agree import agree
    from primum.agree.table import agree_table

    agreed = agree(files, criterion, seed)
    typer.echo(agreed.model_dump_json() if json else agree_table(agreed))
