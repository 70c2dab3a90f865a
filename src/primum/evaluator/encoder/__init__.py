"""A transformer fine-tuned on experts' labels, with one head a criterion: any encoder or causal model of Hugging Face.

A folder holds `encoder.json`, `backbone/` (weights and tokenizer as transformers writes them) and `heads.safetensors`;
while it is being trained also `checkpoint.safetensors`. Nothing in it is pickled.

On a CPU the same arguments, examples and number of threads give the same weights to the last bit, also when the training
was killed and called again, however often. Work is done in float32.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from primum.errors import BadInputError, MissingExtraError, StoppedError
from primum.evaluator.encoder.backbone import first_line, is_causal, longest, open_backbone
from primum.evaluator.encoder.heads import UNLABELLED, Scales, log_probabilities, new_heads, shapes
from primum.evaluator.encoder.recipe import Recipe, begun, locked, read_recipe, sync, write_recipe, write_tensors
from primum.evaluator.encoder.tokens import batch_of, encode, frame_of
from primum.evaluator.encoder.tune import fine_tune, number_of, steady
from primum.evaluator.examples import Example
from primum.records import Criterion, content_id, whole_text

BACKBONE, HEADS, CHECKPOINT = "backbone", "heads.safetensors", "checkpoint.safetensors"
SMALL = 5_000_000  # parameters below which one thread is fastest
AT_ONCE = 32  # pairs that are judged as one batch


class Encoder:
    """A backbone, its tokenizer and the heads, ready to judge. `scales` tells each criterion's labels in order."""

    def __init__(self, recipe: Recipe, tokenizer: Any, backbone: Any, heads: Mapping[str, Any]) -> None:
        self.recipe = recipe
        self.scales = recipe.scales
        self.tokenizer = tokenizer
        self.backbone = backbone
        self.heads = heads
        self.frame = frame_of(tokenizer, recipe.causal, getattr(backbone.config, "type_vocab_size", 0) or 0)
        self.length = min(recipe.max_length, longest(tokenizer, backbone))

    @property
    def pad(self) -> int:
        """The token behind the end of a short text; no model looks at it, so any serves where none is named."""
        named = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        return int(next(token for token in named if token is not None))

    def features(self, batch: dict[str, Any]) -> Any:
        """What the heads read, (n, width): an encoder's mean over the text, a causal model's last token."""
        seen = batch["attention_mask"]
        if self.recipe.causal:
            hidden = self.backbone(**batch, use_cache=False).last_hidden_state
            return hidden[list(range(len(seen))), seen.sum(dim=1) - 1]
        hidden = self.backbone(**batch).last_hidden_state
        weights = seen.unsqueeze(2).to(hidden.dtype)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1)

    def predict(self, pairs: Sequence[tuple[str, str]]) -> dict[Criterion, npt.NDArray[np.float64]]:
        """Each criterion's probabilities (n, k) for requests and answers, columns in the order of its scale.

        Pairs of like length share a batch, so a probability may differ in its last digits (of float32) with the company.
        """
        import torch

        rows = encode(pairs, self.tokenizer, self.frame, self.length)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
        told = {criterion: np.empty((len(rows), len(scale))) for criterion, scale in self.scales.items()}
        with torch.inference_mode():
            for start in range(0, len(order), AT_ONCE):
                chosen = order[start : start + AT_ONCE]
                batch = batch_of([rows[i] for i in chosen], self.pad, self.backbone.device)
                features = self.features(batch).double()
                for criterion, probabilities in told.items():
                    found = log_probabilities(self.heads, criterion, features).exp()
                    probabilities[chosen] = (found / found.sum(dim=1, keepdim=True)).cpu().numpy()
        return told


def train_encoder(
    examples: Sequence[Example],
    scales: Mapping[Criterion, tuple[str, ...]],
    base: str,
    folder: Path,
    *,
    seed: int,
    epochs: int = 4,
    batch: int = 16,
    max_length: int = 512,
    rate: float = 5e-5,
    checkpoint_seconds: float = 60.0,
    progress: Callable[[int, int], object] = lambda done, steps: None,
) -> Encoder:
    """Fine-tune `base` (a folder, or a name on the hub) on the labels that the examples have; missing ones are passed over.

    A training that was stopped goes on in its folder when it is called with the same arguments. `progress` is told the
    steps done and the steps in all; `rate` is the backbone's highest learning rate.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        BadInputError: a base that cannot be loaded, no label of a criterion, a label that its scale does not have, an
            argument out of range, a folder in which something else was begun; the loss became no number.
        StoppedError: the disk is full or the memory too small. What was saved stays.
    """
    _need_torch()
    used = [example for example in examples if any(criterion in example.labels for criterion in scales)]
    _check(used, scales, {"epochs": epochs, "batch": batch, "max_length": max_length, "rate": rate})
    recipe = Recipe(
        base=base,
        scales=dict(scales),
        data=_data_id(used, scales),
        seed=seed,
        epochs=epochs,
        batch=batch,
        max_length=max_length,
        rate=rate,
    )
    before = begun(folder, recipe)
    if before is None or not before.done:
        _train(before or recipe, used, folder, checkpoint_seconds, progress)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return load_encoder(folder)


