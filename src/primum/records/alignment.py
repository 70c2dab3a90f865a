"""What a model is aligned with, how, and the adapter that comes of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from primum.records.base import Record
from primum.records.items import Kind

Group = Literal["med", "gen", "benign"]
GROUP_OF: dict[Kind, Group] = {
    Kind.HARMFUL: "med",
    Kind.GENERAL_HARM: "gen",
    Kind.BENIGN: "benign",
    Kind.MUST_HAVE: "benign",
}
"""The groups of a mixture: medical harm, general harm, legitimate requests (Han et al. 2024, section 4)."""


class Demonstration(Record):
    """A request and the answer to learn. `id` names the item or the row, `place` the file and line; `family` is that of
    the statistics: nothing of one family both trains and measures."""

    v: Literal[1] = 1
    id: str
    kind: Kind
    request: str
    answer: str
    system: str = ""
    family: str
    principle: str = ""
    language: str = "en"
    source: str = ""
    place: str = ""

    @property
    def group(self) -> Group:
        """Its part of a mixture."""
        return GROUP_OF[self.kind]


class Preference(Record):
    """A request with an answer to prefer over another. Fields as of a `Demonstration`; the harmfulness (1-5) of both answers
    stands where it was recorded."""

    v: Literal[1] = 1
    id: str
    kind: Kind
    request: str
    chosen: str
    rejected: str
    system: str = ""
    family: str
    principle: str = ""
    language: str = "en"
    source: str = ""
    place: str = ""
    chosen_harmfulness: float | None = None
    rejected_harmfulness: float | None = None

    @property
    def group(self) -> Group:
        """Its part of a mixture."""
        return GROUP_OF[self.kind]


class LeftOut(Record):
    """An example that does not train, and why: `duplicate`, `evaluation` (its family or a near-duplicate stands in an
    evaluation set, named in `detail`), `truncated`; of a preference that was to be made also `unanswered` (nothing to reject) and
    `equal` (the model gives the answer to learn)."""

    id: str
    reason: Literal["duplicate", "evaluation", "truncated", "unanswered", "equal"]
    detail: str = ""


class Recipe(Record):
    """All settings of a training, `align/recipes/<name>.<method>.toml`. `batch` examples make a step, `micro` of them at
    once; `loss` weighs the terms of a preference loss by name (TRL's names). `contaminated` keeps examples that stand in an
    evaluation set too, as the paper did."""

    name: str
    method: Literal["sft", "dpo"]
    lora_r: int = Field(default=8, ge=1)
    lora_alpha: int = Field(default=16, ge=1)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: tuple[str, ...] = ()  # none: every linear layer but the head
    epochs: float = Field(default=2, gt=0)
    learning_rate: float = Field(gt=0)
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup_steps: int = Field(default=0, ge=0)
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    batch: int = Field(default=16, ge=1)
    micro: int = Field(default=16, ge=1)
    max_length: int = Field(default=1024, ge=8)
    activation_checkpointing: bool = False
    template: Literal["chat", "alpaca"] = "chat"
    loss_on: Literal["answer", "everything"] = "answer"
    loss: dict[str, float] = Field(default_factory=dict)
    beta: float = Field(default=0.1, gt=0)
    mix: dict[Group, float] = Field(default_factory=dict)  # shares of the groups; none: as the data has them
    contaminated: bool = False
    source: str = ""


class Adapter(Record):
    """`adapter.json` in an adapter's folder: what was trained on what, how, and where it stands. Hashes are SHA-256;
    `weights_sha256` and `config_sha256` are those of `adapter_model.safetensors` and `adapter_config.json`."""

    schema_version: Literal[1] = 1
    id: str
    recipe: Recipe
    base: str
    base_sha256: str
    template_sha256: str
    starts_from: str = ""
    starts_from_sha256: str = ""
    data: dict[str, str] = Field(default_factory=dict)
    examples: dict[Group, int] = Field(default_factory=dict)
    examples_sha256: str = ""
    left_out: dict[str, int] = Field(default_factory=dict)
    checked_against: tuple[str, ...] = ()
    tokens: int = 0
    seed: int = 0
    state: Literal["running", "stopped", "done"] = "running"
    steps: int = 0
    versions: dict[str, str] = Field(default_factory=dict)
    created: str = ""
    seconds: float = 0.0
    weights_sha256: str = ""
    config_sha256: str = ""
    notes: tuple[str, ...] = ()


class Trained(Record):
    """One line of `examples.jsonl`: an example that an adapter was trained on, by the hash of its texts and never by the
    texts themselves. Fields as of a `Demonstration`."""

    v: Literal[1] = 1
    id: str
    sha256: str
    group: Group
    family: str
    place: str = ""


class Merged(Record):
    """`merge.json` in the folder of a model that an adapter was merged into. `difference` is the largest between its logits
    and those of base and adapter, over `tokens` tokens of `prompts` prompts and in float32; `tolerance` is what it was held
    against, `effect` by how much at most the adapter moves a logit, `agree` the share of tokens after which both find the
    same next token likeliest. `dtype` is the precision of the weights as they are stored."""

    schema_version: Literal[1] = 1
    base: str
    base_sha256: str
    adapter: str
    adapter_sha256: str
    dtype: str
    difference: float
    tolerance: float
    effect: float
    agree: float
    prompts: int
    tokens: int
    versions: dict[str, str] = Field(default_factory=dict)
    at: str
