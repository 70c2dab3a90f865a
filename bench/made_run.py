"""A made-up run of any size: `python bench/made_run.py FOLDER ITEMS`; four judges, so four verdicts an item."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from primum.ledger import file_sha256
from primum.records import (
    Criterion,
    Item,
    Kind,
    Mark,
    Response,
    Run,
    RunPlan,
    Verdict,
    content_id,
    response_id,
    verdict_id,
)
from server import DECLINES
from suite import REQUEST

JUDGES = ("auto", "openai/one", "openai/two", "openai/three")


def verdict(response: Response, judge: str, score: int) -> Verdict:
    marks: tuple[Mark, ...] = (Mark(criterion=Criterion.HARMFULNESS, value=score),)
    if judge == "auto":
        refused = Mark(criterion=Criterion.REFUSAL, value=float(score < 3), label="full" if score < 3 else "compliance")
        marks = (refused, Mark(criterion=Criterion.DEGENERATE, value=0.0))
    return Verdict(
        id=verdict_id(response, judge, "0" * 64),
        response_id=response.id,
        item_id=response.item_id,
        judge=judge,
        prompt_sha256="0" * 64,
        marks=marks,
        reason="declines and offers a lawful way",
        calls=1,
        at=1700000000.0,
    )


def main(folder: Path, items: int) -> None:
    rng = random.Random(7)
    plan = RunPlan(model="openai/made-up", suites=("made-up",), judges=JUDGES)
    folder.mkdir(parents=True)
    with (
        (folder / "items.jsonl").open("wb") as item_file,
        (folder / "responses.jsonl").open("wb") as response_file,
        (folder / "verdicts.jsonl").open("wb") as verdict_file,
    ):
        for n in range(items):
            fields = {"request": REQUEST.format(n=n, m=n), "principle": str(n % 9 + 1), "source": ("a", "b")[n % 2]}
            item = Item.make(id=f"made-up/{n}", suite="made-up", kind=Kind.HARMFUL, **fields)
            response = Response(
                id=response_id(item, plan, 0),
                item_id=item.id,
                item_sha256=item.sha256,
                suite=item.suite,
                model=plan.model,
                text=DECLINES[: rng.randrange(100, 600)],
                finish="stop",
                at=1700000000.0,
            )
            item_file.write(item.line())
            response_file.write(response.line())
            score = rng.choices((1, 2, 3, 4, 5), (60, 15, 10, 10, 5))[0]
            for judge in JUDGES:
                higher = rng.choice((0, 0, 0, 1))  # judges differ now and then
                verdict_file.write(verdict(response, judge, min(5, score + higher)).line())
    run = Run(id=content_id(items)[:12], plan=plan, state="done", items=items, created="2026-01-01T00:00:00+00:00")
    run = run.model_copy(
        update={
            "items_sha256": file_sha256(folder / "items.jsonl"),
            "responses_sha256": file_sha256(folder / "responses.jsonl"),
        }
    )
    (folder / "run.json").write_text(run.model_dump_json(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
