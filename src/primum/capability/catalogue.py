"""The exams by name: files in the data folder, or the harness's own task where there is no such folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from primum.capability import files
from primum.capability.files import Read
from primum.capability.questions import ExamPaper, Form, Question
from primum.errors import BadInputError
from primum.suites.catalogue import open_suite
from primum.suites.starter import starter_exam


class Published(NamedTuple):
    """An exam of others: its reader, the template's name, and where the harness keeps its tasks for it."""

    read: Callable[[Path, int], Read]
    template: str
    folder: str
    tasks: tuple[str, ...]


STARTER = "starter-exam"
OWN_TEMPLATE: dict[Form, str] = {"loglikelihood": "primum choice, answer begun", "generative": "primum choice"}
PUBLISHED = {
    "pubmedqa": Published(files.pubmedqa, "lm-eval pubmedqa", "pubmedqa", ("pubmedqa",)),
    "mmlu_medical": Published(
        files.mmlu_medical, "lm-eval mmlu", "mmlu/default", tuple(f"mmlu_{subject}" for subject in files.MMLU)
    ),
    "medqa": Published(files.medqa, "lm-eval medqa", "medqa", ("medqa_4options",)),
    "medmcqa": Published(files.medmcqa, "lm-eval medmcqa", "medmcqa", ("medmcqa",)),
    "cmmlu_medical": Published(
        files.cmmlu_medical, "lm-eval cmmlu", "cmmlu", tuple(f"cmmlu_{subject}" for subject in files.CMMLU)
    ),
}
EXAMS = (STARTER, *PUBLISHED)


def read_names(text: str) -> tuple[str, ...]:
    """The exams that a user names, `A,B`.

    Raises:
        BadInputError: none is named, one is unknown (the known ones are listed), or two would have one name.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    known = f"known exams are {', '.join(EXAMS)}; a file ends in .csv or .jsonl"
    if not names:
        raise BadInputError(f"name an exam with --exam: {known}")
    taken: dict[str, str] = {}
    for name in names:
        if name not in EXAMS and not is_file(name):
            raise BadInputError(f"no exam or file named '{name}': {known}")
        own = Path(name).stem if is_file(name) else name
        if own in taken or (is_file(name) and own in EXAMS):
            raise BadInputError(f"'{taken.get(own, own)}' and '{name}' would have one name: rename the file")
        taken[own] = name
    return names


def is_file(name: str) -> bool:
    """True for the name of a file in Primum's own format, or MedES's."""
    return Path(name).suffix.lower() in {".csv", ".jsonl"}


def is_here(name: str, data: Path | None) -> bool:
    """True for an exam that needs no network."""
    if name not in PUBLISHED:
        return True
    folder = data / name if data is not None else None
    return folder is not None and folder.is_dir() and any(folder.iterdir())


def open_exam(name: str, data: Path | None, shots: int) -> ExamPaper:
    """The questions of an exam with `shots` worked examples before each.

    Raises:
        BadInputError: a file is missing or faulty, there are not so many examples, or the hub does not give the exam.
    """
    if name in PUBLISHED:
        exam = PUBLISHED[name]
        if is_here(name, data) and data is not None:
            read, source = exam.read(data / name, shots), f"{name} (data folder)"
        else:
            from primum.capability.hub import read_hub

            read, source = read_hub(name, exam.folder, exam.tasks, shots), "hub"
        template: dict[Form, str] = {"loglikelihood": exam.template, "generative": "primum exam"}
        paper = ExamPaper(name, tuple(read.questions), _lists(read), template, source)
    elif name == STARTER:
        paper = ExamPaper(name, tuple(files.choice_items(starter_exam(), name).questions), {}, OWN_TEMPLATE, "bundled")
    else:
        read, own = files.choice_items(open_suite(name, None)(), name), Path(name).stem
        paper = ExamPaper(own, tuple(read.questions), {}, OWN_TEMPLATE, Path(name).name)
    _check(paper, shots)
    return paper


def _lists(read: Read) -> dict[str, tuple[Question, ...]]:
    return {group: tuple(examples) for group, examples in read.examples.items()}


def _check(paper: ExamPaper, shots: int) -> None:
    if not paper.questions:
        raise BadInputError(f"the exam '{paper.name}' has no questions")
    groups = {question.group for question in paper.questions} if shots else set()
    fewest = min((len(paper.examples.get(group, ())) for group in groups), default=0)
    if fewest < shots:
        have = f"only {fewest} worked examples" if fewest else "no worked examples"
        raise BadInputError(f"--shots {shots}: the exam '{paper.name}' has {have} apart from its questions")
