"""How many labels would do without the judge: checked by drawing that many without it."""

import numpy as np
import pytest
from tests.stats.test_rectified import FAMILIES, drawn, noisy, some, yes

from primum.stats.arms import make_arm
from primum.stats.rectified import rectified_difference, rectified_mean
from primum.stats.worth import labels_alone, labels_alone_by_betting


@pytest.mark.parametrize("active", [False, True])
def test_so_many_labels_alone_give_as_narrow_an_interval(active: bool) -> None:
    rng = np.random.default_rng(int(active))
    worth, widths, truths = [], [], []
    for _ in range(30):
        truth = yes(0.4, rng)
        marks = noisy(truth, 0.1, 0.1, rng, FAMILIES)
        chances = np.clip(0.25 * np.where(marks == 1, 1.4, 0.7), 0, 1)
        arm = drawn(truth, marks, chances, rng, FAMILIES) if active else some(truth, marks, 200, rng, FAMILIES)
        found = rectified_mean(arm, bounds=(0, 1))
        worth.append(found.alone)
        widths.append(found.high - found.low)
        truths.append(truth)
    alone = [
        rectified_mean(some(truth, np.zeros(900), round(np.mean(worth)), rng, FAMILIES), bounds=(0, 1))
        for truth in truths
    ]
    assert np.mean([one.high - one.low for one in alone]) == pytest.approx(np.mean(widths), rel=0.03)


def test_the_same_of_a_difference() -> None:
    rng = np.random.default_rng(3)
    worth, widths, pairs = [], [], []
    for _ in range(20):
        truth = yes(0.4, rng)
        other = np.where(rng.random(900) < 0.2, 1 - truth, truth)
        arms = [some(labels, noisy(labels, 0.1, 0.1, rng), 150, rng, FAMILIES) for labels in (truth, other)]
        found = rectified_difference(*arms, bounds=(0, 1))
        worth.append(found.alone)
        widths.append(found.high - found.low)
        pairs.append((truth, other))
    each = round(np.mean(worth) / 2)
    alone = []
    for pair in pairs:
        arms = [some(labels, np.zeros(900), each, rng, FAMILIES) for labels in pair]
        found = rectified_difference(*arms, bounds=(0, 1))
        alone.append(found.high - found.low)
    assert np.mean(alone) == pytest.approx(np.mean(widths), rel=0.04)


def test_a_judge_who_tells_nothing_is_worth_nothing_and_there_are_no_more_labels_than_answers() -> None:
    rng = np.random.default_rng(4)
    arm = some(yes(0.4, rng), np.zeros(900), 200, rng)
    # the variance of 200 labels alone: 199/200 s^2 / n and more; of none, as many as there are
    y = arm.labels
    assert labels_alone((arm,), float(y.var(ddof=1)) / 200) == pytest.approx(200, rel=0.01)
    assert labels_alone((arm,), 0.0) == 900


def test_by_betting_equal_widths_mean_equal_labels() -> None:
    labels = np.repeat([0.0, 1.0], [190, 10])
    arm = make_arm(np.zeros(900), np.arange(200), labels, np.full(200, 200 / 900))
    found = rectified_mean(arm, bounds=(0, 1))  # with a judge who says 0 always
    assert found.method == "rectified betting"
    assert found.alone == pytest.approx(200, rel=0.03)
    width = found.high - found.low
    assert labels_alone_by_betting(arm, width / 2, 1.0, (0, 1), 0.95) == pytest.approx(4 * found.alone, rel=0.01)
