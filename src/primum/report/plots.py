"""Dots with intervals on one axis, as SVG to stand inline in a page.

Vega-Lite draws, by vl-convert, without a browser. The specification is a plain dict: it is one fixed form, for which
Altair's objects would only add a second of import. A drawing holds numbers and no words, so that nothing of a run's
texts can enter it and one drawing serves every language; the page sets the labels beside it, row by row. Colours are
the page's CSS variables, so that dark mode and print need no second drawing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

HEAD = 24  # pixels above the first row, for the axis
PAD = 9  # pixels left and right, so that a dot on the edge of the axis is whole
GAP = 10  # pixels between series within a row
LINE = 18  # pixels of a label's line
MOST_SERIES = 6
ROUNDING = 1e-9

_CIRCLE = "M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z"
_SQUARE = "M-.85,-.85H.85V.85H-.85Z"
_DIAMOND = "M0,-1.15L1.15,0L0,1.15L-1.15,0Z"
_TRIANGLE = "M0,-1.1L1.1,.9H-1.1Z"
# Shape and filling tell series apart as well as colour does: path, fill, stroke.
SYMBOLS = (
    (_CIRCLE, "var(--accent)", "var(--accent)"),
    (_SQUARE, "var(--paper)", "var(--ink)"),
    (_DIAMOND, "var(--ink)", "var(--ink)"),
    (_TRIANGLE, "var(--paper)", "var(--accent)"),
    (_SQUARE, "var(--accent)", "var(--accent)"),
    (_DIAMOND, "var(--paper)", "var(--ink)"),
)


class Dot(NamedTuple):
    """An estimate to draw: its row from the top, its series, its value and 95% interval in the axis' units."""

    row: int
    series: int
    value: float
    low: float
    high: float


class Layout(NamedTuple):
    """Sizes in CSS pixels: `width` of the axis, `step` a row, of which `lead` at its top stays free for a label and
    `tail` at its foot to part it from the next."""

    width: int
    step: int
    lead: int = 0
    tail: int = 0

    def height(self, rows: int) -> int:
        """The height of a whole drawing."""
        return HEAD + rows * self.step


def wide_layout(series: int, lines: int = 1) -> Layout:
    """For a page with room for the labels at the left, each of so many lines."""
    return Layout(width=362, step=max(26, GAP * series + 10, LINE * lines + 6))


def narrow_layout(series: int, lines: int = 1) -> Layout:
    """For a telephone: the label of a row stands above its line."""
    lead = 22 + LINE * (lines - 1)
    return Layout(width=270, step=lead + 10 + GAP * series, lead=lead, tail=8)


def dot_plot(
    dots: Sequence[Dot],
    rows: int,
    series: int,
    axis: tuple[float, float],
    layout: Layout,
    *,
    rate: bool,
    label: str,
    line: bool = True,
) -> str:
    """Dots with their intervals, one row a label, as an `<svg>` element.

    Args:
        dots: what to draw; rows and series count from 0.
        rows, series: how many there are.
        axis: the lowest and highest value that the number can take; it is drawn whole.
        layout: sizes.
        rate: print the axis in per cent.
        label: the id of the page's element that names the drawing.
        line: row 0 is the value over all, and its first dot gives the dashed line down the drawing.

    Raises:
        ValueError: no rows, no dots, or a dot outside the axis.
    """
    if rows < 1 or not dots:
        raise ValueError("there is nothing to draw")
    if any(not axis[0] - ROUNDING <= part <= axis[1] + ROUNDING for dot in dots for part in dot[2:]):
        raise ValueError(f"a value or limit lies outside the axis {axis[0]:g} to {axis[1]:g}")
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(_specification(dots, rows, series, axis, layout, rate, line))
    size = f'viewBox="0 0 {layout.width + 2 * PAD} {layout.height(rows)}"'
    kind = "narrow" if layout.lead else "wide"
    opening = f'<svg class="{kind}" {size} width="{layout.width + 2 * PAD}" role="img" aria-labelledby="{label}">'
    return opening + _slim(svg.partition(">")[2])


