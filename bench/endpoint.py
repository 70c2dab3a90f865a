"""An endpoint with a fixed latency: how near the client comes to what latency and concurrency allow, and its CPU.

Efficiency = calls x latency / (concurrency x wall): 1 when every place is always under way. Each item is two calls,
to the target and to the judge, on one base URL. Wall and CPU are those of `run.json`: first call to last record.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

from command import BENCH, PRIMUM, SCRIPT, WORK, Spent, last_json, spend
from figure import Figure
from peers import environment
from server import serving
from suite import write_suite

ITEMS = 2000


class Pass(NamedTuple):
    """One evaluation. CPU in ms a call, of the run and of the whole process; peak memory in MB; `ceiling` is the
    efficiency of the bare client right after it, `server` the share of its core that the server was busy."""

    efficiency: float
    items_a_second: float
    cpu_ms: float
    whole_cpu_ms: float
    peak_mb: float
    ceiling: float
    server: float


def evaluate(base_url: str, suite: Path, concurrency: int, out: Path) -> tuple[dict[str, dict[str, float]], Spent]:
    """`primum eval` with target and judge on one server; its `run.json`, and what the process cost."""
    shutil.rmtree(out, ignore_errors=True)
    judge = ["--judge", "openai/judge", "--base-url", base_url, "--concurrency", str(concurrency)]
    command = [*PRIMUM, "eval", "openai/target", "--suite", str(suite), *judge, "--out", str(out), "--json", "--quiet"]
    spent = spend(command, pinned=False, OPENAI_API_KEY="none")  # it may judge in a process of its own
    return json.loads((out / "run.json").read_text(encoding="utf-8")), spent


def one_pass(items: int, latency: float, concurrency: int, bare_calls: int | None = None) -> Pass:
    """One evaluation, and right after it calls by a client that does nothing else."""
    suite = write_suite(WORK / f"{items}.csv", items)
    with serving(latency) as server:
        before = server.cpu()
        run, spent = evaluate(server.base_url, suite, concurrency, WORK / "run-endpoint")
        after = server.cpu()
        calls, wall, cpu = run["usage"]["calls"], run["seconds"]["wall"], run["seconds"]["cpu"]
        many = bare_calls or int(calls)
        bare = float(spend([*SCRIPT["bare"], server.base_url, str(concurrency), str(many)]).printed)
    busy = (after - before) / wall if after is not None and before is not None else float("nan")
    return Pass(
        calls * latency / concurrency / wall,
        items / wall,
        cpu / calls * 1e3,
        spent.cpu / calls * 1e3,
        spent.peak_mb,
        many * latency / concurrency / bare,
        busy,
    )


def measure_efficiency() -> list[Figure]:
    """50 ms at 64 and 256 calls at once, three passes each."""
    figures = []
    for concurrency, goal in ((64, 0.92), (256, 0.75)):
        passes = [one_pass(ITEMS, 0.05, concurrency) for _ in range(3)]
        best = max(passes)
        each = tuple(one.efficiency for one in passes)
        note = f"best of 3; {best.items_a_second:,.0f} items/s; bare client {best.ceiling:.3f}; server {best.server:.0%} busy"
        name = f"{ITEMS:,} items, 50 ms, {concurrency} at once"
        figures.append(Figure(f"efficiency, {name}", best.efficiency, "", least=goal, each=each, note=note))
        cpu = tuple(one.cpu_ms for one in passes)
        whole = min(one.whole_cpu_ms for one in passes)
        note = f"whole run with the ledger; with start, estimates and page {whole:.2f}"
        figures.append(Figure(f"CPU a call, {name}", min(cpu), "ms", most=0.5, each=cpu, note=note))
    return figures


def measure_slow() -> list[Figure]:
    """500 ms at 64 calls at once, against a plain loop over the openai package (20 pairs, scaled up)."""
    one = one_pass(ITEMS, 0.5, 64, bare_calls=640)
    python, version = environment()
    with serving(0.5) as server:
        serial = last_json(spend([python, str(BENCH / "serial.py"), server.base_url, "20"]))
    rate = serial["pairs"] / serial["wall"]
    note = f"loop: {rate:.2f} items/s over {serial['pairs']} pairs of calls, openai {version['openai']}"
    return [
        Figure(f"efficiency, {ITEMS:,} items, 500 ms, 64 at once", one.efficiency, "", least=0.95, note="one pass"),
        Figure("throughput against a serial loop, 500 ms", one.items_a_second / rate, "x", least=60, note=note),
    ]
