"""`primum capability`: medical exams."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from primum.cli import options
from primum.cli.show import LINE_SECONDS


def capability(
    model: Annotated[str, typer.Argument(help="tiny, hf/PATH[+ADAPTER], openai/NAME, ENDPOINT/NAME or replay/FILE.")],
    exam: Annotated[
        str,
        typer.Option(
            "--exam",
            help="starter-exam, pubmedqa, mmlu_medical, medqa, medmcqa, cmmlu_medical, or a file; several: A,B.",
            show_default=False,
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A run of this model, to add the results to.", show_default=False),
    ] = None,
    shots: Annotated[int, typer.Option("--shots", min=0, help="Worked examples before each question.")] = 0,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="A seeded sample of each exam.", show_default=False)
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Batch of a model in this process.")] = 8,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="Longest answer of an endpoint.")] = 512,
    max_failed: options.MaxFailed = 0.01,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    timeout: options.Timeout = 300.0,
    data: options.Data = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Let a model sit medical exams, through lm-evaluation-harness: accuracy with its 95% interval."""
    from primum.capability import measure_exams, read_names
    from primum.capability.table import exams_object, exams_table, too_many_failed
    from primum.config import data_folder, load_config
    from primum.ledger import read_run
    from primum.models import ModelOpener, Patience

    names, config = read_names(exam), load_config()
    opener = ModelOpener(
        config,
        base_url=base_url,
        concurrency=concurrency,
        patience=Patience(timeout=timeout),
        recorded=read_run(out).endpoints if out is not None else None,
    )
    sat = measure_exams(
        model,
        names,
        data=data_folder(data, config),
        opener=opener,
        shots=shots,
        limit=limit,
        seed=seed,
        batch=batch,
        max_tokens=max_tokens,
        max_failed=max_failed,
        out=out,
        progress=_progress(quiet),
    )
    if json:
        import orjson

        typer.echo(orjson.dumps(exams_object(sat, out)).decode())
    else:
        typer.echo(exams_table(sat, out))
    failed = too_many_failed(sat, max_failed)
    if failed:
        typer.echo(f"primum: {failed}", err=True)
        raise typer.Exit(1)


def _progress(quiet: bool) -> Callable[[str, int, int], None]:
    """A line on stderr every ten seconds, or a live one on a terminal."""
    stream = sys.stderr  # the harness is kept from it, this is not
    last: float | None = None
    live = stream.isatty()

    def tell(name: str, done: int, of: int) -> None:
        nonlocal last
        now = time.monotonic()
        last = now if last is None else last
        if quiet or (now - last < (0.2 if live else LINE_SECONDS) and not (live and done == of)):
            return
        last = now
        line = f"{name}: {done} of {of} questions"
        stream.write(f"\r\x1b[2K{line}" + ("\n" if done == of else "") if live else line + "\n")
        stream.flush()

    return tell
