"""An endpoint that misbehaves in every way we know of, asked through `ApiModel`; whole runs are in test_evaluate.

Most tests ask a few prompts of a loopback server with little patience and look at what came back and what was sent.
"""

from __future__ import annotations

import asyncio
import email.utils
import gzip
import itertools
import os
import random
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from primum.config import EndpointConfig
from primum.errors import BadInputError, StoppedError
from primum.models.api import MOST_BYTES, ApiModel, Endpoint, Patience, make_endpoint
from primum.models.base import Prompt, Settings
from primum.models.limiter import Limiter
from primum.records import Failure, Reply
from tests.conftest import KEY
from tests.engine import QUICK
from tests.loopback import Answer, Loopback, Raw, always, completion, first, problem, response_bytes

GOOD = b'{"choices": [{"message": {"content": "No."}, "finish_reason": "stop"}]}'
WARD = "ward/qwen"
GREEDY = Settings()


def prompts(count: int, schema: dict[str, Any] | None = None) -> list[Prompt]:
    return [Prompt(({"role": "user", "content": f"request {n}"},), schema=schema) for n in range(count)]


def open_model(base_url: str, patience: Patience = QUICK, settings: Settings = GREEDY, most: int = 8) -> ApiModel:
    config = EndpointConfig(base_url=base_url, key_env="OPENAI_API_KEY")
    return ApiModel(WARD, "qwen", make_endpoint(config, Limiter(most), patience), settings)


def ask_of(model: ApiModel, asked: Sequence[Prompt]) -> list[Reply | Failure]:
    async def talk() -> list[Reply | Failure]:
        try:
            return await asyncio.wait_for(model.reply(asked), 30)
        finally:
            await model.close()

    return asyncio.run(talk())


def ask(base_url: str, count: int = 1, patience: Patience = QUICK) -> list[Reply | Failure]:
    return ask_of(open_model(base_url, patience), prompts(count))


def kinds(answers: Sequence[Reply | Failure]) -> list[str]:
    return [answer.kind.value if isinstance(answer, Failure) else "ok" for answer in answers]


# --- what is sent


def test_a_call_sends_model_messages_settings_and_key() -> None:
    with Loopback(always(lambda: completion("No."))) as server:
        answers = ask(server.base_url + "/")  # a base URL may end in a slash
        assert answers == [Reply(text="No.", prompt_tokens=7, completion_tokens=3)]
        message = {"role": "user", "content": "request 0"}
        assert server.seen == [{"model": "qwen", "messages": [message], "max_tokens": 512, "temperature": 0.0}]
        assert server.keys == [f"Bearer {KEY}"]


