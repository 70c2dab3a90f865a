"""The main job: suites x model x judges -> a run."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import functools
import gc
import importlib.metadata
import platform
import resource
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import primum
from primum.errors import BadInputError, StoppedError
from primum.estimates import estimate_run
from primum.estimates.question import settle_question
from primum.evaluate.plan import Team, Tools, check_protocol, open_team, plan_run
from primum.evaluate.until import Until, find_deciders
from primum.evaluate.work import Progress, Work
from primum.evaluator.judge import EvaluatorJudge
from primum.judges import Judge
from primum.ledger import (
    ADDED,
    FILES,
    REPLACED,
    Ledger,
    check_run,
    create_run,
    file_sha256,
    open_run,
    read_records,
    read_run,
)
from primum.records import Item, Kind, Response, Run, RunPlan, Summary, content_id
from primum.suites.catalogue import CATALOGUE, missing_parts, open_suite, read_suites, source_of

__all__ = [
    "Evaluation",
    "Progress",
    "Tools",
    "Watch",
    "carry_out",
    "judge_again",
    "plan_run",
    "resume_run",
    "start_run",
]

Watch = Callable[[Progress], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def _unwatched(progress: Progress) -> Iterator[None]:
    yield


class Evaluation(NamedTuple):
    """A run folder and the models that will fill it."""

    ledger: Ledger
    team: Team


def start_run(plan: RunPlan, tools: Tools, out: Path | None = None) -> Evaluation:
    """A new run folder with its items, ready for `carry_out`. Nothing is made before all of the plan can be opened.

    Raises:
        BadInputError: a suite is unknown or its data is missing or faulty, a model or judge does not open, `--until` asks
            what this run cannot tell, or the folder is taken.
    """
    for name in plan.suites:
        open_suite(name, tools.data)
    read = functools.partial(read_suites, plan.suites, tools.data, plan.limit, plan.seed)
    question = settle_question(plan, read()) if plan.until else None
    team = open_team(plan, tools, kinds=_kinds_of(plan, tools))
    deciders = find_deciders(question, team.judges) if question is not None else ()
    items = read()
    first = next(items)  # a faulty suite is told of before a folder is made
    created = datetime.datetime.now(datetime.UTC)
    run = Run(
        id=content_id(plan.model_dump(mode="json"), created.isoformat())[:12],
        plan=plan,
        deciders=deciders,
        created=created.isoformat(timespec="seconds"),
        versions=_versions(),
        data={
            name: source_of(name, tools.data) if name in CATALOGUE else file_sha256(Path(name)) for name in plan.suites
        },
        notes=tuple(missing_parts(plan.suites, tools.data)),
    )
    ledger = create_run(out or _default_folder(plan, created), run)
    try:
        count, kinds = _write_items(ledger, first, items)
        ledger.save(items=count, kinds=kinds, items_sha256=file_sha256(ledger.path / "items.jsonl"))
    except StoppedError as error:
        ledger.close()
        raise StoppedError(
            f"the items could not be written to {ledger.path}: make room, remove that folder and start again"
        ) from error
    except BaseException:
        ledger.close()
        raise
    return Evaluation(ledger, team)


def resume_run(path: Path, tools: Tools, model: str | None = None, suites: str | None = None) -> Evaluation:
    """A run, locked, to go on with: what is not recorded, and what failed. Its plan is its own.

    Raises:
        BadInputError: a model or suites are named that are not the run's, its files or its adapter were changed, or its
            endpoint is now another server.
    """
    run = check_run(path)
    plan = run.plan
    check_same(path, plan, model, suites)
    team = open_team(plan, tools, kinds=run.kinds or tuple(Kind), recorded=run.endpoints)
    _check_adapters(path, run, team)
    ledger = open_run(path)
    if ledger.run.state == "running":  # and nobody holds its lock: killed
        ledger.save(notes=(*ledger.run.notes, "a pass was killed: its calls, tokens and seconds are not counted"))
    return Evaluation(ledger, team)


def check_same(path: Path, plan: RunPlan, model: str | None, suites: str | None) -> None:
    """See that what a user names is the run's own.

    Raises:
        BadInputError: it is not.
    """
    for what, asked, own in (("model", model, plan.model), ("suites", suites, ",".join(plan.suites))):
        if asked is not None and asked != own:
            raise BadInputError(f"{path} is a run with {what} {own}, not {asked}: leave it out, or start a new run")


def carry_out(evaluation: Evaluation, watch: Watch = _unwatched) -> Summary:
    """Ask and judge all that is not recorded yet, then estimate. Closes the ledger, whatever happens.

    Raises:
        StoppedError: stopped from outside; what was recorded stays and `--resume` goes on.
    """
    ledger, team = evaluation
    with ledger:
        ledger.save(responses_sha256="")
        try:
            asyncio.run(_carry_out(ledger, team, watch))
        except BaseException:
            ledger.save(state="stopped")
            raise
        return finish(ledger)


def judge_again(
    path: Path,
    judges: tuple[str, ...],
    tools: Tools,
    watch: Watch = _unwatched,
    out: Path | None = None,
    protocol: str = "",
) -> Summary:
    """Judge a run's recorded responses by more judges; its items and responses do not change.

    With `out` the records are copied there first and the copy is judged. `protocol` is the judges' form (default: that of
    the run); verdicts in the paper's form stand beside those in Primum's. A judge that cannot work leaves the run as it
    was.

    Raises:
        BadInputError: the run has no responses, its files were changed, or a judge cannot be opened.
        StoppedError: stopped from outside; the verdicts recorded so far stay.
    """
    run = check_run(path)
    if next(read_records(path, Response), None) is None:
        raise BadInputError(f"{path} has no recorded responses to judge")
    form = check_protocol(protocol or run.plan.protocol)
    plan, kinds = run.plan.model_copy(update={"judges": judges, "protocol": form}), run.kinds or tuple(Kind)
    team = open_team(plan, tools, kinds=kinds, ask=False, recorded=run.endpoints)
    _check_adapters(path, run, team)
    if out is not None:
        path = _copy_run(path, out)
    with open_run(path) as ledger:
        run = ledger.run
        try:
            asyncio.run(_carry_out(ledger, team, watch))
        except BaseException:
            before = ("state", "prompts", "endpoints", "evaluators", "versions")
            ledger.save(**{name: getattr(run, name) for name in before})
            raise
        ledger.save(plan=run.plan.model_copy(update={"judges": tuple(dict.fromkeys((*run.plan.judges, *judges)))}))
        return finish(ledger, whole=run.state == "done")


def _copy_run(path: Path, out: Path) -> Path:
    try:
        create_run(out, read_run(path)).close()
        for name in (FILES | REPLACED | ADDED).values():
            if (path / name).exists():
                shutil.copyfile(path / name, out / name)
    except (OSError, StoppedError) as error:
        raise StoppedError(f"could not copy {path} to {out}: make room, remove {out} and try again") from error
    return out


def finish(ledger: Ledger, *, whole: bool = True) -> Summary:
    """Write the estimates, and mark the run as done if it is whole: all of it asked."""
    ledger.sync()
    summary = estimate_run(ledger.path)
    ledger.write_text("estimates.json", summary.model_dump_json(indent=1) + "\n")
    if whole:
        finished = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        sha = file_sha256(ledger.path / "responses.jsonl")
        ledger.save(state="done", finished=finished, responses_sha256=sha)
    else:
        ledger.save(state="stopped")
    return summary


async def _carry_out(ledger: Ledger, team: Team, watch: Watch) -> None:
    kinds = set(ledger.run.kinds or Kind)
    judges = [judge for judge in team.judges if kinds & set(judge.criteria)]
    prompts = {f"{judge.name}: {name}": sha for judge in judges for name, sha in judge.prompts.items()}
    ledger.save(
        state="running",
        endpoints=ledger.run.endpoints | team.opener.base_urls(),
        prompts=ledger.run.prompts | prompts,
        evaluators=ledger.run.evaluators | team.evaluators,
        versions=ledger.run.versions | team.opener.adapters(),
        taught=ledger.run.taught | _taught(ledger.path, judges),
    )
    used = [model for model in (team.target, *team.models) if model is not None]
    until = Until(ledger) if ledger.run.plan.until and team.target is not None else None
    work = Work(ledger, team.target, judges, until=until)
    started, cpu = time.perf_counter(), _cpu()
    gc.freeze()  # what is loaded by now stays: not looking through it again and again is 5% at 256 calls under way
    try:
        with watch(work.progress):
            await work.run()
    finally:
        gc.unfreeze()
        await team.opener.close(used)
        seconds = {"wall": time.perf_counter() - started, "cpu": _cpu() - cpu}
        before = ledger.run.seconds
        usage = dict(ledger.run.usage)
        for name, count in (
            *work.tokens.items(),
            *((n, sum(getattr(m, n) for m in used)) for n in ("calls", "retries")),
        ):
            usage[name] = usage.get(name, 0) + count
        notes = [note for model in used for note in model.notes]
        ledger.save(
            seconds={name: before.get(name, 0.0) + spent for name, spent in seconds.items()},
            usage=usage,
            notes=tuple(dict.fromkeys((*ledger.run.notes, *notes))),
        )


def _cpu() -> float:
    """Seconds of CPU so far, with those of the processes that were started and have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _taught(path: Path, judges: Sequence[Judge]) -> dict[str, tuple[str, ...]]:
    """For each evaluator the items of the run that it was trained on, where there are any."""
    found = {
        judge.name: judge.taught(read_records(path, Item)) for judge in judges if isinstance(judge, EvaluatorJudge)
    }
    return {name: ids for name, ids in found.items() if ids}


