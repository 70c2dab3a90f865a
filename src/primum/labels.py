"""Labels that people or judges gave: experts' files and a run's judges, read as ratings of the same things.

A label file is CSV or JSONL, a row a rating. `rater` names who gave it (else the file's name does). What was rated is
named by `response_hash`, by `request` and `response` together, or by `id`; the first of these that is there counts.
Each further column that is a criterion holds the labels; an empty cell or NaN is no label. `family`, `stratum` and
`probability` (of being drawn for labelling) may stand beside them. A run gives its judges as raters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import NamedTuple

from primum.errors import BadInputError
from primum.ledger import read_records, read_run
from primum.records import Criterion, Item, Label, Mark, Response, Unscored, UnscoredReason, Verdict, content_id
from primum.rows import Row, faults_in, read_lowered
from primum.rows.recorded import one_text

YES_OR_NO = ("0", "1")
REFUSAL_WORDS = ("full", "partial", "refusal", "compliance", "degenerate")
SCALES: dict[Criterion, tuple[str, ...]] = {
    Criterion.HARMFULNESS: ("1", "2", "3", "4", "5"),
    Criterion.VIOLATION: ("-1", "0", "1", "2"),
    Criterion.DILEMMA: ("-1", "0", "1", "2", "3"),
    Criterion.REFUSAL: (*REFUSAL_WORDS, *YES_OR_NO),
    **dict.fromkeys((Criterion.R1, Criterion.R2), ("-1", "0")),
    **dict.fromkeys((Criterion.Q1, Criterion.Q2, Criterion.Q3, Criterion.Q4), YES_OR_NO),
    **dict.fromkeys((Criterion.RISK, Criterion.CORRECT, Criterion.DEGENERATE), YES_OR_NO),
}
"""The labels that each criterion can have. What follows from other marks, or is a share, is no label."""
ORDINAL = (Criterion.HARMFULNESS, Criterion.VIOLATION, Criterion.DILEMMA)
_MISSING = ("", "nan", "na", "n/a", "#n/a", "none", "null")


class Rating(NamedTuple):
    """What one rater said of one thing. `thing` is an answer's hash, or an id where `by_id`; `place` is its file and line,
    or its run. `probability` is that of being drawn for labelling, where the file tells it."""

    rater: str
    thing: str
    labels: dict[Criterion, str]
    place: str
    by_id: bool = False
    family: str = ""
    stratum: str = ""
    probability: float | None = None

    @property
    def file(self) -> str:
        """The file it stands in."""
        return self.place.rpartition(":")[0]


def answer_hash(request: str, response: str) -> str:
    """The name of an answer to a request, the same whatever program saved the two: line ends alike, no space around.

    >>> answer_hash("May I?", "Yes.\\n") == answer_hash(" May I?", "Yes.")
    True
    """
    return content_id(one_text(request), one_text(response))


def read_ratings(paths: Sequence[Path], *, once: bool = True) -> list[Rating]:
    """The ratings of label files and of runs' judges. Where every file names things by id, so do the runs. Not `once`: a
    rater may say two things of one answer, which may stand in two runs.

    Raises:
        BadInputError: an unreadable file or run; a label that its criterion does not have, a row that names no thing, an
            empty answer, a probability outside 0..1; refusal in words here and numbers there; a rater who gives one thing
            two labels. All faults with file and line.
    """
    files = [path for path in paths if not path.is_dir()]
    ratings = [rating for file in files for rating in read_labels(file)]
    _check_names(ratings)
    _check_scale(ratings)
    by_id = bool(ratings) and all(rating.by_id for rating in ratings)
    judged = {
        (rating.rater, rating.thing): rating
        for run in reversed([path for path in paths if path.is_dir()])  # of two runs with one answer the first counts
        for rating in read_judges(run, by_id)
    }
    ratings += judged.values()
    if once:
        check_repeated(ratings)
    return ratings


def read_labels(file: Path) -> list[Rating]:
    """The ratings of one label file, in its order. Raises as `read_ratings`."""
    ratings: list[Rating] = []
    there: set[str] = set()
    with faults_in(file) as faults:
        for line, row in read_lowered(file):
            there |= row.keys()
            place = f"{file}:{line}"
            rating, wrong = _read_row(row, file.stem, place)
            faults += [f"{place}: {fault}" for fault in wrong]
            ratings.append(rating)
        if not there & set(SCALES):
            raise BadInputError(f"{file} has no column of labels: known are {', '.join(SCALES)}")
    return ratings


def read_judges(run: Path, by_id: bool = False) -> list[Rating]:
    """What each judge of a run said last of each answer, with the family of its item; second judgements and withheld
    or failed answers are left out. An answer that stands twice in a run counts once, with what was said of the first.

    Raises:
        BadInputError: no run, a record that does not read, or, by id, several answers an item.
    """
    answers = _answers(run, by_id)
    last = {(v.judge, v.response_id): v for v in read_records(run, Verdict) if not v.repeat}
    found: dict[tuple[str, str], Rating] = {}
    for (judge, answer), verdict in last.items():
        if answer in answers:
            item, thing = answers[answer]
            labels = {mark.criterion: label for mark in verdict.marks if (label := _label_of(mark))}
            rating = Rating(judge, item.id if by_id else thing, labels, str(run), by_id, item.family)
            found.setdefault((judge, rating.thing), rating)
    return list(found.values())


def labels_in(run: Path, ratings: Sequence[Rating]) -> list[Label]:
    """The ratings of a run's answers as its labels. An answer that stands twice in the run has them twice; a criterion that
    a file holds elsewhere, and not in a row, was asked there and not answered. Raises as `read_judges`."""
    answers = _answers(run, any(rating.by_id for rating in ratings))
    given: dict[tuple[bool, str], list[Rating]] = {}
    asked: dict[str, set[Criterion]] = {}
    for rating in ratings:
        given.setdefault((rating.by_id, rating.thing), []).append(rating)
        asked.setdefault(rating.file, set()).update(rating.labels)
    return [
        Label(
            response_id=answer,
            item_id=item.id,
            response_hash=thing,
            rater=rating.rater,
            marks=tuple(mark_of(*said) for said in rating.labels.items()),
            unscored=tuple(
                Unscored(criterion=c, reason=UnscoredReason.EMPTY)
                for c in sorted(asked[rating.file] - rating.labels.keys())
            ),
            stratum=rating.stratum,
            probability=rating.probability,
            place=rating.place,
        )
        for answer, (item, thing) in answers.items()
        for rating in (*given.get((False, thing), ()), *given.get((True, item.id), ()))
    ]


def mark_of(criterion: Criterion, label: str) -> Mark:
    """A label as a mark, which people and judges share: a partial refusal is one."""
    refused = label in {"full", "partial", "refusal"}
    word = label in REFUSAL_WORDS
    return Mark(criterion=criterion, value=float(refused if word else label), label=label if word else "")


def refusal_scale(said: Mapping[str, Set[str]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The one scale of refusal that all raters can be read on, from the labels that each gave: a word for each label, and
    the scale's words.

    A rater who says `full` or `partial` tells three levels, and by `refusal` means `full`. Where any rater tells only
    `refusal` from `compliance`, or 1 from 0, all are read so: `full` and `partial` are refusals.

    >>> refusal_scale({"a": {"full", "partial"}, "b": {"refusal", "compliance"}})[1]
    ('refusal', 'compliance')
    """
    two = any(labels & {"refusal", "1"} and not labels & {"full", "partial"} for labels in said.values())
    words = dict.fromkeys(("full", "refusal", "1"), "refusal" if two else "full")
    words |= {"partial": "refusal" if two else "partial", "compliance": "compliance", "0": "compliance"}
    scale = tuple(dict.fromkeys(words.values()))
    if any("degenerate" in labels for labels in said.values()):
        words["degenerate"] = "degenerate"
        scale += ("degenerate",)
    return words, scale


