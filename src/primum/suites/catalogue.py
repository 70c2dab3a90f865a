"""What can be run: a name, what it is, where its data is, and how its items are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from primum.errors import BadInputError
from primum.records import Item
from primum.suites import medsafetybench, starter
from primum.suites.sample import stratified_sample
from primum.suites.table import read_items


class Suite(NamedTuple):
    """One entry. `folder` is the data's folder under `--data`; empty for bundled suites."""

    name: str
    what: str
    size: int
    languages: str
    licence: str
    source: str
    folder: str
    read: Callable[[Path], Iterator[Item]]


CATALOGUE = {
    suite.name: suite
    for suite in (
        Suite(
            "starter",
            "harmful and benign twins, choice questions, open cases",
            358,
            "en zh",
            "Apache-2.0",
            "bundled, written for Primum",
            "",
            lambda _: starter.starter(),
        ),
        Suite(
            "starter-train",
            "demonstrations for training, never for evaluation",
            408,
            "en zh",
            "Apache-2.0",
            "bundled, written for Primum",
            "",
            lambda _: starter.starter_train(),
        ),
        Suite(
            "starter-exam",
            "choice questions that the bundled model knows",
            200,
            "en zh",
            "Apache-2.0",
            "bundled, written for Primum",
            "",
            lambda _: starter.starter_exam(),
        ),
        Suite(
            "medsafetybench",
            "harmful medical requests by AMA principle, evaluation half",
            900,
            "en",
            "MIT",
            medsafetybench.REPOSITORY,
            "med-safety-bench",
            lambda folder: medsafetybench.medsafetybench(folder),
        ),
        Suite(
            "medsafetybench-train",
            "its other half, for training, never for evaluation beside it",
            900,
            "en",
            "MIT",
            medsafetybench.REPOSITORY,
            "med-safety-bench",
            lambda folder: medsafetybench.medsafetybench(folder, "train", "medsafetybench-train"),
        ),
    )
}


def open_suite(name: str, data: Path | None) -> Callable[[], Iterator[Item]]:
    """A function that reads the items of a suite, or of a file in Primum's own format, from the start.

    Raises:
        BadInputError: the name is unknown (the known ones are listed), or its data is not here (with what to do).
    """
    suite = CATALOGUE.get(name)
    if suite is not None:
        folder = data_of(suite, data)
        return lambda: suite.read(folder)
    file = Path(name)
    if file.suffix.lower() in {".csv", ".jsonl"}:
        return lambda: read_items(file, file.stem)
    known = ", ".join(CATALOGUE)
    raise BadInputError(f"no suite or file named '{name}': known suites are {known}; a file ends in .csv or .jsonl")


def data_of(suite: Suite, data: Path | None) -> Path:
    """The folder with a suite's data.

    Raises:
        BadInputError: it is not there.
    """
    if not suite.folder:
        return Path()
    if data is None:
        raise BadInputError(
            f"the data of '{suite.name}' is not here: get it from {suite.source} (licence {suite.licence}) into a folder "
            f"'{suite.folder}', then name the folder above it with --data or PRIMUM_DATA"
        )
    folder = data / suite.folder
    if not folder.is_dir():
        raise BadInputError(
            f"{data} has no folder '{suite.folder}', which holds the data of '{suite.name}' (from {suite.source})"
        )
    return folder


def read_suites(names: tuple[str, ...], data: Path | None, limit: int | None, seed: int) -> Iterator[Item]:
    """The items of several suites one after the other, `limit` of each.

    Raises:
        BadInputError: two suites would have item ids in common, or a suite has no items.
    """
    taken: dict[str, str] = {}
    for name in names:
        own = name if name in CATALOGUE else Path(name).stem
        if own in taken:
            raise BadInputError(f"'{taken[own]}' and '{name}' would give the same item ids: rename one of the files")
        taken[own] = name
        read = open_suite(name, data)
        items = read() if limit is None else stratified_sample(read, limit, seed)
        empty = True
        for item in items:
            empty = False
            yield item
        if empty:
            raise BadInputError(f"the suite '{name}' has no items")


def list_suites(data: Path | None) -> list[dict[str, object]]:
    """Every suite with whether its data is here, and if not, what to do."""
    rows = []
    for suite in CATALOGUE.values():
        try:
            data_of(suite, data)
            here = "bundled" if not suite.folder else "here"
        except BadInputError as error:
            here = f"not here: {error}"
        row = suite._asdict()
        del row["read"], row["folder"]
        rows.append({**row, "here": here})
    return rows
