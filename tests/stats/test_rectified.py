"""Rectified means and differences: worked by hand, against other formulas, and by simulation with a known truth."""

import math

import numpy as np
import pytest
from scipy.special import stdtrit
from tests.stats.simulation import noise

from primum.stats.arms import Arm, make_arm
from primum.stats.inputs import Codes, Floats
from primum.stats.means import mean_interval
from primum.stats.ppi import ppi_mean
from primum.stats.rectified import Rectified, rectified_difference, rectified_mean

FAMILIES = np.concatenate([np.arange(600), 600 + np.arange(200) // 2, 700 + np.arange(100) // 5])  # 900 in 720 families


def noisy(truth: Floats, over: float, under: float, rng: np.random.Generator, clusters: Codes | None = None) -> Floats:
    """A judge who calls a share `over` of the noes yes and a share `under` of the yeses no, alike within families."""
    codes = np.arange(truth.size) if clusters is None else clusters
    draw = np.where(rng.random(truth.size) < 0.5, rng.random(int(codes.max()) + 1)[codes], rng.random(truth.size))
    errs = draw < np.where(truth == 1, under, over)
    return np.where(errs, 1 - truth, truth)


def yes(share: float, rng: np.random.Generator, n: int = 900) -> Floats:
    """Ones in a share of n answers, zeros in the others."""
    return (rng.random(n) < share).astype(np.float64)


def drawn(
    truth: Floats, marks: Floats, chances: Floats, rng: np.random.Generator, clusters: Codes | None = None
) -> Arm:
    places = np.flatnonzero(rng.random(truth.size) < chances)
    return make_arm(marks, places, truth[places], chances[places], clusters)


def some(truth: Floats, marks: Floats, n: int, rng: np.random.Generator, clusters: Codes | None = None) -> Arm:
    places = np.sort(rng.choice(truth.size, n, replace=False))
    return make_arm(marks, places, truth[places], np.full(n, n / truth.size), clusters)


def test_all_labelled_is_the_mean_of_the_labels() -> None:
    """Whatever the judge says. 60 zeros and 40 ones: Var = 100/99 x (0.4 x 0.6) / 100, and t has 99 degrees of freedom."""
    labels = np.repeat([0.0, 1.0], [60, 40])
    for marks in (np.zeros(100), np.ones(100), 1 - labels):
        found = rectified_mean(make_arm(marks, np.arange(100), labels, np.ones(100)), bounds=(0, 1))
        assert found.value == pytest.approx(0.4)
        assert found.high - 0.4 == pytest.approx(1.98422 * math.sqrt(0.24 / 99), abs=1e-5)
        assert (found.n, found.clusters, found.labels) == (100, 100, 100)
        assert found.alone == pytest.approx(100)
        assert found.method == "rectified cluster-t"


def test_all_labelled_in_families_is_the_cluster_t_interval() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(1, 6, 100), 3).astype(float)  # families of three that say the same
    clusters = np.repeat(np.arange(100), 3)
    found = rectified_mean(make_arm(np.ones(300), np.arange(300), labels, np.ones(300), clusters), bounds=(1, 5))
    expected = mean_interval(labels, clusters, bounds=(1, 5))
    assert [found.value, found.low, found.high] == pytest.approx([expected.value, expected.low, expected.high])


def test_a_judge_who_is_right_by_hand() -> None:
    """Marks and labels alike: m = f, so Z = f, and nothing is left to chance but which answers these are, and errors that 100
    labels cannot show."""
    marks = np.tile([0.0, 1.0], 100)
    arm = make_arm(marks, np.arange(100), marks[:100], np.full(100, 0.5))
    found = rectified_mean(arm, bounds=(0, 1))
    # Var = 100/99 x 200 (1/2)^2 / 200^2 + 2 (1/100)^2; the 4th powers are even, so t has L - 1 = 99 degrees of freedom
    error = math.sqrt(100 / 99 * 0.25 / 200 + 2 / 100**2)
    assert found.lam == pytest.approx((1.0,), abs=0.02)
    assert found.value == pytest.approx(0.5, abs=1e-3)
    assert (found.high - found.low) / 2 == pytest.approx(1.98422 * error, rel=0.01)
    # labels alone: Var = (1/4) / 99, that is, so many times as much
    assert found.alone == pytest.approx(min(200, 100 * 0.25 / 99 / error**2), rel=0.02)


def test_a_judge_who_always_says_the_same_leaves_the_labels_alone() -> None:
    rng = np.random.default_rng(1)
    truth = yes(0.4, rng)
    arm = some(truth, np.full(900, 1.0), 200, rng)
    found = rectified_mean(arm, bounds=(0, 1))
    y = arm.labels
    assert found.lam == (0.0,)
    assert found.value == pytest.approx(y.mean(), abs=0.002)
    half = float(stdtrit(199, 0.975)) * y.std(ddof=1) / math.sqrt(200)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.01)
    assert found.alone == pytest.approx(200, rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_with_equal_chances_it_agrees_with_the_published_form(seed: int) -> None:
    """Not to the last digit: ours fits without the family at hand, theirs takes the unlabelled apart. Within a tenth of a
    standard error, and the widths within 3%."""
    rng = np.random.default_rng(seed)
    truth = yes(0.4, rng)
    arm = some(truth, noisy(truth, 0.15, 0.1, rng), 250, rng)
    ours = rectified_mean(arm, bounds=(0, 1))
    others = np.setdiff1d(np.arange(900), arm.places)
    theirs = ppi_mean(arm.labels, arm.marks[arm.places], arm.marks[others])
    assert abs(ours.value - theirs.value) < 0.1 * (theirs.high - theirs.low) / 4
    assert ours.high - ours.low == pytest.approx(theirs.high - theirs.low, rel=0.03)


def test_the_formula_by_plain_loops() -> None:
    """Value and interval from Z = m + xi / pi (Y - m), with m from `cross_fit`, which has tests of its own."""
    from primum.stats.crossfit import cross_fit

    rng = np.random.default_rng(5)
    truth = yes(0.4, rng)
    chances = rng.uniform(0.1, 0.6, 900)
    arm = drawn(truth, noisy(truth, 0.2, 0.2, rng, FAMILIES), chances, rng, FAMILIES)
    found = rectified_mean(arm, bounds=(0, 1))
    m = cross_fit((arm,), (0, 1))[0][0]
    z = [float(x) for x in m]
    for place, label, chance in zip(arm.places, arm.labels, arm.probabilities, strict=True):
        z[place] = float(m[place] + (label - m[place]) / chance)
    value = sum(z) / 900
    assert found.value == pytest.approx(value)
    totals = [0.0] * 720
    for i, family in enumerate(FAMILIES):
        totals[family] += (z[i] - value) / 900
    families = len({int(FAMILIES[place]) for place in arm.places})
    squares, fourth = sum(t**2 for t in totals), sum(t**4 for t in totals)
    df = min(families - 1, 2 * squares**2 / (fourth - squares**2 / families))
    error = math.sqrt(families / (families - 1) * squares)  # some 70 labels are in error: nothing is unseen
    assert found.high - value == pytest.approx(float(stdtrit(df, 0.975)) * error)


def test_a_constant_added_to_all_moves_the_interval_and_nothing_else() -> None:
    rng = np.random.default_rng(6)
    truth = rng.integers(1, 6, 400).astype(float)
    arm = some(truth, np.clip(truth + rng.integers(-1, 2, 400), 1, 5), 120, rng)
    one = rectified_mean(arm, bounds=(1, 5))
    other = rectified_mean(arm._replace(marks=arm.marks + 100, labels=arm.labels + 100), bounds=(101, 105))
    assert [other.value - 100, other.low - 100, other.high - 100] == pytest.approx([one.value, one.low, one.high])
    assert other.alone == pytest.approx(one.alone)


def test_rare_answers_take_an_interval_by_betting() -> None:
    rng = np.random.default_rng(7)
    truth = np.repeat([0.0, 1.0], [860, 40])
    places = np.concatenate([np.arange(180), 860 + np.arange(19)])
    arm = make_arm(noisy(truth, 0.1, 0.1, rng), places, truth[places], np.full(199, 199 / 900))
    found = rectified_mean(arm, bounds=(0, 1))
    assert found.method == "rectified betting"
    assert 0 <= found.low <= found.value <= found.high <= 1
    more = np.append(places, 880)  # the twentieth one
    arm = make_arm(arm.marks, more, truth[more], np.full(200, 200 / 900))
    assert rectified_mean(arm, bounds=(0, 1)).method == "rectified cluster-t"


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_labels_that_are_all_alike_prove_no_certainty(label: float) -> None:
    arm = make_arm(np.full(900, label), np.arange(200), np.full(200, label), np.full(200, 200 / 900))
    found = rectified_mean(arm, bounds=(0, 1))
    assert found.value == label
    width = found.high - found.low
    assert 0.01 < width < 0.05  # none of 200: by the rule of three about 3/200
    assert found.low == label or found.high == label


def test_families_move_the_limits_of_betting_out() -> None:
    """900 answers in pairs, 200 labels, all 0: by 1 + (2 - 1) 200 / 900 at most, whatever the pairs have in common."""
    zeros, chances = np.zeros(200), np.full(200, 200 / 900)
    single = rectified_mean(make_arm(np.zeros(900), np.arange(200), zeros, chances), bounds=(0, 1))
    pairs = rectified_mean(make_arm(np.zeros(900), np.arange(200), zeros, chances, np.arange(900) // 2), bounds=(0, 1))
    assert pairs.high == pytest.approx(single.high * (1 + 2 / 9))


def test_a_single_label() -> None:
    found = rectified_mean(make_arm(np.array([1.0, 2, 5]), [1], [3.0], [1 / 3]), bounds=(1, 5))
    assert (found.method, found.labels) == ("rectified betting", 1)
    assert 1 <= found.low <= found.value <= found.high <= 5


def test_labels_of_one_family_alone_tell_nothing_of_others() -> None:
    labels = np.repeat([0.0, 1.0], 30)
    arm = make_arm(np.zeros(100), np.arange(60), labels, np.full(60, 0.6), np.minimum(np.arange(100), 60))
    one = rectified_mean(arm._replace(clusters=np.where(np.arange(100) < 60, 0, np.arange(100))), bounds=(0, 1))
    assert (one.low, one.high, one.method) == (0, 1, "rectified, too few clusters")
    assert math.isnan(one.alone)


def test_what_is_known_counts_as_it_is() -> None:
    """Half of the answers are known to be 1, of the others half are: 3/4, however few of them are labelled."""
    rng = np.random.default_rng(8)
    truth = np.concatenate([np.ones(400), np.tile([0.0, 1.0], 200)])
    places = 400 + np.sort(rng.choice(400, 100, replace=False))
    marks = np.concatenate([np.ones(400), np.zeros(400)])
    arm = make_arm(marks, places, truth[places], np.full(100, 0.25), known=np.arange(800) < 400)
    found = rectified_mean(arm, bounds=(0, 1))
    assert found.value == pytest.approx(0.5 + 0.5 * truth[places].mean(), abs=0.005)
    alone = rectified_mean(make_arm(marks[400:], places - 400, truth[places], np.full(100, 0.25)), bounds=(0, 1))
    assert found.high - found.low < 0.6 * (alone.high - alone.low)


def test_answers_of_one_item_share_its_weight() -> None:
    """Two items, one with three answers (labels 0 0 0 ... ) and one with one: units count alike."""
    labels = np.tile([0.0, 0.0, 0.0, 1.0], 40)
    units = np.repeat(np.arange(80), np.tile([3, 1], 40))
    arm = make_arm(np.zeros(160), np.arange(160), labels, np.ones(160), units, units=units)
    found = rectified_mean(arm, bounds=(0, 1))
    assert found.value == pytest.approx(0.5)
    assert found.n == 80


@pytest.mark.parametrize(
    ("bounds", "level", "fault"),
    [((0, 1), 1.0, "level"), ((0, 0.5), 0.95, "labels from 0 to 1 leave"), ((1, 2), 0.95, "leave the bounds")],
)
def test_bad_input(bounds: tuple[float, float], level: float, fault: str) -> None:
    arm = make_arm(np.zeros(4), [0, 1], [0, 1], [0.5, 0.5])
    with pytest.raises(ValueError, match=fault):
        rectified_mean(arm, bounds=bounds, level=level)


def test_difference_of_two_runs_that_are_all_labelled() -> None:
    """Then it is the paired difference: base 0 0 1 1 ..., candidate 0 1 1 1 ... gives differences 0 1 0 0, mean 1/4."""
    base, candidate = np.tile([0.0, 0.0, 1.0, 1.0], 30), np.tile([0.0, 1.0, 1.0, 1.0], 30)
    arms = [make_arm(np.zeros(120), np.arange(120), labels, np.ones(120)) for labels in (base, candidate)]
    found = rectified_difference(*arms, bounds=(0, 1))
    half = 1.98010 * math.sqrt(0.25 * 0.75 / 119)  # t with 119 degrees of freedom
    assert found.value == pytest.approx(0.25)
    assert found.high - 0.25 == pytest.approx(half, abs=1e-4)
    assert (found.n, found.labels) == (120, 240)
    assert found.p < 1e-6


def test_the_other_way_round_is_the_negative() -> None:
    rng = np.random.default_rng(9)
    truth = yes(0.4, rng)
    other = np.where(rng.random(900) < 0.2, 1 - truth, truth)
    one, two = (some(labels, noisy(labels, 0.1, 0.1, rng), 200, rng, FAMILIES) for labels in (truth, other))
    there, back = rectified_difference(one, two, bounds=(0, 1)), rectified_difference(two, one, bounds=(0, 1))
    assert [there.value, there.low, there.high] == pytest.approx([-back.value, -back.high, -back.low])
    assert there.p == pytest.approx(back.p)
    assert there.lam == pytest.approx(back.lam[::-1])


def test_pairing_is_worth_something() -> None:
    """The same items in both arms: what an item does to both cancels, so it is narrower than two runs on different items."""
    rng = np.random.default_rng(10)
    truth = yes(0.5, rng)
    marks = noisy(truth, 0.05, 0.05, rng)
    one, two = (some(truth, marks, 200, rng) for _ in range(2))
    found = rectified_difference(one, two, bounds=(0, 1))
    single = [rectified_mean(arm, bounds=(0, 1)) for arm in (one, two)]
    apart = math.hypot(*(arm.high - arm.low for arm in single))
    assert found.high - found.low < 0.75 * apart
    assert found.low < 0 < found.high


def test_runs_that_do_not_differ_where_they_were_labelled_prove_no_equality() -> None:
    rng = np.random.default_rng(11)
    truth = yes(0.5, rng, 400)
    arm = some(truth, truth, 100, rng)
    found = rectified_difference(arm, arm, bounds=(0, 1))
    # nobody carries a difference: two labels with the greatest error in each arm, 2 x 2 (1/100)^2, and t_99
    assert found.value == 0
    assert found.high == pytest.approx(1.98422 * math.sqrt(4 / 100**2), rel=0.02)
    assert found.p == 1


def test_difference_by_betting_where_either_arm_is_rare() -> None:
    rng = np.random.default_rng(12)
    rare, common = yes(0.02, rng), yes(0.5, rng)
    one, two = (some(labels, noisy(labels, 0.05, 0.05, rng), 200, rng) for labels in (rare, common))
    found = rectified_difference(one, two, bounds=(0, 1))
    assert found.method == "rectified betting"
    assert found.low > 0
    assert found.p == pytest.approx(1e-4, rel=0.01)  # the least that is told
    assert math.isnan(found.alone)
    same = rectified_difference(one, some(rare, rare, 200, rng), bounds=(0, 1))
    assert same.low < 0 < same.high
    assert same.p > 0.05


def test_p_agrees_with_the_interval() -> None:
    rng = np.random.default_rng(13)
    truth = yes(0.4, rng)
    for change in (0.0, 0.05, 0.1):
        other = np.where(rng.random(900) < change, 1.0, truth)
        arms = [some(labels, noisy(labels, 0.1, 0.1, rng), 200, rng, FAMILIES) for labels in (truth, other)]
        p = rectified_difference(*arms, bounds=(0, 1)).p
        for level in (1 - 0.9 * p, 1 - min(0.999, 1.1 * p)):
            found = rectified_difference(*arms, bounds=(0, 1), level=level)
            assert (found.low <= 0 <= found.high) == (level > 1 - p)


def test_different_units_cannot_be_subtracted() -> None:
    one, two = (make_arm(np.zeros(n), [0], [0], [0.5]) for n in (3, 4))
    with pytest.raises(ValueError, match="pair them first"):
        rectified_difference(one, two, bounds=(0, 1))


def simulated(
    prevalence: float, active: bool, replications: int, seed: int, over: float = 0.15, under: float = 0.05
) -> tuple[float, float, list[Rectified]]:
    """The share of intervals that hold the truth, the bias in standard errors, and all that was found."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(replications):
        family = rng.random(720)[FAMILIES]
        truth = (np.where(rng.random(900) < 0.5, family, rng.random(900)) < prevalence).astype(np.float64)
        marks = noisy(truth, over, under, rng, FAMILIES)
        if active:  # what the judge calls yes is drawn more often
            shape = np.where(marks == 1, 1.0, 0.35) * rng.uniform(0.5, 1, 900)
            chances = np.clip(200 * shape / shape.sum(), 0.25 * 200 / 900, 1)
            arm = drawn(truth, marks, chances, rng, FAMILIES)
        else:
            arm = some(truth, marks, 200, rng, FAMILIES)
        found.append(rectified_mean(arm, bounds=(0, 1)))
    values = np.array([one.value for one in found])
    covered = float(np.mean([one.low <= prevalence <= one.high for one in found]))
    return covered, float((values.mean() - prevalence) / values.std()), found


@pytest.mark.parametrize("active", [False, True])
@pytest.mark.parametrize("prevalence", [0.01, 0.1, 0.5])
def test_it_covers_with_a_biased_judge_and_is_unbiased(prevalence: float, active: bool) -> None:
    """bench/rectified.py does this with 2,000 samples; here the tolerance is that of 200."""
    covered, bias, _ = simulated(prevalence, active, 200, seed=int(1000 * prevalence) + active)
    assert covered >= 0.95 - noise(0.95, 200)
    assert abs(bias) < 3 / math.sqrt(200)  # the judge's own rate is off by ten points


def test_a_good_judge_makes_it_a_quarter_narrower_than_labels_alone() -> None:
    for prevalence in (0.3, 0.5):
        rng = np.random.default_rng(14)
        widths, alone = [], []
        for _ in range(60):
            truth = yes(prevalence, rng)
            arm = some(truth, noisy(truth, 0.1, 0.1, rng), 200, rng)
            found = rectified_mean(arm, bounds=(0, 1))
            labels = rectified_mean(arm._replace(marks=np.zeros(900)), bounds=(0, 1))
            widths.append(found.high - found.low)
            alone.append(labels.high - labels.low)
        assert np.mean(widths) < 0.75 * np.mean(alone)


def test_tuning_does_no_harm() -> None:
    """A judge who guesses: no wider than without, and no narrower either, which would be luck taken for knowledge."""
    covered, _, found = simulated(0.4, False, 200, seed=3, over=0.5, under=0.5)
    assert covered >= 0.95 - noise(0.95, 200)
    assert np.mean([one.alone for one in found]) == pytest.approx(200, abs=6)
    assert np.mean([one.lam[0] for one in found]) < 0.1
