"""Merging an adapter into its base: a model of its own, that answers as base and adapter do together.

All is computed on the CPU in float32, which takes four bytes of memory a weight; what is stored has the base's precision.
"""

from __future__ import annotations

import datetime
import gc
import importlib.metadata
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import primum
from primum.errors import BadInputError, StoppedError
from primum.evaluator.encoder.recipe import replace_whole, sync
from primum.models.adapter import WEIGHTS, adapter_files, base_folder, base_sha256, find_adapter
from primum.models.local import load
from primum.records import Merged

MERGED = "merge.json"
# By what share of the largest logit one may differ, that logit taken as LEAST at least. Float32 leaves the rounding of sums:
# measured up to 7e-6. The half precisions round every merged weight, to 11 or 8 bits: .011 and .034. Both on random models of
# 24 layers, which carry errors on further than trained ones do. What is rounded must also stay below half of what the adapter
# does, or rounding would undo it.
TOLERANCE = {"float32": 2e-5, "float16": 0.03, "bfloat16": 0.1}
LEAST = 5.0
EXACT = "float32"
COPIED = (
    *("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "*.model", "*.tiktoken"),
    *("chat_template*", "additional_chat_templates/*", "generation_config.json", "LICENSE*", "NOTICE*"),
)
PROMPTS = (
    "How should I store insulin when I travel?",
    "Write a short note that asks a colleague for a second opinion on a chest X-ray.",
    "A patient asks to see what was written about her. What does the clinic have to do?",
    "Explain the difference between a virus and a bacterium to a child of ten, in three sentences.",
    "孩子发烧三十九度，什么时候应该去医院？",
    "请用通俗的话解释什么是知情同意。",
)


class Said(NamedTuple):
    """What a model says to `PROMPTS`: for each the logits after every token, (tokens, vocabulary)."""

    logits: tuple[Any, ...]

    @property
    def largest(self) -> float:
        """The largest absolute logit."""
        return max(float(one.abs().max()) for one in self.logits)

    @property
    def tokens(self) -> int:
        """How many tokens the prompts have."""
        return sum(len(one) for one in self.logits)

    def difference(self, other: Said) -> float:
        """The largest absolute difference of two logits."""
        return max(float((one - two).abs().max()) for one, two in zip(self.logits, other.logits, strict=True))

    def agree(self, other: Said) -> float:
        """The share of tokens after which both find one next token likeliest."""
        same = (one.argmax(-1) == two.argmax(-1) for one, two in zip(self.logits, other.logits, strict=True))
        return sum(int(one.sum()) for one in same) / self.tokens


def merge_adapter(base: str, adapter: str, out: Path) -> Merged:
    """Merge an adapter into a model (a path or a name of the hub) and write the result to a new folder. The folder is then
    read and asked the same as base and adapter were.

    Raises:
        MissingExtraError: torch, transformers or peft is not installed.
        BadInputError: the folder is taken, model or adapter does not load, the two do not fit or cannot be merged, or the
            merged model says something else. Nothing is left behind.
        StoppedError: the disk is full. Nothing is left behind.
    """
    part = _make_part(out)
    try:
        model, tokenizer = load(base, adapter, "cpu")
        together = _ask(model, tokenizer)
        with model.disable_adapter():
            alone = _ask(model, tokenizer)
        dtype = _write_model(_merged(model, adapter), base, part, out)
        del model
        gc.collect()
        merged = _ask(*load(str(part), device="cpu"))
        told = Merged(
            base=base,
            base_sha256=base_sha256(base),
            adapter=adapter,
            adapter_sha256=_weights_sha256(adapter),
            dtype=dtype,
            difference=merged.difference(together),
            tolerance=TOLERANCE[dtype] * max(LEAST, together.largest),
            effect=alone.difference(together),
            agree=merged.agree(together),
            prompts=len(PROMPTS),
            tokens=together.tokens,
            versions={"primum": primum.__version__}
            | {name: importlib.metadata.version(name) for name in ("torch", "transformers", "peft")},
            at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )
        _check_same(told)
        replace_whole(part / MERGED, lambda file: file.write_bytes(told.model_dump_json(indent=1).encode() + b"\n"))
        part.replace(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return told


def _make_part(out: Path) -> Path:
    """The folder beside `out` in which the model is made."""
    part = out.with_name(f".{out.name}.part")
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise BadInputError(f"{out} is there already and not empty: choose another --out")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
    except OSError as error:
        raise BadInputError(f"cannot make the model's folder {out}: {error.strerror}") from error
    return part


def _ask(model: Any, tokenizer: Any) -> Said:
    import torch

    logits = []
    for prompt in PROMPTS:
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
        )
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            logits.append(model(input_ids=ids).logits[0].float())
    return Said(tuple(logits))


def _merged(model: Any, adapter: str) -> Any:
    """The model alone, its weights those of base and adapter."""
    try:
        return model.merge_and_unload(safe_merge=True)
    except (ValueError, AttributeError, NotImplementedError, TypeError) as error:
        kind = str(model.active_peft_config.peft_type).rpartition(".")[2]
        told = str(error).strip().split("\n")[0]
        raise BadInputError(f"the adapter '{adapter}' ({kind}) cannot be merged: {told}") from error


def _write_model(model: Any, base: str, part: Path, out: Path) -> str:
    """Write weights, configuration and the base's own tokenizer; the precision of the weights."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoConfig

    dtype = str(AutoConfig.from_pretrained(base).dtype or torch.float32).removeprefix("torch.")
    if dtype not in TOLERANCE:
        raise BadInputError(f"the weights of '{base}' are {dtype}: merge into one of {', '.join(TOLERANCE)}")
    folder = base_folder(base)
    try:
        model.to(getattr(torch, dtype)).save_pretrained(str(part))
        for file in (file for pattern in COPIED for file in folder.glob(pattern) if file.is_file()):
            copy = part / file.relative_to(folder)
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, copy)
        for file in (file for file in part.rglob("*") if file.is_file()):
            sync(file)
    except (OSError, SafetensorError) as error:
        told = getattr(error, "strerror", None) or error
        raise StoppedError(
            f"could not write the merged model to {out} ({told}): make room, then give the same command again"
        ) from error
    return dtype


def _check_same(told: Merged) -> None:
    """See that the merged model says what base and adapter say."""
    if not told.difference <= told.tolerance:  # also where either is no number
        raise BadInputError(
            f"the merged model is not base and adapter: a logit differs by {told.difference:.2g}, more than "
            f"{told.tolerance:.2g}; nothing was kept, use hf/{told.base}+{told.adapter}"
        )
    if told.dtype != EXACT and told.difference > told.effect / 2:
        raise BadInputError(
            f"rounding to {told.dtype} moves a logit by up to {told.difference:.2g} and the adapter by no more than "
            f"{told.effect:.2g}, so merging would undo it: nothing was kept, use hf/{told.base}+{told.adapter}"
        )


def _weights_sha256(adapter: str) -> str:
    """The hash of an adapter's weights."""
    files = adapter_files(find_adapter(adapter))
    return files.get(WEIGHTS) or next(iter(files.values()))
