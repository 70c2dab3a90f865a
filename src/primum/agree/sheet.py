"""The answers of a run as things to be labelled, and the sheet that experts fill in."""

from __future__ import annotations

import contextlib
import csv
import errno
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np

from primum.errors import BadInputError, StoppedError
from primum.labels import Rating, answer_hash
from primum.ledger import read_records
from primum.marks import column
from primum.prompts import choice_question
from primum.records import Criterion, Item, Kind, Response, content_id
from primum.stats.inputs import Floats

COLUMNS = ("response_hash", "id", "family", "language", "request", "response", "stratum", "probability")
NOT_ASKED = "n/a"  # in the cell of a criterion that the answer's kind does not have: read as no label
Drawn = dict[int, tuple[str, float]]  # a thing's place -> its stratum and its chance
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for one


class Answer(NamedTuple):
    """A response with text: its item, that one's suite, kind, family (a code) and whether it stands aside, and the
    thing that it is (a place)."""

    item: str
    suite: str
    kind: Kind
    family: int
    aside: bool
    thing: int


class Answers(NamedTuple):
    """A run's responses with text, by id. Two with the same request and the same text are one thing, which is drawn and
    labelled once: `hashes` (things,) names them, `first` (things,) is the first response of each, and `chance`
    (things,) a number in 0..1 that the seed gives each for good. `without` counts the responses that have no text."""

    by_id: dict[str, Answer]
    hashes: list[str]
    first: list[str]
    chance: Floats
    without: int


def read_answers(run: Path, tables: duckdb.DuckDBPyConnection, seed: int) -> Answers:
    """The answers of a run, in the order of its items.

    Raises:
        BadInputError: a record that does not read; no answer with text.
    """
    requests = {item.id: item.request for item in read_records(run, Item)}
    named = {
        answer.id: answer_hash(requests[answer.item_id], answer.text)  # of several attempts the last holds
        for answer in read_records(run, Response)
        if answer.item_id in requests
    }
    rows = tables.execute(
        """select r.id, items.id, suite, kind, cluster, aside
        from responses r join items using (i) where failure is null order by i, sample"""
    ).fetchall()
    places: dict[str, int] = {}
    by_id: dict[str, Answer] = {}
    first: list[str] = []
    for answer, item, suite, kind, family, aside in rows:
        thing = places.setdefault(named[answer], len(places))
        by_id[answer] = Answer(item, suite, Kind(kind), int(family), bool(aside), thing)
        if len(first) < len(places):
            first.append(answer)
    if not places:
        raise BadInputError(f"{run} has no answers to label")
    chance = np.array([int(content_id(seed, name)[:13], 16) / 16**13 for name in places])
    without = int(column(tables, "select count(*) from responses where failure is not null")[0])
    return Answers(by_id, list(places), first, chance, without)


def write_sheet(
    run: Path,
    out: Path,
    answers: Answers,
    drawn: Drawn,
    criteria: Mapping[Criterion, frozenset[Kind]],
    labelled: Mapping[str, Sequence[Rating]],
    seed: int,
) -> int:
    """Write the sheet: a row for each thing in `drawn` (with its stratum and probability), those without a label first,
    in an order that the seed alone gives; labels given so far stand in rows of their own. Returns the number of rows.

    Raises:
        BadInputError: the file exists, or cannot be written.
        StoppedError: the disk is full. No part of the sheet is left.
    """
    wanted = {answers.first[thing]: thing for thing in drawn}
    items = {item.id: item for item in read_records(run, Item)}
    texts = {answer.id: answer for answer in read_records(run, Response) if answer.id in wanted}
    order = sorted(wanted, key=lambda one: content_id(seed, answers.hashes[wanted[one]])[13:])
    order.sort(key=lambda one: answers.hashes[wanted[one]] in labelled)
    rows: list[dict[str, str]] = []
    for one in order:
        name, item, response = answers.hashes[wanted[one]], items[texts[one].item_id], texts[one]
        stratum, probability = drawn[wanted[one]]
        asked = choice_question(item.request, item.options, item.language) if item.options else item.request
        texts_of = (name, item.id, item.family, item.language, asked, response.text)
        row = dict(zip(COLUMNS[:6], map(_shown, texts_of), strict=True))
        row |= {"stratum": stratum, "probability": f"{probability:.9g}"}
        row |= {criterion: "" if item.kind in kinds else NOT_ASKED for criterion, kinds in criteria.items()}
        given = labelled.get(name, ())
        for rating in given:
            said = {c: label for c, label in rating.labels.items() if c in criteria}
            rows.append(row | said | {"rater": _shown(rating.rater)})
        if not given:
            rows.append(row | {"rater": ""})
    _write_whole(out, [*COLUMNS, *criteria, "rater"], rows)
    return len(rows)


def _write_whole(out: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    """The sheet is whole or not there, and takes no other file's place."""
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("w", encoding="utf-8-sig", newline="") as file:  # spreadsheets know UTF-8 by its mark
            sheet = csv.DictWriter(file, columns)
            sheet.writeheader()
            sheet.writerows(rows)
        out.open("x").close()  # the name is ours, or somebody's already
        part.replace(out)
    except FileExistsError:
        raise taken(out) from None
    except OSError as error:
        told = f"cannot write {out}: {error.strerror}"
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        raise (StoppedError(told) if full else BadInputError(told)) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def taken(out: Path) -> BadInputError:
    """The error for a sheet that is there already: it may hold somebody's labels."""
    return BadInputError(f"{out} exists, perhaps with labels in it: choose another --out")


def _shown(text: str) -> str:
    """A text as a spreadsheet shows it: no NUL, and never a formula."""
    whole = text.replace("\0", "")
    return f"'{whole}" if whole.startswith(FORMULA) else whole
