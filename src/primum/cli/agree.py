"""`primum agree`: agreement among raters, and of a judge with them; and the labels that it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from primum.cli import options

OF_PLAN = ("width", "judge", "design", "out", "labels")


def agree(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Label files (CSV, JSONL) and runs, whose judges are raters."),
    ],
    criterion: Annotated[
        str,
        typer.Option(
            "--criterion",
            help="One criterion; several, parted by commas, with --plan. [default: all that two raters share]",
            show_default=False,
        ),
    ] = "",
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Tell how many labels a run takes, and write a sheet of the answers to label."),
    ] = False,
    width: Annotated[
        float | None,
        typer.Option("--width", help="Width of the 95% interval. [default: 0.1 of a share, 0.2]", show_default=False),
    ] = None,
    judge: Annotated[
        str, typer.Option("--judge", help="The judge to check. [default: the panel, or the first]", show_default=False)
    ] = "",
    design: Annotated[
        str, typer.Option("--design", help="stratified by the judge's marks, or active: where it is unsure.")
    ] = "stratified",
    out: Annotated[Path | None, typer.Option("--out", help="The sheet.", show_default="RUN-labels.csv")] = None,
    labels: Annotated[
        int | None, typer.Option("--labels", min=1, help="Draw so many, whatever the width.", show_default=False)
    ] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """How far raters and judges agree on the same answers: percent, kappa, alpha, AC1, and where they differ most.

    With --plan RUN [LABELS...]: how many labels by people an interval takes, and which answers to label.
    """
    if plan:
        from primum.agree.plan import plan_labels
        from primum.agree.planned import plan_table

        planned = plan_labels(
            files, criterion=criterion, width=width, judge=judge, design=design, out=out, labels=labels, seed=seed
        )
        if planned.harmful and planned.sheet:
            typer.echo(
                f"{planned.sheet} holds harmful requests and their answers: it is for your raters alone", err=True
            )
        typer.echo(planned.model_dump_json() if json else plan_table(planned))
        return
    given = [name for name in OF_PLAN if str(ctx.get_parameter_source(name)).endswith("COMMANDLINE")]
    if given:
        raise typer.BadParameter(f"--{', --'.join(given)} belongs to --plan")
    from primum.agree import agree
    from primum.agree.table import agree_table

    agreed = agree(files, criterion, seed)
    typer.echo(agreed.model_dump_json() if json else agree_table(agreed))
