"""Training files are read in three forms, every row with its line, and every broken one is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from primum.align.files import read_places
from primum.errors import BadInputError

TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.dictionaries(st.sampled_from("abc"), TREES, max_size=3), min_size=1, max_size=5),
    indent=st.sampled_from([None, 0, 2]),
)
def test_an_array_gives_its_rows_and_the_lines_on_which_they_begin(tmp_path: Path, rows: Any, indent: Any) -> None:
    file = tmp_path / "rows.json"
    text = json.dumps(rows, indent=indent, ensure_ascii=False)
    file.write_text(text, encoding="utf-8", newline="")
    read = list(read_places(file))
    assert [row for _, row in read] == rows
    lines = [int(place.rpartition(":")[2]) for place, _ in read]
    if indent is None:
        assert lines == [1] * len(rows)
    else:
        # the first row begins on line 2; each later one after as many lines as the one before has when it stands alone
        lengths = [json.dumps(row, indent=indent).count("\n") + 1 for row in rows]
        assert lines == [2 + sum(lengths[:n]) for n in range(len(rows))]


def test_an_array_may_have_either_name_and_lines_too(tmp_path: Path) -> None:
    for name in ("a.json", "a.jsonl"):
        (tmp_path / name).write_text('\ufeff[{"Request ": "Why?"}]', encoding="utf-8")
        assert list(read_places(tmp_path / name)) == [(f"{tmp_path / name}:1", {"request": "Why?"})]
        (tmp_path / name).write_text('{"a": 1}\n{"a": 2}\n')
        assert [place for place, _ in read_places(tmp_path / name)] == [f"{tmp_path / name}:{n}" for n in (1, 2)]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ('[{"a": 1}', ["1: neither a comma nor the array's end"]),
        ("[", ["1: the array has no end"]),
        ('[{"a": 1},]', ["1: nothing behind the last comma"]),
        ('[{"a": 1}] x', ["1: something stands behind the array's end"]),
        ('[\n{"a": 1},\n{"a": }]', ["3: a row that begins here is not JSON"]),
        ('[{"a": 1},\n7,\n[2]]', ["2: a int where an object is wanted", "3: a list where an object is wanted"]),
        ('[{"a": "\\ud83d"}]', ["1: a row that begins here is not JSON"]),
        ('[{"a": ' + "[" * 9999, ["1: a row that begins here is not JSON"]),
    ],
)
def test_a_broken_array_is_told_with_the_line(tmp_path: Path, text: str, faults: list[str]) -> None:
    file = tmp_path / "rows.json"
    file.write_text(text)
    with pytest.raises(BadInputError, match="malformed") as error:
        list(read_places(file))
    assert len(error.value.faults) == len(faults)
    for told, fault in zip(error.value.faults, faults, strict=True):
        assert told.startswith(f"{file}:{fault}")


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.json", "[ ]", "has no rows"),
        ("a.json", "", "is empty"),
        ("a.jsonl", "\n\n", "has no rows|is empty"),
        ("a.json", '{\n "a": 1\n}', "is one JSON object: rows are wanted, as an array or one a line"),
        ("a.parquet", "x", r"is no training file: its name ends in \.csv, \.json, \.jsonl"),
        ("a.json", "[\0]", "a NUL byte"),
    ],
)
def test_a_file_without_rows_is_told(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInputError, match=sentence):
        list(read_places(tmp_path / name))
    with pytest.raises(BadInputError, match=r"there is no file|is no training file"):
        list(read_places(tmp_path / f"none-{name}"))
