"""Designs of label samples: strata, chances by hand and their floors, what a pilot tells, the fewest labels."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from primum.stats.design import (
    FLOOR,
    active_chances,
    design_effect,
    labels_needed,
    least_labels,
    mark_strata,
    pilot_variance,
    stratified_chances,
    stratum_labels,
)
from primum.stats.expected import label_variance
from primum.stats.means import mean_interval


def test_small_levels_join_their_neighbours_and_the_unscored_stand_alone() -> None:
    marks = np.array([1.0] * 30 + [2.0] * 3 + [4.0] * 12 + [5.0] * 9 + [np.nan] * 2)
    strata = mark_strata(marks, least=10)
    # 2 (three answers) joins 4 (12, fewer than 30), then 5 (nine) joins those 15
    assert [sorted(set(marks[strata == h].tolist())) for h in (0, 1)] == [[1.0], [2.0, 4.0, 5.0]]
    assert np.isnan(marks[strata == 2]).all()
    assert mark_strata(np.array([3.0, 3.0])).tolist() == [0, 0]
    assert mark_strata(np.array([np.nan, np.nan])).tolist() == [0, 0]
    assert least_labels(strata) == 6
    assert least_labels(np.array([0, 0, 1])) == 3


def test_neymans_half_by_hand() -> None:
    strata, squares = np.repeat([0, 1], [80, 20]), np.repeat([1.0, 16.0], [80, 20])
    # Neyman: 80 x 1 against 20 x 4, a half each. Proportional: .8 and .2. Half of both: .65 and .35, of 40 labels 26, 14.
    assert stratum_labels(strata, squares, 40).tolist() == [26, 14]
    # of 80 labels 28 would go to 20 answers: all are taken, and the others get what is left
    assert stratum_labels(strata, squares, 80).tolist() == [60, 20]
    assert stratified_chances(strata, squares, 40)[[0, -1]].tolist() == [26 / 80, 14 / 20]
    assert stratum_labels(strata, np.zeros(100), 10).tolist() == [8, 2]  # no spread anywhere: proportional


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=6),
    st.lists(st.floats(0, 100), min_size=6, max_size=6),
    st.floats(0, 1),
)
def test_strata_get_all_labels_and_keep_the_floor(sizes: list[int], squares: list[float], part: float) -> None:
    strata = np.repeat(np.arange(len(sizes)), sizes)
    n_all = strata.size
    least = int(np.minimum(sizes, np.maximum(2, np.ceil(FLOOR * n_all * np.array(sizes) / n_all))).sum())
    n = least + round(part * (n_all - least))
    spread = np.array(squares)[strata]
    given_to = stratum_labels(strata, spread, n)
    chances = stratified_chances(strata, spread, n)
    assert given_to.sum() == n
    assert (given_to <= sizes).all()
    assert (given_to >= np.minimum(sizes, 2)).all()
    assert (chances >= FLOOR * n / n_all - 1e-12).all()
    assert chances.sum() == pytest.approx(n)


def test_too_few_or_too_many_labels_are_refused() -> None:
    for n in (3, 11):
        with pytest.raises(ValueError, match="in 2 strata: between 4 and all"):
            stratum_labels(np.repeat([0, 1], 5), np.ones(10), n)
    for n in (0, 11):
        with pytest.raises(ValueError, match="labels for 10 answers"):
            active_chances(np.ones(10), n)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=40), st.floats(0.01, 1))
def test_active_chances_follow_uncertainty_between_floor_and_certainty(unsure: list[float], part: float) -> None:
    n = max(1, round(part * len(unsure)))
    chances = active_chances(np.array(unsure), n)
    floor = FLOOR * n / len(unsure)
    assert chances.sum() == pytest.approx(n, rel=1e-6)
    assert (chances >= floor - 1e-12).all()
    assert (chances <= 1).all()
    order = np.argsort(unsure)
    assert (np.diff(chances[order]) >= -1e-12).all()


def test_active_chances_by_hand() -> None:
    # 4 labels of 8: floor 1/8. Uncertainties 1, 2, 3 get c, 2c, 3c; the five certain ones the floor: 6c + 5/8 = 4 gives
    # c = .5625, so 2c and 3c are cut to 1; then c + 2 + 5/8 = 4 cuts that too, and the certain share 1 / 5 each.
    assert active_chances(np.array([1.0, 2.0, 3.0, 0, 0, 0, 0, 0]), 4) == pytest.approx([1, 1, 1, *[0.2] * 5], abs=1e-6)
    # 2 labels of 8: floor 1/16. 6c + 5/16 = 2: c = .28125
    assert active_chances(np.array([1.0, 2.0, 3.0, 0, 0, 0, 0, 0]), 2) == pytest.approx(
        [0.28125, 0.5625, 0.84375, *[0.0625] * 5], abs=1e-6
    )


def test_a_pilot_gives_the_variance_without_bias() -> None:
    """Over all samples of four of seven: in the mean, four parts of the truth and ten of the assumption."""
    d, chances = np.array([1.0, 4.0, 2.0, 5.0, -3.0, 0.0, 6.0]), np.array([0.2, 0.5, 0.9, 0.3, 0.4, 0.6, 0.7])
    truth = label_variance(d**2, chances, np.ones(7))
    found = []
    for drawn in itertools.combinations(range(7), 4):
        at = list(drawn)
        found.append(pilot_variance(d[at], np.full(4, 4 / 7), chances[at], np.ones(4), 7, 0.5))
        assert found[-1][1] >= found[-1][0]
    assert np.mean([value for value, _ in found]) == pytest.approx(4 / 14 * truth + 10 / 14 * 0.5)


@pytest.mark.parametrize("errors", [0.05, 0.1, 0.3])
def test_a_pilots_limit_holds_four_times_in_five(errors: float) -> None:
    """Errors in a known share of the answers, pilots of 60: the limit lies above the truth in at least 80% - 3 se."""
    rng = np.random.default_rng(5)
    truth = 4 * errors / 600  # 1 / pi - 1 = 4, N = 600
    above = 0
    for _ in range(600):
        d = (rng.random(60) < errors) * rng.choice([-1.0, 1.0], 60)
        _, limit = pilot_variance(d, np.full(60, 0.1), np.full(60, 0.2), np.ones(60), 600, truth)
        above += limit >= truth
    assert above / 600 >= 0.8 - 3 * math.sqrt(0.8 * 0.2 / 600)


def test_the_design_effect_is_that_of_the_interval() -> None:
    rng = np.random.default_rng(2)
    families = np.repeat(np.arange(60), 3)
    values = rng.normal(size=60)[families] + rng.normal(size=180)
    whole, alone = mean_interval(values, families), mean_interval(values)
    # t with 59 and with 179 degrees of freedom: 2.0010, 1.9733
    ratio = ((whole.high - whole.low) / 2.0010 / ((alone.high - alone.low) / 1.9733)) ** 2
    assert design_effect(values, families) == pytest.approx(ratio, rel=1e-3)
    assert design_effect(values, np.arange(180)) == 1.0
    assert design_effect(np.ones(6), np.array([0, 0, 0, 1, 1, 2])) == pytest.approx((9 + 4 + 1) / 6)


def test_the_fewest_labels_are_found() -> None:
    asked: list[int] = []

    def width(n: int) -> float:
        asked.append(n)
        return 10 / n

    assert labels_needed(width, 0.1, 2, 1000) == 100
    assert len(asked) < 15
    assert labels_needed(width, 0.1, 2, 99) is None
    assert labels_needed(width, 9.0, 2, 99) == 2
