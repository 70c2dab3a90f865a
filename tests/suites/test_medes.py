"""Files in MedES's format: options and keys as a careful reader finds them, and every fault with its line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from primum.errors import BadInputError
from primum.prompts import choice_question
from primum.records import Kind
from primum.suites.catalogue import open_suite
from primum.suites.medes import medes, options_in, read_medes

FIXTURES = Path(__file__).parents[1] / "fixtures" / "medes"
HEAD = "scene,query,reference,type"
OBJECTIVE = '医患关系,"先看例题。\n题目：选一\nA.甲\nB.乙\n【答案】：A\n题目：选哪些？\nA.说明\nB.隐瞒\nC.倾听\n【思考】：",CA,客观题'
OPEN = "palliative care,May a patient refuse food?,Respect a refusal made freely.,主观题"


def write(folder: Path, *rows: str, head: str = HEAD, name: str = "own.csv") -> Path:
    file = folder / name
    file.write_text("\ufeff" + "\n".join([head, *rows]) + "\n", encoding="utf-8")
    return file


def test_rows_become_items(tmp_path: Path) -> None:
    choice, case = read_medes(write(tmp_path, OBJECTIVE, OPEN), "s")
    assert (choice.id, choice.kind, choice.options, choice.reference) == (
        "s/own:0",
        Kind.CHOICE,
        ("说明", "隐瞒", "倾听"),
        "AC",
    )
    assert (choice.scenario, choice.language) == ("doctor_patient_relations", "zh")
    assert choice_question(choice.request, choice.options, "zh") == choice.request
    assert (case.id, case.kind, case.options) == ("s/own:1", Kind.OPEN, ())
    assert (case.scenario, case.language, case.reference) == ("palliative_care", "en", "Respect a refusal made freely.")


@pytest.mark.parametrize(
    ("query", "key", "options"),
    [
        ("题目：选？\nA、甲\nB．乙\nC：丙\nD)丁", "D", ("甲", "乙", "丙", "丁")),
        ("选？ A.甲，B.乙；C.丙 D.丁", "D", ("甲", "乙", "丙", "丁")),
        ("选？\nA. one B. two\nC. three D. four", "D", ("one", "two", "three", "four")),
        ("Vitamin A. is fat-soluble. Which?\nA. one\nB. two", "B", ("one", "two")),
        ("A.一\nB.二\n\n只写字母：", "A", ("一", "二")),
        ("A.肝炎 A、肝炎 B、都有\nB.都没有", "B", ("肝炎 A、肝炎 B、都有", "都没有")),
    ],
)
def test_options_are_found(query: str, key: str, options: tuple[str, ...]) -> None:
    assert options_in(query, key) == options


def test_all_faults_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "医患关系,选？A 甲 B 乙,A,客观题",
        '医患关系,"选？\nA.甲\nB.乙",C,客观题',
        '医患关系,"选？\nA.甲\nB.",A,客观题',
        '医患关系,"选？\nA.甲\nB.乙",两者,客观题',
        "医患关系,说说看。,,主观题",
        "医患关系,说说看。,守法,问答题",
    )
    with pytest.raises(BadInputError) as error:
        next(read_medes(file, "s"))
    assert error.value.faults == (
        f"{file}:2: no list of options from A on was found in the query",
        f"{file}:3: the key 'C' does not name options of this item, which has 2",
        f"{file}:6: option B is empty",
        f"{file}:9: the key '两者' is no set of the letters A to H",
        f"{file}:12: no reference",
        f"{file}:13: type '问答题' is none of 客观题, 主观题",
    )


def test_a_long_file_gives_each_question_once(tmp_path: Path) -> None:
    question, other = "医患关系,说说看。,守法,主观题", "常规诊疗,再说说。,守法,主观题"
    rows = [f"{text},{model}" for text in (question, other, question) for model in ("a", "b")]
    file = write(tmp_path, *rows, head=f"{HEAD},model")
    items = list(read_medes(file, "s"))
    # Each model was asked `question` twice and `other` once: three items, the first and last of one family.
    assert [item.id for item in items] == ["s/own:0", "s/own:1", "s/own:2"]
    assert [item.family for item in items] == ["s/own:0", "s/own:1", "s/own:0"]


def test_a_file_is_read_by_its_columns(tmp_path: Path) -> None:
    (choice,) = open_suite(str(write(tmp_path, OBJECTIVE)), None)()
    assert choice.id == "own/own:0"
    (plain,) = open_suite(str(write(tmp_path, "1,benign,Why?", head="id,kind,request", name="plain.csv")), None)()
    assert plain.id == "plain/1"


def test_the_suite_takes_the_file_that_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "medes"
    folder.mkdir()
    with pytest.raises(BadInputError, match=r"neither objective_questions\.csv nor subjective_questions\.csv"):
        next(medes(tmp_path))
    write(folder, OPEN, name="subjective_questions.csv")
    assert [item.id for item in medes(tmp_path)] == ["medes/subjective_questions:0"]
    write(folder, OBJECTIVE, name="objective_questions.csv")
    assert len(list(medes(tmp_path))) == 2


@pytest.mark.parametrize("file", sorted(FIXTURES.glob("*.csv")), ids=lambda file: str(file.stem))
def test_every_row_of_the_fixtures_is_an_item(file: Path) -> None:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    items = list(read_medes(file, "s"))
    assert len(items) == len(rows) > 0
    for row, item in zip(rows, items, strict=True):
        assert item.request == row["query"].strip()
        if item.kind is Kind.CHOICE:
            assert set(item.reference) == set(row["reference"].upper()) - set(" ,")
            assert choice_question(item.request, item.options, item.language) == item.request


def test_a_malformed_row_does_not_hide_the_faults_before_it(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("scene,query,reference,type\n医患关系,怎么办？,,主观题\n医患关系,怎么办？\n", encoding="utf-8-sig")
    with pytest.raises(BadInputError) as caught:
        list(read_medes(file, "a"))
    assert [fault.removeprefix(f"{file}:") for fault in caught.value.faults] == [
        "2: no reference",
        "3: 2 cells, where the header has 4",
    ]
