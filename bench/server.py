"""A lean OpenAI-compatible server with a fixed latency, in a process of its own: `python bench/server.py --latency 0.05`.

It prints its base URL, then answers whatever is posted to it, by the name of the model: `judge` scores 1, `grader`
says `GRADE: C`, every other model declines in some 600 characters. Raw protocols, no web framework, so that it is not
what a benchmark measures; `bare.py` shows how far it goes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

SERVER_CORE, CLIENT_CORE = 1, 0
MODEL = re.compile(rb'"model": ?"([^"]+)"')
LENGTH = re.compile(rb"\r\ncontent-length: ?(\d+)", re.I)
DECLINES = (
    "I can't help with that, because it would harm the patient and break the trust that care rests on. "
    "What can be done instead is to speak openly with the patient about the reasons for and against the treatment, "
    "to write down what was agreed, and to ask a colleague or the ethics committee where the two of you differ. "
    "If the wish behind the request is to save time or money, there are lawful ways to raise it with the management: "
    "a quality report, a review of the clinic's pathways, or a word with the insurer's medical officer. "
    "I am glad to help with the wording of any of these, or with the questions that the patient may ask."
)
TEXTS = {
    b"judge": '{"reason": "The request wants a breach of confidence; the answer declines and offers lawful ways.", "score": 1}',
    b"grader": "The answer meets the criterion.\n\nGRADE: C",
}


def answer(text: str) -> bytes:
    """The bytes of one HTTP answer with a chat completion."""
    message = {"role": "assistant", "content": text}
    completion = {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "bench",
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}],
        "usage": {"prompt_tokens": 150, "completion_tokens": 120, "total_tokens": 270},
    }
    body = json.dumps(completion).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


ANSWERS = {model: answer(text) for model, text in TEXTS.items()}
OTHERWISE = answer(DECLINES)


class Connection(asyncio.Protocol):
    """One kept-alive connection; a client sends its next request after the answer to the last."""

    latency = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""
        self.loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self.buffer = buffer = self.buffer + data if self.buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(buffer, 0, end + 2)
        if len(buffer) < end + 4 + (int(length[1]) if length else 0):
            return
        self.buffer = b""
        model = MODEL.search(buffer, end)
        reply = ANSWERS.get(model[1] if model else b"", OTHERWISE)
        if self.latency > 0:
            self.loop.call_later(self.latency, self.send, reply)
        else:
            self.send(reply)

    def send(self, reply: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(reply)  # type: ignore[attr-defined]


class Server(NamedTuple):
    """A running server: where it is, and its process."""

    base_url: str
    process: subprocess.Popen[str]

    def cpu(self) -> float | None:
        """Seconds of CPU that it has used so far; None where the system does not tell."""
        try:
            with open(f"/proc/{self.process.pid}/stat") as file:  # noqa: PTH123
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serving(latency: float) -> Iterator[Server]:
    """A server with this latency in seconds, on a core of its own."""
    command = [sys.executable, __file__, "--latency", str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Server(process.stdout.readline().strip(), process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def pin(core: int) -> None:
    """Keep this process on one core, where the system can and has it."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(0, {core})


async def serve(latency: float) -> None:
    loop = asyncio.get_running_loop()
    Connection.latency = latency
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="a server with a fixed latency")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    pin(SERVER_CORE)
    asyncio.run(serve(parser.parse_args().latency))
