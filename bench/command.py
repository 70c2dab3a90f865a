"""Commands as a user runs them, in a process of their own on one core, and what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from server import CLIENT_CORE, pin

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
WORK = ROOT / ".bench"  # ignored by git
PRIMUM = [str(Path(sys.executable).with_name("primum"))]
SCRIPT = {name: [sys.executable, str(BENCH / f"{name}.py")] for name in ("bare", "estimate", "made_run", "one_by_one")}


class Spent(NamedTuple):
    """Seconds from start to end, seconds of CPU, peak resident memory in MB (10**6 bytes), and what it printed."""

    wall: float
    cpu: float
    peak_mb: float
    printed: str


def spend(command: list[str], *, pinned: bool = True, **environment: str) -> Spent:
    """Run a command to its end, without reading its output meanwhile.

    Raises:
        RuntimeError: it failed; its last words are told.
    """
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=err,
            cwd=WORK,
            env={**os.environ, **environment},
            preexec_fn=(lambda: pin(CLIENT_CORE)) if pinned else None,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command[:3])} ... ended with {process.returncode}: {err.read()[-800:]}")
        unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in KiB on Linux
        return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6, out.read())


def last_json(spent: Spent) -> Any:
    """The JSON value on the last line that was printed."""
    return json.loads(spent.printed.strip().rpartition("\n")[2])
