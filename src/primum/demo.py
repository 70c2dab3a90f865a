"""What `primum demo` does: the whole loop on the bundled model, offline.

    measure the base -> train (SFT; and DPO, from the base) -> measure again -> exam -> gate -> report

Every part lies in one folder, as the commands would have left it. What is done already is not done again.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from primum.align.chosen import Job
from primum.align.job import align
from primum.capability import measure_exams
from primum.compare import compare_runs
from primum.evaluate import Tools, carry_out, resume_run, start_run
from primum.gate import gate_runs, read_policy
from primum.gate.written import write_gate
from primum.ledger import read_exams, read_run
from primum.records import Gate, RunPlan
from primum.report import read_summary, write_report

SUITE, TRAINING, EXAM, POLICY, RECIPE = "starter", "starter-train-tiny", "starter-exam", "wiring", "tiny"
NUMBERS = ("refusal_rate", "over_refusal_rate", "degenerate_rate")
Say = Callable[[str], None]


class Arm(NamedTuple):
    """One model of the demo: its run, and what came of it by name (value, low, high)."""

    name: str
    run: Path
    numbers: dict[str, tuple[float | None, float | None, float | None]]


class Demo(NamedTuple):
    """What came of the demo: the base, the two adapters, the gate on each, and the page of base and SFT."""

    base: Arm
    sft: Arm
    dpo: Arm
    gates: dict[str, Gate]
    report: Path


def run_demo(out: Path | None, seed: int, say: Say = lambda line: None) -> Demo:
    """Measure the bundled model, align it twice, measure both, gate both. `say` hears what is being done.

    Raises:
        MissingExtraError: the extras `align` and `capability` are not there.
    """
    folder = out or _folder()
    say("1 measuring the base")
    base = _measure("tiny", folder / "base", seed)
    say("2 supervised fine-tuning on demonstrations")
    align(Job("sft", "tiny", (TRAINING,), folder / "sft-adapter", recipe=RECIPE, seed=seed))
    say("3 preference optimisation, from the base: its own answers to harmful requests are what is rejected")
    own = _ask("tiny", TRAINING, folder / "own-answers", seed)
    align(Job("dpo", "tiny", (TRAINING,), folder / "dpo-adapter", recipe=RECIPE, rejected=own, seed=seed))
    say("4 measuring again, on requests that share no family with the training")
    sft, dpo = (_measure(f"tiny+{folder / name}-adapter", folder / name, seed) for name in ("sft", "dpo"))
    say("5 the gate")
    gates = {arm.name: _gate(base, arm) for arm in (sft, dpo)}
    comparison = compare_runs(base.run, sft.run)
    page = folder / "report.html"
    write_report([base.run, sft.run], "html", page, False, comparison=comparison)
    return Demo(base, sft, dpo, gates, page)


def _measure(model: str, run: Path, seed: int) -> Arm:
    _ask(model, SUITE, run, seed)
    if not any(exam.name == EXAM for exam, _ in read_exams(run)):
        measure_exams(model, (EXAM,), out=run)
    raw = {e.name: e for e in read_summary(run).raw if not e.group and e.name in NUMBERS}
    numbers = {name: (raw[name].value, raw[name].low, raw[name].high) for name in NUMBERS if name in raw}
    exam = next(exam for exam, _ in read_exams(run) if exam.name == EXAM)
    return Arm(run.name, run, {**numbers, EXAM: (exam.accuracy, exam.low, exam.high)})


def _ask(model: str, suite: str, run: Path, seed: int) -> Path:
    """The run, carried out, or gone on with where it was stopped."""
    if not (run / "run.json").exists() or not read_run(run).items_sha256:
        shutil.rmtree(run, ignore_errors=True)  # stopped before anything was asked
        plan = RunPlan(model=model, suites=(suite,), judges=("auto",), max_tokens=64, seed=seed)
        carry_out(start_run(plan, Tools(), run))
    elif read_run(run).state != "done":
        carry_out(resume_run(run, Tools()))
    if not (run / "report.html").exists():
        write_report([run], "html", None, False)
    return run


def _gate(base: Arm, arm: Arm) -> Gate:
    told = gate_runs(
        base.run, arm.run, read_policy(POLICY), datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    )
    write_gate(told, arm.run, None)
    return told


def _folder() -> Path:
    """`runs/<day>-demo[-2]`: never one that is taken."""
    base = Path("runs") / f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}-demo"
    path, number = base, 2
    while path.exists():
        path, number = Path(f"{base}-{number}"), number + 1
    return path
