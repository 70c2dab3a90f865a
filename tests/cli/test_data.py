"""`primum data`: what a user sees, the exit codes, and that what was begun goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import orjson
import pytest

from primum.cli import run
from primum.cli.data import progress_line
from primum.fetch import read_sources
from tests.archives import ARCHIVE, COMMIT, FILES, HALF, PLACED, Part, Served, packed, serving, source, tree
from tests.command import Done, primum
from tests.data import FOLDER, needs_data


class Inside(Protocol):
    """The type of `inside`."""

    def __call__(self, *arguments: str) -> Done: ...


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Inside:
    """`primum data ARGUMENTS` without a process of its own, knowing only `toy` and one that is got by hand."""
    sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("primum.fetch.SOURCES", tmp_path / "sources.json")
    monkeypatch.setattr("primum.download.WAITS", ())
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.delenv("PRIMUM_DATA", raising=False)

    def call(*arguments: str) -> Done:
        capfd.readouterr()
        code = run(["data", *arguments])
        return Done(code, *capfd.readouterr())

    return call


def sources(folder: Path) -> None:
    hand = source().model_copy(update={"name": "gated", "by_hand": "ask its owners"})
    folder.joinpath("sources.json").write_bytes(orjson.dumps([source().model_dump(), hand.model_dump()]))


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(ARCHIVE) as served:
        yield served


def test_fetch_list_and_verify_find_the_users_own_folder(tmp_path: Path, inside: Inside, served: Served) -> None:
    assert "data folder: none yet" in inside("list").out
    done = inside("fetch", "toy", "--mirror", served.url)
    assert (done.code, done.out) == (
        0,
        f"toy: 3 file(s) fetched and verified in {tmp_path}/share/primum/toy; licence: MIT\n",
    )
    assert tree(tmp_path / "share" / "primum") == {f"toy/{path}": content for path, content in PLACED.items()}
    again = inside("fetch", "toy", "--mirror", served.url)
    assert (again.code, again.out) == (0, f"toy: all 3 file(s) are in {tmp_path}/share/primum/toy already, unchanged\n")
    assert len(served.asked) == 1
    assert "toy                    whole       3 file(s)    0.3 MB  MIT" in inside("list").out
    verified = inside("verify")
    assert (verified.code, verified.out.splitlines()[-1]) == (0, "3 ok")


def test_json_is_one_object_and_nothing_else(tmp_path: Path, inside: Inside, served: Served) -> None:
    data = str(tmp_path / "data")
    fetched = inside("fetch", "toy", "--mirror", served.url, "--data", data, "--json")
    paths = ["toy/LICENSE", "toy/first.csv", "toy/deep/large.bin"]
    assert fetched.json() == {"name": "toy", "folder": f"{data}/toy", "fetched": paths, "files": 3, "licence": "MIT"}
    assert inside("verify", "toy", "--data", data, "--json").json() == {
        "folder": data,
        "counts": {"ok": 3, "missing": 0, "changed": 0, "not pinned": 0},
        "files": [{"path": path, "state": "ok"} for path in paths],
    }
    toy, gated = inside("list", "--data", data, "--json").json()["sources"]
    assert (toy["here"], toy["commits"], toy["bytes"]) == ("whole", [COMMIT], sum(map(len, PLACED.values())))
    assert (gated["here"], gated["by_hand"]) == ("not here", "ask its owners")


def test_verify_names_what_is_missing_or_changed_and_exits_with_2(
    tmp_path: Path, inside: Inside, served: Served
) -> None:
    inside("fetch", "toy", "--mirror", served.url, "--data", "data")
    (tmp_path / "data" / "toy" / "first.csv").write_bytes(b"x")
    (tmp_path / "data" / "toy" / "LICENSE").unlink()
    done = inside("verify", "--data", "data")
    assert done.code == 2
    assert done.out.splitlines() == [
        "missing     toy/LICENSE",
        "changed     toy/first.csv",
        "ok          toy/deep/large.bin",
        "1 ok · 1 missing · 1 changed",
    ]
    assert done.err == "primum: 1 file(s) missing and 1 changed in data\n"
    counts = inside("verify", "--data", "data", "--json")
    assert (counts.code, counts.json()["counts"]["changed"]) == (2, 1)


def test_quiet_says_nothing_but_the_result(inside: Inside, served: Served) -> None:
    loud = inside("fetch", "toy", "--mirror", served.url, "--data", "a")
    assert loud.err.startswith(f"0.0 of 0.3 MB · 0% · downloading {served.url}/owner/repo/tar.gz/{COMMIT}\n")
    quiet = inside("fetch", "toy", "--mirror", served.url, "--data", "b", "--quiet")
    assert (quiet.code, quiet.err) == (0, "")
    assert quiet.out.startswith("toy: 3 file(s)")


def test_a_progress_line_tells_how_far_it_is() -> None:
    assert progress_line("downloading x", 1_500_000, 6_000_000) == "1.5 of 6.0 MB · 25% · downloading x"
    assert progress_line("downloading x", 1_500_000, None) == "1.5 MB · downloading x"


# --- what goes wrong, in one sentence


WRONG = {
    "unknown name": (("fetch", "tyo"), 2, "no data set named 'tyo': known are toy, gated"),
    "unknown name to verify": (("verify", "tyo"), 2, "no data set named 'tyo'"),
    "by hand": (("fetch", "gated"), 2, "'gated' is not fetched: ask its owners"),
    "nothing to verify": (("verify",), 2, "no data set is in"),
    "no address": (("fetch", "toy", "--mirror", "file:///etc"), 2, "is no address"),
    "no server": (("fetch", "toy", "--mirror", "http://127.0.0.1:9"), 4, "could not download http://127.0.0.1:9/owner"),
    "no name": (("fetch",), 2, "NAME"),
    "no command": ((), 2, "primum data --help shows how"),
}


@pytest.mark.parametrize(("arguments", "code", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_goes_wrong_is_told_in_one_sentence(
    tmp_path: Path, inside: Inside, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = inside(*arguments)
    assert tree(tmp_path).keys() == {"sources.json"}
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("primum: ")
    assert told in done.err
    assert len(done.err.splitlines()) == 1


ANSWERS = {
    "not found": ((404,), ARCHIVE, 4, "HTTP 404"),
    "server error": ((500,), ARCHIVE, 4, "HTTP 500"),
    "wrong content": ((), packed({**FILES, "LICENSE": b"do what you like\n"}), 2, "SHA-256"),
    "no archive": ((), b"<html>", 2, "damaged or cut short"),
}


@pytest.mark.parametrize(("steps", "body", "code", "told"), ANSWERS.values(), ids=ANSWERS.keys())
def test_a_server_that_does_not_give_it_is_told(
    inside: Inside, steps: tuple[int, ...], body: bytes, code: int, told: str
) -> None:
    with serving(body, *steps) as served:
        done = inside("fetch", "toy", "--mirror", served.url, "--quiet")
    assert done.code == code
    assert done.err.startswith("primum: ")
    assert told in done.err
    assert "Traceback" not in done.err


# --- what stops it from outside, and goes on


KNOWING_TOY = "import pathlib, primum.fetch; primum.fetch.SOURCES = pathlib.Path('sources.json')"
FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"


def test_a_full_disk_stops_with_4_and_the_part_is_gone_on_with(tmp_path: Path) -> None:
    """No file may grow beyond 200,000 bytes; the archive has over 300,000."""
    sources(tmp_path)
    with serving(ARCHIVE) as served:
        arguments = ("data", "fetch", "toy", "--mirror", served.url, "--data", "data", "--quiet")
        done = primum(*arguments, cwd=tmp_path, before=f"{KNOWING_TOY}; {FULL_DISK}", no_proxy="*")
        assert (done.code, done.out) == (4, "")
        assert "make room, then the same command goes on" in done.err
        had = (tmp_path / "data" / ".toy.fetch" / f"{COMMIT}.tar.gz.part").stat().st_size
        assert 100_000 < had <= 200_000
        assert primum(*arguments, cwd=tmp_path, before=KNOWING_TOY, no_proxy="*").code == 0
    assert served.asked == [None, f"bytes={had}-"]
    assert tree(tmp_path / "data" / "toy") == PLACED


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130_and_the_part_is_gone_on_with(
    tmp_path: Path, inside: Inside, how: signal.Signals
) -> None:
    code = f"{KNOWING_TOY}\nfrom primum.cli import main\nmain()"
    part = tmp_path / "data" / ".toy.fetch" / f"{COMMIT}.tar.gz.part"
    with serving(ARCHIVE, Part(HALF, stall=True)) as served:
        arguments = ["data", "fetch", "toy", "--mirror", served.url, "--data", "data", "--quiet"]
        other = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        end = time.monotonic() + 60
        while not part.exists() or part.stat().st_size < HALF - 10_000:
            assert time.monotonic() < end
            time.sleep(0.01)
        other.send_signal(how)
        _, err = other.communicate(timeout=30)
        assert other.returncode == 130
        assert "what was downloaded is kept; the same command goes on" in err
        assert "Traceback" not in err
        assert inside(*arguments[1:]).code == 0
    assert served.asked == [None, f"bytes={HALF}-"]


# --- the real list


def test_the_real_list_needs_no_network_and_no_data(tmp_path: Path) -> None:
    done = primum("data", "list", cwd=tmp_path, XDG_DATA_HOME=str(tmp_path), http_proxy="http://127.0.0.1:9")
    assert (done.code, done.err) == (0, "")
    for one in read_sources().values():
        assert f"\n{one.name:<22} not here" in done.out
        assert one.licence in done.out
        assert one.repository in done.out
    assert "by hand: accept the licence" in done.out


@needs_data
def test_the_real_data_is_verified(tmp_path: Path) -> None:
    done = primum("data", "verify", "--data", str(FOLDER), cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "ok          med-safety-bench/datasets/test/gpt4/med_safety_demonstrations_category_1.csv" in done.out
