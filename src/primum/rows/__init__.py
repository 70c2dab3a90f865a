"""Rows of a CSV or JSONL file, each with its line number; every fault is told with file and line."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from primum.errors import BadInputError

Row = dict[str, Any]
MOST_CELL = 8 << 20


def read_text(file: Path) -> str:
    """A file's UTF-8 text without a byte order mark.

    Raises:
        BadInputError: it is missing, unreadable, not UTF-8, or holds NUL (with the line).
    """
    with _opened(file) as opened:
        raw = opened.read()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(file, raw.count(b"\n", 0, error.start) + 1) from error
    if "\0" in text:
        raise _holds_nul(file, text[: text.index("\0")].count("\n") + 1)
    return text


def read_rows(file: Path, required: tuple[str, ...] = ()) -> Iterator[tuple[int, Row]]:
    """The rows of a `.csv` or JSON-lines file one by one, with the line on which each begins.

    Sound rows are given as they are read; the faults of the others are told together at the end.

    Raises:
        BadInputError: no file, not UTF-8, NUL bytes, a huge line, no rows, a missing required column; malformed rows, all in `faults`.
    """
    faults: list[str] = []
    count = 0
    rows = _csv_rows(file, required, faults) if file.suffix.lower() == ".csv" else _jsonl_rows(file, faults)
    for row in rows:
        count += 1
        yield row
    if faults:
        raise BadInputError(f"{file} has {len(faults)} malformed row(s)", tuple(faults))
    if not count:
        raise BadInputError(f"{file} is empty" if file.stat().st_size < 4 else f"{file} has no rows")


def read_lowered(file: Path) -> Iterator[tuple[int, Row]]:
    """As `read_rows`, with the columns' names in small letters and without space around them. The empty rows of a
    spreadsheet are passed over.

    Raises:
        BadInputError: as `read_rows`; or two names are then the same, or all rows are empty.
    """
    count = 0
    for line, row in read_rows(file):
        if file.suffix.lower() == ".csv" and not "".join(row.values()).strip():
            continue
        count += 1
        lowered = {name.strip().casefold(): cell for name, cell in row.items()}
        if len(lowered) < len(row):
            raise BadInputError(f"{file}:{line}: two columns have one name but for large and small letters or space")
        yield line, lowered
    if not count:
        raise BadInputError(f"{file} has no rows")


@contextlib.contextmanager
def faults_in(what: Path) -> Iterator[list[str]]:
    """A list for the faults of a file or folder that is being read; all are told together at the end, and those of rows
    that did not even read with them.

    Raises:
        BadInputError: there are any; or one that lists none, as it came.
    """
    faults: list[str] = []
    try:
        yield faults
    except BadInputError as error:
        if not error.faults:
            raise
        faults += error.faults
    if faults:
        raise BadInputError(f"{what} has {len(faults)} fault(s)", tuple(faults))


def _csv_rows(file: Path, required: tuple[str, ...], faults: list[str]) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(MOST_CELL)
    with _opened(file) as opened:
        reader = csv.reader(_lines(file, opened), strict=True)
        header: list[str] = []
        line = 1
        try:
            for cells in reader:
                begun, line = line, reader.line_num + 1
                if len(cells) < 2 and not "".join(cells).strip():
                    continue
                if not header:
                    header = [name.strip() for name in cells]
                    _check_header(file, begun, header, required)
                elif len(cells) != len(header):
                    faults.append(f"{file}:{begun}: {len(cells)} cells, where the header has {len(header)}")
                else:
                    yield begun, dict(zip(header, cells, strict=True))
        except csv.Error as error:
            faults.append(f"{file}:{line}: {error} (a quote that is never closed, or a file cut short?)")


def _check_header(file: Path, line: int, header: list[str], required: tuple[str, ...]) -> None:
    missing = [name for name in required if name not in header]
    there = ", ".join(name for name in header if name)
    if (missing or not required) and len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        raise BadInputError(f"{file}:{line}: one column, '{there}': separate the columns by commas")
    if missing:
        raise BadInputError(f"{file}:{line}: no column {', '.join(missing)} (there are: {there})")
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    if repeated:
        raise BadInputError(f"{file}:{line}: column {', '.join(repeated)} stands twice")


def _jsonl_rows(file: Path, faults: list[str]) -> Iterator[tuple[int, Row]]:
    with _opened(file) as opened:
        for number, line in enumerate(_lines(file, opened), 1):
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except ValueError as error:
                faults.append(f"{file}:{number}: not JSON: {error}")
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                faults.append(f"{file}:{number}: a {type(row).__name__} where an object is wanted")


def _lines(file: Path, opened: IO[bytes]) -> Iterator[str]:
    """The lines of an open file as text, its byte order mark taken off. None is read further than it may be long."""
    for number, line in enumerate(iter(lambda: opened.readline(MOST_CELL + 1), b""), 1):
        if len(line) > MOST_CELL:
            raise BadInputError(f"{file}:{number}: a line of over {MOST_CELL >> 20} MiB")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise _not_utf8(file, number) from error
        if "\0" in text:
            raise _holds_nul(file, number)
        yield text


def _opened(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except FileNotFoundError:
        raise BadInputError(f"there is no file {file}") from None
    except OSError as error:
        raise BadInputError(f"cannot read {file}: {error.strerror}") from error


def _not_utf8(file: Path, line: int) -> BadInputError:
    return BadInputError(f"{file}:{line}: not UTF-8 text: save the file as UTF-8")


def _holds_nul(file: Path, line: int) -> BadInputError:
    return BadInputError(f"{file}:{line}: a NUL byte, which no text holds: save the file as UTF-8")
