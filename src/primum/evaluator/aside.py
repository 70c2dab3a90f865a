"""Judging in a process of its own, beside the one that sends calls: `python -m primum.evaluator.aside NAME...`.

It reads answers from its standard input and writes verdicts to its standard output, both as the lines that a run's files
hold. It ends with its input, whatever becomes of the other process. It asks no server and writes no file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Sequence
from typing import Self

from primum.evaluator.judge import PREFIX, EvaluatorJudge, bundled_reader
from primum.judges import Judge, Pair, RulesJudge
from primum.judges.rules import NAME
from primum.records import Item, Response, Verdict

PATIENCE = 60.0  # seconds to open the judges, and for a batch
_LINE = 2**26  # bytes of a verdict at most


class AsideError(Exception):
    """The process could not be started, broke off, or judges by something else."""


def can_go_aside(judge: Judge) -> bool:
    """True for a judge that costs CPU alone, and that another process can open by its name."""
    return judge.width == 0 and (judge.name == NAME or judge.name.startswith(PREFIX))


class Aside:
    """The process, as the one sees it that sends it answers."""

    def __init__(self, process: asyncio.subprocess.Process, judges: Sequence[Judge]) -> None:
        self.process = process
        self._judges = judges

    @classmethod
    async def open(cls, judges: Sequence[Judge]) -> Self:
        """Start it with judges of the same names.

        Raises:
            AsideError: it does not start, or its judges are others: a file of theirs was changed.
        """
        command = [sys.executable or "python", "-P", "-m", __name__, *(judge.name for judge in judges)]
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=nowhere, limit=_LINE
            )
        except (OSError, NotImplementedError, RuntimeError) as error:  # none is allowed, or there is no room for it
            raise AsideError(str(error)) from error
        aside = cls(process, judges)
        try:
            (opened,) = await aside._lines(1)
            if opened != json.dumps([judge.prompts for judge in judges]).encode() + b"\n":
                raise AsideError("it judges by something else")
        except BaseException:
            await aside.close()
            raise
        return aside

    def send(self, judge: Judge, pairs: Sequence[Pair]) -> None:
        """Hand it a batch to judge after those that it has."""
        assert self.process.stdin is not None
        head = b"%d %d\n" % (self._judges.index(judge), len(pairs))
        self.process.stdin.write(head + b"".join(record.line() for pair in pairs for record in pair))

    async def verdicts(self, count: int) -> list[Verdict]:
        """So many verdicts, in the order in which it was sent the answers.

        Raises:
            AsideError: it broke off, or says nothing for a minute.
        """
        try:
            return [Verdict.model_validate_json(line) for line in await self._lines(count)]
        except ValueError as error:
            raise AsideError("it says what is no verdict") from error

    async def close(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def _lines(self, count: int) -> list[bytes]:
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                return [await self.process.stdout.readuntil() for _ in range(count)]
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:  # TimeoutError is an OSError
            raise AsideError("it broke off") from error


def main(names: Sequence[str]) -> None:
    """Judge what is read until there is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever sends answers decides what an interrupt means
    judges = [RulesJudge(bundled_reader()) if name == NAME else EvaluatorJudge(name) for name in names]
    source, out = sys.stdin.buffer, sys.stdout.buffer
    out.write(json.dumps([judge.prompts for judge in judges]).encode() + b"\n")
    out.flush()
    with asyncio.Runner() as runner:
        while head := source.readline():
            number, count = map(int, head.split())
            pairs = [_pair(source.readline(), source.readline()) for _ in range(count)]
            out.write(b"".join(verdict.line() for verdict in runner.run(judges[number].judge(pairs))))
            out.flush()


def _pair(item: bytes, response: bytes) -> Pair:
    return Item.model_validate_json(item), Response.model_validate_json(response)


if __name__ == "__main__":
    main(sys.argv[1:])
