"""`python bench/estimate.py RUN` makes a run's estimates and prints a JSON object with the seconds without imports."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from primum.estimates import estimate_run

if __name__ == "__main__":
    run = Path(sys.argv[1])
    started = time.perf_counter()
    summary = estimate_run(run)
    seconds = time.perf_counter() - started
    (run / "estimates.json").write_text(summary.model_dump_json(), encoding="utf-8")
    print(json.dumps({"seconds": seconds, "estimates": len(summary.estimates), "scored": summary.scored}))
