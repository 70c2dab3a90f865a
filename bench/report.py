"""Estimates and page of a run with 1,000,000 verdicts: 250,000 items, four judges. Both processes, imports included."""

from __future__ import annotations

import shutil

from command import PRIMUM, SCRIPT, WORK, last_json, spend
from figure import Figure

ITEMS, JUDGES = 250_000, 4


def measure_report() -> list[Figure]:
    folder = WORK / "run-million"
    shutil.rmtree(folder, ignore_errors=True)
    spend([*SCRIPT["made_run"], str(folder), str(ITEMS)])
    # Not pinned: the tables are read with two threads.
    estimates = [spend([*SCRIPT["estimate"], str(folder)], pinned=False) for _ in range(2)]
    pages = [spend([*PRIMUM, "report", str(folder)], pinned=False) for _ in range(2)]
    shutil.rmtree(folder)
    inside = min(last_json(one)["seconds"] for one in estimates)
    made, shown = tuple(one.wall for one in estimates), tuple(one.wall for one in pages)
    peaks = (max(one.peak_mb for one in estimates), max(one.peak_mb for one in pages))
    size = f"{ITEMS * JUDGES:,} verdicts"
    return [
        Figure(f"primum report, {size}", min(shown), "s", most=5, each=shown, note="the page, from finished estimates"),
        Figure(f"estimates, {size}", min(made), "s", most=5, each=made, note=f"without imports {inside:.1f} s"),
        Figure("peak memory of both", max(peaks), "MB", most=1000, each=peaks, note="estimates; page"),
    ]
