"""An adapter's folder: what was trained on what, and what came of it.

`adapter.json` (`records.Adapter`) says where the training stands and is `done` only when all else is there:
`adapter_model.safetensors` and `adapter_config.json` (PEFT's own), `examples.jsonl` and `left_out.jsonl` (ids, hashes and
places, never texts), `curve.csv`, `README.md` (the model card), `checkpoints/`. Every file but the last two is replaced in
one step. What reads a folder without training anything is models/adapter.py, and can be had from here too.
"""

from __future__ import annotations

import csv
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from primum.errors import BadInputError, StoppedError
from primum.evaluator.encoder.recipe import replace_whole, sync
from primum.ledger import file_sha256
from primum.models.adapter import (
    ADAPTER,
    CONFIG,
    WEIGHTS,
    adapter_files,
    base_sha256,
    check_adapter,
    read_adapter,
    template_sha256,
)
from primum.records import Adapter, Demonstration, LeftOut, Preference, Record, Trained, content_id

__all__ = [
    "adapter_files",
    "base_sha256",
    "check_adapter",
    "create_adapter",
    "finish_adapter",
    "last_reward",
    "locked",
    "read_adapter",
    "read_curve",
    "read_left_out",
    "read_trained",
    "save_adapter",
    "template_sha256",
    "write_left_out",
    "write_trained",
]

TRAINED, LEFT_OUT, CURVE, CARD = "examples.jsonl", "left_out.jsonl", "curve.csv", "README.md"
FIRST = (".lock", f".{ADAPTER}.part")  # what is there when the very first write was cut off
AnyRecord = TypeVar("AnyRecord", bound=Record)


def create_adapter(out: Path, adapter: Adapter) -> None:
    """A new adapter's folder, with its `adapter.json`.

    Raises:
        BadInputError: something is there already, or the folder cannot be made.
        StoppedError: the disk is full.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        there = sorted(file.name for file in out.iterdir() if file.name not in FIRST)
    except OSError as error:
        raise BadInputError(f"cannot make the adapter's folder {out}: {error.strerror}") from error
    if ADAPTER in there:
        raise BadInputError(f"{out} already holds an adapter: choose another --out")
    if there:
        raise BadInputError(f"{out} is not empty (it holds {there[0]}): choose another --out")
    save_adapter(out, adapter)


def save_adapter(path: Path, adapter: Adapter) -> None:
    """Write `adapter.json` in one step.

    Raises:
        StoppedError: it could not be written.
    """
    replace_whole(path / ADAPTER, lambda part: part.write_bytes(adapter.model_dump_json(indent=1).encode() + b"\n"))


def finish_adapter(path: Path, adapter: Adapter, model: Any) -> Adapter:
    """Write the weights of a trained `PeftModel`, then that the adapter is done, with the hashes of both files.

    Raises:
        StoppedError: they could not be written; `adapter.json` is as it was.
    """
    part = path / ".weights.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        _save_weights(model, part)
        for name in (WEIGHTS, CONFIG):
            sync(part / name)
            (part / name).replace(path / name)
        sync(path)
    except OSError as error:
        raise StoppedError(
            f"could not write the weights to {path} ({error.strerror or error}): make room, then give the same command again"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    hashes = {"weights_sha256": file_sha256(path / WEIGHTS), "config_sha256": file_sha256(path / CONFIG)}
    adapter = adapter.model_copy(update={**hashes, "state": "done"})
    save_adapter(path, adapter)
    return adapter


def write_trained(path: Path, examples: Iterable[Demonstration | Preference]) -> str:
    """Write `examples.jsonl`: what is trained on, without its texts; the file's SHA-256.

    Raises:
        StoppedError: it could not be written.
    """
    lines = (
        Trained(id=e.id, sha256=example_sha256(e), group=e.group, family=e.family, place=e.place) for e in examples
    )
    _write_lines(path / TRAINED, lines)
    return file_sha256(path / TRAINED)


def write_left_out(path: Path, examples: Iterable[LeftOut]) -> None:
    """Write `left_out.jsonl`: what is not trained on, and why.

    Raises:
        StoppedError: it could not be written.
    """
    _write_lines(path / LEFT_OUT, examples)


def read_trained(path: Path) -> list[Trained]:
    """What an adapter was trained on.

    Raises:
        BadInputError: the list is missing, or a line does not read.
    """
    return _read_lines(path / TRAINED, Trained)


def read_left_out(path: Path) -> list[LeftOut]:
    """What was left out of an adapter's training.

    Raises:
        BadInputError: the list is missing, or a line does not read.
    """
    return _read_lines(path / LEFT_OUT, LeftOut)


def read_curve(path: Path) -> list[dict[str, float]]:
    """The rows of `curve.csv`, one a step; none where there is no file. A row that was cut off is passed over, a cell that
    is empty left out.

    Raises:
        BadInputError: a cell is no number.
    """
    file = path / CURVE
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            rows = [row for row in csv.DictReader(opened) if None not in row and None not in row.values()]
        return [{name: float(cell) for name, cell in row.items() if cell} for row in rows]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error) as error:
        raise BadInputError(f"{file} does not read as a training's curve: {error}") from error


def last_reward(rows: Sequence[dict[str, float]]) -> float | None:
    """The mean reward of the chosen answers over the last tenth of a curve; nothing where the curve has none. Below 0 they
    ended less likely than they were under the reference (Razin et al. 2024); log-probabilities of two steps do not compare,
    as their batches differ.

    >>> last_reward([{"reward_chosen": 1.0}, {"reward_chosen": -2.0}])
    -2.0
    """
    rewards = [row["reward_chosen"] for row in rows if "reward_chosen" in row]
    last = rewards[-max(1, len(rewards) // 10) :]
    return sum(last) / len(last) if last else None


def example_sha256(example: Demonstration | Preference) -> str:
    """The hash of an example's texts.

    >>> from primum.records import Kind
    >>> one = Demonstration(id="a", kind=Kind.BENIGN, request="?", answer="!", family="f")
    >>> example_sha256(one) == example_sha256(one.model_copy(update={"id": "b", "family": "g"}))
    True
    """
    answers = (example.answer,) if isinstance(example, Demonstration) else (example.chosen, example.rejected)
    return content_id(example.system, example.request, *answers)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """An adapter's folder, made if need be, for this process alone.

    Raises:
        BadInputError: it cannot be made, or another process trains in it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise BadInputError(f"cannot make the adapter's folder {path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInputError(f"another process trains in {path}: wait for it, or stop it first") from None
        yield
    finally:
        os.close(lock)


def _save_weights(model: Any, folder: Path) -> None:
    from safetensors import SafetensorError

    try:
        model.save_pretrained(str(folder))
    except SafetensorError as error:  # a full disk comes as one
        raise OSError(str(error)) from error


def _write_lines(file: Path, records: Iterable[Record]) -> None:
    def write(part: Path) -> None:
        with part.open("wb") as opened:
            opened.writelines(record.line() for record in records)

    replace_whole(file, write)


def _read_lines(file: Path, noun: type[AnyRecord]) -> list[AnyRecord]:
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise BadInputError(f"cannot read {file}: {error.strerror}") from error
    return [_read_line(file, number, line, noun) for number, line in enumerate(lines, 1)]


def _read_line(file: Path, number: int, line: bytes, noun: type[AnyRecord]) -> AnyRecord:
    try:
        return noun.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]["msg"]
        raise BadInputError(f"{file}:{number}: not a {noun.__name__}: {fault}") from error
