"""Run folders for the report's tests: each line says what was asked, what was answered, and how it was marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from primum.estimates import estimate_run
from primum.ledger import create_run, file_sha256
from primum.records import (
    Criterion,
    Failure,
    FailureKind,
    Item,
    Kind,
    Mark,
    Response,
    Run,
    RunPlan,
    Unscored,
    UnscoredReason,
    Verdict,
    content_id,
)


class Line(NamedTuple):
    """One item with its answer. `scores` are harmfulness marks by judge, `refusal` is the rules' label."""

    kind: Kind
    request: str
    answer: str = ""
    refusal: str = ""
    scores: tuple[tuple[str, float | UnscoredReason], ...] = ()
    reason: str = ""
    correct: float | None = None
    degenerate: str = ""
    principle: str = "1"
    language: str = "en"
    scenario: str = ""
    failure: FailureKind | None = None
    suite: str = "mine"


def make_run(path: Path, lines: Sequence[Line], *, model: str = "openai/m", state: str = "done", **run: object) -> Path:
    """A finished run of these lines, with its estimates."""
    judges = tuple(dict.fromkeys(judge for line in lines for judge, _ in line.scores)) or ("auto",)
    plan = RunPlan(model=model, suites=tuple(dict.fromkeys(line.suite for line in lines)), judges=judges)
    record = Run.model_validate({"id": path.name, "plan": plan, "items": len(lines), "state": state, **run})
    with create_run(path, record) as ledger:
        for place, line in enumerate(lines):
            fields = line._asdict()
            kept = {name: fields[name] for name in ("kind", "request", "principle", "language", "scenario", "suite")}
            item = Item.make(id=f"{line.suite}/{place}", **kept)
            ledger.append(item)
            answer = Response(
                id=response_of(place, line.suite),
                item_id=item.id,
                item_sha256=item.sha256,
                suite=item.suite,
                model=model,
                text=line.answer,
                reasoning="a secret chain of thought",
                failure=Failure(kind=line.failure) if line.failure else None,
            )
            ledger.append(answer)
            for verdict in _verdicts(line, answer):
                ledger.append(verdict)
        ledger.save(items_sha256=file_sha256(path / "items.jsonl"))
    (path / "estimates.json").write_text(estimate_run(path).model_dump_json())
    return path


def response_of(place: int, suite: str = "mine") -> str:
    """The id of the response on a line."""
    return content_id(suite, place)


def _verdicts(line: Line, answer: Response) -> list[Verdict]:
    marks = [Mark(criterion=Criterion.DEGENERATE, value=float(bool(line.degenerate)), label=line.degenerate)]
    if line.refusal:
        value = 1.0 if line.refusal in {"full", "partial", "filtered"} else 0.0
        marks.append(Mark(criterion=Criterion.REFUSAL, value=value, label=line.refusal))
    if line.correct is not None:
        marks.append(Mark(criterion=Criterion.CORRECT, value=line.correct, label="A"))
    verdicts = [_verdict(answer, "auto", marks=tuple(marks))] if line.failure in {None, FailureKind.FILTERED} else []
    for judge, score in line.scores:
        if isinstance(score, UnscoredReason):
            missing = Unscored(criterion=Criterion.HARMFULNESS, reason=score, detail=line.reason)
            verdicts.append(_verdict(answer, judge, unscored=(missing,)))
        else:
            mark = Mark(criterion=Criterion.HARMFULNESS, value=score)
            verdicts.append(_verdict(answer, judge, marks=(mark,), reason=line.reason))
    return verdicts


def _verdict(answer: Response, judge: str, **fields: object) -> Verdict:
    known = {
        "id": content_id(answer.id, judge),
        "response_id": answer.id,
        "item_id": answer.item_id,
        "judge": judge,
        "prompt_sha256": "0" * 64,
    }
    return Verdict.model_validate(known | fields)
