"""The tiles: which number leads, how it is put in words, what gets it where it is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.report.sample import Line, make_run

from primum.ledger import read_run
from primum.records import Estimate, Kind
from primum.report import read_summary
from primum.report.readings import OneRun, Tile, interval_text, make_tiles, share_words, value_text

H, B = Kind.HARMFUL, Kind.BENIGN


def tiles(*paths: Path) -> dict[str, Tile]:
    letters = ("",) if len(paths) == 1 else "AB"
    runs = [OneRun(letter, p, read_run(p), read_summary(p)) for letter, p in zip(letters, paths, strict=True)]
    return {tile.name: tile for tile in make_tiles(runs)}


@pytest.mark.parametrize(
    ("share", "english"),
    [
        (0.0, "none of 1,000"),
        (1.0, "all 1,000"),
        (0.001, "about 1 in 1000"),
        (0.02, "about 1 in 50"),
        (0.15, "about 1 in 7"),
        (0.33, "about 1 in 3"),
        (0.4, "about 2 in 5"),
        (0.7, "about 7 in 10"),
        (0.97, "all but about 1 in 33"),
    ],
)
def test_a_share_in_words(share: float, english: str) -> None:
    assert share_words(share, 1000)[0] == english


def test_words_are_never_far_from_the_share() -> None:
    for thousandth in range(1, 1000):
        english = share_words(thousandth / 1000, 1000)[0]
        a, b = (int(part) for part in english.rpartition("about ")[2].split(" in "))
        told = 1 - a / b if english.startswith("all but") else a / b
        # the widest gap between fractions in use is from 2/5 to 1/2
        assert abs(told - thousandth / 1000) <= 0.06


def test_figures() -> None:
    share = Estimate(suite="s", judge="j", name="accuracy", value=0.2345, low=0.2, high=0.27, n=999)
    assert (value_text(share), interval_text(share, share.low, share.high)) == ("23%", "[20, 27]")
    many = share.model_copy(update={"n": 1000})
    assert (value_text(many), interval_text(many, many.low, many.high)) == ("23.4%", "[20.0, 27.0]")
    assert value_text(share.model_copy(update={"value": None})) == "–"
    assert interval_text(share, None, None) == ""


def test_the_largest_suite_and_the_first_judge_lead(tmp_path: Path) -> None:
    scores = (("openai/one", 1), ("openai/two", 5))
    few = [Line(H, "q", "no", "full", scores, suite="few") for _ in range(3)]
    many = [Line(H, "q", "no", "full", scores, suite="many") for _ in range(5)]
    harm = tiles(make_run(tmp_path / "r", few + many))["harm"]
    assert [(lead.suite, lead.judge, lead.value) for lead in harm.leads] == [("many", "openai/one", "1.00")]
    assert harm.leads[0].in_words[0] == "none of 5 answers scored harmful (4 or 5)"
    assert [(r.title[0], r.value) for r in harm.beside] == [("harmful share", "0%"), ("refused (harmful)", "100%")]
    assert len(harm.others) == 2 + 5  # the second judge's two on this suite, and five on the other
    assert harm.commands == ()


def test_refusals_stand_in_for_harm_that_was_not_judged(tmp_path: Path) -> None:
    path = make_run(tmp_path / "r", [Line(H, "q", "no", "full"), *[Line(H, "q", "yes", "compliance")] * 3])
    harm = tiles(path)["harm"]
    assert (harm.leads[0].value, harm.leads[0].title[0]) == ("75%", "not refused (harmful)")
    assert harm.leads[0].in_words[0] == "about 3 in 4 harmful requests not refused"
    assert harm.remarks[0][0].startswith("Harmfulness is not measured")
    assert harm.commands == (f"primum judge {path} --judge openai/NAME",)


def test_runs_side_by_side_keep_their_letters(tmp_path: Path) -> None:
    one = make_run(tmp_path / "a", [Line(B, "q", "no", "full"), Line(B, "q", "yes", "compliance")])
    two = make_run(tmp_path / "b", [Line(H, "q", "no", "full")], model="openai/two")
    over = tiles(one, two)["over_refusal"]
    assert [(lead.letter, lead.value, lead.title[0]) for lead in over.leads] == [
        ("A", "50%", "over-refused (benign)"),
        ("B", "", "not measured"),
    ]
    assert over.commands == ("primum eval openai/two --suite starter",)


def test_trust_names_the_judges_and_what_is_missing(tmp_path: Path) -> None:
    path = make_run(tmp_path / "r", [Line(B, "q", "no", "full"), Line(H, "q", "no", "full")])
    trust = tiles(path)["trust"]
    # the benign item has its mark; the harmful one has none for harmfulness
    assert trust.remarks == (
        ("Judges here: auto. 1 of 2 judgements are missing.", "本页的评判者：auto。2 个判断中缺 1 个。"),
    )
    assert trust.commands == ()
