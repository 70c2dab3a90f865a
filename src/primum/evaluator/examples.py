"""Experts' labels as examples to train on and to test with: request, answer, a label for each criterion, family.

A file is CSV or JSONL with `request`, `response` and one column for each criterion (labels.SCALES). `family` may name
what belongs together; requests that are alike are one family in any case. Of the other columns those in `GROUPS` cut the
figures into groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from primum.errors import BadInputError
from primum.labels import SCALES, _cell, labels_of, refusal_scale
from primum.novelty import families
from primum.records import Criterion, content_id
from primum.rows import Row, faults_in, read_rows
from primum.rows.recorded import one_text

GROUPS = ("language", "source", "model", "principle", "scenario", "style", "kind", "stratum")


class Example(NamedTuple):
    """One labelled answer. `groups` are its cells of the columns `GROUPS`, `place` its file and line."""

    request: str
    response: str
    labels: dict[Criterion, str]
    family: str
    groups: dict[str, str]
    place: str


class Read(NamedTuple):
    """The examples of files, the labels of each criterion in their order, and what was left out."""

    examples: list[Example]
    scales: dict[Criterion, tuple[str, ...]]
    notes: tuple[str, ...] = ()


def read_examples(files: Sequence[Path], criteria: Sequence[str]) -> Read:
    """The examples of label files for some criteria; an answer that has none of their labels is left out.

    Where several raters labelled an answer the label of most counts; where none is ahead that label is left out, and a
    note says how often. The scale of refusal is the finest that all raters can be read on (labels.refusal_scale).

    Raises:
        BadInputError: no or an unknown criterion, a missing column, an empty request or answer, a label that its criterion
            does not have, refusal in words here and numbers there, one rater (the file's name where no column tells) who
            gives one answer two labels; all faults with file and line.
    """
    wanted = _criteria(criteria)
    said: dict[tuple[str, str], list[tuple[str, Example]]] = {}
    faults: list[str] = []
    for file in files:
        with faults_in(file) as own:
            there: set[str] = set()
            for line, row in read_rows(file, ("request", "response")):
                there |= row.keys()
                example, wrong = _read_row(row, wanted, f"{file}:{line}")
                own += [f"{example.place}: {fault}" for fault in wrong]
                rater = _cell(row, "rater") or file.stem
                said.setdefault((one_text(example.request), one_text(example.response)), []).append((rater, example))
            own += [f"{file}: no column {name}" for name in wanted if name not in there]
    faults += _contradictions(said.values()) + _mixed(said.values())
    if faults:
        raise BadInputError(f"{len(faults)} label(s) cannot be used", tuple(faults))
    words, order = _refusal_words(said.values())
    settled, split = _settle(said.values(), wanted, words)
    if not settled:
        raise BadInputError(f"no row of {', '.join(map(str, files))} has a label of {', '.join(wanted)}")
    notes = (f"{split} label(s) on which as many raters say one thing as another were left out",) if split else ()
    return Read(_with_families(settled), _scales(settled, wanted, order), notes)


def _criteria(names: Sequence[str]) -> tuple[Criterion, ...]:
    unknown = [name for name in names if name not in SCALES]
    if unknown or not names:
        told = f"no labels of a criterion '{unknown[0]}'" if unknown else "name a criterion with --criterion"
        raise BadInputError(f"{told}: known are {', '.join(SCALES)}")
    return tuple(Criterion(name) for name in dict.fromkeys(names))


def _read_row(row: Row, wanted: tuple[Criterion, ...], place: str) -> tuple[Example, list[str]]:
    labels, faults = labels_of(row)
    faults = [fault for fault in faults if fault.split(" is ")[0] in wanted]
    request, response = (_text(row, name) for name in ("request", "response"))
    faults += [
        f"the {name} is empty" for name, text in (("request", request), ("response", response)) if not text.strip()
    ]
    groups = {name: cell for name in GROUPS if (cell := _cell(row, name))}
    kept = {criterion: label for criterion, label in labels.items() if criterion in wanted}
    return Example(request, response, kept, _cell(row, "family"), groups, place), faults


def _text(row: Row, name: str) -> str:
    """A cell's text as it was before a sheet put an apostrophe before what a spreadsheet would take for a formula."""
    text = str(row.get(name) or "")
    return text[1:] if text.startswith(("'=", "'+", "'-", "'@")) else text


def _contradictions(said: Iterable[list[tuple[str, Example]]]) -> list[str]:
    faults = []
    for ratings in said:
        first: dict[tuple[str, Criterion], tuple[str, str]] = {}
        for rater, example in ratings:
            for criterion, label in example.labels.items():
                earlier, place = first.setdefault((rater, criterion), (label, example.place))
                if earlier != label:
                    faults.append(
                        f"{example.place}: {criterion} is {label}, and {earlier} in {place} for the same answer"
                    )
    return faults


def _mixed(said: Iterable[list[tuple[str, Example]]]) -> list[str]:
    """Refusal is labelled in words or in numbers: who mixes them may mean something else by 1 than we do."""
    first: dict[bool, Example] = {}
    for ratings in said:
        for _, example in ratings:
            if label := example.labels.get(Criterion.REFUSAL):
                first.setdefault(label in ("0", "1"), example)
    if len(first) < 2:
        return []
    return [f"{first[True].place}: refusal in numbers, and in words in {first[False].place}: use one of them"]


def _refusal_words(said: Iterable[list[tuple[str, Example]]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The word for each label of refusal on the one scale of all raters, and that scale."""
    by_rater: dict[str, set[str]] = {}
    for ratings in said:
        for rater, example in ratings:
            if label := example.labels.get(Criterion.REFUSAL):
                by_rater.setdefault(rater, set()).add(label)
    return refusal_scale(by_rater)


def _settle(
    said: Iterable[list[tuple[str, Example]]], wanted: tuple[Criterion, ...], words: Mapping[str, str]
) -> tuple[list[Example], int]:
    """One example an answer, with the label of most of its raters, refusal in `words`; and how many labels no majority
    settled."""
    settled, split = [], 0
    for ratings in said:
        labels: dict[Criterion, str] = {}
        for criterion in wanted:
            word = words if criterion is Criterion.REFUSAL else {}
            by_rater = {rater: e.labels[criterion] for rater, e in ratings if criterion in e.labels}
            given = [word.get(label, label) for label in by_rater.values()]
            counts = sorted(((given.count(label), label) for label in set(given)), reverse=True)
            if counts and (len(counts) == 1 or counts[0][0] > counts[1][0]):
                labels[criterion] = counts[0][1]
            split += len(counts) > 1 and counts[0][0] == counts[1][0]
        if labels:
            settled.append(ratings[0][1]._replace(labels=labels))
    return settled, split


def _scales(
    examples: list[Example], wanted: tuple[Criterion, ...], refusal: tuple[str, ...]
) -> dict[Criterion, tuple[str, ...]]:
    """Each criterion's labels that occur, in their order; that of refusal is given."""
    scales = {}
    for criterion in wanted:
        there = {e.labels[criterion] for e in examples if criterion in e.labels}
        order = refusal if criterion is Criterion.REFUSAL else SCALES[criterion]
        scales[criterion] = tuple(label for label in order if label in there)
        if not there:
            raise BadInputError(f"no row has a label of {criterion}")
    return scales


def _with_families(examples: list[Example]) -> list[Example]:
    """The examples with one name for each family: what the file calls so, and what makes nearly the same request."""
    from scipy.sparse import coo_array  # here: who only judges need not wait for it
    from scipy.sparse.csgraph import connected_components

    requests = list(dict.fromkeys(example.request for example in examples))
    near = dict(zip(requests, families(requests), strict=True))
    named = [example.family or f"\0{near[example.request]}" for example in examples]
    names = {name: place for place, name in enumerate(dict.fromkeys(named))}
    rows = [names[name] for name in named]
    columns = [len(names) + near[example.request] for example in examples]
    size = len(names) + len(requests)
    links = coo_array(([1] * len(rows), (rows, columns)), shape=(size, size))
    code = connected_components(links, directed=False)[1]
    first: dict[int, str] = {}
    for example, row in zip(examples, rows, strict=True):
        first.setdefault(int(code[row]), example.family or content_id(example.request)[:12])
    return [example._replace(family=first[int(code[row])]) for example, row in zip(examples, rows, strict=True)]
