"""What a run measures, from what a user typed, and the models that do it, opened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from primum.config import Config
from primum.errors import BadInputError
from primum.estimates.question import read_question
from primum.evaluator.judge import PREFIX, EvaluatorJudge, bundled_reader
from primum.judges import (
    GeneralHarmJudge,
    HarmfulnessJudge,
    Judge,
    MedesJudge,
    MedEthicEvalJudge,
    MustHaveJudge,
    RecordedJudge,
    RulesJudge,
)
from primum.judges.rules import NAME
from primum.models import Model, ModelOpener, Patience, Settings
from primum.records import Kind, RunPlan
from primum.rows import read_text
from primum.suites.catalogue import CATALOGUE, data_of
from primum.suites.medsafetybench import FOLDER, published_judge_texts

REPLAY = "replay/"


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
        BadInputError: no model or suite, an unknown protocol, an unreadable system prompt, an `until` that asks nothing.
    """
    if not model:
        raise BadInputError("name a model: tiny, hf/PATH, openai/MODEL, ENDPOINT/MODEL or replay/FILE")
    named = tuple(dict.fromkeys(name.strip() for name in suites.split(",") if name.strip()))
    if not named:
        raise BadInputError(f"name a suite with --suite: {', '.join(CATALOGUE)}, or a .csv or .jsonl file")
    check_protocol(protocol)
    if rest.get("until"):
        read_question(rest["until"])
    text = read_text(system).strip() if system is not None else ""
    chosen = tuple(dict.fromkeys(judges)) or ("auto",)
    return RunPlan(model=model, suites=named, judges=chosen, protocol=protocol, system=text, **rest)  # type: ignore[arg-type]


def check_protocol(name: str) -> str:
    """The name of a protocol.

    Raises:
        BadInputError: there is none of that name.
    """
    if name not in {"primum", "paper"}:
        raise BadInputError(f"no protocol '{name}': known are primum and paper")
    return name


class Team(NamedTuple):
    """The models of a run, opened: the target (none when only judging), the judges, and the models that judge; `evaluators`
    tells of each trained evaluator what it is worth."""

    opener: ModelOpener
    target: Model | None
    judges: list[Judge]
    models: list[Model]
    evaluators: dict[str, str]


def open_team(
    plan: RunPlan,
    tools: Tools,
    *,
    kinds: Collection[Kind] = tuple(Kind),
    ask: bool = True,
    recorded: Mapping[str, str] | None = None,
) -> Team:
    """The models of a plan, opened, and its judges: those that judge any of `kinds`.

    `auto` always judges, since it costs nothing; `replay/FILE` is a recording of verdicts, `evaluator/DIR` a trained
    evaluator; every other judge is a model.
    `recorded` are the base URLs that a run has used so far: its texts go to no other server unless one is named.

    Raises:
        BadInputError: the paper's protocol without its published texts, or a model that does not open.
    """
    published = None
    if plan.protocol == "paper" and Kind.HARMFUL in kinds:
        published = published_judge_texts(data_of(CATALOGUE["medsafetybench"], tools.data) / FOLDER)
    opener = ModelOpener(
        tools.config,
        base_url=tools.base_url,
        concurrency=tools.concurrency,
        patience=tools.patience,
        batch=tools.batch,
        recorded=recorded,
    )
    target = opener.open(plan.model, Settings(plan.temperature, plan.max_tokens, plan.seed)) if ask else None
    strict = Settings(temperature=0.0, max_tokens=plan.judge_max_tokens)
    models = [opener.open(name, strict) for name in plan.judges if is_model(name)]
    reader = bundled_reader()
    evaluators = [EvaluatorJudge(name) for name in plan.judges if name.startswith(PREFIX)]
    judges: list[Judge] = [RulesJudge(reader), *evaluators]
    judges += [RecordedJudge(name.removeprefix(REPLAY)) for name in plan.judges if name.startswith(REPLAY)]
    for model in models:
        judges += _judges_of(model, plan, published)
    worth = {NAME: reader.worth} | {judge.name: judge.worth for judge in evaluators}
    return Team(opener, target, [judge for judge in judges if set(judge.criteria) & set(kinds)], models, worth)


def is_model(judge: str) -> bool:
    """True for the name of a judge that is a language model."""
    return judge != "auto" and not judge.startswith((REPLAY, PREFIX))


def _judges_of(model: Model, plan: RunPlan, published: tuple[str, str] | None) -> list[Judge]:
    """What one model judges: every rubric that there is, each for its own kinds of item."""
    return [
        HarmfulnessJudge(model, published),
        GeneralHarmJudge(model),
        MedesJudge(model, paper=plan.protocol == "paper"),
        MedEthicEvalJudge(model),
        MustHaveJudge(model),
    ]
