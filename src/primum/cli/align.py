"""`primum align`: adapters, trained, merged and described."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from primum.cli import options

LEFT_OUT = {
    "duplicate": "the same as another",
    "evaluation": "in an evaluation set, itself or nearly so",
    "truncated": "longer than the recipe's max_length",
    "unanswered": "the model gave no answer to reject",
    "equal": "the model's own answer is the chosen one",
}
app = typer.Typer(
    help="Train an adapter on safety demonstrations, merge it, and say what it is.", rich_markup_mode=None
)


Model = Annotated[str, typer.Option("--model", help="The base: hf/PATH, hf/NAME or tiny.")]
Data = Annotated[
    str, typer.Option("--data", help="Training suites or files, A,B: starter-train, medsafetybench-train, x.jsonl ...")
]
Out = Annotated[Path, typer.Option("--out", help="The adapter's folder; the same command goes on where it stopped.")]
Folder = Annotated[
    Path | None,
    typer.Option("--data-folder", help="Where suites' data is (or PRIMUM_DATA).", show_default=False),
]
Number = Annotated[
    int | None,
    typer.Option("--n", min=1, help="Safety examples; legitimate ones come on top.", show_default=False),
]
Mix = Annotated[str, typer.Option("--mix", help="How many of each: med=200,gen=200,benign=200.", show_default=False)]
OfKind = Annotated[
    str,
    typer.Option("--kind", help="What a file's requests are, where it does not say: harmful, general_harm, benign."),
]
Against = Annotated[
    str,
    typer.Option(
        "--against", help="Evaluation files that must share nothing with the training, A,B.", show_default=False
    ),
]


@app.command("sft")
def sft(
    model: Model,
    data: Data,
    out: Out,
    recipe: Annotated[
        str, typer.Option("--recipe", help="default, medsafetybench-paper, tiny, or a .toml file.")
    ] = "default",
    n: Number = None,
    mix: Mix = "",
    kind: OfKind = "",
    against: Against = "",
    folder: Folder = None,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Supervised fine-tuning: a LoRA adapter from demonstrations (requests and the answers to learn)."""
    _align("sft", model, data, out, recipe, n, mix, kind, against, folder, seed, quiet, json, None)


