"""What an adapter is trained on: demonstrations from a training suite or a file, preferences from a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from primum.align.evaluation import TRAINING
from primum.align.files import SUFFIXES, read_places
from primum.align.formats import (
    DEMONSTRATIONS,
    HARMFULNESS,
    PREFERENCES,
    Format,
    format_of,
    text_of,
    unknown_columns,
)
from primum.errors import BadInputError
from primum.records import GROUP_OF, Demonstration, Kind, Preference
from primum.rows import Row, faults_in
from primum.suites.catalogue import CATALOGUE, open_suite

KINDS = ", ".join(GROUP_OF)
_CHINESE, _LATIN = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[A-Za-z]")


class _Read(NamedTuple):
    """A row of a file: its place, its number from 0, the cells, and the texts of the format."""

    place: str
    number: int
    row: Row
    texts: dict[str, str]


def read_demonstrations(source: str, data: Path | None, kind: Kind | None = None) -> list[Demonstration]:
    """The demonstrations of a training suite, or of a file (formats.py); `kind` is that of the rows that tell none.

    Raises:
        BadInputError: an evaluation suite, an unknown name, an unreadable file; rows that hold no single request and
            answer, or of no known kind, all with file and line.
    """
    if source in CATALOGUE:
        return _of_suite(source, data)
    file = _file(source)
    common = _common(file, _rows(file, DEMONSTRATIONS, PREFERENCES), kind)
    return [Demonstration(**fields, answer=one.texts["answer"]) for one, fields in common]


def read_preferences(source: str, data: Path | None, kind: Kind | None = None) -> list[Preference]:
    """The preferences of a file; otherwise as `read_demonstrations`.

    Raises:
        BadInputError: as there; or a training suite, which holds no answers to reject; a harmfulness that is no number from
            1 to 5, or stands on one side only.
    """
    if source in CATALOGUE:
        _of_suite(source, data)
        raise BadInputError(f"'{source}' holds demonstrations and no preferences: name a run on it as well, or a file")
    file = _file(source)
    common = _common(file, _rows(file, PREFERENCES, DEMONSTRATIONS), kind)
    found = []
    with faults_in(file) as faults:
        for one, fields in common:
            try:
                marks = _harmfulness(one.row)
            except ValueError as error:
                faults.append(f"{one.place}: {error}")
                continue
            texts = {name: one.texts[name] for name in ("chosen", "rejected")}
            found.append(Preference(**fields | texts | marks))
    return found


def _of_suite(name: str, data: Path | None) -> list[Demonstration]:
    if name not in TRAINING:
        raise BadInputError(f"'{name}' is for evaluation, and evaluation data never trains: {', '.join(TRAINING)} do")
    items = list(open_suite(name, data)())
    faults = tuple(
        f"{item.id}: no answer to learn" for item in items if item.kind not in GROUP_OF or not item.reference
    )
    if faults:
        raise BadInputError(f"{len(faults)} item(s) of '{name}' cannot train", faults)
    return [
        Demonstration(
            id=item.id,
            kind=item.kind,
            request=item.request,
            answer=item.reference,
            family=item.family,
            principle=item.principle,
            language=item.language,
            source=item.source or name,
        )
        for item in items
    ]


def _file(source: str) -> Path:
    file = Path(source)
    if not file.suffix and not file.exists():
        raise BadInputError(
            f"no training suite or file named '{source}': the suites are {', '.join(TRAINING)}; "
            f"a file ends in {', '.join(SUFFIXES)}"
        )
    return file


def _rows(file: Path, wanted: Sequence[Format], others: Sequence[Format]) -> list[_Read]:
    """The rows that hold an example, in the one format of the file."""
    form: Format | None = None
    first = ""
    read = []
    with faults_in(file) as faults:
        for number, (place, row) in enumerate(read_places(file)):
            own = format_of(row, wanted)
            if own is None:
                raise BadInputError(f"{place}: {_no_format(row, wanted, others)}")
            if form is None:
                form, first = own, place
            if own is not form:
                raise BadInputError(f"{file} mixes formats: {form.name} ({first}) and {own.name} ({place})")
            faults += [f"{place}: unknown column '{name}'" for name in unknown_columns(row, form)]
            try:
                texts = form.read(row)
            except ValueError as error:
                faults.append(f"{place}: {error}")
                continue
            if texts is not None:
                read.append(_Read(place, number, row, texts))
    if not read:
        raise BadInputError(f"{file} holds no example: no decision in it accepts or edits a revision")
    return read


def _no_format(row: Row, wanted: Sequence[Format], others: Sequence[Format]) -> str:
    there = ", ".join(name for name in row if name)
    if form := format_of(row, others):
        what = "preferences" if others is PREFERENCES else "demonstrations"
        return f"{what} ({form.name}), where {'demonstrations' if others is PREFERENCES else 'preferences'} are wanted"
    known = "; ".join(f"{one.name} ({', '.join(one.columns)})" for one in wanted)
    return f"columns of no known format ({there}): known are {known}"


def _common(file: Path, read: Sequence[_Read], kind: Kind | None) -> list[tuple[_Read, dict[str, Any]]]:
    """The fields that both records share, beside the rows that they come from."""
    if kind is None and not any(one.row.get("kind") for one in read):
        raise BadInputError(
            f"{file} does not say of what kind its requests are: add a column kind ({KINDS}), or name the kind of them all"
        )
    if kind is not None and kind not in GROUP_OF:
        raise BadInputError(f"kind '{kind}' does not train: known are {KINDS}")
    found = []
    first: dict[str, str] = {}
    with faults_in(file) as faults:
        for one in read:
            try:
                fields = _fields(file, one, kind)
            except ValueError as error:
                faults.append(f"{one.place}: {error}")
                continue
            earlier = first.setdefault(fields["id"], one.place)
            if earlier != one.place:
                faults.append(f"{one.place}: id '{fields['id']}' stands already in {earlier}")
            found.append((one, fields))
    return found


def _fields(file: Path, one: _Read, kind: Kind | None) -> dict[str, Any]:
    cells = {name: text_of(one.row, name) for name in ("id", "kind", "family", "principle", "language", "source")}
    said = cells["kind"] or kind
    if said not in GROUP_OF:
        raise ValueError(f"kind '{said}' is none of {KINDS}" if said else "no kind")
    own = cells["id"] if "/" in cells["id"] else f"{file.stem}/{cells['id']}"  # with a slash it names an item elsewhere
    name = own if cells["id"] else f"{file.stem}:{one.number}"
    return {
        "id": name,
        "kind": Kind(said),
        "request": one.texts["request"],
        "system": _system(text_of(one.row, "system"), one.texts.get("system", "")),
        "family": cells["family"] or name,
        "principle": cells["principle"],
        "language": cells["language"] or script_of(one.texts["request"]),
        "source": cells["source"] or file.name,
        "place": one.place,
    }


def _system(column: str, turn: str) -> str:
    if column and turn and column != turn:
        raise ValueError("a column 'system' and a system turn that differ")
    return column or turn


def script_of(text: str) -> str:
    """`zh` for a text with more Chinese than Latin writing, a character counting as two letters, else `en`.

    >>> script_of("CT检查怎么做？"), script_of("What does 气 mean?")
    ('zh', 'en')
    """
    return "zh" if 2 * len(_CHINESE.findall(text)) > len(_LATIN.findall(text)) else "en"


def _harmfulness(row: Row) -> dict[str, float]:
    """The harmfulness that was recorded for each answer, where it was."""
    cells = {name: text_of(row, name) for name in HARMFULNESS if text_of(row, name)}
    if len(cells) == 1:
        raise ValueError(f"{next(iter(cells))} alone: the other answer has none")
    marks = {}
    for name, cell in cells.items():
        try:
            marks[name] = float(cell)
        except ValueError:
            marks[name] = 0.0
        if not 1 <= marks[name] <= 5:
            raise ValueError(f"{name} is '{cell}', which is no number from 1 to 5")
    return marks
