"""The same work in Inspect AI, on the same server, one after the other; and the environment that both peers need.

Inspect AI and the openai package live in an environment of their own under `.bench/inspect`, made at first use.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

from command import BENCH, WORK, last_json, spend
from figure import Figure
from server import serving
from suite import write_suite

SAMPLES, LATENCY = 500, 0.05
VERSIONS = (
    "import json, importlib.metadata as m; print(json.dumps({n: m.version(n) for n in ('inspect-ai', 'openai')}))"
)


@cache
def environment() -> tuple[str, dict[str, str]]:
    """The interpreter of the peers' environment, and the versions of Inspect AI and openai in it."""
    python = WORK / "inspect" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "inspect-ai", "openai"], check=True)
    told = subprocess.run([str(python), "-c", VERSIONS], check=True, capture_output=True, text=True).stdout
    return str(python), json.loads(told)


def measure_peer() -> list[Figure]:
    """Items a second at 64 and 256 calls at once, two pairs of passes each; the best of each side counts.

    With 64 at once no client can do more than 64 / (2 x 50 ms) = 640 items/s, so a goal may be out of reach there.
    """
    figures = []
    with serving(LATENCY) as server:
        for concurrency, goal in ((64, 10.0), (256, None)):
            ours, theirs = zip(*(pair(server.base_url, concurrency) for _ in range(2)), strict=True)
            ratios = tuple(a / b for a, b in zip(ours, theirs, strict=True))
            most = concurrency / 2 / LATENCY
            note = f"{max(ours):.0f} against {max(theirs):.1f} items/s; {most:.0f} are possible; Inspect AI {environment()[1]['inspect-ai']}"
            name = f"throughput against Inspect AI, {SAMPLES} items, 50 ms, {concurrency} at once"
            figures.append(Figure(name, max(ours) / max(theirs), "x", least=goal, each=ratios, note=note))
    return figures


def pair(base_url: str, concurrency: int) -> tuple[float, float]:
    """Items a second of Primum, then of Inspect AI."""
    from endpoint import evaluate

    suite = write_suite(WORK / f"{SAMPLES}.csv", SAMPLES)
    python, _ = environment()
    run, _spent = evaluate(base_url, suite, concurrency, WORK / "run-peer")
    arguments = [base_url, str(suite), str(concurrency), str(WORK / "inspect-logs")]
    told = last_json(spend([python, str(BENCH / "inspect_task.py"), *arguments]))
    if told["scored"] != SAMPLES:
        raise RuntimeError(f"Inspect AI scored {told['scored']} of {SAMPLES} samples")
    return SAMPLES / run["seconds"]["wall"], SAMPLES / told["wall"]
