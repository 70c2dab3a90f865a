"""What commands show of a run: progress, the table, the next step."""

from __future__ import annotations

import contextlib
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from primum.evaluate import Evaluation, Progress, Watch
    from primum.records import Summary

LINE_SECONDS = 10.0  # between progress lines where there is no terminal


def run_and_show(
    evaluation: Evaluation, max_failed: float, *, as_json: bool, quiet: bool, labels: Sequence[Path] = ()
) -> int:
    """Carry a run out, rectify it by files of people's labels, show it, and say with the exit code whether too many
    responses failed. Labels that do not fit are told of when the run is done and shown."""
    from primum.errors import BadInputError
    from primum.evaluate import carry_out
    from primum.evaluate.labels import label_run

    path = evaluation.ledger.path
    if not quiet:
        typer.echo(f"run: {path}", err=True)
    summary = carry_out(evaluation, show_progress(quiet))
    try:
        summary = label_run(path, labels) if labels else summary
    except BadInputError:
        show_run(path, summary, as_json=as_json)
        raise
    show_run(path, summary, as_json=as_json)
    return _exit_code(summary, max_failed)


def label_and_show(
    path: Path, labels: Sequence[Path], model: str, suites: str, max_failed: float, *, as_json: bool
) -> int | None:
    """Rectify a finished run by files of people's labels, without asking anything, and show it: its exit code. None for a
    run that is not finished."""
    from primum.evaluate import check_same
    from primum.evaluate.labels import label_run
    from primum.ledger import read_run

    run = read_run(path)
    if run.state != "done":
        return None
    check_same(path, run.plan, model or None, suites or None)
    summary = label_run(path, labels)
    show_run(path, summary, as_json=as_json)
    return _exit_code(summary, max_failed)


def _exit_code(summary: Summary, max_failed: float) -> int:
    failed = sum(summary.failed.values())
    if failed > max_failed * (summary.ok + failed):
        kinds = ", ".join(f"{n} {kind}" for kind, n in summary.failed.items())
        typer.echo(f"primum: {failed} responses failed ({kinds}), more than --max-failed {max_failed:g}", err=True)
        return 1
    return 0


def show_run(path: Path, summary: Summary, *, as_json: bool) -> None:
    """Write the report page, then print the table, or the JSON object, of a run."""
    from primum.agree.plan import can_be_checked
    from primum.ledger import read_exams, read_run
    from primum.report import eval_object, eval_table, write_report

    page, _ = write_report([path], "html", None, False)
    run = read_run(path)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(eval_object(path, run, summary)).decode())
    else:
        typer.echo(eval_table(run, summary, [exam for exam, _ in read_exams(path)]))
        typer.echo(f"report: {page}")
        if can_be_checked(summary):
            typer.echo(
                f"next: primum agree --plan {shlex.quote(str(path))} (this judge has not been checked against people)"
            )


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


@contextlib.contextmanager
def training_line(*, quiet: bool) -> Iterator[Callable[[dict[str, float]], None]]:
    """What hears of every step of a training and shows it: the last line anew on a terminal, one every ten seconds
    elsewhere, nothing when quiet; always on stderr."""
    live, last, began = sys.stderr.isatty(), [-LINE_SECONDS], time.monotonic()

    def heard(row: dict[str, float]) -> None:
        now = time.monotonic()
        if quiet or now - last[0] < (0.2 if live else LINE_SECONDS):
            return
        last[0] = now
        left = (now - began) / row["step"] * (row["steps"] - row["step"])
        line = f"step {row['step']:.0f} of {row['steps']:.0f} · loss {row['loss']:.3f} · {left:.0f} s left"
        sys.stderr.write(f"\r\x1b[2K{line}" if live else line + "\n")
        sys.stderr.flush()

    yield heard
    if live and not quiet:
        sys.stderr.write("\n")
