"""The answers of a rectified number: what share of each stratum's draw was labelled."""

from __future__ import annotations

import time

import numpy as np

from primum.marks.answered import _answering


def test_the_share_of_a_strata_draw_that_was_labelled() -> None:
    """Of a's two drawn one is labelled, of b's one none; what was not drawn has 1."""
    drawn = np.array([True, True, False, True])
    labelled = np.array([True, False, True, False])
    strata = np.array(["a", "a", "", "b"], dtype=np.object_)
    assert _answering(drawn, labelled, strata).tolist() == [0.5, 0.5, 1.0, 0.0]
    nothing = np.zeros(4, dtype=np.bool_)
    assert _answering(nothing, nothing, strata).tolist() == [1.0] * 4


def test_many_strata_take_no_time_by_strata_and_answers() -> None:
    """20,000 strata of one answer: a comparison of each with each would be 4e8, which takes many seconds."""
    strata = np.array([f"s{i}" for i in range(20_000)], dtype=np.object_)
    every = np.ones(20_000, dtype=np.bool_)
    begun = time.process_time()
    assert _answering(every, every, strata).sum() == 20_000
    assert time.process_time() - begun < 2
