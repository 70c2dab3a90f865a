"""The line from marks to labels: fitted without the families that it is used on."""

import numpy as np
import pytest

from primum.stats.arms import Arm, make_arm
from primum.stats.crossfit import FOLDS, cross_fit, tune


def sample(seed: int = 0, n: int = 200, labels: int = 80) -> Arm:
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 1, n)
    marks = np.clip(truth + rng.normal(0, 0.2, n), 0, 1)
    places = np.sort(rng.choice(n, labels, replace=False))
    return make_arm(marks, places, truth[places], np.full(labels, labels / n), np.arange(n) // 2)


def test_what_a_family_says_has_no_part_in_what_is_expected_of_it() -> None:
    arm = sample()
    before = cross_fit((arm,), (0, 1))[0][0]
    changed = arm.labels.copy()
    own = arm.clusters[arm.places] == arm.clusters[arm.places[5]]
    changed[own] = 1 - changed[own]
    after = cross_fit((arm._replace(labels=changed),), (0, 1))[0][0]
    fold = np.random.default_rng(0).permutation(100) % FOLDS
    mine = fold[arm.clusters] == fold[arm.clusters[arm.places[5]]]
    assert np.array_equal(before[mine], after[mine])
    assert not np.array_equal(before[~mine], after[~mine])


def test_the_line_of_a_fold_by_plain_loops() -> None:
    arm = sample(3)
    expected, (lam,) = cross_fit((arm,), (0, 1))
    fold = np.random.default_rng(0).permutation(100) % FOLDS
    lams = []
    for k in range(FOLDS):
        others = [i for i in range(200) if fold[i // 2] != k]
        said = {int(i): float(y) for i, y in zip(arm.places, arm.labels, strict=True) if fold[i // 2] != k}
        y_bar, f_bar = sum(said.values()) / len(said), sum(float(arm.marks[i]) for i in said) / len(said)
        centre = sum(float(arm.marks[i]) for i in others) / len(others)
        totals, slopes = np.zeros(100), np.zeros(100)
        for i in others:
            weight = 1 / len(said) if i in said else 0.0  # chances are equal
            slopes[i // 2] += (1 / len(others) - weight) * (arm.marks[i] - centre)
            totals[i // 2] += weight * (said.get(i, 0.0) - y_bar)
        lams.append(min(max(-float(totals @ slopes) / float(slopes @ slopes), 0.0), 1.0))
        for i in (i for i in range(200) if fold[i // 2] == k):
            line = y_bar + lams[-1] * (arm.marks[i] - f_bar)
            assert float(expected[0][i]) == pytest.approx(min(max(line, 0), 1), abs=1e-6)
    assert lam[0] == pytest.approx(np.mean(lams), abs=1e-6)


def test_lambda_is_the_slope_where_chances_are_equal_and_families_single() -> None:
    # lambda tends to cov(Y, f) / var(f), a half for Y = f / 2; exactly so where the labelled marks are spread as the others
    marks = np.repeat(np.linspace(0, 1, 200), 2)
    places = np.arange(0, 400, 2)
    arm = make_arm(marks, places, marks[places] / 2, np.full(200, 0.5))
    assert cross_fit((arm,), (0, 1))[1][0][0] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("turned", "lam"), [(lambda f: 1 - f, 0.0), (lambda f: f, 1.0)])
def test_lambda_stays_between_0_and_1(turned: object, lam: float) -> None:
    marks = np.linspace(0.4, 0.6, 200)
    places = np.arange(0, 200, 2)
    labels = 0.5 + 3 * (turned(marks[places]) - 0.5)  # type: ignore[operator]
    arm = make_arm(marks, places, np.clip(labels, 0, 1), np.full(100, 0.5))
    assert cross_fit((arm,), (0, 1))[1][0][0] == pytest.approx(lam, abs=1e-9)


def test_each_stratum_with_enough_labels_has_its_own_line() -> None:
    # in one stratum the judge is right, in the other it says the contrary
    rng = np.random.default_rng(0)
    marks = rng.integers(0, 2, 400).astype(float)
    strata = np.arange(400) // 200
    truth = np.where(strata == 0, marks, 1 - marks)
    places = np.arange(0, 400, 2)
    arm = make_arm(marks, places, truth[places], np.full(200, 0.5), strata=strata)
    expected, (lam,) = cross_fit((arm,), (0, 1))
    assert lam == pytest.approx([1, 0], abs=0.01)
    assert expected[0][strata == 0] == pytest.approx(marks[strata == 0], abs=0.02)


def test_what_is_known_is_expected_as_it_is() -> None:
    known = np.arange(200) >= 190
    arm = sample()
    kept = arm.places < 190
    arm = arm._replace(
        known=known, places=arm.places[kept], labels=arm.labels[kept], probabilities=arm.probabilities[kept]
    )
    expected = cross_fit((arm,), (0, 1))[0][0]
    assert np.array_equal(expected[known], arm.marks[known])


def test_one_label_is_enough_to_go_on() -> None:
    arm = make_arm(np.array([0.0, 1, 1, 0]), [1], [1.0], [0.25])
    expected, _ = cross_fit((arm,), (0, 1))
    assert np.isfinite(expected[0]).all()
    assert expected[0][1] == 0.5  # without it nothing is known: the middle of the scale


def test_tune_by_hand() -> None:
    # (1 - 2x)^2 + (1 - x)^2 + 1: least at x = 3/5
    assert tune(np.ones(3), np.array([[-2.0], [-1.0], [0.0]])) == pytest.approx([0.6])
    assert tune(np.ones(3), np.zeros((3, 2))).tolist() == [0, 0]


def test_where_the_judge_says_one_thing_only_it_has_no_weight() -> None:
    """Strata by the judge's mark, as `primum agree --plan` draws them: each has its own mean, and no slope."""
    marks = np.repeat([1.0, 5.0], 100)
    truth = np.where(np.arange(200) % 4 == 0, 3.0, marks)
    places = np.arange(120) + np.repeat([0, 40], 60)
    arm = make_arm(marks, places, truth[places], np.full(120, 0.6), strata=marks.astype(int))
    expected, (lam,) = cross_fit((arm,), (1, 5))
    assert np.isnan(lam).all()
    # of the first stratum 15 of 60 labels are 3 and the others 1: 1.5; of the second 4.5
    assert expected[0][:100] == pytest.approx(np.full(100, 1.5), abs=0.1)
    assert expected[0][100:] == pytest.approx(np.full(100, 4.5), abs=0.1)
