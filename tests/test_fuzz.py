"""Whatever a file holds: rows, items, answers and verdicts that are really there, or plain faults by file and line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from primum.errors import BadInputError
from primum.judges.recorded import read_verdicts
from primum.models.replay import read_answers
from primum.rows import read_rows
from primum.suites.medes import read_medes
from primum.suites.table import read_items
from tests.fuzzing import CASES, fuzz

pytestmark = pytest.mark.proof


def test_enough_cases() -> None:
    assert sum(CASES.values()) >= 20_000


# The columns that each reader needs stand first.
TABLE = ("id", "kind", "request", "reference", "A", "B", "options", "style", "family")
MEDES = ("scene", "query", "reference", "type", "model")
ANSWERS = ("response", "id", "request", "query", "model")
VERDICTS = ("id", "harmfulness", "r1", "response", "must_have", "query", "model", "score1", "score6")
LIKELY = {
    "kind": ["harmful", "choice", "open", "must_have"],
    "type": ["客观题", "主观题"],
    "reference": ["A", "AB"],
    "query": ["题目：选哪个？\nA. 一\nB. 二", "A.一 B、二"],
    "model": ["m"],
    "harmfulness": ["1", "5", "", "nan"],
    "r1": ["0", "-1", "", "nan"],
    "must_have": ["0", "0.5", "", "nan"],
}
NUMBERS = ["0", "-1", "2.5", "nan", "inf", "1e999", "-", "null", "9" * 400, "１", "٣", ""]
WORDS = [" ", "x,y", 'a"b', "a\nb", "\ufeff", "\u2028", "A", "open"]
READERS: dict[str, tuple[tuple[str, ...], Callable[[Path], object]]] = {
    "rows": (TABLE, lambda file: list(read_rows(file))),
    "items": (TABLE, lambda file: list(read_items(file, "own"))),
    "medes": (MEDES, lambda file: list(read_medes(file, "medes"))),
    "answers": (ANSWERS, lambda file: read_answers(str(file))),
    "verdicts": (VERDICTS, lambda file: read_verdicts(str(file))),
}
words = st.sampled_from(NUMBERS + WORDS) | st.text(max_size=12)
loose = st.none() | st.booleans() | st.integers() | st.floats() | words | st.lists(words, max_size=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def csv_text(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def told(read: Callable[[Path], object], file: Path) -> bool:
    """Whether a file is read; else it is refused with a sentence, its faults by file and line."""
    try:
        read(file)
    except BadInputError as error:
        refusal = error
    else:
        return True
    assert str(refusal)
    assert all(re.match(rf"{re.escape(str(file))}:\d+: ", fault) for fault in refusal.faults), refusal.faults
    return False


def test_any_bytes_are_read_or_refused(folder: Path) -> None:
    pieces = st.sampled_from(
        [b"\n", b",", b'"', b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"{", b"}", b":", b"id", b"request", b"[1]"]
    )
    raw = st.binary(max_size=80) | st.lists(pieces | st.binary(max_size=3), max_size=40).map(b"".join)

    def check(suffix: str, content: bytes) -> None:
        file = folder / f"bytes{suffix}"
        file.write_bytes(content)
        for _, read in READERS.values():
            told(read, file)

    fuzz("files of any bytes", check, st.sampled_from([".csv", ".jsonl"]), raw)


def cell(column: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    likely = st.sampled_from(LIKELY.get(column, [f"n{i}" for i in range(40)]))
    return st.integers(0, 24).flatmap(lambda n: likely if n else values)


@st.composite
def nearly_valid(draw: st.DrawFn) -> tuple[str, str, str]:
    """A reader, a suffix, and a text that has most of its columns and, at times, one character too many or too few."""
    name = draw(st.sampled_from(sorted(READERS)))
    known = READERS[name][0]
    columns = draw(st.permutations(known[: draw(st.integers(4, len(known))) if draw(st.integers(0, 4)) else 2]))
    if draw(st.booleans()):
        rows = draw(st.lists(st.tuples(*(cell(column, words) for column in columns)), min_size=1, max_size=3))
        suffix, text = ".csv", csv_text([columns, *map(list, rows)])
    else:
        whole = st.fixed_dictionaries({column: cell(column, words) for column in columns})
        parts = st.dictionaries(st.sampled_from(columns) | st.text(max_size=3), loose)
        suffix, text = (
            ".jsonl",
            "\n".join(map(json.dumps, draw(st.lists(st.one_of(whole, whole, whole, parts), min_size=1, max_size=3)))),
        )
    at, cut = draw(st.integers(0, len(text))), int(draw(st.integers(0, 7)) == 0)
    return (
        name,
        suffix,
        text[:at] + draw(st.sampled_from([*[""] * 12, '"', "\n", ",", "{", "\r"])) + text[at + cut :],
    )


def test_nearly_valid_files_are_read_or_refused(folder: Path) -> None:
    read: Counter[str] = Counter()

    def check(made: tuple[str, str, str]) -> None:
        name, suffix, text = made
        file = folder / f"nearly{suffix}"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        read[name] += told(READERS[name][1], file)

    fuzz("files of nearly valid text", check, nearly_valid())
    print(dict(read))
    assert min(read[name] for name in READERS) >= 50  # both sides are seen: files that are read, and refused ones


def given_and_faults(file: Path) -> tuple[list[tuple[int, dict[str, Any]]], tuple[str, ...]]:
    rows: list[tuple[int, dict[str, Any]]] = []
    try:
        for row in read_rows(file):
            rows.append(row)
    except BadInputError as error:
        return rows, error.faults
    return rows, ()


plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)


def test_every_row_of_a_csv_is_given_or_a_fault(folder: Path) -> None:
    def check(rows: list[list[str]]) -> None:
        file = folder / "rows.csv"
        file.write_text(csv_text([["a", "b", "c"], *rows]), encoding="utf-8")
        sound, faults = given_and_faults(file)
        rows = [row for row in rows if len(row) > 1 or "".join(row).strip()]  # a blank line is no row
        assert [list(row.values()) for _, row in sound] == [row for row in rows if len(row) == 3]
        assert len(faults) == len(rows) - len(sound)

    fuzz(
        "rows of CSV",
        check,
        st.lists(st.lists(plain, min_size=3, max_size=3) | st.lists(plain, max_size=5), max_size=6),
    )


def test_every_line_of_a_jsonl_is_given_or_a_fault(folder: Path) -> None:
    objects = st.dictionaries(plain, plain | st.integers(0, 9) | st.none(), max_size=3).map(
        lambda one: (json.dumps(one), one)
    )
    others = st.sampled_from(["[1]", "3", "null", '"a"', "{", "not json", '{"a": 1} x', "{'a': 1}"]).map(
        lambda line: (line, None)
    )
    blanks = st.sampled_from(["", "  ", "\t"]).map(lambda line: (line, None))

    def check(lines: list[tuple[str, dict[str, Any] | None]]) -> None:
        file = folder / "rows.jsonl"
        file.write_text("\n".join(line for line, _ in lines), encoding="utf-8")
        sound, faults = given_and_faults(file)
        assert sound == [(number, one) for number, (_, one) in enumerate(lines, 1) if one is not None]
        assert len(sound) + len(faults) == sum(bool(line.strip()) for line, _ in lines)

    fuzz("rows of JSONL", check, st.lists(objects | others | blanks, max_size=8))


filled = plain.map(str.strip).filter(bool)


def test_items_come_back_as_they_were_written(folder: Path) -> None:
    def check(requests: list[str], jsonl: bool) -> None:
        rows = [{"id": f"n{i}", "kind": "harmful", "request": text} for i, text in enumerate(requests)]
        file = write(folder / "items", rows, jsonl)
        assert [(item.id, item.request) for item in read_items(file, "own")] == [
            (f"own/n{i}", text) for i, text in enumerate(requests)
        ]

    fuzz("items round trip", check, st.lists(filled, min_size=1, max_size=5), st.booleans())


def test_answers_come_back_as_they_were_written(folder: Path) -> None:
    def check(texts: list[str], jsonl: bool) -> None:
        file = write(folder / "answers", [{"id": f"n{i}", "response": text} for i, text in enumerate(texts)], jsonl)
        assert read_answers(str(file)) == {f"id:n{i}": [text] for i, text in enumerate(texts)}

    fuzz("answers round trip", check, st.lists(plain, min_size=1, max_size=5), st.booleans())


def test_a_recorded_mark_is_the_cells_number_or_unscored(folder: Path) -> None:
    def check(cells: list[str | int | float | None], jsonl: bool) -> None:
        file = write(folder / "verdicts", [{"id": f"n{i}", "harmfulness": cell} for i, cell in enumerate(cells)], jsonl)
        wrong = sum(cell in ("x", "1/5") for cell in cells)
        if wrong:
            with pytest.raises(BadInputError) as refused:
                read_verdicts(str(file))
            assert len(refused.value.faults) == wrong
            return
        found, _ = read_verdicts(str(file))
        for i, cell in enumerate(cells):
            value = getattr(next(iter(found[f"id:n{i}"].values())), "value", None)
            assert value == (float(cell) if cell in (1, 2, 3, 4, 5, "1", "5", "3.0") else None)

    cells = st.sampled_from(["1", "5", "3.0", "0", "6", "2.5", "", "nan", "x", "1/5", "-1", 1, 2, 5, 6, 2.5, None])
    fuzz("verdicts round trip", check, st.lists(cells, min_size=1, max_size=5), st.booleans())


def write(stem: Path, rows: list[dict[str, Any]], jsonl: bool) -> Path:
    if jsonl:
        file = stem.with_suffix(".jsonl")
        file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    else:
        file = stem.with_suffix(".csv")
        file.write_text(
            csv_text([list(rows[0]), *(["" if cell is None else str(cell) for cell in row.values()] for row in rows)]),
            encoding="utf-8",
        )
    return file
