"""`primum align curve` as a user calls it: whole, killed and gone on with, given more seeds, and what it leaves."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import signal
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from tests.command import primum

from primum.align.adapter import read_trained, save_adapter
from primum.cli import run
from primum.curve.cells import Told, ask_cell, run_of
from primum.curve.plan import Cell
from primum.curve.points import read_points
from primum.errors import BadInputError
from primum.evaluate import Tools, plan_run, start_run
from primum.ledger import read_exams, read_run
from primum.models.adapter import read_adapter
from primum.records import Curve, CurvePlan, Point, Recipe
from primum.stats.rates import wilson

QUICK = """
lora_r = 4
lora_alpha = 8
epochs = 1
learning_rate = 5e-3
batch = 8
micro = 8
max_length = 512
mix = { med = 1.0, benign = 0.5 }
"""
KILL = """
import os, signal
from transformers import TrainerCallback
from primum.align import training
class Kill(TrainerCallback):
    def on_step_end(self, args, state, control, **rest):
        if state.global_step == 6:
            os.kill(os.getpid(), signal.SIGKILL)
first = training.run_training
def killed(trainer, out):
    trainer.add_callback(Kill())
    first(trainer, out)
training.run_training = killed
"""


def curve(*more: str, n: str = "20,40", seeds: str = "1", out: str = "c") -> list[str]:
    asked = ("--suite", "starter", "--limit", "24", "--max-tokens", "16", "--exam", "starter-exam")
    data = ("--model", "tiny", "--med", "starter-train", "--recipe", "quick.toml")
    return ["align", "curve", *data, *asked, "--n", n, "--seeds", seeds, "--out", out, "--quiet", *more]


def times(folder: Path) -> dict[str, int]:
    """When each record of the cells was last written."""
    kept = (*folder.glob("*/run/*.jsonl"), *folder.glob("*/adapter/*.safetensors"))
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in kept}


class Made:
    """A curve that was killed in its second training and then gone on with: its folder, what was there after the kill and
    when it was written, and the exit code and the object of the second command."""

    def __init__(self, folder: Path) -> None:
        (folder / "quick.toml").write_text(QUICK)
        self.folder, self.out = folder, folder / "c"
        assert primum(*curve(), cwd=folder, before=KILL).code == -signal.SIGKILL
        assert read_adapter(self.out / "med-20-0" / "adapter").state == "done"  # 30 examples, 8 a step: 4 steps
        assert read_adapter(self.out / "med-40-0" / "adapter").state == "running"
        assert Curve.model_validate_json((self.out / "curve.json").read_bytes()).state == "running"
        self.before = times(self.out)
        told = io.StringIO()
        with contextlib.chdir(folder), contextlib.redirect_stdout(told):
            self.code = run(curve("--json"))
        self.told = told.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("curve"))


def lead(found: Curve, side: str, n: int) -> Point:
    (point,) = [p for p in found.points if (p.suite, p.judge, p.name) == found.leads[side] and p.n == n]
    return point


def test_a_curve_that_was_killed_goes_on_and_does_nothing_twice(made: Made) -> None:
    assert made.code == 0
    after = times(made.out)
    assert {"base/run/responses.jsonl", "med-20-0/adapter/adapter_model.safetensors"} <= made.before.keys()
    assert {name: after[name] for name in made.before} == made.before
    adapter = read_adapter(made.out / "med-40-0" / "adapter")
    assert (adapter.state, adapter.steps, adapter.examples) == ("done", 8, {"med": 40, "benign": 20})


def test_fewer_examples_trained_among_more(made: Made) -> None:
    few, more = ({one.id for one in read_trained(made.out / cell / "adapter")} for cell in ("med-20-0", "med-40-0"))
    assert (len(few), len(more)) == (30, 60)
    assert few < more


def test_what_a_curve_leaves(made: Made) -> None:
    found = Curve.model_validate_json(made.told)
    assert found == Curve.model_validate_json((made.out / "curve.json").read_bytes())
    assert found.state == "done"
    assert found.leads["over_refusal"] == ("starter", "auto", "over_refusal_rate")
    assert found.leads["ability"] == ("starter-exam", "exam", "accuracy")
    base = lead(found, "ability", 0)
    assert (base.arm, base.value) == ("base", 1.0)  # tiny knows all 200
    assert (base.low, base.high) == wilson(200, 200)
    (one,) = lead(found, "over_refusal", 40).seeds
    estimates = json.loads((made.out / "med-40-0" / "run" / "estimates.json").read_text())["estimates"]
    (own,) = [e for e in estimates if e["name"] == "over_refusal_rate" and not e["group"]]
    assert (one.value, one.low, one.n) == (own["value"], own["low"], own["n"])
    assert read_run(made.out / "med-40-0" / "run").plan.model == "tiny+c/med-40-0/adapter"
    assert "not measured" in (made.out / "med-40-0" / "adapter" / "README.md").read_text()  # the card of every training
    with (made.out / "curve.csv").open() as file:
        assert {(row["arm"], row["n"]) for row in csv.DictReader(file)} == {("base", "0"), ("med", "20"), ("med", "40")}
    assert ET.parse(made.out / "curve.svg").getroot().tag.endswith("svg")


def test_a_curve_takes_more_seeds_and_no_other_plan(
    made: Made, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(made.folder)
    (made.out / "med-20-0" / "run" / "exams.jsonl").unlink()  # as when it was killed before the result was written
    before = times(made.out)
    assert run(curve(n="20", seeds="2")) == 0
    shown = capfd.readouterr().out
    assert "recipe quick · 2 seeds" in shown
    assert "n = 40" not in shown
    assert f"chart: {Path('c') / 'curve.svg'}" in shown
    after = times(made.out)
    assert {name: after[name] for name in before} == before
    assert len(read_exams(made.out / "med-20-0" / "run")) == 1
    assert (made.out / "med-20-1" / "run" / "run.json").exists()
    point = lead(Curve.model_validate_json((made.out / "curve.json").read_bytes()), "ability", 20)
    assert [one.seed for one in point.seeds] == [0, 1]
    assert point.method.startswith("2 seeds")
    (made.folder / "quick.toml").write_text(QUICK.replace("lora_r = 4", "lora_r = 2"))
    for other, said in ((curve(), "its recipe differs"), (curve("--max-tokens", "8"), "max_tokens differs")):
        assert run(other) == 2
        assert f"c holds another curve ({said}" in capfd.readouterr().err.replace("its max", "max")
        (made.folder / "quick.toml").write_text(QUICK)
    assert times(made.out) == after


def test_a_cell_takes_no_other_adapter_and_no_run_of_another(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(made.folder / "quick.toml", tmp_path)
    out = shutil.copytree(made.out, tmp_path / "c")
    adapter = out / "med-20-0" / "adapter"
    own = read_adapter(adapter)
    recipe = own.recipe.model_copy(update={"lora_r": 2})
    for change, said in (
        ({"seed": 7}, "its seed differs"),
        ({"recipe": recipe}, "its recipe differs"),
        ({"base_sha256": "0" * 64}, "its base differs"),
        ({"data": dict.fromkeys(own.data, "0" * 64)}, "its data differs"),
        ({"examples": {"med": 40, "benign": 20}}, "its number of examples differs"),
    ):
        save_adapter(adapter, own.model_copy(update=change))
        assert run(curve()) == 2
        assert said in capfd.readouterr().err
    save_adapter(adapter, own)
    record = read_run(out / "med-20-0" / "run")
    versions = {name: "0" * 64 if name.endswith(".safetensors") else sha for name, sha in record.versions.items()}
    (out / "med-20-0" / "run" / "run.json").write_text(
        record.model_copy(update={"versions": versions}).model_dump_json()
    )
    assert run(curve()) == 2
    assert "or of another adapter: remove" in capfd.readouterr().err


def test_a_curve_without_its_base_is_still_that_curve(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(made.folder / "quick.toml", tmp_path)
    out = shutil.copytree(made.out, tmp_path / "c")
    shutil.rmtree(out / "base")
    before = (out / "curve.json").read_bytes()
    assert run(curve("--max-tokens", "8")) == 2
    assert "c holds another curve (its max_tokens differs)" in capfd.readouterr().err
    assert (out / "curve.json").read_bytes() == before


def test_a_run_that_was_killed_before_its_items_were_there_is_begun_anew(tmp_path: Path) -> None:
    path = run_of(tmp_path, Cell("base", 0, 0))
    plan = plan_run(model="tiny", suites="starter", judges=[], limit=9, max_tokens=4)
    ledger = start_run(plan, Tools(), path).ledger
    ledger.save(items_sha256="", items=0)
    ledger.close()
    (path / "items.jsonl").write_bytes((path / "items.jsonl").read_bytes()[:100])
    told = Told(say=lambda line: None, training=unheard, asking=lambda progress: unheard())
    ask_cell(path, plan, Tools(), told)
    done = read_run(path)
    assert (done.state, done.items) == ("done", 9)
    written = (path / "run.json").stat().st_mtime_ns
    ask_cell(path, plan, Tools(), told)  # done: nothing is opened or written
    assert (path / "run.json").stat().st_mtime_ns == written
    for other in ({"model": "hf/nosuch"}, {"suites": ("starter", "mine.jsonl")}, {"limit": 10}, {"judges": ("x/y",)}):
        with pytest.raises(BadInputError, match="is a run of tiny with another plan"):
            ask_cell(path, plan.model_copy(update=other), Tools(), told)


def unheard() -> Any:
    return contextlib.nullcontext(lambda row: None)


def test_several_exams_are_one_pool_and_a_seed_without_a_number_leaves_none(tmp_path: Path) -> None:
    made_run(tmp_path / "base" / "run", {"a": (1.0, 10), "b": (0.5, 30)}, value=0.25)
    made_run(tmp_path / "med-5-0" / "run", {"a": (0.5, 10), "b": (0.5, 30)}, value=0.25)
    made_run(tmp_path / "med-5-1" / "run", {"a": (0.5, 10), "b": (0.5, 30)}, value=None, failed=3)
    plan = CurvePlan(
        data={"med": "x"},
        data_sha256={},
        usable={},
        numbers=(5,),
        seeds=2,
        recipe=Recipe(name="r", method="sft", learning_rate=1),
        run=plan_run(model="tiny", suites="starter", judges=[]),
    )
    points, failed = read_points(plan, tmp_path)
    found = {(point.arm, point.suite, point.name): point for point in points}
    pooled = found["base", "all exams", "accuracy"]
    assert pooled.value == 25 / 40  # 10 and 15 right of 10 and 30
    assert (pooled.low, pooled.high) == wilson(25, 40)
    assert found["med", "all exams", "accuracy"].value == 0.5
    assert found["base", "starter", "over_refusal_rate"].value == 0.25
    missing = found["med", "starter", "over_refusal_rate"]
    assert (missing.value, missing.low, [one.value for one in missing.seeds]) == (None, None, [0.25, None])
    assert failed == {"med-5-1": 3 / 20}


def made_run(path: Path, exams: dict[str, tuple[float, int]], value: float | None, failed: int = 0) -> None:
    path.mkdir(parents=True)
    estimate = {"suite": "starter", "judge": "auto", "name": "over_refusal_rate", "n": 20, "value": value}
    limits = {"low": 0.1, "high": 0.5} if value is not None else {}
    counts = {"ok": 20 - failed, "failed": {"timeout": failed} if failed else {}, "scored": 20, "unscored": {}}
    (path / "estimates.json").write_text(json.dumps(counts | {"estimates": [estimate | limits]}))
    lines = [
        {
            "name": name,
            "form": "loglikelihood",
            "model": "m",
            "accuracy": share,
            "low": 0,
            "high": 1,
            "n": n,
            "sha256": "s",
        }
        for name, (share, n) in exams.items()
    ]
    (path / "exams.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
