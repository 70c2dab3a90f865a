"""`encoder.json`: all that decides a fine-tuned encoder's weights, and whether its training is over."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from primum.errors import BadInputError, StoppedError
from primum.records import Criterion, Record

NAME = "encoder.json"
FACTS = ("causal", "threads", "done")  # found out in training; all else is an argument of it
SAID = {"data": "on other examples", "scales": "for other criteria or labels"}


class Recipe(Record):
    """What an encoder was trained from. `base` is as it was named, `data` the hash of the examples in their order,
    `max_length` in tokens, `rate` the highest learning rate of the backbone, `threads` torch's number of them."""

    v: Literal[1] = 1
    base: str
    scales: dict[Criterion, tuple[str, ...]]
    data: str
    seed: int
    epochs: int = Field(ge=1)
    batch: int = Field(ge=1)
    max_length: int = Field(ge=1)
    rate: float = Field(gt=0)
    causal: bool = False
    threads: int = 0
    done: bool = False


def read_recipe(folder: Path) -> Recipe:
    """The `encoder.json` of a folder.

    Raises:
        BadInputError: there is none, or it does not read.
    """
    try:
        return Recipe.model_validate_json((folder / NAME).read_bytes())
    except OSError as error:
        raise BadInputError(f"{folder} holds no fine-tuned encoder: cannot read {NAME} ({error.strerror})") from None
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise BadInputError(f"{folder / NAME} does not read as an encoder's: {place} {fault['msg']}") from None


def begun(folder: Path, recipe: Recipe) -> Recipe | None:
    """What was begun in a folder before with the same arguments; None where nothing was.

    Raises:
        BadInputError: it was begun with other arguments or examples.
    """
    if not (folder / NAME).exists():
        return None
    there = read_recipe(folder)
    for name in Recipe.model_fields:
        was, now = getattr(there, name), getattr(recipe, name)
        if name not in FACTS and was != now:
            told = SAID.get(name, f"with {name} {was}, not {now}")
            raise BadInputError(
                f"an encoder was begun in {folder} {told}: choose another folder, or remove it to begin anew"
            )
    return there


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder, made if need be, for this process alone.

    Raises:
        BadInputError: it cannot be made, or another process trains in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise BadInputError(f"cannot make the folder {folder}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInputError(
                f"another process trains an encoder in {folder}: wait for it, or stop it first"
            ) from None
        yield
    finally:
        os.close(lock)


def replace_whole(file: Path, write: Callable[[Path], object]) -> None:
    """A file that is either as it was before or wholly new, whenever the process or the machine stops.

    Raises:
        StoppedError: it could not be written.
    """
    part = file.with_name(f".{file.name}.part")
    try:
        write(part)
        sync(part)
        part.replace(file)
        sync(file.parent)
    except OSError as error:
        raise StoppedError(
            f"could not write {file} ({error.strerror or error}): make room, then give the same command again"
        ) from error


def write_tensors(file: Path, tensors: Mapping[str, Any], **told: str) -> None:
    """Write tensors as safetensors in one step; `told` stands in the file's head.

    Raises:
        StoppedError: they could not be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    def write(part: Path) -> None:
        try:
            save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, part, metadata=told)
        except SafetensorError as error:
            raise OSError(str(error)) from error

    replace_whole(file, write)


def sync(path: Path) -> None:
    """Force a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Write `encoder.json` in one step."""
    replace_whole(folder / NAME, lambda part: part.write_bytes(recipe.model_dump_json(indent=1).encode() + b"\n"))
