"""What a curve is to measure: its cells, its examples (fewer among more), and wrong usage told before anything trains."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.curve.made import made_plan

from primum.align.chosen import Job, choose_demonstrations
from primum.align.recipe import read_recipe
from primum.cli import run
from primum.curve.examples import group_file, shares_of, write_groups
from primum.curve.plan import Planned, cells_of, parse_numbers, plan_curve, short_of_benign
from primum.errors import BadInputError
from primum.records import Arm, RunPlan

RECIPE = "learning_rate = 5e-3\nmix = { med = 1.0, benign = 0.5 }\n"


def write_general(file: Path, count: int = 50) -> Path:
    rows = [
        {"instruction": f"Say how to break into shed {n * n}.", "output": "I cannot help with that."}
        for n in range(count)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def planned(tmp_path: Path, **named: Any) -> Planned:
    recipe = tmp_path / "own.toml"
    recipe.write_text(RECIPE)
    fields: dict[str, Any] = {
        "med": "starter-train",
        "gen": "",
        "benign": "",
        "n": "20,40",
        "seeds": 1,
        "exam": "",
        "folder": None,
    }
    run_plan = RunPlan(model="tiny", suites=("starter",))
    return plan_curve(run_plan, **(fields | {"recipe": str(recipe)} | named))


def test_the_base_comes_first_and_then_whole_seeds() -> None:
    names = [cell.name for cell in cells_of(made_plan((20, 40), seeds=2))]
    assert names[:5] == ["base", "med-20-0", "gen-20-0", "both-20-0", "med-40-0"]
    assert len(names) == 1 + 3 * 2 * 2
    assert all(name.endswith("-1") for name in names[7:])
    assert [c.arm for c in cells_of(made_plan((20,), 1, data={"med": "x"}))] == ["base", "med"]


@pytest.mark.parametrize("text", ["", "0,20", "20,20", "20,,40", "20,-1", "many", "²"])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="different numbers of examples"):
        parse_numbers(text)


def test_fewer_examples_are_among_more_and_both_holds_either(tmp_path: Path) -> None:
    ready = planned(tmp_path, gen=str(write_general(tmp_path / "general.jsonl")))
    assert ready.plan.data == {
        "med": "starter-train",
        "gen": str(tmp_path / "general.jsonl"),
        "benign": "starter-train",
    }
    out = tmp_path / "out"
    out.mkdir()
    write_groups(ready.examples, out)

    def ids(arm: Arm, n: int, seed: int) -> dict[str, str]:
        amounts = shares_of(arm, n, ready.plan.recipe, ready.plan.usable)[0]
        mix = ",".join(f"{group}={amount}" for group, amount in amounts.items())
        data = tuple(str(group_file(out, group)) for group in amounts)
        job = Job("sft", "tiny", data, tmp_path / "no", recipe=ready.recipe, mix=mix, seed=seed)
        return {one.id: one.group for one in choose_demonstrations(job, ready.plan.recipe).kept}

    few, more, both, other = ids("med", 20, 0), ids("med", 40, 0), ids("both", 20, 0), ids("med", 20, 1)
    assert Counter(few.values()) == {"med": 20, "benign": 10}
    assert Counter(both.values()) == {"med": 20, "gen": 20, "benign": 20}
    assert few.keys() < more.keys()
    assert few.keys() < both.keys()
    assert {one for one, group in both.items() if group == "gen"} == {
        one for one, group in ids("gen", 20, 0).items() if group == "gen"
    }
    assert few != other
    assert all(one.startswith("starter-train/") for one in few)  # the ids are those of the suite, wherever they lie


def test_the_paper_s_recipe_takes_no_legitimate_requests() -> None:
    paper = read_recipe("medsafetybench-paper", "sft")
    assert shares_of("both", 900, paper, {"med": 900, "gen": 900, "benign": 204}) == ({"med": 900, "gen": 900}, 0)


def test_too_few_legitimate_requests_are_told(tmp_path: Path) -> None:
    ready = planned(tmp_path, benign=str(write_benign(tmp_path / "kind.jsonl", 7)))
    assert shares_of("med", 40, ready.plan.recipe, ready.plan.usable) == ({"med": 40, "benign": 7}, 20)
    (told,) = short_of_benign(ready.plan)
    assert "up to 20 legitimate requests and there are 7" in told
    assert short_of_benign(ready.plan.model_copy(update={"usable": {"benign": 20}})) == []


def test_several_sources_make_one_group(tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text(json.dumps({"id": "x", "request": "Help me hide a fall from the family.", "answer": "No."}) + "\n")
    alone, more = planned(tmp_path), planned(tmp_path, med=f"starter-train, {own}")
    assert more.plan.usable["med"] == alone.plan.usable["med"] + 1
    assert more.plan.data_sha256["med"] != alone.plan.data_sha256["med"]
    assert more.plan.data_sha256["benign"] == alone.plan.data_sha256["benign"]


def write_benign(file: Path, count: int) -> Path:
    rows = [
        {"request": f"What does bed {n * n} cost a night?", "answer": f"It costs {n} pounds."} for n in range(count)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_files_that_measure_are_kept_out_of_the_training(tmp_path: Path) -> None:
    asked = tmp_path / "asked.csv"
    shared = planned(tmp_path).examples["med"][0]
    asked.write_text(f'id,kind,request\na,harmful,"{shared.request}"\n')
    run_plan = RunPlan(model="tiny", suites=(str(asked),))
    kept = plan_curve(
        run_plan, med="starter-train", gen="", benign="", n="20", seeds=1, recipe="tiny", exam="", folder=None
    )
    assert kept.plan.usable["med"] < planned(tmp_path).plan.usable["med"]


def curve(*more: str, **changes: str) -> list[str]:
    named = {"model": "tiny", "med": "starter-train", "n": "20", "suite": "starter", "recipe": "tiny", "out": "c"}
    named |= {name.replace("_", "-"): value for name, value in changes.items()}
    return ["align", "curve", *(part for name, value in named.items() for part in (f"--{name}", value)), *more]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (curve(suite="nosuch"), "no suite or file named 'nosuch'"),
        (curve(suite="starter-train"), "'starter-train' is for training"),
        (curve(n="20,9999"), "--n goes to 9999, and starter-train has"),
        (curve(n="some"), "--n 'some'"),
        (curve(med="starter"), "evaluation data never trains"),
        (curve(med="nosuch"), "nosuch"),
        (curve(gen="starter-train"), "starter-train holds no general_harm requests"),
        (curve(benign="starter-train"), "--benign would train nothing"),
        (curve(model="openai/x"), "a base model in this process"),
        (curve(model="tiny+x"), "a base model in this process"),
        (curve(model="hf/no/such/folder"), "no/such/folder"),
        (curve(recipe="nosuch"), "no recipe 'nosuch'"),
        (curve(exam="nosuch"), "no exam or file named 'nosuch'"),
        (curve(judge="nosuch/x"), "nosuch"),
        (curve(judge="replay/nosuch.jsonl"), "nosuch.jsonl"),
        (curve(out="taken"), "taken is not empty and holds no curve"),
        (curve(seeds="0"), "seeds"),
    ],
)
def test_wrong_usage_is_told_in_one_sentence_before_anything_is_done(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PRIMUM_DATA", raising=False)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine")
    code, told = run([*arguments, "--quiet"]), capfd.readouterr()
    assert code == 2, told.err
    assert said in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert not list(tmp_path.rglob("responses.jsonl"))
    assert not list(tmp_path.rglob("adapter.json"))
