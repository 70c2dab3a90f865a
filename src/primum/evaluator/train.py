"""What `primum evaluator train` does."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

import primum
from primum.errors import BadInputError, StoppedError
from primum.evaluator.card import BUNDLED, CARD, FOLDS_OF_ENCODER, MODEL, Card, model_files, write_card
from primum.evaluator.examples import Example, Read, read_examples
from primum.evaluator.fit import fit_linear
from primum.evaluator.linear import REQUESTS, WEIGHTS, name_folds, save_folds, save_linear
from primum.evaluator.plot import write_reliability
from primum.evaluator.quality import quality_of
from primum.ledger import file_sha256
from primum.records import Criterion

FOLDS = 5
PICTURE = "reliability-"  # how the names of the plots begin
Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], object]


def train_evaluator(
    files: Sequence[Path],
    criteria: Sequence[str],
    out: Path,
    *,
    base: str = "",
    seed: int = 0,
    epochs: int = 4,
    abstain: float = 0.0,
    draw: bool = False,
    progress: Progress = lambda part, done, steps: None,
) -> Card:
    """Train an evaluator on label files, cross-validate it by family, and save it in `out` with its card.

    Without `base` it is the linear one; else `base` names a transformer (a folder or a hub name) to fine-tune, which is
    trained once for each fold and once on everything, and goes on where it was stopped when called again. As a judge it
    says nothing of answers of which it is less sure than `abstain`. With `draw` the reliability plots lie beside it.

    Raises:
        BadInputError: as `read_examples`; fewer families than folds; `out` holds a finished evaluator or something else,
            or cannot be made.
        MissingExtraError: scikit-learn, or torch and transformers, are missing.
        StoppedError: the disk is full; a transformer's training goes on when called again.
    """
    read = read_examples(files, criteria)
    for criterion, scale in read.scales.items():
        if len(scale) < 2:
            raise BadInputError(f"{criterion} has only the label {scale[0]}: there is nothing to learn to tell apart")
    folds = fold_families([example.family for example in read.examples], seed)
    _check_out(out, base)
    if not base:  # before the folder is made: labels that do not do leave nothing behind
        evaluator, predicted = fit_linear(read.examples, read.scales, folds)
    _make(out)
    try:
        if base:
            predicted = _train_encoder(read, folds, base, out, seed, epochs, progress)
        else:
            save_linear(evaluator, out)
        save_folds(_folds_of(read.examples, folds, cross_fitted=not base), out)
    except OSError as error:
        raise StoppedError(
            f"could not write to {out} ({error.strerror}): make room, then give the same command again"
        ) from error
    card = Card(
        kind="encoder" if base else "linear",
        base=base,
        criteria=read.scales,
        examples=len(read.examples),
        families=len({example.family for example in read.examples}),
        folds=FOLDS,
        seed=seed,
        abstain=abstain,
        versions=_versions(base),
        data={file.name: file_sha256(file) for file in files},
        files=model_files(out),
        figures=tuple(quality_of(read.examples, read.scales, predicted, seed, abstain)),
        notes=read.notes,
    )
    for quality in card.figures if draw else ():
        write_reliability(quality, out / f"{PICTURE}{re.sub('[^a-z0-9]+', '-', quality.name).strip('-')}.svg")
    write_card(card, out)
    shutil.rmtree(
        out / FOLDS_OF_ENCODER, ignore_errors=True
    )  # not before: a training that is stopped goes on from them
    return card


def fold_families(families: Sequence[str], seed: int) -> list[int]:
    """The fold of each example (n,): whole families, in an order drawn by the seed, each to the smallest fold so far.

    Raises:
        BadInputError: fewer families than folds.
    """
    names, code, sizes = np.unique(np.array(families, dtype=np.str_), return_inverse=True, return_counts=True)
    if names.size < FOLDS:
        raise BadInputError(f"{names.size} families of requests: {FOLDS} are the least to cross-validate with")
    fold_of, filled = np.zeros(names.size, dtype=np.int64), np.zeros(FOLDS)
    for family in np.random.default_rng(seed).permutation(names.size):
        fold_of[family] = int(filled.argmin())
        filled[fold_of[family]] += sizes[family]
    return [int(fold) for fold in fold_of[code]]


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"cannot make the folder {folder}: {error.strerror}") from error


def _check_out(out: Path, base: str) -> None:
    if str(out) == BUNDLED:
        raise BadInputError(f"{BUNDLED} names the evaluator that comes with Primum: choose another folder with --out")
    if (out / CARD).exists():
        raise BadInputError(f"{out} holds an evaluator already: choose another folder with --out")
    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is no folder: choose another with --out")
    # What a training that was stopped had begun is its own.
    own = {REQUESTS, *((MODEL, FOLDS_OF_ENCODER) if base else (WEIGHTS,))}
    there = [] if not out.is_dir() else sorted(file.name for file in out.iterdir())
    others = [name for name in there if name not in own and not name.startswith((PICTURE, f".{PICTURE}", f".{CARD}"))]
    if others:
        raise BadInputError(
            f"{out} holds {others[0]}, which is none of an evaluator's: choose another folder with --out"
        )


def _train_encoder(
    read: Read, folds: Sequence[int], base: str, out: Path, seed: int, epochs: int, progress: Progress
) -> dict[Criterion, Floats]:
    """Fine-tune once without each fold, which gives that fold's chances, and once on everything, which is kept."""
    from primum.evaluator.encoder import train_encoder

    predicted = {criterion: np.zeros((len(read.examples), len(scale))) for criterion, scale in read.scales.items()}
    for number in range(FOLDS):
        others = [example for example, fold in zip(read.examples, folds, strict=True) if fold != number]
        encoder = train_encoder(
            others,
            read.scales,
            base,
            out / FOLDS_OF_ENCODER / str(number),
            seed=seed,
            epochs=epochs,
            progress=partial(progress, f"fold {number + 1} of {FOLDS}"),
        )
        own = [i for i, fold in enumerate(folds) if fold == number]
        told = encoder.predict([(read.examples[i].request, read.examples[i].response) for i in own])
        for criterion, chances in told.items():
            predicted[criterion][own] = chances
    train_encoder(
        read.examples,
        read.scales,
        base,
        out / MODEL,
        seed=seed,
        epochs=epochs,
        progress=partial(progress, "all examples"),
    )
    return predicted


def _folds_of(examples: Sequence[Example], folds: Sequence[int], cross_fitted: bool) -> dict[int, int]:
    told = folds if cross_fitted else [-1] * len(folds)
    return name_folds([(example.request, example.response) for example in examples], told)


def _versions(base: str) -> dict[str, str]:
    used = ("torch", "transformers") if base else ("scikit-learn",)
    return {"primum": primum.__version__, **{name: importlib.metadata.version(name) for name in ("numpy", *used)}}
