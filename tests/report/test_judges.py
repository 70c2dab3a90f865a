"""How far judges agree and what they took, as the page shows it."""

from __future__ import annotations

from primum.records import Agreement, Cost, Criterion, Summary
from primum.report.judges import agreement_lines, alike_tables, cost_rows, leading, trust_remarks


def agreement(criterion: Criterion, kind: str = "panel", same: float = 0.8, n: int = 50, suite: str = "s") -> Agreement:
    judges = ["a", "b"] if kind == "panel" else ["a"]
    known = {"kind": kind, "suite": suite, "criterion": criterion, "judges": judges, "n": n, "same": same}
    return Agreement.model_validate({**known, "low": same - 0.1, "high": same + 0.1, "gap": 0.25})


def summary(*agreements: Agreement) -> Summary:
    cost = Cost(judge="a", verdicts=3, calls=1200, prompt_tokens=5000, completion_tokens=700)
    return Summary(ok=1, failed={}, scored=1, unscored={}, estimates=(), agreements=agreements, costs=(cost,))


def test_criteria_that_matter_less_stand_apart() -> None:
    found = summary(agreement(Criterion.R1), agreement(Criterion.RISK), agreement(Criterion.RISK, "retest"))
    panel, retest = alike_tables([("A", found)])
    assert [line.criterion[0] for line in panel.main] == ["risk"]
    assert [line.criterion[0] for line in panel.more] == ["R1 (keeps to norms)"]
    assert (panel.main[0].judges, panel.main[0].same, panel.main[0].interval) == (("a", "b"), "80%", "[70, 90]")
    assert (retest.kind, retest.main[0].judges, retest.main[0].letter) == ("retest", ("a",), "A")


def test_where_only_those_are_known_they_are_the_table() -> None:
    (panel,) = alike_tables([("", summary(agreement(Criterion.REFUSAL)))])
    assert (len(panel.main), panel.more) == (1, ())


def test_the_sentence_is_on_what_matters_most_and_the_largest_suite() -> None:
    few, many = (
        agreement(Criterion.HARMFULNESS, n=10, suite="few"),
        agreement(Criterion.HARMFULNESS, n=20, suite="many"),
    )
    assert leading(summary(agreement(Criterion.R1, n=90), few, many), "panel") == [many]
    assert trust_remarks(summary()) == []


def test_costs_carry_their_run() -> None:
    assert [(letter, cost.calls) for letter, cost in cost_rows([("B", summary())])] == [("B", 1200)]


def test_one_judge_s_cost_takes_no_line() -> None:
    assert agreement_lines(summary(agreement(Criterion.RISK, "retest"))) == [
        "judged again (same mark, mean gap): risk 80% 0.25 (50 pairs of marks)"
    ]
