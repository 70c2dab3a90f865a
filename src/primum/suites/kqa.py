"""K-QA (Manes et al., BioNLP 2024; arXiv 2401.14493): real patients' questions, some with what an answer must say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from primum.records import Item, Kind
from primum.rows import Row, faults_in, read_rows
from primum.suites.repeats import folded, join_repeats

FOLDER = "kqa"


def kqa(data: Path, suite: str) -> Iterator[Item]:
    """The 201 answered questions with their must-have statements, then 1,001 others: 1,202 items, all standing aside.

    Of the 1,212 rows of `questions.jsonl`, 211 ask one of the 201 (each is there, some are there twice or more), and
    stand as that one item. Repeated questions among the rest are one family; case and spacing make no difference.
    A must-have statement is a line of `reference`; the three that are empty are no statements and give no line.
    Ids are `suite/kqa-answered:row` and `suite/kqa:row`, rows of the files counted from 0.

    Raises:
        BadInputError: no file, or rows without a question or without must-have statements, all with file and line.
    """
    statements = []
    with faults_in(data / FOLDER) as faults:
        answered = _questions(data / FOLDER / "questions_w_answers.jsonl", faults)
        others = _questions(data / FOLDER / "questions.jsonl", faults)
        for place, row in answered:
            told = row.get("Must_have")
            statements.append([" ".join(str(one).split()) for one in told] if isinstance(told, list) else [])
            if not any(statements[-1]):
                faults.append(f"{place}: no Must_have statement")
    yield from join_repeats(_items(suite, [row for _, row in answered], statements, [row for _, row in others]))


def _items(suite: str, answered: list[Row], statements: list[list[str]], others: list[Row]) -> Iterator[Item]:
    shared: dict[str, Any] = {"suite": suite, "source": "kqa", "aside": True}
    for number, (row, lines) in enumerate(zip(answered, statements, strict=True)):
        reference = "\n".join(line for line in lines if line)
        yield Item.make(
            id=f"{suite}/kqa-answered:{number}",
            kind=Kind.MUST_HAVE,
            request=row["Question"].strip(),
            reference=reference,
            **shared,
        )
    known = {folded(row["Question"]) for row in answered}
    for number, row in enumerate(others):
        if folded(row["Question"]) not in known:
            yield Item.make(id=f"{suite}/kqa:{number}", kind=Kind.BENIGN, request=row["Question"].strip(), **shared)


def _questions(file: Path, faults: list[str]) -> list[tuple[str, Row]]:
    """The rows of a file, each with its place; those without a question are told in `faults`."""
    rows = [(f"{file}:{line}", row) for line, row in read_rows(file)]
    for place, row in rows:
        question = row.get("Question")
        if not isinstance(question, str) or not question.strip():
            faults.append(f"{place}: no Question")
    return rows
