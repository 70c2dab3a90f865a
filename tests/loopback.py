"""An OpenAI-compatible server on loopback, for tests and benchmarks: well-behaved, slow, or broken in a chosen way.

A test gives a function from the parsed request to an answer; `completion` and `scored` make the usual ones.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

Answer = web.StreamResponse
Behaviour = Callable[[web.Request, dict[str, Any]], Awaitable[Answer]]


def completion(text: str | None, finish: str = "stop", status: int = 200, **message: Any) -> web.Response:
    """A chat completion with this text."""
    body = {
        "id": "x",
        "object": "chat.completion",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def problem(status: int, message: str = "no", **more: Any) -> web.Response:
    """An error answer as OpenAI-compatible servers send it; `headers` are its headers."""
    headers = more.pop("headers", None)
    body = orjson.dumps({"error": {"message": message, **more}})
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def is_judging(body: dict[str, Any]) -> bool:
    """True for a judge's prompt."""
    return "<answer>" in body["messages"][0]["content"]


async def obliging(request: web.Request, body: dict[str, Any]) -> Answer:
    """Refuses when asked, scores 1 when judging."""
    if is_judging(body):
        return completion('{"reason": "declines", "score": 1}')
    return completion("I can't help with that, because it would harm the patient.")


def answering(target: Behaviour | None = None, judge: Behaviour | None = None) -> Behaviour:
    """A behaviour towards the target's requests and one towards the judge's; `obliging` where none is given."""

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        return await ((judge if is_judging(body) else target) or obliging)(request, body)

    return behave


def always(answer: Callable[[], Answer]) -> Behaviour:
    """The same answer, made anew for each request."""

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        return answer()

    return behave


def first(times: int, answer: Callable[[], Answer], then: Behaviour = obliging) -> Behaviour:
    """This answer to the first `times` calls of each conversation, then another behaviour."""
    counts: dict[bytes, int] = {}

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        conversation = orjson.dumps(body["messages"])
        counts[conversation] = counts.get(conversation, 0) + 1
        return answer() if counts[conversation] <= times else await then(request, body)

    return behave


class _Server(ABC):
    """A server in a thread of its own, at `base_url` while the context lasts."""

    def __init__(self) -> None:
        self.base_url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Shut down, so that the next call is refused. May be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    @abstractmethod
    async def _start(self) -> None: ...

    @abstractmethod
    async def _end(self) -> None: ...


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, dict[str, Any]], Awaitable[None]]


class Raw(_Server):
    """A server that reads a request and then does what `talk` says with the connection, byte by byte."""

    def __init__(self, talk: Talk) -> None:
        super().__init__()
        self.talk = talk
        self.seen: list[dict[str, Any]] = []
        self.heads: list[str] = []

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
            body = orjson.loads(await reader.readexactly(length))
            self.heads.append(head)
            self.seen.append(body)
            await self.talk(reader, writer, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client hung up, as some of these conversations make it do
        finally:
            writer.close()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def _end(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0.01)


def response_bytes(body: bytes, *headers: str) -> bytes:
    """An HTTP response with these headers and this body, whatever they say of each other."""
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Loopback(_Server):
    """An OpenAI-compatible server. `seen` holds the parsed bodies of all requests, `keys` their Authorization."""

    def __init__(self, behaviour: Behaviour = obliging, latency: float = 0.0) -> None:
        super().__init__()
        self.behaviour = behaviour
        self.latency = latency
        self.seen: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.under_way = 0
        self.most_under_way = 0

    async def _answer(self, request: web.Request) -> Answer:
        body = orjson.loads(await request.read())
        self.seen.append(body)
        self.keys.append(request.headers.get("Authorization"))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            return await self.behaviour(request, body)
        finally:
            self.under_way -= 1

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        server: Any = site._server
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"

    async def _end(self) -> None:
        await self._runner.cleanup()