def test_a_sampled_answer_has_a_seed_of_its_own_and_a_schema_is_asked_for() -> None:
    with Loopback(always(lambda: completion("No."))) as server:
        model = open_model(server.base_url, settings=Settings(temperature=0.5, seed=3))
        ask_of(model, [Prompt(({"role": "user", "content": "x"},), sample=2, schema={"type": "object"})])
        assert server.seen[0]["seed"] == 5
        assert server.seen[0]["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_without_a_key_no_authorization_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with Loopback(always(lambda: completion("No."))) as server:
        ask(server.base_url)
        assert server.keys == [None]


# --- overload


@pytest.mark.parametrize(
    ("header", "least"),
    [(lambda: "1", 0.9), (lambda: email.utils.formatdate(time.time() + 2, usegmt=True), 0.7)],
    ids=["seconds", "date"],
)
def test_retry_after_pauses_the_whole_endpoint(header: Callable[[], str], least: float) -> None:
    """Four calls are under way when the first is turned away; the next of any comes only after the pause."""
    arrivals: list[float] = []
    refused = 0.0

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        nonlocal refused
        arrivals.append(time.monotonic())
        number = len(arrivals)
        while len(arrivals) < 4:
            await asyncio.sleep(0.001)
        if number == 1:
            refused = time.monotonic()
            return problem(429, headers={"Retry-After": header()})
        if number <= 4:
            await asyncio.sleep(0.2)
        return completion("No.")

    with Loopback(behave) as server:
        answers = ask_of(open_model(server.base_url, most=4), prompts(10))
    assert kinds(answers) == ["ok"] * 10
    assert min(at - refused for at in arrivals[4:]) > least


def test_a_retry_after_of_nothing_does_not_spend_all_tries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    arrivals: list[float] = []

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        arrivals.append(time.monotonic())
        return problem(429, headers={"Retry-After": "0"})

    monkeypatch.setattr(Patience, "pause", lambda patience, retry, rng: 0.02 + 0.01 * retry)
    with Loopback(behave) as server:
        assert kinds(ask(server.base_url)) == ["rate_limited"]
    gaps = [after - before for before, after in itertools.pairwise(arrivals)]
    assert len(gaps) == QUICK.tries - 1
    assert all(gap > 0.015 + 0.01 * retry for retry, gap in enumerate(gaps))


def test_a_retry_after_of_hours_is_not_waited_for() -> None:
    with Loopback(first(1, lambda: problem(429, headers={"Retry-After": "7200"}))) as server:
        assert kinds(ask(server.base_url, 3)) == ["rate_limited"] * 3
        assert len(server.seen) == 3


def test_a_server_for_three_at_once_is_slowed_down_for_and_everyone_is_answered() -> None:
    limits: list[float] = []

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        if server.under_way > 3:
            return problem(429)
        await asyncio.sleep(0.004)
        return completion("No.")

    with Loopback(behave) as server:
        model = open_model(server.base_url, most=16)
        limiter = model._endpoint.limiter
        told, went_well = limiter.overloaded, limiter.succeeded

        def overloaded(started: float, retry_after: float | None = None) -> None:
            told(started, retry_after)
            limits.append(limiter.limit)

        def succeeded() -> None:
            went_well()
            limits.append(limiter.limit)

        limiter.overloaded, limiter.succeeded = overloaded, succeeded  # type: ignore[method-assign]
        answers = ask_of(model, prompts(120))
    assert kinds(answers) == ["ok"] * 120
    assert min(limits) <= 4.0  # 16, 8, 4: halved at least twice
    assert any(after > before for before, after in itertools.pairwise(limits))  # and climbs again
    assert model.retries == model.calls - 120


def test_a_server_with_its_own_pace_serves_everyone_in_the_end() -> None:
    """One answer every 10 ms and a 429 to all others: more rejections for an item than it has tries."""
    free = 0.0

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        nonlocal free
        now = time.monotonic()
        if now < free:
            return problem(429)
        free = now + 0.01
        return completion("No.")

    with Loopback(behave) as server:
        model = open_model(server.base_url, QUICK._replace(first=0.02, longest=0.05))
        assert kinds(ask_of(model, prompts(60))) == ["ok"] * 60
        assert model.retries > 2 * 60


def test_a_server_that_turns_everyone_away_ends_in_rate_limited() -> None:
    with Loopback(always(lambda: problem(429))) as server:
        assert kinds(ask(server.base_url, 3)) == ["rate_limited"] * 3
        assert len(server.seen) == 3 * QUICK.tries


CROWDED = """
import resource, sys
from tests.models.test_api import ask_of, kinds, open_model, prompts
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
assert kinds(ask_of(open_model(sys.argv[1], most=100), prompts(200))) == ["ok"] * 200
"""


def test_more_calls_at_once_than_files_may_be_open_are_made_fewer() -> None:
    with Loopback(always(lambda: completion("No.")), latency=0.005) as server:
        done = subprocess.run(
            [sys.executable, "-c", CROWDED, server.base_url],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "OPENAI_API_KEY": KEY},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert server.most_under_way < 40


# --- trouble that passes, and trouble that stays


@pytest.mark.parametrize("status", [500, 502, 503, 504, 529, 408, 409, 425])
def test_trouble_that_passes_costs_retries_and_no_answer(status: int) -> None:
    with Loopback(first(2, lambda: problem(status), always(lambda: completion("No.")))) as server:
        model = open_model(server.base_url)
        assert kinds(ask_of(model, prompts(3))) == ["ok"] * 3
        assert (model.calls, model.retries) == (9, 6)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, "server_error"), (503, "server_error"), (529, "server_error"), (408, "timeout"), (409, "bad_request")],
)
def test_trouble_that_stays_is_a_failure_of_its_kind(status: int, kind: str) -> None:
    with Loopback(always(lambda: problem(status, "out of order"))) as server:
        (answer,) = ask(server.base_url)
        assert isinstance(answer, Failure)
        assert (answer.kind.value, answer.detail) == (kind, f"HTTP {status}: out of order")
        assert len(server.seen) == QUICK.tries


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_refused_as_bad_is_asked_once(status: int) -> None:
    with Loopback(always(lambda: problem(status, "too long"))) as server:
        assert kinds(ask(server.base_url)) == ["bad_request"]
        assert len(server.seen) == 1


# --- bodies that come slowly, not at all, or broken


