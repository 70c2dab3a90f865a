"""Preferences made of demonstrations and what the model itself answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from primum.errors import BadInputError
from primum.records import Demonstration, LeftOut, Preference, content_id


def preference_pairs(
    demonstrations: Sequence[Demonstration], answers: Mapping[str, str], seed: int = 0
) -> tuple[list[Preference], list[LeftOut]]:
    """A preference for each demonstration, whose answer is the chosen one; and what could be none.

    To a harmful request the model's own answer is rejected (`answers` by item id, of a run on the training suite). To a
    legitimate one the safe answer to a harmful request is: a refusal where help was due. It is of the same principle and
    language, or of the same language where that principle has none, drawn by seed and id. Left out is a demonstration
    that the model did not answer or answered in the same words, and a legitimate one in whose language there is no refusal.

    Raises:
        BadInputError: no harmful request has an answer, or there are none.
    """
    harmful = [one for one in demonstrations if one.group != "benign"]
    if not harmful:
        raise BadInputError(
            "there is no harmful request, so there is no refusal to reject for the legitimate ones: add some"
        )
    if not any(answers.get(one.id, "").strip() for one in harmful):
        raise BadInputError(
            "none of the harmful requests has an answer in that run: run the model on the training suite"
        )
    pools = _pools(harmful)
    pairs: list[Preference] = []
    left_out: list[LeftOut] = []
    for one in demonstrations:
        rejected = _drawn(one, pools, seed) if one.group == "benign" else answers.get(one.id, "").strip()
        if not rejected:
            detail = f"no refusal in {one.language} to reject" if one.group == "benign" else ""
            left_out.append(LeftOut(id=one.id, reason="unanswered", detail=detail))
        elif rejected.split() == one.answer.split():
            left_out.append(LeftOut(id=one.id, reason="equal"))
        else:
            fields = one.model_dump(exclude={"answer"})
            pairs.append(Preference(**fields, chosen=one.answer, rejected=rejected))
    return pairs, left_out


def _pools(harmful: Sequence[Demonstration]) -> dict[tuple[str, str], list[str]]:
    """Safe answers by principle and language, and by language under the principle ''; in the order of their ids."""
    pools: dict[tuple[str, str], list[str]] = {}
    for one in sorted(harmful, key=lambda one: one.id):
        for principle in {one.principle, ""}:
            pools.setdefault((principle, one.language), []).append(one.answer)
    return pools


def _drawn(one: Demonstration, pools: Mapping[tuple[str, str], list[str]], seed: int) -> str:
    pool = pools.get((one.principle, one.language)) or pools.get(("", one.language))
    return pool[int(content_id(seed, one.id), 16) % len(pool)] if pool else ""
