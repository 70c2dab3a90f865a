"""Run folders survive what happens to them: torn lines, garbage, full disks, two writers, folders that are none."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from primum import ledger as ledger_module
from primum.errors import BadInputError, StoppedError
from primum.ledger import Ledger, create_run, drop_torn_line, open_run, read_records, read_run
from primum.records import Failure, FailureKind, Item, Kind, Response, Run, RunPlan, Verdict

RUN = Run(id="r", plan=RunPlan(model="openai/m", suites=("s",)))


def response(number: int, text: str = "answer") -> Response:
    return Response(
        id=f"r{number}", item_id=f"s/{number}", item_sha256="0", suite="s", model="openai/m", text=f"{text} {number}"
    )


def texts(path: Path) -> list[str]:
    return [record.text for record in read_records(path, Response)]


def append_many(ledger: Ledger, count: int, pause: float = 0.0) -> None:
    for number in range(count):
        ledger.append(response(number))
        time.sleep(pause)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed run with five responses."""
    with create_run(tmp_path / "run", RUN) as ledger:
        for number in range(5):
            ledger.append(response(number))
    return tmp_path / "run"


def test_records_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    item = Item.make(id="s/1", suite="s", kind=Kind.HARMFUL, request="A \u2028 line\nand \x00 more 病人 🩺")
    failed = response(1).model_copy(update={"failure": Failure(kind=FailureKind.TIMEOUT, detail="no\nanswer")})
    verdict = Verdict(id="v", response_id="r1", item_id="s/1", judge="j", prompt_sha256="0", reason="a\r\nb")
    with create_run(tmp_path / "run", RUN) as ledger:
        for record in (item, failed, verdict):
            ledger.append(record)
    assert list(read_records(tmp_path / "run", Item)) == [item]
    assert list(read_records(tmp_path / "run", Response)) == [failed]
    assert list(read_records(tmp_path / "run", Verdict)) == [verdict]


# --- torn lines and garbage


@pytest.mark.parametrize("torn", [b"{", b'{"v":1,"id":"r5', b"\x00" * 700, response(5).line()[:-1], b"x" * 200_000])
def test_a_torn_last_line_is_dropped_with_a_note_and_the_run_goes_on(path: Path, torn: bytes) -> None:
    with (path / "responses.jsonl").open("ab") as file:
        file.write(torn)
    assert texts(path) == [f"answer {n}" for n in range(5)]  # a reader passes over it
    with open_run(path) as ledger:
        assert ledger.run.notes == (f"responses.jsonl: dropped a torn last line of {len(torn)} bytes",)
        ledger.append(response(6))
    assert texts(path) == [*(f"answer {n}" for n in range(5)), "answer 6"]
    assert read_run(path).notes  # the note is kept


def test_a_file_that_holds_nothing_but_a_torn_line_becomes_empty(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(b"torn")
    assert drop_torn_line(file) == 4
    assert file.read_bytes() == b""
    assert drop_torn_line(file) == 0
    assert drop_torn_line(tmp_path / "none.jsonl") == 0


def test_a_torn_line_is_found_across_the_blocks_in_which_it_is_looked_for(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    for size in (65_535, 65_536, 65_537, 131_072):
        file.write_bytes(b"whole\n" + b"t" * size)
        assert drop_torn_line(file) == size
        assert file.read_bytes() == b"whole\n"


@pytest.mark.parametrize(
    "garbage",
    [
        b"garbage\n",
        b"\n",
        b'{"v":1}\n',
        b"[1]\n",
        b'{"v":2,"id":"x"}\n',
        b"\xff\xfe\n",
        b"\x00\x00\n",
        b'{"unknown":1}\n',
    ],
)
def test_garbage_in_the_middle_is_told_with_file_and_line(path: Path, garbage: bytes) -> None:
    file = path / "responses.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:2], garbage, *lines[2:]]))
    with pytest.raises(BadInputError, match=r"responses\.jsonl:3: not a Response"):
        list(read_records(path, Response))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"id": "r"}', b"\xff", b'{"id":"r","plan":{"model":"m","suites":[]},"new":1}']
)
def test_a_run_json_that_does_not_read_is_told_of(path: Path, content: bytes) -> None:
    (path / "run.json").write_bytes(content)
    with pytest.raises(BadInputError, match=r"run\.json does not read as a run"):
        open_run(path)


