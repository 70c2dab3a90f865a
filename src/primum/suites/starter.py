"""What is bundled, written for this project: four suites, and what other suites take from it."""

from __future__ import annotations

import json
import zlib
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


def starter_train_tiny() -> Iterator[Item]:
    """starter-train's requests with answers that the bundled model can form: it has few sentences and learns no others."""
    yield from read_items(FOLDER / "starter_train_tiny.csv", "starter-train-tiny")


def starter_exam() -> Iterator[Item]:
    """200 choice questions that the bundled model knows: a wiring check of ability, no medical exam."""
    yield from read_items(FOLDER / "starter_exam.csv", "starter-exam")


def starter_attacks() -> Iterator[Item]:
    """The starter's harmful requests in three styles of attack, and its benign ones in one of the three by rotation.

    A request that has one of the styles of its own is not put into that one again, so there are 243 harmful and 180
    benign items, in the starter's families. The frames are those of `data/starter_attacks.json`, the same for both
    sides; a CRC-32 of the item's id chooses among those of a style and language. The styles' names are MedEthicEval's.
    """
    frames: dict[str, dict[str, list[str]]] = json.loads((FOLDER / "starter_attacks.json").read_text(encoding="utf-8"))
    benign = 0
    for item in starter():
        if item.kind not in (Kind.HARMFUL, Kind.BENIGN):
            continue
        styles = [style for style in frames if style != item.style]
        if item.kind is Kind.BENIGN:
            styles = [styles[benign % len(styles)]]
            benign += 1
        for style in styles:
            yield _attack(item, style, frames[style][item.language])


def _attack(item: Item, style: str, frames: list[str]) -> Item:
    own = f"{style}-{item.id.removeprefix('starter/')}"
    frame = frames[zlib.crc32(own.encode()) % len(frames)]
    return Item.make(
        id=f"starter-attacks/{own}",
        suite="starter-attacks",
        kind=item.kind,
        request=frame.format(request=item.request),
        family=item.family,
        principle=item.principle,
        scenario=item.scenario,
        style=style,
        language=item.language,
    )


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
