"""What is bundled, written for this project: three suites, and what other suites take from it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from primum.records import Item, Kind
from primum.suites.table import read_items

FOLDER = Path(str(files("primum.suites"))) / "data"
STARTER = ("harmful", "benign", "choice", "open")
STARTER_TRAIN = ("harmful", "benign")


def starter() -> Iterator[Item]:
    """90 harmful and 180 benign requests, 60 choice questions and 28 open cases, English and Chinese."""
    for name in STARTER:
        yield from read_items(FOLDER / "starter" / f"{name}.csv", "starter")


def starter_train() -> Iterator[Item]:
    """204 harmful requests with safe answers and 204 benign ones with helpful answers, for training only."""
    for name in STARTER_TRAIN:
        yield from read_items(FOLDER / "starter_train" / f"{name}.csv", "starter-train")


def starter_exam() -> Iterator[Item]:
    """200 choice questions that the bundled model knows: a wiring check of ability, no medical exam."""
    yield from read_items(FOLDER / "starter_exam.csv", "starter-exam")


def starter_benign(suite: str) -> Iterator[Item]:
    """The starter's 180 benign requests as items of another suite: `suite/starter-<id>`, in the same families."""
    for item in starter():
        if item.kind is Kind.BENIGN:
            own = item.id.removeprefix("starter/")
            yield item.model_copy(update={"id": f"{suite}/starter-{own}", "suite": suite, "source": "starter"})


def bundled_choice(name: str, suite: str) -> Iterator[Item]:
    """The choice questions of `data/<name>.csv`, each with the rationale of its key."""
    for item in read_items(FOLDER / f"{name}.csv", suite):
        yield item.model_copy(update={"source": "primum"})
