"""Primum's own format: CSV or JSONL with a column for each field of an item.

Columns: `id, kind, request` are required; `family, principle, scenario, style, language, source, reference, rationale`
and the options `A` ... `H` (JSONL: `options`, a list) are taken where they are there. `kind` is one of `records.Kind`.
A choice item's `reference` is its key, e.g. `ACD`; a must_have item's are its statements, one a line; `rationale` says
why a key is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from primum.prompts import LETTERS
from primum.records import Item, Kind
from primum.rows import Row, faults_in, read_rows

TEXTS = ("family", "principle", "scenario", "style", "language", "source", "reference", "rationale")
REQUIRED = ("id", "kind", "request")
KNOWN = {*REQUIRED, *TEXTS, *LETTERS, "options"}


def read_items(file: Path, suite: str) -> Iterator[Item]:
    """The items of a file in Primum's own format, in its order; it is read twice, so that nothing is given before all
    of it is checked, and little is held in memory.

    Raises:
        BadInputError: listing every fault with file and line: missing columns, empty cells, unknown kinds, keys that
            name no option, ids that stand twice.
    """
    _check(file)
    for _, row in read_rows(file, required=REQUIRED):
        yield _item(row, suite)


def _check(file: Path) -> None:
    first_line: dict[str, int] = {}
    with faults_in(file) as faults:
        for line, row in read_rows(file, required=REQUIRED):
            faults += [f"{file}:{line}: {fault}" for fault in _faults_of(row)]
            item_id = str(row.get("id", "")).strip()
            first = first_line.setdefault(item_id, line)
            if item_id and first != line:
                faults.append(f"{file}:{line}: id '{item_id}' stands already in line {first}")


def _item(row: Row, suite: str) -> Item:
    item_id = row["id"].strip()
    texts = {name: str(row[name]).strip() for name in TEXTS if row.get(name)}
    family = texts.pop("family", item_id)
    return Item.make(
        id=f"{suite}/{item_id}",
        suite=suite,
        kind=Kind(row["kind"].strip()),
        request=row["request"].strip(),
        options=_options(row),
        family=family,
        **texts,
    )


def _options(row: Row) -> tuple[str, ...]:
    if isinstance(row.get("options"), list):
        return tuple(str(option).strip() for option in row["options"])
    cells = [str(row.get(letter) or "").strip() for letter in LETTERS]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _faults_of(row: Row) -> list[str]:
    faults = [f"unknown column '{name}'" for name in row if name and name not in KNOWN]
    for name in REQUIRED:
        value: Any = row.get(name)
        if not isinstance(value, str) or not value.strip():
            faults.append(f"no {name}")
    kind = str(row.get("kind", "")).strip()
    if kind and kind not in list(Kind):
        faults.append(f"kind '{kind}' is none of {', '.join(Kind)}")
    if kind == Kind.CHOICE:
        faults += _choice_faults(row)
    if kind == Kind.MUST_HAVE and not str(row.get("reference") or "").strip():
        faults.append("a must_have item needs its statements in 'reference', one a line")
    return faults


def _choice_faults(row: Row) -> list[str]:
    options, key = _options(row), str(row.get("reference") or "").strip()
    faults = []
    if not 2 <= len(options) <= len(LETTERS) or not all(options):
        faults.append(f"a choice item needs 2 to {len(LETTERS)} options without a gap, not {len(options)}")
    if not key:
        faults.append("a choice item needs its key in 'reference'")
    elif not set(key) <= set(LETTERS[: len(options)]) or len(set(key)) != len(key):
        faults.append(f"the key '{key}' does not name options of this item")
    return faults
