"""How fast a client without HTTP library, JSON, ledger or judges is against the same server: the ceiling of the setup.

`python bench/bare.py BASE_URL CONCURRENCY CALLS` prints the seconds from the first call to the last answer.
"""

from __future__ import annotations

import asyncio
import sys
import time

from server import CLIENT_CORE, pin

BODY = b'{"model":"target","messages":[{"role":"user","content":"' + b"x" * 200 + b'"}]}'
CALL = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Caller(asyncio.Protocol):
    """Sends the next call as soon as an answer is there."""

    left = 0
    done: asyncio.Event
    open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.got = 0
        Caller.open += 1
        self.call()

    def call(self) -> None:
        if Caller.left > 0:
            Caller.left -= 1
            self.transport.write(CALL)  # type: ignore[attr-defined]
        else:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        Caller.open -= 1
        if Caller.open == 0:
            Caller.done.set()

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"}"):
            self.call()


async def spend(port: int, concurrency: int, calls: int) -> float:
    """Seconds that `calls` calls take over `concurrency` connections."""
    Caller.left, Caller.done = calls, asyncio.Event()
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    await asyncio.gather(*(loop.create_connection(Caller, "127.0.0.1", port) for _ in range(concurrency)))
    await Caller.done.wait()
    return time.perf_counter() - started


if __name__ == "__main__":
    pin(CLIENT_CORE)
    address, many, total = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    port = int(address.rpartition(":")[2].partition("/")[0])
    print(asyncio.run(spend(port, many, total)))
