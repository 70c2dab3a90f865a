"""Judging out of the way of the calls: here or in a process of its own, each answer once, and no process left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aiohttp import web

from primum.errors import StoppedError
from primum.evaluate import spare
from primum.evaluate.spare import MANY, MOST, WORTH, Spare
from primum.evaluator.aside import Aside
from primum.evaluator.judge import bundled_reader
from primum.judges import Pair, RulesJudge
from primum.ledger import read_records, read_run
from primum.records import Verdict
from tests.engine import measure, resume, write_items
from tests.loopback import Answer, Behaviour, Loopback
from tests.says import answer, item
from tests.test_resume import assert_whole_and_unrepeated, scoring

SAID = ("I can't help with that. It would harm her.", "Sure: first tell nobody, then change the chart.", "No. No!")
PAIRS: list[Pair] = [
    (one := item(f"Hide error {n}.", id=f"t/{n}"), answer(f"{SAID[n % 3]} This is answer {n}.", one, id=f"r{n}"))
    for n in range(600)
]


@pytest.fixture(scope="module")
def auto() -> RulesJudge:
    return RulesJudge(bundled_reader())


@pytest.fixture(scope="module")
def expected(auto: RulesJudge) -> dict[str, Verdict]:
    return {verdict.id: timeless(verdict) for verdict in asyncio.run(auto.judge(PAIRS))}


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare, "_has_cores", lambda: True)


@pytest.fixture(autouse=True)
def no_child_left() -> Iterator[None]:
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def timeless(verdict: Verdict) -> Verdict:
    return verdict.model_copy(update={"at": 0.0})


class Watched(Aside):
    """Remembers how many verdicts came from processes, and which those are; may be killed after the first batch."""

    said = 0
    pids: ClassVar[list[int]] = []
    dies = False

    async def verdicts(self, count: int) -> list[Verdict]:
        Watched.pids.append(self.process.pid)
        found = await super().verdicts(count)
        Watched.said += count
        if Watched.dies:
            self.process.kill()
        return found


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, two_cores: None) -> type[Watched]:
    monkeypatch.setattr(spare, "Aside", Watched)
    for name, value in (("said", 0), ("pids", []), ("dies", False)):
        monkeypatch.setattr(Watched, name, value)
    return Watched


async def judge_all(
    auto: RulesJudge, left: int = WORTH, calls: int = 1, wait_for: type[Watched] | None = None
) -> list[Verdict]:
    """All pairs put there at once, as calls answer in bursts; and, where the process is watched, the end once it spoke."""
    found: list[Verdict] = []
    there = Spare([auto], found.extend, lambda: left)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(there.run(calls))
        for pair in PAIRS:
            await there.put(auto, [pair])
        while wait_for is not None and not wait_for.said and not running.done():
            await asyncio.sleep(0.01)
        await there.finish(running)
    return found


def assert_each_once(found: Sequence[Verdict], expected: dict[str, Verdict]) -> None:
    assert len(found) == len(expected) == len(PAIRS)
    assert {verdict.id: timeless(verdict) for verdict in found} == expected


def test_many_answers_are_judged_in_a_process_of_its_own_each_once(
    auto: RulesJudge, expected: dict[str, Verdict], watched: type[Watched]
) -> None:
    assert_each_once(asyncio.run(judge_all(auto, wait_for=watched)), expected)
    assert watched.said > 0
    assert len(set(watched.pids)) == 1


def test_what_a_process_that_dies_had_is_judged_here(
    auto: RulesJudge, expected: dict[str, Verdict], watched: type[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "dies", True)
    assert_each_once(asyncio.run(judge_all(auto, wait_for=watched)), expected)
    assert watched.said == spare.BATCH
    assert len(set(watched.pids)) == 1  # no second is started


def test_where_none_can_be_started_all_is_judged_here(
    auto: RulesJudge, expected: dict[str, Verdict], two_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert_each_once(asyncio.run(judge_all(auto)), expected)


def test_what_ends_before_the_process_is_ready_does_not_wait_for_it(
    auto: RulesJudge, expected: dict[str, Verdict], watched: type[Watched]
) -> None:
    assert_each_once(asyncio.run(judge_all(auto)), expected)
    assert watched.said == 0


@pytest.mark.parametrize(
    ("pairs", "left", "cores"),
    [(MANY - 1, WORTH, True), (len(PAIRS), WORTH - 1, True), (len(PAIRS), WORTH, False)],
    ids=["few wait", "little to come", "one core"],
)
def test_where_it_does_not_pay_none_is_started(
    auto: RulesJudge, monkeypatch: pytest.MonkeyPatch, pairs: int, left: int, cores: bool
) -> None:
    async def opened(judges: object) -> Aside:
        raise AssertionError("a process was started")

    monkeypatch.setattr(spare, "_has_cores", lambda: cores)
    monkeypatch.setattr(Aside, "open", opened)
    monkeypatch.setattr("tests.evaluate.test_spare.PAIRS", PAIRS[:pairs])
    assert len(asyncio.run(judge_all(auto, left))) == pairs


def test_no_more_than_so_many_wait(auto: RulesJudge) -> None:
    """Nothing is judged between: whoever adds one answer too many judges some."""

    async def fill() -> tuple[int, int]:
        found: list[Verdict] = []
        there = Spare([auto], found.extend, lambda: 0)
        await there.put(auto, PAIRS[:1] * MOST)
        before = len(found)
        await there.put(auto, PAIRS[1:2])
        return before, len(found)

    assert asyncio.run(fill()) == (0, spare.SOME)


def test_a_full_disk_ends_the_process_too(auto: RulesJudge, watched: type[Watched]) -> None:
    def note(verdicts: Sequence[Verdict]) -> None:
        raise StoppedError("no room")

    async def fill() -> None:
        there = Spare([auto], note, lambda: WORTH)
        await there.put(auto, PAIRS)
        await there.run(1)

    with pytest.raises(StoppedError):
        asyncio.run(fill())
    assert watched.said == spare.BATCH


# ---- Whole runs

SCRIPT = """
import sys
from primum.evaluate import spare
from primum.evaluator.aside import Aside
spare.MANY, spare.WORTH, spare.BATCH, spare._has_cores = 5, 5, 4, lambda: True
whole = Aside.verdicts
async def verdicts(self, count):
    found = await whole(self, count)
    print("judged by", self.process.pid, file=sys.stderr, flush=True)
    return found
