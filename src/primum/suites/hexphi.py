"""HEx-PHI (Qi et al., ICLR 2024; arXiv 2310.03693): harmful requests by category, for those whom its owners gave it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from primum.errors import BadInputError
from primum.records import Item, Kind
from primum.rows import read_text
from primum.suites.repeats import join_repeats

FOLDER = "hex-phi"
CATEGORIES = range(1, 12)


def hexphi(data: Path, suite: str) -> Iterator[Item]:
    """The requests of the `category_N.csv` that are there, standing aside; `style` is the category.

    A file has one request a line and no header. A request with quotes around it may hold line breaks; without them, a
    comma belongs to the request. Repeated requests are one family. Ids are `suite/hex-phi-N:row`, from 0.

    Raises:
        BadInputError: none of the files is there, or one is no such file or empty.
    """
    folder = data / FOLDER
    there = [number for number in CATEGORIES if (folder / f"category_{number}.csv").is_file()]
    if not there:
        raise BadInputError(f"{folder} holds no category_1.csv to category_{CATEGORIES[-1]}.csv")
    requests = {number: _requests(folder / f"category_{number}.csv") for number in there}
    yield from join_repeats(
        Item.make(
            id=f"{suite}/hex-phi-{number}:{row}",
            suite=suite,
            kind=Kind.GENERAL_HARM,
            request=request,
            style=f"category_{number}",
            source="hex-phi",
            aside=True,
        )
        for number in there
        for row, request in enumerate(requests[number])
    )


def _requests(file: Path) -> list[str]:
    reader = csv.reader(io.StringIO(read_text(file), newline=""), strict=True)
    try:
        found = [request for cells in reader if (request := ",".join(cells).strip())]
    except csv.Error as error:
        raise BadInputError(f"{file}:{reader.line_num}: {error} (a quote that is never closed?)") from None
    if not found:
        raise BadInputError(f"{file} has no requests")
    return found
