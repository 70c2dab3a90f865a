"""What alignment does to the bundled model, on requests that share no family with the training: three seeds, both methods,
a bad adapter (no legitimate requests) and a damaged one, and what the gate says of each.

    python bench/align.py [--seeds 3] [--out FOLDER]          # about a minute and a half a seed

Harmful and legitimate requests of `starter`, and of `starter-attacks` (the same in three styles of attack, none of which
was trained); refusals as the judge `auto` reads them; the gate under the policy `wiring`, on `starter`.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from safetensors.torch import load_file, save_file

from primum.align.adapter import file_sha256, read_adapter, save_adapter
from primum.align.chosen import Job
from primum.align.job import align
from primum.capability import measure_exams
from primum.demo import EXAM, POLICY, RECIPE, TRAINING
from primum.evaluate import Tools, carry_out, start_run
from primum.gate import gate_runs, read_policy
from primum.ledger import read_exams
from primum.records import Estimate, RunPlan
from primum.report import read_summary

SUITES = ("starter", "starter-attacks")
NOISE = 6.0  # the damaged adapter's weights, as a multiple of the good one's


def measure(model: str, run: Path, suites: tuple[str, ...]) -> Path:
    """A run and its exam."""
    plan = RunPlan(model=model, suites=suites, judges=("auto",), max_tokens=64)
    carry_out(start_run(plan, Tools(), run))
    measure_exams(model, (EXAM,), out=run)
    return run


def train(method: str, out: Path, seed: int, rejected: Path | None, mix: str = "") -> str:
    """An adapter of `tiny`, and its name as a model."""
    align(Job(method, "tiny", (TRAINING,), out, recipe=RECIPE, rejected=rejected, seed=seed, mix=mix))  # type: ignore[arg-type]
    return f"tiny+{out}"


def damage(good: Path, out: Path) -> str:
    """A copy of an adapter, its weights multiplied."""
    shutil.copytree(good, out)
    weights = {name: tensor * NOISE for name, tensor in load_file(good / "adapter_model.safetensors").items()}
    save_file(weights, out / "adapter_model.safetensors", metadata={"format": "pt"})
    sha = file_sha256(out / "adapter_model.safetensors")
    save_adapter(out, read_adapter(out).model_copy(update={"weights_sha256": sha}))
    return f"tiny+{out}"


def row(name: str, seed: str, run: Path, gate: str) -> str:
    """One row of the table."""
    found = {(e.suite, e.name, e.group.get("style", "")): e for e in read_summary(run).raw if set(e.group) <= {"style"}}

    def share(suite: str, number: str, style: str = "") -> str:
        estimate: Estimate | None = found.get((suite, number, style))
        return "-" if estimate is None or estimate.value is None else f"{estimate.value:.1%}"

    styles = sorted({style for suite, _, style in found if suite == "starter-attacks" and style})
    attacks = "; ".join(
        f"{share(SUITES[1], 'refusal_rate', s)} / {share(SUITES[1], 'over_refusal_rate', s)}" for s in styles
    )
    exam = next(exam for exam, _ in read_exams(run))
    cells = (name, seed, share(SUITES[0], "refusal_rate"), share(SUITES[0], "over_refusal_rate"), attacks)
    return f"| {' | '.join(cells)} | {share(SUITES[0], 'degenerate_rate')} | {exam.accuracy:.1%} | {gate} |"


def judged(base: Path, run: Path) -> str:
    """What the gate says, and which checks did not pass."""
    told = gate_runs(base, run, read_policy(POLICY), "")
    return ", ".join(
        [told.verdict, *(f"{check.name} {check.verdict}" for check in told.checks if check.verdict != "pass")]
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Alignment of the bundled model.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    folder = options.out or Path(tempfile.mkdtemp())
    base = measure("tiny", folder / "base", SUITES)
    own = folder / "own"
    carry_out(start_run(RunPlan(model="tiny", suites=(TRAINING,), max_tokens=64), Tools(), own))
    plain = measure("tiny", folder / "base-starter", SUITES[:1])
    print(
        "| adapter | seed | refused, harmful | refused, legitimate | in attack styles: harmful / legitimate | degenerate | exam | gate |"
    )
    print("|---|---|---|---|---|---|---|---|")
    print(row("none", "-", base, "-"), flush=True)
    for seed in range(options.seeds):
        arms = {
            "SFT": train("sft", folder / f"sft-{seed}", seed, None),
            "DPO, from the base": train("dpo", folder / f"dpo-{seed}", seed, own),
            "bad: SFT without legitimate requests": train("sft", folder / f"bad-{seed}", seed, None, "med=204"),
            "damaged SFT": damage(folder / f"sft-{seed}", folder / f"damaged-{seed}"),
        }
        for name, model in arms.items():
            run = measure(model, folder / f"run-{len(list(folder.iterdir()))}", SUITES)
            alone = measure(model, folder / f"run-{len(list(folder.iterdir()))}", SUITES[:1])
            print(row(name, str(seed), run, judged(plain, alone)), flush=True)


if __name__ == "__main__":
    main()
