"""Try an evaluator on labelled answers, and let it label others."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from primum.errors import BadInputError
from primum.evaluator.card import Evaluator
from primum.evaluator.encoder.recipe import replace_whole
from primum.evaluator.examples import Example, read_examples
from primum.evaluator.judge import say
from primum.evaluator.linear import fold_of
from primum.evaluator.quality import Quality, as_yes_or_no, quality_of
from primum.records import Criterion, Record
from primum.rows import Row, faults_in, read_rows

Floats = npt.NDArray[np.float64]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9.]+")  # a label such as -1 stays one
Scales = dict[Criterion, tuple[str, ...]]


class Tested(Record):
    """What came of a test: the figures of each criterion, verdicts a second on this machine, and what a reader must know."""

    examples: int
    families: int
    seen: int
    per_second: float
    figures: tuple[Quality, ...]
    notes: tuple[str, ...] = ()


def try_evaluator(evaluator: Evaluator, files: Sequence[Path], criteria: Sequence[str] = (), seed: int = 0) -> Tested:
    """How well an evaluator fits the labels of files, on all its criteria or on some.

    Answers to requests that it was trained on are judged by weights that have not seen the request; where it has none such
    (an encoder) they are left out. Both are told.

    Raises:
        BadInputError: as `read_examples`; a criterion that the evaluator has not; labels that it cannot give; nothing left.
    """
    card = evaluator.card
    missing = [name for name in criteria if name not in card.criteria]
    if missing:
        raise BadInputError(f"this evaluator does not judge {missing[0]}, only {', '.join(card.criteria)}")
    read = read_examples(files, criteria or _labelled(files, card.criteria))
    folds = [fold_of(evaluator.folds, example.request, example.response) for example in read.examples]
    seen = sum(fold is not None for fold in folds)
    examples = [example for example, fold in zip(read.examples, folds, strict=True) if fold != -1]
    left_out = len(folds) - len(examples)
    if not examples:
        raise BadInputError("the evaluator was trained on all of these requests: test it on others")
    started = time.perf_counter()
    predicted = evaluator.model.predict([(example.request, example.response) for example in examples])
    seconds = time.perf_counter() - started
    examples, scales, predicted = _on_common_scale(examples, read.scales, card.criteria, predicted)
    return Tested(
        examples=len(examples),
        families=len({example.family for example in examples}),
        seen=seen,
        per_second=len(examples) / seconds,
        figures=tuple(quality_of(examples, scales, predicted, seed, card.abstain)),
        notes=(*read.notes, *_notes(seen - left_out, left_out)),
    )


def score_file(evaluator: Evaluator, file: Path, out: Path) -> dict[str, dict[str, int]]:
    """Label the answers of a file: its rows as CSV, with a column for each criterion and one for its confidence. How often
    each label was given.

    Raises:
        BadInputError: no `request` or `response`, an empty one, a column that would be overwritten, or `out` is there.
        StoppedError: it could not be written.
    """
    if out.exists():
        raise BadInputError(f"{out} is there already: choose another file with --out")
    if not out.parent.is_dir():
        raise BadInputError(f"there is no folder {out.parent} for {out.name}: make it first")
    rows = [row for _, row in _checked(file, evaluator)]
    told = say(evaluator, [(str(row["request"]), str(row["response"])) for row in rows])
    counts: dict[str, dict[str, int]] = {str(name): {} for name in evaluator.card.criteria}
    added = _added(evaluator)
    columns = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in added]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*columns, *added], restval="")
    writer.writeheader()
    for row, one in zip(rows, told, strict=True):
        cells: Row = {name: _shown(cell) for name, cell in row.items()}
        for criterion, said in one.items():
            cells[str(criterion)], cells[f"{criterion}_confidence"] = said.label, f"{said.confidence:.4f}"
            counts[criterion][said.label] = counts[criterion].get(said.label, 0) + 1
        writer.writerow(cells)
    replace_whole(out, lambda part: part.write_text(text.getvalue(), encoding="utf-8-sig", newline=""))
    return counts


def _shown(cell: Any) -> Any:
    """A cell as a spreadsheet shows it: a text that it would take for a formula has an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def _labelled(files: Sequence[Path], known: Scales) -> list[Criterion]:
    """Those of an evaluator's criteria for which every file has a column."""
    columns = [{key for _, row in read_rows(file, ("request", "response")) for key in row} for file in files]
    found = [criterion for criterion in known if all(criterion in one for one in columns)]
    if not found:
        told = " and ".join(map(str, files))
        raise BadInputError(f"{told}: no column of labels that this evaluator gives ({', '.join(known)})")
    return found


def _added(evaluator: Evaluator) -> list[str]:
    """The columns that scoring adds."""
    return [name for criterion in evaluator.card.criteria for name in (str(criterion), f"{criterion}_confidence")]


def _checked(file: Path, evaluator: Evaluator) -> list[tuple[int, Row]]:
    rows = []
    with faults_in(file) as faults:
        for line, row in read_rows(file, ("request", "response")):
            empty = [name for name in ("request", "response") if not str(row.get(name) or "").strip()]
            taken = [name for name in _added(evaluator) if str(row.get(name) or "").strip()]
            faults += [f"{file}:{line}: the {name} is empty" for name in empty]
            faults += [f"{file}:{line}: column {name} is filled in already" for name in taken]
            rows.append((line, row))
    return rows


def _on_common_scale(
    examples: list[Example], given: Scales, known: Scales, predicted: Mapping[Criterion, Floats]
) -> tuple[list[Example], Scales, dict[Criterion, Floats]]:
    """Labels and chances on one scale: that of the evaluator, or, where the labels (or it) tell only refusal from
    compliance, that."""
    scales, chances = dict(known), dict(predicted)
    criterion = Criterion.REFUSAL
    if criterion in known and criterion in given:
        if "refusal" in given[criterion] and "full" in known[criterion]:
            scales[criterion], chances[criterion] = as_yes_or_no(known[criterion], predicted[criterion])
        elif "refusal" in known[criterion]:
            words = {"full": "refusal", "partial": "refusal"}
            examples = [_reworded(example, words) for example in examples]
    faults = [
        f"{example.place}: {name} is {label}; the evaluator knows {', '.join(scales[name])}"
        for example in examples
        for name, label in example.labels.items()
        if label not in scales[name]
    ]
    if faults:
        raise BadInputError(f"{len(faults)} label(s) that the evaluator cannot give", tuple(faults))
    return examples, {name: scales[name] for name in given}, chances


def _reworded(example: Example, words: Mapping[str, str]) -> Example:
    label = example.labels.get(Criterion.REFUSAL, "")
    return example._replace(labels=example.labels | {Criterion.REFUSAL: words[label]}) if label in words else example


def _notes(cross_fitted: int, left_out: int) -> list[str]:
    notes = []
    if cross_fitted:
        notes.append(
            f"{cross_fitted} answers are to requests of the training data: weights without that request judged them"
        )
    if left_out:
        notes.append(f"{left_out} answers to requests of the training data were left out")
    return notes
