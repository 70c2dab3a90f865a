"""Chinese patients' questions (repository Toyhom/Chinese-medical-dialogue-data). The replies hold errors: never read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from primum.records import Item, Kind
from primum.rows import Row, faults_in, read_rows
from primum.suites.repeats import join_repeats

FOLDER = "zh_patient_questions"
NOTHING = "无"  # "none", as the site fills in what was left blank


def zh_patients(data: Path, suite: str) -> Iterator[Item]:
    """All 7,644 questions as benign items that stand aside; repeated ones are one family.

    The request is `ask`. In six rows that says only "none"; they are asked by their `title`, which is a question or a
    complaint in each, and so is a row whose `ask` is blank. Ids are `suite/zh_patients:row`, rows counted from 0.

    Raises:
        BadInputError: no file, or rows with neither a question nor a title, all with file and line.
    """
    file = data / FOLDER / "sample_internal_medicine.jsonl"
    with faults_in(file) as faults:
        for line, row in read_rows(file):
            faults += [] if _request(row) else [f"{file}:{line}: neither ask nor title"]
    yield from join_repeats(
        Item.make(
            id=f"{suite}/zh_patients:{number}",
            suite=suite,
            kind=Kind.BENIGN,
            request=_request(row),
            language="zh",
            source="zh_patients",
            aside=True,
        )
        for number, (_, row) in enumerate(read_rows(file))
    )


def _request(row: Row) -> str:
    ask, title = (str(row.get(name) or "").strip() for name in ("ask", "title"))
    return ask if ask not in {"", NOTHING} else title
