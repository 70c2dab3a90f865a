"""`primum data`: the data sets of others, which Primum does not carry."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from primum.cli import options
from primum.cli.show import LINE_SECONDS

if TYPE_CHECKING:
    from primum.download import Show
    from primum.fetch import Checked, Source

Name = Annotated[str, typer.Argument(metavar="NAME", help="A data set, as `primum data list` names it.")]
Mirror = Annotated[
    str,
    typer.Option(
        "--mirror", help="Server with the same archives. [default: https://codeload.github.com]", show_default=False
    ),
]

app = typer.Typer(
    help="Data sets of others: list them, fetch them at a pinned commit, verify every file.",
    rich_markup_mode=None,
)


@app.command("list")
def list_(data: options.Data = None, json: options.Json = False, debug: options.Debug = False) -> None:
    """List the data sets: licence, where they are from, whether they are here, and what to do by hand."""
    import orjson

    from primum.config import data_folder, load_config
    from primum.fetch import read_sources

    folder = data_folder(data, load_config())
    rows = [_row(source, folder) for source in read_sources().values()]
    if json:
        typer.echo(orjson.dumps({"folder": str(folder) if folder else None, "sources": rows}).decode())
        return
    typer.echo(f"data folder: {folder or 'none yet; the first fetch makes one'}")
    for row in rows:
        size = f"{row['files']:>3} file(s) {_size(row['bytes']):>9}"
        typer.echo(f"{row['name']:<22} {row['here']:<9} {size}  {row['licence']}")
        typer.echo(f"{'':<22} {row['note']}")
        typer.echo(f"{'':<22} {row['repository']} {' '.join(commit[:10] for commit in row['commits'])}".rstrip())
        if row["by_hand"]:
            typer.echo(f"{'':<22} by hand: {row['by_hand']}")


@app.command("fetch")
def fetch_(
    name: Name,
    data: options.Data = None,
    mirror: Mirror = "",
    json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Download a data set at its pinned commit, check every file, and put it into the data folder."""
    import orjson

    from primum.config import data_folder, load_config, users_data_folder
    from primum.fetch import MIRROR, fetch, find_source, read_sources

    source = find_source(name, read_sources())
    folder = data_folder(data, load_config()) or users_data_folder()
    try:
        with _showing(quiet) as show:
            placed = fetch(source, folder, mirror or MIRROR, show)
    except KeyboardInterrupt:
        typer.echo("primum: what was downloaded is kept; the same command goes on", err=True)
        raise
    if json:
        done = {"name": name, "folder": str(folder / name), "fetched": placed, "files": len(source.files)}
        typer.echo(orjson.dumps({**done, "licence": source.licence}).decode())
    elif placed:
        typer.echo(f"{name}: {len(placed)} file(s) fetched and verified in {folder / name}; licence: {source.licence}")
    else:
        typer.echo(f"{name}: all {len(source.files)} file(s) are in {folder / name} already, unchanged")


@app.command("verify")
def verify_(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A data set; without one, all that are here.", show_default=False)
    ] = "",
    data: options.Data = None,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Compare the SHA-256 of every file; exit with 2 when one is missing or changed."""
    import orjson

    from primum.config import data_folder, load_config
    from primum.errors import BadInputError
    from primum.fetch import find_source, is_here, read_sources, verify

    sources = read_sources()
    folder = data_folder(data, load_config())
    asked = [find_source(name, sources)] if name else [s for s in sources.values() if is_here(s, folder) != "not here"]
    if folder is None or not asked:
        raise BadInputError(f"no data set is in {folder or 'a folder known here'}: name one with --data or PRIMUM_DATA")
    checked = [one for source in asked for one in verify(source, folder)]
    counts = {state: sum(one.state == state for one in checked) for state in ("ok", "missing", "changed", "not pinned")}
    if json:
        files = [one._asdict() for one in checked]
        typer.echo(orjson.dumps({"folder": str(folder), "counts": counts, "files": files}).decode())
    else:
        _print_checked(checked, counts)
    if counts["missing"] or counts["changed"]:
        typer.echo(f"primum: {counts['missing']} file(s) missing and {counts['changed']} changed in {folder}", err=True)
        raise typer.Exit(2)


def _row(source: Source, folder: Path | None) -> dict[str, Any]:
    from primum.fetch import is_here

    return {
        "name": source.name,
        "here": is_here(source, folder),
        "files": len(source.files),
        "bytes": sum(file.bytes for file in source.files),
        "licence": source.licence,
        "repository": source.repository,
        "commits": [archive.commit for archive in source.archives if archive.commit],
        "note": source.note,
        "by_hand": source.by_hand,
    }


def _print_checked(checked: list[Checked], counts: dict[str, int]) -> None:
    for path, state in checked:
        typer.echo(f"{state:<10}  {path}")
    typer.echo(" · ".join(f"{n} {state}" for state, n in counts.items() if n))


def _size(count: int) -> str:
    """Bytes as people read them; nothing where the size is not known."""
    return f"{count / 1e6:.1f} MB" if count else ""


@contextlib.contextmanager
def _showing(quiet: bool) -> Iterator[Show]:
    """A bar on a terminal, elsewhere a line every ten seconds and whenever something else is done; nothing when quiet."""
    live = sys.stderr.isatty()
    last = ("", 0.0)

    def show(doing: str, done: int, total: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if quiet or (doing == last[0] and now - last[1] < (0.2 if live else LINE_SECONDS)):
            return
        last = (doing, now)
        line = progress_line(doing, done, total)
        sys.stderr.write(f"\r\x1b[2K{line[: shutil.get_terminal_size().columns - 1]}" if live else f"{line}\n")
        sys.stderr.flush()

    try:
        yield show
    finally:
        if live and last[0]:
            sys.stderr.write("\n")


def progress_line(doing: str, done: int, total: int | None) -> str:
    """How far it is, in megabytes, with a share where the size in all is known, and what is being done."""
    if total:
        return f"{done / 1e6:.1f} of {total / 1e6:.1f} MB · {done / total:.0%} · {doing}"
    return f"{done / 1e6:.1f} MB · {doing}"
