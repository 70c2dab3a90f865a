"""People's labels of a run's answers: from their files into the run, and its estimates made anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from primum.errors import BadInputError
from primum.evaluate import finish
from primum.labels import Rating, labels_in, read_ratings
from primum.ledger import check_run, file_sha256, open_run, read_records, read_run
from primum.marks import open_marks
from primum.marks.experts import add_labels, check_labels, check_places, check_training, trained_on
from primum.records import Label, Run, Summary


def read_expert_labels(files: Sequence[Path]) -> list[Rating]:
    """The ratings of people's label files.

    Raises:
        BadInputError: no file, one that cannot be read, and all that `read_ratings` finds fault with.
    """
    for file in files:
        if file.is_dir():
            raise BadInputError(f"{file} is a folder, and no file of people's labels")
    return read_ratings(files)


def label_run(path: Path, files: Sequence[Path]) -> Summary:
    """Store the labels of a run's answers in it, instead of those it had, and estimate anew; nothing is asked or judged.

    Raises:
        BadInputError: the run was changed; a label is of no answer of it, or cannot be weighed; a judge was trained on
            labelled answers. The run is then as it was.
    """
    run = check_run(path)
    ratings = read_expert_labels(files)
    labels = labels_in(path, ratings)
    check_places((rating.place for rating in ratings), labels, f"{path} does not have")
    check_labels(labels)
    if run.taught:
        _check_training(path, run, labels)
    with open_run(path) as ledger:
        names = _names(files)
        ledger.replace(Label, (_renamed(label, names[label.file]) for label in labels))
        ledger.save(labels={name: file_sha256(Path(file)) for file, name in names.items()})
        return finish(ledger, whole=run.state == "done")


def told_replaced(path: Path) -> str:
    """What labelling a run anew takes out of it: how many labels, and of which files; nothing where it holds none.

    Raises:
        BadInputError: no run, or a label that does not read.
    """
    names = ", ".join(read_run(path).labels)
    return f"{sum(1 for _ in read_records(path, Label))} labels of {names}" if names else ""


def _names(files: Sequence[Path]) -> dict[str, str]:
    """What each file is called in the run, which knows no folder: of files with one name the second is `a.csv (2)`."""
    names: dict[str, str] = {}
    for file in dict.fromkeys(map(str, files)):
        name, n = Path(file).name, 1
        while name in names.values():
            n += 1
            name = f"{Path(file).name} ({n})"
        names[file] = name
    return names


def _renamed(label: Label, name: str) -> Label:
    return label.model_copy(update={"place": f"{name}:{label.place.rpartition(':')[2]}"})


def _check_training(path: Path, run: Run, labels: Sequence[Label]) -> None:
    tables = open_marks(path)
    try:
        add_labels(tables, labels)
        check_training(tables, trained_on(tables, run))
    finally:
        tables.close()
