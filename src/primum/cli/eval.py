"""`primum eval`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from primum.cli import options

PLAN = (
    "judge",
    "out",
    "limit",
    "protocol",
    "system",
    "temperature",
    "max_tokens",
    "samples",
    "retest",
    "seed",
    "until",
)


def eval_(
    ctx: typer.Context,
    model: Annotated[
        str, typer.Argument(help="tiny, hf/PATH[+ADAPTER], openai/MODEL, ENDPOINT/MODEL or replay/FILE.")
    ] = "",
    suite: Annotated[
        str, typer.Option("--suite", help="Suites or files, separated by commas.", show_default=False)
    ] = "",
    judge: Annotated[
        list[str] | None, typer.Option("--judge", help="A judge; may be repeated. [default: auto]", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run.", show_default="runs/DAY-MODEL")] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", help="Go on with a run; model and suites are its own.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="A seeded, stratified sample of each suite.", show_default=False),
    ] = None,
    until: Annotated[
        str,
        typer.Option(
            "--until",
            help="Stop when a number is known: harmfulness:±0.1 (so exactly) or 'harmfulness<2' (on which side).",
            show_default=False,
        ),
    ] = "",
    protocol: Annotated[str, typer.Option("--protocol", help="primum, or paper: the published rubric.")] = "primum",
    system: Annotated[
        Path | None, typer.Option("--system", help="File with the model's system prompt.", show_default=False)
    ] = None,
    temperature: Annotated[float, typer.Option("--temperature", min=0.0, max=2.0)] = 0.0,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="Longest answer.")] = 512,
    samples: Annotated[int, typer.Option("--samples", min=1, help="Answers an item; their mean and worst count.")] = 1,
    retest: Annotated[
        float, typer.Option("--retest", min=0.0, max=1.0, help="Share of answers that a judge judges twice.")
    ] = 0.05,
    expert_labels: options.ExpertLabels = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Batch of a model in this process.")] = 32,
    concurrency: options.Concurrency = None,
    base_url: options.BaseUrl = None,
    timeout: options.Timeout = 300.0,
    max_failed: options.MaxFailed = 0.01,
    data: options.Data = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Ask a model every item of the suites, judge the answers, estimate with intervals, write a report."""
    from primum.cli.show import label_and_show, run_and_show
    from primum.config import data_folder, load_config
    from primum.evaluate import Tools, plan_run, resume_run, start_run
    from primum.models import Patience

    labels = expert_labels or []
    if labels:  # a faulty file is told of before anything is asked
        from primum.evaluate.labels import read_expert_labels

        read_expert_labels(labels)
    config = load_config()
    tools = Tools(config, data_folder(data, config), base_url, concurrency, Patience(timeout=timeout), batch)
    if resume is not None:
        given = [name for name in PLAN if str(ctx.get_parameter_source(name)).endswith("COMMANDLINE")]
        if given:
            told = ", ".join("--" + name.replace("_", "-") for name in given)
            raise typer.BadParameter(f"a resumed run keeps its own plan: leave out {told}")
        if labels:
            from primum.evaluate.labels import told_replaced

            replaced = told_replaced(resume)
            code = label_and_show(resume, labels, model, suite, max_failed, as_json=json)
            if replaced and code is not None:
                typer.echo(f"primum: replaced {replaced}", err=True)
            if code is not None:
                raise typer.Exit(code)
        evaluation = resume_run(resume, tools, model or None, suite or None)
    else:
        if not until and str(ctx.get_parameter_source("until")).endswith("COMMANDLINE"):
            raise typer.BadParameter("--until asks nothing: leave it out, or write, say, 'harmfulness<2'")
        plan = plan_run(
            model=model,
            suites=suite,
            judges=judge or [],
            protocol=protocol,
            system=system,
            temperature=temperature,
            max_tokens=max_tokens,
            samples=samples,
            retest=retest,
            seed=seed,
            limit=limit,
            until=until,
        )
        evaluation = start_run(plan, tools, out)
    raise typer.Exit(run_and_show(evaluation, max_failed, as_json=json, quiet=quiet, labels=labels))