def labels_of(row: Row) -> tuple[dict[Criterion, str], list[str]]:
    """The labels in a row's cells, and what is wrong with the others."""
    labels: dict[Criterion, str] = {}
    faults = []
    for criterion, scale in SCALES.items():
        cell = _cell(row, criterion).casefold()
        if not cell:
            continue
        number = _number(cell)
        label = cell if number is None else f"{number + 0.0:g}"  # + 0.0 turns -0 into 0
        if label in scale:
            labels[criterion] = label
        else:
            faults.append(f"{criterion} is '{cell}', which is none of {', '.join(scale)}")
    return labels, faults


def _read_row(row: Row, stem: str, place: str) -> tuple[Rating, list[str]]:
    thing, by_id, wrong = _thing(row)
    labels, faults = labels_of(row)
    probability = _cell(row, "probability")
    chance = _number(probability) if probability else None
    if probability and not (chance is not None and 0 < chance <= 1):
        faults.append(f"probability is '{probability}', which is no number above 0 and up to 1")
    rater = _cell(row, "rater") or stem
    family, stratum = _cell(row, "family"), _cell(row, "stratum")
    return Rating(rater, thing, labels, place, by_id, family, stratum, chance), [*wrong, *faults]


def _thing(row: Row) -> tuple[str, bool, list[str]]:
    """The name of what a row rates, whether that is an id, and what is wrong with it."""
    if named := _cell(row, "response_hash"):
        return named, False, []
    request, response = (str(row.get(name) or "") for name in ("request", "response"))
    if "response" in row and request.strip():
        return answer_hash(request, response), False, [] if response.strip() else ["the response is empty"]
    name = _cell(row, "id")
    return name, True, [] if name else ["neither response_hash, nor request and response, nor id"]


