"""Data sets of others: which there are, whether they are here and unchanged, and fetching them.

`sources.json` pins every file by commit, size and SHA-256. A fetch changes nothing in the data folder but at its very
end, when all files are there and are what was pinned; then each is moved into place in one step.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field

from primum.download import Show, download, silently
from primum.errors import BadInputError, StoppedError
from primum.unpack import unpack

SOURCES = Path(__file__).with_name("sources.json")
MIRROR = "https://codeload.github.com"
GITHUB = "https://github.com/"
ADDRESS = re.compile(r"https?://([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?(/[!-~]*)?", re.ASCII | re.IGNORECASE)
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
MOST_TOLD = 20  # files named in an error

State = Literal["ok", "missing", "changed", "not pinned"]


class PinnedFile(BaseModel):
    """A file: its path under the archive's top folder and in the data set's folder. Without a hash it is not pinned."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    path: str
    to: str
    bytes: int = 0
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


class Archive(BaseModel):
    """What one commit of the repository holds for us. Without a commit nothing is pinned."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    commit: str = Field(pattern=r"^([0-9a-f]{40})?$")
    files: tuple[PinnedFile, ...]


class Source(BaseModel):
    """A data set, named as its folder; `by_hand` says what to do where it cannot be fetched."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    repository: str
    licence: str
    note: str
    by_hand: str = ""
    archives: tuple[Archive, ...]

    @property
    def files(self) -> tuple[PinnedFile, ...]:
        """The files of all its archives."""
        return tuple(file for archive in self.archives for file in archive.files)


class Checked(NamedTuple):
    """A file that should be there, relative to the data folder, and what was found."""

    path: str
    state: State


def read_sources() -> dict[str, Source]:
    """Every data set that is known, by name."""
    sources = [Source.model_validate(source) for source in orjson.loads(SOURCES.read_bytes())]
    return {source.name: source for source in sources}


def find_source(name: str, sources: dict[str, Source]) -> Source:
    """The data set of that name.

    Raises:
        BadInputError: there is none; the known ones are listed.
    """
    if name not in sources:
        raise BadInputError(f"no data set named '{name}': known are {', '.join(sources)}")
    return sources[name]


def is_here(source: Source, folder: Path | None) -> Literal["whole", "partly", "not here"]:
    """Whether its files are in the data folder; their content is not looked at."""
    if folder is None:
        return "not here"
    there = [(folder / source.name / file.to).is_file() for file in source.files]
    return "whole" if all(there) else "partly" if any(there) else "not here"


def verify(source: Source, folder: Path) -> list[Checked]:
    """Every file that should be there, with its SHA-256 compared.

    Raises:
        BadInputError: a file cannot be read.
    """
    try:
        return [
            Checked(f"{source.name}/{file.to}", _state(folder / source.name / file.to, file)) for file in source.files
        ]
    except OSError as error:
        raise BadInputError(f"cannot read {error.filename}: {error.strerror}") from error


def by_hand(source: Source) -> str:
    """What to do to have a data set that is not fetched, with where it is from."""
    commits = [f", commit {archive.commit}" for archive in source.archives if archive.commit]
    return f"{source.by_hand} ({source.repository}{''.join(commits)})"


def fetch(source: Source, folder: Path, mirror: str = MIRROR, show: Show = silently) -> list[str]:
    """Download the pinned archives and put the files that are missing into the data folder; their paths in it.

    A fetch that was cut off, killed or stopped by a full disk goes on where it was.

    Raises:
        BadInputError: it cannot be fetched; a file is there with other content; an archive is unsafe, damaged or not
            what was pinned; another process is fetching it; the folder cannot be written to. The data is as it was.
        StoppedError: the server cannot be reached or has no such archive, or the disk is full.
    """
    if source.by_hand:
        raise BadInputError(f"'{source.name}' is not fetched: {by_hand(source)}")
    _check_mirror(mirror)
    try:
        if not _missing(source, source.files, folder):
            return []
        with _working(folder, source.name) as work:
            new = work / "new"
            for archive in source.archives:
                missing = _missing(source, archive.files, folder)
                if missing:
                    _bring(source, archive.commit, missing, mirror, work, new, show)
            return _place(source, new, folder)
    except OSError as error:
        raise _disk_error(folder, error) from error


