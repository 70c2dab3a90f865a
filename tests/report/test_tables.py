"""Tables: every number with its judge, what is missing told, the weakest principle marked."""

from __future__ import annotations

from pathlib import Path

from tests.runs import Said, make_run
from tests.test_estimates import harmful

from primum.estimates import estimate_run
from primum.ledger import read_run
from primum.records import Estimate
from primum.report.tables import eval_table, markdown, number

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
    assert any(line.startswith("over-refusal      not measured") for line in lines)


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
