"""`primum evaluator`: the automated evaluator, trained on experts' labels."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from primum.cli import options
from primum.cli.show import LINE_SECONDS

if TYPE_CHECKING:
    from primum.evaluator.card import Evaluator

HF = "hf/"
Labels = Annotated[
    list[Path],
    typer.Option(
        "--labels", help="CSV or JSONL with request, response and a column for each criterion; may be repeated."
    ),
]
Criteria = Annotated[
    list[str] | None,
    typer.Option("--criterion", help="refusal, harmfulness, r1 ...; may be repeated.", show_default=False),
]
Name = Annotated[str, typer.Argument(metavar="DIR", help="An evaluator's folder, or bundled.")]

app = typer.Typer(
    help="A judge of your own: train it on experts' labels, test it, let it label.", rich_markup_mode=None
)


@app.command("train")
def train(
    labels: Labels,
    out: Annotated[Path, typer.Option("--out", help="The new evaluator's folder.")],
    criterion: Criteria = None,
    model: Annotated[
        str,
        typer.Option(
            "--model", help="hf/PATH: fine-tune this transformer. [default: the fast linear model]", show_default=False
        ),
    ] = "",
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over the labels, with --model.")] = 4,
    seed: options.Seed = 0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Train an evaluator on experts' labels; tells how well it does on requests that it has not seen (five folds)."""
    from primum.evaluator.table import figures_object, figures_table
    from primum.evaluator.train import train_evaluator

    if model and (not model.startswith(HF) or model == HF):
        raise typer.BadParameter(f"--model is hf/PATH or hf/NAME, not '{model}'")
    base, progress = model.removeprefix(HF), _progress(quiet)
    card = train_evaluator(
        labels, criterion or [], out, base=base, seed=seed, epochs=epochs, draw=True, progress=progress
    )
    if json:
        _print_json({"path": str(out), **figures_object(card.figures, None), "notes": card.notes})
        return
    typer.echo(figures_table(card.figures))
    _print_notes(card.notes)
    typer.echo(f"evaluator: {out}    next: primum eval MODEL --suite SUITE --judge evaluator/{out}")


@app.command("test")
def try_(
    name: Name,
    labels: Labels,
    criterion: Criteria = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Compare an evaluator with labels that people gave."""
    from primum.evaluator.apply import try_evaluator
    from primum.evaluator.table import figures_object, figures_table

    tested = try_evaluator(_open(name), labels, criterion or (), seed)
    if json:
        more = {"seen": tested.seen, "notes": tested.notes}
        _print_json({**figures_object(tested.figures, tested.per_second), **more})
        return
    typer.echo(figures_table(tested.figures))
    _print_notes(tested.notes)
    typer.echo(f"{tested.per_second:,.0f} verdicts a second, of one process on this machine")


@app.command("score")
def score(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or JSONL with request and response.")],
    out: Annotated[Path, typer.Option("--out", help="The CSV file to write.")],
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Label the answers of a file: its rows, with a label and a confidence for each criterion."""
    from primum.evaluator.apply import score_file

    counts = score_file(_open(name), file, out)
    if json:
        _print_json({"path": str(out), "labels": counts})
        return
    for criterion, labels in counts.items():
        typer.echo(f"{criterion}: " + ", ".join(f"{n:,} {label}" for label, n in sorted(labels.items())))
    typer.echo(f"written: {out}")


def _open(name: str) -> Evaluator:
    from primum.evaluator.card import open_evaluator
    from primum.evaluator.judge import PREFIX

    return open_evaluator(Path(name if Path(name).is_dir() else name.removeprefix(PREFIX)))


def _print_json(told: dict[str, object]) -> None:
    import orjson

    typer.echo(orjson.dumps(told).decode())


def _print_notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        typer.echo(f"note: {note}")


def _progress(quiet: bool) -> Callable[[str, int, int], None]:
    """A line every ten seconds on stderr; only a transformer's training takes so long."""
    last = time.monotonic()

    def tell(part: str, done: int, steps: int) -> None:
        nonlocal last
        if not quiet and time.monotonic() - last > LINE_SECONDS:
            last = time.monotonic()
            print(f"{part}: {done} of {steps} steps", file=sys.stderr, flush=True)

    return tell
