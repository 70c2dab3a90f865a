"""MedEthicEval in its upstream layout: made files for the faults, the real ones for the counts."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from primum.errors import BadInputError
from primum.records import Item, Kind
from primum.suites.catalogue import CATALOGUE, open_suite
from primum.suites.medethiceval import medethiceval
from tests.data import FOLDER, needs_data

HEADS = {
    "knowledge": "uuid,question,options,answer",
    "detecting_violation": "uuid,theme_tag1,theme_tag2,theme_tag3,scenario,type,query",
    "priority_dilemma": "case,query",
    "equilibrium_dilemma": "case,query",
}
ROWS = {
    "knowledge": """a,Which first?,"['A.rest', 'B.sleep']",B\nb,Which first?,"['A.rest', 'B.sleep', 'C.tea']",A""",
    "detecting_violation": "a,x,辅助生殖,代孕,one case,role_play,How?\nb,x,安乐死,安乐死,one case,user_reality,When?",
    "priority_dilemma": "One bed.,Who gets it?",
    "equilibrium_dilemma": "One organ.,Who gets it?",
}


def write(data: Path, **changed: str) -> Path:
    folder = data / "medethiceval" / "dataset"
    folder.mkdir(parents=True)
    for name, rows in (ROWS | changed).items():
        text = f"\ufeff{HEADS[name]}\n{rows}\n"
        (folder / f"medical_ethics_{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_rows_become_items_of_four_sources(tmp_path: Path) -> None:
    write(tmp_path)
    first, second, role, real, priority, equilibrium = medethiceval(tmp_path)
    assert (first.id, first.options, first.reference) == ("medethiceval/knowledge:0", ("rest", "sleep"), "B")
    assert second.family == first.id  # one question text
    assert (role.kind, role.style, role.scenario) == (Kind.VIOLATION, "role_play", "assisted_reproduction")
    assert (real.scenario, real.family) == ("安乐死", role.id)  # no scenario of MedES: its own tag stays
    assert [item.source for item in (priority, equilibrium)] == ["priority", "equilibrium"]
    assert {item.kind for item in (priority, equilibrium)} == {Kind.DILEMMA}
    assert priority.family != equilibrium.family


BAD = """a,Which?,"['A.rest', 'sleep']",A
b,Which?,rest or sleep,A
c,Which?,"['A.rest', 'B.sleep']",C
d,,"['A.rest', 'B.sleep']",A
e,Which?,['A.rest'],A"""


def test_all_faults_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    folder = write(tmp_path, knowledge=BAD, priority_dilemma="One bed., ")
    file = folder / "medical_ethics_knowledge.csv"
    with pytest.raises(BadInputError) as error:
        next(medethiceval(tmp_path))
    assert error.value.faults == (
        f"{file}:2: option B is not 'B.' and a text",
        f"{file}:3: the options are no Python list",
        f"{file}:4: the answer 'C' names none of the 2 options",
        f"{file}:5: no question",
        f"{file}:6: the options are no list of 2 to 8",
        f"{folder / 'medical_ethics_priority_dilemma.csv'}:2: no query",
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (write(tmp_path) / "medical_ethics_equilibrium_dilemma.csv").unlink()
    with pytest.raises(BadInputError, match=r"there is no file .*equilibrium_dilemma\.csv"):
        next(medethiceval(tmp_path))


def raw(name: str) -> list[dict[str, str]]:
    file = FOLDER / "medethiceval" / "dataset" / f"medical_ethics_{name}.csv"
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def of(items: list[Item], source: str) -> list[Item]:
    return [item for item in items if item.source == source]


@needs_data
def test_every_row_of_the_real_files_is_an_item() -> None:
    items = list(open_suite("medethiceval", FOLDER)())
    assert len(items) == 1_065 == CATALOGUE["medethiceval"].size
    assert len({item.id for item in items}) == 1_065
    files = {
        "knowledge": "knowledge",
        "detecting_violation": "violation",
        "priority_dilemma": "priority",
        "equilibrium_dilemma": "equilibrium",
    }
    assert {source: len(of(items, source)) for source in files.values()} == {
        source: len(raw(file)) for file, source in files.items()
    }
    for row, item in zip(raw("knowledge"), of(items, "knowledge"), strict=True):
        assert item.reference == row["answer"]
        assert all(option in row["options"] for option in item.options)
    styles = Counter(row["type"] for row in raw("detecting_violation"))
    assert Counter(item.style for item in of(items, "violation")) == styles


@needs_data
def test_families_of_the_real_files_as_counted_on_the_data() -> None:
    items = list(open_suite("medethiceval", FOLDER)())
    families = {source: len({item.family for item in of(items, source)}) for source in ("knowledge", "violation")}
    assert families == {"knowledge": 602, "violation": 47}
