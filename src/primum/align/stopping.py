"""What stops a training from outside, told with what to do: memory or disk full, or a loss that is no number."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from primum.errors import StoppedError

NO_MEMORY = ("not enough memory", "out of memory")
NO_ROOM = ("file write failed", "No space left", "unexpected pos")


class NotFiniteError(Exception):
    """The loss or a gradient is no number any more."""


@contextmanager
def told(micro: int, out: Path) -> Iterator[None]:
    """Tells a full memory or disk in a sentence; `micro` examples are read at once, and the disk is that of `out`.

    Raises:
        StoppedError: memory or disk is full.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise StoppedError(_out_of_memory(micro)) from error
    except RuntimeError as error:
        if any(sign in str(error) for sign in NO_MEMORY):
            raise StoppedError(_out_of_memory(micro)) from error
        if any(sign in str(error) for sign in NO_ROOM):
            raise StoppedError(_disk_full(out)) from error
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StoppedError(_disk_full(out)) from error
        raise


def not_finite(step: str, kept: Path | None) -> StoppedError:
    """What is said of a loss that is no number; `kept` is the last whole checkpoint."""
    before = f"the weights of {kept} are kept" if kept else "no checkpoint was written before it"
    return StoppedError(
        f"the loss is no number at step {step}: {before}; lower learning_rate in the recipe, or look at the examples of "
        "that step"
    )


def _out_of_memory(micro: int) -> str:
    return (
        f"{micro} examples at once do not fit into memory: lower micro in the recipe (batch stays), set "
        "activation_checkpointing = true, or lower max_length"
    )


def _disk_full(out: Path) -> str:
    return f"the disk of {out} is full: make room and give the same command again; it goes on from the last checkpoint"
