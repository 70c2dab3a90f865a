"""The fast evaluator: a linear model over features of the answer, one for each criterion and threshold between labels.

A criterion's labels stand in an order; for each but the last a logistic model gives the chance that the true label is at
most that one (Frank & Hall 2001, ECML). What it says is the median: the first label whose chance reaches one half. So of
full, partial and compliance the second threshold is refusal or not, whatever the first says.

A model holds one table trained on everything and one for each fold of the requests it was trained on. An answer to such a
request is judged by the table of its fold, which has not seen that request (cross-fitting).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from primum.evaluator.features import BITS, COUNTS, PER_ACT, SHARES, Features, read_features
from primum.records import Criterion

Floats = npt.NDArray[np.float64]
WEIGHTS, REQUESTS = "weights.npz", "requests.npz"
_BATCH = 256
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())
TELLING = 60  # characters: a shorter answer may be given to anything


class Table(NamedTuple):
    """The weights of one criterion: of the hashed features (2^BITS, t), of the expanded counts (e, t), and the offsets
    (t,). Those of the hashed features are whole multiples, -127 to 127, of each column's greatest over 127."""

    hashed: npt.NDArray[np.float32]
    counts: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.float32]


class Scale(NamedTuple):
    """The mean and spread (d,) of each count in the training data."""

    middle: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]

    def expand(self, counts: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Counts (n, d) standardised, and beside them the products of any two of those that are no act's place: (n, e).

        What an act means depends on the rest of the answer: a referral in two lines is another thing than after a page of
        help. Products of standardised counts, cut at 3, let a linear model see that."""
        standard = (counts - self.middle) / self.spread
        chosen = np.clip(standard[:, _MULTIPLIED], -3, 3)
        return np.hstack([standard, chosen[:, _FIRST] * chosen[:, _SECOND] / 5], dtype=np.float32)


_MULTIPLIED = [*SHARES, *range(PER_ACT * len(SHARES), COUNTS)]
_FIRST, _SECOND = np.triu_indices(len(_MULTIPLIED))
EXPANDED = COUNTS + len(_MULTIPLIED) * (len(_MULTIPLIED) + 1) // 2


class LinearEvaluator(NamedTuple):
    """`tables[c]` are those of criterion c, the first trained on everything, the others without one fold each.
    `folds` names the fold of each request and of each longer answer of the training data by its hash (`text_hash`)."""

    scales: dict[Criterion, tuple[str, ...]]
    tables: dict[Criterion, list[Table]]
    scale: Scale
    folds: dict[int, int]

    def predict(self, pairs: Sequence[tuple[str, str]]) -> dict[Criterion, Floats]:
        """The chance of each label (n, k), columns in the order of `scales`, for n pairs of request and answer."""
        known = [fold_of(self.folds, request, answer) for request, answer in pairs]
        fold = np.array([-1 if one is None else one for one in known], dtype=np.int64) + 1
        found: dict[Criterion, list[Floats]] = {criterion: [] for criterion in self.scales}
        for start in range(0, len(pairs), _BATCH):
            features = read_features(pairs[start : start + _BATCH])
            counts = self.scale.expand(features.counts)
            for criterion, tables in self.tables.items():
                found[criterion].append(chances(logits(features, counts, tables, fold[start : start + _BATCH])))
        return {
            criterion: np.concatenate(parts) if parts else np.zeros((0, len(self.scales[criterion])))
            for criterion, parts in found.items()
        }


def text_hash(text: str) -> int:
    """63 bits that name a text by its letters and digits: the same however it is spaced, punctuated or capitalised."""
    text = text.casefold()
    if text.isascii():
        folded = text.encode().translate(None, _NO_LETTERS)
    else:
        folded = "".join(filter(str.isalnum, text)).encode("utf-8", "replace")
    return int.from_bytes(hashlib.sha256(folded).digest()[:8], "big") >> 1


def name_folds(pairs: Sequence[tuple[str, str]], folds: Sequence[int]) -> dict[int, int]:
    """The fold of each request and of each longer answer by its hash; an answer that stands in several is left out."""
    named: dict[int, int] = {}
    for (_, answer), fold in zip(pairs, folds, strict=True):
        if len(answer) >= TELLING:
            name = text_hash(answer)
            named[name] = fold if named.get(name, fold) == fold else -2
    requests = {text_hash(request): fold for (request, _), fold in zip(pairs, folds, strict=True)}
    return {name: fold for name, fold in named.items() if fold != -2} | requests


def fold_of(folds: Mapping[int, int], request: str, answer: str) -> int | None:
    """The fold of a request that was trained on, else of an answer that was (a request may be worded anew); None where
    neither was."""
    fold = folds.get(text_hash(request))
    return folds.get(text_hash(answer)) if fold is None and len(answer) >= TELLING else fold


def logits(
    features: Features, counts: npt.NDArray[np.float32], tables: Sequence[Table], which: npt.NDArray[np.int64]
) -> Floats:
    """The logits (n, t) of n answers with their expanded counts (n, e), each by the table that `which` (n,) names."""
    starts = features.starts
    found = np.zeros((which.size, tables[0].offsets.size))
    for number, table in enumerate(which.tolist()):  # `take` is many times as fast as an index
        hashed, weights, offsets = tables[table]
        inside = slice(starts[number], starts[number + 1])
        found[number] = (
            features.values[inside] @ hashed.take(features.places[inside], axis=0) + counts[number] @ weights + offsets
        )
    return found


def chances(logits: Floats) -> Floats:
    """The chance of each label (n, t + 1) from the logits (n, t) of "at most this one"; thresholds that cross are one.

    >>> chances(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.0, 0.5]]
    """
    at_most = np.maximum.accumulate(1 / (1 + np.exp(-np.clip(logits, -30, 30))), axis=1)
    return np.diff(at_most, axis=1, prepend=0.0, append=1.0)


def decide(chances: Floats) -> npt.NDArray[np.int64]:
    """The place of the median label (n,): the first at which the summed chances (n, k) reach one half.

    >>> decide(np.array([[0.5, 0.0, 0.5], [0.3, 0.25, 0.45], [0.3, 0.1, 0.6]])).tolist()
    [0, 1, 2]
    """
    reached: npt.NDArray[np.int64] = (np.cumsum(chances, axis=1) >= 0.5 - 1e-12).argmax(axis=1)
    return reached


def rounded(table: Table) -> Table:
    """A table at the precision at which it is saved: bytes for the hashed features, half precision for the rest."""
    steps = _steps(table.hashed)
    hashed = np.round(table.hashed / steps).astype(np.float32) * steps
    counts, offsets = (array.astype(np.float16).astype(np.float32) for array in (table.counts, table.offsets))
    return Table(hashed, counts, offsets)


def _steps(hashed: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    steps: npt.NDArray[np.float32] = np.maximum(np.abs(hashed).max(axis=0), np.float32(1e-6)) / np.float32(127)
    return steps


def save_linear(evaluator: LinearEvaluator, folder: Path) -> None:
    """Write the tables; the same evaluator gives the same bytes."""
    arrays: dict[str, npt.NDArray[Any]] = dict(evaluator.scale._asdict())
    for criterion, tables in evaluator.tables.items():
        for number, table in enumerate(tables):
            name, steps = f"{criterion}.{number}.", _steps(table.hashed)
            arrays[name + "hashed"] = np.round(table.hashed / steps).astype(np.int8)
            arrays[name + "steps"] = steps
            arrays[name + "counts"], arrays[name + "offsets"] = (
                table.counts.astype(np.float16),
                table.offsets.astype(np.float16),
            )
    np.savez_compressed(folder / WEIGHTS, **arrays)  # type: ignore[arg-type]  # no array is named allow_pickle


def save_folds(folds: Mapping[int, int], folder: Path) -> None:
    """Write the fold of each request that an evaluator was trained on, by its hash; -1 where no table is without it."""
    ordered = sorted(folds.items())
    np.savez_compressed(
        folder / REQUESTS,
        request=np.array([name for name, _ in ordered], dtype=np.int64),
        fold=np.array([fold for _, fold in ordered], dtype=np.int16),
    )


def load_folds(folder: Path) -> dict[int, int]:
    """The folds that `save_folds` wrote.

    Raises:
        OSError, ValueError, KeyError: the file is missing or holds something else.
    """
    with np.load(folder / REQUESTS, allow_pickle=False) as saved:
        return dict(zip(saved["request"].tolist(), saved["fold"].tolist(), strict=True))


def load_linear(folder: Path, scales: Mapping[Criterion, tuple[str, ...]], folds: dict[int, int]) -> LinearEvaluator:
    """The evaluator that `save_linear` wrote.

    Raises:
        OSError, ValueError, KeyError: the file is missing or holds something else.
    """
    with np.load(folder / WEIGHTS, allow_pickle=False) as saved:
        tables = {criterion: _tables(saved, criterion, len(labels) - 1) for criterion, labels in scales.items()}
        scale = Scale(saved["middle"], saved["spread"])
    if scale.middle.shape != (COUNTS,) or scale.spread.shape != (COUNTS,):
        raise ValueError("it was trained by another version of Primum: train it again")
    return LinearEvaluator(dict(scales), tables, scale, folds)


def _tables(saved: Mapping[str, npt.NDArray[Any]], criterion: Criterion, thresholds: int) -> list[Table]:
    tables: list[Table] = []
    while (name := f"{criterion}.{len(tables)}.") + "hashed" in saved:
        hashed = saved[name + "hashed"].astype(np.float32) * saved[name + "steps"]
        table = Table(hashed, saved[name + "counts"].astype(np.float32), saved[name + "offsets"].astype(np.float32))
        shapes = (table.hashed.shape, table.counts.shape, table.offsets.shape)
        if shapes != ((2**BITS, thresholds), (EXPANDED, thresholds), (thresholds,)):
            raise ValueError(f"the weights of {criterion} have another shape")
        tables.append(table)
    if not tables:
        raise ValueError(f"no weights of {criterion}")
    return tables
