"""What can be run, whether its data is here, and how its items are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from primum.errors import BadInputError
from primum.fetch import by_hand, read_sources
from primum.records import Item
from primum.suites.entries import PUBLISHED, SIDES, STARTERS, Part, Suite
from primum.suites.medes import is_medes, read_medes
from primum.suites.sample import stratified_sample
from primum.suites.table import read_items

CATALOGUE = {suite.name: suite for suite in (*STARTERS, *PUBLISHED, *SIDES)}


def open_suite(name: str, data: Path | None) -> Callable[[], Iterator[Item]]:
    """A function that reads the items of a suite, or of a file in Primum's own format or MedES's, from the start.

    A suite's parts follow it where their data is here. Nothing is given before all parts are found to be sound.

    Raises:
        BadInputError: the name is unknown (the known ones are listed), or its data is not here (with what to do).
    """
    suite = CATALOGUE.get(name)
    if suite is not None:
        folder = data_of(suite, data)
        reads = (suite.read, *(_read_part(part) for part in suite.takes if _is_here(part.path, data)))
        return lambda: chain.from_iterable([_begun(read(folder)) for read in reads])
    file = Path(name)
    if file.suffix.lower() in {".csv", ".jsonl"}:
        return lambda: (read_medes if is_medes(file) else read_items)(file, file.stem)
    known = ", ".join(CATALOGUE)
    raise BadInputError(f"no suite or file named '{name}': known suites are {known}; a file ends in .csv or .jsonl")


def _read_part(part: Part) -> Callable[[Path], Iterator[Item]]:
    """A part's reader, whose faults say what to do about it: the suite can do without."""

    def read(data: Path) -> Iterator[Item]:
        try:
            yield from part.read(data)
        except BadInputError as error:
            raise BadInputError(
                f"{error} (to have {part.what}, {to_get(part.path)}; without that folder the suite runs without them)",
                error.faults,
            ) from error

    return read


def _begun(items: Iterator[Item]) -> Iterator[Item]:
    """The items, the first one read: a reader has checked all of them by then."""
    first = next(items, None)
    return iter(()) if first is None else chain((first,), items)


def data_of(suite: Suite, data: Path | None) -> Path:
    """The data folder, with all that a suite needs in it; for one that needs nothing, it need not exist.

    Raises:
        BadInputError: something is not there.
    """
    for need in suite.needs:
        told = f"what '{suite.name}' needs (licence: {suite.licence}, from {suite.source})"
        if data is None:
            raise BadInputError(
                f"there is no data folder with {told}: {to_get(need)}, or name the folder that holds '{need}' "
                "with --data or PRIMUM_DATA"
            )
        if not _is_here(need, data):
            raise BadInputError(f"{data} has no folder '{need}' (or an empty one) with {told}: {to_get(need)}")
    return data or Path()


def _is_here(path: str, data: Path | None) -> bool:
    """True for a file, and for a folder that holds anything."""
    there = data / path if data is not None else None
    return there is not None and (there.is_file() or (there.is_dir() and any(there.iterdir())))


def to_get(path: str) -> str:
    """What to do to have a folder or a file of the data folder.

    >>> to_get("xstest"), to_get("medes/drug_questions.csv")
    ('run `primum data fetch xstest`', 'if the authors gave you the file, save it as medes/drug_questions.csv')
    """
    name, _, file = path.partition("/")
    source = read_sources()[name]
    if file:
        return f"if the authors gave you the file, save it as {path}"
    if not source.by_hand:
        return f"run `primum data fetch {name}`"
    return by_hand(source)


def missing_parts(names: tuple[str, ...], data: Path | None) -> list[str]:
    """For every part of these suites that is not here, a sentence that says so and what to do."""
    return [
        f"{name} was run without {part.what}: to have them, {to_get(part.path)}"
        for name in names
        if name in CATALOGUE
        for part in CATALOGUE[name].takes
        if not _is_here(part.path, data)
    ]


def source_of(name: str, data: Path | None) -> str:
    """Where a suite's items are from, its parts that are here included."""
    suite = CATALOGUE[name]
    return "; ".join((suite.source, *(part.path for part in suite.takes if _is_here(part.path, data))))


def read_suites(names: tuple[str, ...], data: Path | None, limit: int | None, seed: int) -> Iterator[Item]:
    """The items of several suites one after the other, `limit` of each. All are checked before the first item.

    Raises:
        BadInputError: two suites would have item ids in common, or a suite has no items.
    """
    taken: dict[str, str] = {}
    for name in names:
        own = name if name in CATALOGUE else Path(name).stem
        if own in taken:
            raise BadInputError(f"'{taken[own]}' and '{name}' would give the same item ids: rename one of the files")
        taken[own] = name
    begun = []
    for name in names:
        read = _numbered(open_suite(name, data))
        items = read() if limit is None else stratified_sample(read, limit, seed)
        first = next(items, None)
        if first is None:
            raise BadInputError(f"the suite '{name}' has no items")
        begun.append(chain((first,), items))
    yield from chain.from_iterable(begun)


def _numbered(read: Callable[[], Iterator[Item]]) -> Callable[[], Iterator[Item]]:
    """The same items, each with how many before it make the same request; only hashes of requests are held."""

    def numbered() -> Iterator[Item]:
        seen: dict[int, int] = {}
        for item in read():
            key = hash(item.request.strip())
            twin = seen[key] = seen.get(key, -1) + 1
            yield item.model_copy(update={"twin": twin}) if twin else item

    return numbered


def list_suites(data: Path | None) -> list[dict[str, object]]:
    """Every suite, where its data and that of its parts is, and what to do for what is not here."""
    rows = []
    for suite in CATALOGUE.values():
        missing = [need for need in suite.needs if not _is_here(need, data)]
        row = suite._asdict()
        del row["read"], row["needs"], row["takes"]
        row["here"] = (
            "not here" if missing else " ".join(str(data and data / need) for need in suite.needs) or "bundled"
        )
        row["to_do"] = [to_get(need) for need in missing]
        row["parts"] = [_listed(part, data) for part in suite.takes]
        rows.append(row)
    return rows


def _listed(part: Part, data: Path | None) -> dict[str, object]:
    row: dict[str, object] = part._asdict()
    del row["read"]
    if data is not None and _is_here(part.path, data):
        return {**row, "here": str(data / part.path), "to_do": []}
    return {**row, "here": "not here", "to_do": [to_get(part.path)]}