async def _trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
    raw = response_bytes(GOOD, f"Content-Length: {len(GOOD)}")
    for start in range(0, len(raw), 16):
        writer.write(raw[start : start + 16])
        await writer.drain()
        await asyncio.sleep(0.005)


def test_a_slow_body_is_waited_for() -> None:
    with Raw(_trickle) as server:
        assert ask(server.base_url) == [Reply(text="No.")]


@pytest.mark.parametrize("sent", [b"", response_bytes(GOOD[:20], f"Content-Length: {len(GOOD)}")], ids=["head", "body"])
def test_a_stalled_answer_is_a_timeout(sent: bytes) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        writer.write(sent)
        await writer.drain()
        await reader.read()  # until the client hangs up

    with Raw(stall) as server:
        (answer,) = ask(server.base_url, patience=QUICK._replace(timeout=0.15, tries=2))
        assert isinstance(answer, Failure)
        assert (answer.kind.value, answer.detail) == ("timeout", "no whole answer in 0.15 s")
        assert len(server.seen) == 2


def chunked(*chunks: bytes) -> bytes:
    return response_bytes(b"".join(chunks), "Transfer-Encoding: chunked")


BROKEN = {
    "reset before the head": b"",
    "reset inside the head": b"HTTP/1.1 200 OK\r\nContent-",
    "reset inside the body": response_bytes(GOOD[:20], f"Content-Length: {len(GOOD)}"),
    "reset between chunks": chunked(b"5\r\n" + GOOD[:5] + b"\r\n"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "two different lengths": response_bytes(GOOD, f"Content-Length: {len(GOOD)}", "Content-Length: 7"),
    "two equal lengths": response_bytes(GOOD, f"Content-Length: {len(GOOD)}", f"Content-Length: {len(GOOD)}"),
    "length and chunks": response_bytes(GOOD, "Content-Length: 5", "Transfer-Encoding: chunked"),
    "a length that is no number": response_bytes(GOOD, "Content-Length: many"),
    "a chunk of no size": chunked(b"zz\r\n" + GOOD + b"\r\n0\r\n\r\n"),
    "a chunk longer than it says": chunked(b"5\r\n" + GOOD + b"\r\n0\r\n\r\n"),
    "gzip that is none": response_bytes(GOOD, "Content-Encoding: gzip", f"Content-Length: {len(GOOD)}"),
    "gzip cut short": response_bytes(gzip.compress(GOOD)[:-12], "Content-Encoding: gzip"),
}


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_asked_for_again_and_is_never_an_internal_error(sent: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        good = len(server.seen) > 2
        writer.write(response_bytes(GOOD, f"Content-Length: {len(GOOD)}") if good else sent)
        await writer.drain()

    with Raw(talk) as server:
        model = open_model(server.base_url)
        assert ask_of(model, prompts(1)) == [Reply(text="No.")]
        assert model.retries == 2


@pytest.mark.parametrize(
    "sent", [BROKEN["reset before the head"], BROKEN["a chunk of no size"]], ids=["reset", "chunk"]
)
def test_an_answer_that_is_always_broken_is_a_failed_connection(sent: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        writer.write(sent)
        await writer.drain()

    with Raw(talk) as server:
        assert kinds(ask(server.base_url, 2)) == ["connection"] * 2


@pytest.mark.parametrize("body", [GOOD[:-20], b"<html><h1>Welcome</h1></html>", b""], ids=["cut", "html", "empty"])
def test_a_body_that_is_no_completion_is_a_bad_response(body: bytes) -> None:
    def answer() -> Answer:
        return web.Response(body=body, content_type="text/html")

    with Loopback(first(1, answer)) as server:
        assert kinds(ask(server.base_url)) == ["ok"]
    with Loopback(always(answer)) as server:
        assert kinds(ask(server.base_url)) == ["bad_response"]
        assert len(server.seen) == QUICK.tries


# --- size


def test_an_answer_of_ten_megabytes_is_too_large_and_the_connection_is_dropped() -> None:
    dropped: list[bool] = []

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        writer.write(response_bytes(b"", "Content-Length: 10485760"))
        try:
            for _ in range(160):
                writer.write(b"x" * 65536)
                await writer.drain()
            dropped.append((await reader.read()) == b"")
        except ConnectionError:
            dropped.append(True)

    with Raw(pour) as server:
        assert kinds(ask(server.base_url)) == ["too_large"]
    assert dropped in ([True], [])
    assert len(server.seen) == 1  # it would be as large again


def test_an_answer_below_the_bound_is_whole() -> None:
    text = "word " * (MOST_BYTES // 5 - 100)
    with Loopback(always(lambda: completion(text))) as server:
        (answer,) = ask(server.base_url)
    assert isinstance(answer, Reply)
    assert answer.text == text


def test_compressed_answers_are_read() -> None:
    raw = response_bytes(gzip.compress(GOOD), "Content-Encoding: gzip", f"Content-Length: {len(gzip.compress(GOOD))}")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        writer.write(raw)
        await writer.drain()

    with Raw(talk) as server:
        assert ask(server.base_url) == [Reply(text="No.")]


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "without"])
def test_a_compression_bomb_is_cut_at_the_bound(announced: bool) -> None:
    """200 MB of spaces in 200 KB: what it takes in memory stays near the bound on a body."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(packer.compress(b" " * 1_000_000) for _ in range(200)), packer.flush()])
    lengths = [f"Content-Length: {len(bomb)}"] if announced else []
    raw = response_bytes(bomb, "Content-Encoding: gzip", *lengths)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        writer.write(raw)
        await writer.drain()

    with Raw(talk) as server:
        tracemalloc.start()
        answers = ask(server.base_url)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert kinds(answers) == ["too_large"]
    assert most < 100_000_000


# --- parameters that a server does not take


def picky(parameter: str, message: str, instead: str = "") -> Callable[[web.Request, dict[str, Any]], Any]:
    """Refuses a parameter, after a moment in which all the calls of the first round arrive."""

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        await asyncio.sleep(0.02)
        if parameter in body:
            return problem(400, message, param=parameter)
        assert not instead or instead in body
        return completion('{"score": 1}')

    return behave


@pytest.mark.parametrize(
    ("parameter", "message", "instead"),
    [
        ("response_format", "'response_format' of type 'json_schema' is not supported", ""),
        ("max_tokens", "Unsupported parameter. Use 'max_completion_tokens' instead.", "max_completion_tokens"),
        ("temperature", "Unsupported value: only the default (1) value is supported", ""),
        ("seed", "Unrecognized request argument supplied: seed", ""),
    ],
)
def test_a_parameter_that_the_server_does_not_take_is_left_out_and_noted_once(
    parameter: str, message: str, instead: str
) -> None:
    """Eight calls go out together with it; each must go again without it, not only the first to be told."""
    with Loopback(picky(parameter, message, instead)) as server:
        model = open_model(server.base_url, settings=Settings(temperature=0.5))
        answers = ask_of(model, prompts(20, schema={"type": "object"}))
        assert kinds(answers) == ["ok"] * 20
        assert parameter not in server.seen[-1]
        assert len(server.seen) <= 28  # no more than the first round is sent twice
        assert len(model.notes) == 1
        assert f"'{parameter}'" in model.notes[0]
        assert model.retries == 0


def test_several_parameters_are_left_out_one_after_the_other() -> None:
    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        for parameter in ("response_format", "max_tokens", "temperature", "seed"):
            if parameter in body:
                return problem(400, f"Unsupported parameter {parameter}", param=parameter)
        return completion('{"score": 1}')

    with Loopback(behave) as server:
        model = open_model(server.base_url, settings=Settings(temperature=0.5))
        assert kinds(ask_of(model, prompts(3, schema={"type": "object"}))) == ["ok"] * 3
        assert len(model.notes) == 4


def test_a_complaint_about_a_parameter_that_was_not_sent_is_a_failure_and_ends() -> None:
    with Loopback(always(lambda: problem(400, "response_format is not supported"))) as server:
        model = open_model(server.base_url)
        assert kinds(ask_of(model, prompts(2))) == ["bad_request"] * 2
        assert len(server.seen) == 2
        assert model.notes == []


# --- what stops a run


@pytest.mark.parametrize("status", [401, 402, 403, 404, 405])
def test_what_no_call_can_mend_stops_at_the_first(status: int) -> None:
    with Loopback(always(lambda: problem(status, "no entry"))) as server:
        with pytest.raises(StoppedError, match=r"ward/qwen: http://127\.0\.0\.1:\d+/v1 .*no entry"):
            ask(server.base_url)
        assert len(server.seen) == 1


def test_when_one_call_stops_the_run_the_others_of_its_batch_end_too() -> None:
    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        if body["messages"][0]["content"].endswith("3"):
            return problem(401)
        await asyncio.sleep(0.05)
        return problem(500)

    async def talk() -> int:
        model = open_model(server.base_url)
        with pytest.raises(StoppedError):
            await model.reply(prompts(6))
        await model.close()
        return len(asyncio.all_tasks()) - 1

    with Loopback(behave) as server:
        assert asyncio.run(talk()) == 0
        assert len(server.seen) <= 6


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_so_neither_requests_nor_key_go_elsewhere(status: int) -> None:
    with Loopback() as other:

        def answer() -> Answer:
            return web.Response(status=status, headers={"Location": other.base_url + "/chat/completions?token=1"})

        with (
            Loopback(always(answer)) as server,
            pytest.raises(StoppedError, match=f"redirects to {other.base_url}/chat/completions, which is not followed"),
        ):
            ask(server.base_url)
        assert other.seen == []


def test_a_server_that_was_never_there_stops_the_run_after_the_usual_tries() -> None:
    with Loopback() as server:
        base_url = server.base_url
    model = open_model(base_url)
    with pytest.raises(StoppedError, match=f"cannot reach {base_url}"):
        ask_of(model, prompts(1))
    assert model.calls == QUICK.tries


def test_a_server_that_goes_away_leaves_failures() -> None:
    async def talk() -> tuple[list[Reply | Failure], list[Reply | Failure]]:
        with Loopback(always(lambda: completion("No."))) as server:
            model = open_model(server.base_url)
            before = await model.reply(prompts(2))
        after = await model.reply(prompts(3))
        await model.close()
        return before, after

    before, after = asyncio.run(talk())
    assert kinds(before) == ["ok"] * 2
    assert kinds(after) == ["connection"] * 3


def test_an_endpoint_can_be_used_in_one_loop_after_another() -> None:
    with Loopback(always(lambda: completion("No."))) as server:
        model = open_model(server.base_url)
        assert kinds(ask_of(model, prompts(1)) + ask_of(model, prompts(1))) == ["ok", "ok"]


# --- base URLs and keys


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "ward:8000/v1",
        "ftp://ward/v1",
        "http://",
        "http:///v1",
        "http://ward:eight/v1",
        "http://ward:99999/v1",
        "http://[::1/v1",
        "http://ward host/v1",
        " http://ward/v1",
        "http://ward/v1?api-version=3",
        "http://ward/v1#top",
        "http://me:hunter2@ward/v1",
    ],
)
def test_a_base_url_that_cannot_work_is_told_of_before_any_call(base_url: str) -> None:
    with pytest.raises(BadInputError, match="base URL") as caught:
        make_endpoint(EndpointConfig(base_url=base_url), Limiter(1), QUICK)
    assert "hunter2" not in str(caught.value)


def test_a_named_key_that_is_not_set_or_cannot_be_one_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    config = EndpointConfig(base_url="http://ward/v1", key_env="WARD_KEY")
    with pytest.raises(BadInputError, match=r"WARD_KEY.*is not set"):
        make_endpoint(config, Limiter(1), QUICK)
    for wrong in ("sk-1\nsk-2", "sk-\x1b[A", "我的密钥"):
        monkeypatch.setenv("WARD_KEY", wrong)
        with pytest.raises(BadInputError, match="WARD_KEY") as caught:
            make_endpoint(config, Limiter(1), QUICK)
        assert wrong not in str(caught.value)


def test_the_newline_that_a_shell_leaves_on_a_key_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\r\n")
    with Loopback(always(lambda: completion("No."))) as server:
        ask(server.base_url)
        assert server.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize("status", [400, 401, 500, 200])
def test_a_key_that_the_server_repeats_is_hidden(status: int) -> None:
    def answer() -> Answer:
        return web.Response(status=status, text="x" * 170 + f" you sent {KEY}, which is wrong")

    with Loopback(always(answer)) as server:
        try:
            told = repr(ask(server.base_url))
        except StoppedError as error:
            told = str(error)
    assert KEY[:12] not in told
    assert "you sent [key]" in told


def test_an_endpoint_does_not_show_its_key() -> None:
    endpoint = Endpoint("http://ward/v1", KEY, Limiter(1), QUICK)
    assert KEY not in repr(endpoint) + str(endpoint)


# --- pauses


def test_pauses_grow_to_the_longest_and_no_further() -> None:
    """Full jitter: uniform between 0 and min(longest, first * 2^retry), so their most is known for each retry."""
    patience = Patience(first=0.5, longest=30.0)
    rng = random.Random(1)
    for retry, most in [(0, 0.5), (1, 1.0), (5, 16.0), (6, 30.0), (5000, 30.0)]:
        drawn = [patience.pause(retry, rng) for _ in range(300)]
        assert 0.0 <= min(drawn) < 0.1 * most
        assert 0.9 * most < max(drawn) <= most