@app.command("dpo")
def dpo(
    model: Annotated[
        str, typer.Option("--model", help="The base, or a base and an adapter to go on from: hf/PATH+ADAPTER.")
    ],
    data: Annotated[
        str, typer.Option("--data", help="Preferences: files, A,B; with --rejected training suites or demonstrations.")
    ],
    out: Out,
    rejected: Annotated[
        Path | None,
        typer.Option(
            "--rejected",
            help="A run of the model on the training suite: its answers to harmful requests are rejected.",
            show_default=False,
        ),
    ] = None,
    recipe: Annotated[str, typer.Option("--recipe", help="default, tiny, or a .toml file.")] = "default",
    n: Number = None,
    mix: Mix = "",
    kind: OfKind = "",
    against: Against = "",
    folder: Folder = None,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Preference optimisation (DPO): a LoRA adapter from pairs of a chosen and a rejected answer."""
    _align("dpo", model, data, out, recipe, n, mix, kind, against, folder, seed, quiet, json, rejected)


@app.command("merge")
def merge(
    model: Annotated[str, typer.Option("--model", help="The base: hf/PATH, hf/NAME or tiny.")],
    adapter: Annotated[str, typer.Option("--adapter", help="The adapter's folder.")],
    out: Annotated[Path, typer.Option("--out", help="The merged model's new folder.")],
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Merge an adapter into its base, and see that the merged model says what the two say together."""
    from primum.align.merge import merge_adapter
    from primum.models.local import local_name

    base = local_name(model)
    if base is None or base[1]:
        raise typer.BadParameter(f"--model is hf/PATH, hf/NAME or tiny, not '{model}'")
    told = merge_adapter(base[0], adapter, out)
    if json:
        import orjson

        typer.echo(orjson.dumps({"path": str(out), **told.model_dump()}).decode())
        return
    typer.echo(f"merged: {out} ({told.dtype})")
    typer.echo(
        f"largest difference of a logit from base and adapter: {told.difference:.2g} over {told.tokens} tokens of "
        f"{told.prompts} prompts (at most {told.tolerance:.2g}; the adapter itself moves one by {told.effect:.2g})"
    )
    typer.echo(f"next: {shlex.join(['primum', 'eval', f'hf/{out}', '--suite', 'starter'])}")


@app.command("card")
def card(
    adapter: Annotated[Path, typer.Argument(metavar="ADAPTER", help="The adapter's folder.")],
    before: Annotated[Path | None, typer.Option("--before", help="A run of the base.", show_default=False)] = None,
    after: Annotated[
        Path | None, typer.Option("--after", help="A run of the base with the adapter.", show_default=False)
    ] = None,
    exam: Annotated[
        str, typer.Option("--exam", help="Exams to show, A,B. [default: all of both runs]", show_default=False)
    ] = "",
    gate: Annotated[
        Path | None, typer.Option("--gate", help="What primum gate said: a gate.json.", show_default=False)
    ] = None,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Write the model card: recipe, data, harm, over-refusal and ability before and after, the gate's verdict, limits."""
    from primum.align.card import write_card

    exams = tuple(name.strip() for name in exam.split(",") if name.strip())
    rows = write_card(adapter, before=before, after=after, exams=exams, gate=gate)
    if json:
        import orjson

        typer.echo(orjson.dumps({"path": str(adapter / "README.md"), "rows": [row._asdict() for row in rows]}).decode())
        return
    for row in rows:
        what = ", ".join(part for part in (row.title, row.suite, row.judge) if part) or "-"
        typer.echo(f"{row.side}: {what}: {row.before} -> {row.after}")
    typer.echo(f"written: {adapter / 'README.md'}")


@app.command("curve")
def curve(
    model: Model,
    med: Annotated[str, typer.Option("--med", help="Medical safety demonstrations: training suites or files, A,B.")],
    n: Annotated[str, typer.Option("--n", help="Safety examples of each arm: 200,400,600,800,900.")],
    suite: Annotated[str, typer.Option("--suite", help="What every model is asked: suites or files, A,B.")],
    out: Annotated[Path, typer.Option("--out", help="The curve's folder; the same command goes on where it stopped.")],
    gen: Annotated[str, typer.Option("--gen", help="General ones: adds the arms gen and both (n of each).")] = "",
    benign: Annotated[
        str,
        typer.Option(
            "--benign",
            help="Legitimate requests with answers, for the recipe's share. [default: those of the others, or starter-train]",
            show_default=False,
        ),
    ] = "",
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Trainings of each arm and n, from seed 0 on.")] = 3,
    judge: Annotated[
        list[str] | None, typer.Option("--judge", help="A judge; may be repeated. [default: auto]", show_default=False)
    ] = None,
    exam: Annotated[str, typer.Option("--exam", help="Exams of ability, A,B: starter-exam, medqa ...")] = "",
    recipe: Annotated[
        str, typer.Option("--recipe", help="default, medsafetybench-paper, tiny, or a .toml file.")
    ] = "default",
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="A seeded, stratified sample of each suite.", show_default=False),
    ] = None,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="Longest answer.")] = 512,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Batch of a model in this process.")] = 32,
    concurrency: options.Concurrency = None,
    base_url: options.BaseUrl = None,
    timeout: options.Timeout = 300.0,
    max_failed: options.MaxFailed = 0.01,
    folder: Folder = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """The papers' experiment: harm, over-refusal and ability against the number of training examples, in one chart."""
    from primum.cli.show import show_progress, training_line
    from primum.config import data_folder, load_config
    from primum.curve import CHART, Told, carry_out_curve, curve_table, plan_curve
    from primum.evaluate import Tools, plan_run
    from primum.models import Patience

    config = load_config()
    tools = Tools(config, data_folder(folder, config), base_url, concurrency, Patience(timeout=timeout), batch)
    asked = plan_run(model=model, suites=suite, judges=judge or [], limit=limit, max_tokens=max_tokens)
    planned = plan_curve(
        asked, med=med, gen=gen, benign=benign, n=n, seeds=seeds, recipe=recipe, exam=exam, folder=tools.data
    )
    told = Told(
        say=lambda line: None if quiet else typer.echo(line, err=True),
        training=lambda: training_line(quiet=quiet),
        asking=show_progress(quiet),
    )
    found = carry_out_curve(planned, out, tools, told)
    typer.echo(found.model_dump_json() if json else f"{curve_table(found)}\nchart: {out / CHART}")
    over = {cell: share for cell, share in found.failed.items() if share > max_failed}
    if over:
        shares = ", ".join(f"{cell} {share:.1%}" for cell, share in over.items())
        typer.echo(f"primum: responses failed ({shares}), more than --max-failed {max_failed:g}", err=True)
        raise typer.Exit(1)


def _align(
    method: Literal["sft", "dpo"],
    model: str,
    data: str,
    out: Path,
    recipe: str,
    n: int | None,
    mix: str,
    kind: str,
    against: str,
    folder: Path | None,
    seed: int,
    quiet: bool,
    json: bool,
    rejected: Path | None,
) -> None:
    from primum.align.chosen import Job, kind_of
    from primum.align.job import align
    from primum.cli.show import training_line
    from primum.config import data_folder, load_config

    job = Job(
        method,
        model,
        _names(data),
        out,
        recipe=recipe,
        n=n,
        mix=mix,
        kind=kind_of(kind),
        against=_names(against),
        rejected=rejected,
        seed=seed,
        folder=data_folder(folder, load_config()),
    )
    with training_line(quiet=quiet) as heard:
        adapter = align(job, heard)
    from primum.align.processes import processes

    if not processes().is_main_process:
        return
    if json:
        typer.echo(adapter.model_dump_json())
        return
    counts = ", ".join(f"{count} {group}" for group, count in adapter.examples.items())
    typer.echo(f"adapter: {out} ({counts}; {adapter.steps} steps, {adapter.seconds:.0f} s)")
    for reason, count in adapter.left_out.items():
        typer.echo(f"left out: {count} ({LEFT_OUT[reason]}), listed in {out / 'left_out.jsonl'}")
    for note in adapter.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"next: {shlex.join(['primum', 'eval', f'{adapter.base}+{out}', '--suite', 'starter'])}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
