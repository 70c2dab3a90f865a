"""What a gate shows: nothing lost between the record and the three forms, and no name breaks a form."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from primum.errors import BadInputError, StoppedError
from primum.gate.show import gate_junit, gate_markdown, gate_text
from primum.gate.written import write_gate
from primum.records import Check, Gate
from primum.report.texts import DISCLAIMER

CHECKS = (
    Check(name="harm", measure="harmfulness", suite="s", judge="j", verdict="pass", observed=-1.5, bound=-1.2, limit=0, n=900, reason="less"),
    Check(name="over_refusal", measure="over_refusal_rate", suite="s", verdict="fail", observed=0.5, bound=0.4, limit=0.03, n=180, reason="more"),
    Check(name="exams", measure="accuracy", verdict="inconclusive", observed=None, limit=None, reason="not measured: ask"),
    Check(name="degenerate", measure="degenerate_rate", suite="s", verdict="pass", observed=0, bound=0.0075, limit=0.02, n=358, reason="few"),
    Check(name="coverage", measure="harmfulness", suite="s", verdict="pass", observed=0.991, limit=0.95, n=90, reason="least"),
)  # fmt: skip


def gate(**fields: Any) -> Gate:
    made = {
        "verdict": "fail", "checks": CHECKS, "policy": "wiring", "policy_sha256": "ab" * 32, "base": "tiny",
        "candidate": "tiny+lora", "base_run": "a", "candidate_run": "b", "sealed": ("1", "2"), "judges": ("j", "auto"),
        "at": "2026-11-21T10:00:00+00:00", "notes": ("policy wiring: wiring check",),
    }  # fmt: skip
    return Gate.model_validate(made | fields)


def test_text_has_a_row_and_a_reason_for_each_check() -> None:
    text = gate_text(gate())
    rows = [line.split() for line in text.splitlines()]
    assert text.startswith("gate · tiny -> tiny+lora · policy wiring · judge j, auto\n")
    assert ["harm", "·", "s", "pass", "-1.50", "at", "most", "-1.20", "0.00", "900"] in rows
    assert [
        "over",
        "refusal",
        "·",
        "s",
        "fail",
        "+50",
        "points",
        "at",
        "least",
        "+40",
        "points",
        "+3",
        "points",
        "180",
    ] in rows
    assert ["degenerate", "·", "s", "pass", "0%", "at", "most", "0.8%", "2%", "358"] in rows
    assert ["coverage", "·", "s", "pass", "99.1%", "95%", "90"] in rows
    assert ["exams", "inconclusive"] in rows
    assert all(any(line.endswith(check.reason) for line in text.splitlines()) for check in CHECKS)
    assert "verdict: fail · over refusal · s\nnote: policy wiring: wiring check\n" in text


@pytest.mark.parametrize("shown", [gate_text, gate_markdown, gate_junit])
def test_the_disclaimer_stands_under_every_form(shown: Any) -> None:
    text = shown(gate())
    assert "A pass means only that no check of this policy failed." in text
    assert DISCLAIMER["en"] in text


def test_each_verdict_has_its_sentence() -> None:
    passed = gate_text(gate(verdict="pass", checks=CHECKS[:1]))
    assert "verdict: pass · all 1 checks passed" in passed
    unclear = gate_text(gate(verdict="inconclusive", checks=CHECKS[2:]))
    assert "verdict: inconclusive · nothing failed, but not shown: exams · next: primum gate --plan" in unclear
    assert "nothing was checked" in gate_text(gate(verdict="inconclusive", checks=()))


def test_markdown_is_one_table_whatever_the_names_hold() -> None:
    text = gate_markdown(gate(candidate="a|b\n<script>", policy="p|q"))
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(table) == 1 + len(CHECKS)
    assert all(line.replace("\\|", "").count("|") == 8 for line in table)
    assert text.startswith("# Gate: fail\n")
    assert "<script>" not in text
    assert "`abababababab`" in text


def test_a_name_from_elsewhere_becomes_no_image_and_no_link() -> None:
    text = gate_markdown(gate(candidate="hf/![x](http://e.org/x.png)", notes=("[here](http://e.org)", "`code`")))
    assert "![x](" not in text
    assert "[here](" not in text
    assert "`code`" not in text


def test_junit_shows_no_doubt_as_passed() -> None:
    root = ET.fromstring(gate_junit(gate(candidate="x\x00\x1b<&", policy="p\ud800")))
    (suite,) = root
    assert suite.tag == "testsuite"
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "1", "1")
    cases = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert cases == {
        "harm · s": [], "over refusal · s": ["failure"], "exams": ["error"], "degenerate · s": [], "coverage · s": []
    }  # fmt: skip
    failure = next(suite.iter("failure"))
    assert failure.get("message") == "+50 points at least +40 points +3 points more"


def test_files_are_written_whole(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_gate(gate(), tmp_path / "run", tmp_path / "ci" / "deep")
    assert Gate.model_validate_json((tmp_path / "run" / "gate.json").read_bytes()) == gate()
    assert {file.name for file in (tmp_path / "ci" / "deep").iterdir()} == {"gate.md", "gate.junit.xml"}
    write_gate(gate(verdict="pass"), tmp_path / "run", None)
    assert Gate.model_validate_json((tmp_path / "run" / "gate.json").read_bytes()).verdict == "pass"


def test_what_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match=r"cannot write .*gate\.md"):
        write_gate(gate(), tmp_path / "run", tmp_path / "file")

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    before = (tmp_path / "run" / "gate.json").read_bytes()
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoppedError, match="No space left"):
        write_gate(gate(verdict="pass"), tmp_path / "run", None)
    assert (tmp_path / "run" / "gate.json").read_bytes() == before
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["gate.json"]
