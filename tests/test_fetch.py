"""Fetching from a server on loopback that breaks off, refuses, lies or stalls: the data folder is right or as it was."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from primum.errors import BadInputError
from primum.fetch import Checked, fetch, is_here, read_sources, verify
from tests.archives import (
    ARCHIVE,
    COMMIT,
    FILES,
    HALF,
    PLACED,
    TOP,
    Part,
    Served,
    member,
    packed,
    serving,
    source,
    tar_gz,
    tree,
)
from tests.data import FOLDER, needs_data

ALL = ["toy/LICENSE", "toy/first.csv", "toy/deep/large.bin"]


def part_of(folder: Path) -> Path:
    return folder / ".toy.fetch" / f"{COMMIT}.tar.gz.part"


# --- what goes well


@pytest.mark.parametrize("length", [True, False], ids=["length", "chunks"])
def test_the_wanted_files_are_placed_and_nothing_else(tmp_path: Path, length: bool) -> None:
    with serving(ARCHIVE, length=length) as served:
        assert fetch(source(), tmp_path / "data", served.url) == ALL
    assert served.paths == [f"/owner/repo/tar.gz/{COMMIT}"]
    assert tree(tmp_path / "data" / "toy") == PLACED
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["toy"]


def test_what_is_here_is_not_asked_for_again(tmp_path: Path) -> None:
    with serving(ARCHIVE) as served:
        fetch(source(), tmp_path, served.url)
        (tmp_path / "toy" / "first.csv").unlink()
        before = (tmp_path / "toy" / "LICENSE").stat()
        assert fetch(source(), tmp_path, served.url) == ["toy/first.csv"]
        assert (tmp_path / "toy" / "LICENSE").stat().st_ino == before.st_ino
        assert fetch(source(), tmp_path, served.url) == []
    assert len(served.paths) == 2
    assert tree(tmp_path / "toy") == PLACED


# --- one at a time, and what was begun goes on


@contextmanager
def stalled(folder: Path, served: Served) -> Iterator[subprocess.Popen[str]]:
    """Another process that fetches, and waits half-way for a server that has gone silent."""
    code = (
        "import sys; from pathlib import Path; from primum.fetch import fetch; from tests.archives import source\n"
        "fetch(source(), Path(sys.argv[1]), sys.argv[2])"
    )
    root = Path(__file__).parents[1]
    other = subprocess.Popen([sys.executable, "-c", code, str(folder), served.url], cwd=root, text=True)
    try:
        end = time.monotonic() + 60
        while not part_of(folder).exists() or part_of(folder).stat().st_size < HALF - 10_000:
            assert other.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)
        yield other
    finally:
        other.kill()
        other.wait(10)


def test_a_killed_process_goes_on_where_it_was(tmp_path: Path) -> None:
    with serving(ARCHIVE, Part(HALF, stall=True)) as served:
        with stalled(tmp_path, served) as other:
            os.kill(other.pid, signal.SIGKILL)
            assert other.wait(10) == -signal.SIGKILL
        had = part_of(tmp_path).stat().st_size
        assert not (tmp_path / "toy").exists()
        assert fetch(source(), tmp_path, served.url) == ALL
    assert served.asked == [None, f"bytes={had}-"]
    assert tree(tmp_path) == {f"toy/{path}": content for path, content in PLACED.items()}


def test_two_cannot_fetch_the_same_at_once(tmp_path: Path) -> None:
    with serving(ARCHIVE, Part(HALF, stall=True)) as served, stalled(tmp_path, served):
        with pytest.raises(BadInputError, match="another process is fetching 'toy'"):
            fetch(source(), tmp_path, served.url)
        assert part_of(tmp_path).exists()
        assert len(served.asked) == 1


def test_a_lock_on_a_folder_that_was_taken_away_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process ends between our opening the lock and taking it."""
    real = fcntl.flock
    calls: list[int] = []

    def flock(lock: int, how: int) -> None:
        if not calls:
            shutil.rmtree(tmp_path / ".toy.fetch")
        calls.append(lock)
        real(lock, how)

    monkeypatch.setattr("primum.fetch.fcntl.flock", flock)
    with serving(ARCHIVE) as served:
        assert fetch(source(), tmp_path, served.url) == ALL
    assert len(calls) == 2