def _state(path: Path, pinned: PinnedFile) -> State:
    if not os.path.lexists(path):
        return "missing"
    if not path.is_file():
        return "changed"
    if not pinned.sha256:
        return "not pinned"
    if path.stat().st_size != pinned.bytes:
        return "changed"
    with path.open("rb") as file:
        return "ok" if hashlib.file_digest(file, "sha256").hexdigest() == pinned.sha256 else "changed"


def _missing(source: Source, files: tuple[PinnedFile, ...], folder: Path) -> list[PinnedFile]:
    states = [(file, _state(folder / source.name / file.to, file)) for file in files]
    changed = tuple(f"{folder / source.name / file.to}" for file, state in states if state == "changed")
    if changed:
        raise BadInputError(
            f"{len(changed)} file(s) of '{source.name}' are there with other content, and nothing is overwritten: "
            "move them away first, or name another folder with --data",
            changed[:MOST_TOLD],
        )
    return [file for file, state in states if state == "missing"]


def _check_mirror(mirror: str) -> None:
    if not ADDRESS.fullmatch(mirror):
        raise BadInputError(f"the mirror '{mirror}' is no address like {MIRROR}")


def _bring(
    source: Source, commit: str, wanted: list[PinnedFile], mirror: str, work: Path, new: Path, show: Show
) -> None:
    """Download one archive, and have its files in `new` under the paths that they will have in the data set's folder."""
    url = f"{mirror.rstrip('/')}/{source.repository.removeprefix(GITHUB)}/tar.gz/{commit}"
    archive = work / f"{commit}.tar.gz"
    download(url, archive, show)
    unpacked = work / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        unpack(archive, {file.path: file.bytes for file in wanted}, unpacked)
    except BadInputError as error:
        raise BadInputError(f"{url}: {error}", error.faults[:MOST_TOLD]) from error
    wrong = tuple(file.path for file in wanted if _state(unpacked / file.path, file) != "ok")
    if wrong:
        raise BadInputError(f"{url}: {len(wrong)} file(s) have not the SHA-256 that is pinned", wrong[:MOST_TOLD])
    for file in wanted:
        goal = new / file.to
        goal.parent.mkdir(parents=True, exist_ok=True)
        (unpacked / file.path).replace(goal)


def _place(source: Source, new: Path, folder: Path) -> list[str]:
    placed = []
    for file in _missing(source, source.files, folder):
        goal = folder / source.name / file.to
        goal.parent.mkdir(parents=True, exist_ok=True)
        (new / file.to).replace(goal)
        placed.append(f"{source.name}/{file.to}")
    return placed


@contextlib.contextmanager
def _working(folder: Path, name: str) -> Iterator[Path]:
    """A folder beside the goal that this process alone works in. It stays where a later fetch can go on from it."""
    work = folder / f".{name}.fetch"
    lock = _lock(work, name)
    useful = True
    try:
        yield work
        useful = False
    except BadInputError:
        useful = False
        raise
    finally:
        if not useful or not any(work.glob("*.tar.gz*")):
            shutil.rmtree(work, ignore_errors=True)
        os.close(lock)


def _lock(work: Path, name: str) -> int:
    while True:
        work.mkdir(parents=True, exist_ok=True)
        lock = os.open(work / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), (work / "lock").stat()):
                return lock
        except BlockingIOError:
            os.close(lock)
            raise BadInputError(f"another process is fetching '{name}' into this folder: wait for it") from None
        except FileNotFoundError:
            pass
        os.close(lock)  # the process that held it has just ended, and taken the folder away


def _disk_error(folder: Path, error: OSError) -> BadInputError | StoppedError:
    if error.errno in FULL:
        return StoppedError(
            f"could not write to {folder} ({error.strerror}): what was downloaded is kept; make room, then the same "
            "command goes on"
        )
    return BadInputError(f"cannot write to {error.filename or folder}: {error.strerror}")
