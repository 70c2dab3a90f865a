"""The main job: suites x model x judges -> a run.

Workers take items from `items.jsonl`, ask the model, record the answer, and hand it to the judges at once. A worker
holds one batch, so memory does not grow with the number of items; the limits of the endpoints set the pace.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import importlib.metadata
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import primum
from primum.config import Config
from primum.errors import BadInputError, PrimumError
from primum.estimates import estimate_run
from primum.judges import HarmfulnessJudge, Judge, RulesJudge
from primum.ledger import FILES, Ledger, create_run, file_sha256, open_run, read_lengths, read_records, read_run
from primum.models import Model, ModelOpener, Patience, Prompt, Settings
from primum.prompts import choice_question
from primum.records import (
    Failure,
    Item,
    Kind,
    Reply,
    Response,
    Run,
    RunPlan,
    Summary,
    UnscoredReason,
    Verdict,
    content_id,
    response_id,
    verdict_id,
)
from primum.rows import read_text
from primum.suites.catalogue import CATALOGUE, data_of, open_suite, read_suites
from primum.suites.medsafetybench import published_judge_texts

RETRY_VERDICT = {UnscoredReason.JUDGE_FAILED}
PAPER_TOKENS = 512  # of the authors' judge (Han et al. 2024, appendix)
WINDOW = 16  # batches among which prompts are sorted by length


class Progress:
    """Counts of what has been done, for whoever shows them."""

    def __init__(self) -> None:
        self.items = 0
        self.answered = 0
        self.judged = 0
        self.failed = 0
        self.unscored = 0
        self.first = time.perf_counter()


class Tools(NamedTuple):
    """What a run needs besides its plan: where data is, which endpoints there are, how patient to be."""

    config: Config = Config()
    data: Path | None = None
    base_url: str | None = None
    concurrency: int | None = None
    patience: Patience = Patience()
    batch: int = 32


Watch = Callable[[Progress], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def _unwatched(progress: Progress) -> Iterator[None]:
    yield


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


class Evaluation(NamedTuple):
    """A run folder and the models that will fill it."""

    ledger: Ledger
    team: Team


def start_run(plan: RunPlan, tools: Tools, out: Path | None = None) -> Evaluation:
    """A new run folder with its items, ready for `carry_out`. Nothing is made before all of the plan can be opened.

    Raises:
        BadInputError: a suite is unknown or its data is missing or faulty, a model or judge does not open, or the
            folder is taken.
    """
    for name in plan.suites:
        open_suite(name, tools.data)
    team = open_team(plan, tools)
    created = datetime.datetime.now(datetime.UTC)
    run = Run(
        id=content_id(plan.model_dump(mode="json"), created.isoformat())[:12],
        plan=plan,
        created=created.isoformat(timespec="seconds"),
        versions=_versions(),
        data={name: CATALOGUE[name].source if name in CATALOGUE else str(Path(name).resolve()) for name in plan.suites},
    )
    items = read_suites(plan.suites, tools.data, plan.limit, plan.seed)
    first = next(items)  # a faulty suite is told of before a folder is made
    ledger = create_run(out or _default_folder(plan, created), run)
    try:
        count = _write_items(ledger, first, items)
        ledger.save(items=count, items_sha256=file_sha256(ledger.path / "items.jsonl"))
    except BaseException:
        ledger.close()
        raise
    return Evaluation(ledger, team)


def resume_run(path: Path, tools: Tools, model: str | None = None, suites: str | None = None) -> Evaluation:
    """A run, locked, to go on with: what is not recorded, and what failed. Its plan is its own.

    Raises:
        BadInputError: a model or suites are named that are not the run's, or its items changed since it began.
    """
    plan = read_run(path).plan
    for what, asked, own in (("model", model, plan.model), ("suites", suites, ",".join(plan.suites))):
        if asked is not None and asked != own:
            raise BadInputError(f"{path} is a run with {what} {own}, not {asked}: leave it out, or start a new run")
    team = open_team(plan, tools)
    ledger = open_run(path)
    run = ledger.run
    if not run.items_sha256 or file_sha256(path / "items.jsonl") != run.items_sha256:
        ledger.close()
        raise BadInputError(f"{path}/items.jsonl is not what the run began with: start a new run")
    return Evaluation(ledger, team)


def carry_out(evaluation: Evaluation, watch: Watch = _unwatched) -> Summary:
    """Ask and judge all that is not recorded yet, then estimate. Closes the ledger, whatever happens.

    Raises:
        StoppedError: stopped from outside; what was recorded stays and `--resume` goes on.
    """
    ledger, team = evaluation
    with ledger:
        try:
            asyncio.run(_carry_out(ledger, team, watch))
        except BaseException:
            ledger.save(state="stopped")
            raise
        return finish(ledger)


def judge_again(path: Path, judges: tuple[str, ...], tools: Tools, watch: Watch = _unwatched) -> Summary:
    """Judge a run's recorded responses by more judges; its items and responses do not change.

    Raises:
        BadInputError: the run has no responses, its responses changed since it was done, or a judge cannot be opened.
    """
    plan = read_run(path).plan
    plan = plan.model_copy(update={"judges": tuple(dict.fromkeys((*plan.judges, *judges)))})
    team = open_team(plan, tools, ask=False)
    with open_run(path) as ledger:
        run = ledger.run
        if run.responses_sha256 and file_sha256(path / "responses.jsonl") != run.responses_sha256:
            raise BadInputError(f"{path}/responses.jsonl is not what the run ended with")
        if next(read_records(path, Response), None) is None:
            raise BadInputError(f"{path} has no recorded responses to judge")
        ledger.save(plan=plan)
        try:
            asyncio.run(_carry_out(ledger, team, watch))
        except BaseException:
            ledger.save(state="stopped")
            raise
        return finish(ledger)


def copy_run(path: Path, out: Path) -> Path:
    """A copy of a run's records in a new folder.

    Raises:
        BadInputError: there is no run, or the new folder holds one already.
    """
    run = read_run(path)
    create_run(out, run).close()
    for name in FILES.values():
        if (path / name).exists():
            shutil.copyfile(path / name, out / name)
    return out


def finish(ledger: Ledger) -> Summary:
    """Write the estimates and mark the run as done."""
    ledger.sync()
    summary = estimate_run(ledger.path)
    ledger.write_text("estimates.json", summary.model_dump_json(indent=1) + "\n")
    finished = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    sha = file_sha256(ledger.path / "responses.jsonl")
    ledger.save(state="done", finished=finished, responses_sha256=sha)
    return summary


def open_team(plan: RunPlan, tools: Tools, *, ask: bool = True) -> Team:
    """The models of a plan, opened. `auto` always judges, since it costs nothing; every other judge is a model.

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
    )
    target = opener.open(plan.model, Settings(plan.temperature, plan.max_tokens, plan.seed)) if ask else None
    strict = Settings(temperature=0.0, max_tokens=PAPER_TOKENS if published else plan.judge_max_tokens)
    models = [opener.open(name, strict) for name in plan.judges if name != "auto"]
    judges: list[Judge] = [RulesJudge()]
    judges += [HarmfulnessJudge(model, published) for model in models]
    return Team(opener, target, judges, models)


