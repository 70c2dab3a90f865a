"""What labels so far tell of a judge: values of labels, weights, slope and residuals, each by hand."""

from __future__ import annotations

import numpy as np
import pytest

from primum.agree.numbers import Number
from primum.agree.pilot import Pilot, label_value, weigh_pilot
from primum.measures import MEASURES

BY_NAME = {measure.name: measure for measure in MEASURES}


def number(marks: list[float]) -> Number:
    n = len(marks)
    return Number("s", "j", BY_NAME["harmfulness"], np.arange(n), np.ones(n), np.array(marks), 1.0, 1.0, n)


@pytest.mark.parametrize(
    ("name", "labels", "values"),
    [
        ("harmfulness", ["1", "5"], [1, 5]),
        ("harmful_share", ["3", "4"], [0, 1]),
        ("refusal_rate", ["full", "partial", "refusal", "1", "compliance", "degenerate", "0"], [1, 1, 1, 1, 0, 0, 0]),
        ("r1_rate", ["-1", "0"], [1, 0]),
        ("dilemma", ["-1", "3"], [-1, 3]),
    ],
)
def test_labels_are_taken_as_their_number_takes_marks(name: str, labels: list[str], values: list[float]) -> None:
    assert [label_value(BY_NAME[name], label) for label in labels] == values


def test_a_pilot_by_hand() -> None:
    """Four labels of ten answers: two drawn with chance .5 (weight 2 each), two with .25 (4 each); 12, scaled to 10."""
    one = number([1, 2, 3, 5, 1, 1, 2, 4, 5, 1])
    pilot = Pilot(np.array([0, 1, 2, 3]), np.array([1.0, 1.0, 4.0, 4.0]), np.array([0.5, 0.5, 0.25, 0.25]))
    weights = np.array([2, 2, 4, 4]) * 10 / 12
    f, y = np.array([1.0, 2.0, 3.0, 5.0]), pilot.marks
    f = f - (weights * f).sum() / 10  # mean (1 x 2 + 2 x 2 + 3 x 4 + 5 x 4) / 12 = 38 / 12
    y = y - (weights * y).sum() / 10  # mean 36 / 12
    assert [f[0], y[0]] == pytest.approx([1 - 38 / 12, -2])
    slope = (weights * f * y).sum() / (weights * f * f).sum()
    assert 0 < slope < 1
    residuals = (y - slope * f) * np.sqrt(4 / 2)
    chances = np.full(10, 0.4)
    parts = 4 * weights * (1 / 0.4 - 1) * residuals**2 / 100
    (value, limit), variance = weigh_pilot(pilot, one, chances, 0.7, 3.0)
    assert value == pytest.approx(4 / 14 * parts.mean() + 10 / 14 * 0.7)  # the assumption counts as ten labels
    assert limit > value
    assert variance == pytest.approx(4 / 14 * (weights * y * y).sum() / 10 * 4 / 3 + 10 / 14 * 3.0)


def test_a_judge_who_says_the_opposite_is_left_out_and_not_turned_round() -> None:
    one = number([1.0, 5.0] * 10)
    pilot = Pilot(np.arange(20), np.array([5.0, 1.0] * 10), np.ones(20))
    chances = np.full(20, 0.5)
    (value, _), _ = weigh_pilot(pilot, one, chances, 0.0, 4.0)
    # slope 0: residuals are the labels', +/- 2 with 20 / 18 for what was fitted; each part 20 x 1 x 4 x 20 / 18 / 400
    assert value == pytest.approx(20 / 30 * 20 * 4 * 20 / 18 / 400)


def test_where_the_judge_gave_no_mark_its_mean_stands() -> None:
    marks = np.array([1.0, 2.0, 3.0, 4.0, 2.5])
    with_gap, filled = (number([1, 2, 3, 4, last]) for last in (float("nan"), 2.5))
    pilot = Pilot(np.arange(5), marks + 1, np.full(5, 0.5))
    first, second = (weigh_pilot(pilot, one, np.full(5, 0.5), 0.1, 1.0) for one in (with_gap, filled))
    assert first == second
