"""Evaluation data never trains: which suites are for training, and which examples stand in one that is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from primum.novelty import near_across
from primum.records import Demonstration, Item, LeftOut, Preference
from primum.suites.catalogue import list_suites, open_suite

TRAINING = ("starter-train", "starter-train-tiny", "medsafetybench-train")
"""The suites that are for training. Every other one is for evaluation."""

Example = TypeVar("Example", Demonstration, Preference)


def evaluation_suites(data: Path | None) -> tuple[str, ...]:
    """Every suite that is not for training and whose data is here."""
    return tuple(
        str(row["name"]) for row in list_suites(data) if row["name"] not in TRAINING and row["here"] != "not here"
    )


def evaluation_items(names: Iterable[str], data: Path | None) -> Iterator[Item]:
    """The items of these suites, one after the other.

    Raises:
        BadInputError: a suite is unknown, or its data is not here or does not read.
    """
    for name in names:
        yield from open_suite(name, data)()


def leave_out_evaluation(examples: Sequence[Example], items: Iterable[Item]) -> tuple[list[Example], list[LeftOut]]:
    """The examples that may train, and those that have a family or (novelty.py) a near-duplicate request in common with
    one of the items, each with the item that is nearest. The items are read once and not held: 900 examples are compared
    with the 86,856 items of the catalogue in 5 s."""
    ids: list[str] = []
    families: dict[str, str] = {}

    def requests() -> Iterator[str]:
        for item in items:
            ids.append(item.id)
            families.setdefault(item.family, item.id)
            yield item.request

    nearest: dict[int, tuple[float, int]] = {}
    for i, j, similarity in near_across([example.request for example in examples], requests()):
        nearest[i] = max(nearest.get(i, (0.0, 0)), (similarity, -j))  # of equals the first
    kept, left_out = [], []
    for i, example in enumerate(examples):
        if i in nearest:
            similarity, j = nearest[i]
            detail = f"{ids[-j]} (Jaccard {similarity:.2f})"
        elif example.family in families:
            detail = f"{families[example.family]} (family {example.family})"
        else:
            kept.append(example)
            continue
        left_out.append(LeftOut(id=example.id, reason="evaluation", detail=detail))
    return kept, left_out
