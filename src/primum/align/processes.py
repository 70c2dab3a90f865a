"""The processes of a training: one, or those that `accelerate launch` or `torchrun` started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from primum.errors import PrimumError

Made = TypeVar("Made")


def processes() -> Any:
    """The processes of this training, as accelerate's state."""
    return PartialState(cpu=not torch.cuda.is_available())


def by_main(work: Callable[[], Made]) -> Made:
    """What the main process makes of `work`, in every process; what it raises is raised in all, so that none waits for it.

    Raises:
        PrimumError: the main process raised one.
        RuntimeError: the main process raised something else (it raises that itself).
    """
    said: list[Any] = [None, None]
    if processes().is_main_process:
        try:
            said[0] = work()
        except PrimumError as error:
            said[1] = error
        except BaseException as error:
            broadcast_object_list([None, RuntimeError(f"the main process failed: {type(error).__name__}: {error}")])
            raise
    made, failed = broadcast_object_list(said)
    if failed is not None:
        raise failed
    return made  # type: ignore[no-any-return]
