"""The published prediction-powered mean against the authors' own package, and against statsmodels where it is classical."""

import warnings
from typing import Any

import numpy as np
import pytest

from primum.stats.ppi import ppi_mean


@pytest.fixture
def authors() -> Any:
    with warnings.catch_warnings():  # importing it turns warnings off for everybody
        return pytest.importorskip("ppi_py", reason="ppi-python is not installed")


def drawn(seed: int, n: int = 60, m: int = 300) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(2, 1, n + m)
    marks = 0.8 * truth + rng.normal(0, 0.5, n + m)
    return truth[:n], marks[:n], marks[n:]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lam", [None, 0.0, 0.3, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_authors_own(authors: Any, seed: int, lam: float | None, weighted: bool) -> None:
    y, f, others = drawn(seed)
    rng = np.random.default_rng(seed)
    w = rng.uniform(0.5, 2, y.size) if weighted else None
    v = rng.uniform(0.5, 2, others.size) if weighted else None
    ours = ppi_mean(y, f, others, weights=w, unlabelled_weights=v, lam=lam)
    value = float(np.squeeze(authors.ppi_mean_pointestimate(y, f, others, lam=lam, w=w, w_unlabeled=v)))
    low, high = authors.ppi_mean_ci(y, f, others, alpha=0.05, lam=lam, w=w, w_unlabeled=v)
    assert ours.value == pytest.approx(value, abs=1e-9)
    assert [ours.low, ours.high] == pytest.approx([float(np.squeeze(low)), float(np.squeeze(high))], abs=1e-9)


def test_a_judge_that_ranks_backwards_counts_for_nothing(authors: Any) -> None:
    y, f, others = drawn(1)
    ours = ppi_mean(y, -f, -others)
    assert ours.lam == 0
    assert ours.value == pytest.approx(y.mean(), abs=1e-12)
    assert ours.value == pytest.approx(float(np.squeeze(authors.ppi_mean_pointestimate(y, -f, -others))), abs=1e-9)


def test_without_the_judge_it_is_the_classical_interval() -> None:
    statistics = pytest.importorskip("statsmodels.stats.weightstats", reason="statsmodels is not installed")
    y, f, others = drawn(2)
    ours = ppi_mean(y, f, others, lam=0, level=0.9)
    # statsmodels divides the variance by n - 1, the published form by n
    low, high = statistics.zconfint(y, alpha=0.1)
    shrink = np.sqrt((y.size - 1) / y.size)
    assert ours.high - ours.value == pytest.approx((high - low) / 2 * shrink, abs=1e-9)
    assert ours.value == pytest.approx((low + high) / 2, abs=1e-9)


def test_lambda_by_hand() -> None:
    # labels 0 1, marks 0 1, others 0 1: cov (over n) 1/4, variance of the four marks 4/4 / 3 = 1/3, n / m = 1:
    # (1/4) / (2 x 1/3) = 3/8; value 3/8 x 1/2 + 1/2 - 3/8 x 1/2
    ours = ppi_mean([0, 1], [0, 1], [0, 1])
    assert [ours.lam, ours.value] == pytest.approx([0.375, 0.5])


def test_marks_that_do_not_differ_count_for_nothing() -> None:
    assert ppi_mean([0, 1, 1], [2, 2, 2], [2, 2]).lam == 0


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (([1, 2], [1], [1, 2]), "2 labels and 1 marks"),
        (([], [], [1]), "labels is empty"),
        (([1, np.nan], [1, 2], [1]), "nan"),
        (([1, 2], [1, 2], []), "unlabelled is empty"),
    ],
)
def test_bad_input(arguments: tuple[Any, Any, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        ppi_mean(*arguments)


def test_bad_weights() -> None:
    for weights in ([1], [0, 0], [-1, 2]):
        with pytest.raises(ValueError, match="weights must be 2 numbers"):
            ppi_mean([1, 2], [1, 2], [1], weights=weights)
