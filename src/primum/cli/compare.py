"""`primum compare`: paired differences between two runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from primum.cli import options


def compare(
    base: Annotated[Path, typer.Argument(help="Run of the base model.")],
    candidate: Annotated[Path, typer.Argument(help="Run of the candidate.")],
    adjust: Annotated[
        str,
        typer.Option("--adjust", help="holm or bonferroni; overall differences are one family, each breakdown one."),
    ] = "holm",
    expert_labels: options.ExpertLabels = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Candidate minus base on the same items: interval, p, adjusted p; with people's labels of both runs, rectified too."""
    from primum.compare import compare_runs
    from primum.report import compare_table

    comparison = compare_runs(base, candidate, adjust=adjust, seed=seed, labels=expert_labels or ())
    if json:
        typer.echo(comparison.model_dump_json())
    else:
        typer.echo(compare_table(comparison))
