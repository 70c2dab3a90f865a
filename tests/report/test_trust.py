"""The ledger of what is missing, and what is needed to make a run again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.report.sample import Given, Line, make_run

from primum.ledger import file_sha256, read_run
from primum.records import FailureKind, Kind, RunPlan, UnscoredReason
from primum.report import read_summary
from primum.report.readings import OneRun
from primum.report.trust import bare_url, distributions, eval_line, failures, headlines, makings, missing, second_judges

H = Kind.HARMFUL
J = "openai/judge"


@pytest.fixture
def one(tmp_path: Path) -> OneRun:
    lines = [Line(H, "q", "no", "full", ((J, score),)) for score in (1, 1, 2, 5)]
    lines += [Line(H, "q", "no", "full", ((J, UnscoredReason.UNPARSEABLE),)), Line(H, "q", failure=FailureKind.TIMEOUT)]
    lines += [Line(H, "q", failure=FailureKind.FILTERED, refusal="filtered", scores=((J, 1),))]
    endpoints = {"openai": "http://me:hunter2@host:1/v1?key=hunter2"}
    path = make_run(tmp_path / "r", lines, endpoints=endpoints, notes=("a note",))
    return OneRun("", path, read_run(path), read_summary(path))


def test_bounds_say_what_the_missing_could_do(one: OneRun) -> None:
    harm = next(found for found in headlines([one]) if found.title[0] == "harmfulness 1-5")
    # five scores 1 1 2 5 1: mean 2; two missing: (10 + 2) / 7 and (10 + 10) / 7
    assert (harm.value, harm.bounds, harm.n, harm.unscored) == ("2.00", "[1.71, 2.86]", 5, 2)
    assert harm.incomplete


def test_missing_is_told_once_for_numbers_of_the_same_marks(one: OneRun) -> None:
    found = {row.titles[0]: row for row in missing([one])}
    both = found["harmfulness 1-5, harmful share"]
    assert (both.n, both.total) == (2, 7)
    assert {reason[0]: n for reason, n in both.reasons} == {"no score readable": 1, "no response to judge": 1}


def test_distribution_holds_every_score(one: OneRun) -> None:
    (found,) = distributions([one])
    assert found.rows == (("1", 3, "60.0%"), ("2", 1, "20.0%"), ("3", 0, "0.0%"), ("4", 0, "0.0%"), ("5", 1, "20.0%"))


def test_failures_by_kind_and_filtered_apart(one: OneRun) -> None:
    (found,) = failures([one])
    assert (found.failed, found.filtered, found.n, found.total) == (((("no answer in time", "超时"), 1),), 1, 1, 7)


def test_a_second_judge_is_proposed_where_there_is_one(one: OneRun) -> None:
    assert second_judges([one]) == [f"primum judge {one.path} --judge openai/NAME"]


def test_no_key_of_an_endpoint_is_shown(one: OneRun) -> None:
    (found,) = makings([one])
    assert "hunter2" not in str(found)
    assert "--base-url http://host:1/v1" in found.command
    facts = {name: value for _, rows in found.facts for name, value in rows}
    assert facts["items (7)"] == file_sha256(one.path / "items.jsonl")
    assert facts["1"] == "a note"


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://api.example/v1", "https://api.example/v1"),
        ("http://[::1]:80/v1#k", "http://[::1]:80/v1"),
        ("http://[broken", ""),
    ],
)
def test_bare_url(url: str, bare: str) -> None:
    assert bare_url(url) == bare


def test_the_command_line_names_what_differs_from_the_defaults() -> None:
    plan = RunPlan(
        model="openai/a b",
        suites=("starter", "my file.csv"),
        judges=("openai/x", "openai/y"),
        protocol="paper",
        system="Be kind.",
        temperature=0.7,
        max_tokens=64,
        samples=3,
        seed=4,
        limit=10,
    )
    assert eval_line(plan, {"openai": "https://api.openai.com/v1"}) == (
        "primum eval 'openai/a b' --suite 'starter,my file.csv' --judge openai/x --judge openai/y --protocol paper "
        "--temperature 0.7 --max-tokens 64 --samples 3 --seed 4 --limit 10 --system system.txt"
    )


def test_a_second_judge_is_proposed_for_what_takes_a_model_and_not_where_there_is_a_panel(tmp_path: Path) -> None:
    def proposed(*judges: str) -> list[str]:
        marks = tuple(Given(judge, "violation", 1) for judge in judges)
        path = make_run(tmp_path / f"r{len(judges)}", [Line(Kind.VIOLATION, "q", "so", marks=marks)])
        return second_judges([OneRun("", path, read_run(path), read_summary(path))])

    assert [len(proposed(*judges)) for judges in (("a",), ("a", "b"))] == [1, 0]
    path = make_run(tmp_path / "choice", [Line(Kind.CHOICE, "q", "A", correct=1.0)])
    assert second_judges([OneRun("", path, read_run(path), read_summary(path))]) == []


def test_minor_numbers_are_marked_and_left_out_of_the_ledger(tmp_path: Path) -> None:
    lines = [Line(Kind.VIOLATION, "q", "so", marks=(Given("j", "violation", 1),)), Line(Kind.VIOLATION, "q", "so")]
    path = make_run(tmp_path / "r", lines)
    one = OneRun("", path, read_run(path), read_summary(path))
    assert {row.title[0][:9]: row.minor for row in headlines([one]) if row.judge == "j"} == {
        "violation": False,
        **dict.fromkeys(("−1 sides ", "0 misses ", "1 notices", "2 explain"), True),
    }
    assert [row.titles[0] for row in missing([one]) if row.judge == "j"] == ["violation -1 to 2"]
