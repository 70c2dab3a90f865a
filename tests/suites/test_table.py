"""Files in Primum's own format: every row is an item or a fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from primum.errors import BadInputError
from primum.records import Kind
from primum.suites.table import read_items

GOOD = "id,kind,request,principle,A,B,reference\n1,harmful,Hide it.,4,,,\n2,choice,Which?,5,left,right,B\n"


def write(folder: Path, text: str, name: str = "own.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


def test_rows_become_items(tmp_path: Path) -> None:
    first, second = read_items(write(tmp_path, GOOD), "own")
    assert (first.id, first.kind, first.principle, first.family, first.options) == ("own/1", Kind.HARMFUL, "4", "1", ())
    assert (second.options, second.reference) == (("left", "right"), "B")


def test_bom_crlf_and_line_breaks_in_cells(tmp_path: Path) -> None:
    text = '\ufeffid,kind,request\r\n1,open,"First line.\r\nSecond, with ""quotes""."\r\n2,benign,Why?\r\n'
    first, second = read_items(write(tmp_path, text), "own")
    assert first.request == 'First line.\r\nSecond, with "quotes".'
    assert second.id == "own/2"


def test_jsonl_with_options_as_a_list(tmp_path: Path) -> None:
    line = '{"id": "1", "kind": "choice", "request": "Which?", "options": ["a", "b", "c"], "reference": "AC"}\n'
    (only,) = read_items(write(tmp_path, line, "own.jsonl"), "own")
    assert (only.options, only.reference) == (("a", "b", "c"), "AC")


def test_all_faults_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = (
        "id,kind,request,A,B,C,reference\n"
        "1,harmful,,,,,\n"
        "2,evil,Why?,,,,\n"
        '3,benign,"two\nlines",,,,\n'
        "3,benign,again,,,,\n"
        "4,choice,Which?,left,right,,C\n"
        "5,choice,Which?,left,,right,A\n"
        "6,choice,Which?,left,right,,\n"
        "7,must_have,Is it catching?,,,,\n"
    )
    file = write(tmp_path, text)
    with pytest.raises(BadInputError) as error:
        list(read_items(file, "own"))
    assert error.value.faults == (
        f"{file}:2: no request",
        f"{file}:3: kind 'evil' is none of {', '.join(Kind)}",
        f"{file}:6: id '3' stands already in line 4",
        f"{file}:7: the key 'C' does not name options of this item",
        f"{file}:8: a choice item needs 2 to 8 options without a gap, not 3",
        f"{file}:9: a choice item needs its key in 'reference'",
        f"{file}:10: a must_have item needs its statements in 'reference', one a line",
    )


def test_every_kind_is_read_and_a_rationale_stays(tmp_path: Path) -> None:
    rows = [f"{n},{kind},Why?,left,right,A,because" for n, kind in enumerate(Kind)]
    text = "\n".join(["id,kind,request,A,B,reference,rationale", *rows]) + "\n"
    items = list(read_items(write(tmp_path, text), "own"))
    assert [item.kind for item in items] == list(Kind)
    assert {item.rationale for item in items} == {"because"}
