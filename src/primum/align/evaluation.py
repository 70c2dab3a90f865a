"""Evaluation data never trains: which suites are for training, and which examples stand in a set that is not."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from primum.capability.catalogue import PUBLISHED, is_here, open_exam
from primum.capability.questions import DECISIONS, Question
from primum.errors import BadInputError
from primum.novelty import NEAR, compare_with, letters_of, shingles
from primum.prompts import LETTERS, choice_question
from primum.records import Demonstration, Item, Kind, LeftOut, Preference
from primum.suites.catalogue import list_suites, open_suite

TRAINING = ("starter-train", "starter-train-tiny", "medsafetybench-train")
"""The suites that are for training. Every other one is for evaluation."""
EXAM = "exam "  # stands before an exam's name among those of the suites
WITHIN = 0.9  # of an evaluation text's shingles in an example: a sentence or an instruction was put around it
LEAST = (
    20  # characters of a text that is looked for within others, a Chinese one counting as two; shorter ones are phrases
)

Example = TypeVar("Example", Demonstration, Preference)


class _Likeness(NamedTuple):
    """How an example is like an item, in the order in which it is told: near-duplicates by novelty.py's definition first
    (`rank` 2), then by their letters alone (1), then those that contain it (0); the more alike, the earlier item."""

    rank: int
    similarity: float
    minus_place: int
    item: str

    def told(self) -> str:
        how = ("contained to {:.2f}", "Jaccard {:.2f} of the letters alone", "Jaccard {:.2f}")[self.rank]
        return f"{self.item} ({how.format(self.similarity)})"


def evaluation_suites(data: Path | None) -> tuple[str, ...]:
    """Every suite that is not for training and whose data is here, and every published exam whose questions are, as
    `exam NAME`."""
    rows = list_suites(data)
    suites = [str(row["name"]) for row in rows if row["name"] not in TRAINING and row["here"] != "not here"]
    return (*suites, *(EXAM + name for name in PUBLISHED if is_here(name, data)))


def evaluation_sets(data: Path | None, also: Iterable[str]) -> tuple[str, ...]:
    """The names of all that the training data is held against: what is here, and the suites, exams and files that a user
    names beside, each once."""
    return tuple(
        dict.fromkeys((*evaluation_suites(data), *(EXAM + name if name in PUBLISHED else name for name in also)))
    )


def evaluation_items(names: Iterable[str], data: Path | None) -> Iterator[Item]:
    """The items of these suites and exams, one after the other.

    Raises:
        BadInputError: a suite is unknown, or its data is not here or does not read.
    """
    for name in names:
        exam = name.removeprefix(EXAM)
        if exam in PUBLISHED:
            yield from _exam_items(exam, data)
        else:
            yield from open_suite(name, data)()


def _exam_items(name: str, data: Path | None) -> Iterator[Item]:
    if not is_here(name, data):  # the harness would fetch it
        raise BadInputError(
            f"the questions of the exam '{name}' are not here: put its files into a folder {name} of the data"
        )
    for question in open_exam(name, data, 0).questions:
        options = () if question.options == DECISIONS else question.options
        yield Item.make(
            id=question.id,
            suite=EXAM + name,
            kind=Kind.CHOICE,
            request=_stem(question),
            options=options,
            reference=LETTERS[question.key],
        )


def _stem(question: Question) -> str:
    """The question alone: without an abstract before it, its options and the words of the harness's form."""
    text = question.prompt.rpartition("\n")[0]  # the last line is the harness's "Answer:"
    if question.options == DECISIONS:
        return text.rpartition("\nQuestion: ")[2]
    return text.partition(f"\nA. {question.options[0]}\n")[0].removesuffix("\nChoices:").removeprefix("Question: ")


def leave_out_evaluation(examples: Sequence[Example], items: Iterable[Item]) -> tuple[list[Example], list[LeftOut]]:
    """The examples that may train, and those that stand in one of the items, each with the item that is nearest: a family in
    common, or a request (with or without the system message before it) that nearly repeats or contains the item's request or
    the question as it is asked, options and all. Near-duplicates are told by novelty.py's definition, and again by letters
    and digits alone, which finds what spaces, marks or characters that do not show were to disguise.

    The items are read once and not held: 900 examples are compared with 88,455 items in 12 s.
    """
    texts = [(i, text) for i, example in enumerate(examples) for text in _texts(example)]
    alike = _comparison([text for _, text in texts])
    families: dict[str, str] = {}
    nearest: dict[int, _Likeness] = {}
    for place, item in enumerate(items):
        families.setdefault(item.family, item.id)
        for text in _asked(item):
            for n, rank, similarity in alike(text):
                i, found = texts[n][0], _Likeness(rank, similarity, -place, item.id)
                nearest[i] = max(nearest.get(i, found), found)
    kept, left_out = [], []
    for i, example in enumerate(examples):
        if i in nearest:
            detail = nearest[i].told()
        elif example.family in families:
            detail = f"{families[example.family]} (family {example.family})"
        else:
            kept.append(example)
            continue
        left_out.append(LeftOut(id=example.id, reason="evaluation", detail=detail))
    return kept, left_out


def _texts(example: Demonstration | Preference) -> list[str]:
    whole = f"{example.system}\n{example.request}"
    return [example.request, whole] if example.system else [example.request]


def _asked(item: Item) -> list[str]:
    """An item's request, and where it has options the question as a model is asked it."""
    if not item.options:
        return [item.request]
    return list(dict.fromkeys((item.request, choice_question(item.request, item.options, item.language))))


def _comparison(texts: Sequence[str]) -> Callable[[str], Iterator[tuple[int, int, float]]]:
    """A function that gives for a text of an evaluation set those of `texts` that are like it: the place, how (the rank of a
    `_Likeness`), and the similarity."""
    whole = compare_with([shingles(text) for text in texts])
    letters = compare_with([_letters(text) for text in texts])

    def alike(text: str) -> Iterator[tuple[int, int, float]]:
        if found := whole(shingles(text)):
            yield from _reaching(found[0], NEAR, 2)
        if found := letters(_letters(text)):
            yield from _reaching(found[0], NEAR, 1)
            if found[1].max() >= WITHIN and _width(text) >= LEAST:
                yield from _reaching(found[1], WITHIN, 0)

    return alike


def _reaching(
    similarity: np.ndarray[tuple[int], np.dtype[np.float64]], least: float, rank: int
) -> Iterator[tuple[int, int, float]]:
    for n in np.flatnonzero(similarity >= least):
        yield int(n), rank, float(similarity[n])


def _letters(text: str) -> frozenset[str]:
    letters = letters_of(text)
    return shingles(letters) if letters else frozenset()  # two texts without a letter have nothing in common


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in " ".join(text.split()))