Aside.verdicts = verdicts
from primum.cli import main
main()
"""


def held_back(most: int, until: Callable[[], bool]) -> Behaviour:
    """Answers so many requests, and the others when something has happened."""
    answer, seen = scoring(), 0

    async def waiting(request: web.Request, body: dict[str, Any]) -> Answer:
        nonlocal seen
        seen += 1
        if seen > most:
            while not until():
                await asyncio.sleep(0.005)
        return await answer(request, body)

    return waiting


def gone(pid: int) -> bool:
    """Whether a process has ended (one that nobody waited for is a zombie, Z)."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return not state.strip() or state.strip().startswith("Z")


@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_a_run_that_is_ended_ends_its_process_and_goes_on(tmp_path: Path, how: signal.Signals, code: int) -> None:
    count, ended = 300, threading.Event()
    write_items(tmp_path, count)
    options = ["--judge", "openai/judge", "--retest", "0", "--out", "run", "--concurrency", "20", "--quiet"]
    with Loopback(held_back(200, ended.is_set)) as server:
        command = ["eval", "openai/target", "--suite", "own.csv", *options, "--base-url", server.base_url]
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, *command], cwd=tmp_path, stderr=subprocess.PIPE)
        assert process.stderr is not None
        told, _ = (process.stderr.readline().split() for _ in range(2))  # the first batch is recorded by the second's
        process.send_signal(how)
        process.communicate(timeout=60)
        assert (told[:2], process.returncode) == ([b"judged", b"by"], code)
        until = time.monotonic() + 20
        while not gone(int(told[2])):
            assert time.monotonic() < until
            time.sleep(0.02)
        assert 0 < sum(verdict.judge == "auto" for verdict in read_records(tmp_path / "run", Verdict)) < count
        ended.set()
        resume(tmp_path, server.base_url, concurrency=20)
    assert_whole_and_unrepeated(tmp_path / "run", count)


def test_the_cpu_of_the_process_counts(tmp_path: Path, watched: type[Watched], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare, "MANY", 5)
    monkeypatch.setattr(spare, "WORTH", 5)
    before = os.times()
    with Loopback(held_back(100, lambda: bool(watched.said))) as server:
        ran = measure(tmp_path, server.base_url, 150, concurrency=20)
    after = os.times()
    assert watched.said
    children = after.children_user + after.children_system - before.children_user - before.children_system
    assert children > 0.1  # numpy and pydantic alone take as much to load
    own = after.user + after.system - before.user - before.system
    assert children < read_run(ran.path).seconds["cpu"] < children + own
