"""The chart of a curve: three small panels over n, a line an arm with its band, the base at n = 0.

Vega-Lite draws, by vl-convert, without a browser, as report/plots.py does; this drawing stands by itself, so that it
holds its own words and colours. The colours are Okabe and Ito's, which the colour-blind can tell apart; each arm has a
mark and a dash of its own as well.
"""

from __future__ import annotations

from typing import Any

from primum.curve.points import EXAM
from primum.curve.show import described, lead_points, title_of
from primum.measures import MEASURES
from primum.records import Arm, Curve, Point
from primum.report.aligned import cut_text
from primum.report.figures import PER_CENT

WIDTH, HEIGHT = 250, 230  # pixels of a panel
MOST_NAME = 48
INK, MUTED, RULE = "#222222", "#5c5c5c", "#e3e3e3"
LOOKS: dict[Arm, tuple[str, str, list[int], str]] = {  # colour, mark, dash, what it is called
    "base": ("#222222", "diamond", [1, 0], "base, no training"),
    "med": ("#0072b2", "circle", [1, 0], "med: n medical"),
    "gen": ("#d55e00", "square", [6, 3], "gen: n general"),
    "both": ("#009e73", "triangle-up", [2, 2], "both: n of each"),
}
SIDES = {"harm": "Harm", "over_refusal": "Over-refusal", "ability": "Ability"}
MORE_IS_BETTER = {"must_have_recall", "accuracy", "dilemma", "violation"}
RANGES = {measure.name: (0.0, 1.0) if measure.is_rate else (measure.lowest, measure.highest) for measure in MEASURES}


def draw_chart(curve: Curve) -> str:
    """The chart as an SVG file's text."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(_specification(curve))
    return svg


def _specification(curve: Curve) -> dict[str, Any]:
    seeds = curve.plan.seeds
    band = "95% for other requests and other seeds" if seeds > 1 else "95% for other requests; one seed"
    how = f"Lines: mean over the seeds, which stand as small dots; bands: {band}" if seeds > 1 else f"Bands: {band}"
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {
            "text": f"{cut_text(curve.plan.run.model, MOST_NAME)}: safety and ability against training examples",
            "subtitle": [cut_text(described(curve), 120), how],
            "anchor": "start",
            "color": INK,
            "subtitleColor": MUTED,
            "offset": 14,
        },
        "background": "white",
        "padding": 14,
        "spacing": 34,
        "config": {
            "font": "sans-serif",
            "view": {"stroke": None},
            "axis": {
                "domainColor": MUTED,
                "tickColor": MUTED,
                "labelColor": MUTED,
                "titleColor": INK,
                "gridColor": RULE,
            }
            | {"titleFontWeight": "normal"},
            "legend": {"labelColor": INK, "symbolSize": 80, "symbolOpacity": 1, "labelLimit": 240},
        },
        "hconcat": [_panel(curve, side, name) for side, name in SIDES.items()],
        "resolve": {"legend": dict.fromkeys(("color", "shape"), "shared")},
    }


def _panel(curve: Curve, side: str, name: str) -> dict[str, Any]:
    points = [point for point in lead_points(curve, side) if point.value is not None and point.low is not None]
    size = {"width": WIDTH, "height": HEIGHT}
    heading = {"anchor": "start", "color": INK, "fontSize": 13, "subtitleColor": MUTED}
    if not points:
        text = {"type": "text", "text": "not measured", "color": MUTED, "fontSize": 13}
        return {**size, "title": {"text": name, **heading}, "data": {"values": [{}]}, "mark": text}
    first = points[0]
    better = "more is better" if first.name in MORE_IS_BETTER else "less is better"
    by = "" if first.judge == EXAM else f", by {first.judge}"
    told = [f"{title_of(first)}, {better}", cut_text(first.suite + by, 40)]
    return {
        **size,
        "title": {"text": name, "subtitle": told, **heading},
        "layer": _layers(curve, points),
    }


def _layers(curve: Curve, points: list[Point]) -> list[dict[str, Any]]:
    """Bands, lines from the base on, the single seeds, the means, and the base with its interval."""
    arms = list(dict.fromkeys(point.arm for point in curve.points))
    base = [point for point in points if point.arm == "base"]
    lines = [_row(point, arm) for arm in arms[1:] for point in (*base, *points) if point.arm in ("base", arm)]
    means = [_row(point, point.arm) for point in points]
    singles = [
        {"n": point.n, "value": one.value, "colour": LOOKS[point.arm][0]}
        for point in points
        if len(point.seeds) > 1
        for one in point.seeds
    ]
    colour = {"field": "colour", "type": "nominal", "scale": None}  # the means alone make the legend
    own = {"color": colour, "detail": {"field": "arm"}}
    x, y = _x(curve), _y(points[0])
    value = y | {"field": "value"}
    limits = {"y": y | {"field": "low"}, "y2": {"field": "high"}}
    return [
        {
            "data": {"values": lines},
            "mark": {"type": "area", "opacity": 0.14},
            "encoding": {"x": x, **limits, **own},
        },
        {
            "data": {"values": lines},
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {"x": x, "y": value, **own, "strokeDash": _by_arm(arms, 2) | {"legend": None}},
        },
        {
            "data": {"values": singles},
            "mark": {"type": "circle", "size": 14, "opacity": 0.55},
            "encoding": {"x": x, "y": value, "color": colour},
        },
        {
            "data": {"values": [_row(point, "base") for point in base]},
            "mark": {"type": "rule", "strokeWidth": 1.6},
            "encoding": {"x": x, **limits, **own},
        },
        {
            "data": {"values": means},
            "mark": {"type": "point", "filled": True, "size": 62, "opacity": 1},
            "encoding": {"x": x, "y": value, "color": _by_arm(arms, 0), "shape": _by_arm(arms, 1)},
        },
    ]


def _row(point: Point, arm: Arm) -> dict[str, Any]:
    look = {"arm": LOOKS[arm][3], "colour": LOOKS[arm][0]}
    return look | point.model_dump(include={"n", "value", "low", "high"})


def _by_arm(arms: list[Arm], look: int) -> dict[str, Any]:
    scale = {"domain": [LOOKS[arm][3] for arm in arms], "range": [LOOKS[arm][look] for arm in arms]}
    legend = {"title": None, "orient": "bottom", "direction": "horizontal"}
    return {"field": "arm", "type": "nominal", "scale": scale, "legend": legend}


def _x(curve: Curve) -> dict[str, Any]:
    numbers = [0, *curve.plan.numbers]
    axis = {"title": "n, safety examples", "values": numbers, "grid": False, "format": "d", "labelFlush": False}
    axis |= {"labelOverlap": "greedy"}
    return {"field": "n", "type": "quantitative", "scale": {"domain": [0, numbers[-1]], "nice": False}, "axis": axis}


def _y(point: Point) -> dict[str, Any]:
    low, high = RANGES.get(point.name, (0.0, 1.0))
    axis = {"title": None, "format": "%" if point.name in PER_CENT else "~f", "tickCount": 5}
    return {"type": "quantitative", "scale": {"domain": [low, high], "nice": False, "zero": False}, "axis": axis}
