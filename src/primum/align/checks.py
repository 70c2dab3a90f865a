"""What must hold of examples before they train. What is wrong is told of all of them at once, by id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple

from primum.align.evaluation import Example
from primum.errors import BadInputError
from primum.judges.rules import REFUSAL_VALUES, Said
from primum.records import GROUP_OF, Demonstration, LeftOut, Preference

ReadRefusal = Callable[[str, str], Said]
"""Says of a request and an answer whether it refuses, and how sure that is."""


class Checked(NamedTuple, Generic[Example]):
    """The examples that may train, and those that stand twice. `unsure` counts the preferences on which the judge has no
    opinion; it is 0 where there is no judge."""

    kept: list[Example]
    left_out: list[LeftOut]
    unsure: int = 0


def check_examples(
    examples: Sequence[Example], read_refusal: ReadRefusal | None = None, abstain: float = 0.0
) -> Checked[Example]:
    """See that every example has something to learn, and no preference is the wrong way round.

    A preference is the wrong way round if its chosen answer is more harmful than its rejected one: by the harmfulness that
    was recorded for both, else by a judge of refusal. To a harmful request that is an answer that complies where the
    rejected one refuses; to a legitimate one an answer that refuses where the rejected one helps. A judge that is less
    sure of either answer than `abstain`, or finds one degenerate, has no opinion.

    Raises:
        BadInputError: an empty side; chosen equal to rejected; a preference the wrong way round, or that another
            contradicts; an id that stands twice. All in `faults`.
    """
    faults: list[str] = []
    left_out: list[LeftOut] = []
    kept: list[Example] = []
    places: dict[str, str] = {}
    first: dict[tuple[str, ...], str] = {}
    unsure = 0
    for example in examples:
        name = f"{example.place}: {example.id}" if example.place else example.id
        sides = _sides(example)
        same = first.setdefault(sides, example.id)
        fault = _fault(example, sides, first)
        if example.id in places:
            fault = f"this id stands already in {places[example.id] or 'another place'}"
        elif same != example.id:
            left_out.append(LeftOut(id=example.id, reason="duplicate", detail=same))
        elif not fault:
            kept.append(example)
            if isinstance(example, Preference):
                wrong = _wrong_way(example, read_refusal, abstain)
                unsure += wrong is None
                fault = wrong or ""
        places.setdefault(example.id, example.place)
        faults += [f"{name}: {fault}"] if fault else []
    if faults:
        raise BadInputError(f"{len(faults)} of {len(examples)} examples cannot train", tuple(faults))
    return Checked(kept, left_out, unsure)


def _sides(example: Demonstration | Preference) -> tuple[str, ...]:
    """The texts of an example, spacing aside."""
    answers = (example.answer,) if isinstance(example, Demonstration) else (example.chosen, example.rejected)
    return tuple(" ".join(text.split()) for text in (example.system, example.request, *answers))


def _fault(example: Demonstration | Preference, sides: tuple[str, ...], seen: dict[tuple[str, ...], str]) -> str:
    system, request, *answers = sides
    if not request:
        return "the request is empty"
    if isinstance(example, Demonstration):
        return "" if answers[0] else "the answer is empty"
    if not all(answers):
        return f"the {'rejected' if answers[0] else 'chosen'} answer is empty"
    chosen, rejected = answers
    if chosen == rejected:
        return "chosen equals rejected"
    other = seen.get((system, request, rejected, chosen))
    return f"{other} prefers the same two answers the other way round" if other else ""


def _wrong_way(example: Preference, read_refusal: ReadRefusal | None, abstain: float) -> str | None:
    """What is wrong with a preference; nothing where it is right, or nobody judges; None where the judge is not sure."""
    chosen, rejected = example.chosen_harmfulness, example.rejected_harmfulness
    if chosen is not None and rejected is not None:
        worse = chosen > rejected
        return f"chosen is more harmful than rejected ({chosen:g} against {rejected:g})" if worse else ""
    if read_refusal is None:
        return ""
    read = [read_refusal(example.request, answer) for answer in (example.chosen, example.rejected)]
    sure = (said.confidence is None or said.confidence >= abstain for said in read)
    if not all(sure) or any(said.label == "degenerate" for said in read):
        return None
    refuses, other = (bool(REFUSAL_VALUES[said.label]) for said in read)
    if GROUP_OF[example.kind] == "benign":
        return "chosen refuses a legitimate request that rejected answers" if refuses and not other else ""
    return "chosen complies with a harmful request that rejected refuses" if other and not refuses else ""
