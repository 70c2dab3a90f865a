"""A model behind an endpoint sits an exam: it is asked in words, and the letter is read from what it says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="exams need the extra 'capability'")
from aiohttp import web

from primum.capability import Sat, measure_exams
from primum.config import Config
from primum.errors import StoppedError
from primum.ledger import read_exams
from primum.models import ModelOpener, Patience
from tests.capability import made
from tests.engine import QUICK
from tests.loopback import Answer, Behaviour, Loopback, completion, problem


def letter_for(text: str) -> str:
    """The letter of the right sum in a question of `made`."""
    a, b = map(int, re.findall(r"(\d+) ?[+加] ?(\d+)", text)[-1])
    return next(line[0] for line in text.splitlines() if line[1:] == f". {a + b}")


async def knowing(request: web.Request, body: dict[str, Any]) -> Answer:
    return completion(f"The answer is {letter_for(body['messages'][-1]['content'])}.")


def saying(*texts: str) -> Behaviour:
    """Each text once, in the order of the questions' numbers a (the first has number 1); then the last one."""

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        number = int(re.findall(r"(\d+) ?[+加]", body["messages"][-1]["content"])[-1])
        return completion(texts[min(number, len(texts)) - 1])

    return behave


def measure(server: Loopback, exams: tuple[str, ...], data: Path | None = None, **more: Any) -> list[Sat]:
    patience = more.pop("patience", QUICK)
    opener = ModelOpener(Config(), base_url=server.base_url, concurrency=more.pop("concurrency", 4), patience=patience)
    return measure_exams("openai/m", exams, data=data, opener=opener, **more)


def test_all_five_exams_and_an_own_one(tmp_path: Path) -> None:
    for name in ("mmlu_medical", "medqa", "medmcqa", "cmmlu_medical"):
        getattr(made, name)(tmp_path)
    own = made.own_exam(tmp_path / "mine.csv")
    with Loopback(knowing) as server:
        sat = measure(server, ("mmlu_medical", "medqa", "medmcqa", "cmmlu_medical", str(own)), tmp_path)
        assert [(one.exam.name, one.exam.accuracy, one.exam.n) for one in sat] == [
            ("mmlu_medical", 1.0, 12),
            ("medqa", 1.0, 5),
            ("medmcqa", 1.0, 5),
            ("cmmlu_medical", 1.0, 9),
            ("mine", 1.0, 6),
        ]
        assert len(server.seen) == 37
        assert {body["temperature"] for body in server.seen} == {0.0}
        assert {body["max_tokens"] for body in server.seen} == {512}
    assert {one.exam.form for one in sat} == {"generative"}
    assert sat[1].exam.template == "primum exam; chat, 512 tokens"
    assert {"lm_eval"} <= sat[1].exam.versions.keys() <= {"primum", "lm_eval", "datasets"}


def test_decisions_are_asked_for_by_name(tmp_path: Path) -> None:
    made.pubmedqa(tmp_path)

    async def yes(request: web.Request, body: dict[str, Any]) -> Answer:
        assert body["messages"][-1]["content"].endswith("Answer with one word: yes, no or maybe.")
        return completion("Yes.")

    with Loopback(yes) as server:
        (sat,) = measure(server, ("pubmedqa",), tmp_path)
    assert (sat.exam.accuracy, sat.exam.unread) == (1 / 3, 0)  # the keys are yes, no, maybe


def test_worked_examples_are_turns_with_the_letter_as_answer(tmp_path: Path) -> None:
    made.mmlu_medical(tmp_path)
    with Loopback(knowing) as server:
        (sat,) = measure(server, ("mmlu_medical",), tmp_path, shots=2)
        turns = [body["messages"] for body in server.seen]
    assert (sat.exam.accuracy, sat.exam.shots) == (1.0, 2)
    for messages in turns:
        assert [message["role"] for message in messages] == ["user", "assistant"] * 2 + ["user"]
        subjects = {message["content"].partition(":")[0] for message in messages[::2]}
        assert len(subjects) == 1  # examples are of the question's own subject
        for question, answer in zip(messages[:-1:2], messages[1::2], strict=True):
            assert answer["content"] == letter_for(question["content"])


