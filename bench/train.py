"""Speed of `primum align` against TRL's defaults: the same examples, LoRA, batch and number of steps.

    python bench/train.py [--rounds N] [--only speed|levers|curves] [--method sft|dpo] [--gpu]

Without `--gpu` a model of 12 M random parameters on one core, some 45 minutes; with it Qwen2.5-7B's shape on the GPU, or the
words "not measured". In each round every arm trains once, in an order of its own, and is compared with the base arm of
that round; figures are medians over the rounds. Prints Markdown; single passes and curves go to `.bench/train.json`
(`train-gpu.json`), beside those of other parts.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
if "--gpu" not in sys.argv:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import torch
from transformers import set_seed
from trl.trainer.dpo_trainer import DataCollatorForPreference

from made_training import LARGE, SMALL, Shape, clock, flops_of, made_model, made_pairs, peak_of, tokens_of
from primum.align.preference import Pair
from primum.align.reading import IGNORED
from primum.align.recipe import read_recipe
from primum.align.training import quiet, run_training
from primum.records import Recipe
from training_arms import BASE, DEFAULTS, OURS, OURS_FULL, Build, levers, whole_arms

RESULTS = (
    Path(__file__).resolve().parent.parent / ".bench" / ("train-gpu.json" if "--gpu" in sys.argv else "train.json")
)
EXAMPLES = {"sft": 64, "dpo": 32}  # an epoch where speed is measured; on a GPU eight times as many
CURVE = {"sft": 128, "dpo": 64}  # and where the loss is
SEEDS, SMOOTHED = 3, 6  # of the curves: seeds, and steps that are averaged
RATE = 2e-3  # of learning: random weights learn slowly
EPOCHS = 2  # of the default recipes
HEAD = {
    "speed": "| | | tokens/s | of TRL's defaults | of TRL without bf16 | FLOPs used | s on the wall |\n"
    + 7 * "|---"
    + "|",
    "levers": "| | TRL and this alone | training | s to make the trainer |\n" + 4 * "|---" + "|",
    "curves": "| | | held-out loss by seed | curve from TRL's | TRL's seeds from each other |\n" + 5 * "|---" + "|",
}


class Spent(NamedTuple):
    """Seconds to make a trainer, its reference included, to train an epoch, and of both on the wall; the losses that were
    logged; the loss on held-out examples; the FLOPs a second that a product reaches in that round, by precision."""

    made: float
    trained: float
    wall: float
    losses: tuple[float, ...]
    held: float
    peak: Mapping[bool, float] = {}

    def over(self, epochs: int) -> float:
        """Seconds of a training of so many epochs."""
        return self.made + epochs * self.trained


def recipe_of(method: str, **changes: Any) -> Recipe:
    recipe = read_recipe("default", "sft" if method == "sft" else "dpo")
    return recipe.model_copy(update={"epochs": 1, "learning_rate": RATE, **changes})


def spend(build: Build, pairs: Sequence[Pair], shape: Shape, recipe: Recipe, seed: int = 0) -> Spent:
    """Make a trainer and train."""
    model = made_model(shape)
    with tempfile.TemporaryDirectory() as folder:
        set_seed(seed)
        wall, started = time.perf_counter(), clock(shape)
        trainer = build(model, pairs, recipe, Path(folder), seed)
        made = clock(shape)
        run_training(trainer, Path(folder))
        ended, wall = clock(shape), time.perf_counter() - wall
        losses = tuple(log["loss"] for log in trainer.state.log_history if "loss" in log)
        held = held_out(trainer, made_pairs(32, 99, shape), recipe)
    del trainer, model
    gc.collect()
    if shape.device != "cpu":
        torch.cuda.empty_cache()
    return Spent(made - started, ended - made, wall, losses, held)


def held_out(trainer: Any, pairs: Sequence[Pair], recipe: Recipe) -> float:
    """The recipe's loss on pairs that were not trained on; of SFT the negative log-likelihood of a chosen token."""
    rows = [{"prompt_ids": p, "chosen_ids": c, "rejected_ids": r} for p, c, r in pairs]
    batch = {name: value.to(trainer.args.device) for name, value in DataCollatorForPreference(0)(rows).items()}
    counts = batch.pop("completion_mask") == 1
    batch["labels"] = batch["input_ids"].masked_fill(~counts, IGNORED)
    trainer.model.eval()
    with torch.no_grad(), trainer.accelerator.autocast():
        said = trainer.model(**batch, fused_lm_head=True).log_probs.sum(1)
        with trainer.model.disable_adapter():
            gained = recipe.beta * (said - trainer.model(**batch, fused_lm_head=True).log_probs.sum(1))
    n = len(pairs)
    likelihood = float(-said[:n].sum() / counts[:n].sum())
    preferred = float(torch.nn.functional.logsigmoid(gained[:n] - gained[n:]).mean())
    return likelihood if recipe.method == "sft" else likelihood - preferred


