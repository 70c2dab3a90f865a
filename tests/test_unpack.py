"""Every way in which an archive can be unsafe or broken is refused, and nothing but the wanted files is ever written."""

from __future__ import annotations

import gzip
import shutil
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from primum import unpack as unpacking
from primum.errors import BadInputError
from primum.unpack import unpack
from tests.archives import TOP, Member, member, noise, packed, tar, tar_gz, tree

GOOD = member(f"{TOP}/data/a.csv", b"id\n1\n")
WANTED = {"data/a.csv": 5}  # "id\n1\n" is five bytes


def unpacked(folder: Path, content: bytes, wanted: dict[str, int] | None = None) -> dict[str, bytes]:
    """What comes out, {path: content}; `folder` holds the archive, `folder/out` takes the files."""
    (folder / "x.tar.gz").write_bytes(content)
    unpack(folder / "x.tar.gz", WANTED if wanted is None else wanted, folder / "out")
    return tree(folder / "out")


def test_only_what_is_wanted_is_tree(tmp_path: Path) -> None:
    content = packed({"data/a.csv": b"id\n1\n", "data/b.csv": b"no", "setup.py": b"no"})
    assert unpacked(tmp_path, content) == {"data/a.csv": b"id\n1\n"}


def test_an_archive_inside_is_a_file_like_others(tmp_path: Path) -> None:
    inner = tar_gz([member("../../climbs", b"x")])
    assert unpacked(tmp_path, packed({"inner.tar.gz": inner}), {"inner.tar.gz": len(inner)}) == {"inner.tar.gz": inner}


def extended(**headers: str) -> Member:
    """A member with pax headers; `sparse_map` stands for `GNU.sparse.map`."""
    info, _ = member(f"{TOP}/x")
    info.pax_headers = {name.replace("sparse_", "GNU.sparse."): value for name, value in headers.items()}
    return info, b""


SPARSE = extended(sparse_major="0", sparse_minor="1", sparse_map="0,0", sparse_size="9")
NO_NUMBERS = extended(sparse_major="0", sparse_minor="1", sparse_map="one,two", sparse_size="9")


UNSAFE: dict[str, tuple[list[Member], str]] = {
    "absolute": ([member("/etc/cron.d/x", b"x")], "an absolute path"),
    "drive": ([member("C:/windows/x", b"x")], "an absolute path"),
    "drive further down": ([member(f"{TOP}/C:/x", b"x")], "an absolute path"),
    "climbing": ([member(f"{TOP}/../../x", b"x")], "climbs out"),
    "climbing at the end": ([member(f"{TOP}/..", kind=tarfile.DIRTYPE)], "climbs out"),
    "backslash": ([member(f"{TOP}\\..\\x", b"x")], "backslash"),
    "symbolic link": ([member(f"{TOP}/x", kind=tarfile.SYMTYPE, link="/etc")], "a symbolic link"),
    "hard link": ([member(f"{TOP}/x", kind=tarfile.LNKTYPE, link=f"{TOP}/data/a.csv")], "a hard link"),
    "character device": ([member(f"{TOP}/x", kind=tarfile.CHRTYPE)], "a device"),
    "block device": ([member(f"{TOP}/x", kind=tarfile.BLKTYPE)], "a device"),
    "pipe": ([member(f"{TOP}/x", kind=tarfile.FIFOTYPE)], "a pipe"),
    "unknown kind": ([member(f"{TOP}/x", kind=b"Z")], "no plain file"),
    "sparse": ([SPARSE], "no plain file"),
    "sparse, without numbers": ([NO_NUMBERS], "damaged"),
    "negative": ([extended(size="-1")], "negative size"),
    "twice": ([GOOD], "are one name"),
    "other case": ([member(f"{TOP}/data/A.csv", b"x")], "are one name"),
    "other top folder": ([member("other/data/a.csv", b"id\n2\n")], "are one name"),
    # e with an acute accent as one character, and as e followed by a combining accent
    "other normalisation": ([member(f"{TOP}/caf\u00e9"), member(f"{TOP}/cafe\u0301")], "are one name"),
    "zip bomb": ([member(f"{TOP}/x", bytes(5_000_000))], "200 times its size"),
}


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("members", "told"), UNSAFE.values(), ids=UNSAFE.keys())
def test_an_unsafe_archive_is_refused_wherever_the_fault_stands(
    tmp_path: Path, members: list[Member], told: str, first: bool
) -> None:
    content = tar_gz([*members, GOOD] if first else [GOOD, *members])
    with pytest.raises(BadInputError, match=told):
        unpacked(tmp_path, content)
    assert set(tree(tmp_path)) <= {"x.tar.gz", "out/data/a.csv"}


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_MEMBERS", 3)
    three = [GOOD, member(f"{TOP}/b"), member(f"{TOP}/c")]
    assert unpacked(tmp_path, tar_gz(three))
    with pytest.raises(BadInputError, match="over 3 members"):
        unpacked(tmp_path / "out", tar_gz([*three, member(f"{TOP}/d")]))


