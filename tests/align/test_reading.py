"""Reading less: the same log-probabilities, metrics and gradients as TRL's own form, and pairs in one row only where that
holds."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from peft import get_peft_model
from tests.align.test_training import dpo_of, recipe_of
from trl.trainer.dpo_trainer import DataCollatorForPreference
from trl.trainer.utils import add_fused_lm_head

from primum.align import preference, training
from primum.align.preference import REFERENCE
from primum.align.reading import IGNORED, can_share, read_less, shared_rows
from primum.align.training import CURVE, HALF, find_place, lora_of, quiet, read_curve, run_training
from primum.models.local import TINY, load

quiet()
SAID = ("log_probs", "entropy", "mean_logits", "is_top1")


def batch_of(n: int = 9) -> dict[str, torch.Tensor]:
    """Pairs of random tokens, prompts from 1 and answers from 1 token on."""
    rng = np.random.default_rng(0)

    def tokens(most: int) -> list[int]:
        return [int(i) for i in rng.integers(4, 500, int(rng.integers(1, most)))]

    rows = [{"prompt_ids": tokens(40), "chosen_ids": tokens(30), "rejected_ids": tokens(60)} for _ in range(n)]
    rows[0] = {"prompt_ids": [5], "chosen_ids": [6], "rejected_ids": [7]}
    made: dict[str, torch.Tensor] = DataCollatorForPreference(0)(rows)
    labels = made["input_ids"].masked_fill(made.pop("completion_mask") == 0, IGNORED)
    return {**made, "labels": labels}


def model_of(attention: str = "sdpa") -> Any:
    """The bundled model with TRL's head and an adapter that does something."""
    model, _ = load(str(TINY))
    model.set_attn_implementation(attention)
    add_fused_lm_head(model, outputs=SAID)
    torch.manual_seed(0)
    model = get_peft_model(model, lora_of(recipe_of("dpo")))
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.05)
    return model


def said_and_gradients(model: Any, batch: dict[str, torch.Tensor]) -> tuple[Any, list[torch.Tensor]]:
    said = model(**batch, use_cache=False, fused_lm_head=True)
    model.zero_grad()
    (said.log_probs.sum(1) * torch.linspace(-1, 2, len(said.log_probs))).sum().backward()
    return said, [p.grad.clone() for p in model.parameters() if p.grad is not None]


def test_two_rows_become_one() -> None:
    # prompt 5 6, chosen 7 8, rejected 9 10 11; the prompt's last token stands before both answers
    ids = torch.tensor([[5, 6, 7, 8, 0], [5, 6, 9, 10, 11]])
    labels = torch.tensor([[IGNORED, IGNORED, 7, 8, IGNORED], [IGNORED, IGNORED, 9, 10, 11]])
    rows = shared_rows(ids, (ids > 0).int(), labels)
    assert rows.ids.tolist() == [[5, 6, 7, 8, 6, 9, 10, 11]]
    assert rows.positions.tolist() == [[0, 1, 2, 3, 1, 2, 3, 4]]
    assert ["".join("x" if seen else "." for seen in row) for row in rows.seen[0, 0].tolist()] == [
        "x.......",
        "xx......",
        "xxx.....",
        "xxxx....",
        "x...x...",
        "x...xx..",
        "x...xxx.",
        "x...xxxx",
    ]
    assert rows.row.tolist() == [[0] * 5, [0] * 5]
    # the tokens of the rejected answer, at 1 to 4 of their row, are the last four here
    assert rows.column.tolist()[0][:4] == [0, 1, 2, 3]
    assert rows.column.tolist()[1][1:] == [4, 5, 6, 7]


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("share", [False, True])
def test_what_is_said_and_learnt_is_the_same(attention: str, share: bool) -> None:
    model, batch = model_of(attention), batch_of()
    expected, gradients = said_and_gradients(model, batch)
    read_less(model.get_base_model(), share=share)
    said, others = said_and_gradients(model, batch)
    for name in (*SAID, "label_mask"):
        torch.testing.assert_close(getattr(said, name), getattr(expected, name), rtol=1e-5, atol=1e-5)
    assert len(others) == len(gradients) > 0
    largest = max(float(gradient.abs().max()) for gradient in gradients)
    for one, other in zip(gradients, others, strict=True):
        torch.testing.assert_close(other, one, rtol=0, atol=1e-5 * largest)


