"""An evaluator's folder: `evaluator.json`, its card with figures and hashes, and the files of its model."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, Protocol
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from primum.errors import BadInputError
from primum.evaluator.encoder.recipe import replace_whole
from primum.evaluator.linear import REQUESTS, LinearEvaluator, load_folds, load_linear
from primum.evaluator.quality import Quality
from primum.judges.rules import rules_sha
from primum.labels import REFUSAL_WORDS, SCALES
from primum.ledger import file_sha256
from primum.records import Criterion, Record, content_id
from primum.rows import read_text

CARD = "evaluator.json"
BUNDLED = "bundled"
MODEL = "model"  # the folder of an encoder within
FOLDS_OF_ENCODER = "folds"  # encoders without one fold each, while it is trained
READING = ("features.py", "linear.py")
# What numpy and zipfile raise on files that are broken, or made to break them.
_UNREADABLE = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, MemoryError, EOFError),
    *(BadZipFile, zlib.error),
)


class Card(Record):
    """What an evaluator is, what it was trained on, and how well it did on requests that it had not seen.

    It says nothing of an answer of which it is less sure than `abstain`. `criteria` tells each criterion's labels in their
    order; `data` and `files` give the SHA-256 of each file of labels and of the model. `figures` are cross-validated by
    family over `folds` folds."""

    format: Literal[1] = 1
    kind: Literal["linear", "encoder"]
    base: str = ""
    criteria: dict[Criterion, tuple[str, ...]]
    examples: int
    families: int
    folds: int
    seed: int
    abstain: float = 0.0
    versions: dict[str, str]
    data: dict[str, str]
    files: dict[str, str]
    figures: tuple[Quality, ...]
    notes: tuple[str, ...] = ()


class Predictor(Protocol):
    """What any evaluator can do: the chances of each label (n, k) of n pairs of request and answer."""

    @property
    def scales(self) -> dict[Criterion, tuple[str, ...]]: ...

    def predict(self, pairs: Sequence[tuple[str, str]]) -> dict[Criterion, npt.NDArray[np.float64]]: ...


class Evaluator(NamedTuple):
    """An evaluator that was opened: its card, its model, and the fold of each request that it was trained on by the
    request's hash (linear.text_hash); -1 where it has no weights that did not see the request."""

    card: Card
    model: Predictor
    folds: dict[int, int]

    @property
    def sha256(self) -> str:
        """A hash that changes whenever what the evaluator says could: of its model, and of what a linear one reads by."""
        scales = {str(name): scale for name, scale in self.card.criteria.items()}
        return content_id(
            scales, self.card.files, self.card.abstain, _reading_sha() if self.card.kind == "linear" else ""
        )


def open_evaluator(folder: Path) -> Evaluator:
    """An evaluator from its folder; `bundled` is the one that comes with Primum.

    Raises:
        BadInputError: there is none, its files are not those of its card, or one does not read.
        MissingExtraError: an encoder without torch and transformers.
    """
    if str(folder) == BUNDLED:  # whatever lies in the working folder: the name is promised
        folder = Path(__file__).parent / BUNDLED
    card = read_card(folder)
    _check_files(card, folder)
    try:
        folds = load_folds(folder)
        model: Predictor
        if card.kind == "linear":
            model = load_linear(folder, card.criteria, folds)
        else:
            from primum.evaluator.encoder import load_encoder

            model = load_encoder(folder / MODEL)
        tables = min(map(len, model.tables.values())) if isinstance(model, LinearEvaluator) else 1
        if not all(isinstance(fold, int) and -1 <= fold < tables - 1 for fold in folds.values()):
            raise ValueError(f"{REQUESTS} names a fold that has no weights")
    except _UNREADABLE as error:
        told = (str(error) or type(error).__name__).splitlines()[0]
        raise BadInputError(f"{folder} holds no readable evaluator: {told}") from error
    return Evaluator(card, model, folds)


def read_card(folder: Path) -> Card:
    """The card of a folder.

    Raises:
        BadInputError: there is none, or it does not read.
    """
    file = folder / CARD
    if not file.is_file() and (folder / MODEL).is_dir() | (folder / FOLDS_OF_ENCODER).is_dir():
        raise BadInputError(
            f"the training in {folder} is not over: give its command again, it goes on where it stopped"
        )
    if not file.is_file():
        raise BadInputError(
            f"{folder} holds no evaluator ({CARD}); make one with primum evaluator train, or name {BUNDLED}"
        )
    try:
        card = Card.model_validate_json(read_text(file))
    except ValidationError as error:
        raise BadInputError(f"{file} is no evaluator's card: {error.errors()[0]['msg']}") from error
    if fault := _fault(card):
        raise BadInputError(f"{file} is no evaluator's card: {fault}")
    return card


def describe(card: Card) -> str:
    """In a sentence what a card says, for the notes of a run."""
    first = card.figures[0]
    told = [
        f"{one.accuracy.value:.0%} of {one.n:,}{where}"
        for where, one in _by_source(first)
        if one.accuracy.value is not None
    ]
    silent = f"; no mark below a confidence of {card.abstain:g}" if card.abstain else ""
    return (
        f"a {card.kind} evaluator trained on {card.examples:,} labelled answers; cross-validated on requests that it had not "
        f"seen it was right on {', '.join(told)} by {first.name}{silent}"
    )


def _by_source(figures: Quality) -> list[tuple[str, Quality]]:
    """The figures of each source of the examples, where there are several: the whole would hide the hardest."""
    sources = figures.by_group.get("source", {})
    return [(f" ({source})", one) for source, one in sources.items()] or [("", figures)]


def write_card(card: Card, folder: Path) -> None:
    """Write the card: the last file of a folder, so that one without it is not whole."""
    replace_whole(folder / CARD, lambda part: part.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8"))


def model_files(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of the model: those below the folder but its card, hidden files, pictures
    and what only the training needed."""
    found = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    own = [file for file in found if file.suffix not in (".svg", ".md") and file != folder / CARD]
    own = [file for file in own if folder / FOLDS_OF_ENCODER not in file.parents]
    return {file.relative_to(folder).as_posix(): file_sha256(file) for file in own}


@cache
def _reading_sha() -> str:
    """The hash of the code and word lists by which a linear evaluator reads an answer."""
    return content_id(rules_sha(), *(file_sha256(Path(__file__).with_name(name)) for name in READING))


def _fault(card: Card) -> str:
    """What a card says that none can say; nothing where all is well."""
    if not card.criteria or not card.figures or not card.files:
        return "it names no criteria, no figures or no files"
    for criterion, scale in card.criteria.items():
        known = REFUSAL_WORDS if criterion is Criterion.REFUSAL else SCALES.get(criterion, ())
        if len(set(scale)) < max(2, len(scale)) or not set(scale) <= set(known):
            return f"{criterion} is labelled with two or more of {', '.join(known)}"
    strange = [name for name in card.files if name != Path(name).as_posix() or Path(name).is_absolute()]
    strange += [name for name in card.files if ".." in Path(name).parts or not name.isprintable()]
    return f"{strange[0]!r} is no plain name of a file below its folder" if strange else ""


def _check_files(card: Card, folder: Path) -> None:
    """Every file is the one that the card names, and there is no other: a library might read it too."""
    found = model_files(folder)
    for name in dict.fromkeys((*card.files, *found)):
        if found.get(name) != card.files.get(name):
            raise BadInputError(f"{folder / name} is not the file that {CARD} names: train the evaluator again")
