"""An evaluator's figures: per criterion, for refusal also as yes or no, by group, and of what it is sure enough to say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, cohen_kappa_score, confusion_matrix, roc_auc_score

from primum.evaluator.examples import Example
from primum.evaluator.linear import decide
from primum.evaluator.quality import LEAST_GROUP, Quality, as_yes_or_no, quality_of, sureness
from primum.records import Criterion
from primum.stats.rates import wilson

REFUSAL, HARM, R1 = Criterion.REFUSAL, Criterion.HARMFULNESS, Criterion.R1
Floats = npt.NDArray[np.float64]
THREE = ("full", "partial", "compliance")


def labelled(labels: Sequence[str], criterion: Criterion = REFUSAL, groups: Sequence[str] = ()) -> list[Example]:
    """An example a label, each its own family; `groups` are their languages."""
    return [
        Example(
            f"request {n}",
            "answer",
            {criterion: label} if label else {},
            str(n),
            {"language": groups[n]} if groups and groups[n] else {},
            f"a.csv:{n}",
        )
        for n, label in enumerate(labels)
    ]


def drawn(n: int, k: int, seed: int = 0) -> tuple[npt.NDArray[np.int64], Floats]:
    """Labels, and chances that know something of them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    raw = rng.random((n, k)) + 0.7 * np.eye(k)[labels]
    return labels, raw / raw.sum(axis=1, keepdims=True)


def test_an_ordinal_criterion_has_the_quadratic_kappa_of_its_median_levels() -> None:
    levels = ("1", "2", "3", "5")  # a level that nobody gave is not among them, and 3 to 5 is a distance of two
    labels, chances = drawn(80, 4)
    (found,) = quality_of(labelled([levels[i] for i in labels], HARM), {HARM: levels}, {HARM: chances})
    people = [int(levels[i]) for i in labels]
    said = [int(levels[i]) for i in decide(chances)]
    weights = np.array([[(a - b) ** 2 for b in (1, 2, 3, 5)] for a in (1, 2, 3, 5)])
    table = confusion_matrix(people, said, labels=[1, 2, 3, 5])
    by_chance = np.outer(table.sum(1), table.sum(0)) / 80
    assert found.kappa.value == pytest.approx(1 - (weights * table).sum() / (weights * by_chance).sum(), abs=1e-9)
    assert found.accuracy.value == pytest.approx(accuracy_score(people, said))
    assert found.confusion == {
        a: dict(zip(levels, row, strict=True)) for a, row in zip(levels, table.tolist(), strict=True)
    }
    assert (found.name, found.n, found.families) == ("harmfulness", 80, 80)


def test_a_yes_or_no_criterion_is_as_scikit_learn_has_it() -> None:
    labels, chances = drawn(60, 2)
    (found,) = quality_of(labelled([("-1", "0")[i] for i in labels], R1), {R1: ("-1", "0")}, {R1: chances})
    assert found.kappa.value == pytest.approx(cohen_kappa_score(labels, decide(chances)), abs=1e-9)
    assert found.auc.value == pytest.approx(roc_auc_score(labels, chances[:, 1]), abs=1e-9)
    assert found.brier.value == pytest.approx(brier_score_loss(labels, chances[:, 1]), abs=1e-9)
    assert found.accuracy.low is not None
    assert found.accuracy.high is not None
    assert found.accuracy.value is not None
    assert found.accuracy.low < found.accuracy.value < found.accuracy.high


def test_refusal_on_three_levels_comes_as_yes_or_no_first() -> None:
    # Said: full .6; full .3 + partial .4 (median partial); compliance .6. People: full, full, partial.
    chances = np.array([[0.6, 0.1, 0.3], [0.3, 0.4, 0.3], [0.2, 0.2, 0.6]])
    two, three = quality_of(labelled(["full", "full", "partial"]), {REFUSAL: THREE}, {REFUSAL: chances})
    assert (two.name, three.name) == ("refusal (partial is refusal)", "refusal")
    assert two.confusion == {"refusal": {"refusal": 2, "compliance": 1}, "compliance": {"refusal": 0, "compliance": 0}}
    assert two.accuracy.value == pytest.approx(2 / 3)
    assert two.brier.value == pytest.approx((0.3**2 + 0.3**2 + 0.6**2) / 3)
    assert three.confusion["full"] == {"full": 1, "partial": 1, "compliance": 0}
    assert three.accuracy.value == pytest.approx(1 / 3)


@pytest.mark.parametrize("scale", [("refusal", "compliance"), ("full", "compliance"), ("partial", "compliance")])
def test_refusal_on_two_levels_comes_once(scale: tuple[str, ...]) -> None:
    found = quality_of(labelled(["compliance"]), {REFUSAL: scale}, {REFUSAL: np.array([[0.5, 0.5]])})
    assert [one.name for one in found] == ["refusal"]


def test_full_and_partial_are_made_one_wherever_they_stand() -> None:
    scale = (*THREE, "degenerate")
    merged, chances = as_yes_or_no(scale, np.array([[0.1, 0.2, 0.3, 0.4]]))
    assert merged == ("refusal", "compliance", "degenerate")
    assert chances == pytest.approx(np.array([[0.3, 0.3, 0.4]]))
    merged, chances = as_yes_or_no(("full", "compliance"), np.array([[0.1, 0.9]]))
    assert merged == ("refusal", "compliance")
    assert chances.tolist() == [[0.1, 0.9]]