def measured(
    arms: Mapping[str, Build], pairs: Sequence[Pair], shape: Shape, recipe: Recipe, rounds: int
) -> dict[str, list[Spent]]:
    """Each arm once a round, after one short pass to warm up."""
    spend(next(iter(arms.values())), pairs[:16], shape, recipe)
    found: dict[str, list[Spent]] = {name: [] for name in arms}
    for number in range(rounds):
        peak = {half: peak_of(shape, torch.bfloat16 if half else torch.float32) for half in (False, True)}
        for name in random.Random(number).sample(list(arms), len(arms)):
            one = spend(arms[name], pairs, shape, recipe)._replace(peak=peak)
            found[name].append(one)
            told = f"{recipe.method}, round {number + 1} of {rounds}, {name}: {one.made:.1f} + {one.trained:.1f} s"
            print(f"{told}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    return found


def count_of(method: str, shape: Shape, half: bool = False) -> int:
    return EXAMPLES[method] * (1 if shape.device == "cpu" else 8) // (2 if half else 1)


def spread(values: Sequence[float], unit: str = "x") -> str:
    return f"{median(values):.2f}{unit} [{min(values):.2f}, {max(values):.2f}]"


def against(base: Sequence[Spent], other: Sequence[Spent], seconds: Callable[[Spent], float]) -> list[float]:
    """How many times faster, round by round."""
    return [seconds(one) / seconds(two) for one, two in zip(base, other, strict=True)]


def speed(method: str, shape: Shape, rounds: int, results: dict[str, Any]) -> Iterator[str]:
    """Whole trainers, over the epochs of the default recipe; of DPO also with long answers to reject."""
    recipe = recipe_of(method)
    full = BASE if shape.device == "cpu" else DEFAULTS
    for long in (False, True)[: 1 if method == "sft" else 2]:
        case = method.upper() + (", long rejected" if long else "")
        pairs = made_pairs(count_of(method, shape, half=long), 0, shape, long=long)
        found = results[f"speed {case}"] = measured(whole_arms(shape.device), pairs, shape, recipe, rounds)
        flops = flops_of(pairs, method, shape, recipe.lora_r)
        for name, passes in found.items():
            half = name in (DEFAULTS, OURS)
            rate = median(tokens_of(pairs, method) * EPOCHS / one.over(EPOCHS) for one in passes)
            used = median(flops / one.trained / one.peak[half] for one in passes)
            each = [
                spread(against(found[base], passes, lambda one: one.over(EPOCHS))) if base in found else ""
                for base in (DEFAULTS, BASE)
            ]
            wall = median(one.wall for one in passes)
            yield f"| {case} | {name} | {rate:,.0f} | {each[0]} | {each[1]} | {100 * used:.0f}% | {wall:.1f} |"
        if method == "dpo":
            ours = found[OURS_FULL if OURS_FULL in found else OURS]
            for epochs in (1, 3):
                each_epoch = against(found[full], ours, lambda one, epochs=epochs: one.over(epochs))
                yield f"| {case} | the same precision, {epochs} epochs | | | {spread(each_epoch)} | | |"


def alone(method: str, shape: Shape, rounds: int, results: dict[str, Any]) -> Iterator[str]:
    """TRL with one thing changed, the training alone."""
    base = BASE if shape.device == "cpu" else DEFAULTS
    arms = whole_arms(shape.device) | levers(method, shape.device)
    arms = {name: build for name, build in arms.items() if name not in (OURS, OURS_FULL)}
    pairs = made_pairs(count_of(method, shape, half=True), 0, shape)
    found = results[f"levers {method}"] = measured(arms, pairs, shape, recipe_of(method), rounds)
    for name, passes in found.items():
        faster = spread(against(found[base], passes, lambda one: one.trained))
        yield f"| {method.upper()} | {name} | {faster} | {median(one.made for one in passes):.1f} |"


def curves(method: str, shape: Shape, rounds: int, results: dict[str, Any]) -> Iterator[str]:
    """The loss of every step over two epochs, smoothed, of as many seeds; and on held-out examples."""
    recipe = recipe_of(method, epochs=EPOCHS, batch=16 if method == "sft" else 8)
    pairs = made_pairs(CURVE[method], 0, shape)
    smooth: dict[str, np.ndarray[Any, np.dtype[np.float64]]] = {}
    held: dict[str, list[float]] = {}
    for name, build in whole_arms(shape.device).items():
        logged = build if name in (OURS, OURS_FULL) else (lambda *rest, build=build: build(*rest, logging_steps=1))
        runs = [spend(logged, pairs, shape, recipe, seed) for seed in range(SEEDS)]
        results[f"curves {method} {name}"] = runs
        held[name] = [run.held for run in runs]
        kernel = np.ones(SMOOTHED) / SMOOTHED
        smooth[name] = np.array([np.convolve(run.losses, kernel, "valid") for run in runs])
        print(f"{method}, curves, {name}: {held[name]}", file=sys.stderr, flush=True)
    base = smooth[BASE if BASE in smooth else DEFAULTS]
    noise = max(float(np.abs(one - other).max()) for one in base for other in base)
    for name, lines in smooth.items():
        apart = float(np.abs(lines.mean(axis=0) - base.mean(axis=0)).max())
        values = " ".join(f"{value:.3f}" for value in held[name])
        fell = f"{lines.mean(axis=0)[0]:.2f} to {lines.mean(axis=0)[-1]:.2f}"
        yield f"| {method.upper()} | {name}, {fell} | {values} | {apart:.3f} | {noise:.3f} |"


PARTS = {"speed": speed, "levers": alone, "curves": curves}


def main() -> None:
    parser = argparse.ArgumentParser(description="speed of training against TRL's defaults")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=PARTS, help="one part; may be repeated")
    parser.add_argument("--method", action="append", choices=EXAMPLES, help="one method; may be repeated")
    parser.add_argument("--gpu", action="store_true", help="Qwen2.5-7B's shape on the GPU")
    asked = parser.parse_args()
    if asked.gpu and not torch.cuda.is_available():
        print("Qwen2.5-7B's shape on a GPU: not measured")
        return
    quiet()
    shape = LARGE if asked.gpu else SMALL
    if not asked.gpu:
        torch.set_num_threads(1)
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for part in asked.only or PARTS:
        lines = [
            line for method in asked.method or EXAMPLES for line in PARTS[part](method, shape, asked.rounds, results)
        ]
        print("\n".join(["", HEAD[part], *lines]), flush=True)
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1, default=str), encoding="utf-8")
    if not asked.gpu:
        print("\nQwen2.5-7B's shape on a GPU: not measured (--gpu)")


if __name__ == "__main__":
    main()
