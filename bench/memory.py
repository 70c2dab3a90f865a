"""Peak memory of a whole `primum eval`, estimates and page included, at 2,000 and at 74,374 items."""

from __future__ import annotations

from command import WORK
from endpoint import evaluate
from figure import Figure
from server import serving
from suite import write_suite

SMALL, LARGE = 2000, 74_374  # the largest of MedSafetyBench's sets has 74,374 requests


def measure_memory() -> list[Figure]:
    peaks, seconds = [], []
    for items in (SMALL, LARGE):
        suite = write_suite(WORK / f"{items}.csv", items)
        with serving(0.002) as server:
            run, spent = evaluate(server.base_url, suite, 64, WORK / "run-memory")
        peaks.append(spent.peak_mb)
        seconds.append((run["seconds"]["wall"], spent.wall))
    note = f"{peaks[0]:.0f} and {peaks[1]:.0f} MB; {LARGE:,} items took {seconds[1][1]:.0f} s, of them {seconds[1][0]:.0f} s calls (2 ms, 64 at once)"
    name = f"peak memory at {LARGE:,} items over that at {SMALL:,}"
    return [Figure(name, peaks[1] - peaks[0], "MB", most=100, each=tuple(peaks), note=note)]