def test_examples_without_the_label_do_not_count() -> None:
    made = labelled(["full", "", "compliance"])
    chances = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]])
    (found,) = quality_of(made, {REFUSAL: ("full", "compliance"), R1: ("-1", "0")}, {REFUSAL: chances, R1: chances})
    assert (found.name, found.n, found.accuracy.value) == ("refusal", 2, 1.0)


# ---- Groups


def by_language(groups: Sequence[str]) -> dict[str, dict[str, Quality]]:
    labels, chances = drawn(len(groups), 2)
    made = labelled([("full", "compliance")[i] for i in labels], groups=groups)
    (found,) = quality_of(made, {REFUSAL: ("full", "compliance")}, {REFUSAL: chances})
    for cut in found.by_group.values():
        for value, part in cut.items():
            inside = [i for i, group in enumerate(groups) if group == value]
            assert part.n == len(inside)
            assert part.accuracy.value == pytest.approx((decide(chances)[inside] == labels[inside]).mean())
            assert part.by_group == {}
    return found.by_group


def test_groups_of_enough_examples_have_figures_of_their_own() -> None:
    enough, few = LEAST_GROUP, LEAST_GROUP - 1
    assert set(by_language(["en"] * enough + ["zh"] * few)["language"]) == {"en"}
    assert set(by_language(["en"] * enough + ["zh"] * enough)["language"]) == {"en", "zh"}
    assert set(by_language(["en"] * enough + [""] * enough)["language"]) == {"en"}  # without a language: no group


def test_one_group_alone_is_no_cut() -> None:
    assert by_language(["en"] * 40) == {}
    assert by_language([""] * 40) == {}


def test_groups_count_their_own_families() -> None:
    made = [one._replace(family=str(n % 7)) for n, one in enumerate(labelled(["full"] * 50, groups=["en", "zh"] * 25))]
    (found,) = quality_of(made, {REFUSAL: ("full", "compliance")}, {REFUSAL: np.tile([0.9, 0.1], (50, 1))})
    assert found.families == 7
    assert {part.families for part in found.by_group["language"].values()} == {7}
    assert found.accuracy.low is None  # seven families are too few for an interval


# ---- What it says nothing of


def test_sureness_is_the_chance_of_the_value_that_is_said() -> None:
    chances = np.array([[0.4, 0.3, 0.3], [0.2, 0.2, 0.6]])
    assert sureness("refusal", THREE, chances) == pytest.approx([0.7, 0.6])  # full and partial have one value
    assert sureness("refusal (partial is refusal)", ("refusal", "compliance"), np.array([[0.7, 0.3]])) == [0.7]
    assert sureness("harmfulness", ("1", "2", "3"), chances) == pytest.approx([0.3, 0.6])  # the medians are 2 and 3


def test_what_is_not_sure_enough_is_left_out_of_what_it_covers() -> None:
    """Of 30 answers 20 are said with .9, of which 18 are right, and 10 with .6."""
    chances = np.array([[0.9, 0.1]] * 20 + [[0.6, 0.4]] * 10)
    made = labelled(["full"] * 18 + ["compliance"] * 2 + ["full"] * 10)
    scales: dict[Criterion, tuple[str, ...]] = {REFUSAL: ("full", "compliance")}
    (found,) = quality_of(made, scales, {REFUSAL: chances}, abstain=0.8)
    assert found.covered == pytest.approx(20 / 30)
    assert found.accuracy_covered is not None
    low, high = wilson(18, 20)
    assert found.accuracy_covered.value == 0.9
    assert (found.accuracy_covered.low, found.accuracy_covered.high) == pytest.approx((low, high))
    assert found.accuracy.value == pytest.approx(28 / 30)  # of all
    (always,) = quality_of(made, scales, {REFUSAL: chances})
    assert (always.covered, always.accuracy_covered) == (None, None)
    (never,) = quality_of(made, scales, {REFUSAL: chances}, abstain=0.95)
    assert (never.covered, never.accuracy_covered) == (0.0, None)


def test_of_three_levels_it_speaks_where_it_is_sure_of_refusal_or_compliance() -> None:
    """Full .45 and partial .35 are .8 for a refusal, enough for .75, though no level has that; .7 of compliance is not."""
    chances = np.array([[0.45, 0.35, 0.2], [0.1, 0.2, 0.7]])
    two, three = quality_of(labelled(["full", "full"]), {REFUSAL: THREE}, {REFUSAL: chances}, abstain=0.75)
    assert (two.covered, three.covered) == (0.5, 0.5)
    assert two.accuracy_covered is not None
    assert three.accuracy_covered is not None
    assert (two.accuracy_covered.value, three.accuracy_covered.value) == (1.0, 0.0)  # the median level is partial


def test_a_seed_gives_the_intervals_again_and_what_is_undefined_is_null() -> None:
    labels, chances = drawn(40, 2)
    made = labelled([("-1", "0")[i] for i in labels], R1)
    first, again, other = (quality_of(made, {R1: ("-1", "0")}, {R1: chances}, seed)[0] for seed in (1, 1, 2))
    assert first == again != other
    (alone,) = quality_of(labelled(["0"] * 12, R1), {R1: ("-1", "0")}, {R1: chances[:12]})
    assert (alone.auc.value, alone.auc.low) == (None, None)
    assert Quality.model_validate_json(first.model_dump_json()) == first