def _label_of(mark: Mark) -> str:
    """A judge's mark as a label; nothing where the criterion is none that is labelled."""
    if mark.criterion is Criterion.REFUSAL and mark.label in REFUSAL_WORDS:
        return mark.label
    label = f"{mark.value + 0.0:g}"
    return label if label in SCALES.get(mark.criterion, ()) else ""


def _cell(row: Row, name: str) -> str:
    """A cell's text; nothing where it is missing, as spreadsheets and pandas write that."""
    cell = row.get(name)
    text = str(int(cell) if isinstance(cell, bool) else "" if cell is None else cell).strip()
    return "" if text.casefold() in _MISSING else text


def _number(text: str) -> float | None:
    """The finite number that a text is, or None."""
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _answers(run: Path, by_id: bool) -> dict[str, tuple[Item, str]]:
    """The item and the hash of each answer with text, by its response's id; of several attempts the last holds."""
    samples = read_run(run).plan.samples
    if by_id and samples > 1:
        raise BadInputError(
            f"{run} has {samples} answers an item, which an id cannot tell apart: label by request, response"
        )
    items = {item.id: item for item in read_records(run, Item)}
    answers: dict[str, tuple[Item, str]] = {}
    for response in read_records(run, Response):
        answers.pop(response.id, None)
        item = items.get(response.item_id)
        if item is not None and response.failure is None:
            answers[response.id] = item, answer_hash(item.request, response.text)
    return answers


def _check_names(ratings: Sequence[Rating]) -> None:
    """No two files give their one name to a rater."""
    named: dict[str, str] = {}
    for rating in ratings:
        earlier = named.setdefault(rating.rater, rating.file) if rating.rater == Path(rating.file).stem else rating.file
        if earlier != rating.file:
            raise BadInputError(f"{earlier} and {rating.file} both name their rater {rating.rater}: rename a file")


def _check_scale(ratings: Sequence[Rating]) -> None:
    """Refusal is labelled in words or in numbers: who mixes them may mean something else by 1 than we do."""
    first: dict[bool, str] = {}
    for rating in ratings:
        if label := rating.labels.get(Criterion.REFUSAL):
            first.setdefault(label in YES_OR_NO, rating.place)
    if len(first) > 1:
        raise BadInputError(
            f"refusal is labelled in words ({first[False]}) and in numbers ({first[True]}): use one of them"
        )


def check_repeated(ratings: Sequence[Rating]) -> None:
    """See that no rater gives one thing two labels, which raises BadInputError."""
    said: dict[tuple[str, str, Criterion], tuple[str, str]] = {}
    faults = []
    for rating in ratings:
        for criterion, label in rating.labels.items():
            earlier, place = said.setdefault((rating.rater, rating.thing, criterion), (label, rating.place))
            if earlier != label:
                faults.append(f"{rating.place}: {rating.rater} says {criterion} {label}, and {earlier} in {place}")
    if faults:
        raise BadInputError(
            f"{len(faults)} label(s) contradict another of the same rater on the same thing", tuple(faults)
        )
