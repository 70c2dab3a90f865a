"""Judging that costs CPU and no call, kept out of the way of the calls: later, and where much waits, elsewhere."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable, Sequence

from primum.evaluator.aside import Aside, AsideError, can_go_aside
from primum.judges import Judge, Pair
from primum.records import Verdict

MOST = 2_000  # answers that wait; who adds another judges some of them first
SOME = 16  # answers that are judged here in one turn, where calls have to wait for it or none are under way
MANY = 200  # answers that wait, or calls under way, at which a process of its own is started
WORTH = 1_000  # answers still to come without which starting it costs more than it saves
BATCH, AHEAD = 64, 2  # answers that it is sent at once, and batches that it has

_log = logging.getLogger(__name__)


class Spare:
    """Answers that wait to be judged by rules or by a fast evaluator: they are judged in turns in which no call needs to
    be sent, and once more of them wait than such turns can do, in a process beside this one (evaluator/aside.py).

    `note` records verdicts; `left` tells how many answers are still to come.
    """

    def __init__(
        self, judges: Sequence[Judge], note: Callable[[Sequence[Verdict]], None], left: Callable[[], int]
    ) -> None:
        self._waiting: dict[Judge, deque[Pair]] = {judge: deque() for judge in judges if can_go_aside(judge)}
        self._sent: deque[tuple[Judge, list[Pair]]] = deque()  # to the process, in order
        self._note = note
        self._left = left
        self._moved = asyncio.Event()
        self._ending = False
        self._tried = not (self._waiting and _has_cores())

    def is_for(self, judge: Judge) -> bool:
        """True for a judge whose answers may wait."""
        return judge in self._waiting

    async def put(self, judge: Judge, pairs: Sequence[Pair]) -> None:
        """Let answers wait; where too many do, judge some first."""
        while self._count() >= MOST and (batch := self._next(SOME)):
            await self._judge_here(*batch)
        self._waiting[judge].extend(pairs)
        self._moved.set()

    async def run(self, calls: int) -> None:
        """Judge what waits, until `finish` was called and nothing does; `calls` are under way at once."""
        while True:
            if max(calls, self._count()) >= MANY and self._left() >= WORTH and not self._tried and not self._ending:
                await self._judge_aside()
            elif batch := self._next(1):  # more at once would cost less CPU, yet calls would wait for it
                await self._judge_here(*batch)
            elif self._ending:
                return
            else:
                await self._until_moved()

    async def finish(self, running: asyncio.Task[None]) -> None:
        """Judge all that waits, beside the task that does `run`."""
        self._ending = True
        self._moved.set()
        while batch := self._next(SOME):
            await self._judge_here(*batch)
        if not self._sent:
            running.cancel()  # it may be starting a process that nobody needs any more

    async def _judge_here(self, judge: Judge, pairs: list[Pair]) -> None:
        self._note(await judge.judge(pairs))
        await asyncio.sleep(0)

    async def _judge_aside(self) -> None:
        """Have a process judge what waits. If it breaks off, what it had waits again."""
        self._tried = True
        try:
            aside = await Aside.open(list(self._waiting))
        except AsideError as error:
            _log.debug("no process of its own for judging: %s", error)
            return
        try:
            while self._send(aside) or not self._ending:
                if self._sent:
                    verdicts = await aside.verdicts(len(self._sent[0][1]))
                    self._sent.popleft()
                    self._note(verdicts)
                else:
                    await self._until_moved()
        except AsideError as error:
            _log.debug("the process for judging ended: %s", error)
            for judge, pairs in self._sent:
                self._waiting[judge].extend(pairs)
            self._sent.clear()
        finally:
            await aside.close()

    def _send(self, aside: Aside) -> bool:
        """Whether the process has something to do, now that it was handed what waits and what it may have ahead."""
        while len(self._sent) < AHEAD and (batch := self._next(BATCH)):
            aside.send(*batch)
            self._sent.append(batch)
        return bool(self._sent)

    def _next(self, most: int) -> tuple[Judge, list[Pair]] | None:
        """A batch of what waits for one judge: the one for whom most does."""
        if not self._count():
            return None
        judge, queue = max(self._waiting.items(), key=lambda entry: len(entry[1]))
        return judge, [queue.popleft() for _ in range(min(most, len(queue)))]

    def _count(self) -> int:
        return sum(map(len, self._waiting.values()))

    async def _until_moved(self) -> None:
        self._moved.clear()
        await self._moved.wait()


def _has_cores() -> bool:
    """Whether another process could run at the same time as this one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) > 1
    return (os.cpu_count() or 1) > 1
