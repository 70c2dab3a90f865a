"""What `primum capability` prints: a table for people, one object for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from primum.capability.sitting import Sat
from primum.report.aligned import aligned
from primum.report.texts import TINY_NOTE

FORMS = {"loglikelihood": "log-probability", "generative": "letter read from text"}


def exams_table(sat: Sequence[Sat], out: Path | None) -> str:
    """A row an exam and below it one a group, then what is to be known of them."""
    rows = [("", "accuracy", "n", "unread", "form", "shots")]
    for exam, _, _ in sat:
        shown = f"{100 * exam.accuracy:.1f}% [{100 * exam.low:.1f}, {100 * exam.high:.1f}]"
        rows.append((exam.name, shown, f"{exam.n:,}", f"{exam.unread:,}", FORMS[exam.form], str(exam.shots)))
        rows += [(f"  {group}", f"{100 * value:.1f}%", "", "", "", "") for group, value in exam.groups.items()]
    lines = [f"exams · {sat[0].exam.model}", aligned(rows), *(note for one in sat for note in _notes(one))]
    if out is not None:
        added = [one.exam.name for one in sat if one.added]
        lines += [f"added to {out}: {', '.join(added)}"] if added else []
    if sat[0].exam.model.split("+")[0] == "tiny":
        lines.append(TINY_NOTE["en"])
    return "\n".join(lines)


def exams_object(sat: Sequence[Sat], out: Path | None) -> dict[str, Any]:
    """What `primum capability --json` prints."""
    return {
        "model": sat[0].exam.model,
        "path": None if out is None else str(out),
        "exams": [{**one.exam.model_dump(), "failed": one.failed, "added": one.added} for one in sat],
    }


def _notes(one: Sat) -> list[str]:
    exam, notes = one.exam, []
    if one.failed:
        notes.append(
            f"{exam.name}: {_failures(one)}, counted as wrong" + ("" if one.added else " and not added to a run")
        )
    if exam.unread > sum(one.failed.values()):
        notes.append(f"{exam.name}: in {exam.unread - sum(one.failed.values())} answers no choice could be read: wrong")
    if exam.cut:
        notes.append(
            f"{exam.name}: {exam.cut} of {exam.n} questions are longer than the model takes and lost their beginning"
        )
    return notes


def too_many_failed(sat: Sequence[Sat], most: float) -> str:
    """A sentence on the exams of which too many answers failed; empty where none did."""
    over = [one for one in sat if sum(one.failed.values()) > most * one.exam.n]
    told = "; ".join(f"{one.exam.name}: {_failures(one)}" for one in over)
    return f"{told}: more than --max-failed {most:g}" if told else ""


def _failures(one: Sat) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in one.failed.items())
    return f"{sum(one.failed.values())} of {one.exam.n} answers failed ({kinds})"
