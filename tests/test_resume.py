"""A run that is killed, interrupted, starved of disk or opened twice loses nothing and repeats nothing."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from primum.errors import BadInputError
from primum.evaluate import resume_run
from primum.ledger import read_records, read_run
from primum.records import Item, Response, UnscoredReason, Verdict, response_id
from tests.command import primum
from tests.engine import QUICK, Ran, measure, number_of, read_back, resume, tools_for, write_items
from tests.loopback import Answer, Behaviour, Loopback, always, answering, completion, first, is_judging, problem


def scoring() -> Behaviour:
    """Answers with the item's number, and scores number n by 1 + n mod 5; every third answer is a refusal."""

    async def target(request: web.Request, body: dict[str, Any]) -> Answer:
        number = number_of(body)
        refusal = "I can't help with that. " if number % 3 == 0 else "Sure: first, tell nobody. "
        return completion(f"{refusal}This is answer {number} of many")

    async def judge(request: web.Request, body: dict[str, Any]) -> Answer:
        number = int(body["messages"][0]["content"].partition("This is answer ")[2].split()[0])
        return completion(f'{{"reason": "no. {number}", "score": {1 + number % 5}}}')

    return answering(target, judge)


def command(base_url: str, *arguments: str, concurrency: int = 3) -> list[str]:
    options = ["--base-url", base_url, "--concurrency", str(concurrency), "--quiet"]
    return [sys.executable, "-m", "primum", "eval", *arguments, *options]


def new_run(*more: str) -> list[str]:
    return ["openai/target", "--suite", "own.csv", "--judge", "openai/judge", "--retest", "0", "--out", "run", *more]


def start(folder: Path, arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_calls(process: subprocess.Popen[str], server: Loopback, calls: int) -> None:
    """Until the server has seen so many, or the process has ended."""
    until = time.monotonic() + 60
    while len(server.seen) < calls and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)


def assert_whole_and_unrepeated(path: Path, count: int) -> None:
    """Counted in the files: each expected response id once, and for each one verdict by each of two judges."""
    plan = read_run(path).plan
    expected = sorted(response_id(item, plan, 0) for item in read_records(path, Item))
    assert len(expected) == len(set(expected)) == count
    assert sorted(r.id for r in read_records(path, Response)) == expected
    verdicts = list(read_records(path, Verdict))
    assert len({v.id for v in verdicts}) == len(verdicts) == 2 * count
    assert sorted((v.judge, v.response_id) for v in verdicts) == sorted(
        (judge, name) for judge in ("auto", "openai/judge") for name in expected
    )


def uninterrupted(folder: Path, count: int) -> Ran:
    """The same plan, carried out in one piece."""
    folder.mkdir()
    with Loopback(scoring()) as server:
        return measure(folder, server.base_url, count)


def test_a_run_killed_ten_times_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """SIGKILL at ten random moments: some before the first call, some amid calls; now and then a line is torn too."""
    rng, count, allowed = random.Random(20260801), 150, 0

    async def held_back(request: web.Request, body: dict[str, Any]) -> Answer:
        """However slowly the test runs, no process gets far beyond the moment at which it is to be killed."""
        number = len(server.seen)
        while number > allowed:
            await asyncio.sleep(0.005)
        return await answer(request, body)

    answer = scoring()
    write_items(tmp_path, count)
    run = tmp_path / "run"
    killed = 0
    with Loopback(held_back, latency=0.005) as server:
        while killed < 10:
            begun = (run / "run.json").exists() and read_run(run).items_sha256 != ""
            process = start(tmp_path, command(server.base_url, *(["--resume", "run"] if begun else new_run())))
            moment = len(server.seen) + rng.randint(0 if begun else 1, 14)
            allowed = moment + 10
            wait_for_calls(process, server, moment)
            time.sleep(rng.uniform(0, 0.03))
            process.kill()
            _, said = process.communicate(timeout=60)
            assert process.returncode == -signal.SIGKILL, said
            killed += 1
            file = run / rng.choice(["responses.jsonl", "verdicts.jsonl"])
            if killed % 3 == 0 and file.stat().st_size > 10:
                os.truncate(file, file.stat().st_size - rng.randint(1, 10))
        assert 0 < len(read_back(run).responses) < count  # each kill was one amid the work
        allowed, server.latency = 10 * count, 0
        ran = resume(tmp_path, server.base_url)
    assert_whole_and_unrepeated(run, count)
    whole = uninterrupted(tmp_path / "whole", count)
    assert ran.summary == whole.summary
    assert (run / "estimates.json").read_text() == (whole.path / "estimates.json").read_text()


