"""Preference optimisation of a LoRA adapter, by TRL's `DPOTrainer` (Rafailov et al. 2023, equation 7), on pairs that are
tokens already.

The reference is the model as it was: the base with the adapter off, or the adapter that the training starts from. Its
log-probabilities do not change, so they are computed once, before the training, and kept in `<out>/reference.npz` under
a key of model, examples and template. Where the model allows it, a pair is read as one row (reading.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from datasets import Dataset
from transformers import Trainer
from trl import DPOConfig, DPOTrainer

from primum.align.reading import can_share, read_less
from primum.align.training import ByLength, Guard, Recorder, find_place, lora_of, settings_of
from primum.records import Recipe, content_id

REFERENCE = "reference.npz"
APART, APART_HALF = 1e-3, 0.05  # nats a token by which one row a pair and two may differ, and so in half precision
Floats = npt.NDArray[np.float64]


class Pair(NamedTuple):
    """One preference as token ids: the prompt as generation sees it, and the two answers with their end tokens."""

    prompt: Sequence[int]
    chosen: Sequence[int]
    rejected: Sequence[int]


class _Preference(DPOTrainer):  # type: ignore[misc]
    """TRL's trainer on pairs that are tokens already, in the order of `ByLength`."""

    shares = False  # pairs are one row

    def _prepare_dataset(self, dataset: Any, *rest: Any, **named: Any) -> Any:
        return dataset

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[int]:
        rows = train_dataset if train_dataset is not None else self.train_dataset
        return ByLength(_lengths(rows, self.shares), self.args.train_batch_size, self.args.seed)


def dpo_trainer(
    model: Any,
    tokenizer: Any,
    pairs: Sequence[Pair],
    recipe: Recipe,
    out: Path,
    *,
    key: Sequence[str],
    seed: int = 0,
    heard: Callable[[dict[str, float]], None] = lambda row: None,
) -> Trainer:
    """A trainer of an adapter of `model`, ready for `training.run_training`. A `PeftModel` is trained further and is its
    own reference as it stands; any other model gets a new adapter. `key` names model, examples and template.

    The loss of a pair is the sum of the recipe's terms: `sigmoid` is -log sigmoid(beta ((log p - log p_ref)(chosen) -
    (log p - log p_ref)(rejected))), `sft` the
    negative log-likelihood of the chosen answers, a mean over the tokens of all that are read at once (TRL's: with another
    `micro` long and short answers weigh a little otherwise).
    """
    rows = Dataset.from_list(
        [{"prompt_ids": list(p.prompt), "chosen_ids": list(p.chosen), "rejected_ids": list(p.rejected)} for p in pairs]
    )
    terms = recipe.loss or {"sigmoid": 1.0}
    config = DPOConfig(
        **settings_of(recipe, out, seed, len(rows), find_place(model)),
        beta=recipe.beta,
        loss_type=list(terms),
        loss_weights=list(terms.values()),
    )
    further = hasattr(model, "peft_config")
    for module in model.modules():  # TRL turns off dropout where it is a layer; in attention it is a number
        if hasattr(module, "attention_dropout"):
            module.attention_dropout = 0.0
    trainer = _Preference(
        model,
        args=config,
        train_dataset=rows,
        processing_class=tokenizer,
        peft_config=None if further else lora_of(recipe),
        callbacks=[Recorder(out, heard), Guard()],
    )
    trainer.shares = _read_less(trainer, rows)
    chosen, rejected = _reference(trainer, rows, out / REFERENCE, content_id(*key))
    trainer.train_dataset = rows.add_column("ref_chosen_logps", chosen.tolist()).add_column(
        "ref_rejected_logps", rejected.tolist()
    )
    trainer.precompute_ref_logps = True  # they are in the rows now
    return trainer


def _lengths(rows: Any, shares: bool) -> list[int]:
    longest = sum if shares else max
    return [
        len(prompt) + longest((len(chosen), len(rejected)))
        for prompt, chosen, rejected in zip(rows["prompt_ids"], rows["chosen_ids"], rows["rejected_ids"], strict=True)
    ]


def _read_less(trainer: Any, rows: Any) -> bool:
    """Let the model read less; and a pair as one row, if the two longest pairs are as likely so as in two rows each."""
    base, places = trainer.model.get_base_model(), np.argsort(_lengths(rows, shares=False))[-2:]
    if can_share(base):
        two_rows, likely = base.forward, _logps(trainer, rows, places)
        read_less(base, share=True)
        tokens = [[len(rows[int(place)][side]) for place in places] for side in ("chosen_ids", "rejected_ids")]
        half = trainer.args.bf16 or base.dtype != torch.float32
        if (np.abs(_logps(trainer, rows, places) - likely) / tokens).max() < (APART_HALF if half else APART):
            return True
        base.forward = two_rows
    read_less(base)
    return False


def _reference(trainer: Any, rows: Any, file: Path, key: str) -> tuple[Floats, Floats]:
    """The reference's log-probabilities of both answers of each pair (n,), from the file if it has those of this key."""
    if file.exists():
        with np.load(file) as kept:
            if str(kept["key"]) == key and len(kept["chosen"]) == len(rows):
                return kept["chosen"], kept["rejected"]
    order = np.argsort(_lengths(rows, trainer.shares), kind="stable")
    logps = np.zeros((2, len(rows)))
    size = 2 * trainer.args.per_device_train_batch_size  # nothing is kept for a backward pass
    for start in range(0, len(order), size):
        logps[:, order[start : start + size]] = _logps(trainer, rows, order[start : start + size])
    if trainer.is_world_process_zero():
        written = file.with_suffix(f".{os.getpid()}.npz")
        np.savez(written, key=key, chosen=logps[0], rejected=logps[1])
        written.replace(file)
    return logps[0], logps[1]


def _logps(trainer: Any, rows: Any, places: npt.NDArray[np.int64]) -> Floats:
    """The reference's log-probabilities of both answers (2, k) of the pairs at these places."""
    trainer.model.eval()
    batch = trainer.data_collator([rows[int(place)] for place in places])
    batch = {name: value.to(trainer.accelerator.device) for name, value in batch.items()}
    return np.stack([side.float().cpu().numpy() for side in trainer.compute_ref_log_probs(trainer.model, batch)])
