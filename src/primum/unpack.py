"""Taking known files out of a downloaded `.tar.gz` without trusting it.

No name in the archive ever becomes a path: a wanted member is written under the name that we gave it, all others are
passed over, archives inside the archive among them. And an archive that holds anything which could climb out of a
folder, point elsewhere, take another file's place or swell beyond measure is refused as a whole.
"""

from __future__ import annotations

import gzip
import re
import shutil
import tarfile
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from primum.errors import BadInputError

MOST_MEMBERS = 50_000
MOST_RATIO = 200  # unpacked to packed bytes; text packs to a fifth or so
MOST_HEADER = 64 << 10  # bytes of one extended header, which tarfile reads into memory
EXTENDED = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)
KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}
# What gzip and tarfile raise on garbage; tarfile lets through what its parsing of numbers and slices raises.
DAMAGE = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, RecursionError, ValueError, LookupError)


def unpack(archive: Path, wanted: Mapping[str, int], into: Path) -> None:
    """Write the wanted members, {path under the archive's top folder: size in bytes}, to the same paths under `into`.

    Raises:
        BadInputError: the archive is unsafe or damaged, or lacks a wanted member of that size. What was written until
            then stays in `into`.
        OSError: a file could not be written.
    """
    left = dict(wanted)
    try:
        with (
            gzip.open(archive) as packed,
            tarfile.open(fileobj=packed, mode="r|", tarinfo=_Header) as tar,
        ):
            for path, member in _safe_members(tar, archive.stat().st_size):
                if path in left:
                    _write(tar, member, left.pop(path), into / path)
    except DAMAGE as error:
        raise BadInputError(f"the archive is damaged or cut short ({type(error).__name__})") from error
    if left:
        raise BadInputError(f"the archive lacks {len(left)} file(s) that it should hold", tuple(left))


class _Header(tarfile.TarInfo):
    """Refuses a header that would have tarfile read without end before the member is seen."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.type in EXTENDED and header.size > MOST_HEADER:
            raise BadInputError(f"the archive is refused: a header of {header.size} bytes")
        return header


def _safe_members(tar: tarfile.TarFile, packed: int) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Each member with its path under the top folder; `packed` is the archive's size in bytes."""
    seen: dict[str, str] = {}
    unpacked = 0
    for number, member in enumerate(iter(tar.next, None), 1):
        fault = _fault(member)
        if fault:
            raise BadInputError(f"the archive is refused: it holds {fault}")
        if number > MOST_MEMBERS:
            raise BadInputError(f"the archive is refused: it holds over {MOST_MEMBERS:,} members")
        unpacked += member.size
        if unpacked > MOST_RATIO * packed:
            raise BadInputError(f"the archive is refused: it unpacks to over {MOST_RATIO} times its size")
        path = member.name.partition("/")[2]
        alike = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        if alike in seen:
            raise BadInputError(
                f"the archive is refused: {seen[alike]} and {_told(member)} are one name on some systems"
            )
        seen[alike] = _told(member)
        yield path, member


def _fault(member: tarfile.TarInfo) -> str:
    """What is unsafe about a member, or nothing."""
    name = member.name
    if member.type not in (*FILES, tarfile.DIRTYPE) or member.issparse():
        return f"{KINDS.get(member.type, 'something that is no plain file')}, {_told(member)}"
    if name.startswith("/") or re.search(r"(^|/)[A-Za-z]:", name):
        return f"an absolute path, {_told(member)}"
    if "\\" in name or "\0" in name:
        return f"a path with a backslash or NUL, {_told(member)}"
    if ".." in name.split("/"):
        return f"a path that climbs out of its folder, {_told(member)}"
    return "a member of negative size" if member.size < 0 else ""


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, size: int, file: Path) -> None:
    source = tar.extractfile(member)
    if source is None or member.size != size:
        raise BadInputError(f"the archive's {_told(member)} has {member.size:,} bytes where {size:,} are expected")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as target:
        shutil.copyfileobj(source, target)


def _told(member: tarfile.TarInfo) -> str:
    """Its name, in a form that no terminal takes for a command."""
    return repr(member.name[:120])
