"""What an adapter's folder says of itself, and the hashes by which it knows its base."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from primum.errors import BadInputError
from primum.ledger import file_sha256
from primum.records import Adapter

ADAPTER = "adapter.json"
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
PICKLED = "adapter_model.bin"  # what PEFT wrote in former days; its weights are read, nothing in it is run
INDEX = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
MODELS = ("model*.safetensors", "pytorch_model*.bin")
# A fast tokenizer is whole in its first file; those of before are several.
TOKENIZER = (
    *("tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"),
    *("vocab.json", "merges.txt", "vocab.txt", "added_tokens.json"),
)
HUB = re.compile(r"[\w.-]+(/[\w.-]+)?")
AT_ONCE = 4  # files hashed side by side
SHOWN = 12  # digits of a hash in a sentence


def read_adapter(path: Path) -> Adapter:
    """The `adapter.json` of an adapter's folder.

    Raises:
        BadInputError: there is none, or it does not read.
    """
    file = path / ADAPTER
    try:
        return Adapter.model_validate_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise BadInputError(f"{path} is not an adapter that primum align made: it has no {ADAPTER}") from None
    except OSError as error:
        raise BadInputError(f"cannot read {file}: {error.strerror}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise BadInputError(f"{file} does not read as an adapter's: {place or 'it'}: {fault['msg']}") from error


def check_adapter(path: Path) -> Adapter:
    """The `adapter.json` of an adapter whose training is over and whose weights and configuration are what it says.

    Raises:
        BadInputError: there is none, its training is not over, or a file is missing or was changed.
    """
    adapter = read_adapter(path)
    if adapter.state != "done":
        raise BadInputError(
            f"the training of {path} is not over: give its command again, it goes on where it stopped ({adapter.state})"
        )
    for name, sha in ((WEIGHTS, adapter.weights_sha256), (CONFIG, adapter.config_sha256)):
        if not (path / name).is_file():
            raise BadInputError(f"the adapter {path} has no {name}: it was removed, or only a part was copied")
        if file_sha256(path / name) != sha:
            raise BadInputError(f"{path / name} is not the file that {ADAPTER} names: it was changed after training")
    return adapter


def adapter_files(path: Path) -> dict[str, str]:
    """The SHA-256 of an adapter's weights and of its configuration, by file name.

    Raises:
        BadInputError: one of them is missing.
    """
    weights = PICKLED if (path / PICKLED).is_file() and not (path / WEIGHTS).is_file() else WEIGHTS
    for name in (weights, CONFIG):
        if not (path / name).is_file():
            raise BadInputError(f"cannot load the adapter '{path}': it has no {name}")
    return _hashes(path, (weights, CONFIG))


def check_base(path: Path, adapter: Adapter, base: str, tokenizer: Any) -> None:
    """See that an adapter was trained on this base, asked through this chat template.

    Raises:
        BadInputError: it was trained on another model, or learnt another template.
    """
    sha = base_sha256(base)
    if adapter.base_sha256 != sha:
        raise BadInputError(
            f"the adapter {path} was trained on {adapter.base} (SHA-256 {adapter.base_sha256[:SHOWN]}), "
            f"not on {base} ({sha[:SHOWN]}), and would mean nothing on it"
        )
    if adapter.recipe.template == "chat" and adapter.template_sha256 != template_sha256(tokenizer):
        raise BadInputError(
            f"the adapter {path} learnt the chat template that {adapter.base} had then, and {base} now has another"
        )


def base_sha256(path: str) -> str:
    """The hash of a model: of its configuration, its weights and its tokenizer's vocabulary. Notes, the chat template and
    settings of generation do not enter; files are read piece by piece.

    Raises:
        BadInputError: there is no such folder here, or it holds no weights.
    """
    folder = base_folder(path)
    found = _hashes(folder, base_files(folder))
    return hashlib.sha256(orjson.dumps(found, option=orjson.OPT_SORT_KEYS)).hexdigest()


def template_sha256(tokenizer: Any) -> str:
    """The hash of a tokenizer's chat template; of none the hash of nothing."""
    template = tokenizer.chat_template or ""
    text = template.encode() if isinstance(template, str) else orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


def base_folder(path: str) -> Path:
    """The folder of a model: itself, or where the hub's files of that name were put.

    Raises:
        BadInputError: there is none here.
    """
    if Path(path).is_dir():
        return Path(path)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(path, local_files_only=True))
    except Exception:  # a bad name, no cache, no such model in it
        raise BadInputError(
            f"the model '{path}' is not here: no folder of that name, and nothing of it fetched"
        ) from None


def base_files(folder: Path) -> list[str]:
    """The files of a model that its hash covers: those that are read when it is loaded."""
    weights: Iterable[str] = ()
    for index, pattern in zip(INDEX, MODELS, strict=True):
        weights = _indexed(folder / index) or {file.name for file in folder.glob(pattern)}
        if weights:
            break
    if not weights:
        raise BadInputError(f"{folder} holds no model: it has no {MODELS[0]}")
    words = [name for name in TOKENIZER if (folder / name).is_file()]
    words = words[:1] if TOKENIZER[0] in words else words
    missing = [name for name in ("config.json", *weights) if not (folder / name).is_file()]
    if missing:
        raise BadInputError(f"the model in {folder} is not whole: it has no {missing[0]}")
    return ["config.json", *sorted(weights), *words]


def find_adapter(name: str) -> Path:
    """The folder of an adapter: itself, or that of the hub's adapter of this name, fetched if need be.

    Raises:
        BadInputError: there is no such folder, and the hub does not give it.
    """
    if Path(name).is_dir():
        return Path(name)
    if not HUB.fullmatch(name):
        raise BadInputError(f"cannot load the adapter '{name}': there is no such folder")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["adapter_*", ADAPTER]))
    except Exception as error:  # no network, no such name, no right to it
        first = (str(error).strip() or type(error).__name__).split("\n")[0]
        raise BadInputError(
            f"cannot load the adapter '{name}': there is no such folder, and the hub did not give it ({first})"
        ) from error


def _hashes(folder: Path, names: Iterable[str]) -> dict[str, str]:
    names = list(names)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return dict(zip(names, threads.map(lambda name: file_sha256(folder / name), names), strict=True))


def _indexed(index: Path) -> set[str]:
    """The files that an index of weights names; none where there is no index."""
    try:
        named = orjson.loads(index.read_bytes())["weight_map"].values()
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BadInputError(f"{index} does not read as an index of weights") from None
    return {str(name) for name in named}