def test_a_whole_archive_is_not_downloaded_again(tmp_path: Path) -> None:
    """As after a process that was killed while unpacking."""
    half_unpacked = part_of(tmp_path).parent / "unpacked" / "LICENSE"
    half_unpacked.parent.mkdir(parents=True)
    half_unpacked.write_bytes(b"do what")
    part_of(tmp_path).with_suffix("").write_bytes(ARCHIVE)
    assert fetch(source(), tmp_path, "http://127.0.0.1:9") == ALL
    assert tree(tmp_path / "toy") == PLACED


# --- what cannot go well


@pytest.mark.parametrize(
    "mirror", ["file:///etc", "ftp://ward", "ward", "http://", "http://a:b@ward", "http://w w", ""]
)
def test_a_mirror_that_is_no_address_is_wrong_usage(tmp_path: Path, mirror: str) -> None:
    with pytest.raises(BadInputError, match="is no address"):
        fetch(source(), tmp_path, mirror)


HOSTILE = {
    "other content": (packed({**FILES, "data/first.csv": b"id,request\n1,Hide the errer.\n"}), "SHA-256"),
    "other size": (packed({**FILES, "data/first.csv": b"id\n"}), "has 3 bytes where 29"),
    "a file less": (packed({path: FILES[path] for path in ("LICENSE", "data/first.csv")}), r"lacks 1 file\(s\)"),
    "cut short": (ARCHIVE[:HALF], "cut short"),
    "a page": (b"<html>Sign in first</html>", "damaged"),
    "a link": (tar_gz([member(f"{TOP}/x", kind=b"2", link="/etc/passwd")]), "symbolic link"),
    "climbing": (tar_gz([member(f"{TOP}/../../../x", b"x")]), "climbs out"),
}


