"""The experiment of the papers: harm, over-refusal and ability against the number of training examples."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from primum.records.alignment import Group, Recipe
from primum.records.base import Record
from primum.records.runs import RunPlan

Arm = Literal["base", "med", "gen", "both"]
"""A mixture: the model as it is, medical demonstrations, general ones, or n of each (Han et al. 2024, section 4)."""


class CurvePlan(Record):
    """All that decides a curve. `data` names where the examples of each group are from, `data_sha256` hashes them, `usable`
    counts those that stand in no evaluation set; `numbers` are the n, seeds are 0 to `seeds` - 1; `run` is what every model
    is asked, and names the base."""

    data: dict[Group, str]
    data_sha256: dict[Group, str]
    usable: dict[Group, int]
    numbers: tuple[int, ...]
    seeds: int = Field(ge=1)
    recipe: Recipe
    run: RunPlan
    exams: tuple[str, ...] = ()


class SeedValue(Record):
    """A number of one model, as its run or its exam has it: `n` answers were scored, `unscored` were not."""

    seed: int
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    unscored: int = 0
    method: str = ""


class Point(Record):
    """A number of one arm at one n: the mean over its seeds with a 95% interval, and the seeds' own. An exam stands under its
    own name as suite, with the judge `exam`."""

    arm: Arm
    n: int
    suite: str
    judge: str
    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    method: str = ""
    seeds: tuple[SeedValue, ...]


class Curve(Record):
    """`curve.json` in a curve's folder. `leads` are suite, judge and name of the number that stands for harm, over-refusal
    and ability; `failed` is the share of answers that failed, by cell."""

    schema_version: Literal[1] = 1
    plan: CurvePlan
    state: Literal["running", "done"] = "running"
    points: tuple[Point, ...] = ()
    leads: dict[str, tuple[str, str, str]] = Field(default_factory=dict)
    failed: dict[str, float] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    created: str = ""
    finished: str = ""
