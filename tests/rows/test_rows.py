"""Files that people really have: every fault is told with file and line, all at once, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from primum.errors import BadInputError
from primum.rows import MOST_CELL, Row, read_rows, read_text


def rows(tmp_path: Path, name: str, content: bytes | str, required: tuple[str, ...] = ()) -> list[tuple[int, Row]]:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_rows(file, required))


def faults(tmp_path: Path, name: str, content: bytes | str, required: tuple[str, ...] = ()) -> list[str]:
    """What is told of a file that cannot be used, without the folder."""
    with pytest.raises(BadInputError) as caught:
        rows(tmp_path, name, content, required)
    return [line.replace(f"{tmp_path}/", "") for line in (caught.value.faults or (str(caught.value),))]


# --- what works


@pytest.mark.parametrize(
    "content",
    [
        "id,request\n1,a\n2,b\n",
        "id,request\r\n1,a\r\n2,b\r\n",
        "\ufeffid,request\n1,a\n2,b",
        " id , request \n1,a\n2,b\n",
        '"id","request"\n"1","a"\n"2","b"\n',
    ],
    ids=["plain", "CRLF", "BOM and no last newline", "spaces in the header", "quoted"],
)
def test_csv_as_programs_write_it(tmp_path: Path, content: str) -> None:
    assert rows(tmp_path, "a.csv", content) == [(2, {"id": "1", "request": "a"}), (3, {"id": "2", "request": "b"})]


@pytest.mark.parametrize(
    "content",
    [
        '{"id":"1"}\n{"id":"2"}\n',
        '{"id":"1"}\r\n{"id":"2"}\r\n',
        '\ufeff{"id":"1"}\n{"id":"2"}',
        '{"id": "1"}\n{"id":"2"}',
    ],
    ids=["plain", "CRLF", "BOM", "no last newline"],
)
def test_jsonl_as_programs_write_it(tmp_path: Path, content: str) -> None:
    assert rows(tmp_path, "a.jsonl", content) == [(1, {"id": "1"}), (2, {"id": "2"})]


def test_rows_keep_the_line_on_which_they_begin(tmp_path: Path) -> None:
    content = 'id,request\n1,"two\nlines"\n\n2,"quote "" and, comma"\n3,x\n'
    assert rows(tmp_path, "a.csv", content) == [
        (2, {"id": "1", "request": "two\nlines"}),
        (5, {"id": "2", "request": 'quote " and, comma'}),
        (6, {"id": "3", "request": "x"}),
    ]
    assert rows(tmp_path, "a.jsonl", '{"a":1}\n\n  \n{"a":2}\n') == [(1, {"a": 1}), (4, {"a": 2})]


def test_separators_that_are_no_line_ends_stay_in_their_cell(tmp_path: Path) -> None:
    odd = "a\u2028b\u0085c\x0bd\x1ce"
    assert rows(tmp_path, "a.csv", f"id,request\n1,{odd}\n") == [(2, {"id": "1", "request": odd})]
    assert rows(tmp_path, "a.jsonl", '{"r":"a\u2028b\u0085c"}\n') == [(1, {"r": "a\u2028b\u0085c"})]


def test_empty_cells_are_empty_texts(tmp_path: Path) -> None:
    assert rows(tmp_path, "a.csv", "id,request\n1,\n,b\n") == [
        (2, {"id": "1", "request": ""}),
        (3, {"id": "", "request": "b"}),
    ]


def test_a_long_cell_is_read_whole(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    assert rows(tmp_path, "a.csv", f"id,request\n1,{long}\n")[0][1]["request"] == long
    assert rows(tmp_path, "a.jsonl", orjson.dumps({"request": long}))[0][1]["request"] == long


# --- what does not


def test_all_faults_of_a_csv_are_told_at_once(tmp_path: Path) -> None:
    content = "id,request\n1,a,b\n2\n3,c\n4,d,e,f\n"
    assert faults(tmp_path, "a.csv", content) == [
        "a.csv:2: 3 cells, where the header has 2",
        "a.csv:3: 1 cells, where the header has 2",
        "a.csv:5: 4 cells, where the header has 2",
    ]


def test_all_faults_of_a_jsonl_are_told_at_once(tmp_path: Path) -> None:
    told = faults(tmp_path, "a.jsonl", '{"a":1}\n[1,2]\n"text"\n{"a":\nnull\n7\n{"a":2}\n')
    assert [line.partition(": ")[0] for line in told] == [f"a.jsonl:{n}" for n in (2, 3, 4, 5, 6)]
    assert told[0] == "a.jsonl:2: a list where an object is wanted"
    assert "not JSON" in told[2]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('id,request\n1,a\n2,"never closed\n3,c\n', 3),
        ('id,request\n1,"a" b\n', 2),
        ('id,request\n"1\n2\n3', 2),
        ('"id,request\n1,a\n', 1),
    ],
)
def test_a_truncated_quote_is_told_with_the_line_on_which_its_row_begins(
    tmp_path: Path, content: str, line: int
) -> None:
    told = faults(tmp_path, "a.csv", content)
    assert told[-1].startswith(f"a.csv:{line}: ")
    assert "quote" in told[-1]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n\r\n ", " has no rows"),
        (b"\xef\xbb\xbf", "is empty"),
        (b'id,request\n1,caf\xe9\n{"id":1}', ":2: not UTF-8 text: save the file as UTF-8"),
        (b"id,request\n1,a\n2,\x00b\n", ":3: a NUL byte"),
        ("id,request\n1,a\n".encode("utf-16"), ":1: not UTF-8 text"),
        ("id,request\n1,a\n".encode("utf-16-le"), ":1: a NUL byte"),
        ("id,request\n1,病人\n".encode("gb18030"), ":2: not UTF-8 text"),
    ],
    ids=["nothing", "blank", "BOM alone", "Latin-1", "NUL", "UTF-16", "UTF-16 without BOM", "GB18030"],
)
def test_what_is_no_text_is_told_with_its_line(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (line,) = faults(tmp_path, name, content)
    assert told in line
    assert line.startswith(name)


def test_a_header_without_rows_is_told_of(tmp_path: Path) -> None:
    assert faults(tmp_path, "a.csv", "id,request\n") == ["a.csv has no rows"]


def test_missing_columns_are_named_beside_those_that_are_there(tmp_path: Path) -> None:
    told = faults(tmp_path, "a.csv", "Id,prompt\n1,a\n", required=("id", "request"))
    assert told == ["a.csv:1: no column id, request (there are: Id, prompt)"]


def test_a_column_that_stands_twice_is_told_of(tmp_path: Path) -> None:
    assert faults(tmp_path, "a.csv", "id,request,id\n1,a,2\n") == ["a.csv:1: column id stands twice"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_huge_cell_is_told_with_its_line(tmp_path: Path, name: str) -> None:
    huge = "x" * (MOST_CELL + 1)
    content = f"id,request\n1,a\n2,{huge}\n" if name == "a.csv" else f'{{"id":1}}\n{{"id":2}}\n{{"r":"{huge}"}}\n'
    (line,) = faults(tmp_path, name, content)
    assert line.startswith(f"{name}:3: ")
    assert len(line) < 200


def test_deeply_nested_json_is_a_fault_and_no_internal_error(tmp_path: Path) -> None:
    deep = '{"id":' + "[" * 100_000 + "]" * 100_000 + "}"
    (line,) = faults(tmp_path, "a.jsonl", deep)
    assert line.startswith("a.jsonl:1: not JSON")


@pytest.mark.parametrize("place", ["none.csv", "folder.csv", "file/none.csv", "x" * 300 + ".csv"])
def test_a_file_that_is_not_there_or_is_none_is_told_of(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInputError, match=r"there is no file|cannot read"):
        read_text(tmp_path / place)
