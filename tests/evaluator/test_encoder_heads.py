"""The heads of the encoder against numbers worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

pytest.importorskip("torch", reason="a fine-tuned encoder needs the extra 'local'")

import torch

from primum.evaluator.encoder.heads import UNLABELLED, log_probabilities, loss, new_heads
from primum.records import Criterion

SCALES: dict[Criterion, tuple[str, ...]] = {
    Criterion.REFUSAL: ("refusal", "compliance"),
    Criterion.HARMFULNESS: ("1", "2", "3", "4", "5"),
}


def test_new_heads_find_all_labels_equally_likely() -> None:
    heads = new_heads(SCALES, 3, torch.Generator().manual_seed(0))
    for criterion, k in ((Criterion.HARMFULNESS, 5), (Criterion.REFUSAL, 2)):
        told = log_probabilities(heads, criterion, torch.zeros(1, 3)).exp()
        assert told[0].tolist() == pytest.approx([1 / k] * k, abs=1e-6)


def test_the_loss_is_the_mean_over_the_labels_that_are_there() -> None:
    """Features 0 leave the biases: P = (1/4, 3/4). Three labels are there, in four rows: -(2 log 3/4 + log 1/4) / 3 = 0.65389."""
    heads: dict[str, Any] = {}
    for criterion in (Criterion.RISK, Criterion.CORRECT):
        heads |= {f"{criterion}.weight": torch.zeros(2, 4), f"{criterion}.bias": torch.tensor([0.0, math.log(3)])}
    targets = torch.tensor([[1, UNLABELLED], [0, 1], [UNLABELLED, UNLABELLED], [UNLABELLED, UNLABELLED]])
    told = loss(heads, (Criterion.RISK, Criterion.CORRECT), torch.zeros(4, 4), targets)
    assert told.item() == pytest.approx(-(2 * math.log(3 / 4) + math.log(1 / 4)) / 3, abs=1e-6)
