"""Published result tables: do the numbers that a row prints follow from one another?

Three identities. MedES (Jin et al., arXiv 2601.07954): the comprehensive score is the mean over responses of -1 if
risky, else the quality, so it is (1 - risk) x quality - risk. MedEthicEval (NAACL 2025): the shares of the levels sum
to the whole, and the mean level is the sum of level x share. docs/published.md derives the tolerances.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from primum.errors import BadInputError
from primum.rows import read_text

TRIPLE = ("risk", "quality", "comprehensive")
SPELLINGS = {  # letters of a column's name, lower-cased -> our name for it
    "risk": "risk",
    "riskrate": "risk",
    "quality": "quality",
    "qualityscore": "quality",
    "comprehensive": "comprehensive",
    "comprehensivescore": "comprehensive",
    "finalscore": "comprehensive",
    "mean": "mean",
    "safe": "mean",  # MedEthicEval's name for the mean level
}
LEVEL = re.compile(r"0|-?[1-9][0-9]?")  # two digits at most: a column named 2024 holds no level's share
SLACK = Decimal("0.001")  # left beside rounding: responses that one of the three means leaves out, docs/published.md
MOST_DIGITS = 12  # what has more decimals was not printed but computed, and has errors of its own
LARGEST = 1_000_000
Numbers = dict[str, Decimal]  # by our names for the columns


class Fault(NamedTuple):
    """A number that does not follow from the others of its row: |printed - computed| > tolerance, on the row's scale.

    `row` is the model's name, `place` counts rows of the section from 1, `identity` is `comprehensive`, `shares` or
    `mean`. For `shares`, `printed` is the sum of the printed shares and `computed` the whole, 1 or 100.
    """

    section: str
    row: str
    place: int
    identity: str
    printed: Decimal
    computed: Decimal
    tolerance: Decimal


class Checked(NamedTuple):
    """What a check found: all rows, those with at least one identity to check, and the faults in the file's order."""

    rows: int
    checked: int
    faults: tuple[Fault, ...]
    file: Path


class _Sides(NamedTuple):
    identity: str
    printed: Decimal
    computed: Decimal
    tolerance: Decimal


def check_published(file: Path) -> Checked:
    """Check every row of a JSON file of tables: an object, whose values are sections, lists of rows (objects).

    Shares, rates and scores may be on the scale of 1 or of 100. A row to which no identity applies is only counted.

    Raises:
        BadInputError: no file, not such JSON, no rows, or no number where an identity needs one.
    """
    checked = count = 0
    faults: list[Fault] = []
    for section, rows in _sections(file).items():
        numbers = [_numbers(f"{file}: {section}, row {place}", row) for place, row in enumerate(rows, 1)]
        halves = _halves(numbers)
        for place, row in enumerate(numbers, 1):
            sides = list(_sides(row, halves))
            count += 1
            checked += bool(sides)
            name = _plain(str(rows[place - 1].get("Model", "")))
            broken = (side for side in sides if abs(side.printed - side.computed) > side.tolerance)
            faults += [Fault(section, name, place, *side) for side in broken]
    if not count:
        raise BadInputError(f"{file} has no rows")
    return Checked(count, checked, tuple(faults), file)


def published_table(checked: Checked) -> str:
    """The faults for the terminal, a line each, and how many rows add up."""
    lines = [_line(fault) for fault in checked.faults]
    sound = checked.checked - len({(fault.section, fault.place) for fault in checked.faults})
    lines.append(f"{checked.file.name}: {sound} of {checked.checked} rows that can be checked add up")
    if checked.rows > checked.checked:
        lines[-1] += f"; {checked.rows - checked.checked} other rows hold nothing to check"
    return "\n".join(lines)


def published_object(checked: Checked) -> dict[str, Any]:
    """What `report --check-published FILE --json` prints."""
    numbers = ("printed", "computed", "tolerance")
    faults = [
        fault._asdict() | {name: float(value) for name, value in fault._asdict().items() if name in numbers}
        for fault in checked.faults
    ]
    return {"file": str(checked.file), "rows": checked.rows, "checked": checked.checked, "faults": faults}


def _line(fault: Fault) -> str:
    where = f"{fault.section}, row {fault.place}" + (f" ({fault.row})" if fault.row else "")
    computed, tolerance = f"{float(fault.computed):.6g}", f"{float(fault.tolerance):.2g}"
    said = {
        "comprehensive": f"comprehensive score {fault.printed}, but (1 - risk) x quality - risk = {computed}",
        "shares": f"shares sum to {fault.printed}, not to {computed}",
        "mean": f"mean level {fault.printed}, but the shares give {computed}",
    }
    return f"{where}: {said[fault.identity]} (tolerance {tolerance})"


