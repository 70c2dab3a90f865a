"""The numbers of MedES, MedEthicEval, must-have recall, jargon and items that stand aside, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from primum.estimates import estimate_run
from primum.judges.medes import medes_marks
from primum.records import Estimate, Item, Kind, Summary
from tests.runs import Said, make_run


def make(number: int, kind: Kind, **fields: object) -> Item:
    return Item.make(**{"id": f"s/{number}", "suite": "s", "kind": kind, "request": f"case {number}", **fields})


def one(summary: Summary, name: str, **group: str) -> Estimate:
    (found,) = [e for e in summary.estimates if e.name == name and e.group == group]
    return found


def marked(risks: tuple[int, int] | None, qualities: tuple[int, ...] | None) -> dict[str, Said]:
    """What MedES's judge makes of two layers; `unparseable` for what does not follow from them."""
    found: dict[str, Said] = {mark.criterion.value: mark.value for mark in medes_marks(risks, qualities)}
    if risks is None:
        return dict.fromkeys(("r1", "r2", "risk", "quality", "quality_plain", "comprehensive"), "unparseable")
    if -1 not in risks and qualities is None:
        found |= dict.fromkeys(("quality", "quality_plain", "comprehensive"), "unparseable")
    return found


def test_medes_by_hand(tmp_path: Path) -> None:
    """Five cases: two good, one risky, one whose quality and one whose risk could not be read."""
    items = [make(n, Kind.OPEN, scenario="human_trials" if n < 3 else "palliative_care") for n in range(5)]
    layers: list[tuple[tuple[int, int] | None, tuple[int, ...] | None]] = [
        ((0, 0), (1, 1, 1, 1)), ((0, 0), (1, 0, 1, 0)), ((0, -1), None), ((0, 0), None), (None, None)
    ]  # fmt: skip
    said = {"j": {f"s/{n}": marked(*of) for n, of in enumerate(layers)}}
    summary = estimate_run(make_run(tmp_path / "run", items, said))
    risk = one(summary, "risk_rate")
    assert (risk.value, risk.n, risk.unscored) == (0.25, 4, 1)
    assert (risk.unscored_low, risk.unscored_high) == (0.2, 0.4)
    # risk-free with four marks: 1 and .4 + .2 = .6 weighted, 1 and .5 plain
    quality, plain = one(summary, "quality"), one(summary, "quality_plain")
    assert quality.value == pytest.approx(0.8)
    assert plain.value == pytest.approx(0.75)
    assert (quality.n, quality.unscored) == (2, 2)  # of the risky one no quality is expected
    assert quality.unscored_low == pytest.approx((1 + 0.6 + 0 + 0) / 4)
    comprehensive = one(summary, "comprehensive")
    assert comprehensive.value == pytest.approx((1 + 0.6 - 1) / 3)
    assert (comprehensive.n, comprehensive.unscored) == (3, 2)
    assert (one(summary, "r1_rate").value, one(summary, "r2_rate").value) == (0, 0.25)
    assert [one(summary, f"q{n}_rate").value for n in (1, 2, 3, 4)] == [1, 0.5, 1, 0.5]
    assert one(summary, "quality", scenario="human_trials").unscored == 0
    assert (summary.scored, summary.unscored) == (3, {"unparseable": 2})


def test_levels_are_a_mean_and_a_share_each(tmp_path: Path) -> None:
    items = [make(n, Kind.VIOLATION, style="role_play" if n < 2 else "user_reality") for n in range(4)]
    items += [make(n, Kind.DILEMMA) for n in range(4, 6)]
    marks = [-1, 2, 2, 0]
    said: dict[str, dict[str, dict[str, Said]]] = {
        "j": {f"s/{n}": {"violation": float(value)} for n, value in enumerate(marks)}
    }
    said["j"] |= {"s/4": {"dilemma": 3.0}, "s/5": {"dilemma": "unparseable"}}
    summary = estimate_run(make_run(tmp_path / "run", items, said))
    assert one(summary, "violation").value == 0.75  # (-1 + 2 + 2 + 0) / 4
    assert [one(summary, f"violation_share_{level}").value for level in (-1, 0, 1, 2)] == [0.25, 0.25, 0, 0.5]
    assert one(summary, "violation", style="role_play").value == 0.5
    dilemma = one(summary, "dilemma")
    assert (dilemma.value, dilemma.unscored_low, dilemma.unscored_high) == (3, 1, 3)
    assert one(summary, "dilemma_share_3").unscored_low == 0.5


def test_items_that_stand_aside_count_for_their_source_alone(tmp_path: Path) -> None:
    items = [
        make(0, Kind.BENIGN, source="starter", language="en"),
        make(1, Kind.BENIGN, source="starter", language="zh"),
        make(2, Kind.BENIGN, source="xstest", aside=True, language="en"),
        make(3, Kind.MUST_HAVE, source="kqa", aside=True, language="en", reference="a\nb"),
    ]
    refusals = [0.0, 0.0, 1.0, 1.0]
    said: dict[str, dict[str, dict[str, Said]]] = {
        "auto": {f"s/{n}": {"refusal": value} for n, value in enumerate(refusals)},
        "j": {"s/3": {"must_have": 0.5}},
    }
    summary = estimate_run(make_run(tmp_path / "run", items, said))
    headline = one(summary, "over_refusal_rate")
    assert (headline.value, headline.n, headline.unscored) == (0.0, 2, 0)
    assert one(summary, "over_refusal_rate", source="xstest").value == 1.0
    assert one(summary, "over_refusal_rate", source="kqa").value == 1.0
    assert one(summary, "over_refusal_rate", language="en").n == 1
    assert (one(summary, "must_have_recall").value, one(summary, "must_have_recall").n) == (0.5, 1)  # all aside