def symbol(series: int) -> str:
    """A series' mark as a small `<svg>`, for the legend."""
    path, fill, stroke = SYMBOLS[series % len(SYMBOLS)]
    return (
        '<svg class="mark" viewBox="-1.6 -1.6 3.2 3.2" width="13" height="13" aria-hidden="true">'
        f'<path d="{path}" fill="{fill}" stroke="{stroke}" stroke-width=".45"/></svg>'
    )


def _specification(
    dots: Sequence[Dot], rows: int, series: int, axis: tuple[float, float], layout: Layout, rate: bool, line: bool
) -> dict[str, Any]:
    height = rows * layout.step
    x = {
        "type": "quantitative",
        "scale": {"domain": list(axis), "nice": False, "zero": False},
        "axis": {
            "orient": "top",
            "title": None,
            "values": _ticks(axis),
            "grid": True,
            "format": "%" if rate else ".2~f",
        },
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, height], "range": [0, height], "nice": False, "zero": False},
    }
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule", "strokeWidth": 1.6},
            "encoding": {"x": x | {"field": "low"}, "x2": {"field": "high"}, "y": y, "stroke": _raw("stroke")},
        },
        {
            "mark": {"type": "point", "size": 62, "strokeWidth": 1.6, "opacity": 1},
            "encoding": {
                "x": x | {"field": "value"},
                "y": y,
                **{name: _raw(name) for name in ("shape", "fill", "stroke")},
            },
        },
    ]
    if line and dots[0].row == 0:
        dashed = {"type": "rule", "stroke": "var(--muted)", "strokeDash": [2, 3], "strokeWidth": 1}
        layers.insert(0, {"data": {"values": [{}]}, "mark": dashed, "encoding": {"x": x | {"datum": dots[0].value}}})
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": layout.width,
        "height": height,
        "padding": {"left": PAD, "right": PAD, "top": HEAD, "bottom": 0},
        "autosize": "none",
        "background": None,
        "config": {
            "aria": False,
            "font": "inherit",
            "view": {"stroke": None},
            "axis": {"domain": False, "ticks": False, "labelFontSize": 11, "labelPadding": 6}
            | {"labelColor": "var(--muted)", "gridColor": "var(--rule)", "labelFlush": False},
        },
        "data": {"values": [_row(dot, series, layout) for dot in dots]},
        "layer": layers,
    }


def _row(dot: Dot, series: int, layout: Layout) -> dict[str, Any]:
    path, fill, stroke = SYMBOLS[dot.series % len(SYMBOLS)]
    middle = (layout.lead + layout.step - layout.tail) / 2 + GAP * (dot.series - (series - 1) / 2)
    place = {"y": layout.step * dot.row + middle, "value": dot.value, "low": dot.low, "high": dot.high}
    return place | {"shape": path, "fill": fill, "stroke": stroke}


def _raw(field: str) -> dict[str, Any]:
    return {"field": field, "type": "nominal", "scale": None, "legend": None}


def _ticks(axis: tuple[float, float]) -> list[float]:
    """Whole numbers for a scale of a few points, quarters for a share.

    >>> _ticks((1, 5)), _ticks((0, 1))
    ([1, 2, 3, 4, 5], [0, 0.25, 0.5, 0.75, 1])
    """
    low, high = axis
    if high - low > 1:
        return [low + i for i in range(int(high - low) + 1)]
    return [low + (high - low) * i / 4 if i % 4 else (low, high)[i // 4] for i in range(5)]


def _slim(svg: str) -> str:
    """Vega's drawing without what only Vega reads: roles that would be read aloud, empty backgrounds, long fractions."""
    svg = re.sub(r' (?:class|role|aria-[a-z]+|pointer-events)="[^"]*"', "", svg)
    svg = re.sub(r'<path (?:d="[^"]*"|d="" display="none")/>(?=<g>|</g>)', "", svg)
    return re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", svg)
