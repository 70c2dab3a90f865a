"""Keeping the hub's libraries off the network."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

NAMES = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
# Where the libraries keep what they read of the environment when they were loaded.
KEPT = (
    ("huggingface_hub.constants", "HF_HUB_OFFLINE"),
    ("datasets.config", "HF_HUB_OFFLINE"),
    ("datasets.config", "HF_DATASETS_OFFLINE"),
)
TRUE = {"1", "ON", "YES", "TRUE"}  # as they read it


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Nothing asks the hub, whether its libraries were loaded before or are loaded now; afterwards all is as it was."""
    environment = {name: os.environ.get(name) for name in NAMES}
    kept = {place: getattr(sys.modules[place[0]], place[1]) for place in KEPT if place[0] in sys.modules}
    os.environ.update(dict.fromkeys(NAMES, "1"))
    _set(dict.fromkeys(kept, True))
    try:
        yield
    finally:
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        was = any((value or "").upper() in TRUE for value in environment.values())
        _set({place: kept.get(place, was) for place in KEPT if place[0] in sys.modules})


def _set(values: dict[tuple[str, str], object]) -> None:
    for (module, name), value in values.items():
        setattr(sys.modules[module], name, value)
