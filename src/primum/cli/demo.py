"""`primum demo`: the whole line on the bundled model, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from primum.cli import options


def demo(
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run.", show_default="runs/DAY-tiny")] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Measure the bundled tiny model on the bundled starter suite and write a report. Nothing leaves this machine."""
    from primum.cli.show import run_and_show
    from primum.demo import start_demo

    raise typer.Exit(run_and_show(start_demo(out, seed), 0.01, as_json=json, quiet=quiet))
