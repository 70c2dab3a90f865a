"""`primum demo`: the whole line on the bundled model, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from primum.cli import options

if TYPE_CHECKING:
    from primum.demo import Demo

TITLES = {
    "refusal_rate": "harmful requests refused",
    "over_refusal_rate": "legitimate requests refused",
    "degenerate_rate": "degenerate answers",
    "starter-exam": "exam, right answers",
}


def demo(
    out: Annotated[Path | None, typer.Option("--out", help="Folder of it all.", show_default="runs/DAY-demo")] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Measure the bundled tiny model, align it, measure it again, gate it, write a report. Nothing leaves this machine."""
    from primum.demo import run_demo
    from primum.gate.show import verdict_line
    from primum.report.texts import TINY_NOTE

    told = run_demo(out, seed, lambda line: None if quiet else typer.echo(line, err=True))
    if json:
        _print_json(told)
        return
    typer.echo(demo_table(told))
    for name, gate in told.gates.items():
        typer.echo(f"gate, {name}: {verdict_line(gate).removeprefix('verdict: ')} (policy {gate.policy})")
    typer.echo(TINY_NOTE["en"])
    typer.echo(f"report: {told.report}")
    typer.echo(f"next: primum gate {told.base.run} {told.sft.run} --policy wiring (each check with its reason)")


def demo_table(told: Demo) -> str:
    """Base and both adapters side by side, a row a number."""
    from primum.report.aligned import aligned

    rows = [["", "base", "after SFT", "after DPO"]]
    for name, title in TITLES.items():
        rows.append([title, *(_shown(arm.numbers.get(name)) for arm in (told.base, told.sft, told.dpo))])
    return aligned(rows)


def _shown(number: tuple[float | None, float | None, float | None] | None) -> str:
    if number is None or number[0] is None or number[1] is None or number[2] is None:
        return "not measured"
    return f"{number[0]:.0%} [{100 * number[1]:.0f}, {100 * number[2]:.0f}]"


def _print_json(told: Demo) -> None:
    import orjson

    value = {
        "before": {name: number[0] for name, number in told.base.numbers.items()},
        "after": {name: number[0] for name, number in told.sft.numbers.items()},
        "after_dpo": {name: number[0] for name, number in told.dpo.numbers.items()},
        "gate": told.gates["sft"].verdict,
        "gate_dpo": told.gates["dpo"].verdict,
        "report": str(told.report),
        "state": "done",
    }
    typer.echo(orjson.dumps(value).decode())
