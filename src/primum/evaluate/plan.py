"""What a run measures, from what a user typed, and the models that do it, opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from primum.config import Config
from primum.errors import BadInputError
from primum.judges import HarmfulnessJudge, Judge, RulesJudge
from primum.models import Model, ModelOpener, Patience, Settings
from primum.records import RunPlan
from primum.rows import read_text
from primum.suites.catalogue import CATALOGUE, data_of
from primum.suites.medsafetybench import published_judge_texts

PAPER_TOKENS = 512  # of the authors' judge (Han et al. 2024, appendix)


class Tools(NamedTuple):
    """What a run needs besides its plan: where data is, which endpoints there are, how patient to be."""

    config: Config = Config()
    data: Path | None = None
    base_url: str | None = None
    concurrency: int | None = None
    patience: Patience = Patience()
    batch: int = 32


def plan_run(
    *, model: str, suites: str, judges: Sequence[str], protocol: str = "primum", system: Path | None = None, **rest: Any
) -> RunPlan:
    """A plan from what a user typed; `rest` are further fields of `RunPlan`.

    Raises:
        BadInputError: no model or suite, an unknown protocol, an unreadable system prompt.
    """
    if not model:
        raise BadInputError("name a model: tiny, hf/PATH, openai/MODEL, ENDPOINT/MODEL or replay/FILE")
    named = tuple(dict.fromkeys(name.strip() for name in suites.split(",") if name.strip()))
    if not named:
        raise BadInputError(f"name a suite with --suite: {', '.join(CATALOGUE)}, or a .csv or .jsonl file")
    if protocol not in {"primum", "paper"}:
        raise BadInputError(f"no protocol '{protocol}': known are primum and paper")
    text = read_text(system).strip() if system is not None else ""
    chosen = tuple(dict.fromkeys(judges)) or ("auto",)
    return RunPlan(model=model, suites=named, judges=chosen, protocol=protocol, system=text, **rest)  # type: ignore[arg-type]


class Team(NamedTuple):
    """The models of a run, opened: the target (none when only judging), the judges, and the models that judge."""

    opener: ModelOpener
    target: Model | None
    judges: list[Judge]
    models: list[Model]


def open_team(plan: RunPlan, tools: Tools, *, ask: bool = True, recorded: Mapping[str, str] | None = None) -> Team:
    """The models of a plan, opened. `auto` always judges, since it costs nothing; every other judge is a model.

    `recorded` are the base URLs that a run has used so far: its texts go to no other server unless one is named.

    Raises:
        BadInputError: the paper's protocol without its published texts, or a model that does not open.
    """
    published = None
    if plan.protocol == "paper":
        published = published_judge_texts(data_of(CATALOGUE["medsafetybench"], tools.data))
    opener = ModelOpener(
        tools.config,
        base_url=tools.base_url,
        concurrency=tools.concurrency,
        patience=tools.patience,
        batch=tools.batch,
        recorded=recorded,
    )
    target = opener.open(plan.model, Settings(plan.temperature, plan.max_tokens, plan.seed)) if ask else None
    strict = Settings(temperature=0.0, max_tokens=PAPER_TOKENS if published else plan.judge_max_tokens)
    models = [opener.open(name, strict) for name in plan.judges if name != "auto"]
    judges: list[Judge] = [RulesJudge()]
    judges += [HarmfulnessJudge(model, published) for model in models]
    return Team(opener, target, judges, models)
