"""`primum gate`: may a candidate ship?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from primum.cli import options

EXIT = {"pass": 0, "fail": 1, "inconclusive": 3}


def gate(
    base: Annotated[Path | None, typer.Argument(help="Run of the base model.", show_default=False)] = None,
    candidate: Annotated[Path | None, typer.Argument(help="Run of the candidate.", show_default=False)] = None,
    policy: Annotated[str, typer.Option("--policy", help="default, wiring, or a TOML file.")] = "default",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for gate.md and gate.junit.xml.", show_default=False)
    ] = None,
    format: Annotated[str, typer.Option("--format", help="What is printed: text, md or junit.")] = "text",
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Print how many items the policy's checks need; with BASE by its own marks."),
    ] = False,
    alpha: Annotated[
        float | None, typer.Option("--alpha", help="One-sided, in the place of the policy's.", show_default=False)
    ] = None,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Ship or not, with reasons: 0 every check passed, 1 one failed, 3 too little data to tell."""
    from primum.gate.policy import read_policy

    if format not in ("text", "md", "junit"):
        raise typer.BadParameter(f"--format is text, md or junit, not '{format}'")
    read = read_policy(policy)
    if plan:
        from primum.gate.plan import plan_gate, plan_table

        if candidate is not None or out is not None or format != "text":
            raise typer.BadParameter("--plan takes a run of the base at most, and neither --out nor --format")
        planned = plan_gate(read, base, alpha=alpha)
        typer.echo(planned.model_dump_json() if json else plan_table(planned))
        return
    if base is None or candidate is None:
        raise typer.BadParameter("name two runs, BASE and CANDIDATE")
    from datetime import UTC, datetime

    from primum.gate import gate_runs
    from primum.gate.show import gate_junit, gate_markdown, gate_text
    from primum.gate.written import write_gate

    told = gate_runs(base, candidate, read, datetime.now(UTC).isoformat(timespec="seconds"), alpha=alpha)
    write_gate(told, candidate, out)
    show = {"text": gate_text, "md": gate_markdown, "junit": gate_junit}[format]
    typer.echo(told.model_dump_json() if json else show(told).removesuffix("\n"))
    raise typer.Exit(EXIT[told.verdict])
