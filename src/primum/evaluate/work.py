"""One pass over a run's items: what is recorded already, and the workers that do the rest.

Workers take items from `items.jsonl`, ask the model, record the answer, and hand it to the judges at once. A worker
holds one batch, so memory does not grow with the number of items; the limits of the endpoints set the pace.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, NamedTuple

from primum.errors import PrimumError
from primum.evaluate.spare import Spare
from primum.evaluate.until import Until
from primum.judges import Judge
from primum.ledger import Ledger, read_lengths, read_records
from primum.models import Model, Prompt
from primum.prompts import choice_question
from primum.records import (
    Failure,
    Item,
    Kind,
    Reply,
    Response,
    UnscoredReason,
    Verdict,
    response_id,
    verdict_id,
)

RETRY_VERDICT = {UnscoredReason.JUDGE_FAILED}
WINDOW = 16  # batches among which prompts are sorted by length
AHEAD = 2  # with `--until`: batches for each worker that may be asked beyond the first family that is not complete


class Progress:
    """Counts of what has been done, for whoever shows them."""

    def __init__(self) -> None:
        self.items = 0
        self.answered = 0
        self.judged = 0
        self.failed = 0
        self.unscored = 0
        self.first = time.perf_counter()


def question(item: Item) -> str:
    """The user's message that asks an item."""
    return choice_question(item.request, item.options, item.language) if item.kind is Kind.CHOICE else item.request


class _Task(NamedTuple):
    """One sample of one item: to be asked, or already answered at an offset of `responses.jsonl`."""

    item: Item
    sample: int
    id: str
    attempt: int = 0
    offset: int | None = None