def test_right_wrong_unread_and_filtered(tmp_path: Path) -> None:
    """Questions 1 to 6 have the keys B C D A B C; a choice that cannot be read is wrong and counted apart."""
    own = made.own_exam(tmp_path / "mine.csv")
    texts = ("B", "The answer is A.", "Either B or D, I cannot tell.", "答案：A", "A, B")
    run = made.a_run(tmp_path / "run", "openai/m")

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        if "6加7" in body["messages"][-1]["content"]:
            return completion(None, finish="content_filter")
        return await saying(*texts)(request, body)

    with Loopback(behave) as server:
        (sat,) = measure(server, (str(own),), out=run)
    assert (sat.exam.accuracy, sat.exam.n, sat.exam.unread, sat.failed) == (2 / 6, 6, 2, {})
    ((exam, answers),) = read_exams(run)
    assert exam == sat.exam
    assert {answer.question: (answer.picked, answer.correct) for answer in answers} == {
        "mine/1": ("B", True),
        "mine/2": ("A", False),
        "mine/3": ("", None),
        "mine/4": ("A", True),
        "mine/5": ("AB", False),
        "mine/6": ("", None),
    }


def test_as_many_calls_are_under_way_as_the_server_is_to_have(tmp_path: Path) -> None:
    made.mmlu_medical(tmp_path)
    with Loopback(knowing, latency=0.05) as server:
        measure(server, ("mmlu_medical",), tmp_path, concurrency=5)
        assert server.most_under_way == 5


def test_failures_are_counted_by_kind_and_too_many_are_not_added(tmp_path: Path) -> None:
    own = made.own_exam(tmp_path / "mine.csv")
    run = made.a_run(tmp_path / "run", "openai/m")

    async def failing(request: web.Request, body: dict[str, Any]) -> Answer:
        if re.search(r"What is [13] \+", body["messages"][-1]["content"]):
            return problem(400, "no")
        return await knowing(request, body)

    with Loopback(failing) as server:
        (sat,) = measure(server, (str(own),), out=run)
        assert (sat.failed, sat.added, sat.exam.accuracy, sat.exam.unread) == ({"bad_request": 2}, False, 4 / 6, 2)
        server.seen.clear()
        server.behaviour = knowing
        (again,) = measure(server, (str(own),), out=run)
        assert len(server.seen) == 2  # only what failed is asked again
    assert (again.failed, again.added, again.exam.accuracy) == ({}, True, 1.0)
    assert again.exam.id == sat.exam.id


def test_few_failures_are_wrong_answers_of_an_exam_that_counts(tmp_path: Path) -> None:
    own = made.own_exam(tmp_path / "mine.csv")
    run = made.a_run(tmp_path / "run", "openai/m")

    async def failing(request: web.Request, body: dict[str, Any]) -> Answer:
        asked = body["messages"][-1]["content"]
        return problem(400, "no") if "What is 1 +" in asked else await knowing(request, body)

    with Loopback(failing) as server:
        (sat,) = measure(server, (str(own),), out=run, max_failed=0.2)
    assert (sat.failed, sat.added, sat.exam.accuracy, sat.exam.unread) == ({"bad_request": 1}, True, 5 / 6, 1)


def test_a_key_that_is_refused_stops_the_exam_at_once(tmp_path: Path) -> None:
    own = made.own_exam(tmp_path / "mine.csv", count=10)

    async def refusing(request: web.Request, body: dict[str, Any]) -> Answer:
        await asyncio.sleep(0.01)
        return problem(401, "bad key")

    with Loopback(refusing) as server:
        with pytest.raises(StoppedError, match="openai/m"):
            measure(server, (str(own),), concurrency=2)
        assert len(server.seen) <= 2


def test_no_server_there_stops_the_exam(tmp_path: Path) -> None:
    own = made.own_exam(tmp_path / "mine.csv")
    opener = ModelOpener(
        Config(), base_url="http://127.0.0.1:9/v1", patience=Patience(tries=2, first=0.01, longest=0.02)
    )
    with pytest.raises(StoppedError, match="cannot reach"):
        measure_exams("openai/m", (str(own),), opener=opener)


def test_recorded_answers_sit_the_exam_too(tmp_path: Path) -> None:
    own = made.own_exam(tmp_path / "mine.csv", count=3)  # keys B C D
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"id": "mine/1", "response": "B"}\n{"id": "mine/2", "response": "It is D."}\n')
    (sat,) = measure_exams(f"replay/{answers}", (str(own),))
    assert (sat.exam.accuracy, sat.failed) == (1 / 3, {"not_recorded": 1})
