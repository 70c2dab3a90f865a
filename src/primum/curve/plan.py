"""What a curve is to measure, from what a user typed: all that can be wrong is told before anything trains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from primum.align.evaluation import TRAINING
from primum.align.recipe import read_recipe
from primum.capability import read_names
from primum.capability.catalogue import is_file
from primum.curve.examples import Examples, count_usable, fingerprints, read_groups, shares_of
from primum.errors import BadInputError, MissingExtraError
from primum.models.local import local_name
from primum.records import Arm, CurvePlan, Group, RunPlan
from primum.suites.catalogue import read_suites

ALIGN = ("torch", "trl", "peft", "accelerate")
HARMFUL: dict[Group, str] = {"med": "medical", "gen": "general"}


class Cell(NamedTuple):
    """One model of a curve: the base, or an adapter trained on n examples."""

    arm: Arm
    n: int
    seed: int

    @property
    def name(self) -> str:
        """The cell's folder."""
        return "base" if self.arm == "base" else f"{self.arm}-{self.n}-{self.seed}"


class Planned(NamedTuple):
    """A plan, the examples of each group, and the recipe as it was named."""

    plan: CurvePlan
    examples: Examples
    recipe: str


def cells_of(plan: CurvePlan) -> list[Cell]:
    """The models of a curve in the order in which they are made: the base, then seed by seed, so that a curve that is
    stopped half way is whole for its first seeds."""
    trained = [
        Cell(arm, n, seed) for seed in range(plan.seeds) for n in plan.numbers for arm in arms_of(plan) if arm != "base"
    ]
    return [Cell("base", 0, 0), *trained]


def arms_of(plan: CurvePlan) -> tuple[Arm, ...]:
    """The arms of a curve, the base first."""
    return ("base", "med", "gen", "both") if "gen" in plan.data else ("base", "med")


def parse_numbers(text: str) -> tuple[int, ...]:
    """The n of a curve, in rising order.

    Raises:
        BadInputError: it is no list of different whole numbers from 1 on.

    >>> parse_numbers("400, 200")
    (200, 400)
    """
    parts = [part.strip() for part in text.split(",")]
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit()]
    if len(numbers) < len(parts) or 0 in numbers or len(set(numbers)) < len(numbers):
        raise BadInputError(f"--n '{text}' is no list of different numbers of examples, such as 200,400,600,800,900")
    return tuple(sorted(numbers))


def plan_curve(
    run: RunPlan, *, med: str, gen: str, benign: str, n: str, seeds: int, recipe: str, exam: str, folder: Path | None
) -> Planned:
    """A plan from what a user typed. `run` is what every model is asked.

    Raises:
        BadInputError: a model that cannot be trained, an unknown suite, recipe or exam, faulty data or too little of it.
        MissingExtraError: the packages for training, or for an exam, are not installed.
    """
    numbers, settings = parse_numbers(n), read_recipe(recipe, "sft")
    exams = read_names(exam) if exam else ()
    _check_model(run.model)
    _check_packages(bool(exams))
    _check_suites(run, folder)
    if benign and not settings.mix.get("benign"):
        raise BadInputError(
            f"the recipe '{settings.name}' wants no legitimate requests, so --benign would train nothing: leave it out, or "
            "name a recipe whose mix has benign"
        )
    sources, examples = read_groups(med, gen, benign, settings, folder)
    usable, left_out = count_usable(examples, settings, evaluation_files(run.suites, exams), folder)
    _check_numbers(numbers[-1], sources, usable, left_out)
    plan = CurvePlan(
        data=sources,
        data_sha256=fingerprints(examples),
        usable=usable,
        numbers=numbers,
        seeds=seeds,
        recipe=settings,
        run=run,
        exams=exams,
    )
    return Planned(plan, examples, recipe)


def evaluation_files(suites: tuple[str, ...], exams: tuple[str, ...]) -> tuple[str, ...]:
    """The files that a curve measures with: like the catalogue's suites they must share nothing with the training."""
    return tuple(dict.fromkeys(name for name in (*suites, *exams) if is_file(name)))


def short_of_benign(plan: CurvePlan) -> list[str]:
    """A sentence where the recipe wants more legitimate requests than there are."""
    most = max(shares_of(arm, plan.numbers[-1], plan.recipe, {})[1] for arm in arms_of(plan)[1:])
    there = plan.usable.get("benign", 0)
    if most <= there:
        return []
    return [
        f"the recipe wants up to {most} legitimate requests and there are {there}: from where they run out, over-refusal may "
        "rise for want of them"
    ]


def _check_model(name: str) -> None:
    local = local_name(name)
    if local is None or local[1]:
        raise BadInputError(f"--model is a base model in this process, tiny or hf/PATH, not '{name}'")


def _check_packages(exams: bool) -> None:
    if not all(find_spec(package) for package in ALIGN):
        raise MissingExtraError("a curve", "align")
    if exams and not find_spec("lm_eval"):
        raise MissingExtraError("an exam", "capability")


def _check_suites(run: RunPlan, folder: Path | None) -> None:
    training = [name for name in run.suites if name in TRAINING]
    if training:
        raise BadInputError(
            f"'{training[0]}' is for training, and a curve measures with other requests: name another suite"
        )
    next(read_suites(run.suites, folder, run.limit, run.seed))


def _check_numbers(
    n: int, sources: Mapping[Group, str], usable: Mapping[Group, int], left_out: Counter[tuple[Group, str]]
) -> None:
    for group, word in HARMFUL.items():
        if group in sources and usable.get(group, 0) < n:
            gone = ", ".join(f"{count} {reason}" for (of, reason), count in left_out.items() if of == group)
            raise BadInputError(
                f"--n goes to {n}, and {sources[group]} has {usable.get(group, 0)} harmful {word} requests that may train"
                + (f" (left out: {gone})" if gone else "")
                + ": name smaller numbers, or more data"
            )
