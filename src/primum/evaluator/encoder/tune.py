"""Fine-tuning as a plain loop that can be killed at any step: what follows depends on the step's number alone.

Order and dropout are seeded anew by (seed, epoch) and (seed, step) and the learning rate is a function of the step, so a
checkpoint is the weights and AdamW's moments after a step, in one safetensors file.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from primum.errors import BadInputError, StoppedError
from primum.evaluator.encoder.heads import loss
from primum.evaluator.encoder.recipe import Recipe, write_tensors
from primum.evaluator.encoder.tokens import Encoded, batch_of
from primum.records import content_id

WARM = 0.1  # share of the steps in which the learning rate rises
HEAD_RATE = 10.0  # new heads learn faster than what was pretrained
DECAY = 0.01
CLIP = 1.0
SAVING = 20.0  # a checkpoint takes at most one part in so many of the time
MOMENTS = ("exp_avg", "exp_avg_sq", "step")
log = logging.getLogger(__name__)

Features = Callable[[dict[str, Any]], Any]
Progress = Callable[[int, int], object]


def number_of(*parts: str | int) -> int:
    """A seed made of parts: 60 bits, the same on every machine."""
    return int(content_id(*parts)[:15], 16)


@contextmanager
def steady(seed: int, threads: int = 0) -> Iterator[None]:
    """Torch with deterministic algorithms, a seed and so many threads (0: as they are); all is put back afterwards.

    On a GPU an algorithm that has no deterministic form only warns: equal weights are promised for CPUs.
    """
    import torch

    gpu = torch.cuda.is_available()
    before, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if gpu else []):
        try:
            torch.manual_seed(seed)
            torch.use_deterministic_algorithms(True, warn_only=gpu)
            torch.set_num_threads(threads or before)
            yield
        finally:
            torch.use_deterministic_algorithms(strict, warn_only=warns)
            torch.set_num_threads(before)


def fine_tune(
    features: Features,
    parameters: dict[str, Any],
    examples: tuple[list[Encoded], Any],
    recipe: Recipe,
    checkpoint: Path,
    *,
    pad: int,
    seconds: float,
    progress: Progress,
) -> None:
    """Train in place, from the checkpoint where there is one. `examples` are the encoded pairs and their targets.

    `parameters` are named `backbone.*` and `heads.*`; `seconds` lie between two checkpoints at least.

    Raises:
        BadInputError: the loss became no number, or the checkpoint does not read.
        StoppedError: a batch does not fit into memory, or a checkpoint could not be written.
    """
    import torch

    rows, targets = examples
    optimiser = _optimiser(parameters, recipe.rate)
    step = _restore(checkpoint, parameters, optimiser)
    a_round = math.ceil(len(rows) / recipe.batch)
    steps = a_round * recipe.epochs
    saved, pause = time.monotonic(), seconds
    while step < steps:
        epoch, place = divmod(step, a_round)
        chosen = _order(len(rows), recipe.seed, epoch)[place * recipe.batch : (place + 1) * recipe.batch]
        _set_rate(optimiser, step, steps)
        torch.manual_seed(number_of(recipe.seed, "dropout", step))
        batch = batch_of([rows[i] for i in chosen], pad, targets.device)
        _learn(features, parameters, batch, targets[chosen], recipe, optimiser, step)
        step += 1
        if step < steps and time.monotonic() - saved >= pause:
            began = time.monotonic()
            _save(checkpoint, parameters, optimiser, step)
            saved = time.monotonic()
            pause = max(seconds, SAVING * (saved - began)) if seconds else 0.0
        progress(step, steps)


def _learn(
    features: Features,
    parameters: dict[str, Any],
    batch: dict[str, Any],
    targets: Any,
    recipe: Recipe,
    optimiser: Any,
    step: int,
) -> None:
    """One step of AdamW."""
    import torch

    heads = {name.removeprefix("heads."): p for name, p in parameters.items() if name.startswith("heads.")}
    try:
        error = loss(heads, tuple(recipe.scales), features(batch), targets)
        optimiser.zero_grad(set_to_none=True)
        error.backward()
        length = torch.nn.utils.clip_grad_norm_(list(parameters.values()), CLIP)
        if not torch.isfinite(length):
            raise BadInputError(
                f"the loss of step {step + 1} is no number: try a lower learning rate than {recipe.rate}"
            )
        optimiser.step()
    except torch.OutOfMemoryError as fault:
        raise StoppedError(
            f"a batch of {len(targets)} does not fit into the memory of {targets.device}: choose a smaller one"
        ) from fault
    log.debug("step %d: loss %.4f", step + 1, error.item())


def _optimiser(parameters: dict[str, Any], rate: float) -> Any:
    """AdamW; biases, norms and heads do not decay, heads learn faster."""
    import torch

    groups: dict[tuple[float, float], list[Any]] = {}
    for name, weights in parameters.items():
        head = name.startswith("heads.")
        key = (rate * HEAD_RATE if head else rate, 0.0 if head or weights.ndim < 2 else DECAY)
        groups.setdefault(key, []).append(weights)
    return torch.optim.AdamW(
        [{"params": members, "lr": top, "top": top, "weight_decay": decay} for (top, decay), members in groups.items()]
    )


def _set_rate(optimiser: Any, step: int, steps: int) -> None:
    """A linear rise over the first tenth of the steps, then a linear fall that would reach 0 behind the last."""
    warm = max(1, round(WARM * steps))
    share = (step + 1) / warm if step < warm else (steps - step) / (steps - warm)
    for group in optimiser.param_groups:
        group["lr"] = group["top"] * share


def _order(count: int, seed: int, epoch: int) -> list[int]:
    import torch

    generator = torch.Generator().manual_seed(number_of(seed, "order", epoch))
    places: list[int] = torch.randperm(count, generator=generator).tolist()
    return places


def _save(file: Path, parameters: dict[str, Any], optimiser: Any, step: int) -> None:
    tensors = {f"weights.{name}": weights for name, weights in parameters.items()}
    for name, weights in parameters.items():
        state = optimiser.state.get(weights)  # none where no gradient reached it
        tensors |= {f"{moment}.{name}": state[moment] for moment in MOMENTS if state}
    write_tensors(file, tensors, step=str(step))


def _restore(file: Path, parameters: dict[str, Any], optimiser: Any) -> int:
    """Weights and moments as a checkpoint has them; the number of steps done, 0 where there is none."""
    import torch
    from safetensors import SafetensorError, safe_open

    if not file.exists():
        return 0
    try:
        with safe_open(file, "pt") as stored, torch.no_grad():
            names = set(stored.keys())
            for name, weights in parameters.items():
                weights.copy_(stored.get_tensor(f"weights.{name}"))
                if f"step.{name}" in names:
                    state = {moment: stored.get_tensor(f"{moment}.{name}").clone() for moment in MOMENTS}
                    place = {moment: weights.device for moment in MOMENTS if moment != "step"}
                    optimiser.state[weights] = {m: t.to(place.get(m, "cpu")) for m, t in state.items()}
            return int(stored.metadata()["step"])
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError) as error:
        raise BadInputError(f"{file} does not read as a checkpoint: remove its folder to begin anew") from error