def question(item: Item) -> str:
    """The user's message that asks an item."""
    return choice_question(item.request, item.options, item.language) if item.kind is Kind.CHOICE else item.request


async def _carry_out(ledger: Ledger, team: Team, watch: Watch) -> None:
    prompts = {f"{judge.name}: {name}": sha for judge in team.judges for name, sha in judge.prompts.items()}
    ledger.save(
        state="running",
        endpoints=ledger.run.endpoints | team.opener.base_urls(),
        prompts=ledger.run.prompts | prompts,
    )
    used = [model for model in (team.target, *team.models) if model is not None]
    job = _Job(ledger, team.target, team.judges)
    started, cpu = time.perf_counter(), time.process_time()
    try:
        with watch(job.progress):
            await job.run()
    finally:
        seconds = {"wall": time.perf_counter() - started, "cpu": time.process_time() - cpu}
        before = ledger.run.seconds
        usage = dict(ledger.run.usage)
        for name, count in (
            *job.tokens.items(),
            *((n, sum(getattr(m, n) for m in used)) for n in ("calls", "retries")),
        ):
            usage[name] = usage.get(name, 0) + count
        notes = [note for model in used for note in model.notes]
        ledger.save(
            seconds={name: before.get(name, 0.0) + spent for name, spent in seconds.items()},
            usage=usage,
            notes=tuple(dict.fromkeys((*ledger.run.notes, *notes))),
        )
        await team.opener.close(used)


