"""Measure Primum's speed and memory, beside goals that are reported whether reached or not.

    python bench/run.py [--only NAME ...]

A client runs as users run it, in a process of its own on one core; the server has the other. Prints a Markdown table;
the single figures go to `.bench/results.json`. All of it takes some eight minutes on two quiet cores.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

from command import WORK
from endpoint import measure_efficiency, measure_slow
from figure import Figure, markdown
from local import measure_local
from memory import measure_memory
from peers import measure_peer
from report import measure_report
from startup import measure_startup

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "startup": measure_startup,
    "efficiency": measure_efficiency,
    "slow": measure_slow,
    "inspect": measure_peer,
    "memory": measure_memory,
    "local": measure_local,
    "report": measure_report,
}
PACKAGES = ("primum", "aiohttp", "pydantic", "duckdb", "torch", "transformers")


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    found = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": found,
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="measure speed and memory")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="one benchmark; may be repeated")
    names = parser.parse_args().only or list(BENCHMARKS)
    WORK.mkdir(exist_ok=True)
    results: list[dict[str, object]] = []
    measured: list[Figure] = []
    for name in names:
        load, started = os.getloadavg()[0], time.perf_counter()
        try:
            figures = BENCHMARKS[name]()
        except (RuntimeError, OSError) as error:  # one that cannot run must not cost the others
            print(f"{name}: not measured: {error}", flush=True)
            results.append({"benchmark": name, "error": str(error)})
            continue
        seconds = time.perf_counter() - started
        print(f"{name}: {seconds:.0f} s, load before {load:.1f}", flush=True)
        measured += figures
        results.append({"benchmark": name, "seconds": seconds, "load": load, "figures": [f._asdict() for f in figures]})
    about = machine()
    (WORK / "results.json").write_text(json.dumps({"machine": about, "results": results}, indent=1), encoding="utf-8")
    print(f"\n{about['processor']}, {about['cores']} cores, Python {about['python']}, {about['at']}\n")
    print(markdown(measured))


if __name__ == "__main__":
    main()
