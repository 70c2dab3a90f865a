"""Tables: every number with its judge, what is missing told, the weakest principle marked."""

from __future__ import annotations

from pathlib import Path

from tests.estimates.test_estimates import harmful
from tests.report.sample import Given, Line
from tests.report.sample import make_run as make_sample
from tests.runs import Said, make_run

from primum.estimates import estimate_run
from primum.ledger import read_run
from primum.records import Estimate, Kind, UnscoredReason
from primum.report.aligned import text_width
from primum.report.formats import eval_object, junit, markdown, rows_as_csv
from primum.report.tables import eval_table, number

ITEMS = [harmful(n, principle=str(1 + n % 2)) for n in range(8)]


def table(folder: Path, scores: list[Said], refusals: float = 0.0) -> str:
    said: dict[str, dict[str, dict[str, Said]]] = {
        "openai/j": {f"s/{n}": {"harmfulness": score} for n, score in enumerate(scores)},
        "auto": {f"s/{n}": {"refusal": refusals, "degenerate": 0.0} for n in range(8)},
    }
    run = make_run(folder / "run", ITEMS, said)
    return eval_table(read_run(run), estimate_run(run))


def test_the_weakest_principle_and_the_missing_side_are_told(tmp_path: Path) -> None:
    lines = table(tmp_path, [1.0, 5.0, 2.0, 4.0, 1.0, 5.0, 1.0, 5.0]).splitlines()
    assert lines[0] == "s · openai/m · 8 answers"
    assert lines[2].split() == ["judge", "openai/j", "openai/j", "auto", "auto"]
    assert lines[3].startswith("all")
    assert "3.00 [" in lines[3]
    (weakest,) = [line for line in lines if line.endswith("<- weakest")]
    assert weakest.startswith("2 honesty")
    assert any(line.startswith("over-refusal      not measured: add --suite overrefusal") for line in lines)


def test_unscored_are_counted_with_their_bounds(tmp_path: Path) -> None:
    text = table(tmp_path, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, "unparseable"])
    # 7 ones and an unknown: from (7 + 1) / 8 to (7 + 5) / 8
    assert "unscored 1 of 8 (1 unparseable)\n" in text
    assert "  s: harmfulness by openai/j lies in [1.00, 1.50] whatever its 1 unscored are" in text
    assert "incomplete" in text


def test_nothing_scored_is_words_and_no_number(tmp_path: Path) -> None:
    text = table(tmp_path, [])
    assert "harmfulness 1-5: not measured (no judge)" in text
    assert "next: primum judge RUN" in text


def test_number_forms() -> None:
    share = Estimate(suite="s", judge="j", name="refusal_rate", value=0.214, low=0.18, high=0.25, n=300)
    mean = Estimate(suite="s", judge="j", name="harmfulness", value=2.306, low=2.22, high=2.4, n=300)
    none = Estimate(suite="s", judge="j", name="accuracy", value=None, n=0, unscored_reasons={"no_response": 2})
    assert [number(e) for e in (share, mean, none)] == [
        "21% [18, 25]",
        "2.31 [2.22, 2.40]",
        "not measured (no response)",
    ]


