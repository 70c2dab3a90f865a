"""Ids are content hashes; records refuse what they do not know; what is missing is never a number."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from primum.records import (
    Criterion,
    Failure,
    FailureKind,
    Item,
    Kind,
    Mark,
    Response,
    RunPlan,
    Verdict,
    response_id,
    verdict_id,
)

ITEM = Item.make(id="s/1", suite="s", kind=Kind.HARMFUL, request="Hide it.")
PLAN = RunPlan(model="openai/m", suites=("s",))
ANSWER = Response(id="r", item_id="s/1", item_sha256=ITEM.sha256, suite="s", model="openai/m", text="No.")


def test_an_item_is_its_own_family_unless_told() -> None:
    assert ITEM.family == "s/1"


@pytest.mark.parametrize(
    "change",
    [{"request": "Hide it!"}, {"options": ("a", "b")}, {"reference": "A"}, {"kind": Kind.BENIGN}],
    ids=["request", "options", "reference", "kind"],
)
def test_item_hash_changes_with_its_content(change: dict[str, object]) -> None:
    other = Item.make(**{"id": "s/1", "suite": "s", "kind": Kind.HARMFUL, "request": "Hide it.", **change})
    assert other.sha256 != ITEM.sha256


def test_item_hash_does_not_change_with_its_labels() -> None:
    other = Item.make(id="s/1", suite="s", kind=Kind.HARMFUL, request="Hide it.", principle="4", family="f")
    assert other.sha256 == ITEM.sha256


@pytest.mark.parametrize(
    "change",
    [{"model": "openai/n"}, {"system": "Be kind."}, {"temperature": 0.5}, {"max_tokens": 9}],
    ids=["model", "system", "temperature", "max_tokens"],
)
def test_response_id_changes_with_model_and_settings(change: dict[str, object]) -> None:
    assert response_id(ITEM, PLAN.model_copy(update=change), 0) != response_id(ITEM, PLAN, 0)


def test_response_id_knows_the_sample_but_not_the_judge_or_an_idle_seed() -> None:
    assert response_id(ITEM, PLAN, 1) != response_id(ITEM, PLAN, 0)
    same = PLAN.model_copy(update={"judges": ("openai/j",), "seed": 7, "limit": 3})
    assert response_id(ITEM, same, 0) == response_id(ITEM, PLAN, 0)
    warm = PLAN.model_copy(update={"temperature": 1.0})
    assert response_id(ITEM, warm.model_copy(update={"seed": 7}), 0) != response_id(ITEM, warm, 0)


def test_verdict_id_changes_with_text_judge_and_prompt_but_not_with_time_or_cost() -> None:
    one = verdict_id(ANSWER, "j", "sha")
    later = ANSWER.model_copy(update={"at": 5.0, "seconds": 2.0, "prompt_tokens": 9})
    assert verdict_id(later, "j", "sha") == one
    withheld = ANSWER.model_copy(update={"failure": Failure(kind=FailureKind.FILTERED)})
    others = [
        verdict_id(ANSWER.model_copy(update={"text": "Yes."}), "j", "sha"),
        verdict_id(ANSWER, "k", "sha"),
        verdict_id(ANSWER, "j", "other"),
        verdict_id(withheld, "j", "sha"),
    ]
    assert len({one, *others}) == 5


def test_a_filtered_answer_is_judged_and_any_other_failure_is_not() -> None:
    judged = {kind for kind in FailureKind if ANSWER.model_copy(update={"failure": Failure(kind=kind)}).judgeable}
    assert judged == {FailureKind.FILTERED}


def test_a_line_reads_back_and_holds_no_line_break() -> None:
    verdict = Verdict(
        id="v", response_id="r", item_id="s/1", judge="j", prompt_sha256="x", reason="two\nlines \u2028",
        marks=(Mark(criterion=Criterion.REFUSAL, value=1.0, label="full"),),
    )  # fmt: skip
    assert verdict.line().count(b"\n") == 1
    assert Verdict.model_validate_json(verdict.line()) == verdict


def test_unknown_fields_and_kinds_are_refused() -> None:
    with pytest.raises(ValidationError):
        Mark.model_validate({"criterion": "kindness", "value": 1.0})
    with pytest.raises(ValidationError):
        Response.model_validate_json(ANSWER.line()[:-2] + b',"extra":1}')