@pytest.mark.parametrize("here", [False, True], ids=["empty folder", "a file is here"])
@pytest.mark.parametrize(("content", "told"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_leaves_the_data_as_it_was(tmp_path: Path, content: bytes, told: str, here: bool) -> None:
    data = tmp_path / "data"
    (data / "toy").mkdir(parents=True)
    if here:
        (data / "toy" / "LICENSE").write_bytes(FILES["LICENSE"])
        (data / "mine.txt").write_text("mine")
    before = tree(tmp_path)
    with serving(content) as served:
        with pytest.raises(BadInputError, match=told):
            fetch(source(), data, served.url)
        assert tree(tmp_path) == before
        served.bodies = {COMMIT: ARCHIVE}
        fetch(source(), data, served.url)  # and does not stand in the way of a good one
    assert tree(data / "toy") == PLACED


def test_the_second_of_two_archives_is_hostile_and_nothing_is_placed(tmp_path: Path) -> None:
    one, other = source(), "f" * 40
    first, second = one.archives[0].files[:2], one.archives[0].files[2:]
    two = one.model_copy(
        update={
            "archives": (
                one.archives[0].model_copy(update={"files": first}),
                one.archives[0].model_copy(update={"commit": other, "files": second}),
            )
        }
    )
    with serving({COMMIT: ARCHIVE, other: HOSTILE["a link"][0]}) as served:
        with pytest.raises(BadInputError, match="symbolic link"):
            fetch(two, tmp_path, served.url)
        assert tree(tmp_path) == {}
        served.bodies = {COMMIT: ARCHIVE, other: ARCHIVE}
        assert fetch(two, tmp_path, served.url) == ALL
    assert tree(tmp_path / "toy") == PLACED


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_what_is_there_is_never_overwritten(tmp_path: Path, kind: str) -> None:
    (tmp_path / "toy").mkdir()
    mine = tmp_path / "toy" / "first.csv"
    if kind == "file":
        mine.write_bytes(b"my own notes, of 29 bytes all\n"[:29])
    elif kind == "folder":
        mine.mkdir()
    else:
        mine.symlink_to("nowhere")
    with serving(ARCHIVE) as served, pytest.raises(BadInputError, match="nothing is overwritten") as error:
        fetch(source(), tmp_path, served.url)
    assert error.value.faults == (str(mine),)
    assert served.asked == []
    assert list((tmp_path / "toy").iterdir()) == [mine]


def test_what_appears_while_fetching_is_not_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "toy" / "first.csv"

    def meanwhile(doing: str, done: int, total: int | None) -> None:
        mine.parent.mkdir(exist_ok=True)
        mine.write_text("mine")

    with serving(ARCHIVE) as served, pytest.raises(BadInputError, match="nothing is overwritten"):
        fetch(source(), tmp_path, served.url, meanwhile)
    assert tree(tmp_path) == {"toy/first.csv": b"mine"}


@pytest.mark.parametrize("folder", ["file", "file/data", "/dev/null/data"])
def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInputError, match="cannot write to"):
        fetch(source(), tmp_path / folder, "http://127.0.0.1:9")


def test_what_is_got_by_hand_is_told(tmp_path: Path) -> None:
    by_hand = source().model_copy(update={"by_hand": "ask its owners"})
    with pytest.raises(
        BadInputError,
        match=r"'toy' is not fetched: ask its owners \(https://github.com/owner/repo, commit 0123456789abcdef",
    ):
        fetch(by_hand, tmp_path, "http://127.0.0.1:9")


# --- verifying


def test_a_changed_byte_and_a_missing_file_are_found(tmp_path: Path) -> None:
    with serving(ARCHIVE) as served:
        fetch(source(), tmp_path, served.url)
    assert verify(source(), tmp_path) == [Checked(path, "ok") for path in ALL]
    assert is_here(source(), tmp_path) == "whole"
    file = tmp_path / "toy" / "deep" / "large.bin"
    content = bytearray(file.read_bytes())
    content[150_000] ^= 1
    file.write_bytes(content)
    (tmp_path / "toy" / "LICENSE").unlink()
    states = {one.path: one.state for one in verify(source(), tmp_path)}
    assert states == {"toy/LICENSE": "missing", "toy/first.csv": "ok", "toy/deep/large.bin": "changed"}
    assert is_here(source(), tmp_path) == "partly"
    assert is_here(source(), tmp_path / "elsewhere") == is_here(source(), None) == "not here"


# --- the pinned list


def test_the_list_is_sound() -> None:
    for name, one in read_sources().items():
        assert one.name == name
        goals = [file.to for file in one.files]
        assert goals
        assert len(set(goals)) == len(goals)
        assert not any(
            Path(to).is_absolute() or ".." in Path(to).parts for file in one.files for to in (file.to, file.path)
        )
        assert one.by_hand or all(archive.commit for archive in one.archives)
        assert one.by_hand or all(file.sha256 and file.bytes for file in one.files)


@needs_data
@pytest.mark.parametrize("name", sorted(read_sources()))
def test_the_real_data_is_what_is_pinned(name: str) -> None:
    one = read_sources()[name]
    if is_here(one, FOLDER) == "not here":
        pytest.skip(f"{FOLDER} has no {name}")
    assert {state for _, state in verify(one, FOLDER)} <= {"ok", "not pinned"}


@needs_data
@pytest.mark.parametrize("name", [name for name, one in sorted(read_sources().items()) if not one.by_hand])
def test_the_real_data_is_fetched_from_archives_as_upstream_has_them(tmp_path: Path, name: str) -> None:
    one = read_sources()[name]
    bodies = {
        archive.commit: packed({file.path: (FOLDER / name / file.to).read_bytes() for file in archive.files})
        for archive in one.archives
    }
    with serving(bodies) as served:
        fetch(one, tmp_path, served.url)
    assert len(served.paths) == len(one.archives)
    assert {state for _, state in verify(one, tmp_path)} == {"ok"}