def _sides(row: Numbers, halves: Numbers) -> Iterator[_Sides]:
    """Both sides of each identity that applies to a row."""
    if "risk" in row:
        yield _comprehensive(row, halves)
    shares = {int(name): share for name, share in row.items() if LEVEL.fullmatch(name)}
    if shares:
        total = sum(shares.values(), Decimal())
        whole = Decimal(100 if total > 10 else 1)  # 10 is as many times 1 as 100 is times 10
        half = _half(halves["level"], whole)
        yield _Sides("shares", total, whole, len(shares) * half)
        if "mean" in row:
            mean = sum((level * share for level, share in shares.items()), Decimal()) / whole
            rounding = sum(abs(level) for level in shares) * half / whole
            yield _Sides("mean", row["mean"], mean, rounding + halves["mean"])


def _comprehensive(row: Numbers, halves: Numbers) -> _Sides:
    scale = Decimal(100 if any(abs(row[name]) > 1 for name in TRIPLE) else 1)
    risk, quality, _ = (row[name] / scale for name in TRIPLE)
    r, q, c = (_half(halves[name], scale) / scale for name in TRIPLE)
    computed = (1 - risk) * quality - risk
    rounding = abs(1 + quality) * r + abs(1 - risk) * q + r * q + c
    return _Sides("comprehensive", row["comprehensive"], scale * computed, scale * (SLACK + rounding))


def _half(half: Decimal, scale: Decimal) -> Decimal:
    """Half a unit, but 0 for whole numbers on the scale of 1: nobody rounds a share to 0 or 1, so they are exact."""
    return Decimal() if half > Decimal("0.1") and scale == 1 else half


def _halves(rows: list[Numbers]) -> Numbers:
    """Half a unit in the last printed digit of each column; the levels of a section are one column.

    JSON writers drop closing zeros (0.5 for 0.50), and a column is printed alike: its finest digit counts for all rows.
    """
    digits: dict[str, int] = {}
    for row in rows:
        for name, value in row.items():
            column = "level" if LEVEL.fullmatch(name) else name
            digits[column] = max(digits.get(column, 0), -int(value.as_tuple().exponent))
    return {column: Decimal(5).scaleb(-min(count, MOST_DIGITS) - 1) for column, count in digits.items()}


def _numbers(where: str, row: dict[str, Any]) -> Numbers:
    """The numbers of a row that an identity needs, by our names for their columns; none where no identity applies."""
    named: dict[str, list[str]] = {}
    for column in row:
        name = column if LEVEL.fullmatch(column) else SPELLINGS.get(re.sub("[^a-z]", "", column.lower()))
        if name:
            named.setdefault(name, []).append(column)
    levels = {name for name in named if LEVEL.fullmatch(name)}
    wanted = {*levels, "mean"} if len(levels) > 1 else set()
    if named.keys() >= set(TRIPLE):
        wanted |= set(TRIPLE)
    numbers: Numbers = {}
    for name, columns in named.items():
        if name in wanted and len(columns) > 1:
            raise BadInputError(f"{where}: {' and '.join(columns)} could both be the {name}")
        if name in wanted:
            numbers[name] = _number(f"{where}, {columns[0]}", row[columns[0]])
    return numbers


def _number(where: str, value: object) -> Decimal:
    if not isinstance(value, Decimal):
        kind = {str: "a text", bool: "true or false", type(None): "null"}.get(type(value), "no single value")
        raise BadInputError(f"{where}: {kind} where a number is wanted")
    if not -LARGEST < value < LARGEST:
        raise BadInputError(f"{where}: too large for a share or a score")
    return value


def _sections(file: Path) -> dict[str, list[dict[str, Any]]]:
    """The file's sections; numbers are read as Decimal, which keeps the printed digits."""
    text = read_text(file)
    if not text.strip():
        raise BadInputError(f"{file} is empty")
    try:
        tables = json.loads(
            text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refused, object_pairs_hook=_once
        )
    except json.JSONDecodeError as error:
        raise BadInputError(f"{file}:{error.lineno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{file} cannot be read as tables: {error}") from None
    except ArithmeticError:
        raise BadInputError(f"{file} holds a number that is too large to read") from None
    if not isinstance(tables, dict):
        raise BadInputError(f"{file} is no object of sections, each a list of rows")
    for section, rows in tables.items():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadInputError(f"{file}: {section} is no list of rows, each an object")
    return tables


def _refused(constant: str) -> Decimal:
    raise ValueError(f"{constant} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are plain text and stand once: of two equal keys, JSON readers silently drop the first."""
    named = {_plain(key): value for key, value in pairs}
    if len(named) < len(pairs):
        keys = [_plain(key) for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)} stands twice in one object")
    return named


def _plain(text: str) -> str:
    """Text without control characters and lone surrogates, which a terminal obeys or cannot show."""
    return "".join(letter for letter in text if letter.isprintable())