def test_nothing_is_left_between_calls_and_generation_is_untouched() -> None:
    model, batch = model_of(), batch_of()
    plain = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    with torch.no_grad():
        expected = model(**plain).logits
        read_less(model.get_base_model(), share=True)
        model(**batch, use_cache=False, fused_lm_head=True)
        assert torch.equal(model(**plain).logits, expected)


def test_a_batch_in_which_nothing_counts() -> None:
    model, batch = model_of(), batch_of()
    read_less(model.get_base_model())
    said = model(**batch | {"labels": torch.full_like(batch["labels"], IGNORED)}, use_cache=False, fused_lm_head=True)
    said.log_probs.sum().backward()
    assert float(said.log_probs.abs().sum()) == 0


def test_pairs_are_shared_only_where_attention_goes_by_a_mask() -> None:
    model, _ = load(str(TINY))
    assert can_share(model)
    model.config.layer_types = ["full_attention", "linear_attention"]
    assert not can_share(model)
    model.config.layer_types = ["full_attention", "sliding_attention"]
    assert can_share(model)
    model.config._attn_implementation = "flash_attention_2"
    assert not can_share(model)


def test_one_row_and_two_train_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of("dpo", batch=40, micro=40)  # one order of the batch: all of it
    one = dpo_of(tmp_path / "one", recipe)
    monkeypatch.setattr(preference, "can_share", lambda model: False)
    two = dpo_of(tmp_path / "two", recipe)
    assert (one.shares, two.shares) == (True, False)
    for trainer, name in ((one, "one"), (two, "two")):
        run_training(trainer, tmp_path / name)
    with np.load(tmp_path / "one" / REFERENCE) as first, np.load(tmp_path / "two" / REFERENCE) as second:
        np.testing.assert_allclose(first["chosen"], second["chosen"], rtol=1e-5)
        np.testing.assert_allclose(first["rejected"], second["rejected"], rtol=1e-5)
    for left, right in zip(read_curve(tmp_path / "one" / CURVE), read_curve(tmp_path / "two" / CURVE), strict=True):
        assert left["loss"] == pytest.approx(right["loss"], rel=1e-5)
        assert left["logp_rejected"] == pytest.approx(right["logp_rejected"], rel=1e-4)
        assert left["tokens"] == right["tokens"]


def test_a_model_that_counts_positions_itself_keeps_two_rows(tmp_path: Path) -> None:
    base, _ = load(str(TINY))
    inner = base.model.forward

    def deaf(*rest: Any, position_ids: Any = None, **named: Any) -> Any:
        return inner(*rest, **named)

    expected = dpo_of(tmp_path / "plain", recipe_of("dpo")).train_dataset["ref_rejected_logps"]
    base.model.forward = deaf
    trainer = dpo_of(tmp_path / "deaf", recipe_of("dpo"), base)
    assert not trainer.shares
    assert trainer.train_dataset["ref_rejected_logps"] == pytest.approx(list(expected), rel=1e-4)


@pytest.mark.parametrize(
    ("parameters", "able", "half"),
    [(HALF, ["avx512_bf16"], True), (HALF, ["avx2"], False), (HALF - 1, ["avx512_bf16", "amx_bf16"], False)],
)
def test_half_precision_on_a_cpu_that_has_it_and_a_model_that_gains(
    parameters: int, able: list[str], half: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "processes", lambda: SimpleNamespace(device=torch.device("cpu"), num_processes=1))
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(able, True), raising=False)
    model = SimpleNamespace(parameters=lambda: [torch.empty(parameters, device="meta")])
    assert find_place(model).bf16 is half