def load_encoder(folder: Path) -> Encoder:
    """A fine-tuned encoder, on the GPU where there is one. Nothing outside the folder is read.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        BadInputError: the folder holds none, or its training is not over.
    """
    _need_torch()
    from safetensors.torch import load_file

    recipe = read_recipe(folder)
    if not recipe.done:
        raise BadInputError(
            f"the training in {folder} is not over: give its command again, it goes on where it stopped"
        )
    tokenizer, backbone = open_backbone(str(folder / BACKBONE), here=True, own=True)
    try:
        heads = {name: weights.to(backbone.device) for name, weights in load_file(folder / HEADS).items()}
        found = {name: tuple(weights.shape) for name, weights in heads.items()}
        if found != shapes(recipe.scales, backbone.config.hidden_size):
            raise ValueError("they do not belong to the criteria of encoder.json")
    except Exception as error:
        raise BadInputError(f"cannot load the heads in {folder / HEADS}: {first_line(error)}") from error
    return Encoder(recipe, tokenizer, backbone.eval(), heads)


def _need_torch() -> None:
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError:
        raise MissingExtraError("a model in this process", "local") from None


def _check(used: Sequence[Example], scales: Scales, numbers: Mapping[str, float]) -> None:
    for name, number in numbers.items():
        if not number > 0:
            raise BadInputError(f"{name} must be above 0, not {number}")
    faults = tuple(
        f"{example.place}: {criterion} is '{example.labels[criterion]}', which is none of {', '.join(scale)}"
        for example in used
        for criterion, scale in scales.items()
        if criterion in example.labels and example.labels[criterion] not in scale
    )
    if faults:
        raise BadInputError(f"{len(faults)} label(s) are not of their criterion's scale", faults)
    for criterion, scale in scales.items():
        if len(scale) < 2 or not any(criterion in example.labels for example in used):
            raise BadInputError(f"{criterion} has too few labels: there is nothing to learn to tell apart")


def _data_id(used: Sequence[Example], scales: Scales) -> str:
    """A hash of all that is learnt from, in its order."""
    return content_id(
        *(
            [whole_text(e.request), whole_text(e.response), [e.labels.get(criterion, "") for criterion in scales]]
            for e in used
        )
    )


def _train(
    recipe: Recipe, used: Sequence[Example], folder: Path, seconds: float, progress: Callable[[int, int], object]
) -> None:
    with steady(number_of(recipe.seed, "new weights")):  # a base may lack the weights of a pooler: they are drawn
        encoder = _new_encoder(recipe)
    with locked(folder), steady(recipe.seed, encoder.recipe.threads):
        if (begun(folder, recipe) or recipe).done:  # another process ended it meanwhile
            return
        write_recipe(folder, encoder.recipe)
        _tune(encoder, used, folder, seconds, progress)
        _save(encoder, folder)


def _new_encoder(recipe: Recipe) -> Encoder:
    """The base with new heads."""
    import torch

    tokenizer, backbone = open_backbone(recipe.base, Path(recipe.base).is_dir())
    if backbone.config.is_encoder_decoder:
        raise BadInputError(f"'{recipe.base}' is an encoder with a decoder: choose an encoder or a causal model")
    size = sum(weights.numel() for weights in backbone.parameters())
    threads = recipe.threads or (1 if size < SMALL else torch.get_num_threads())
    heads = new_heads(recipe.scales, backbone.config.hidden_size, torch.Generator().manual_seed(recipe.seed))
    return Encoder(
        recipe.model_copy(update={"causal": is_causal(backbone.config), "threads": threads}),
        tokenizer,
        backbone,
        {name: torch.nn.Parameter(weights.to(backbone.device)) for name, weights in heads.items()},
    )


def _tune(
    encoder: Encoder, used: Sequence[Example], folder: Path, seconds: float, progress: Callable[[int, int], object]
) -> None:
    import torch

    rows = encode([(e.request, e.response) for e in used], encoder.tokenizer, encoder.frame, encoder.length)
    scales = encoder.scales.items()
    places = [[s.index(e.labels[c]) if c in e.labels else UNLABELLED for c, s in scales] for e in used]
    targets = torch.tensor(places, device=encoder.backbone.device)
    parameters = {f"backbone.{name}": weights for name, weights in encoder.backbone.named_parameters()}
    parameters |= {f"heads.{name}": weights for name, weights in encoder.heads.items()}
    encoder.backbone.train()
    fine_tune(
        encoder.features,
        parameters,
        (rows, targets),
        encoder.recipe,
        folder / CHECKPOINT,
        pad=encoder.pad,
        seconds=seconds,
        progress=progress,
    )


def _save(encoder: Encoder, folder: Path) -> None:
    """Write the parts, and last `encoder.json`, which says that they are whole."""
    from safetensors import SafetensorError

    part, whole = folder / f".{BACKBONE}.part", folder / BACKBONE
    try:
        for old in (part, whole):
            shutil.rmtree(old, ignore_errors=True)
        encoder.backbone.save_pretrained(part)
        encoder.tokenizer.save_pretrained(part)
        for file in part.iterdir():
            sync(file)
        part.rename(whole)
    except (OSError, SafetensorError) as error:
        raise StoppedError(
            f"could not write {whole} ({first_line(error)}): make room, then give the same command again"
        ) from error
    write_tensors(folder / HEADS, encoder.heads)
    write_recipe(folder, encoder.recipe.model_copy(update={"done": True}))
