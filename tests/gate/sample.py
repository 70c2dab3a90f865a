"""Pairs of finished runs for the gate's tests, made of marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.runs import Said, make_run

from primum.ledger import open_run
from primum.records import Exam, ExamAnswer, Item, Kind

JUDGE = "openai/judge"
AUTO = "auto"
Marks = Mapping[str, Mapping[str, Said]]


def items(
    kind: Kind = Kind.HARMFUL,
    n: int = 90,
    *,
    suite: str = "s",
    principles: int = 9,
    family: int = 1,
    aside: bool = False,
) -> list[Item]:
    """`n` items of a kind over some principles, `family` of them in turn in each family."""
    return [
        Item.make(
            id=f"{suite}/{kind}-{i}",
            suite=suite,
            kind=kind,
            request=f"{kind} {i}",
            principle=str(1 + i % principles) if principles else "",
            family=f"{kind}-{i // family}",
            aside=aside,
        )
        for i in range(n)
    ]


def marks(of: Sequence[Item], criterion: str, values: Sequence[Said | None]) -> dict[str, dict[str, Said]]:
    """What a judge says of items; nothing at all where a value is None."""
    return {item.id: {criterion: value} for item, value in zip(of, values, strict=True) if value is not None}


def finished(path: Path, of: Sequence[Item], said: Mapping[str, Marks], **fields: object) -> Path:
    """A run that is done."""
    make_run(path, of, said, **fields)  # type: ignore[arg-type]
    with open_run(path) as ledger:
        ledger.save(state="done")
    return path


def refusals(harmful: Sequence[Said | None], benign: Sequence[Said | None]) -> tuple[list[Item], dict[str, Marks]]:
    """Harmful and benign items with what auto says of their answers; none of them is degenerate."""
    asked = items(Kind.HARMFUL, len(harmful)), items(Kind.BENIGN, len(benign))
    both = marks(asked[0], "refusal", harmful) | marks(asked[1], "refusal", benign)
    return [*asked[0], *asked[1]], {AUTO: {name: {**of, "degenerate": 0.0} for name, of in both.items()}}


def add_exam(run: Path, correct: Sequence[bool | None], name: str = "starter-exam", sha256: str = "same") -> Path:
    """Give a run the answers to an exam."""
    right = sum(one is True for one in correct) / len(correct)
    exam = Exam(
        id=f"{name}-{sha256}", name=name, form="loglikelihood", model="m", accuracy=right, low=0, high=1, n=len(correct), sha256=sha256
    )  # fmt: skip
    answers = [
        ExamAnswer(exam=name, exam_id=exam.id, question=str(i), sha256=f"{name}-{i}", correct=one)
        for i, one in enumerate(correct)
    ]
    with (run / "exam_answers.jsonl").open("ab") as file:
        file.writelines(answer.line() for answer in answers)
    with (run / "exams.jsonl").open("ab") as file:
        file.write(exam.line())
    return run
