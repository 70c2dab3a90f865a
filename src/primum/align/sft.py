"""Supervised fine-tuning of a LoRA adapter, by TRL's `SFTTrainer`, on examples that are tokens already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import Trainer
from trl import SFTConfig, SFTTrainer

from primum.align.reading import IGNORED, read_less
from primum.align.training import ByLength, Guard, Recorder, find_place, lora_of, settings_of
from primum.records import Recipe

Tokens = tuple[Sequence[int], Sequence[int]]
"""An example: its token ids, and of the same length 1 where the loss counts and 0 elsewhere."""


class _Supervised(SFTTrainer):  # type: ignore[misc]
    """TRL's trainer, its examples in the order of `ByLength`."""

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[int]:
        rows = train_dataset if train_dataset is not None else self.train_dataset
        return ByLength([len(ids) for ids in rows["input_ids"]], self.args.train_batch_size, self.args.seed)


def sft_trainer(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Tokens],
    recipe: Recipe,
    out: Path,
    *,
    seed: int = 0,
    heard: Callable[[dict[str, float]], None] = lambda row: None,
) -> Trainer:
    """A trainer of a new adapter of `model` (a causal language model), ready for `training.run_training`.

    The loss is the mean negative log-likelihood over the tokens that count, of all the examples of a step together.
    """
    rows = [
        {"input_ids": list(ids), "labels": [i if counts else IGNORED for i, counts in zip(ids, mask, strict=True)]}
        for ids, mask in examples
    ]
    config = SFTConfig(**settings_of(recipe, out, seed, len(rows), find_place(model)))
    trainer = _Supervised(
        model,
        config,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=lora_of(recipe),
        callbacks=[Recorder(out, heard), Guard()],
    )
    read_less(trainer.model.get_base_model())
    return trainer
