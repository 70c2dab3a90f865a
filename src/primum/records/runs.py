"""A run: what it measures, where it stands, and the ids of what is in it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from primum.records.base import Record, content_id
from primum.records.items import Item, Kind
from primum.records.responses import Response


class RunPlan(Record):
    """All that decides what a run measures; a resumed run must have the same."""

    model: str
    suites: tuple[str, ...]
    judges: tuple[str, ...] = ("auto",)
    protocol: Literal["primum", "paper"] = "primum"
    system: str = ""
    temperature: float = 0.0
    max_tokens: int = 512
    judge_max_tokens: int = 1024
    samples: int = 1
    retest: float = Field(default=0.05, ge=0, le=1)
    seed: int = Field(default=0, ge=0)
    limit: int | None = None
    until: str = ""

    def generation(self) -> list[Any]:
        """The settings that take part in a response's id."""
        seed = self.seed if self.temperature > 0 else 0
        return [self.system, self.temperature, self.max_tokens, seed]


class Run(Record):
    """`run.json`: the plan, how it was carried out, and where it stands. `deciders` are the judges whose marks answer
    `--until`: those that were named when the run began. `labels` are the files of people's labels, with their hashes.
    `evaluators` tell of each trained evaluator what it is worth, and `taught` which items it was trained on."""

    schema_version: Literal[1] = 1
    id: str
    plan: RunPlan
    state: Literal["running", "stopped", "done"] = "running"
    items: int = 0
    kinds: tuple[Kind, ...] = ()
    deciders: tuple[str, ...] = ()
    items_sha256: str = ""
    responses_sha256: str = ""
    created: str = ""
    finished: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    endpoints: dict[str, str] = Field(default_factory=dict)
    prompts: dict[str, str] = Field(default_factory=dict)
    evaluators: dict[str, str] = Field(default_factory=dict)
    taught: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    data: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    usage: dict[str, int] = Field(default_factory=dict)
    seconds: dict[str, float] = Field(default_factory=dict)


PAPER = " (paper)"  # ends the name of a judge that judges in a paper's published form


def response_id(item: Item, plan: RunPlan, sample: int) -> str:
    """`Response.id`: item id and content, model, generation settings, sample number."""
    return content_id(item.id, item.sha256, plan.model, plan.generation(), sample)


def verdict_id(response: Response, judge: str, prompt_sha256: str, repeat: int = 0) -> str:
    """`Verdict.id`: response id and text, judge, prompt hash; and which repetition it is, if it is one."""
    withheld = response.failure.kind.value if response.failure else ""
    repeated = (repeat,) if repeat else ()
    return content_id(response.id, response.text, withheld, judge, prompt_sha256, *repeated)
