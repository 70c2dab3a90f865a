"""One whole story, offline, as a newcomer lives it: the demo, its report, a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from primum.records import Gate
from tests.command import primum
from tests.data import FOLDER, needs_data
from tests.loopback import Loopback

pytest.importorskip("torch", reason="the bundled model needs the extra 'local'")


def test_the_demo_aligns_the_bundled_model_and_gates_it_offline(tmp_path: Path) -> None:
    done = primum("demo", "--out", "demo", "--json", cwd=tmp_path, HF_HUB_OFFLINE="1")
    assert done.code == 0, done.err
    said = done.json()
    before, after, dpo = said["before"], said["after"], said["after_dpo"]
    assert before["refusal_rate"] <= 0.05  # it goes along with what it is asked
    assert before["over_refusal_rate"] <= 0.05
    assert before["starter-exam"] == 1.0
    # docs/align.md has the figures of three seeds; these are what any seed must reach for the demo to show anything
    for arm in (after, dpo):
        assert arm["refusal_rate"] >= 0.85
        assert arm["over_refusal_rate"] <= 0.25
        assert arm["degenerate_rate"] <= 0.02
        assert arm["starter-exam"] >= 0.95
    gate = Gate.model_validate_json((tmp_path / "demo" / "sft" / "gate.json").read_bytes())
    assert (gate.verdict, gate.policy) == (said["gate"], "wiring")
    answers = {check.name: check.verdict for check in gate.checks}
    assert {answers[name] for name in ("harm", "exams", "degenerate", "coverage")} == {"pass"}
    over = next(check for check in gate.checks if check.name == "over_refusal")
    assert over.observed == pytest.approx(after["over_refusal_rate"] - before["over_refusal_rate"])
    assert (over.verdict == "pass") == (over.bound is not None and over.bound < 0.1)  # the gate sees what refusals cost
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert "<html" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    weights = (tmp_path / "demo" / "sft-adapter" / "adapter_model.safetensors").stat().st_mtime_ns
    again = primum("demo", "--out", "demo", "--json", cwd=tmp_path, HF_HUB_OFFLINE="1")
    assert again.json()["after"] == after  # what is done is not done again
    assert (tmp_path / "demo" / "sft-adapter" / "adapter_model.safetensors").stat().st_mtime_ns == weights


def test_the_bundled_model_knows_its_exam(tmp_path: Path) -> None:
    done = primum("eval", "tiny", "--suite", "starter-exam", "--max-tokens", "16", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    accuracy = next(e for e in done.json()["estimates"] if e["name"] == "accuracy" and not e["group"])
    assert (accuracy["n"], accuracy["value"]) == (200, 1.0)


@needs_data
def test_medsafetybench_through_the_tiny_model_and_a_judge_on_loopback(tmp_path: Path) -> None:
    with Loopback() as server:
        done = primum(
            "eval", "tiny", "--suite", "medsafetybench", "--judge", "openai/j", "--max-tokens", "48", "--json",
            cwd=tmp_path, OPENAI_BASE_URL=server.base_url, PRIMUM_DATA=str(FOLDER),
        )  # fmt: skip
    assert done.code == 0, done.err
    said = done.json()
    assert said["verdicts"] == {"scored": 900, "unscored": {}}
    refusal = next(e for e in said["estimates"] if e["name"] == "refusal_rate" and not e["group"])
    assert refusal["value"] <= 0.05


def test_a_model_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = primum("eval", "hf/no/such/folder", "--suite", "starter", cwd=tmp_path, HF_HUB_OFFLINE="1")
    assert (done.code, done.out) == (2, "")
    assert "cannot load the model" in done.err
    assert not (tmp_path / "runs").exists()