# --- the disk


def test_a_write_that_fails_stops_the_run_and_leaves_the_records_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = create_run(tmp_path / "run", RUN)
    ledger.append(response(0))

    def full(file: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(StoppedError, match=r"No space left on device.*--resume"):
            ledger.append(response(1))
    with pytest.raises(StoppedError):  # room or not: this process does not go on
        ledger.append(response(2))
    ledger.close()
    assert texts(tmp_path / "run") == ["answer 0"]


def test_a_write_cut_short_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = create_run(tmp_path / "run", RUN)
    ledger.append(response(0))
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: write(file, data[: len(data) // 2]))
        with pytest.raises(StoppedError, match="No space left"):
            ledger.append(response(1))
    ledger.close()
    assert (tmp_path / "run" / "responses.jsonl").read_bytes() == response(0).line()
    with open_run(tmp_path / "run") as again:
        assert again.run.notes == ()  # nothing was torn
        again.append(response(1))
    assert texts(tmp_path / "run") == ["answer 0", "answer 1"]


def test_a_torn_record_that_cannot_be_taken_back_is_never_written_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = create_run(tmp_path / "run", RUN)
    write = os.write

    def unable(file: int, size: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: write(file, data[:20]))
        patched.setattr(os, "ftruncate", unable)
        with pytest.raises(StoppedError):
            ledger.append(response(0))
    with pytest.raises(StoppedError):
        ledger.append(response(1))
    ledger.close()
    with open_run(tmp_path / "run") as again:
        again.append(response(1))
    assert texts(tmp_path / "run") == ["answer 1"]


def test_a_sync_that_fails_stops_the_run_at_the_next_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "SYNC_SECONDS", 0.01)
    ledger = create_run(tmp_path / "run", RUN)
    sync = os.fsync

    def broken(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    ledger.append(response(0))
    with pytest.raises(StoppedError, match="Input/output error"):
        append_many(ledger, 500, pause=0.01)
    monkeypatch.setattr(os, "fsync", sync)
    ledger.close()
    assert texts(tmp_path / "run")[0] == "answer 0"


def test_what_arrives_is_synced_within_a_second_and_only_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of records, ten a second: each is soon followed by a sync; an idle ledger syncs nothing."""
    synced: list[float] = []
    sync = os.fsync

    def spy(file: int) -> None:
        sync(file)
        synced.append(time.monotonic())

    monkeypatch.setattr(os, "fsync", spy)
    ledger = create_run(tmp_path / "run", RUN)
    written = []
    for number in range(10):
        ledger.append(response(number))
        written.append(time.monotonic())
        time.sleep(0.1)
    time.sleep(0.7)
    before = len(synced)
    for at in written:
        assert any(0 <= done - at < 1.5 for done in synced), at - written[0]
    time.sleep(0.7)
    assert len(synced) == before
    ledger.close()
    assert len(synced) == before + 3  # closing syncs each file once more


LIMITED = """
import resource, sys
from pathlib import Path
from primum.errors import StoppedError
from primum.ledger import create_run
from tests.test_ledger import RUN, response
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    with create_run(Path(sys.argv[1]), RUN) as ledger:
        for number in range(1000):
            ledger.append(response(number, "病" * 40))
except StoppedError as error:
    print(error)
    sys.exit(4)
"""


def test_a_file_at_its_size_limit_holds_whole_records_only(tmp_path: Path) -> None:
    """The kernel's own short write: the last record crosses the limit of 10,000 bytes."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "run")],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert "--resume" in done.stdout
    raw = (tmp_path / "run" / "responses.jsonl").read_bytes()
    assert raw.endswith(b"\n")
    assert 9_000 < len(raw) <= 10_000
    assert texts(tmp_path / "run") == [f"{'病' * 40} {n}" for n in range(raw.count(b"\n"))]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KiB, where the machine lets us have one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 65_536)
    ledger = create_run(small_disk / "run", RUN)
    with pytest.raises(StoppedError, match="No space left"):
        append_many(ledger, 2000)
    ledger.close()
    written = len(texts(small_disk / "run"))
    assert 50 < written < 1000  # 64 KiB of records of some 130 bytes
    assert (small_disk / "run" / "responses.jsonl").read_bytes().count(b"\n") == written
    ballast.unlink()
    with open_run(small_disk / "run") as again:
        assert again.run.notes == ()
        again.append(response(written))
    assert texts(small_disk / "run") == [f"answer {n}" for n in range(written + 1)]


def test_a_run_json_is_replaced_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    ledger = open_run(path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoppedError):
            ledger.save(state="done")
    ledger.close()
    assert read_run(path).state == "running"


# --- folders and locks


def test_only_one_process_writes_to_a_run(path: Path) -> None:
    with open_run(path), pytest.raises(BadInputError, match="another process is writing"):
        open_run(path)
    open_run(path).close()  # given free


def test_a_run_that_ended_while_we_waited_to_open_it_is_read_as_it_ended(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the first look at run.json and the lock, another process may finish: its last word must stay."""
    lock = ledger_module._lock_folder

    def late(place: Path) -> int:
        monkeypatch.setattr(ledger_module, "_lock_folder", lock)
        with open_run(place) as other:
            other.save(state="done", finished="now")
        return lock(place)

    monkeypatch.setattr(ledger_module, "_lock_folder", late)
    with open_run(path) as ledger:
        assert (ledger.run.state, ledger.run.finished) == ("done", "now")


def test_a_folder_with_a_run_is_not_taken_for_a_new_one(path: Path) -> None:
    with pytest.raises(BadInputError, match="already holds a run"):
        create_run(path, RUN)
    (path / "run.json").unlink()
    with pytest.raises(BadInputError, match="already holds a run"):
        create_run(path, RUN)


@pytest.mark.parametrize("place", ["file", "file/run", "/proc/primum-run", "/proc", "/dev/null", "x" * 300])
def test_a_place_where_no_folder_can_be_is_told_of(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(BadInputError, match="run folder"):
        create_run(tmp_path / place, RUN)


@pytest.fixture
def read_only(path: Path) -> Iterator[Path]:
    """The run, where nothing may be written: by permission, or for root by a read-only mount of it over itself."""
    if os.geteuid() != 0:
        path.chmod(0o555)
        yield path
        path.chmod(0o755)
        return
    for options in (["--bind", str(path)], ["-o", "remount,bind,ro"]):
        if subprocess.run(["mount", *options, str(path)], capture_output=True, check=False).returncode != 0:
            subprocess.run(["umount", str(path)], capture_output=True, check=False)
            pytest.skip("root may write anywhere here, and may not mount")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_a_read_only_run_can_be_read_and_not_gone_on_with(read_only: Path) -> None:
    assert len(texts(read_only)) == 5
    with pytest.raises(BadInputError, match="cannot write to the run folder"):
        open_run(read_only)


@pytest.mark.parametrize("place", ["nothing", "file", "empty"])
def test_what_is_no_run_is_told_of(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match=r"run\.json"):
        open_run(tmp_path / place)


def test_a_ledger_that_does_not_open_leaves_no_file_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(list(Path("/dev/fd").iterdir()))

    def broken(place: Path) -> int:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(ledger_module, "drop_torn_line", broken)
    for _ in range(5):
        with pytest.raises(OSError, match="broken"):
            Ledger(path, RUN)
    assert len(list(Path("/dev/fd").iterdir())) == before
