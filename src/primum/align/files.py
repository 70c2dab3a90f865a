"""The rows of a training file - CSV, JSON lines or a JSON array - each with its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import orjson

from primum.errors import BadInputError
from primum.rows import Row, read_lowered, read_text

SUFFIXES = (".csv", ".json", ".jsonl")
_SPACE = " \t\r\n"


def read_places(file: Path) -> Iterator[tuple[str, Row]]:
    """The rows, each with `file:line`; columns' names in small letters. What a `.json` or `.jsonl` holds is seen from its
    first character, as both names are given to both forms.

    Raises:
        BadInputError: another ending, an unreadable or empty file, malformed rows (all, with file and line).
    """
    if file.suffix.lower() not in SUFFIXES:
        raise BadInputError(f"{file} is no training file: its name ends in {', '.join(SUFFIXES)}")
    if file.suffix.lower() != ".csv":
        text = read_text(file)
        if text.lstrip(_SPACE).startswith("["):
            yield from _array_rows(file, text)
            return
        _check_lines(file, text)
    for line, row in read_lowered(file):
        yield f"{file}:{line}", row


def _check_lines(file: Path, text: str) -> None:
    """One object over several lines is told as what it is, and not as so many broken lines."""
    if text.lstrip(_SPACE).partition("\n")[0].strip() == "{":
        raise BadInputError(f"{file} is one JSON object: rows are wanted, as an array or one a line")


def _array_rows(file: Path, text: str) -> Iterator[tuple[str, Row]]:
    faults: list[str] = []
    count = 0
    for line, value in _elements(file, text, faults):
        count += 1
        if isinstance(value, dict):
            yield f"{file}:{line}", {name.strip().casefold(): cell for name, cell in value.items()}
        else:
            faults.append(f"{file}:{line}: a {type(value).__name__} where an object is wanted")
    if faults:
        raise BadInputError(f"{file} has {len(faults)} malformed row(s)", tuple(faults))
    if not count:
        raise BadInputError(f"{file} has no rows")


def _elements(file: Path, text: str, faults: list[str]) -> Iterator[tuple[int, object]]:
    """The elements of an array, each with the line on which it begins. What follows a broken one cannot be read."""
    decoder = json.JSONDecoder()
    line, place = 1, 0

    def go_to(target: int) -> str:
        """Go on to the next character from there that is no space; it is given."""
        nonlocal line, place
        while target < len(text) and text[target] in _SPACE:
            target += 1
        line += text.count("\n", place, target)
        place = target
        return text[place : place + 1]

    go_to(0)
    mark = go_to(place + 1)
    while mark and mark != "]":
        try:
            end = decoder.raw_decode(text, place)[1]
            value = orjson.loads(text[place:end])
        except (ValueError, RecursionError) as error:
            faults.append(f"{file}:{line}: a row that begins here is not JSON: {getattr(error, 'msg', error)}")
            return
        yield line, value
        mark = go_to(end)
        if mark not in {",", "]"}:
            faults.append(f"{file}:{line}: neither a comma nor the array's end (a file cut short?)")
            return
        if mark == "," and go_to(place + 1) in {"]", ""}:
            faults.append(f"{file}:{line}: nothing behind the last comma")
            return
        mark = text[place : place + 1]
    if not mark:
        faults.append(f"{file}:{line}: the array has no end (a file cut short?)")
    elif go_to(place + 1):
        faults.append(f"{file}:{line}: something stands behind the array's end")
