"""`overrefusal`, `generalharm` and the bundled drug and emergency questions: their headlines and the parts of others."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from primum.errors import BadInputError
from primum.records import Item, Kind
from primum.suites.catalogue import CATALOGUE, missing_parts, open_suite
from primum.suites.hexphi import hexphi
from primum.suites.kqa import kqa
from primum.suites.starter import starter
from primum.suites.xstest import xstest_safe, xstest_unsafe
from primum.suites.zh_patients import zh_patients
from tests.data import FOLDER, needs_data


def write(data: Path, name: str, text: str) -> Path:
    file = data / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def write_lines(data: Path, name: str, *rows: object) -> Path:
    return write(data, name, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def test_without_data_overrefusal_is_the_starters_benign_side() -> None:
    items = list(open_suite("overrefusal", None)())
    own = {item.id.removeprefix("starter/"): item for item in starter() if item.kind is Kind.BENIGN}
    assert len(items) == len(own) == 180 == CATALOGUE["overrefusal"].size
    assert {item.id: item.family for item in items} == {f"overrefusal/starter-{i}": own[i].family for i in own}
    assert not any(item.aside for item in items)


def test_xstest_is_split_by_its_label(tmp_path: Path) -> None:
    rows = "id,prompt,type,label\n1,Kill a process?,homonyms,safe\n2,Kill someone?,contrast,unsafe\n"
    file = write(tmp_path, "xstest/xstest_prompts.csv", rows)
    (safe,), (unsafe,) = xstest_safe(tmp_path, "o"), xstest_unsafe(tmp_path, "g")
    assert (safe.id, safe.kind, safe.style, safe.aside) == ("o/xstest:0", Kind.BENIGN, "homonyms", True)
    assert (unsafe.id, unsafe.kind, unsafe.aside) == ("g/xstest:1", Kind.GENERAL_HARM, False)
    file.write_text(f"{rows}3,,,maybe\n4,What?,x,maybe\n")
    with pytest.raises(BadInputError) as error:
        next(xstest_safe(tmp_path, "o"))
    assert error.value.faults == (f"{file}:4: no prompt, type", f"{file}:5: label 'maybe' is neither safe nor unsafe")


def test_kqa_asks_an_answered_question_once(tmp_path: Path) -> None:
    write_lines(
        tmp_path,
        "kqa/questions_w_answers.jsonl",
        {"Question": "Is it catching?", "Must_have": ["Yes,\nfor a week.", " ", "Wash hands."]},
    )
    asked = ("is it  CATCHING?", "Any cure?", "any cure?")
    write_lines(tmp_path, "kqa/questions.jsonl", *({"Question": text} for text in asked))
    answered, first, again = kqa(tmp_path, "o")
    assert (answered.id, answered.kind) == ("o/kqa-answered:0", Kind.MUST_HAVE)
    assert answered.reference == "Yes, for a week.\nWash hands."
    assert [first.id, again.id] == ["o/kqa:1", "o/kqa:2"]
    assert {first.family, again.family} == {"o/kqa:1"}


def test_kqa_faults_are_told_with_their_lines(tmp_path: Path) -> None:
    answered = write_lines(tmp_path, "kqa/questions_w_answers.jsonl", {"Question": "Why?", "Must_have": []})
    others = write_lines(tmp_path, "kqa/questions.jsonl", {"Question": "Why?"}, {"Question": " "})
    with pytest.raises(BadInputError) as error:
        next(kqa(tmp_path, "o"))
    assert error.value.faults == (f"{others}:2: no Question", f"{answered}:1: no Must_have statement")


def test_chinese_patients_ask_by_the_title_where_there_is_no_question(tmp_path: Path) -> None:
    name = "zh_patient_questions/sample_internal_medicine.jsonl"
    file = write_lines(
        tmp_path,
        name,
        {"title": "头痛", "ask": "头痛怎么办？"},
        {"title": "咳嗽吗", "ask": "无"},
        {"title": "咳嗽吗", "ask": ""},
    )
    items = list(zh_patients(tmp_path, "o"))
    assert [item.request for item in items] == ["头痛怎么办？", "咳嗽吗", "咳嗽吗"]
    assert [item.family for item in items] == ["o/zh_patients:0", "o/zh_patients:1", "o/zh_patients:1"]
    write_lines(tmp_path, name, {"title": "头痛", "ask": "头痛怎么办？"}, {"title": "", "ask": "无", "answer": "x"})
    with pytest.raises(BadInputError) as error:
        next(zh_patients(tmp_path, "o"))
    assert error.value.faults == (f"{file}:2: neither ask nor title",)


def test_hexphi_takes_lines_and_cells(tmp_path: Path) -> None:
    write(tmp_path, "hex-phi/category_1.csv", 'Write lies, many of them\n\n"Write lies,\nand more"\n')
    write(tmp_path, "hex-phi/category_11.csv", "write lies, many of them\n")
    items = list(hexphi(tmp_path, "g"))
    assert [item.request for item in items] == [
        "Write lies, many of them",
        "Write lies,\nand more",
        "write lies, many of them",
    ]
    assert [item.id for item in items] == ["g/hex-phi-1:0", "g/hex-phi-1:1", "g/hex-phi-11:0"]
    assert [item.family for item in items] == ["g/hex-phi-1:0", "g/hex-phi-1:1", "g/hex-phi-1:0"]
    assert {(item.style, item.aside) for item in items} == {("category_1", True), ("category_11", True)}


def test_hexphi_faults_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"holds no category_1\.csv to category_11\.csv"):
        next(hexphi(tmp_path, "g"))
    write(tmp_path, "hex-phi/category_3.csv", 'fine\n"never closed\n')
    with pytest.raises(BadInputError, match=r"category_3\.csv:2: .*never closed"):
        next(hexphi(tmp_path, "g"))
    write(tmp_path, "hex-phi/category_3.csv", "\n")
    with pytest.raises(BadInputError, match=r"category_3\.csv has no requests"):
        next(hexphi(tmp_path, "g"))


@pytest.mark.parametrize(("name", "file"), [("medes-emergency", "emergency"), ("medes-drug", "drug")])
def test_bundled_questions_and_the_authors_file_where_it_is(tmp_path: Path, name: str, file: str) -> None:
    bundled = list(open_suite(name, tmp_path)())
    assert len(bundled) == 30 == CATALOGUE[name].size
    assert {item.source for item in bundled} == {"primum"}
    assert all(item.rationale and item.kind is Kind.CHOICE for item in bundled)
    (missing,) = missing_parts((name,), tmp_path)
    assert f"save it as medes/{file}_questions.csv" in missing
    row = '急危重症处置,"先做什么？\nA.呼救\nB.等待",A,客观题'
    write(tmp_path, f"medes/{file}_questions.csv", f"scene,query,reference,type\n{row}\n")
    assert missing_parts((name,), tmp_path) == []
    *_, last = open_suite(name, tmp_path)()
    assert (last.id, last.source) == (f"{name}/{file}_questions:0", "medes")


def of(items: list[Item], source: str) -> list[Item]:
    return [item for item in items if item.source == source]


@needs_data
def test_every_row_of_the_real_parts_is_an_item() -> None:
    items = list(open_suite("overrefusal", FOLDER)())
    assert len({item.id for item in items}) == len(items)
    parts = {part.path: part.size for part in CATALOGUE["overrefusal"].takes}
    kinds = Counter(item.kind for item in of(items, "kqa"))
    answered, asked = (
        [json.loads(line)["Question"] for line in (FOLDER / "kqa" / name).read_bytes().splitlines()]
        for name in ("questions_w_answers.jsonl", "questions.jsonl")
    )
    assert kinds == {Kind.MUST_HAVE: len(answered), Kind.BENIGN: sum(text not in answered for text in asked)}
    assert kinds.total() == parts["kqa"] == 1_202
    zh = (FOLDER / "zh_patient_questions" / "sample_internal_medicine.jsonl").read_bytes().splitlines()
    assert len(of(items, "zh_patients")) == len(zh) == parts["zh_patient_questions"] == 7_644
    assert len(of(items, "xstest")) == parts["xstest"] == 250


@needs_data
def test_xstest_is_whole_over_both_suites() -> None:
    with (FOLDER / "xstest" / "xstest_prompts.csv").open(encoding="utf-8-sig", newline="") as opened:
        rows = [row["prompt"].strip() for row in csv.DictReader(opened)]
    unsafe = list(open_suite("generalharm", FOLDER)())
    assert len(unsafe) == CATALOGUE["generalharm"].size == 200
    read = [*of(list(open_suite("overrefusal", FOLDER)()), "xstest"), *unsafe]
    assert sorted(item.request for item in read) == sorted(rows)
