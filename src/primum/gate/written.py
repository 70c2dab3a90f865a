"""The files of a gate: the record in the candidate's run, and what people and pipelines read."""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path

from primum.errors import BadInputError, StoppedError
from primum.gate.show import gate_junit, gate_markdown
from primum.records import Gate

FILE = "gate.json"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_gate(gate: Gate, candidate: Path, out: Path | None) -> None:
    """Write `gate.json` into the candidate's run folder and, where there is an `out`, gate.md and gate.junit.xml there.

    Raises:
        BadInputError: a file cannot be written.
        StoppedError: the disk is full.
    """
    texts = {candidate / FILE: gate.model_dump_json(indent=1) + "\n"}
    if out is not None:
        texts |= {out / "gate.md": gate_markdown(gate), out / "gate.junit.xml": gate_junit(gate)}
    for file, text in texts.items():
        _write(file, text)


def _write(file: Path, text: str) -> None:
    """A file is whole or as it was."""
    part = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(text.encode("utf-8", "replace"))
        part.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        told = f"cannot write {file}: {error.strerror}"
        raise (StoppedError(told) if error.errno in FULL else BadInputError(told)) from error
