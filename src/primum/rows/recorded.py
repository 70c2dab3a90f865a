"""Rows that were recorded earlier - answers, or verdicts - and how an item finds its own.

A recording is a CSV or JSONL with `id` or `request`; MedES's files call the request `query`. An id is looked for first. A file with answers of several
models in a column `model` is read for one of them: `FILE@MODEL`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from primum.errors import BadInputError
from primum.rows import Row, read_rows

REQUEST = ("request", "query")
NO_KEY = "neither id nor request (or query)"


def recorded_rows(name: str, required: tuple[str, ...] = ()) -> Iterator[tuple[int, tuple[str, ...], Row]]:
    """The rows of a recording, each with its line and the keys by which an item finds it, the first of them first:
    `id:...`, `request:...`. A row with neither has none.

    Raises:
        BadInputError: an unreadable file, or several models and none chosen.
    """
    file, chosen = split_name(name)
    models: set[str] = set()
    for line, row in read_rows(file, required=required):
        model = str(row.get("model") or "")
        models |= {model} if model else set()
        if chosen and model != chosen:
            continue
        request = next((str(row[column]) for column in REQUEST if row.get(column)), "")
        keys = (f"id:{row['id']}" if row.get("id") else "", f"request:{one_text(request)}" if request.strip() else "")
        yield line, tuple(key for key in keys if key), row
    told = ", ".join(sorted(models))
    if chosen and chosen not in models:
        raise BadInputError(f"{file} has nothing of a model '{chosen}': there are {told}")
    if not chosen and len(models) > 1:
        raise BadInputError(f"{file} holds several models ({told}): name one, as in replay/{file}@{sorted(models)[0]}")


def keys_of(item_id: str, request: str) -> tuple[str, str]:
    """The keys by which an item finds its rows, the first that is there counts."""
    return f"id:{item_id}", f"request:{one_text(request)}"


def one_text(text: str) -> str:
    """A text as it is compared: without the space around it, and its line ends alike, whatever program saved it.

    >>> one_text(" a\\r\\nb ")
    'a\\nb'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def split_name(name: str) -> tuple[Path, str]:
    """The file and the model of `FILE` or `FILE@MODEL`; a file that has an @ in its name is found too.

    >>> split_name("answers.csv@gpt")
    (PosixPath('answers.csv'), 'gpt')
    """
    file, at, model = name.rpartition("@")
    return (Path(file), model) if at and not Path(name).exists() else (Path(name), "")
