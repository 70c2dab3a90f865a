"""The bundled model: batches in `primum eval` against transformers one request at a time, greedy, on one core."""

from __future__ import annotations

import json
import shutil

from command import PRIMUM, SCRIPT, WORK, last_json, spend
from figure import Figure

REQUESTS, TOKENS = 200, 64


def measure_local() -> list[Figure]:
    ours, theirs, same = [], [], []
    out = WORK / "run-local"
    limits = ["--limit", str(REQUESTS), "--max-tokens", str(TOKENS)]
    for _ in range(2):
        shutil.rmtree(out, ignore_errors=True)
        spend([*PRIMUM, "eval", "tiny", "--suite", "starter", *limits, "--out", str(out), "--json", "--quiet"])
        run = json.loads((out / "run.json").read_text(encoding="utf-8"))
        ours.append(REQUESTS / run["seconds"]["wall"])
        told = last_json(spend([*SCRIPT["one_by_one"], str(out), str(TOKENS)]))
        theirs.append(REQUESTS / told["wall"])
        same.append(told["same"])
    ratios = tuple(a / b for a, b in zip(ours, theirs, strict=True))
    note = f"{max(ours):.0f} against {max(theirs):.0f} requests/s, {TOKENS} tokens at most, rules and ledger included"
    return [
        Figure("bundled model against one at a time", max(ours) / max(theirs), "x", least=3, each=ratios, note=note),
        Figure("answers with the same greedy text", min(same), f"of {REQUESTS}", least=REQUESTS),
    ]
