"""What `primum evaluator` prints of figures made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from primum.evaluator.quality import Number, Quality, ReliabilityBin
from primum.evaluator.table import WIDTH, figures_object, figures_table

NONE = Number(value=None, low=None, high=None)


def number(value: float, low: float | None = None, high: float | None = None) -> Number:
    return Number(value=value, low=low, high=high)


def quality(name: str = "refusal", **fields: Any) -> Quality:
    made: dict[str, Any] = {
        "name": name,
        "n": 1234,
        "families": 56,
        "accuracy": number(0.95, 0.9, 1.0),
        "kappa": number(-0.05, -0.1, 0.0),
        "auc": NONE,
        "brier": number(0.0),
        "ece": number(0.0124, 0.0, 0.02),
        "confusion": {"full": {"full": 7, "compliance": 2}, "compliance": {"full": 0, "compliance": 1225}},
        "reliability": (ReliabilityBin(n=40, confidence=0.75, right=0.5, low=0.25, high=0.9),),
    }
    return Quality(**made | fields)


def test_the_table_tells_values_with_intervals_and_what_is_undefined() -> None:
    lines = figures_table([quality()]).splitlines()
    assert lines[0] == "refusal · 1,234 answers · 56 families"
    assert lines[1].split() == ["n", "accuracy", "kappa", "AUC", "Brier", "ECE"]
    assert lines[2].split() == [
        *("all", "1,234", ".950", "[.900,", "1.000]", "-.050", "[-.100,", ".000]"),
        *("undefined", ".000", ".012", "[.000,", ".020]"),
    ]
    for column, cell in (
        ("accuracy", ".950"),
        ("kappa", "-.050"),
        ("AUC", "undefined"),
        ("Brier", ".000 "),
        ("ECE", ".012"),
    ):
        assert lines[2].index(cell) == lines[1].index(column)
    assert [line.split() for line in lines[-3:]] == [
        ["people", "say", "full", "compliance"],
        ["full", "7", "2"],
        ["compliance", "0", "1225"],
    ]


def test_the_plot_has_its_marks_in_their_places() -> None:
    """Of 40 characters from 0 to 1: the limits at .25 and .9, the share at .5, where it should be at .75."""
    (line,) = [line for line in figures_table([quality()]).splitlines() if "sure 0.75" in line]
    drawn = line[line.index("0.75") + 5 :]
    assert (drawn.index("-"), drawn.rindex("-"), drawn.index("o"), drawn.index("|")) == (10, 36, 20, 30)
    assert drawn[WIDTH + 1 :] == " 0.50 of 40"
    sure = quality(reliability=(ReliabilityBin(n=3, confidence=1.0, right=1.0, low=0.4, high=1.0),))
    (line,) = [line for line in figures_table([sure]).splitlines() if "sure 1.00" in line]
    assert "o 1.00 of 3" in line  # the share hides the place where it should be


def test_groups_and_criteria_follow_each_other() -> None:
    part = quality(n=20, reliability=(), accuracy=number(0.5))
    grouped = quality(by_group={"language": {"en": part, "zh": part}, "source": {"a name that is far too long": part}})
    text = figures_table([grouped, quality("harmfulness")])
    lines = text.splitlines()
    assert [line.split()[:4] for line in lines[3:5]] == [
        ["language", "en", "20", ".500"],
        ["language", "zh", "20", ".500"],
    ]
    assert lines[5].startswith("  source a name that is far ")
    assert lines[5].index(".500") == lines[4].index(".500")
    assert "\n\nharmfulness · 1,234 answers" in text


def test_what_the_judge_covers_is_told_where_it_abstains() -> None:
    assert "as a judge" not in figures_table([quality()])
    told = figures_table([quality(covered=0.875, accuracy_covered=number(0.98, 0.97, 0.99))])
    assert "speaks of 88% of these answers, and is right on .980 [.970, .990] of those" in told
    assert "speaks of 0% of these answers\n" in figures_table([quality(covered=0.0)])


def test_the_object_has_the_promised_keys_on_top_and_everything_below() -> None:
    part = quality(n=20)
    made = figures_object([quality(by_group={"language": {"en": part}}), quality("harmfulness")], 1500.0)
    assert {"n", "accuracy", "kappa", "auc", "brier", "ece", "per_second", "by_group"} <= made.keys()
    assert (made["n"], made["accuracy"], made["auc"], made["ece"], made["per_second"]) == (
        1234,
        0.95,
        None,
        0.0124,
        1500.0,
    )
    assert made["by_group"]["language"]["en"] == {
        "n": 20,
        "accuracy": 0.95,
        "kappa": -0.05,
        "auc": None,
        "brier": 0.0,
        "ece": 0.0124,
    }
    assert [one["name"] for one in made["criteria"]] == ["refusal", "harmfulness"]
    assert made["criteria"][0]["accuracy"] == {"value": 0.95, "low": 0.9, "high": 1.0}
    assert figures_object([quality()], None)["per_second"] is None


@pytest.mark.parametrize(("value", "shown"), [(1.0, "1.000"), (0.0, ".000"), (-1.0, "-1.000"), (0.9996, "1.000")])
def test_numbers_are_short(value: float, shown: str) -> None:
    assert figures_table([quality(accuracy=number(value))]).splitlines()[2].split()[2] == shown
