"""Adapters of the bundled model that nobody trained: random, small, and whole folders all the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import peft
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from primum.align.adapter import (
    base_sha256,
    create_adapter,
    finish_adapter,
    template_sha256,
    write_left_out,
    write_trained,
)
from primum.models.local import TINY
from primum.records import Adapter, Demonstration, Kind, LeftOut, Recipe

EXAMPLES = [
    Demonstration(
        id=f"mine/{n}",
        kind=(Kind.HARMFUL, Kind.BENIGN)[n % 2],
        request=f"A SECRET wish {n}",
        answer=f"A SECRET answer {n}",
        family=f"f{n}",
        place=f"mine.jsonl:{n + 1}",
    )
    for n in range(5)
]
LEFT_OUT = [LeftOut(id="mine/9", reason="evaluation", detail="starter/3")]


def lora(base: str = str(TINY), scale: float = 0.05, seed: int = 0, **config: Any) -> Any:
    """A model in float32 with a random LoRA on it."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    settings = {"r": 4, "target_modules": "all-linear", "task_type": "CAUSAL_LM"} | config
    model = peft.get_peft_model(model, peft.LoraConfig(**settings))
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=scale)
    return model


def record(base: str = str(TINY), **changes: Any) -> Adapter:
    """What `adapter.json` says while it is trained."""
    fields = {
        "id": "0123456789ab",
        "recipe": Recipe(name="tiny", method="sft", learning_rate=5e-3, lora_r=4),
        "base": "tiny" if base == str(TINY) else base,
        "base_sha256": base_sha256(base),
        "template_sha256": template_sha256(AutoTokenizer.from_pretrained(base)),
    }
    return Adapter.model_validate(fields | changes)


def adapter_folder(path: Path, base: str = str(TINY), *, scale: float = 0.05, seed: int = 0, **changes: Any) -> Path:
    """A whole adapter's folder."""
    adapter = record(base, **changes)
    create_adapter(path, adapter)
    sha = write_trained(path, EXAMPLES)
    write_left_out(path, LEFT_OUT)
    counts = {"examples": {"med": 3, "benign": 2}, "examples_sha256": sha, "left_out": {"evaluation": 1}}
    finish_adapter(path, adapter.model_copy(update=counts), lora(base, scale, seed))
    return path


def other_base(path: Path) -> str:
    """The bundled model with one weight changed: of the same shapes, and another model."""
    shutil.copytree(TINY, path)
    model = AutoModelForCausalLM.from_pretrained(str(path))
    with torch.no_grad():
        model.model.norm.weight[0] += 0.5
    model.save_pretrained(str(path))
    return str(path)