class Work:
    """One pass over the items: what is recorded already, and the workers that do the rest."""

    def __init__(
        self, ledger: Ledger, target: Model | None, judges: list[Judge], *, until: Until | None = None
    ) -> None:
        self.progress = Progress()
        self.tokens = {"prompt_tokens": 0, "completion_tokens": 0}
        self._ledger = ledger
        self._plan = ledger.run.plan
        self._target = target
        self._judges = judges
        self._until = until
        self._most_ahead = 0
        self._answers: dict[str, tuple[int, int | None]] = {}  # response id -> attempts so far, offset if answered
        self._verdicts: dict[str, int | None] = {}  # verdict id -> None when made, else attempts so far
        patient = [judge for judge in judges if not self._decides(judge)]
        self._spare = Spare(patient, self._note, lambda: self.progress.items - self.progress.answered)

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
        batches, workers = self._batches(), max(1, sum(widths.values()))
        self._most_ahead = AHEAD * workers * self._batch_size()
        try:
            async with asyncio.TaskGroup() as group:
                spare = group.create_task(self._spare.run(workers))
                async with asyncio.TaskGroup() as working:
                    for _ in range(workers):
                        working.create_task(self._work(batches))
                await self._spare.finish(spare)
        except BaseExceptionGroup as several:
            raise _first_error(several) from None

    async def _work(self, batches: Iterator[list[_Task]]) -> None:
        while (batch := await self._take(batches)) is not None:
            pairs = [(task.item, answer) for task, answer in await self._respond(batch) if answer.judgeable]
            self.progress.answered += len(batch)
            await self._judge(pairs)
            self.progress.judged += len(pairs)
            await asyncio.sleep(0)  # a model that never waits must not keep the loop from an interrupt

    async def _take(self, batches: Iterator[list[_Task]]) -> list[_Task] | None:
        if self._until is not None:
            await self._until.room(self._most_ahead)
        return next(batches, None)

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
            self._record(answer)
            self.progress.failed += not answer.judgeable
            self._count(answer)
            answers.append((task, answer))
        return answers

    async def _judge(self, pairs: list[tuple[Item, Response]]) -> None:
        waiting: list[tuple[Callable[..., Coroutine[Any, Any, None]], Judge, list[tuple[Item, Response]]]] = []
        for judge in self._judges:
            own = [pair for pair in pairs if pair[0].kind in judge.criteria]
            due = [pair for pair in own if not self._is_judged(judge, pair)]
            twice = [p for p in own if self._is_due_twice(judge, p[1]) and not self._is_judged(judge, p, repeat=1)]
            if twice:
                waiting.append((self._judge_twice, judge, twice))
            if due and self._spare.is_for(judge):
                await self._spare.put(judge, due)
            elif due:
                waiting.append((self._judge_once, judge, due))
        if len(waiting) > 1:
            async with asyncio.TaskGroup() as group:  # a judge that stops the run stops the others' calls too
                for judged, judge, due in waiting:
                    group.create_task(judged(judge, due))
        else:
            for judged, judge, due in waiting:
                await judged(judge, due)

    async def _judge_once(self, judge: Judge, pairs: list[tuple[Item, Response]]) -> None:
        self._note(await judge.judge(pairs))

    def _note(self, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            attempt = self._verdicts.get(verdict.id) or 0
            self._record(verdict.model_copy(update={"attempt": attempt}) if attempt else verdict)
            self.progress.unscored += bool(verdict.unscored)
            self._count(verdict)

    def _record(self, record: Response | Verdict) -> None:
        self._ledger.append(record)
        if self._until is not None:
            self._until.hear(record)

    def _decides(self, judge: Judge) -> bool:
        """True for a judge whose marks say when to stop: its verdicts do not wait for spare time."""
        return self._until is not None and judge.name in self._until.deciders

    async def _judge_twice(self, judge: Judge, pairs: list[tuple[Item, Response]]) -> None:
        """Second judgements of some of the answers: they tell how steady the judge is."""
        by_id = {response.id: (item, response) for item, response in pairs}
        for verdict in await judge.judge(pairs):
            name = verdict_id(by_id[verdict.response_id][1], judge.name, verdict.prompt_sha256, repeat=1)
            self._ledger.append(verdict.model_copy(update={"id": name, "repeat": 1}))
            self._count(verdict)

    def _is_due_twice(self, judge: Judge, response: Response) -> bool:
        """A share of the answers drawn by their ids, the same in every pass. Rules and recordings say the same again."""
        drawn = int(response.id[:8], 16) < self._plan.retest * 2**32
        return drawn and judge.width > 0 and response.failure is None

    def _is_judged(self, judge: Judge, pair: tuple[Item, Response], repeat: int = 0) -> bool:
        if not self._verdicts:
            return False
        item, response = pair
        known = verdict_id(response, judge.name, judge.prompt_sha(item), repeat)
        return known in self._verdicts and self._verdicts[known] is None

    def _batches(self) -> Iterator[list[_Task]]:
        """What is left to do, in batches of the size that model and judges prefer, alike lengths together."""
        size = self._batch_size()
        window: list[_Task] = []
        for task in self._tasks():
            window.append(task)
            if len(window) >= size * (WINDOW if size > 1 and self._until is None else 1):
                yield from _cut(window, size)
                window = []
        yield from _cut(window, size)

    def _batch_size(self) -> int:
        return max(part.batch for part in (self._target, *self._judges) if part is not None)

    def _tasks(self) -> Iterator[_Task]:
        for item in self._until.items() if self._until is not None else read_records(self._ledger.path, Item):
            names = [response_id(item, self._plan, sample) for sample in range(self._plan.samples)]
            spared = self._until is not None and not self._until.needs(item)
            begun = spared and any(name in self._answers for name in names)
            for sample, name in enumerate(names):
                attempts, offset = self._answers.get(name, (0, None))
                again = self._target is not None and (not spared or (begun and not attempts))
                if offset is not None or again:
                    yield _Task(item, sample, name, attempts, offset)
                elif spared:
                    self.progress.items -= 1

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
        item = task.item
        return Prompt((*system, user), item.id, item.request, task.sample, twin=item.twin, samples=self._plan.samples)

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
        window.sort(key=lambda task: -len(question(task.item).encode()))  # bytes go with tokens in both languages
    for start in range(0, len(window), size):
        yield window[start : start + size]


def _first_error(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell: one of ours if there is one, else the first."""
    flat: list[BaseException] = []
    for error in several.exceptions:
        flat.append(_first_error(error) if isinstance(error, BaseExceptionGroup) else error)
    return next((error for error in flat if isinstance(error, PrimumError)), flat[0])
