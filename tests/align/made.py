"""Demonstrations, preferences and files for the tests of align/."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from primum.records import Demonstration, Kind, Preference


def demonstration(name: str, kind: Kind = Kind.HARMFUL, **fields: Any) -> Demonstration:
    """A demonstration of its own family, its request like no other's."""
    defaults = {"request": f"Request {name}", "answer": f"Answer {name}", "family": name}
    return Demonstration(id=name, kind=kind, **{**defaults, **fields})


def preference(name: str, kind: Kind = Kind.HARMFUL, **fields: Any) -> Preference:
    """A preference of its own family, its request like no other's."""
    defaults = {"request": f"Request {name}", "chosen": f"Better {name}", "rejected": f"Worse {name}", "family": name}
    return Preference(id=name, kind=kind, **{**defaults, **fields})


def write(file: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a file of the form that its name says; its name."""
    if file.suffix == ".csv":
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif file.suffix == ".json":
        file.write_text(json.dumps(rows, indent=2, ensure_ascii=False), encoding="utf-8")
    else:
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(file)