class _Task(NamedTuple):
    """One sample of one item: to be asked, or already answered at an offset of `responses.jsonl`."""

    item: Item
    sample: int
    id: str
    attempt: int = 0
    offset: int | None = None


class _Job:
    """One pass over the items: what is recorded already, and the workers that do the rest."""

    def __init__(self, ledger: Ledger, target: Model | None, judges: list[Judge]) -> None:
        self.progress = Progress()
        self.tokens = {"prompt_tokens": 0, "completion_tokens": 0}
        self._ledger = ledger
        self._plan = ledger.run.plan
        self._target = target
        self._judges = judges
        self._answers: dict[str, tuple[int, int | None]] = {}  # response id -> attempts so far, offset if answered
        self._verdicts: dict[str, int | None] = {}  # verdict id -> None when made, else attempts so far

    async def run(self) -> None:
        """Work until every response of the plan is recorded and judged.

        Raises:
            StoppedError: no call can succeed, or the disk is full.
        """
        self._read_recorded()
        self.progress.items = self._ledger.run.items * self._plan.samples
        self.progress.first = time.perf_counter()
        widths: dict[str, int] = {}
        for part in (self._target, *self._judges):
            if part is not None:
                widths[part.resource] = max(widths.get(part.resource, 0), part.width)
        batches = self._batches()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(max(1, sum(widths.values()))):
                    group.create_task(self._work(batches))
        except BaseExceptionGroup as several:
            raise _first_error(several) from None

    async def _work(self, batches: Iterator[list[_Task]]) -> None:
        for batch in batches:
            pairs = [(task.item, answer) for task, answer in await self._respond(batch) if answer.judgeable]
            self.progress.answered += len(batch)
            await self._judge(pairs)
            self.progress.judged += len(pairs)
            await asyncio.sleep(0)  # a model that never waits must not keep the loop from an interrupt

    async def _respond(self, batch: list[_Task]) -> list[tuple[_Task, Response]]:
        """The answers to a batch: read back where recorded, asked for and recorded where not."""
        answers = [(task, self._read_back(task.offset)) for task in batch if task.offset is not None]
        asked = [task for task in batch if task.offset is None]
        if not asked or self._target is None:
            return answers
        started = time.perf_counter()
        replies = await self._target.reply([self._prompt(task) for task in asked])
        seconds, now = time.perf_counter() - started, time.time()
        for task, reply in zip(asked, replies, strict=True):
            answer = self._response(task, reply, seconds, now)
            self._ledger.append(answer)
            self.progress.failed += not answer.judgeable
            self._count(answer)
            answers.append((task, answer))
        return answers

    async def _judge(self, pairs: list[tuple[Item, Response]]) -> None:
        waiting = []
        for judge in self._judges:
            due = [pair for pair in pairs if pair[0].kind in judge.criteria and not self._is_judged(judge, pair)]
            if due:
                waiting.append(self._record_verdicts(judge, due))
        if len(waiting) > 2:
            await asyncio.gather(*waiting)
        else:
            for one in waiting:
                await one

    async def _record_verdicts(self, judge: Judge, pairs: list[tuple[Item, Response]]) -> None:
        for verdict in await judge.judge(pairs):
            attempt = self._verdicts.get(verdict.id) or 0
            self._ledger.append(verdict.model_copy(update={"attempt": attempt}) if attempt else verdict)
            self.progress.unscored += bool(verdict.unscored)
            self._count(verdict)

    def _is_judged(self, judge: Judge, pair: tuple[Item, Response]) -> bool:
        item, response = pair
        known = verdict_id(response, judge.name, judge.prompt_sha(item))
        return known in self._verdicts and self._verdicts[known] is None

    def _batches(self) -> Iterator[list[_Task]]:
        """What is left to do, in batches of the size that model and judges prefer, alike lengths together."""
        parts = [part for part in (self._target, *self._judges) if part is not None]
        size = max(part.batch for part in parts)
        window: list[_Task] = []
        for task in self._tasks():
            window.append(task)
            if len(window) >= size * (WINDOW if size > 1 else 1):
                yield from _cut(window, size)
                window = []
        yield from _cut(window, size)

    def _tasks(self) -> Iterator[_Task]:
        for item in read_records(self._ledger.path, Item):
            for sample in range(self._plan.samples):
                name = response_id(item, self._plan, sample)
                attempts, offset = self._answers.get(name, (0, None))
                if offset is not None or self._target is not None:
                    yield _Task(item, sample, name, attempts, offset)

    def _read_recorded(self) -> None:
        """Where each answer stands in the file, and which verdicts there are; a failed one of either is due again."""
        offset = 0
        for answer, length in read_lengths(self._ledger.path, Response):
            self._answers[answer.id] = (answer.attempt + 1, offset if answer.judgeable else None)
            offset += length
        for verdict in read_records(self._ledger.path, Verdict):
            again = any(missing.reason in RETRY_VERDICT for missing in verdict.unscored)
            self._verdicts[verdict.id] = verdict.attempt + 1 if again else None

    def _read_back(self, offset: int) -> Response:
        with (self._ledger.path / "responses.jsonl").open("rb") as file:
            file.seek(offset)
            return Response.model_validate_json(file.readline())

    def _prompt(self, task: _Task) -> Prompt:
        system = ({"role": "system", "content": self._plan.system},) if self._plan.system else ()
        user = {"role": "user", "content": question(task.item)}
        return Prompt((*system, user), task.item.id, task.item.request, task.sample)

    def _response(self, task: _Task, reply: Reply | Failure, seconds: float, now: float) -> Response:
        answered = reply.model_dump() if isinstance(reply, Reply) else {"failure": reply}
        return Response(
            id=task.id,
            item_id=task.item.id,
            item_sha256=task.item.sha256,
            suite=task.item.suite,
            model=self._plan.model,
            sample=task.sample,
            attempt=task.attempt,
            seconds=round(seconds, 4),
            at=round(now, 3),
            **answered,
        )

    def _count(self, record: Response | Verdict) -> None:
        self.tokens["prompt_tokens"] += record.prompt_tokens or 0
        self.tokens["completion_tokens"] += record.completion_tokens or 0


def _cut(window: list[_Task], size: int) -> Iterator[list[_Task]]:
    if size > 1:
        window.sort(key=lambda task: -len(task.item.request))
    for start in range(0, len(window), size):
        yield window[start : start + size]


def _first_error(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell: one of ours if there is one, else the first."""
    flat: list[BaseException] = []
    for error in several.exceptions:
        flat.append(_first_error(error) if isinstance(error, BaseExceptionGroup) else error)
    return next((error for error in flat if isinstance(error, PrimumError)), flat[0])


def _write_items(ledger: Ledger, first: Item, others: Iterator[Item]) -> int:
    ledger.append(first)
    count = 1
    for item in others:
        ledger.append(item)
        count += 1
    return count


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
    for package in ("torch", "transformers"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions
