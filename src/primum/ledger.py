"""Run folders: append, resume, lock, verify.

A run is `run.json` plus one JSONL file a noun. A record is written with one `write`, synced to disk within a
second, and never changed. A line that a killed process tore is dropped with a note when the run is opened.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pydantic import ValidationError

from primum.errors import BadInputError, StoppedError
from primum.records import Exam, ExamAnswer, Item, Label, Record, Response, Run, Verdict

SYNC_SECONDS = 0.5
FILES: dict[type[Record], str] = {Item: "items.jsonl", Response: "responses.jsonl", Verdict: "verdicts.jsonl"}
REPLACED: dict[type[Record], str] = {Label: "labels.jsonl"}  # whole, whenever it changes; most runs have none
ADDED: dict[type[Record], str] = {ExamAnswer: "exam_answers.jsonl", Exam: "exams.jsonl"}  # also to a run that is done

AnyRecord = TypeVar("AnyRecord", bound=Record)


class Ledger:
    """A run folder that this process alone may write to.

    Raises:
        BadInputError: the folder cannot be used, or another process holds it.
        StoppedError: a record could not be written (disk full); all earlier records are whole.
    """

    def __init__(self, path: Path, run: Run | None = None) -> None:
        self.path = path
        self._lock = _lock_folder(path)
        self._files: dict[type[Record], int] = {}
        self._dirty = False
        self._disk_error: OSError | None = None
        self._closing = threading.Event()
        try:
            self.run = read_run(path) if run is None else run  # under the lock: another process may just have ended
            notes = []
            for noun, name in (FILES | ADDED).items():
                torn = drop_torn_line(path / name)
                if torn:
                    notes.append(f"{name}: dropped a torn last line of {torn} bytes")
                if noun in FILES:
                    self._open(noun)
            self.save(notes=(*self.run.notes, *notes))
        except BaseException:
            self._release()
            raise
        self._syncer = threading.Thread(target=self._sync_regularly, name="primum-sync", daemon=True)
        self._syncer.start()

    def append(self, record: Record) -> None:
        """Add one record to its file with a single write."""
        if self._disk_error is not None:
            raise _disk_error(self.path, self._disk_error)
        line, noun = record.line(), type(record)
        try:
            file = self._files[noun] if noun in self._files else self._open(noun)
            written = os.write(file, line)
            if written != len(line):
                os.ftruncate(file, os.fstat(file).st_size - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._disk_error = error  # a later record must not be written behind one that may be torn
            raise _disk_error(self.path, error, "" if noun in FILES else "call primum capability again") from error
        self._dirty = True

    def save(self, **changes: object) -> None:
        """Change fields of `run.json`, which is replaced in one step."""
        self.run = self.run.model_copy(update=changes)
        _write_whole(self.path / "run.json", self.run.model_dump_json(indent=1).encode() + b"\n")

    def replace(self, noun: type[Record], records: Iterable[Record]) -> None:
        """Write the records of a noun that is replaced whole, in one step."""
        _write_whole(self.path / REPLACED[noun], b"".join(record.line() for record in records))

    def write_text(self, name: str, text: str) -> Path:
        """Write a derived file (estimates, report) beside the records, in one step."""
        _write_whole(self.path / name, text.encode("utf-8", "replace"))
        return self.path / name

    def sync(self) -> None:
        """Force all that was appended to disk."""
        self._dirty = False
        for file in list(self._files.values()):
            os.fsync(file)

    def close(self) -> None:
        """Sync and give the folder free."""
        self._closing.set()
        self._syncer.join()
        try:
            self.sync()
        except OSError as error:
            raise _disk_error(self.path, error) from error
        finally:
            self._release()

    def _open(self, noun: type[Record]) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._files[noun] = os.open(self.path / (FILES | ADDED)[noun], flags, 0o644)
        return self._files[noun]

    def _sync_regularly(self) -> None:
        while not self._closing.wait(SYNC_SECONDS):
            if self._dirty:
                try:
                    self.sync()
                except OSError as error:
                    self._disk_error = error
                    return

    def _release(self) -> None:
        for file in self._files.values():
            os.close(file)
        self._files = {}
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def create_run(path: Path, run: Run) -> Ledger:
    """A new run folder, locked.

    Raises:
        BadInputError: a run is there already, or the folder cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        taken = (path / "run.json").exists() or any((path / name).exists() for name in FILES.values())
    except OSError as error:
        raise BadInputError(f"cannot make the run folder {path}: {error.strerror}") from error
    if taken:
        raise BadInputError(f"{path} already holds a run: choose another --out, or go on with --resume {path}")
    try:
        return Ledger(path, run)
    except OSError as error:
        raise BadInputError(f"cannot write to the run folder {path}: {error.strerror}") from error


def open_run(path: Path) -> Ledger:
    """An existing run folder, locked, for adding records."""
    read_run(path)
    try:
        ledger = Ledger(path)
    except OSError as error:
        raise BadInputError(f"cannot write to the run folder {path}: {error.strerror}") from error
    return ledger


def read_run(path: Path) -> Run:
    """The `run.json` of a run folder.

    Raises:
        BadInputError: there is none, or it does not read.
    """
    file = path / "run.json"
    try:
        return Run.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise BadInputError(f"{path} is not a run folder: it has no run.json") from None
    except OSError as error:
        raise BadInputError(f"cannot read {file}: {error.strerror}") from error
    except ValidationError as error:
        raise BadInputError(f"{file} does not read as a run: {_first_fault(error)}") from error


def check_run(path: Path) -> Run:
    """The `run.json` of a run whose items, and whose responses if it was done, are what it says they are.

    Raises:
        BadInputError: there is no run, or a file is missing or was changed.
    """
    run = read_run(path)
    for name, sha in (("items.jsonl", run.items_sha256), ("responses.jsonl", run.responses_sha256)):
        whole = not sha or ((path / name).is_file() and file_sha256(path / name) == sha)
        if not whole or (name == "items.jsonl" and not sha):
            raise BadInputError(
                f"{path}/{name} is not what the run recorded: it was changed, or writing it was cut short"
            )
    return run


def read_records(path: Path, noun: type[AnyRecord]) -> Iterator[AnyRecord]:
    """The records of one noun in a run folder, in the order in which they were written.

    A last line without its newline (a write cut short) is passed over.

    Raises:
        BadInputError: with file and line, when a line does not read.
    """
    for record, _ in read_lengths(path, noun):
        yield record


def read_lengths(path: Path, noun: type[AnyRecord]) -> Iterator[tuple[AnyRecord, int]]:
    """As `read_records`, each with the length of its line in bytes."""
    file = path / (FILES | REPLACED | ADDED)[noun]
    if not file.exists():
        return
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield noun.model_validate_json(line), len(line)
            except ValidationError as error:
                raise BadInputError(f"{file}:{number}: not a {noun.__name__}: {_first_fault(error)}") from error


def read_exams(path: Path) -> list[tuple[Exam, list[ExamAnswer]]]:
    """The exams of a run with their answers: of one name and form the last holds."""
    answers: dict[tuple[str, str], dict[str, ExamAnswer]] = {}
    for answer in read_records(path, ExamAnswer):
        answers.setdefault((answer.exam, answer.exam_id), {})[answer.question] = answer
    exams = {(exam.name, exam.form): exam for exam in read_records(path, Exam)}
    return [(exam, list(answers.get((exam.name, exam.id), {}).values())) for exam in exams.values()]


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def drop_torn_line(path: Path) -> int:
    """Cut what follows the last newline of a file; the number of bytes cut."""
    if not path.exists():
        return 0
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        keep = end
        while keep > 0:
            start = max(0, keep - 65536)
            file.seek(start)
            newline = file.read(keep - start).rfind(b"\n")
            if newline >= 0:
                keep = start + newline + 1
                break
            keep = start
        if keep < end:
            file.truncate(keep)
        return end - keep


def _lock_folder(path: Path) -> int:
    lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise BadInputError(f"another process is writing to the run {path}: wait for it, or stop it first") from None
    return lock


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise _disk_error(path.parent, error) from error


def _disk_error(path: Path, error: OSError, then: str = "") -> StoppedError:
    then = then or f"go on with --resume {path}"
    return StoppedError(
        f"could not write to {path} ({error.strerror}): what was recorded is safe; make room, then {then}"
    )


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else fault["msg"]
