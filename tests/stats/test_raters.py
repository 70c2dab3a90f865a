"""Agreement with its intervals: by hand on small tables, degenerate cases named, and coverage simulated."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from tests.stats.simulation import Design, families, noise

from primum.stats.raters import (
    NO_SPREAD,
    OFTEN_UNDEFINED,
    ONE_LABEL,
    TOO_FEW,
    UNEQUAL,
    GroupAgreement,
    PairAgreement,
    pair_agreement,
    rater_agreement,
)

Codes = npt.NDArray[np.int64]
LEVELS = [1, 2, 3, 4, 5]


def group(codes: npt.ArrayLike, levels: list[int], family: npt.ArrayLike | None = None) -> GroupAgreement:
    own = np.arange(len(np.asarray(codes))) if family is None else family
    return rater_agreement(codes, levels, own, rng=np.random.default_rng(0))


def pair(first: list[int], second: list[int], levels: list[int]) -> PairAgreement:
    return pair_agreement(first, second, levels, np.arange(len(first)), rng=np.random.default_rng(0))


def test_missing_labels_by_hand() -> None:
    # Agreeing pairs: thing 0 all three (1), thing 1 one of three (1/3), thing 2 its one pair (1), thing 3 has one label.
    # percent = (1 + 1/3 + 1) / 3 = 7/9. Prevalence of 0 over four things: (1 + 2/3 + 0 + 0) / 4 = 5/12, e = 2 x 5/12 x
    # 7/12 = 70/144, AC1 = (7/9 - 70/144) / (74/144) = 42/74.
    found = group([[0, 0, 0], [0, 0, 1], [1, 1, -1], [-1, 1, -1]], [0, 1])
    assert found.percent.value == pytest.approx(7 / 9)
    assert found.ac1.value == pytest.approx(42 / 74)
    assert (found.percent.n, found.percent.clusters) == (3, 3)
    assert math.isnan(found.fleiss.value)
    assert found.fleiss.method == UNEQUAL


def test_a_pair_counts_what_both_labelled() -> None:
    found = pair([0, 0, 1, -1, 2], [0, 1, 1, 2, -1], [0, 1, 2])
    assert found.table.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert found.percent.value == pytest.approx(2 / 3)
    assert found.kappa.n == 3


def test_one_label_only() -> None:
    found = group(np.ones((20, 2), dtype=np.int64), [0, 1])
    assert [number.method for number in (found.fleiss, found.nominal, found.ordinal)] == [ONE_LABEL] * 3
    assert math.isnan(found.nominal.value)
    assert (found.percent.value, found.ac1.value) == (1.0, 1.0)
    assert found.percent.method == found.ac1.method == NO_SPREAD  # 20 agreements are no proof of certainty
    assert math.isnan(found.percent.low)


def test_few_families_have_no_interval() -> None:
    codes = np.repeat([[0, 0], [0, 1], [1, 1]], 10, axis=0)
    few = group(codes, [0, 1], np.minimum(np.arange(30) // 3, 8))
    assert few.percent.method == TOO_FEW
    assert math.isnan(few.percent.low)
    assert group(codes, [0, 1], np.arange(30) // 3).percent.method == "bootstrap"


def test_a_label_that_most_resamples_lose_gives_no_interval() -> None:
    # One of twelve families holds all labels 1: a resample is without it in (11/12)^12 = 35% of cases.
    found = group([[0, 0]] * 11 + [[1, 1]], [0, 1])
    assert found.nominal.value == 1.0
    assert found.nominal.method == OFTEN_UNDEFINED


def test_families_widen_the_interval() -> None:
    # The same labels in 20 families of five alike ones: an interval sqrt(5) as wide, 2.24, but for the draws.
    codes = np.repeat(np.tile([[0, 0], [0, 1], [1, 1], [1, 1]], (5, 1)), 5, axis=0)
    alone, together = group(codes, [0, 1]).percent, group(codes, [0, 1], np.repeat(np.arange(20), 5)).percent
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(5**0.5, rel=0.2)


def test_a_seed_gives_one_interval() -> None:
    codes = np.random.default_rng(3).integers(0, 5, (60, 3))
    assert group(codes, LEVELS) == group(codes, LEVELS)


def test_a_hundred_thousand_things_cost_little_memory() -> None:
    codes = np.random.default_rng(3).integers(0, 2, (100_000, 2))
    found = group(codes, [0, 1])
    # Labels of two coins: percent is 1/2, its standard error .5 / sqrt(100,000) = .00158, so 95% are .0062 wide.
    assert found.percent.high - found.percent.low == pytest.approx(0.0062, rel=0.1)


@pytest.mark.parametrize(
    ("codes", "family", "told"),
    [
        ([[0, 5]], [0], "codes must lie in"),
        ([[0, -2]], [0], "codes must lie in"),
        ([[0.0, 1.0]], [0], "codes must be integers"),
        ([[0, -1]], [0], "no thing has two labels"),
        ([[0, 1]], [-1], "negative code"),
        ([[0, 1]], [0, 1], "families has shape"),
    ],
)
def test_bad_input_is_told(codes: list[list[float]], family: list[int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        rater_agreement(codes, [0, 1], family, rng=np.random.default_rng(0))


def draw_codes(design: Design, rng: np.random.Generator) -> Codes:
    """Labels (n, 3) on five levels: likeness of a family, of a thing, and each rater's own error; a tenth missing."""
    family = 0.4**0.5 * rng.standard_normal(design.cluster_count)[design.clusters]
    thing = family + 0.6**0.5 * rng.standard_normal(design.clusters.size)
    seen = 0.7**0.5 * thing[:, None] + 0.3**0.5 * rng.standard_normal((thing.size, 3))
    codes: Codes = (seen[:, :, None] > np.array([-0.5, 0.2, 0.8, 1.4])).sum(2)
    codes[rng.random(codes.shape) < 0.1] = -1
    return codes


def covered(replications: int, seed: int) -> dict[str, float]:
    """The share of intervals that hold the coefficient of 100,000 families."""
    rng = np.random.default_rng(seed)
    many = draw_codes(families(1, 100_000, (1, 2, 3)), rng)
    truth = rater_agreement(many, LEVELS, np.arange(len(many)), rng=rng, resamples=1)
    design = families(1, 100, (1, 2, 3))
    names = ("percent", "nominal", "ordinal", "interval", "ac1")
    hits = dict.fromkeys(names, 0)
    for _ in range(replications):
        found = rater_agreement(draw_codes(design, rng), LEVELS, design.clusters, rng=rng)
        for name in names:
            one = getattr(found, name)
            hits[name] += one.low <= getattr(truth, name).value <= one.high
    return {name: hit / replications for name, hit in hits.items()}


def test_intervals_cover() -> None:
    assert min(covered(300, seed=1).values()) >= 0.90


@pytest.mark.proof
def test_intervals_cover_at_length() -> None:
    """The docstring's 94%, within three Monte Carlo standard errors."""
    for name, share in covered(3000, seed=2).items():
        assert share == pytest.approx(0.94, abs=noise(0.94, 3000)), name
