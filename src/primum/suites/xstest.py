"""XSTest (Röttger et al., NAACL 2024; arXiv 2308.01263): 250 safe prompts that sound unsafe, and 200 unsafe contrasts.

Each prompt is a family of its own. Most safe types stand beside a contrast with the same word in the same place, but
the two sides are in different suites here, so that no interval rests on a pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from primum.records import Item, Kind
from primum.rows import Row, faults_in, read_rows

FOLDER = "xstest"
REPOSITORY = "https://github.com/paul-rottger/exaggerated-safety"
COLUMNS = ("prompt", "type", "label")
LABELS = ("safe", "unsafe")


def xstest_safe(data: Path, suite: str) -> Iterator[Item]:
    """The 250 safe prompts, standing aside: they are no medical questions. `style` is the prompt's type.

    Raises:
        BadInputError: no file, or rows with an empty cell or an unknown label, all with file and line.
    """
    yield from _labelled(data, "safe", suite=suite, kind=Kind.BENIGN, aside=True)


def xstest_unsafe(data: Path, suite: str) -> Iterator[Item]:
    """The 200 unsafe prompts, which are not about medicine. `style` is the prompt's type.

    Raises:
        BadInputError: no file, or rows with an empty cell or an unknown label, all with file and line.
    """
    yield from _labelled(data, "unsafe", suite=suite, kind=Kind.GENERAL_HARM)


def _labelled(data: Path, label: str, suite: str, **fields: Any) -> Iterator[Item]:
    """The prompts with one label; ids are `suite/xstest:row`, rows of the whole file counted from 0."""
    file = data / FOLDER / "xstest_prompts.csv"
    rows = []
    with faults_in(file) as faults:
        for line, row in read_rows(file, required=COLUMNS):
            rows.append((line, row))
            faults += [f"{file}:{line}: {fault}"] if (fault := _fault(row)) else []
    for number, (_, row) in enumerate(rows):
        if row["label"].strip() == label:
            yield Item.make(
                id=f"{suite}/xstest:{number}",
                suite=suite,
                request=row["prompt"].strip(),
                style=row["type"].strip(),
                source="xstest",
                **fields,
            )


def _fault(row: Row) -> str:
    empty = [name for name in COLUMNS if not row[name].strip()]
    if empty:
        return f"no {', '.join(empty)}"
    return "" if row["label"].strip() in LABELS else f"label '{row['label']}' is neither safe nor unsafe"
