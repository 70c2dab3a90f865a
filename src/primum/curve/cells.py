"""One model of a curve: trained, asked, examined. What is done is not done again."""

from __future__ import annotations

import gc
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from primum.align.chosen import Job
from primum.align.job import Heard, align
from primum.align.recipe import read_recipe
from primum.capability import measure_exams
from primum.capability.catalogue import is_file
from primum.curve.examples import group_file, shares_of
from primum.curve.plan import Cell, Planned, evaluation_files
from primum.errors import BadInputError
from primum.evaluate import Tools, Watch, carry_out, resume_run, start_run
from primum.ledger import check_run, file_sha256, read_exams, read_run
from primum.models.adapter import ADAPTER, base_sha256, check_adapter, read_adapter
from primum.models.local import local_name
from primum.records import CurvePlan, RunPlan


class Told(NamedTuple):
    """What hears of a curve's progress: sentences, the steps of a training, and a run's questions."""

    say: Callable[[str], None]
    training: Callable[[], AbstractContextManager[Heard]]
    asking: Watch


def run_of(out: Path, cell: Cell) -> Path:
    """The folder of a cell's run."""
    return out / cell.name / "run"


def train_cell(cell: Cell, planned: Planned, out: Path, folder: Path | None, told: Told) -> str:
    """The name of a cell's model: of the base, or of the base with an adapter, trained if it is not there yet.

    Raises:
        BadInputError: the adapter is another cell's, it or the recipe's file was changed, or the examples cannot train.
        StoppedError: stopped from outside; called again it goes on.
    """
    plan, base = planned.plan, planned.plan.run.model
    if cell.arm == "base":
        return base
    adapter = out / cell.name / "adapter"
    if not (adapter / ADAPTER).exists():
        shutil.rmtree(adapter, ignore_errors=True)  # killed before it said what it is
    amounts = shares_of(cell.arm, cell.n, plan.recipe, plan.usable)[0]
    if (adapter / ADAPTER).exists() and read_adapter(adapter).state == "done":
        _check_cell(adapter, cell, plan, {group_file(out, group): amount for group, amount in amounts.items()})
        return f"{base}+{adapter}"
    if read_recipe(planned.recipe, "sft") != plan.recipe:
        raise BadInputError(f"the recipe {planned.recipe} was changed while the curve was made: put it back")
    job = Job(
        "sft",
        base,
        tuple(str(group_file(out, group)) for group in amounts),
        adapter,
        recipe=planned.recipe,
        mix=",".join(f"{group}={amount}" for group, amount in amounts.items()),
        against=evaluation_files(plan.run.suites, plan.exams),
        seed=cell.seed,
        folder=folder,
    )
    with told.training() as heard:
        align(job, heard)
    _let_go()
    return f"{base}+{adapter}"


def _check_cell(path: Path, cell: Cell, plan: CurvePlan, files: Mapping[Path, int]) -> None:
    """See that a finished adapter is the one of this cell; `files` are its examples' and how many of each train.

    Raises:
        BadInputError: it was changed, or made otherwise.
    """
    adapter, local = check_adapter(path), local_name(plan.run.model)
    longest = adapter.left_out.get("truncated", 0)  # chosen for the mixture, and left out by the training
    fits = {
        "recipe": adapter.recipe == plan.recipe,
        "seed": adapter.seed == cell.seed,
        "data": sorted(adapter.data.values()) == sorted(file_sha256(file) for file in files),
        "number of examples": sum(adapter.examples.values()) + longest == sum(files.values()),
        "base": local is not None and adapter.base_sha256 == _base_sha256(local[0]),
    }
    differing = [name for name, same in fits.items() if not same]
    if differing:
        raise BadInputError(
            f"{path} holds an adapter that was not made for this cell (its {differing[0]} differs): remove {path.parent}, and "
            "the same command makes it anew"
        )


@cache
def _base_sha256(base: str) -> str:
    """The hash of a curve's base: read once, and not again for every cell."""
    return base_sha256(base)


def ask_cell(path: Path, plan: RunPlan, tools: Tools, told: Told) -> None:
    """Carry a cell's run out, or what is left of it.

    Raises:
        BadInputError: a suite, model or judge does not open, a file of the run was changed, or it is of another cell.
        StoppedError: stopped from outside; called again it goes on.
    """
    if not (path / "run.json").exists() or not read_run(path).items_sha256:
        shutil.rmtree(path, ignore_errors=True)  # killed before anything was asked
        evaluation = start_run(plan, tools, path)
    else:
        _check_run(path, plan)
        if read_run(path).state == "done":
            return
        evaluation = resume_run(path, tools)
    carry_out(evaluation, told.asking)
    del evaluation
    _let_go()


def _check_run(path: Path, plan: RunPlan) -> None:
    """See that a run is the one of this cell. An adapter is told by the hash of its weights and not by its path, which is
    another where the curve's folder is named otherwise.

    Raises:
        BadInputError: it is of another model, or was asked something else.
    """
    run, local = check_run(path), local_name(plan.model)
    same = run.plan.model == plan.model
    if local is not None and local[1] and run.state == "done":
        adapter = read_adapter(Path(local[1]))
        base = plan.model.removesuffix(local[1])
        same = run.plan.model.startswith(base) and adapter.weights_sha256 in run.versions.values()
    if not same or run.plan.model_copy(update={"model": plan.model}) != plan:
        raise BadInputError(
            f"{path} is a run of {run.plan.model} with another plan, or of another adapter: remove {path}, and the same command "
            "makes it anew"
        )


def examine_cell(path: Path, exams: tuple[str, ...], tools: Tools) -> None:
    """Let a cell's model sit the exams that its run does not have yet.

    Raises:
        BadInputError: an exam's data is missing or faulty.
        StoppedError: stopped from outside; called again it goes on.
    """
    there = {exam.name for exam, _ in read_exams(path)}
    left = tuple(name for name in exams if (Path(name).stem if is_file(name) else name) not in there)
    if left:
        measure_exams(read_run(path).plan.model, left, data=tools.data, batch=tools.batch, out=path)
        _let_go()


def _let_go() -> None:
    """Free the memory of a model that is done with: its trainer holds it in a circle."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
