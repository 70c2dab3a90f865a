"""One training from its examples to its weights, by TRL: settings, order of the examples, what is watched, and what
stops it. The two methods are sft.py and preference.py.

Checkpoints lie in `<out>/checkpoints`; one counts only when its `complete` file is there, so a process that is killed
while it writes one goes on from the one before. The order of the examples depends on the seed and the epoch alone, and the
random state is part of a checkpoint: on a CPU a training that was killed and resumed ends in the same weights.
"""

from __future__ import annotations

import csv
import math
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, set_seed

from primum.align.processes import processes
from primum.align.stopping import NotFiniteError, not_finite, told
from primum.errors import BadInputError
from primum.evaluator.encoder.recipe import replace_whole
from primum.records import Recipe

CHECKPOINTS = "checkpoints"
COMPLETE = "complete"
CURVE = "curve.csv"
WINDOW = 16  # batches among which examples are sorted by length
SAVES = 10  # checkpoints over a whole training
HALF = 5_000_000  # parameters from which half precision is faster on a CPU that has it (bench/train.py)
COLUMNS = {
    "step": "step",
    "epoch": "epoch",
    "loss": "loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "num_tokens": "tokens",
    "mean_token_accuracy": "token_accuracy",
    "rewards/chosen": "reward_chosen",
    "rewards/rejected": "reward_rejected",
    "rewards/margins": "reward_margin",
    "rewards/accuracies": "preference_accuracy",
    "logps/chosen": "logp_chosen",
    "logps/rejected": "logp_rejected",
}
"""What TRL logs, and what `curve.csv` calls it. Log-probabilities are in nats, summed over an answer's tokens."""


class Place(NamedTuple):
    """Where a training runs: device, number of processes, and whether half precision is native there."""

    device: str
    processes: int
    bf16: bool


def find_place(model: Any) -> Place:
    """The GPU of this process, or the CPU. Under `accelerate launch` each process has a GPU of its own."""
    state = processes()
    if state.device.type == "cuda":
        half = torch.cuda.is_bf16_supported()
    else:
        able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        large = sum(weights.numel() for weights in model.parameters()) >= HALF
        half = large and any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return Place(str(state.device), state.num_processes, half)


def settings_of(recipe: Recipe, out: Path, seed: int, examples: int, place: Place) -> dict[str, Any]:
    """The settings that TRL's configurations of both methods share.

    Raises:
        BadInputError: the recipe's batch cannot be shared evenly among the processes.
    """
    micro = micro_of(recipe, place.processes)
    steps = math.ceil(examples / recipe.batch) * recipe.epochs
    return {
        "output_dir": str(out / CHECKPOINTS),
        "num_train_epochs": recipe.epochs,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": recipe.batch // (micro * place.processes),
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.schedule,
        "warmup_steps": recipe.warmup_steps,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "gradient_checkpointing": None,  # the old name of the next one, which TRL sets and transformers warns of
        "activation_checkpointing": recipe.activation_checkpointing,
        "bf16": place.bf16,
        "use_cpu": place.device.startswith("cpu"),
        "seed": seed,
        "data_seed": seed,
        "max_length": None,  # what is too long was left out before
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_steps": max(1, math.ceil(steps / SAVES)),
        "save_total_limit": 2,
        "report_to": [],
        "dataloader_pin_memory": not place.device.startswith("cpu"),
        "disable_tqdm": True,
    }


def micro_of(recipe: Recipe, processes: int) -> int:
    """How many examples a process reads at once: at most the recipe's `micro`, and so that a step is its `batch`.

    >>> recipe = Recipe(name="r", method="sft", learning_rate=1e-4, batch=16, micro=4)
    >>> micro_of(recipe, 1), micro_of(recipe, 8)
    (4, 2)

    Raises:
        BadInputError: the batch cannot be shared evenly.
    """
    if recipe.batch % processes:
        raise BadInputError(
            f"a step of {recipe.batch} examples cannot be shared evenly among {processes} processes: set batch in the recipe "
            f"to a multiple of {processes}"
        )
    share = recipe.batch // processes
    return max(size for size in range(1, min(recipe.micro, share) + 1) if share % size == 0)


def lora_of(recipe: Recipe) -> Any:
    """The recipe's LoRA (Hu et al. 2022), on every linear layer but the head unless modules are named."""
    from peft import LoraConfig

    return LoraConfig(
        r=recipe.lora_r,
        lora_alpha=recipe.lora_alpha,
        lora_dropout=recipe.lora_dropout,
        target_modules=list(recipe.target_modules) or "all-linear",
        task_type="CAUSAL_LM",
    )


