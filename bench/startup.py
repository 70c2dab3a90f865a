"""How long `primum --help` takes, and what it must not load for that."""

from __future__ import annotations

import statistics
import subprocess
import sys

from command import PRIMUM, spend
from figure import Figure

HEAVY = ("torch", "transformers", "scipy.stats", "duckdb", "altair", "aiohttp", "pydantic")
HELP = "from primum.cli import run; run(['--help'])"


def measure_startup() -> list[Figure]:
    times = tuple(spend([*PRIMUM, "--help"]).wall for _ in range(10))
    command = [sys.executable, "-X", "importtime", "-c", HELP]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    loaded = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    found = [name for name in HEAVY if name in loaded]
    note = f"{len(loaded)} modules; heavy among them: {', '.join(found) or 'none'}"
    return [
        Figure("primum --help", statistics.median(times), "s", most=0.4, each=times, note="median of 10"),
        Figure("heavy modules that --help loads", len(found), "", most=0, note=note),
    ]
