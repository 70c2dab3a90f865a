"""Fitting the linear evaluator: it learns, its folds have not seen what they judge, and its chances are calibrated."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import log_loss
from tests.evaluator.toy_answers import LEVELS, REFUSALS, examples

from primum.errors import BadInputError, MissingExtraError
from primum.evaluator import fit
from primum.evaluator.examples import Example
from primum.evaluator.fit import fit_linear
from primum.evaluator.linear import LinearEvaluator, chances, decide, name_folds, text_hash
from primum.records import Criterion

REFUSAL, HARM, R1 = Criterion.REFUSAL, Criterion.HARMFULNESS, Criterion.R1
Floats = npt.NDArray[np.float64]
FOLDS = 3


def pairs(made: Sequence[Example]) -> list[tuple[str, str]]:
    return [(one.request, one.response) for one in made]


def in_turn(count: int) -> list[int]:
    """Folds: three answers (one of each label of refusal) to each in turn."""
    return [n // 3 % FOLDS for n in range(count)]


def right(evaluator: LinearEvaluator, criterion: Criterion, made: Sequence[Example]) -> float:
    """The share of examples whose label it says."""
    places = decide(evaluator.predict(pairs(made))[criterion])
    said = [evaluator.scales[criterion][place] for place in places]
    return float(np.mean([label == one.labels[criterion] for label, one in zip(said, made, strict=True)]))


@pytest.fixture(scope="module")
def fitted() -> tuple[list[Example], LinearEvaluator, Floats]:
    """Thirty-six examples of refusal in three folds, the evaluator, and the cross-fitted chances."""
    made = examples(36)
    evaluator, predicted = fit_linear(made, {REFUSAL: REFUSALS}, in_turn(36))
    return made, evaluator, predicted[REFUSAL]


Fitted = tuple[list[Example], LinearEvaluator, Floats]


def test_a_plain_task_is_learnt(fitted: Fitted) -> None:
    """What gives the label away is told in so many words, so anything but all of a hundred would be a fault."""
    assert right(fitted[1], REFUSAL, examples(100, seed=1)) == 1.0
    assert len(fitted[1].tables[REFUSAL]) == 1 + FOLDS


def test_five_levels_in_an_order_are_learnt() -> None:
    made = examples(60, HARM, LEVELS)
    evaluator, predicted = fit_linear(made, {HARM: LEVELS}, [n // 5 % FOLDS for n in range(60)])
    assert evaluator.tables[HARM][0].offsets.size == 4
    assert right(evaluator, HARM, examples(50, HARM, LEVELS, seed=1)) >= 0.96
    assert predicted[HARM].shape == (60, 5)


def test_two_criteria_are_learnt_from_examples_that_have_one_label_each() -> None:
    made = [
        *examples(36),
        *[one._replace(labels={R1: "-1" if n % 2 else "0"}) for n, one in enumerate(examples(36, HARM, ("1", "5")))],
    ]
    scales: dict[Criterion, tuple[str, ...]] = {REFUSAL: REFUSALS, R1: ("-1", "0")}
    evaluator, predicted = fit_linear(made, scales, in_turn(72))
    assert right(evaluator, REFUSAL, examples(30, seed=1)) == 1.0
    other = [
        one._replace(labels={R1: "-1" if n % 2 else "0"}) for n, one in enumerate(examples(30, HARM, ("1", "5"), 1))
    ]
    assert right(evaluator, R1, other) == 1.0
    assert {criterion: found.shape for criterion, found in predicted.items()} == {REFUSAL: (72, 3), R1: (72, 2)}
    assert all(np.isfinite(found).all() for found in predicted.values())


def test_the_chances_told_are_those_that_the_evaluator_gives_to_its_training_answers(fitted: Fitted) -> None:
    made, evaluator, predicted = fitted
    assert np.array_equal(evaluator.predict(pairs(made))[REFUSAL], predicted)
    requests = {text_hash(one.request): fold for one, fold in zip(made, in_turn(36), strict=True)}
    assert evaluator.folds.items() >= requests.items()
    assert evaluator.folds == name_folds(pairs(made), in_turn(36))


def test_the_labels_of_a_fold_do_not_touch_the_table_that_judges_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every label of fold 1 is turned round. Its own table stays to the last bit; all others change. The temperature,
    one factor on all tables, is held still for this."""
    monkeypatch.setattr(fit, "_temperature", lambda raw, code: 1.0)
    made, folds = examples(36), in_turn(36)
    turned = [
        one._replace(labels={REFUSAL: REFUSALS[::-1][REFUSALS.index(one.labels[REFUSAL])]}) if fold == 1 else one
        for one, fold in zip(made, folds, strict=True)
    ]
    before, after = (fit_linear(each, {REFUSAL: REFUSALS}, folds)[0].tables[REFUSAL] for each in (made, turned))
    same = [
        all(np.array_equal(one, other) for one, other in zip(mine, theirs, strict=True))
        for mine, theirs in zip(before, after, strict=True)
    ]
    assert same == [False, False, True, False]  # all; without fold 0; without fold 1; without fold 2


def test_fitting_twice_gives_the_same_weights(fitted: Fitted) -> None:
    made, evaluator, predicted = fitted
    again, told = fit_linear(made, {REFUSAL: REFUSALS}, in_turn(36))
    assert np.array_equal(told[REFUSAL], predicted)
    for one, other in zip(evaluator.tables[REFUSAL], again.tables[REFUSAL], strict=True):
        assert all(np.array_equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_the_temperature_makes_the_chances_as_likely_as_can_be(factor: float) -> None:
    """Labels are drawn with logits that are `factor` times the given ones; the loss is scikit-learn's."""
    rng = np.random.default_rng(5)
    raw = rng.normal(scale=2.0, size=(4000, 1))
    code = (rng.random(4000) >= 1 / (1 + np.exp(-factor * raw[:, 0]))).astype(np.int64)
    found = fit._temperature(raw, code)
    assert found == pytest.approx(factor, rel=0.1)

    def loss(each: float) -> float:
        return float(log_loss(code, chances(raw * each)))

    assert loss(found) <= min(loss(found * 1.02), loss(found / 1.02))


def test_of_answers_whose_labels_are_luck_it_is_not_sure() -> None:
    """A third of answers that are all alike has the other label: nobody can be sure of two in three, and a fit that takes
    its training answers for new ones is."""
    made = [one._replace(labels={R1: "-1" if n % 3 == 0 else "0"}) for n, one in enumerate(examples(90, labels=("1",)))]
    _, predicted = fit_linear(made, {R1: ("-1", "0")}, [n // 3 % FOLDS for n in range(90)])
    assert 0.3 < predicted[R1][:, 0].mean() < 0.5
    assert predicted[R1].max() < 0.75


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["full" if fold == 2 else "compliance" for fold in in_turn(36)], "without a fold there is one label only"),
        ([("full", "compliance")[n % 2] if fold == 2 else "" for n, fold in enumerate(in_turn(36))], "none at all"),
    ],
)
def test_a_label_that_stands_in_one_fold_only_is_told(labels: list[str], told: str) -> None:
    made = [
        one._replace(labels={REFUSAL: label} if label else {R1: "0"})
        for one, label in zip(examples(36), labels, strict=True)
    ]
    with pytest.raises(BadInputError, match="refusal: all examples of a label are in one fold") as caught:
        fit_linear(made, {REFUSAL: ("full", "compliance")}, in_turn(36))
    assert "label more requests of each kind" in str(caught.value), told


def test_without_scikit_learn_it_is_told_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'primum\[evaluator\]'"):
        fit_linear(examples(9), {REFUSAL: REFUSALS}, in_turn(9))
