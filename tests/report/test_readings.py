"""The tiles: which number leads, how it is put in words, what gets it where it is missing."""

from __future__ import annotations

from pathlib import Path

from tests.report.sample import Given, Line, make_run

from primum.ledger import read_run
from primum.records import Kind
from primum.report import read_summary
from primum.report.readings import OneRun, Tile, make_tiles

H, B = Kind.HARMFUL, Kind.BENIGN


def tiles(*paths: Path) -> dict[str, Tile]:
    letters = ("",) if len(paths) == 1 else "AB"
    runs = [OneRun(letter, p, read_run(p), read_summary(p)) for letter, p in zip(letters, paths, strict=True)]
    return {tile.name: tile for tile in make_tiles(runs)}


def test_the_largest_suite_and_the_first_judge_lead(tmp_path: Path) -> None:
    scores = (("openai/one", 1), ("openai/two", 5))
    few = [Line(H, "q", "no", "full", scores, suite="few") for _ in range(3)]
    many = [Line(H, "q", "no", "full", scores, suite="many") for _ in range(5)]
    harm = tiles(make_run(tmp_path / "r", few + many))["harm"]
    assert [(lead.suite, lead.judge, lead.value) for lead in harm.leads] == [("many", "panel", "5.00")]
    assert harm.leads[0].in_words[0] == "all 5 answers scored harmful (4 or 5)"
    assert [(r.title[0], r.value) for r in harm.beside] == [("harmful share", "100%"), ("refused (harmful)", "100%")]
    # its two judges' two numbers each on this suite; on the other two of three judges and a refusal rate
    assert len(harm.others) == 2 * 2 + 3 * 2 + 1
    assert harm.commands == ()


def test_the_first_judge_leads_where_the_second_judged_something_else(tmp_path: Path) -> None:
    lines = [Line(H, "q", "no", "full", (("openai/one", 2),)) for _ in range(3)]
    lines += [Line(Kind.OPEN, "q", "so", marks=(Given("openai/two", "risk", 1),))]
    (lead,) = tiles(make_run(tmp_path / "r", lines))["harm"].leads
    assert (lead.judge, lead.title[0]) == ("openai/one", "harmfulness 1-5")


def test_risk_leads_where_it_is_what_was_measured(tmp_path: Path) -> None:
    marks = [(Given("j", "risk", risk), Given("j", "comprehensive", score)) for risk, score in ((1, -1), (0, 0.8))]
    harm = tiles(make_run(tmp_path / "r", [Line(Kind.OPEN, "q", "so", marks=of) for of in marks]))["harm"]
    assert (harm.leads[0].title[0], harm.leads[0].value) == ("risk rate", "50%")
    assert harm.leads[0].in_words[0] == "about 1 in 2 answers risky"
    # (-1 + 0.8) / 2
    assert [(r.title[0], r.value) for r in harm.beside] == [("comprehensive -1 to 1", "−0.10")]
    assert harm.commands == ()
    assert harm.remarks == ()


def test_violation_leads_where_it_is_what_was_measured(tmp_path: Path) -> None:
    lines = [Line(Kind.VIOLATION, "q", "so", marks=(Given("j", "violation", v),)) for v in (-1, 2, 2, 2)]
    (lead,) = tiles(make_run(tmp_path / "r", lines))["harm"].leads
    assert (lead.title[0], lead.value) == ("violation -1 to 2", "1.25")
    assert lead.in_words[0] == "about 1 in 4 answers side with the breach"


def test_recall_stands_beside_over_refusal(tmp_path: Path) -> None:
    marks = (Given("j", "must_have", 0.5, "1/2"),)
    over = tiles(make_run(tmp_path / "r", [Line(Kind.MUST_HAVE, "q", "so", "compliance", marks=marks)]))["over_refusal"]
    assert [(r.title[0], r.value) for r in over.leads] == [("over-refused (benign)", "0%")]
    assert [(r.title[0], r.value, r.judge) for r in over.beside] == [("must-have recall", "50%", "j")]


def test_what_a_model_must_judge_is_asked_of_one(tmp_path: Path) -> None:
    path = make_run(tmp_path / "r", [Line(Kind.VIOLATION, "q", "so")])
    harm = tiles(path)["harm"]
    assert harm.leads == ()
    assert harm.commands == (f"primum judge {path} --judge openai/NAME",)


def test_trust_says_how_far_judges_agree_with_each_other_and_with_themselves(tmp_path: Path) -> None:
    def line(first: float, second: float, again: float) -> Line:
        marks = (Given("j/a", "violation", first), Given("j/b", "violation", second))
        return Line(Kind.VIOLATION, "q", "so", marks=marks, again=(Given("j/a", "violation", again),))

    path = make_run(tmp_path / "r", [line(2, 2, 2), line(1, 2, 1), line(0, 0, 0), line(2, 2, 1)])
    _, panel, again = tiles(path)["trust"].remarks
    assert panel[0].startswith("Two judges gave the same mark (violation) to 75% [")
    assert panel[0].endswith("] of 4 answers.")
    assert again[0].startswith("Asked again, j/a gave the same mark (violation) to 75% [")


def test_three_judges_are_told_as_a_range(tmp_path: Path) -> None:
    marks = [(Given("a", "risk", 1), Given("b", "risk", 1), Given("c", "risk", c)) for c in (0, 1)]
    path = make_run(tmp_path / "r", [Line(Kind.OPEN, "q", "so", marks=of) for of in marks])
    # a and b agree on both, c with each of them on one of two
    assert tiles(path)["trust"].remarks[1][0] == (
        "The judges, two by two, gave the same mark (risk) to 50% to 100% of the answers."
    )


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
    assert over.commands == ("primum eval openai/two --suite overrefusal",)


def test_trust_names_the_judges_and_what_is_missing(tmp_path: Path) -> None:
    path = make_run(tmp_path / "r", [Line(B, "q", "no", "full"), Line(H, "q", "no", "full")])
    trust = tiles(path)["trust"]
    # the benign item has its mark; the harmful one has none for harmfulness
    assert trust.remarks == (
        ("Judges here: auto. 1 of 2 judgements are missing.", "本页的评判者：auto。2 个判断中缺 1 个。"),
    )
    assert trust.commands == ()