def test_a_hostile_name_cannot_break_markdown(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r|n", ITEMS[:1], {"a|b": {"s/0": {"harmfulness": 1.0}}})
    rows = markdown([(run, read_run(run), estimate_run(run))]).splitlines()
    assert all(row.replace("\\|", "").count("|") == 9 for row in rows if row.startswith("|"))


SLOPE = Estimate(suite="s", judge="j", name="harmfulness_jargon_slope", value=0.126, low=0.03, high=0.21, n=300)


def test_a_number_without_an_interval_has_none_in_any_format(tmp_path: Path) -> None:
    bare = SLOPE.model_copy(update={"low": None, "high": None})
    assert [number(SLOPE), number(bare)] == ["+0.13 [+0.03, +0.21]", "+0.13"]
    nothing = bare.model_copy(update={"value": None, "n": 0})
    run = make_run(tmp_path / "run", ITEMS[:1], {"j": {"s/0": {"harmfulness": 1.0}}})
    summary = estimate_run(run).model_copy(update={"estimates": (SLOPE, bare, nothing)})
    found = [(run, read_run(run), summary)]
    assert [row.split(" | ")[5] for row in markdown(found).splitlines()[2:5]] == [
        *("+0.13 [+0.03, +0.21]", "+0.13", "not measured (nothing scored)"),
    ]
    cells = [row.split(",") for row in rows_as_csv(found).splitlines()]
    assert [row[cells[0].index("low")] for row in cells[1:]] == ["0.03", "", ""]
    assert junit(found).count("<skipped") == 1
    assert eval_object(*found[0])["estimates"][1]["low"] is None


def sample_table(folder: Path, lines: list[Line]) -> str:
    path = make_sample(folder / "run", lines)
    return eval_table(read_run(path), estimate_run(path))


def violations(*values: tuple[float, str, str]) -> list[Line]:
    return [
        Line(
            Kind.VIOLATION, "q", "so", principle="", style=style, scenario=scenario, marks=(Given("j", "violation", v),)
        )
        for v, scenario, style in values
    ]


def test_scenarios_stand_where_there_are_no_principles_and_styles_where_breaches_are_noticed(tmp_path: Path) -> None:
    said = ((2, "human_trials", "direct"), (-1, "human_trials", "role_play"), (2, "palliative_care", "direct"))
    rows = sample_table(tmp_path, violations(*3 * (*said, (0, "palliative_care", "role_play")))).splitlines()
    starts = [row.partition("  ")[0] for row in rows[3:8]]
    assert starts == ["all", "human trials", "palliative care", "direct", "role play"]
    # means: human trials 0.5 below palliative care 1; role play -0.5 below direct 2
    assert [row.split()[0] for row in rows if row.endswith("<- weakest")] == ["human", "role"]
    assert not any("violation:" in row for row in rows)  # shares of levels stand in files and pages


def test_comprehensive_marks_the_weakest_where_risk_does_not_differ(tmp_path: Path) -> None:
    def case(scenario: str, score: float) -> Line:
        marks = (Given("j", "risk", 0), Given("j", "comprehensive", score), Given("j", "quality", score))
        return Line(Kind.OPEN, "q", "so", principle="", scenario=scenario, marks=marks)

    text = sample_table(tmp_path, 3 * [case("human_trials", 0.4), case("palliative_care", 0.8)])
    (weakest,) = [row for row in text.splitlines() if row.endswith("<- weakest")]
    assert weakest.startswith("human trials")


def test_many_judges_are_told_below_their_panel_and_fit_a_terminal(tmp_path: Path) -> None:
    judges = [f"endpoint/a-judge-with-a-name-much-longer-than-a-column-{n}" for n in range(4)]
    scores = tuple((judge, 1.0 + n) for n, judge in enumerate(judges))
    lines = [
        Line(Kind.HARMFUL, "q", "so", "compliance", scores, principle=f"{1 + n % 3}", source="临床" * 20 + str(n % 2))
        for n in range(6)
    ]
    rows = sample_table(tmp_path, lines).splitlines()
    end = next(i for i, row in enumerate(rows) if row.startswith("over-refusal"))
    assert max(text_width(row) for row in rows[:end]) <= 100
    heads = [row.split() for row in rows[:end] if row.startswith("judge")]
    # two numbers of the panel and the rules' two; below them those two of each of the four judges
    assert [name for row in heads for name in row[1:]] == ["panel", "panel", "auto", "auto"]
    assert sum(row.startswith(("  harmfulness 1-5 by endp", "  harmful share by endp")) for row in rows) == 8


def test_what_takes_a_model_is_named_in_the_next_step(tmp_path: Path) -> None:
    text = sample_table(tmp_path, [Line(Kind.VIOLATION, "q", "so"), Line(Kind.MUST_HAVE, "q", "so", "compliance")])
    assert "next: primum judge RUN --judge openai/NAME (must have recall, violation take a model as judge)" in text
    assert "harm              not measured" not in text


def test_bounds_are_told_for_the_main_number_of_each_kind(tmp_path: Path) -> None:
    said = [(Kind.VIOLATION, "violation", 1.0), (Kind.DILEMMA, "dilemma", 1.0), (Kind.MUST_HAVE, "must_have", 0.5)]
    lines = [Line(kind, "q", "so", "compliance", marks=(Given("j", name, value),)) for kind, name, value in said]
    lines += [Line(kind, "q", "so", "compliance", (("j", UnscoredReason.EMPTY),)) for kind, _, _ in said]
    text = sample_table(tmp_path, lines)
    # one mark and one unknown: (1 - 1) / 2 to (1 + 2) / 2; to (1 + 3) / 2; (0.5 + 0) / 2 to (0.5 + 1) / 2
    assert "mine: violation by j lies in [0.00, 1.50] whatever" in text
    assert "mine: dilemma by j lies in [0.00, 2.00] whatever" in text
    assert "mine: must have recall by j lies in [25%, 75%] whatever" in text


def test_panel_retest_and_cost_take_a_line_each(tmp_path: Path) -> None:
    def line(first: float, second: float, again: float) -> Line:
        marks = (Given("j/a", "violation", first), Given("j/b", "violation", second))
        return Line(Kind.VIOLATION, "q", "so", marks=marks, again=(Given("j/a", "violation", again),))

    text = sample_table(tmp_path, [line(2, 2, 2), line(0, 2, 0), line(0, 0, 0), line(2, 2, 1)])
    # two judges: three of four the same, apart by (0 + 2 + 0 + 0) / 4; again: three of four, by 1 / 4
    assert "judges agree (same mark, mean gap): violation 75% 0.50 (4 pairs of marks)\n" in text
    assert "judged again (same mark, mean gap): violation 75% 0.25 (4 pairs of marks)\n" in text
    # a call of 400 + 60 tokens each: eight by j/a, who was asked twice, four by j/b
    assert "judges took: j/a 8 calls, 3,680 tokens; j/b 4 calls, 1,840 tokens" in text
