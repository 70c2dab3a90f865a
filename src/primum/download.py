"""One file from one address, resumable: a cut connection or a killed process goes on where it was."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from primum import __version__
from primum.errors import BadInputError, StoppedError

Show = Callable[[str, int, int | None], None]
"""Told what is being done, the bytes that are here, and the bytes in all where the server says."""

SILENCE = 60.0  # seconds without a byte before a try is given up
WAITS = (1.0, 2.0, 4.0, 8.0)  # seconds between tries
MOST_BYTES = 1 << 30
PIECE = 1 << 16
PASSING = {408, 416, 425, 429}  # of the 4xx, those that another try may mend


class _FailedError(Exception):
    """A try that failed; `final` where another would fail too."""

    def __init__(self, told: str, final: bool = False) -> None:
        super().__init__(told)
        self.final = final


class _Answer(NamedTuple):
    start: int  # offset of the first byte that it sends
    total: int | None  # size of the whole file in bytes
    etag: str
    body: Any


def silently(doing: str, done: int, total: int | None) -> None:
    """A `Show` that shows nothing."""


def download(url: str, file: Path, show: Show = silently) -> None:
    """Have the whole of `url` in `file`, which is left alone if it is there. What came so far is in `FILE.part`.

    Raises:
        BadInputError: it is larger than 1 GiB.
        StoppedError: after some tries it has not come whole; the part is kept.
        OSError: it could not be written.
    """
    if file.exists():
        return
    part = file.with_name(file.name + ".part")
    for wait in (*WAITS, None):
        try:
            _receive(url, part, show)
            part.replace(file)
            return
        except _FailedError as error:
            if error.final:
                raise StoppedError(f"{url} is not to be had ({error}): get the files by hand") from error
            if wait is None:
                raise StoppedError(
                    f"could not download {url} ({error}): what came is kept, and the same command goes on"
                ) from error
            show(f"{error}; trying again in {wait:g} s", _size(part), None)
            time.sleep(wait)


def _receive(url: str, part: Path, show: Show) -> None:
    """One try: what is missing of the part, or all of it where the server begins anew."""
    tag = part.with_name(part.name + ".etag")
    have = _size(part)
    answer = _ask(url, have, tag.read_text(encoding="utf-8") if tag.exists() else "")
    with answer.body, part.open("ab" if answer.start else "wb") as file:
        tag.write_text(answer.etag, encoding="utf-8")
        have = answer.start
        show(f"downloading {url}", have, answer.total)
        for piece in _pieces(answer.body):
            file.write(piece)
            have += len(piece)
            if have > MOST_BYTES:
                raise BadInputError(f"{url} is larger than {MOST_BYTES >> 20} MiB, which no data set known here is")
            show(f"downloading {url}", have, answer.total)
    if answer.total is not None and have != answer.total:
        raise _FailedError(f"the connection ended after {have:,} of {answer.total:,} bytes")


def _ask(url: str, have: int, etag: str) -> _Answer:
    """Ask for the file from byte `have` on, if it is still the one with that ETag."""
    headers = {"User-Agent": f"primum/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if etag and not etag.startswith("W/"):  # a weak one may not stand there (RFC 9110, 13.1.5)
            headers["If-Range"] = etag
    try:
        body = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=SILENCE)
    except urllib.error.HTTPError as error:
        error.close()
        if have and 400 <= error.code < 500 and error.code not in PASSING - {416}:
            return _ask(url, 0, "")  # some servers refuse a range that they cannot serve
        told = f"HTTP {error.code} {error.reason}"
        raise _FailedError(told, final=400 <= error.code < 500 and error.code not in PASSING) from error
    except urllib.error.URLError as error:
        raise _FailedError(_told(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _FailedError(_told(error)) from error
    sent = body.headers.get("ETag") or ""
    if body.status != 206:
        length = body.headers.get("Content-Length") or ""
        return _Answer(0, int(length) if length.isdigit() else None, sent, body)
    served = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", body.headers.get("Content-Range") or "")
    if served is None or int(served[1]) != have or (etag and sent and sent != etag):
        body.close()
        if not have:
            raise _FailedError("the server sends another part than was asked for")
        return _ask(url, 0, "")
    return _Answer(have, None if served[2] == "*" else int(served[2]), sent, body)


def _pieces(body: Any) -> Iterator[bytes]:
    try:
        while piece := body.read1(PIECE):
            yield piece
    except (OSError, http.client.HTTPException) as error:
        raise _FailedError(_told(error)) from error


def _told(problem: object) -> str:
    if isinstance(problem, http.client.IncompleteRead):
        return "the connection ended early"
    return getattr(problem, "strerror", None) or str(problem) or type(problem).__name__


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
