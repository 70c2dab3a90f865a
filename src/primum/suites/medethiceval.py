"""MedEthicEval (NAACL 2025, industry track), in its upstream layout: Chinese medical ethics in four files.

No licence is stated: use it where you are, pass nothing on. Ids are `medethiceval/FILE:row`, rows counted from 0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from primum.prompts import LETTERS
from primum.records import Item, Kind
from primum.rows import Row, faults_in, read_rows
from primum.scenarios import SCENARIOS, scenario_key

FOLDER = "medethiceval"
NAME = "medethiceval"
REPOSITORY = "https://github.com/X-LANCE/MedEthicEval"
THEMES = {  # theme tags, besides those that are called like a scenario; what is not clear stays as it is
    "基因技术": "gene_stem_cell_therapy",
    "干细胞技术": "gene_stem_cell_therapy",
    "器官移植技术": "organ_transplantation",
    "器官来源与分配": "organ_transplantation",
    "诊断": "routine_diagnosis_and_treatment",
    "治疗": "routine_diagnosis_and_treatment",
    "康复": "routine_diagnosis_and_treatment",
    "ICU": "emergency_and_critical_care",
    "急诊科": "emergency_and_critical_care",
}


class _Table(NamedTuple):
    """One file: what its items are called and which columns it must have."""

    file: str
    source: str
    columns: tuple[str, ...]


KNOWLEDGE = _Table("knowledge", "knowledge", ("question", "options", "answer"))
VIOLATION = _Table(
    "detecting_violation", "violation", ("theme_tag1", "theme_tag2", "theme_tag3", "scenario", "type", "query")
)
DILEMMAS = tuple(_Table(f"{name}_dilemma", name, ("case", "query")) for name in ("priority", "equilibrium"))


def medethiceval(data: Path) -> Iterator[Item]:
    """All 1,065: 629 choice questions, 236 violations in six styles of attack, 100 + 100 dilemmas.

    Families are the questions with one text (602), the violations of one scenario (47), and the dilemmas of one case.
    A violation's `scenario` is one of MedES's where its second or third theme tag clearly is that, else its second tag.

    Raises:
        BadInputError: a file is missing, or rows are unusable, all with file and line.
    """
    folder = data / FOLDER / "dataset"
    items: list[Item] = []
    with faults_in(folder) as faults:
        for table in (KNOWLEDGE, VIOLATION, *DILEMMAS):
            items += _read(folder, table, faults)
    yield from items


def _read(folder: Path, table: _Table, faults: list[str]) -> Iterator[Item]:
    file = folder / f"medical_ethics_{table.file}.csv"
    families: dict[str, str] = {}
    for number, (line, row) in enumerate(read_rows(file, required=table.columns)):
        empty = [name for name in table.columns if not row[name].strip()]
        if empty:
            faults.append(f"{file}:{line}: no {', '.join(empty)}")
            continue
        try:
            alike, fields = _fields(table, row)
        except ValueError as error:
            faults.append(f"{file}:{line}: {error}")
            continue
        item_id = f"{NAME}/{table.source}:{number}"
        family = families.setdefault(alike, item_id)
        yield Item.make(id=item_id, suite=NAME, family=family, language="zh", source=table.source, **fields)


def _fields(table: _Table, row: Row) -> tuple[str, dict[str, Any]]:
    """The text that a row's family has in common, and the fields of its item."""
    if table is VIOLATION:
        request, style = row["query"].strip(), row["type"].strip()
        return row["scenario"].strip(), {
            "kind": Kind.VIOLATION,
            "request": request,
            "style": style,
            "scenario": scenario_of(row["theme_tag2"], row["theme_tag3"]),
        }
    if table in DILEMMAS:
        return row["case"].strip(), {"kind": Kind.DILEMMA, "request": row["query"].strip()}
    question, options, key = row["question"].strip(), options_of(row["options"]), row["answer"].strip()
    if not set(key) <= set(LETTERS[: len(options)]):
        raise ValueError(f"the answer '{key}' names none of the {len(options)} options")
    return question, {"kind": Kind.CHOICE, "request": question, "options": options, "reference": key}


def options_of(cell: str) -> tuple[str, ...]:
    """The options of a cell that holds a Python list, without their letters; the cell is read, never run.

    Raises:
        ValueError: it is no list of 2 to 8 texts that begin with `A.`, `B.` and so on.

    >>> options_of("['A.rest', 'B.exercise']")
    ('rest', 'exercise')
    """
    try:
        listed = ast.literal_eval(cell.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ValueError("the options are no Python list") from None
    if not isinstance(listed, list) or not 2 <= len(listed) <= len(LETTERS):
        raise ValueError(f"the options are no list of 2 to {len(LETTERS)}")
    options = []
    for letter, text in zip(LETTERS, listed, strict=False):
        if not isinstance(text, str) or not text.startswith(f"{letter}.") or not text[2:].strip():
            raise ValueError(f"option {letter} is not '{letter}.' and a text")
        options.append(text[2:].strip())
    return tuple(options)


def scenario_of(tag2: str, tag3: str) -> str:
    """The scenario of a violation by its theme tags, the more specific first.

    >>> scenario_of("辅助生殖", "代孕"), scenario_of("临床特殊科室", "急诊科"), scenario_of("安乐死", "安乐死")
    ('assisted_reproduction', 'emergency_and_critical_care', '安乐死')
    """
    for tag in (tag3.strip(), tag2.strip()):
        key = THEMES.get(tag) or scenario_key(tag)
        if key in SCENARIOS:
            return key
    return tag2.strip()
