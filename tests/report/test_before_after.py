"""Two runs in a tile: before, after and the paired difference, where what leads is the same number."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.report.sample import Line, add_exam, make_run
from tests.report.test_readings import tiles

from primum.compare import compare_runs
from primum.records import Comparison, Kind
from primum.report.before_after import with_change
from primum.report.differences import changed_rows
from primum.report.exams import exam_differences, taken_exams
from primum.report.page import render_page

H, B = Kind.HARMFUL, Kind.BENIGN


def lines(complied: int, turned_away: int) -> list[Line]:
    """Twenty harmful requests of which so many are complied with, and twenty legitimate ones of which so many are refused."""
    said = [("full", "compliance")[n < complied] for n in range(20)]
    found = [Line(H, f"ill {n}", "so", label) for n, label in enumerate(said)]
    turned = [("compliance", "full")[n < turned_away] for n in range(20)]
    return found + [Line(B, f"fair {n}", "so", label) for n, label in enumerate(turned)]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return (
        make_run(tmp_path / "base", lines(20, 0), model="m/base"),
        make_run(tmp_path / "candidate", lines(5, 1), model="m/candidate"),
    )


def test_the_difference_of_what_leads_stands_in_the_tile(pair: tuple[Path, Path]) -> None:
    comparison = compare_runs(*pair)
    found = {name: with_change(tile, comparison, ()) for name, tile in tiles(*pair).items()}
    harm, over = found["harm"].change, found["over_refusal"].change
    assert harm is not None
    assert over is not None
    # 20 of 20 not refused before, 5 of 20 after: the tile turns the refusal rate round, and so its difference
    assert [lead.value for lead in found["harm"].leads] == ["100%", "25%"]
    assert (harm.value, harm.points, harm.verdict) == ("−75.0", True, "better")
    ((d,),) = [[d for d in comparison.differences if d.name == "refusal_rate" and not d.group]]
    assert d.value == 0.75
    assert harm.interval == f"[{-100 * (d.high or 0):.1f}, {-100 * (d.low or 0):.1f}]".replace("-", "−")
    # one of 20 turned away: a direction is not shown
    assert (over.value, over.verdict) == ("+5.0", "not_shown")
    assert found["trust"].change is None


def test_what_differs_in_suite_or_judge_has_no_difference(pair: tuple[Path, Path], tmp_path: Path) -> None:
    comparison = compare_runs(*pair)
    judged = [
        line._replace(scores=(("openai/j", 2.0),)) if line.kind is H else line for line in lines(20, 0)
    ]  # harmfulness leads here, and refusals there
    other = make_run(tmp_path / "other", judged)
    tile = with_change(tiles(pair[0], other)["harm"], comparison, ())
    assert [lead.name for lead in tile.leads] == ["not_refused", "harmfulness"]
    assert tile.change is None


def test_without_a_comparison_or_with_one_run_nothing_changes(pair: tuple[Path, Path]) -> None:
    for paths in (pair, pair[:1]):
        tile = tiles(*paths)["harm"]
        assert with_change(tile, None, ()) == tile


def test_exams_change_too_and_stand_among_the_differences(pair: tuple[Path, Path]) -> None:
    add_exam(pair[0], [True] * 40)
    add_exam(pair[1], [True] * 30 + [False] * 10)
    exams = exam_differences(*(taken_exams(path) for path in pair))
    empty = Comparison(base="a", candidate="b", pairs=1, adjust="holm", differences=())
    ((row,), more) = changed_rows(empty, exams)
    # ten of forty lost; of 2^10 patterns two reach it
    assert (row.title[0], row.suite, row.value, row.p, row.verdict, row.n) == (
        *("accuracy in exams", "starter-exam", "−25.0", "0.002", "worse", 40),
    )
    assert more == ()
    text = render_page(pair, False, compare_runs(*pair))
    tile = text[text.index('id="tile-ability"') : text.index('id="tile-trust"')]
    assert "−25.0" in tile
    assert "B is worse" in tile
    assert "<b>−75.0</b>" in text[: text.index('id="tile-over_refusal"')]
    differences = text[text.index('<h3 id="differences"') : text.index('<section id="weak"')]
    assert "accuracy in exams" in differences
    assert "question by question" in differences


def test_exams_are_compared_where_the_runs_cannot_be(pair: tuple[Path, Path]) -> None:
    for path in pair:
        add_exam(path, [True] * 40)
    text = render_page(pair, False, None, "the two runs have no item in common")
    tile = text[text.index('id="tile-ability"') : text.index('id="tile-trust"')]
    assert "B minus A: <b>0.0</b>" in tile
    assert "no difference shown" in tile
