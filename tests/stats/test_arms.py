"""Answers as the rectified statistics take them: what is refused, and what counts as few."""

from typing import Any

import numpy as np
import pytest

from primum.stats.arms import (
    carriers,
    count_carriers,
    fewest_side,
    greatest_effect,
    make_arm,
    own_strata,
    unseen_variance,
)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"marks": [0, np.nan, 1]}, "marks holds nan"),
        ({"labels": [np.inf]}, "labels holds nan or infinity"),
        ({"places": [], "labels": [], "probabilities": []}, "labels is empty"),
        ({"places": [0, 1]}, "differ"),
        ({"places": [0.0]}, "differ"),
        ({"places": [3]}, r"different ones of 0..2"),
        ({"places": [-1]}, r"different ones of 0..2"),
        ({"places": [1, 1], "labels": [0, 0], "probabilities": [1, 1]}, r"different ones"),
        ({"probabilities": [0.0]}, "above 0 and up to 1"),
        ({"probabilities": [1.1]}, "above 0 and up to 1"),
        ({"clusters": [0, 1]}, "clusters has shape"),
        ({"units": [0, 1, -1]}, "units holds a negative"),
        ({"known": [True, False, False]}, "such an answer has no label"),
        ({"known": [True]}, "known must say of each"),
    ],
)
def test_bad_input(change: dict[str, Any], fault: str) -> None:
    sound: dict[str, Any] = {"marks": [0, 1, 1], "places": [0], "labels": [1], "probabilities": [0.5]}
    make_arm(**sound)
    with pytest.raises(ValueError, match=fault):
        make_arm(**(sound | change))


def test_a_stratum_of_50_labels_stands_alone_and_the_others_together() -> None:
    strata = np.repeat([3, 5, 8], [60, 60, 30])
    labelled = np.concatenate([np.arange(50), 60 + np.arange(49), 120 + np.arange(10)])
    arm = make_arm(np.zeros(150), labelled, np.zeros(109), np.full(109, 0.5), strata=strata)
    assert own_strata(arm).tolist() == [1] * 60 + [0] * 90
    # where what is left over has no label at all, nothing stands alone
    few = make_arm(np.zeros(150), labelled[:50], np.zeros(50), np.full(50, 0.5), strata=strata)
    assert set(own_strata(few)) == {0}
    # where nothing is left over, each stands alone
    two = make_arm(np.zeros(120), np.arange(120), np.zeros(120), np.full(120, 0.5), strata=strata[:120])
    assert own_strata(two).tolist() == [0] * 60 + [1] * 60


def test_a_text_that_was_labelled_once_counts_once() -> None:
    # three answers with one text (draw 7) and one other: labels 1 1 1 and 0 are two labels, one on either side
    arm = make_arm(np.zeros(4), [0, 1, 2, 3], [1, 1, 1, 0], np.full(4, 0.5), draws=[7, 7, 7, 2])
    assert fewest_side(arm) == (1, 1.0)


def test_equal_labels_have_no_side() -> None:
    assert fewest_side(make_arm(np.zeros(3), [0, 1], [4, 4], [0.5, 0.5])) == (0, 0.0)


def test_carriers_are_labels_with_a_notable_error() -> None:
    # errors 1, -1 and 0.04 of a scale of width 1: the last is none
    arm = make_arm(np.zeros(6), [0, 1, 2], [1, 0, 0.5], np.full(3, 0.5))
    assert carriers(arm, np.array([0, 1, 0.46, 0, 0, 0.0]), 1.0) == pytest.approx(2)
    assert count_carriers(np.zeros(3)) == 0


def test_what_is_unseen_by_hand() -> None:
    # ten equal labels, five carriers: 2 (1 - 5/20) width^2 x (1/10)^2
    arm = make_arm(np.zeros(20), np.arange(10), np.zeros(10), np.full(10, 0.5))
    assert unseen_variance(arm, 5, 4.0) == pytest.approx(2 * 0.75 * 16 / 100)
    assert unseen_variance(arm, 25, 4.0) == 0
    whole = make_arm(np.zeros(10), np.arange(10), np.zeros(10), np.ones(10))
    assert unseen_variance(whole, 0, 4.0) == 0  # all are labelled


def test_greatest_effect_by_hand() -> None:
    # 8 answers, 2 labels: W = 4; families of 2: D = 8 x 4 x (2/8)^2 = 2; d = 1: (3 x 1 + 2) / 4
    clusters = np.arange(8) // 2
    arm = make_arm(np.zeros(8), [0, 2], [0, 0], [0.25, 0.25], clusters)
    assert greatest_effect(arm) == pytest.approx(1.25)
    # all labelled: D alone
    assert greatest_effect(make_arm(np.zeros(8), np.arange(8), np.zeros(8), np.ones(8), clusters)) == pytest.approx(2)
    # two texts drawn together: d = 8 x ((2/8)^2 + 6/64) = 1.25
    draws = [0, 0, 1, 2, 3, 4, 5, 6]
    assert greatest_effect(make_arm(np.zeros(8), [0, 2], [0, 0], [0.25, 0.25], draws=draws)) == pytest.approx(
        (3 * 1.25 + 1) / 4
    )
