"""What `primum demo` does: the bundled tiny model on the bundled starter suite."""

from __future__ import annotations

from pathlib import Path

from primum.evaluate import Evaluation, Tools, start_run
from primum.records import RunPlan


def start_demo(out: Path | None, seed: int) -> Evaluation:
    """The run of the demo, ready to be carried out: offline, judged by rules alone."""
    plan = RunPlan(model="tiny", suites=("starter",), judges=("auto",), max_tokens=64, seed=seed)
    return start_run(plan, Tools(), out)
