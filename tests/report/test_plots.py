"""Dots with intervals: where they stand, and what an inline drawing must not hold."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from primum.report.plots import HEAD, PAD, SYMBOLS, Dot, Layout, dot_plot, narrow_layout, symbol, wide_layout

DOTS = [Dot(0, 0, 0.5, 0.25, 0.75), Dot(1, 0, 1.0, 0.5, 1.0)]
LAYOUT = Layout(width=200, step=30)


def draw(dots: list[Dot] = DOTS, series: int = 1, layout: Layout = LAYOUT) -> str:
    return dot_plot(dots, 2, series, (0.0, 1.0), layout, rate=True, label="t")


def marks(svg: str) -> list[tuple[float, float]]:
    """Where the points of a drawing stand, in the units of its axis."""
    return [(float(x), float(y)) for x, y in re.findall(r'<path transform="translate\(([\d.]+),([\d.]+)\)"', svg)]


def test_dots_and_lines_stand_at_their_values() -> None:
    svg = draw()
    # 0.5 and 1.0 of 200 pixels; the middles of the rows 0..30 and 30..60
    assert marks(svg) == [(100, 15), (200, 45)]
    # from 0.25 to 0.75 of 200 pixels, and from 0.5 to 1
    assert re.findall(r'translate\((\d+),(\d+)\)" x2="(\d+)" y2="0"', svg) == [
        ("50", "15", "100"),
        ("100", "45", "100"),
    ]


def test_series_share_a_row() -> None:
    svg = draw([Dot(0, 0, 0.5, 0.4, 0.6), Dot(0, 1, 0.7, 0.6, 0.8)], series=2)
    assert marks(svg) == [(100, 10), (140, 20)]  # ten pixels apart about the middle, 15


def test_a_telephone_s_dots_leave_room_for_the_label() -> None:
    layout = Layout(width=200, step=40, lead=20, tail=8)
    assert marks(draw(layout=layout))[0] == (100, 26)  # the middle of 20..32


def test_size_is_known_to_the_page() -> None:
    root = ET.fromstring(draw())
    assert root.get("viewBox") == f"0 0 {200 + 2 * PAD} {HEAD + 60}"
    assert root.get("class") == "wide"
    assert LAYOUT.height(2) == HEAD + 60


def test_one_dashed_line_marks_the_first_row_s_value() -> None:
    assert draw().count("stroke-dasharray") == 1
    assert "stroke-dasharray" not in draw([Dot(1, 0, 0.5, 0.4, 0.6)])


def test_numbers_on_the_axis() -> None:
    assert re.findall(r">([^<>]+)</text>", draw()) == ["0%", "25%", "50%", "75%", "100%"]
    svg = dot_plot([Dot(0, 0, 2, 1, 3)], 1, 1, (1, 5), LAYOUT, rate=False, label="t")
    assert re.findall(r">([^<>]+)</text>", svg) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("layout", [wide_layout(3), narrow_layout(3)])
def test_a_drawing_fits_a_page(layout: Layout) -> None:
    svg = draw([Dot(row, series, 0.5, 0.4, 0.6) for row in (0, 1) for series in (0, 1, 2)], 3, layout)
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "t"
    for forbidden in ("http", " id=", "<style", "<script", "url(", 'font-family="sans', "aria-roledescription"):
        assert forbidden not in svg
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg))
    assert colours <= {"none", "var(--accent)", "var(--ink)", "var(--paper)", "var(--muted)", "var(--rule)"}
    assert len(marks(svg)) == 6


def test_symbols_differ_without_colour() -> None:
    looks = {(path, fill == "var(--paper)") for path, fill, _ in SYMBOLS}
    assert len(looks) == len(SYMBOLS)
    assert ET.fromstring(symbol(0)).get("aria-hidden") == "true"
    assert symbol(0) == symbol(len(SYMBOLS))


@pytest.mark.parametrize(
    ("dots", "fault"),
    [([], "nothing"), ([Dot(0, 0, 1.2, 1.1, 1.3)], "outside"), ([Dot(0, 0, 0.5, -0.1, 0.6)], "outside")],
)
def test_what_cannot_be_drawn_is_told(dots: list[Dot], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        draw(dots)
