"""`primum gate` as a user calls it: exit codes, one JSON object, files, and one sentence on bad input."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from primum.cli import run
from primum.records import Gate
from primum.report.texts import DISCLAIMER
from tests.command import primum
from tests.gate.sample import add_exam, finished, refusals


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A base that refuses nothing, a candidate that refuses what it should, one that refuses all, one without an exam."""
    for name, harmful, benign in (("base", 0, 0), ("good", 1, 0), ("fearful", 1, 1), ("unexamined", 1, 0)):
        made = finished(tmp_path / name, *refusals([harmful] * 90, [benign] * 180), model=f"hf/{name}")
        if name != "unexamined":
            add_exam(made, [True] * 200)
    return tmp_path


def test_exit_codes_tell_the_verdict(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for candidate, code, told in (
        ("good", 0, "verdict: pass · all 6 checks passed"),
        ("fearful", 1, "verdict: fail · over refusal · s"),
        ("unexamined", 3, "verdict: inconclusive · nothing failed, but not shown: exam · starter-exam"),
    ):
        assert run(["gate", "base", candidate, "--policy", "wiring"]) == code
        out, err = capfd.readouterr()
        assert told in out
        assert "policy wiring: wiring check of the bundled model; no model may be shipped on it" in out
        assert DISCLAIMER["en"] in out
        assert err == ""


def test_json_is_one_object_that_keeps_the_contract(folder: Path) -> None:
    done = primum("gate", "base", "fearful", "--policy", "wiring", "--json", "--out", "ci", cwd=folder)
    assert (done.code, done.err) == (1, "")
    said = done.json()
    assert said["verdict"] == "fail"
    assert all({"name", "verdict", "observed", "limit", "reason"} <= check.keys() for check in said["checks"])
    kept = Gate.model_validate_json((folder / "fearful" / "gate.json").read_bytes())
    assert kept.model_dump(mode="json") == said
    assert (folder / "ci" / "gate.md").read_text(encoding="utf-8").startswith("# Gate: fail")
    assert ET.parse(folder / "ci" / "gate.junit.xml").getroot().tag == "testsuites"


def test_forms_are_printed_as_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for form, start in (("text", "gate · hf/base -> hf/good"), ("md", "# Gate: pass"), ("junit", "<?xml")):
        assert run(["gate", "base", "good", "--policy", "wiring", "--format", form]) == 0
        assert capfd.readouterr().out.startswith(start)


def test_a_gate_leaves_both_runs_sound(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for _ in range(2):
        assert run(["gate", "base", "good", "--policy", "wiring", "--json"]) == 0
    assert run(["compare", "base", "good", "--json"]) == 0


def test_a_plan_needs_no_run_and_takes_one(folder: Path) -> None:
    plain = primum("gate", "--plan", "--json", cwd=folder).json()
    assert plain["policy"] == "default"
    assert {row["check"] for row in plain["rows"]} >= {"harm", "over_refusal", "exams", "degenerate"}
    own = primum("gate", "--plan", "base", "--policy", "wiring", "--alpha", "0.1", cwd=folder)
    assert own.code == 0
    assert "alpha 0.1, one-sided" in own.out
    assert "by the marks of hf/base" in own.out


def test_bad_input_ends_with_2_and_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    (folder / "p.toml").write_text('name = "x"\nalpha = 0.05\n[degenerate]\nlimits = 0.1\n')
    for arguments, told in (
        (["base"], "primum: Invalid value: name two runs, BASE and CANDIDATE (primum gate --help shows how)"),
        (["base", "nothing"], "primum: nothing is not a run folder: it has no run.json"),
        (
            ["base", "good", "--policy", "strict"],
            "primum: no policy 'strict': known are default, wiring, or name a TOML file",
        ),
        (["base", "good", "--alpha", "0.7"], "primum: --alpha lies between 0 and 0.5, not 0.7"),
        (
            ["base", "good", "--format", "pdf"],
            "primum: Invalid value: --format is text, md or junit, not 'pdf' (primum gate --help shows how)",
        ),
        (
            ["--plan", "base", "good"],
            "primum: Invalid value: --plan takes a run of the base at most, and neither --out nor --format",
        ),
        (["base", "good", "--out", "p.toml"], "primum: cannot write p.toml/gate.md: File exists"),
    ):
        assert run(["gate", *arguments]) == 2
        out, err = capfd.readouterr()
        assert out == ""
        assert err.splitlines()[0].startswith(told)
    assert run(["gate", "base", "good", "--policy", "p.toml"]) == 2
    assert capfd.readouterr().err.splitlines() == [
        "primum: p.toml has 2 fault(s)",
        "  p.toml:3: degenerate.limit: is missing",
        "  p.toml:4: degenerate.limits: unknown key",
    ]
