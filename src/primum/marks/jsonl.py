"""A run's JSONL files as table expressions of DuckDB."""

from __future__ import annotations

from pathlib import Path


def jsonl(file: Path, columns: dict[str, str]) -> str:
    """A table expression over a JSONL file; a missing or empty file has no rows, a torn last line is passed over."""
    listed = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    if not file.exists() or file.stat().st_size == 0:
        typed = ", ".join(f'null::{kind} as "{name}"' for name, kind in columns.items())
        return f"(select {typed} where false)"
    quoted = str(file).replace("'", "''")
    with file.open("rb") as end:
        end.seek(-1, 2)
        torn = end.read(1) != b"\n"
    return (
        f"read_json('{quoted}', format = 'newline_delimited', columns = {{{listed}}}, "
        f"maximum_object_size = 16777216, ignore_errors = {str(torn).lower()})"
    )
