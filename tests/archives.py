"""Archives as GitHub packs them, a data set made of them, and a server that gives them whole, in parts, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import tarfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from primum.fetch import Archive, PinnedFile, Source

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOP = "repo-0123456"
Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> Member:
    """One member of an archive, named in full."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(content), link
    return info, content


def tar(members: Iterable[Member]) -> bytes:
    """A tar of these members."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": COMMIT}) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def tar_gz(members: Iterable[Member]) -> bytes:
    """A packed tar of these members."""
    return gzip.compress(tar(members), compresslevel=1, mtime=0)


def packed(files: Mapping[str, bytes]) -> bytes:
    """These files, {path under the top folder: content}, as GitHub packs them."""
    folders = sorted({path.rpartition("/")[0] for path in files} - {""})
    return tar_gz(
        [
            member(TOP, kind=tarfile.DIRTYPE),
            *(member(f"{TOP}/{folder}", kind=tarfile.DIRTYPE) for folder in folders),
            *(member(f"{TOP}/{path}", content) for path, content in files.items()),
        ]
    )


def noise(size: int) -> bytes:
    """Bytes that do not pack, always the same."""
    return random.Random(size).randbytes(size)


FILES = {
    "README.md": b"nobody asked for it",
    "LICENSE": b"do what is right\n",
    "data/first.csv": b"id,request\n1,Hide the error.\n",
    "data/large.bin": noise(300_000),
}
WANTED = {"LICENSE": "LICENSE", "data/first.csv": "first.csv", "data/large.bin": "deep/large.bin"}
PLACED = {to: FILES[path] for path, to in WANTED.items()}  # what a fetch leaves in the folder `toy`
ARCHIVE = packed(FILES)
HALF = len(ARCHIVE) // 2


def source(files: Mapping[str, bytes] = FILES) -> Source:
    """A data set `toy` of the wanted ones of these files."""
    pins = tuple(
        PinnedFile(path=path, to=to, bytes=len(files[path]), sha256=hashlib.sha256(files[path]).hexdigest())
        for path, to in WANTED.items()
    )
    return Source(
        name="toy",
        repository="https://github.com/owner/repo",
        licence="MIT",
        note="Made for tests.",
        archives=(Archive(commit=COMMIT, files=pins),),
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Every file under a folder with its content, what is hidden too."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


class Part(NamedTuple):
    """An answer that is broken off after some bytes of its body; a stalled one keeps the connection open."""

    size: int
    stall: bool = False


Step = int | Part  # an int is a status without a body
WHOLE = Part(1 << 40)


class Served:
    """What a server gives and what it was asked. Each request takes the next step; after the last all are served whole."""

    def __init__(
        self, bodies: Mapping[str, bytes], steps: tuple[Step, ...], etag: str, ranges: bool, length: bool
    ) -> None:
        self.bodies = bodies
        self.steps = list(steps)
        self.etag = etag
        self.ranges = ranges
        self.length = length
        self.url = ""
        self.paths: list[str] = []
        self.asked: list[str | None] = []  # Range of each request
        self.conditions: list[str | None] = []  # If-Range of each request
        self.over = threading.Event()


@contextmanager
def serving(
    bodies: Mapping[str, bytes] | bytes, *steps: Step, etag: str = '"one"', ranges: bool = True, length: bool = True
) -> Iterator[Served]:
    """A server on loopback of archives by commit. Without `length` it sends chunks, as GitHub does."""
    served = Served({COMMIT: bodies} if isinstance(bodies, bytes) else bodies, steps, etag, ranges, length)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(self, served)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        served.over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def _answer(handler: BaseHTTPRequestHandler, served: Served) -> None:
    served.paths.append(handler.path)
    asked = handler.headers.get("Range")
    served.asked.append(asked)
    served.conditions.append(handler.headers.get("If-Range"))
    step = served.steps.pop(0) if served.steps else WHOLE
    body = served.bodies.get(handler.path.rpartition("/")[2])
    handler.close_connection = True
    if isinstance(step, int) or body is None:
        handler.send_response(step if isinstance(step, int) else 404)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    start = 0
    if asked and served.ranges and handler.headers.get("If-Range", served.etag) == served.etag:
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    else:
        handler.send_response(200)
    if served.etag:
        handler.send_header("ETag", served.etag)
    _send(handler, served, body[start:], step)


def _send(handler: BaseHTTPRequestHandler, served: Served, body: bytes, step: Part) -> None:
    sent = body[: step.size]
    if served.length:
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(sent)
    else:
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(sent), sent))
        if len(sent) == len(body):
            handler.wfile.write(b"0\r\n\r\n")
    handler.wfile.flush()
    if step.stall:
        served.over.wait(60)
