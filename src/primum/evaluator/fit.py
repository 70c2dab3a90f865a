"""Fit the linear evaluator's tables (scikit-learn; only here, and only for training)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array, csr_matrix, hstack

from primum.errors import BadInputError, MissingExtraError
from primum.evaluator.examples import Example
from primum.evaluator.features import BITS, Features, read_features
from primum.evaluator.linear import LinearEvaluator, Scale, Table, chances, logits, name_folds, rounded
from primum.records import Criterion

STRENGTH = 20.0  # inverse of the L2 penalty
WEIGHT = 0.05  # of a standardised count beside a hashed block of length 1
LEAST = 3  # answers in which a hashed feature must occur
Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def fit_linear(
    examples: Sequence[Example], scales: Mapping[Criterion, tuple[str, ...]], folds: Sequence[int]
) -> tuple[LinearEvaluator, dict[Criterion, Floats]]:
    """An evaluator, and for each criterion the cross-fitted chances (n, k) of the examples' labels.

    `folds` (n,) are whole families. The logits are stretched or shrunk by the one factor that makes the cross-fitted
    chances most likely (temperature scaling, Guo et al. 2017); examples without a label of a criterion have chances too.

    Raises:
        BadInputError: a fold holds all examples of a label.
        MissingExtraError: scikit-learn is missing.
    """
    _regression()  # told before the features are read
    features = read_features([(example.request, example.response) for example in examples])
    middle, spread = features.counts.mean(0, dtype=np.float64), features.counts.std(0, dtype=np.float64) + 1e-3
    scaling = Scale(middle.astype(np.float32), spread.astype(np.float32))
    counts = scaling.expand(features.counts)
    fold = np.asarray(folds, dtype=np.int64)
    tables: dict[Criterion, list[Table]] = {}
    predicted: dict[Criterion, Floats] = {}
    for criterion, scale in scales.items():
        code = np.array([scale.index(e.labels[criterion]) if criterion in e.labels else -1 for e in examples])
        cuts = len(scale) - 1
        there = code >= 0
        fitted = [_fit(features, counts, code, there, cuts, str(criterion))]
        for number in range(int(fold.max()) + 1):
            fitted.append(_fit(features, counts, code, there & (fold != number), cuts, str(criterion)))
        raw = logits(features, counts, fitted, fold + 1)
        factor = _temperature(raw[there], code[there])
        tables[criterion] = [rounded(Table(*(array * np.float32(factor) for array in table))) for table in fitted]
        predicted[criterion] = chances(logits(features, counts, tables[criterion], fold + 1))
    names = name_folds([(example.request, example.response) for example in examples], [int(number) for number in fold])
    return LinearEvaluator(dict(scales), tables, scaling, names), predicted


def _fit(
    features: Features,
    counts: npt.NDArray[np.float32],
    code: Codes,
    inside: npt.NDArray[np.bool_],
    cuts: int,
    criterion: str,
) -> Table:
    """A table from the examples `inside`: for each cut a logistic regression of "the label is at most this one"."""
    regression = _regression()
    n, e = counts.shape
    hashed = csr_array((features.values, features.places, features.starts), shape=(n, 2**BITS))[inside]
    seen = np.flatnonzero(np.bincount(hashed.indices, minlength=2**BITS) >= LEAST)
    design = csr_matrix(hstack([hashed[:, seen], csr_array(counts[inside].astype(np.float64) * WEIGHT)], format="csr"))
    design.indices, design.indptr = design.indices.astype(np.int32), design.indptr.astype(np.int32)  # for liblinear
    table = Table(np.zeros((2**BITS, cuts), np.float32), np.zeros((e, cuts), np.float32), np.zeros(cuts, np.float32))
    for cut in range(cuts):
        low = code[inside] <= cut
        if low.all() or not low.any():
            raise BadInputError(
                f"{criterion}: all examples of a label are in one fold: label more requests of each kind"
            )
        model = regression(C=STRENGTH, solver="liblinear", max_iter=300, random_state=0).fit(design, low)
        weights, count_weights = np.split(model.coef_[0], [seen.size])
        table.hashed[seen, cut] = weights
        table.counts[:, cut] = count_weights * WEIGHT
        table.offsets[cut] = model.intercept_[0]
    return table


def _temperature(raw: Floats, code: Codes) -> float:
    """The factor on logits (n, t) under which the labels `code` (n,) are most likely."""

    def loss(log_factor: float) -> float:
        given = chances(raw * np.exp(log_factor))[np.arange(code.size), code]
        return float(-np.log(np.maximum(given, 1e-6)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 2.0), method="bounded").x))


def _regression() -> Any:
    try:
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError as error:
        raise MissingExtraError("training an evaluator", "evaluator") from error
    return LogisticRegression
