"""What can go wrong, and the exit code that each leads to (the README lists them)."""

from __future__ import annotations


class PrimumError(Exception):
    """Base of every error that is told in one sentence instead of a traceback."""

    exit_code = 70


class BadInputError(PrimumError):
    """Wrong usage or unusable input. `faults` lists each fault, with file and line where there is one."""

    exit_code = 2

    def __init__(self, sentence: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.faults = faults


class MissingExtraError(BadInputError):
    """An optional part of Primum is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': pip install 'primum[{extra}]'")


class StoppedError(PrimumError):
    """Stopped from outside (bad key, unknown model, disk full). What was recorded stays; resume goes on."""

    exit_code = 4