class ByLength(torch.utils.data.Sampler[int]):  # type: ignore[misc]
    """Indices in an order of their own each epoch: at random, then alike lengths together within `WINDOW` batches, and
    the batches at random again. Padding goes down; every example is still seen once an epoch."""

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths, self._batch, self._seed, self._epoch = np.asarray(lengths), batch, seed, 0

    def __len__(self) -> int:
        return len(self._lengths)

    def set_epoch(self, epoch: int) -> None:
        """The epoch whose order is given next."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self._seed, self._epoch))
        order = rng.permutation(len(self._lengths))
        for start in range(0, len(order), WINDOW * self._batch):
            window = order[start : start + WINDOW * self._batch]
            window = window[np.argsort(self._lengths[window], kind="stable")]
            batches = [window[i : i + self._batch] for i in range(0, len(window), self._batch)]
            short = [batch for batch in batches if len(batch) < self._batch]  # comes last, or it would shift the others
            whole = [batch for batch in batches if len(batch) == self._batch]
            for place in rng.permutation(len(whole)):
                yield from whole[place].tolist()
            for batch in short:
                yield from batch.tolist()


class Recorder(TrainerCallback):  # type: ignore[misc]
    """Writes `curve.csv`, a row a step, marks whole checkpoints, and tells `heard` of every step."""

    def __init__(self, out: Path, heard: Callable[[dict[str, float]], None]) -> None:
        self._path, self._heard, self._started = out / CURVE, heard, time.monotonic()
        self._before = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Keep the rows up to the step that is gone on from."""
        if not state.is_world_process_zero:
            return
        rows = [row for row in read_curve(self._path) if row["step"] <= state.global_step]
        self._before = rows[-1]["seconds"] if rows else 0.0
        replace_whole(self._path, lambda part: _write_curve(part, rows))
        self._started = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **rest: Any) -> None:
        """One row of the curve."""
        if not state.is_world_process_zero or "loss" not in logs:
            return
        row = {COLUMNS[name]: float(value) for name, value in logs.items() if name in COLUMNS}
        row |= {"step": state.global_step, "seconds": self._before + time.monotonic() - self._started}
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([_shown(row.get(name)) for name in (*COLUMNS.values(), "seconds")])
        self._heard(row | {"steps": state.max_steps})

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """All of a checkpoint is written: say so in it."""
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


class Guard(TrainerCallback):  # type: ignore[misc]
    """Stops before a gradient that is no number reaches the weights."""

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **rest: Any) -> None:
        """Look at every gradient.

        Raises:
            NotFiniteError: one is no number.
        """
        if not all(bool(torch.isfinite(p.grad).all()) for p in model.parameters() if p.grad is not None):
            raise NotFiniteError(state.global_step + 1)


def run_training(trainer: Trainer, out: Path) -> None:
    """Train to the end, from the last whole checkpoint where there is one.

    Raises:
        StoppedError: the loss is no number, memory or disk is full. The last whole checkpoint stays.
    """
    last = last_checkpoint(out)
    trainer.remove_callback(PrinterCallback)
    set_seed(trainer.args.seed)  # dropout does not depend on what was computed since the trainer was made
    try:
        with told(trainer.args.per_device_train_batch_size, out):
            trainer.train(resume_from_checkpoint=str(last) if last else None)
    except NotFiniteError as error:
        raise not_finite(str(error), last_checkpoint(out)) from None


def last_checkpoint(out: Path) -> Path | None:
    """The latest checkpoint that was written to its end; broken ones are removed."""
    found = sorted((out / CHECKPOINTS).glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    for path in found:
        if not (path / COMPLETE).exists():
            shutil.rmtree(path, ignore_errors=True)
    whole = [path for path in found if (path / COMPLETE).exists()]
    return whole[-1] if whole else None


def read_curve(path: Path) -> list[dict[str, float]]:
    """The rows of a `curve.csv`; a last line that was cut off is left out, and so is what a cell does not hold."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    whole = [row for row in rows if None not in row and row.get("seconds")]
    return [{name: float(value) for name, value in row.items() if value} for row in whole]


def _write_curve(path: Path, rows: Sequence[dict[str, float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names := [*COLUMNS.values(), "seconds"])
        writer.writerows([_shown(row.get(name)) for name in names] for row in rows)


def quiet() -> None:
    """No progress bars and no advice of the libraries: what Primum has to say, it says itself; nothing asks the hub."""
    import datasets
    import transformers

    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|trl|peft|accelerate)\b")
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.8g}"
