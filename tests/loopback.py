"""An OpenAI-compatible server on loopback, for tests and benchmarks: well-behaved, slow, or broken in a chosen way.

A test gives a function from the parsed request to an answer; `completion` and `scored` make the usual ones.
"""

from __future__ import annotations

import asyncio
import threading
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


class Loopback:
    """The server, in a thread of its own. `seen` holds the parsed bodies of all requests."""

    def __init__(self, behaviour: Behaviour = obliging, latency: float = 0.0) -> None:
        self.behaviour = behaviour
        self.latency = latency
        self.seen: list[dict[str, Any]] = []
        self.under_way = 0
        self.most_under_way = 0
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
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _answer(self, request: web.Request) -> Answer:
        body = orjson.loads(await request.read())
        self.seen.append(body)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            return await self.behaviour(request, body)
        finally:
            self.under_way -= 1

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        server: Any = site._server
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