def _check_adapters(path: Path, run: Run, team: Team) -> None:
    """See that the adapters are those that the run has used so far."""
    for file, sha in team.opener.adapters().items():
        if run.versions.get(file, sha) != sha:
            raise BadInputError(f"{file} was changed since {path} used it: put it back, or start a new run")


def _kinds_of(plan: RunPlan, tools: Tools) -> set[Kind]:
    """The kinds of item for which judges are opened. The paper's judge of harmful requests needs texts that only some
    have, so under its protocol the suites are read to see whether there are any."""
    if plan.protocol == "primum":
        return set(Kind)
    return {item.kind for item in read_suites(plan.suites, tools.data, plan.limit, plan.seed)}


def _write_items(ledger: Ledger, first: Item, others: Iterator[Item]) -> tuple[int, tuple[Kind, ...]]:
    ledger.append(first)
    count, kinds = 1, {first.kind}
    for item in others:
        ledger.append(item)
        kinds.add(item.kind)
        count += 1
    return count, tuple(kind for kind in Kind if kind in kinds)


def _default_folder(plan: RunPlan, created: datetime.datetime) -> Path:
    """`runs/<day>-<model>[-2]`: a name that people can tell apart, never one that is taken."""
    model = "".join(letter if letter.isalnum() or letter in "._" else "-" for letter in plan.model)[-60:].strip("-")
    base = Path("runs") / f"{created:%Y-%m-%d}-{model}"
    path, number = base, 2
    while path.exists():
        path, number = Path(f"{base}-{number}"), number + 1
    return path


def _versions() -> dict[str, str]:
    versions = {"primum": primum.__version__, "python": platform.python_version(), "platform": platform.platform()}
    for package in ("torch", "transformers", "peft"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions
