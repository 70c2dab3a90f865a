"""The ways to train that bench/train.py compares: TRL by its defaults, TRL with one thing changed, and Primum."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoTokenizer, PrinterCallback
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer
from trl.trainer.utils import add_fused_lm_head

from primum.align import preference, sft
from primum.align.preference import Pair, dpo_trainer
from primum.align.reading import IGNORED, read_less
from primum.align.sft import sft_trainer
from primum.align.training import ByLength, Place, find_place, lora_of
from primum.models.local import TINY
from primum.records import Recipe

Build = Callable[[Any, Sequence[Pair], Recipe, Path, int], Any]
"""A model, pairs (of which SFT takes the chosen answer), recipe, folder and seed to a trainer."""


class Preferences(DPOTrainer):
    """TRL's trainer on pairs that are tokens already."""

    def _prepare_dataset(self, dataset: Any, *rest: Any, **named: Any) -> Any:
        return dataset


def trl(
    model: Any,
    pairs: Sequence[Pair],
    recipe: Recipe,
    out: Path,
    seed: int,
    *,
    then: Callable[[Any], None] = lambda trainer: None,
    **changes: Any,
) -> Any:
    """TRL's trainer by its own defaults but for what the recipe says, what is changed, and what is done to it then."""
    at_once = changes.setdefault("per_device_train_batch_size", 8)
    settings = {
        "output_dir": str(out),
        "num_train_epochs": recipe.epochs,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.schedule,
        "warmup_steps": recipe.warmup_steps,
        "gradient_accumulation_steps": recipe.batch // at_once,
        "seed": seed,
        "use_cpu": model.device.type == "cpu",
        "dataloader_pin_memory": model.device.type != "cpu",
        "report_to": [],
        "disable_tqdm": True,
        **changes,
    }
    if recipe.method == "sft":
        kind, config, rows = SFTTrainer, SFTConfig(**settings), sft_rows(pairs)
    else:
        kind, rows = Preferences, dpo_rows(pairs)
        terms = {"loss_type": list(recipe.loss), "loss_weights": list(recipe.loss.values())}
        config = DPOConfig(**settings, beta=recipe.beta, **terms)
    tokenizer = AutoTokenizer.from_pretrained(TINY)  # for its padding alone
    trainer = kind(model, args=config, train_dataset=rows, processing_class=tokenizer, peft_config=lora_of(recipe))
    trainer.remove_callback(PrinterCallback)
    then(trainer)
    return trainer


def primum(model: Any, pairs: Sequence[Pair], recipe: Recipe, out: Path, seed: int, *, half: bool | None = None) -> Any:
    """Primum's trainer as it is, or with half precision on or off."""
    place = find_place if half is None else lambda model: Place(model.device.type, 1, half)
    sft.find_place = preference.find_place = place  # type: ignore[assignment]
    tokenizer = AutoTokenizer.from_pretrained(TINY)
    if recipe.method == "dpo":
        return dpo_trainer(model, tokenizer, pairs, recipe, out, key=["bench"], seed=seed)
    rows = [([*p, *c], [0] * len(p) + [1] * len(c)) for p, c, _ in pairs]
    return sft_trainer(model, tokenizer, rows, recipe, out, seed=seed)


def sft_rows(pairs: Sequence[Pair]) -> Dataset:
    return Dataset.from_list([{"input_ids": [*p, *c], "labels": [IGNORED] * len(p) + [*c]} for p, c, _ in pairs])


def dpo_rows(pairs: Sequence[Pair]) -> Dataset:
    return Dataset.from_list([{"prompt_ids": p, "chosen_ids": c, "rejected_ids": r} for p, c, r in pairs])


def sort_by_length(trainer: Any) -> None:
    first, *others = [name for name in trainer.train_dataset.column_names if name.endswith("_ids")]
    lengths = [len(row[first]) + max((len(row[other]) for other in others), default=0) for row in trainer.train_dataset]
    trainer._get_train_sampler = lambda *rest: ByLength(lengths, trainer.args.train_batch_size, trainer.args.seed)


def read_answers(trainer: Any) -> None:
    read_less(trainer.model.get_base_model())


def share_prompts(trainer: Any) -> None:
    read_less(trainer.model.get_base_model(), share=True)


def attend_plainly(trainer: Any) -> None:
    trainer.model.get_base_model().set_attn_implementation("eager")


def say_less(trainer: Any) -> None:
    """Leave out what TRL logs beside the loss: entropy, whether the token is the likeliest, the mean logit."""
    base = trainer.model.get_base_model()
    add_fused_lm_head(base, outputs=("log_probs",))
    whole = base.forward

    @functools.wraps(whole)
    def forward(*rest: Any, fused_lm_head: bool = False, **named: Any) -> Any:
        said = whole(*rest, fused_lm_head=fused_lm_head, **named)
        if fused_lm_head:
            said.entropy = said.mean_logits = torch.zeros_like(said.log_probs)
            said.is_top1 = torch.zeros_like(said.log_probs, dtype=torch.bool)
        return said

    base.forward = forward


def compile_layers(trainer: Any) -> None:
    """Compile every layer for any shape, and warm up on two of them."""
    for layer in trainer.model.get_base_model().model.layers:
        layer.forward = torch.compile(layer.forward, dynamic=True)
    rows = list(trainer.train_dataset)
    trainer.model.train()
    for size in (8, 7):
        batch = {name: value.to(trainer.args.device) for name, value in trainer.data_collator(rows[:size]).items()}
        with trainer.accelerator.autocast():
            trainer.compute_loss(trainer.model, batch).backward()
    trainer.model.zero_grad()
    trainer._metrics["train"].clear()


DEFAULTS, BASE = "TRL, all defaults", "TRL, bf16 off"
OURS, OURS_FULL = "Primum", "Primum, bf16 off"


def whole_arms(device: str) -> dict[str, Build]:
    """TRL and Primum, as they come and, on a CPU, both in float32."""
    if device != "cpu":
        return {DEFAULTS: trl, OURS: primum}
    return {DEFAULTS: trl, BASE: partial(trl, bf16=False), OURS: primum, OURS_FULL: partial(primum, half=False)}


def levers(method: str, device: str) -> dict[str, Build]:
    """TRL with one thing changed."""
    base = partial(trl, bf16=False) if device == "cpu" else trl
    both: dict[str, Build] = {
        "no activation checkpointing": partial(base, gradient_checkpointing=False),
        "alike lengths together": partial(base, then=sort_by_length),
        "head on the answers alone": partial(base, then=read_answers),
        "16 at once": partial(base, per_device_train_batch_size=16),
        "4 at once": partial(base, per_device_train_batch_size=4),
        "nothing logged but the loss": partial(base, then=say_less),
        "a log every step": partial(base, logging_steps=1),
        "eager attention": partial(base, then=attend_plainly),
        "no checkpointing, layers compiled": partial(base, gradient_checkpointing=False, then=compile_layers),
    }
    if method == "sft":
        return {**both, "padding-free": partial(base, padding_free=True, max_length=None)}
    return {
        **both,
        "reference cached": partial(base, precompute_ref_log_probs=True),
        "a pair in one row": partial(base, then=share_prompts),
    }