def test_an_interrupted_run_says_so_and_goes_on(tmp_path: Path) -> None:
    """Ctrl-C, once and twice (the second by somebody impatient)."""
    write_items(tmp_path, 200)
    with Loopback(scoring(), latency=0.02) as server:
        for begun, presses in ((False, 1), (True, 2)):
            process = start(tmp_path, command(server.base_url, *(["--resume", "run"] if begun else new_run())))
            wait_for_calls(process, server, len(server.seen) + 8)
            for _ in range(presses):
                process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
            assert process.returncode == 130, (out, err)
            assert "Traceback" not in out + err
            assert "Unclosed" not in out + err
        server.latency = 0
        ran = resume(tmp_path, server.base_url)
    assert_whole_and_unrepeated(ran.path, 200)
    assert ran.run.state == "done"


def test_a_second_process_is_refused_and_does_no_harm(tmp_path: Path) -> None:
    write_items(tmp_path, 30)
    refused = threading.Event()
    answer = scoring()

    async def held_back(request: web.Request, body: dict[str, Any]) -> Answer:
        while not refused.is_set():
            await asyncio.sleep(0.005)
        return await answer(request, body)

    with Loopback(held_back) as server:
        running = start(tmp_path, command(server.base_url, *new_run()))
        wait_for_calls(running, server, 3)
        second = primum("eval", "--resume", "run", "--base-url", server.base_url, cwd=tmp_path)
        same = primum(*command(server.base_url, *new_run())[3:], cwd=tmp_path)
        refused.set()
        running.communicate(timeout=60)
    assert (second.code, same.code, running.returncode) == (2, 2, 0)
    assert "another process is writing to the run" in second.err
    assert "already holds a run" in same.err
    assert second.err.count("\n") == same.err.count("\n") == 1
    assert_whole_and_unrepeated(tmp_path / "run", 30)


def test_a_finished_run_is_gone_on_with_by_no_call(tmp_path: Path) -> None:
    with Loopback(scoring()) as server:
        ran = measure(tmp_path, server.base_url, 6)
        before = len(server.seen)
        again = resume(tmp_path, server.base_url)
        assert len(server.seen) == before
    assert again.summary == ran.summary
    assert again.run.usage == ran.run.usage
    assert_whole_and_unrepeated(ran.path, 6)


def test_failed_answers_and_failed_judgements_are_tried_again_and_the_last_counts(tmp_path: Path) -> None:
    """In the first pass items 1 and 2 fail at the target and 3 and 4 at the judge; in the second 1 and 3 still do."""
    failing = {1, 2, 3, 4}

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        text = body["messages"][0]["content"]
        number = int(text.partition("This is answer ")[2].split()[0]) if is_judging(body) else number_of(body)
        if number in failing and is_judging(body) == (number > 2):
            return problem(500)
        return await scoring()(request, body)

    with Loopback(behave) as server:
        ran = measure(tmp_path, server.base_url, 6)
        assert ran.failures() == {"1": "server_error", "2": "server_error"}
        assert ran.unscored() == dict.fromkeys("34", UnscoredReason.JUDGE_FAILED)
        failing -= {2, 4}
        begun = len(server.seen)
        ran = resume(tmp_path, server.base_url)
        assert {number_of(body) for body in server.seen[begun:] if not is_judging(body)} == {1, 2}
        assert ran.failures() == {"1": "server_error"}
        assert ran.unscored() == {"3": UnscoredReason.JUDGE_FAILED}
        failing.clear()
        ran = resume(tmp_path, server.base_url)
    assert ran.failures() == {}
    assert ran.unscored() == {}
    assert ran.scores() == {str(n): 1.0 + n % 5 for n in range(1, 7)}
    assert [ran.responses[name].attempt for name in "1256"] == [2, 1, 0, 0]
    assert [ran.verdicts["openai/judge", name].attempt for name in "34"] == [2, 1]
    assert ran.summary is not None
    assert (ran.summary.ok, ran.summary.failed, ran.summary.scored, ran.summary.unscored) == (6, {}, 6, {})
    assert ran.summary.estimates == uninterrupted(tmp_path / "whole", 6).summary.estimates  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["refused", "unparseable", "filtered"])