def test_jargon_gives_quarters_and_a_slope_within_sources(tmp_path: Path) -> None:
    shares = [0.0, 0.0, 0.1, 0.2, 0.3, 0.4]
    items = [make(n, Kind.HARMFUL, jargon=share, source="one") for n, share in enumerate(shares)]
    said: dict[str, dict[str, dict[str, Said]]] = {
        "j": {f"s/{n}": {"harmfulness": 1 + 10 * share} for n, share in enumerate(shares)}
    }
    summary = estimate_run(make_run(tmp_path / "run", items, said))
    slope = one(summary, "harmfulness_jargon_slope")
    assert slope.value == pytest.approx(1.0)  # a point for each tenth
    groups = {e.group["jargon"]: e.value for e in summary.estimates if e.name == "harmfulness" and "jargon" in e.group}
    assert groups == {"none": 1, "Q1": 2, "Q2": 3, "Q3": 4, "Q4": 5}


def test_without_marks_a_slope_is_not_measured(tmp_path: Path) -> None:
    items = [make(n, Kind.HARMFUL, jargon=n / 10) for n in range(3)]
    slope = one(estimate_run(make_run(tmp_path / "run", items, {})), "harmfulness_jargon_slope")
    assert (slope.value, slope.n, slope.unscored_reasons) == (None, 0, {"no_judge": 3})


def test_agreement_of_a_panel_and_of_a_judge_with_itself(tmp_path: Path) -> None:
    items = [make(n, Kind.HARMFUL) for n in range(4)]
    marks = {"j": [1, 2, 5, 4], "k": [1, 2, 3, 5]}
    said = {judge: {f"s/{n}": {"harmfulness": float(v)} for n, v in enumerate(of)} for judge, of in marks.items()}
    again: dict[str, dict[str, dict[str, Said]]] = {"j": {"s/0": {"harmfulness": 1.0}, "s/3": {"harmfulness": 2.0}}}
    summary = estimate_run(make_run(tmp_path / "run", items, said, again=again))
    panel, retest = summary.agreements
    assert (panel.kind, panel.judges, panel.n, panel.same) == ("panel", ("j", "k"), 4, 0.5)
    assert panel.gap == 0.75  # (0 + 0 + 2 + 1) / 4
    assert (retest.kind, retest.judges, retest.n, retest.same, retest.gap) == ("retest", ("j",), 2, 0.5, 1.0)
    assert one_of(summary, "j").value == 3.0  # the second judgement enters no estimate
    costs = {cost.judge: (cost.verdicts, cost.calls, cost.prompt_tokens) for cost in summary.costs}
    assert costs == {"j": (6, 6, 600), "k": (4, 4, 400)}


def one_of(summary: Summary, judge: str) -> Estimate:
    return next(e for e in summary.estimates if (e.name, e.judge, e.group) == ("harmfulness", judge, {}))


def test_of_risky_answers_no_quality_is_pending(tmp_path: Path) -> None:
    items = [make(n, Kind.OPEN) for n in range(3)]
    said = {"j": {"s/0": marked((0, 0), (1, 1, 1, 1)), "s/1": marked((0, -1), None), "s/2": marked((0, 0), None)}}
    quality = one(estimate_run(make_run(tmp_path / "run", items, said)), "quality")
    assert (quality.unscored, quality.unscored_reasons) == (1, {"unparseable": 1})


def test_both_forms_of_a_judge_are_no_panel_and_their_agreement_is_told_apart(tmp_path: Path) -> None:
    items = [make(n, Kind.HARMFUL) for n in range(2)]
    said: dict[str, dict[str, dict[str, Said]]] = {
        "j": {"s/0": {"harmfulness": 1.0}, "s/1": {"harmfulness": 2.0}},
        "j (paper)": {"s/0": {"harmfulness": 1.0}, "s/1": {"harmfulness": 5.0}},
    }
    summary = estimate_run(make_run(tmp_path / "run", items, said))
    assert {e.judge for e in summary.estimates} == {"j", "j (paper)", "none"}
    (forms,) = summary.agreements
    assert (forms.kind, forms.judges, forms.same, forms.gap) == ("forms", ("j", "j (paper)"), 0.5, 1.5)


def test_levels_that_print_alike_are_counted_together(tmp_path: Path) -> None:
    items = [make(n, Kind.MUST_HAVE, reference="a") for n in range(3)]
    values = (0.15, 0.15000000000000002, 0.5)
    said = {"j": {f"s/{n}": {"must_have": value} for n, value in enumerate(values)}}
    assert one(estimate_run(make_run(tmp_path / "run", items, said)), "must_have_recall").distribution == {
        "0.15": 2,
        "0.5": 1,
    }
