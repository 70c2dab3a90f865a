"""The reliability plot as a picture: how sure an evaluator is, and how often it is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from primum.evaluator.encoder.recipe import replace_whole
from primum.evaluator.quality import Quality

SIDE = 320  # pixels of the plot
INK, ACCENT, RULE = "#222222", "#1f5f8b", "#bbbbbb"


def write_reliability(quality: Quality, file: Path) -> None:
    """Draw the bins of a criterion with their intervals and the line on which a calibrated evaluator lies, as SVG.

    Raises:
        StoppedError: it could not be written.
    """
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(_specification(quality))
    replace_whole(file, lambda part: part.write_text(svg, encoding="utf-8"))


def _specification(quality: Quality) -> dict[str, Any]:
    def axis(title: str) -> dict[str, Any]:
        return {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {"title": title, "gridColor": "#eeeeee"}}

    x, y = axis("how sure the evaluator is"), axis("share that is right")
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {
            "text": quality.name,
            "subtitle": f"{quality.n:,} answers, cross-validated by family",
            "anchor": "start",
        },
        "width": SIDE,
        "height": SIDE,
        "background": "white",
        "config": {"font": "sans-serif", "title": {"color": INK}},
        "data": {"values": [one.model_dump() for one in quality.reliability]},
        "layer": [
            {
                "data": {"values": [{"at": 0}, {"at": 1}]},
                "mark": {"type": "line", "stroke": RULE, "strokeDash": [4, 4]},
                "encoding": {"x": x | {"field": "at"}, "y": y | {"field": "at"}},
            },
            {
                "mark": {"type": "rule", "stroke": ACCENT, "strokeWidth": 1.6},
                "encoding": {"x": x | {"field": "confidence"}, "y": y | {"field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "fill": ACCENT, "opacity": 1, "size": 60},
                "encoding": {"x": x | {"field": "confidence"}, "y": y | {"field": "right"}},
            },
        ],
    }
