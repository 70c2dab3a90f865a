"""Coefficients of agreement: published tables, references, and what must hold of any labels."""

from __future__ import annotations

import krippendorff
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import cohen_kappa_score

from primum.stats.agreement import (
    cohen_kappa,
    coincidences,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    nominal,
    ordinal,
    squared,
)

Codes = npt.NDArray[np.int64]
# Krippendorff 2011, section C: four observers, twelve units, labels 1 to 5; 0 is missing.
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
)
# Fleiss 1971, table 1: how many of six psychiatrists put each of 30 patients into each of five classes.
PATIENTS = """
    00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
    00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
# The example by which the method is usually taught: 14 raters, ten subjects, five classes.
SUBJECTS = ((0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1), (7, 7, 0, 0, 0),
            (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7))  # fmt: skip

TABLES = hnp.arrays(np.int64, st.tuples(st.integers(2, 12), st.integers(2, 4)), elements=st.integers(-1, 3))


def spread(counts: npt.ArrayLike) -> Codes:
    """Codes (things, raters) that have the given counts (things, k)."""
    rows = np.asarray(counts)
    return np.array([np.repeat(np.arange(row.size), row) for row in rows])


def alphas(codes: Codes, levels: list[float]) -> list[float]:
    o = coincidences(codes, len(levels)).sum(0)
    distances = (nominal(len(levels)), ordinal(o.sum(-1)), squared(levels))
    return [float(krippendorff_alpha(o, d)) for d in distances]


def test_krippendorffs_example() -> None:
    assert np.round(alphas(OBSERVERS.T - 1, [1, 2, 3, 4, 5]), 3).tolist() == [0.743, 0.815, 0.849]


def test_fleiss_examples() -> None:
    patients = spread([[int(n) for n in row] for row in PATIENTS.split()])
    assert patients.shape == (30, 6)
    assert round(float(fleiss_kappa(coincidences(patients, 5).sum(0))), 3) == 0.430
    assert round(float(fleiss_kappa(coincidences(spread(SUBJECTS), 5).sum(0))), 3) == 0.210


def test_cohens_example() -> None:
    # Cohen 1968, table 1, 200 patients: P = .44 + .20 + .06 = .70, e = .6 x .5 + .3 x .3 + .1 x .2 = .41, kappa =
    # .29 / .59. With his weights of disagreement the paper has .348.
    table = 2 * np.array([[44, 7, 9], [5, 20, 5], [1, 3, 6]])
    assert float(cohen_kappa(table, nominal(3))) == pytest.approx(0.29 / 0.59)
    assert round(float(cohen_kappa(table, [[0, 1, 3], [1, 0, 6], [3, 6, 0]])), 3) == 0.348


def test_ac1_where_kappa_is_a_paradox() -> None:
    # 125 subjects, 118 twice positive, 7 disputed (Gwet 2008): P = .944, positive (123 + 120) / 250 = .972,
    # e = 2 x .972 x .028 = .054432, AC1 = .889568 / .945568. Cohen's kappa is below zero:
    # e = (123 x 120 + 2 x 5) / 15625 = .94528, (.944 - .94528) / .05472.
    assert float(gwet_ac1(0.944, [0.972, 0.028])) == pytest.approx(0.889568 / 0.945568)
    assert float(cohen_kappa([[118, 5], [2, 0]], nominal(2))) == pytest.approx(-0.00128 / 0.05472)


def test_quadratic_kappa_by_hand() -> None:
    # Observed squared distance 1 + 1 + 4 = 6 over 6 things; by chance, margins (2, 2, 2) twice: of 36 pairs 16 are one
    # apart and 8 two, so 48 / 36. 1 - (6 / 6) / (48 / 36) = 1/4.
    table = [[1, 1, 0], [0, 1, 1], [1, 0, 1]]
    assert float(cohen_kappa(table, squared([1, 2, 3]))) == pytest.approx(0.25)


@given(TABLES)
def test_alpha_is_the_reference(codes: Codes) -> None:
    units = codes[(codes >= 0).sum(1) >= 2]
    assume(np.unique(units[units >= 0]).size >= 2)
    given_ = np.where(codes < 0, np.nan, codes.astype(np.float64)).T
    ours = alphas(codes, [0, 1, 2, 3])
    for value, metric in zip(ours, ("nominal", "ordinal", "interval"), strict=True):
        theirs = krippendorff.alpha(given_, level_of_measurement=metric, value_domain=[0, 1, 2, 3])
        assert value == pytest.approx(theirs, abs=1e-9)


@given(hnp.arrays(np.int64, st.tuples(st.integers(2, 40), st.just(2)), elements=st.integers(0, 3)))
def test_kappa_is_the_reference(codes: Codes) -> None:
    assume(np.unique(codes).size >= 2)
    table = np.zeros((4, 4))
    np.add.at(table, (codes[:, 0], codes[:, 1]), 1)
    labels = [0, 1, 2, 3]
    plain = cohen_kappa_score(codes[:, 0], codes[:, 1], labels=labels)
    weighted = cohen_kappa_score(codes[:, 0], codes[:, 1], labels=labels, weights="quadratic")
    assert float(cohen_kappa(table, nominal(4))) == pytest.approx(plain, abs=1e-9)
    assert float(cohen_kappa(table, squared(labels))) == pytest.approx(weighted, abs=1e-9)


@given(hnp.arrays(np.int64, st.tuples(st.integers(2, 12), st.integers(2, 4)), elements=st.integers(0, 3)))
def test_alpha_is_fleiss_kappa_but_for_small_samples(codes: Codes) -> None:
    # With equal numbers of labels, 1 - alpha = (1 - kappa) (n - 1) / n over n labels.
    assume(np.unique(codes).size >= 2)
    o = coincidences(codes, 4).sum(0)
    alpha = 1 - (1 - float(fleiss_kappa(o))) * (codes.size - 1) / codes.size
    assert float(krippendorff_alpha(o, nominal(4))) == pytest.approx(alpha, abs=1e-9)


def test_raters_have_no_order() -> None:
    codes = OBSERVERS.T - 1
    assert alphas(codes[:, ::-1], [1, 2, 3, 4, 5]) == pytest.approx(alphas(codes, [1, 2, 3, 4, 5]), abs=1e-12)


def test_one_label_leaves_chance_undefined() -> None:
    alike = np.ones((5, 3), dtype=np.int64)
    o = coincidences(alike, 2).sum(0)
    assert np.isnan(krippendorff_alpha(o, nominal(2)))
    assert np.isnan(fleiss_kappa(o))
    assert np.isnan(cohen_kappa([[0, 0], [0, 5]], nominal(2)))
    assert float(gwet_ac1(1.0, [0.0, 1.0])) == 1.0  # e = 0: (1 - 0) / (1 - 0)


def test_one_rater_with_one_label_is_chance_not_undefined() -> None:
    # The second rater always says 0: P = e = 1/2.
    assert float(cohen_kappa([[5, 0], [5, 0]], nominal(2))) == 0.0


def test_tables_may_be_stacked() -> None:
    tables = np.array([[[20, 5], [10, 15]], [[0, 0], [0, 3]]])
    kappas = cohen_kappa(tables, nominal(2))
    assert kappas[0] == pytest.approx(0.4)
    assert np.isnan(kappas[1])
