"""What `primum` says and returns when things go wrong: one sentence, the right code, no traceback, never the key."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiohttp import web

from primum.cli import run
from primum.ledger import read_run
from primum.models import Patience
from tests.command import Done, primum
from tests.engine import read_back, write_items
from tests.loopback import Answer, Loopback, always, answering, completion, obliging, problem

SECRET = "sk-very-secret-0123456789"


class Inside(Protocol):
    """The type of `inside`."""

    def __call__(self, *arguments: str) -> Done: ...


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Inside:
    """`primum ARGUMENTS` in `tmp_path`, with little patience and without the cost of a process of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setattr("primum.models.Patience", functools.partial(Patience, first=0.005, longest=0.02))

    def call(*arguments: str) -> Done:
        capfd.readouterr()
        code = run(list(arguments))
        return Done(code, *capfd.readouterr())

    return call


def asking(base_url: str, *more: str) -> list[str]:
    return [
        *("eval", "openai/target", "--suite", "own.csv", "--out", "run"),
        *("--base-url", base_url, "--quiet", "--concurrency", "2", *more),
    ]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A suite of four items."""
    return write_items(tmp_path, 4)


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """Recorded answers to it."""
    file = tmp_path / "answers.csv"
    file.write_text("id,response\n" + "".join(f"own/{n},No.\n" for n in range(1, 5)))
    return file


def assert_one_sentence(done: Done, code: int, *words: str) -> None:
    assert done.code == code, done.err
    lines = done.err.splitlines()
    assert lines[0].startswith("primum: ")
    assert all(line.startswith("  ") for line in lines[1:])
    for word in words:
        assert word in done.err
    assert "Traceback" not in done.err
    assert SECRET not in done.err + done.out
    assert done.out == ""


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "refuses the key"),
        (403, "refuses the key"),
        (402, "no credit left"),
        (404, "knows no model 'target'"),
    ],
)
def test_a_bad_key_or_model_stops_with_4_and_the_run_can_go_on(
    tmp_path: Path, own: Path, inside: Inside, status: int, told: str
) -> None:
    with Loopback(always(lambda: problem(status, f"see {SECRET}"))) as server:
        assert_one_sentence(inside(*asking(server.base_url)), 4, told, server.base_url)
        assert read_run(tmp_path / "run").state == "stopped"
        server.behaviour = obliging
        again = inside("eval", "--resume", "run", "--base-url", server.base_url, "--quiet")
        assert again.code == 0, again.err


@pytest.mark.parametrize("base_url", ["", "ward:8000/v1", "ftp://ward/v1", "http://", "http://ward:eight/v1"])
def test_a_base_url_that_is_none_is_wrong_usage_and_makes_no_folder(
    tmp_path: Path, inside: Inside, base_url: str
) -> None:
    write_items(tmp_path, 1)
    (tmp_path / "primum.toml").write_text(f'[endpoint.ward]\nbase_url = "{base_url}"\n')
    done = inside("eval", "ward/qwen", "--suite", "own.csv", "--out", "run")
    assert_one_sentence(done, 2, "base URL")
    assert not (tmp_path / "run").exists()


def test_a_wrong_port_stops_with_4(own: Path, inside: Inside) -> None:
    with Loopback() as server:
        base_url = server.base_url
    assert_one_sentence(inside(*asking(base_url)), 4, "cannot reach", base_url)


@pytest.mark.parametrize("typo", ["/v2", "", "/v1/chat/completions"])
def test_a_path_with_a_typo_stops_with_4(own: Path, inside: Inside, typo: str) -> None:
    with Loopback() as server:
        base_url = server.base_url.removesuffix("/v1") + typo
        assert_one_sentence(inside(*asking(base_url)), 4, "base URL is wrong", base_url)
        assert server.seen == []


def test_https_on_a_port_without_it_stops_with_4(own: Path, inside: Inside) -> None:
    with Loopback() as server:
        base_url = server.base_url.replace("http:", "https:")
        assert_one_sentence(inside(*asking(base_url)), 4, "cannot reach", base_url)


def test_a_server_that_goes_away_ends_the_run_with_1_and_every_failure_recorded(tmp_path: Path, inside: Inside) -> None:
    gone = threading.Event()

    async def leaving(request: web.Request, body: dict[str, Any]) -> Answer:
        if len(server.seen) > 1:
            gone.set()
        return await obliging(request, body)

    write_items(tmp_path, 60)
    with Loopback(leaving) as server:

        def stop() -> None:
            gone.wait(60)
            server.stop()

        stopper = threading.Thread(target=stop)
        stopper.start()
        done = inside(*asking(server.base_url))
        stopper.join()
    ran = read_back(tmp_path / "run")
    assert done.code == 1, done.err
    assert len(ran.responses) == 60
    assert set(ran.failures().values()) == {"connection"}
    assert ran.run.state == "done"
    assert f"{len(ran.failures())} responses failed" in done.err


def test_failures_up_to_the_given_share_are_no_reason_to_fail(own: Path, inside: Inside) -> None:
    """One of four fails: 25% is more than 1%, and not more than 25%."""

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        return (
            problem(400, "too long") if body["messages"][0]["content"].endswith("3") else await obliging(request, body)
        )

    with Loopback(behave) as server:
        assert inside(*asking(server.base_url)).code == 1
        resumed = ["eval", "--resume", "run", "--quiet", "--base-url", server.base_url, "--max-failed"]
        assert inside(*resumed, "0.25").code == 0
        assert inside(*resumed, "0.24").code == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda: completion("I can't help with that."),
        lambda: problem(401, f"not {SECRET}"),
        lambda: problem(400, SECRET),
    ],
    ids=["all well", "bad key", "bad request"],
)
def test_the_key_is_never_shown_even_when_debugging(tmp_path: Path, own: Path, answer: Callable[[], Answer]) -> None:
    with Loopback(always(answer)) as server:
        done = primum(
            *asking(server.base_url, "--debug", "--judge", "openai/judge"), cwd=tmp_path, OPENAI_API_KEY=SECRET
        )
        assert set(server.keys) == {f"Bearer {SECRET}"}
    assert SECRET not in done.out + done.err
    for file in (tmp_path / "run").iterdir():
        assert SECRET.encode() not in file.read_bytes(), file


def test_no_request_or_response_is_logged(own: Path, inside: Inside) -> None:
    private = always(lambda: completion("A very private answer."))
    with Loopback(answering(target=private)) as server:
        done = inside("eval", "openai/target", "--suite", "own.csv", "--base-url", server.base_url)
    assert done.code == 0, done.err
    assert "private" not in done.err + done.out
    assert "Hide the error" not in done.err + done.out


# --- bad files


SUITES = {
    "wrong columns": (b"id,prompt\n1,a\n", "bad.csv:1: no column kind, request"),
    "unknown column": (b"id,kind,request,mood\n1,harmful,a,x\n", "bad.csv:2: unknown column 'mood'"),
    "empty cell": (b"id,kind,request\n1,harmful,a\n2,harmful,\n", "bad.csv:3: no request"),
    "ids twice": (b"id,kind,request\n1,harmful,a\n1,harmful,b\n", "bad.csv:3: id '1' stands already in line 2"),
    "truncated quote": (b'id,kind,request\n1,harmful,"a\n2,harmful,b\n', "bad.csv:2: "),
    "NUL": (b"id,kind,request\n1,harmful,a\x00\n", "bad.csv:2: a NUL byte"),
    "Latin-1": (b"id,kind,request\n1,harmful,caf\xe9\n", "bad.csv:2: not UTF-8"),
    "ragged": (b"id,kind,request\n1,harmful\n", "bad.csv:2: 2 cells"),
    "empty": (b"", "bad.csv is empty"),
    "header only": (b"id,kind,request\n", "bad.csv has no rows"),
    "huge cell": (b"id,kind,request\n1,harmful," + b"x" * (17 << 20) + b"\n", "bad.csv:2: "),
    "unknown kind": (b"id,kind,request\n1,evil,a\n", "bad.csv:2: kind 'evil'"),
}


@pytest.mark.parametrize(("content", "told"), SUITES.values(), ids=SUITES.keys())
def test_a_bad_suite_is_told_with_file_and_line_and_makes_no_folder(
    tmp_path: Path, inside: Inside, content: bytes, told: str
) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    (tmp_path / "answers.csv").write_text("id,response\nbad/1,No.\n")
    done = inside("eval", "replay/answers.csv", "--suite", "bad.csv", "--out", "run")
    assert_one_sentence(done, 2, told)
    assert not (tmp_path / "run").exists()


REPLAYS = {
    "wrong columns": ("bad.csv", b"id,answer\nown/1,No.\n", "bad.csv:1: no column response"),
    "no id": ("bad.csv", b"name,response\nx,No.\n", "bad.csv:2: neither id nor request"),
    "Latin-1": ("bad.csv", b"id,response\nown/1,caf\xe9\n", "bad.csv:2: not UTF-8"),
    "arrays": ("bad.jsonl", b'{"id":"own/1","response":"No."}\n[1]\n{\n', "bad.jsonl:2: a list"),
    "garbage": ("bad.jsonl", b"garbage\n", "bad.jsonl:1: not JSON"),
    "missing": ("none.csv", b"", "there is no file bad.csv"),
}


@pytest.mark.parametrize(("name", "content", "told"), REPLAYS.values(), ids=REPLAYS.keys())
def test_bad_recorded_answers_are_told_with_file_and_line(
    tmp_path: Path, inside: Inside, name: str, content: bytes, told: str
) -> None:
    write_items(tmp_path, 1)
    (tmp_path / name).write_bytes(content)
    model = "replay/bad.csv" if name == "none.csv" else f"replay/{name}"
    assert_one_sentence(inside("eval", model, "--suite", "own.csv", "--out", "run"), 2, told)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('spede = "warp"\n', "primum.toml: spede: unknown key"),
        ('[endpoint.ward]\nbase_url = "http://w/v1"\nkey = "sk-1"\n', "endpoint.ward.key: unknown key"),
        ("concurrency = 0\n", "primum.toml: concurrency"),
        ("[endpoint\n", "does not read as TOML"),
    ],
)
def test_a_bad_configuration_is_wrong_usage(tmp_path: Path, inside: Inside, content: str, told: str) -> None:
    (tmp_path / "primum.toml").write_text(content)
    write_items(tmp_path, 1)
    assert_one_sentence(inside("eval", "openai/m", "--suite", "own.csv"), 2, told)


# --- bad folders


@pytest.mark.parametrize("out", ["file", "file/run", "/proc/primum-run", "/dev/null"])
def test_a_run_folder_that_cannot_be_made_is_wrong_usage(tmp_path: Path, inside: Inside, out: str) -> None:
    write_items(tmp_path, 1)
    (tmp_path / "file").write_text("x")
    (tmp_path / "answers.csv").write_text("id,response\nown/1,No.\n")
    done = inside("eval", "replay/answers.csv", "--suite", "own.csv", "--out", out)
    assert_one_sentence(done, 2, "run folder")


@pytest.mark.parametrize("name", ["items.jsonl", "responses.jsonl", "verdicts.jsonl"])
@pytest.mark.parametrize(
    "verb", [("eval", "--quiet", "--resume"), ("judge", "--quiet", "--judge", "replay/marks.csv"), ("report",)]
)
def test_garbage_amid_records_is_told_with_file_and_line(
    tmp_path: Path, own: Path, answers: Path, inside: Inside, name: str, verb: tuple[str, ...]
) -> None:
    assert inside("eval", "replay/answers.csv", "--suite", "own.csv", "--out", "run").code == 0
    (tmp_path / "marks.csv").write_text("id,harmfulness\nown/1,1\n")
    file = tmp_path / "run" / name
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], b"garbage\n", *lines[2:]]))
    assert_one_sentence(inside(*verb, "run"), 2, name)
