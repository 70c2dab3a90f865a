"""Columns of text for a terminal, in which Chinese letters take two places."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal length as lines, their columns aligned and parted by two spaces."""
    widths = column_widths(rows)
    return "\n".join(
        "  ".join(cell + " " * (width - text_width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """The width of each column, in terminal columns."""
    return [max(text_width(row[i]) for row in rows) for i in range(len(rows[0]))]


def text_width(text: str) -> int:
    """Terminal columns that a text takes: East Asian wide letters take two.

    >>> text_width("law 守法")
    8
    """
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def cut_text(text: str, most: int) -> str:
    """A text cut in its middle to so many terminal columns.

    >>> cut_text("openai/a-very-long-name", 12), cut_text("short", 12)
    ('openai…-name', 'short')
    """
    if text_width(text) <= most:
        return text
    head, tail = text[: most - most // 2], text[-(most - most // 2 - 1) :]
    while head and text_width(head) > most - most // 2:
        head = head[:-1]
    while tail and text_width(tail) > most // 2 - 1:
        tail = tail[1:]
    return f"{head}…{tail}"