@pytest.mark.parametrize("size", [4, 6])
def test_a_member_of_another_size_is_refused_untree(tmp_path: Path, size: int) -> None:
    with pytest.raises(BadInputError, match=f"has 5 bytes where {size} are expected"):
        unpacked(tmp_path, tar_gz([GOOD]), {"data/a.csv": size})
    assert not (tmp_path / "out").exists()


def test_a_folder_where_a_file_is_wanted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="has 0 bytes where 5"):
        unpacked(tmp_path, tar_gz([member(f"{TOP}/data/a.csv", kind=tarfile.DIRTYPE)]))


def test_what_is_lacking_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"lacks 2 file\(s\)") as error:
        unpacked(tmp_path, tar_gz([GOOD]), {**WANTED, "data/b.csv": 1, "a.csv": 5})
    assert error.value.faults == ("data/b.csv", "a.csv")


def test_an_archive_cut_short_is_refused_unless_all_that_is_wanted_is_whole(tmp_path: Path) -> None:
    whole = tar_gz([GOOD, member(f"{TOP}/last", noise(1000))])
    refused = []
    for length in range(0, len(whole), 10):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        try:
            out = unpacked(tmp_path, whole[:length], {**WANTED, "last": 1000})
            assert out == {"data/a.csv": b"id\n1\n", "last": noise(1000)}
        except BadInputError:
            refused.append(length)
    assert refused == list(range(0, refused[-1] + 1, 10))
    assert refused[-1] > 1000  # the thousand bytes do not pack, so before them nothing can be whole


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>Sign in</html>", gzip.compress(b"no tar"), gzip.compress(b"")],
    ids=["nothing", "a page", "no tar", "an empty tar"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadInputError, match="damaged or cut short"):
        unpacked(tmp_path, content)


def test_a_header_that_would_be_read_whole_is_refused(tmp_path: Path) -> None:
    """A pax header of 70,000 bytes, more than the 65,536 that are allowed, but far less than its file."""
    info, content = member(f"{TOP}/x", b"x")
    info.pax_headers = {"comment": "long " * 14_000}
    with pytest.raises(BadInputError, match="a header of 70"):
        unpacked(tmp_path, tar_gz([(info, content), GOOD]))


def test_a_name_cannot_command_the_terminal(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as error:
        unpacked(tmp_path, tar_gz([member("/\x1b[2Jx", b"x")]))
    assert "\x1b" not in str(error.value)


LONG = member(f"{TOP}/{'long' * 40}", b"x")


@given(
    st.sampled_from([[GOOD], [GOOD, LONG], [LONG, GOOD], [SPARSE, GOOD]]),
    st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), min_size=1, max_size=6),
)
@settings(max_examples=300, deadline=None)
def test_garbage_is_refused_or_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, members: list[Member], changes: list[tuple[int, int]]
) -> None:
    """Whatever bytes are changed: one clear refusal, or the wanted file in its size, and never another file."""
    folder = tmp_path_factory.mktemp("garbage")
    raw = bytearray(tar(members))
    for place, value in changes:
        raw[place] = value
    try:
        out = unpacked(folder, gzip.compress(bytes(raw), 1))
        assert {path: len(content) for path, content in out.items()} == WANTED
    except BadInputError:
        assert set(tree(folder)) <= {"x.tar.gz", "out/data/a.csv"}


def test_a_tar_of_an_old_sparse_file_that_ends_at_once_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo(f"{TOP}/x")
    info.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[482] = 1  # "more blocks of the map follow", and none does
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert len(block) == 512
    content = tar([GOOD])[:2048] + bytes(block)  # a global header and a member, two blocks each
    with pytest.raises(BadInputError):
        unpacked(tmp_path, gzip.compress(content), {**WANTED, "x": 0})
