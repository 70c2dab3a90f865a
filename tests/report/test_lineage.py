"""The lineage of a candidate: told where its adapter's folder is still what the run used."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
from tests.report.sample import Line, make_adapter, make_run
from tests.report.test_page import EVIL, Page

from primum.ledger import read_run
from primum.models.adapter import ADAPTER, CONFIG, WEIGHTS
from primum.records import Kind
from primum.report.lineage import Lineage, find_lineage
from primum.report.page import render_page

LINES = [Line(Kind.BENIGN, "q", "yes", "compliance")]
PAPER = {"name": "medsafetybench-paper", "method": "sft", "learning_rate": 3e-4, "contaminated": True}


def candidate(folder: Path, adapter: Path, versions: dict[str, str], model: str = "tiny") -> Path:
    return make_run(folder / "run", LINES, model=f"{model}+{adapter}", versions=versions | {"python": "3.12"})


def lineage(folder: Path, **fields: object) -> Lineage:
    _, versions = make_adapter(folder / "adapter", **fields)
    found = find_lineage(read_run(candidate(folder, folder / "adapter", versions)))
    assert found is not None
    return found


def rows(found: Lineage, place: int = 0) -> dict[str, str]:
    return {name[place]: value[place] for name, value in found.rows}


def test_an_adapter_tells_recipe_base_examples_and_seed(tmp_path: Path) -> None:
    found = lineage(tmp_path)
    told = rows(found)
    assert told["recipe"] == "default · supervised fine-tuning"
    assert told["base"] == "tiny (bbbbbbbbbbbb)"
    assert told["examples"] == "200 harmful medical requests; 160 legitimate requests"
    assert told["left out"] == "2 given twice; 3 of a family with an evaluation item, or nearly its request"
    assert told["contaminated"] == "no: compared with mine, starter"
    assert told["seed"] == "7"
    assert told["training"].startswith("done · 46 steps, 12,345 tokens, 7 s")
    assert "goes on from" not in told
    assert rows(found, 1)["未用于训练"] == "重复 2 条；与测试题同族或近乎相同 3 条"
    assert (found.told, found.contaminated) == (("", ""), "")


def test_nothing_left_out_and_a_reason_without_words(tmp_path: Path) -> None:
    assert rows(lineage(tmp_path / "a", left_out={"duplicate": 0}))["left out"] == "none"
    assert rows(lineage(tmp_path / "b", left_out={"a_new_reason": 4}))["left out"] == "4 a_new_reason"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"recipe": PAPER}, "yes: examples that stand in evaluation suites too"),
        ({"checked_against": ()}, "not known: the examples were compared with no evaluation suite"),
        (
            {"checked_against": ("starter",)},
            "not known: compared with starter, not with mine, on which it was measured",
        ),
        ({"starts_from": "nowhere"}, "not known: the adapter that it goes on from, nowhere, is not here"),
    ],
)
def test_contaminated_or_not_is_said(tmp_path: Path, fields: dict[str, object], said: str) -> None:
    assert rows(lineage(tmp_path, **fields))["contaminated"].startswith(said)


def test_what_it_goes_on_from_counts_too(tmp_path: Path) -> None:
    first, _ = make_adapter(tmp_path / "sft", recipe=PAPER)
    start = {"starts_from": str(tmp_path / "sft"), "starts_from_sha256": first.weights_sha256}
    found = lineage(tmp_path, recipe={"name": "default", "method": "dpo", "learning_rate": 0.01}, **start)
    told = rows(found)
    assert told["recipe"] == "default · preference optimisation"
    assert told["goes on from"] == (
        f"{tmp_path / 'sft'} (medsafetybench-paper · supervised fine-tuning · "
        "200 harmful medical requests; 160 legitimate requests)"
    )
    assert told["contaminated"].startswith("yes")
    assert found.contaminated == "medsafetybench-paper"
    (tmp_path / "sft" / WEIGHTS).write_text("trained anew")
    run = read_run(tmp_path / "run")
    after = find_lineage(run)
    assert after is not None
    assert rows(after)["contaminated"].startswith("not known: the adapter that it goes on from")


@pytest.mark.parametrize("file", [WEIGHTS, CONFIG])
def test_an_adapter_that_was_changed_is_not_told_of(tmp_path: Path, file: str) -> None:
    adapter, versions = make_adapter(tmp_path / "adapter")
    run = candidate(tmp_path, tmp_path / "adapter", versions)
    (tmp_path / "adapter" / file).write_text("another")
    found = find_lineage(read_run(run))
    assert found is not None
    assert found.rows == ()
    assert found.told[0].endswith("What is in that folder now is not it.")
    assert adapter.weights_sha256[:12] in found.told[0]


def test_a_record_of_other_weights_is_not_told_of(tmp_path: Path) -> None:
    found = lineage(tmp_path, weights_sha256="f" * 64)
    assert found.rows == ()
    assert found.told[0].endswith("now is not it.")


@pytest.mark.parametrize("missing", [ADAPTER, WEIGHTS])
def test_an_adapter_that_is_away_or_made_elsewhere_is_named_by_its_hash(tmp_path: Path, missing: str) -> None:
    _, versions = make_adapter(tmp_path / "adapter")
    run = candidate(tmp_path, tmp_path / "adapter", versions)
    (tmp_path / "adapter" / missing).unlink()
    found = find_lineage(read_run(run))
    assert found is not None
    assert found.rows == ()
    assert "not here, or was not made by Primum" in found.told[0]
    text = render_page([run], False)
    assert html.escape(found.told[0], quote=False).replace("'", "&#39;") in text


def test_models_without_an_adapter_and_runs_that_recorded_none_have_no_lineage(tmp_path: Path) -> None:
    _, versions = make_adapter(tmp_path / "adapter")
    plain = make_run(tmp_path / "plain", LINES, model="tiny", versions=versions)  # a judge's adapter, say
    assert find_lineage(read_run(plain)) is None
    unknown = make_run(tmp_path / "unknown", LINES, model="hf/a+b", versions={"python": "3.12"})
    assert find_lineage(read_run(unknown)) is None


def test_a_folder_with_a_plus_in_its_name_is_found(tmp_path: Path) -> None:
    _, versions = make_adapter(tmp_path / "a+b")
    found = find_lineage(read_run(candidate(tmp_path, tmp_path / "a+b", versions, "hf/models/c+d")))
    assert found is not None
    assert found.rows


def test_the_page_tells_it_in_the_fifth_question_and_warns_in_the_first(tmp_path: Path) -> None:
    _, versions = make_adapter(tmp_path / "adapter", recipe=PAPER)
    run = candidate(tmp_path, tmp_path / "adapter", versions)
    text = render_page([run], False)
    Page(text)
    made = text[text.index('<section id="made"') :]
    assert "200 harmful medical requests" in made
    assert "medsafetybench-paper · supervised fine-tuning" in made
    note = "was trained on examples that stand in evaluation suites too (recipe medsafetybench-paper)"
    assert text.index('<section id="safe"') < text.index(note) < text.index('class="tiles"')
    # the bundled model with an adapter is the bundled model
    assert "tiny is a wiring aid" in text


def test_a_hostile_adapter_is_escaped(tmp_path: Path) -> None:
    fields = {"base": EVIL, "data": {EVIL: EVIL}, "checked_against": (EVIL,), "starts_from": EVIL, "created": EVIL}
    _, versions = make_adapter(tmp_path / "adapter", **fields, recipe=PAPER | {"name": EVIL}, left_out={EVIL: 1})
    page = Page(render_page([candidate(tmp_path, tmp_path / "adapter", versions)], False))
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert not [a for _, a in page.elements if "onerror" in a]
