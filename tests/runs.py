"""Small run folders made by hand, so that every expected number can be worked out on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from primum.ledger import create_run, file_sha256
from primum.records import (
    Failure,
    Item,
    Mark,
    Response,
    Run,
    RunPlan,
    Unscored,
    Verdict,
    content_id,
)

Said = float | str  # a mark's value, or the reason why there is none


def make_run(
    path: Path,
    items: Sequence[Item],
    said: Mapping[str, Mapping[str, Mapping[str, Said]]],
    *,
    failed: Mapping[str, str] | None = None,
    model: str = "openai/m",
    prompts: Mapping[str, str] | None = None,
    again: Mapping[str, Mapping[str, Mapping[str, Said]]] | None = None,
) -> Path:
    """A run in which judge J said of item I on criterion C what `said[J][I][C]` holds, and `again` what it said the second
    time; `failed` maps items to kinds."""
    plan = RunPlan(model=model, suites=tuple(dict.fromkeys(item.suite for item in items)), judges=tuple(said))
    with create_run(path, Run(id=path.name, plan=plan, prompts=dict(prompts or {}), items=len(items))) as ledger:
        for item in items:
            ledger.append(item)
            kind = (failed or {}).get(item.id)
            answer = Response(
                id=content_id(item.id),
                item_id=item.id,
                item_sha256=item.sha256,
                suite=item.suite,
                model=model,
                text="" if kind else f"answer to {item.id}",
                failure=Failure.model_validate({"kind": kind}) if kind else None,
            )
            ledger.append(answer)
            for judge, of in said.items():
                if item.id in of:
                    ledger.append(_verdict(judge, answer, of[item.id]))
            for judge, of in (again or {}).items():
                if item.id in of:
                    ledger.append(_verdict(judge, answer, of[item.id], repeat=1))
        ledger.save(items_sha256=file_sha256(path / "items.jsonl"))
    return path


def _verdict(judge: str, answer: Response, of: Mapping[str, Said], repeat: int = 0) -> Verdict:
    return Verdict.model_validate(
        {
            "id": content_id(judge, answer.id, repeat),
            "repeat": repeat,
            "calls": 1,
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "response_id": answer.id,
            "item_id": answer.item_id,
            "judge": judge,
            "prompt_sha256": "0" * 64,
            "marks": [
                Mark.model_validate({"criterion": criterion, "value": value})
                for criterion, value in of.items()
                if not isinstance(value, str)
            ],
            "unscored": [
                Unscored.model_validate({"criterion": criterion, "reason": reason})
                for criterion, reason in of.items()
                if isinstance(reason, str)
            ],
        }
    )
