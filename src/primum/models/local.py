"""Models in this process, through transformers: `tiny[+ADAPTER]`, and `hf/ID_OR_PATH[+ADAPTER]`.

Batches are padded on the left, so that greedy decoding gives the text that it gives one at a time (up to the
rounding of the hardware; exactly so for the bundled model in float32).
"""

from __future__ import annotations

import asyncio
import logging
import re
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from primum.errors import BadInputError, MissingExtraError, StoppedError
from primum.models.adapter import ADAPTER, adapter_files, check_adapter, check_base, find_adapter, read_adapter
from primum.models.base import Prompt, Settings, split_reasoning
from primum.records import Failure, Reply, content_id

TINY = Path(str(files("primum.models"))) / "tiny_weights"
HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
SMALL = 50_000_000  # parameters below which one thread is fastest
log = logging.getLogger(__name__)


class LocalModel:
    """A causal language model with its tokenizer's chat template, in one worker thread. `adapter_files` are the hashes of
    its adapter's files, where it has one.

    Raises:
        MissingExtraError: torch or transformers is not installed, or peft for an adapter.
        BadInputError: the model or its adapter cannot be loaded, they do not fit, or there is no chat template.
    """

    width = 2  # one batch is generated while the one before is judged and the next is made ready

    def __init__(self, name: str, path: str, settings: Settings, adapter: str = "", batch: int = 32) -> None:
        self.name = name
        self.resource = name
        self.batch = batch
        self.calls = 0
        self.retries = 0
        self.notes: list[str] = []
        self._settings = settings
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="primum-local")
        self._model, self._tokenizer = self._worker.submit(load, path, adapter).result()
        self.adapter_files = adapter_files(find_adapter(adapter)) if adapter else {}

    async def reply(self, prompts: Sequence[Prompt]) -> list[Reply | Failure]:
        """One reply for each prompt, in order, generated as one batch.

        Raises:
            StoppedError: the batch does not fit into memory.
        """
        self.calls += len(prompts)
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._generate, list(prompts))

    async def close(self) -> None:
        """End the worker thread and let go of the weights."""
        self._worker.shutdown(wait=True)
        self._model = None

    def _generate(self, prompts: list[Prompt]) -> list[Reply | Failure]:
        import torch

        settings, tokenizer, model = self._settings, self._tokenizer, self._model
        texts = [self._render(prompt) for prompt in prompts]
        inputs = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(model.device)
        sampling: dict[str, Any] = {"do_sample": False}
        if settings.temperature > 0:
            torch.manual_seed(_batch_seed(settings.seed, prompts))
            sampling = {"do_sample": True, "temperature": settings.temperature}
        try:
            with torch.inference_mode():
                output = model.generate(
                    **inputs,
                    max_new_tokens=max(prompt.max_tokens or settings.max_tokens for prompt in prompts),
                    pad_token_id=tokenizer.pad_token_id,
                    **sampling,
                )
        except torch.OutOfMemoryError as error:
            raise StoppedError(
                f"{self.name}: a batch of {len(prompts)} does not fit into the memory of {model.device}"
            ) from error
        length = inputs["input_ids"].shape[1]
        asked = inputs["attention_mask"].sum(dim=1).tolist()
        return [self._read(row[length:].tolist(), int(n)) for row, n in zip(output, asked, strict=True)]

    def _render(self, prompt: Prompt) -> str:
        try:
            text: str = self._tokenizer.apply_chat_template(
                list(prompt.messages), tokenize=False, add_generation_prompt=True
            )
        except jinja2.TemplateError as error:
            raise BadInputError(f"the chat template of {self.name} does not take this conversation: {error}") from error
        return text

    def _read(self, tokens: list[int], asked: int) -> Reply | Failure:
        ends = _end_tokens(self._model)
        stop = next((i for i, token in enumerate(tokens) if token in ends), None)
        finish = "length" if stop is None else "stop"
        kept = tokens if stop is None else tokens[:stop]
        reply = split_reasoning(self._tokenizer.decode(kept, skip_special_tokens=True).strip(), finish=finish)
        if isinstance(reply, Failure):
            return reply
        return reply.model_copy(update={"prompt_tokens": asked, "completion_tokens": len(kept) + (stop is not None)})


