"""What commands show of a run: progress, the table, the next step."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from primum.evaluate import Evaluation, Progress, Watch
    from primum.records import Summary

LINE_SECONDS = 10.0  # between progress lines where there is no terminal


def run_and_show(evaluation: Evaluation, max_failed: float, *, as_json: bool, quiet: bool) -> int:
    """Carry a run out, show it, and say with the exit code whether too many responses failed."""
    from primum.evaluate import carry_out

    if not quiet:
        typer.echo(f"run: {evaluation.ledger.path}", err=True)
    summary = carry_out(evaluation, show_progress(quiet))
    show_run(evaluation.ledger.path, summary, as_json=as_json)
    failed = sum(summary.failed.values())
    if failed > max_failed * (summary.ok + failed):
        kinds = ", ".join(f"{n} {kind}" for kind, n in summary.failed.items())
        typer.echo(f"primum: {failed} responses failed ({kinds}), more than --max-failed {max_failed:g}", err=True)
        return 1
    return 0


def show_run(path: Path, summary: Summary, *, as_json: bool) -> None:
    """Write the report page, then print the table, or the JSON object, of a run."""
    from primum.ledger import read_run
    from primum.report import eval_object, eval_table, write_report

    page, _ = write_report([path], "html", None, False)
    run = read_run(path)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(eval_object(path, run, summary)).decode())
    else:
        typer.echo(eval_table(run, summary))
        typer.echo(f"report: {page}")


def show_progress(quiet: bool) -> Watch:
    """A bar on a terminal, a line every ten seconds elsewhere, nothing when quiet; always on stderr."""

    @contextlib.contextmanager
    def watch(progress: Progress) -> Iterator[None]:
        if quiet:
            yield
            return
        over = threading.Event()
        live = sys.stderr.isatty()
        shower = threading.Thread(target=_show_until, args=(progress, over, live), daemon=True)
        shower.start()
        try:
            yield
        finally:
            over.set()
            shower.join()

    return watch


def _show_until(progress: Progress, over: threading.Event, live: bool) -> None:
    while not over.wait(0.2 if live else LINE_SECONDS):
        _write(progress, live)
    if live:
        _write(progress, live)
        sys.stderr.write("\n")


def _write(progress: Progress, live: bool) -> None:
    line = progress_line(progress, time.perf_counter() - progress.first)
    sys.stderr.write(f"\r\x1b[2K{line}" if live else line + "\n")
    sys.stderr.flush()


def progress_line(progress: Progress, seconds: float) -> str:
    """One line: asked, judged, failed, unscored, pace and time left."""
    pace = progress.answered / seconds if seconds > 0 else 0.0
    left = f"{(progress.items - progress.answered) / pace:.0f} s left" if pace else "waiting for the first answer"
    return (
        f"asked {progress.answered} of {progress.items} · judged {progress.judged} · failed {progress.failed} · "
        f"unscored {progress.unscored} · {pace:.1f} items/s · {left}"
    )
