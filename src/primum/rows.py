"""Rows of a CSV or JSONL file, each with its line number; every fault is told with file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from primum.errors import BadInputError

Row = dict[str, Any]
MOST_CELL = 16 << 20


def read_text(file: Path) -> str:
    """A file's UTF-8 text without a byte order mark.

    Raises:
        BadInputError: it is missing, unreadable, not UTF-8, or holds NUL bytes (with the line).
    """
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise BadInputError(f"there is no file {file}") from None
    except OSError as error:
        raise BadInputError(f"cannot read {file}: {error.strerror}") from error
    nul = raw.find(b"\0")
    if nul >= 0 and raw[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        line = raw.count(b"\n", 0, nul) + 1
        raise BadInputError(f"{file}:{line}: a NUL byte (byte {nul}), which no text holds: save the file as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadInputError(f"{file}:{line}: not UTF-8 text (byte {error.start}): save the file as UTF-8") from error


def read_rows(file: Path, required: tuple[str, ...] = ()) -> Iterator[tuple[int, Row]]:
    """The rows of a `.csv`, `.jsonl` or `.json` lines file, with the line on which each begins.

    Raises:
        BadInputError: no rows, a missing required column, or malformed rows: all faults at once.
    """
    text = read_text(file)
    if not text.strip():
        raise BadInputError(f"{file} is empty")
    rows, faults = _csv_rows(file, text) if file.suffix.lower() == ".csv" else _jsonl_rows(file, text)
    if file.suffix.lower() == ".csv" and rows:
        missing = [name for name in required if name not in rows[0][1]]
        if missing:
            there = ", ".join(name for name in rows[0][1] if name)
            raise BadInputError(f"{file}:1: no column {', '.join(missing)} (there are: {there})")
    if faults:
        raise BadInputError(f"{file} has {len(faults)} malformed row(s)", tuple(faults))
    if not rows:
        raise BadInputError(f"{file} has a header and no rows")
    yield from rows


def _csv_rows(file: Path, text: str) -> tuple[list[tuple[int, Row]], list[str]]:
    csv.field_size_limit(MOST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, Row]] = []
    faults: list[str] = []
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            begun, line = line, reader.line_num + 1
            if not cells:
                continue
            if not header:
                header = [name.strip() for name in cells]
                repeated = {name for name in header if name and header.count(name) > 1}
                faults += [f"{file}:{begun}: column '{name}' stands twice" for name in sorted(repeated)]
            elif len(cells) != len(header):
                faults.append(f"{file}:{begun}: {len(cells)} cells, where the header has {len(header)}")
            else:
                rows.append((begun, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        hint = "" if "limit" in str(error) else " (a quote that is never closed, or a file cut short?)"
        faults.append(f"{file}:{line}: {error}{hint}")
    return rows, faults


def _jsonl_rows(file: Path, text: str) -> tuple[list[tuple[int, Row]], list[str]]:
    rows: list[tuple[int, Row]] = []
    faults: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if len(line) > MOST_CELL:
            faults.append(f"{file}:{number}: a line of over {MOST_CELL >> 20} Mi characters")
            continue
        try:
            row = orjson.loads(line)
        except ValueError as error:
            faults.append(f"{file}:{number}: not JSON: {error}")
            continue
        if isinstance(row, dict):
            rows.append((number, row))
        else:
            faults.append(f"{file}:{number}: a {type(row).__name__} where an object is wanted")
    return rows, faults