def local_name(name: str) -> tuple[str, str] | None:
    """Path and adapter of `tiny[+ADAPTER]` or `hf/ID_OR_PATH[+ADAPTER]`; none for a model that is not of this process.
    A folder's own name may hold a plus.

    Raises:
        BadInputError: a plus with no adapter behind it.

    >>> local_name("hf/some/model+runs/adapter"), local_name("openai/m")
    (('some/model', 'runs/adapter'), None)
    """
    kind, _, path = name.partition("/")
    if name == "tiny" or name.startswith("tiny+"):
        path, end = str(TINY) + name.removeprefix("tiny"), len(str(TINY))
    elif kind == "hf" and path:
        ends = [place for place, letter in enumerate(path) if letter == "+"]
        end = next((end for end in reversed(ends) if Path(path[:end]).is_dir()), ends[0] if ends else len(path))
    else:
        return None
    if end == len(path) or Path(path).is_dir():
        return path, ""
    if end == len(path) - 1:
        raise BadInputError(f"'{name}' names no adapter behind its plus")
    return path[:end], path[end + 1 :]


def load(path: str, adapter: str = "", device: str = "", *, chat: bool = True) -> tuple[Any, Any]:
    """The model in evaluation mode (on the GPU where there is one and no `device` is named, in its own precision; elsewhere
    in float32) and its tokenizer, padded on the left. Without `chat` the tokenizer needs no chat template.

    Raises:
        MissingExtraError: torch or transformers is not installed, or peft for an adapter.
        BadInputError: the model or its adapter cannot be loaded, they do not fit, or there is no chat template.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging as transformers_logging
    except ImportError:
        raise MissingExtraError("a model in this process", "local") from None
    if not Path(path).is_dir() and not HUB_NAME.fullmatch(path):
        raise BadInputError(
            f"cannot load the model '{path}': there is no such folder, and a name of the hub has the form ORG/NAME"
        )
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # a name that is not there is told in one sentence
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    folder = find_adapter(adapter) if adapter else None
    if folder is not None and (folder / ADAPTER).exists():
        check_adapter(folder)  # before minutes of loading
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, padding_side="left")
        model = AutoModelForCausalLM.from_pretrained(path, dtype="auto" if device == "cuda" else torch.float32)
    except Exception as error:  # whatever a broken folder makes the libraries raise, the folder is what is wrong
        first = str(error).strip().split("\n")[0]
        raise BadInputError(f"cannot load the model '{path}': {first}") from error
    if chat and not tokenizer.chat_template:
        raise BadInputError(f"the tokenizer of '{path}' has no chat template, so it is not known how to ask it")
    if folder is not None:
        model = _with_adapter(model, tokenizer, path, folder)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.generation_config.max_length = None
    if sum(weights.numel() for weights in model.parameters()) < SMALL:
        torch.set_num_threads(1)
    return model.to(device).eval(), tokenizer


def _with_adapter(model: Any, tokenizer: Any, base: str, adapter: Path) -> Any:
    """The model with an adapter on it. One that Primum made knows its base; of others PEFT compares names and shapes."""
    try:
        from peft import PeftModel, get_peft_model_state_dict
        from peft.utils.save_and_load import load_peft_weights
    except ImportError:
        raise MissingExtraError("an adapter", "align") from None
    if (adapter / ADAPTER).exists():
        check_base(adapter, read_adapter(adapter), base, tokenizer)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            adapted = PeftModel.from_pretrained(model, str(adapter))
        there = load_peft_weights(str(adapter), device="cpu")
        taken = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    except Exception as error:
        lines = [line.strip() for line in str(error).strip().split("\n")] or [type(error).__name__]
        told = next((line for line in lines if "size mismatch" in line), lines[0])  # it stands below a heading
        raise BadInputError(f"cannot load the adapter '{adapter}' on '{base}': {told}") from error
    over = sum("lora_" in name for name in there) - sum("lora_" in name for name in taken)
    if over > 0 or any("missing adapter keys" in str(warning.message) for warning in warned):
        raise BadInputError(f"cannot load the adapter '{adapter}' on '{base}': it was made for other layers")
    return adapted


def _end_tokens(model: Any) -> set[int]:
    ends = model.generation_config.eos_token_id
    return set(ends) if isinstance(ends, list) else {ends}


def _batch_seed(seed: int, prompts: list[Prompt]) -> int:
    """A seed that depends on what is asked and not on when: the same batch gives the same sample."""
    return int(content_id(seed, [(prompt.item_id, prompt.sample) for prompt in prompts])[:15], 16)
