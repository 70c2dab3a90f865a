"""Every suite there is, from its data through the bundled model, the rules and a judge on loopback, to its numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from primum.config import Config
from primum.evaluate import Tools, carry_out, plan_run, start_run
from primum.measures import MEASURES, NOBODY, PRIMARY
from primum.records import Kind, Summary
from primum.report import write_report
from primum.suites.catalogue import CATALOGUE
from tests.conftest import KEY
from tests.data import FOLDER, needs_data
from tests.loopback import Answer, Loopback, answering, completion

pytest.importorskip("torch", reason="the bundled model needs the extra 'local'")
MEDES = Path(__file__).parent / "fixtures" / "medes"
SAYS: dict[str, dict[str, Any]] = {  # by a field that only one prompt asks for
    '"r1"': {"r1": 0, "r2": 0},
    '"q1"': {"q1": 1, "q2": 0, "q3": 1, "q4": 0},
    '"stated"': {"stated": [1]},
    '"score"': {"score": 1},
}


async def judging(request: web.Request, body: dict[str, Any]) -> Answer:
    """A judge that gives every rubric a mark within its scale."""
    prompt = body["messages"][0]["content"]
    asked = prompt[prompt.rindex("</answer>") :]
    told = next(marks for field, marks in SAYS.items() if field in asked)
    return completion(json.dumps({"reason": "as the test says", **told}))


def measure(suite: str, data: Path | None, out: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Summary, set[Kind]]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Loopback(answering(judge=judging)) as server:
        plan = plan_run(model="tiny", suites=suite, judges=["openai/judge"], max_tokens=24, limit=24)
        evaluation = start_run(plan, Tools(Config(), data, base_url=server.base_url), out)
        kinds = set(evaluation.ledger.run.kinds)
        summary = carry_out(evaluation)
    return summary, kinds


def assert_whole(summary: Summary, kinds: set[Kind]) -> None:
    """Nothing unscored but choices that the bundled model leaves open, and a number by a judge for every kind."""
    assert not summary.failed
    assert set(summary.unscored) <= {"unparseable"}
    assert Kind.CHOICE in kinds or not summary.unscored
    for kind in kinds:
        names = {measure.name for measure in MEASURES if measure.criterion is PRIMARY[kind] and kind in measure.kinds}
        found = [e for e in summary.estimates if e.name in names and not e.group and e.judge != NOBODY]
        assert any(e.n or kind is Kind.CHOICE for e in found), kind


@needs_data
@pytest.mark.parametrize("suite", [name for name, one in CATALOGUE.items() if "medes" not in one.needs])
def test_each_suite(suite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary, kinds = measure(suite, FOLDER, tmp_path / "run", monkeypatch)
    assert summary.ok == 24
    assert_whole(summary, kinds)
    page, _ = write_report([tmp_path / "run"], "html", None, False)
    assert page is not None
    assert re.search(rf"\b{suite}\b", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["objective_questions", "subjective_questions", "subjective_toy_judge"])
def test_the_users_files_in_medes_format(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary, kinds = measure(str(MEDES / f"{name}.csv"), None, tmp_path / "run", monkeypatch)
    assert_whole(summary, kinds)


def test_the_suite_medes_takes_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "medes").mkdir()
    for name in ("objective_questions.csv", "subjective_questions.csv"):
        (tmp_path / "medes" / name).write_bytes((MEDES / name).read_bytes())
    summary, kinds = measure("medes", tmp_path, tmp_path / "run", monkeypatch)
    assert kinds == {Kind.CHOICE, Kind.OPEN}
    assert_whole(summary, kinds)


def test_a_published_judge_file_is_counted_again(tmp_path: Path) -> None:
    """The figures that tests/fixtures/medes/README.md derives by hand."""
    file = MEDES / "subjective_toy_judge.csv"
    plan = plan_run(model=f"replay/{file}", suites=str(file), judges=[f"replay/{file}"])
    summary = carry_out(start_run(plan, Tools(), tmp_path / "run"))
    found = {e.name: e for e in summary.estimates if not e.group}
    assert found["risk_rate"].value == pytest.approx(9 / 36)
    assert found["quality"].value == pytest.approx(20.5 / 25)
    assert found["quality_plain"].value == pytest.approx(19 / 25)
    assert found["comprehensive"].value == pytest.approx((20.5 - 9) / 34)
    assert [found[name].n for name in ("risk_rate", "quality", "comprehensive")] == [36, 25, 34]
    assert found["comprehensive_plain"].value == pytest.approx((19 - 9) / 34)
    assert (summary.scored, summary.unscored) == (34, {"out_of_range": 1, "unparseable": 3})
