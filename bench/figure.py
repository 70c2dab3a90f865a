"""What a benchmark gives back: figures with the goal that each has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """One measured number. `least` or `most` is its goal, where it has one; `each` holds the single passes."""

    name: str
    value: float
    unit: str
    least: float | None = None
    most: float | None = None
    each: tuple[float, ...] = ()
    note: str = ""

    @property
    def goal(self) -> str:
        if self.least is not None:
            return f"≥ {self.least:g}"
        return f"≤ {self.most:g}" if self.most is not None else ""

    @property
    def reached(self) -> str:
        if self.least is None and self.most is None:
            return ""
        inside = self.value >= self.least if self.least is not None else self.value <= (self.most or 0.0)
        return "yes" if inside else "no"


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| figure | measured | goal | reached | passes | note |", "|---|---|---|---|---|---|"]
    for one in figures:
        passes = " ".join(f"{value:.3g}" for value in one.each)
        measured = f"{one.value:.3g} {one.unit}".strip() if one.value < 1000 else f"{one.value:,.0f} {one.unit}".strip()
        lines.append(f"| {one.name} | {measured} | {one.goal} | {one.reached} | {passes} | {one.note} |")
    return "\n".join(lines)