def test_what_a_judge_did_say_is_not_asked_again_on_resume(tmp_path: Path, kind: str) -> None:
    """Only a judge that could not be reached is asked again: else resuming would draw until the score pleases."""
    said = {
        "refused": lambda: completion("I'm sorry, but I can't help with that."),
        "unparseable": lambda: completion("Fine weather today, and dry roads."),
        "filtered": lambda: problem(400, code="content_filter"),
    }
    with Loopback(answering(judge=always(said[kind]))) as server:
        ran = measure(tmp_path, server.base_url, 2)
        before = len(server.seen)
        again = resume(tmp_path, server.base_url)
        assert len(server.seen) == before
    assert again.unscored() == ran.unscored() == dict.fromkeys("12", UnscoredReason(kind))


def test_another_model_or_suite_is_refused(tmp_path: Path) -> None:
    with Loopback(scoring()) as server:
        measure(tmp_path, server.base_url, 2)
    tools = tools_for(server.base_url, None, QUICK, 1)
    own = str(tmp_path / "own.csv")
    with pytest.raises(BadInputError, match="is a run with model openai/target, not openai/other"):
        resume_run(tmp_path / "run", tools, model="openai/other")
    with pytest.raises(BadInputError, match=r"is a run with suites .*own\.csv, not starter"):
        resume_run(tmp_path / "run", tools, suites="starter")
    resume_run(tmp_path / "run", tools, model="openai/target", suites=own).ledger.close()


def test_changed_items_are_refused_and_a_changed_suite_file_is_not_read_again(tmp_path: Path) -> None:
    with Loopback(scoring()) as server:
        measure(tmp_path, server.base_url, 3)
        write_items(tmp_path, 9)
        assert len(resume(tmp_path, server.base_url).responses) == 3
        items = tmp_path / "run" / "items.jsonl"
        items.write_bytes(items.read_bytes().replace(b"patient 2", b"patient 7"))
        with pytest.raises(BadInputError, match=r"items\.jsonl is not what the run recorded"):
            resume(tmp_path, server.base_url)
        with pytest.raises(BadInputError, match=r"items\.jsonl"):  # and the lock was given back
            resume(tmp_path, server.base_url)


LIMIT = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (14_000, 14_000))
"""


def test_a_disk_that_fills_up_stops_the_run_and_resuming_completes_it(tmp_path: Path) -> None:
    """No file may grow beyond 14,000 bytes, which some thirty records fill."""
    write_items(tmp_path, 40)
    arguments = [*new_run(), "--concurrency", "3", "--quiet"]
    with Loopback(scoring()) as server:
        done = primum("eval", *arguments, "--base-url", server.base_url, cwd=tmp_path, before=LIMIT)
        assert done.code == 4, done.err
        assert "make room, then go on with --resume run" in done.err
        assert done.err.count("\n") == 1
        stopped = read_back(tmp_path / "run")
        assert stopped.run.state == "stopped"
        assert stopped.run.notes == ()
        assert 0 < len(stopped.responses) < 40
        ran = resume(tmp_path, server.base_url)
    assert_whole_and_unrepeated(ran.path, 40)
    assert ran.run.notes == ()  # no line was torn
    assert ran.summary is not None
    assert ran.summary.estimates == uninterrupted(tmp_path / "whole", 40).summary.estimates  # type: ignore[union-attr]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 160 KiB, where the machine lets us have one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", place], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_with_no_room_at_all_stops_the_run_with_one_sentence(small_disk: Path) -> None:
    """Not even run.json can be replaced at the end; with room again, the run goes on."""
    write_items(small_disk, 60)
    (small_disk / "ballast").write_bytes(b"x" * 100_000)
    with Loopback(scoring()) as server:
        done = primum("eval", *new_run(), "--quiet", "--base-url", server.base_url, cwd=small_disk)
        assert done.code == 4, done.err
        assert "No space left on device" in done.err
        assert done.err.count("\n") == 1, done.err
        (small_disk / "ballast").unlink()
        ran = resume(small_disk, server.base_url)
    assert_whole_and_unrepeated(ran.path, 60)


@pytest.mark.parametrize("trouble", [429, 503])
def test_what_was_spent_adds_up_over_resumed_passes(tmp_path: Path, trouble: int) -> None:
    behave = first(1, lambda: problem(trouble), scoring())
    with Loopback(behave) as server:
        measure(tmp_path, server.base_url, 4)
        ran = resume(tmp_path, server.base_url)
    # 4 items, asked and judged, each with one retry; an answer has 7 + 3 tokens
    assert ran.run.usage == {"calls": 16, "retries": 8, "prompt_tokens": 56, "completion_tokens": 24}
