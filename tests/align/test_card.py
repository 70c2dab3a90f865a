"""The model card says what files tell, takes nothing for granted, and lets no text in as markup."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft", reason="adapters need the extra 'align'")

from hypothesis import given
from hypothesis import strategies as st
from tests.align.toy_adapters import adapter_folder, record
from tests.command import primum
from tests.report.sample import Line, make_run

from primum.align.adapter import last_reward, read_adapter, save_adapter
from primum.align.card import first_card, plain, write_card
from primum.errors import BadInputError, StoppedError
from primum.ledger import file_sha256, open_run
from primum.records import Check, Exam, Gate, Kind, Recipe
from primum.report.texts import DISCLAIMER

yaml: Any = pytest.importorskip("yaml", reason="comes with transformers")
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    changes: dict[str, Any] = {
        "data": {"mine.jsonl": "0" * 64},
        "checked_against": ["mine", "starter"],
        "steps": 3,
        "tokens": 1234,
    }
    path = adapter_folder(tmp_path_factory.mktemp("adapters") / "calm_one", **changes)
    (path / "curve.csv").write_text("step,loss,seconds\n1,2.5,0.1\n2,1.75,0.2\n3,0.625,0.3\n")
    return path


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(made, tmp_path / "calm_one"))


def lines(scores: tuple[int, ...], refusals: str) -> list[Line]:
    """Harmful requests with these marks, then legitimate ones, refused where there is an x."""
    harmful = [Line(Kind.HARMFUL, f"w{n}", "a", "full", (("openai/j", score),)) for n, score in enumerate(scores)]
    return harmful + [
        Line(Kind.BENIGN, f"q{n}", "a", "full" if mark == "x" else "compliance") for n, mark in enumerate(refusals)
    ]


def versions(adapter: Path) -> dict[str, str]:
    """What a run on the adapter records."""
    return {f"{adapter}/{WEIGHTS}": read_adapter(adapter).weights_sha256}


@pytest.fixture
def runs(own: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Before: mean harm 4, one of ten over-refused. After: mean harm 1.5, four of ten."""
    before = make_run(
        tmp_path / "before", lines((5, 5, 4, 2), "x........."), model="tiny", finished="2026-11-20T10:00:00"
    )
    after = make_run(tmp_path / "after", lines((1, 1, 2, 2), "xxxx......"), model=f"tiny+{own}", versions=versions(own))
    for path, correct in ((before, 180), (after, 178)):
        exam = Exam(name="starter-exam", form="loglikelihood", model="m", accuracy=correct / 200, low=0.8, high=0.95, n=200,
                    sha256="abcdef012", unread=correct % 4)  # fmt: skip
        with open_run(path) as ledger:
            ledger.append(exam)
    return before, after


def gate(runs: tuple[Path, Path] | None = None, base: str = "before", candidate: str = "after") -> Gate:
    """What a gate said of two runs, sealed with their answers as they are."""
    hashes = [file_sha256(path / "responses.jsonl") for path in runs or ()]
    sealed = (hashes[0], hashes[1]) if hashes else ("", "")
    checks = (
        Check(name="harm", verdict="pass", observed=-2.5, bound=-1.1, limit=0.0, n=4, reason="superior"),
        Check(
            name="over-refusal", verdict="fail", observed=0.3, bound=0.5, limit=0.03, n=10, reason="above | the margin"
        ),
        Check(name="must-have recall", verdict="inconclusive", observed=None, limit=None, reason="not measured"),
    )
    return Gate(
        verdict="fail", checks=checks, policy="default", policy_sha256="0", base="tiny", candidate="tiny+x",
        base_run=base, candidate_run=candidate, sealed=sealed, judges=("auto",), at="2026-11-21T09:00:00",
    )  # fmt: skip


def card_of(path: Path, **more: Any) -> str:
    write_card(path, **more)
    return (path / "README.md").read_text(encoding="utf-8")


def head(card: str) -> dict[str, Any]:
    """The card's head, read as YAML."""
    said = yaml.safe_load(card.split("---\n")[1])
    assert isinstance(said, dict)
    return said


def section(card: str, title: str) -> str:
    return card.split(f"## {title}\n")[1].split("\n## ")[0]


def row(card: str, *cells: str) -> str:
    """The one line of a table that begins with these cells."""
    (found,) = [line for line in card.splitlines() if line.startswith("| " + " | ".join(cells) + " |")]
    return found


def test_without_a_run_nothing_was_measured(own: Path) -> None:
    card = card_of(own)
    for side in ("Harm", "Over-refusal", "Ability", "Degenerate answers"):
        assert row(card, side) == f"| {side} |  |  |  | not measured | not measured |"
    assert section(card, "Gate").startswith("\nNot measured")
    assert DISCLAIMER["en"] in card
    assert not re.search(r"\d%", card)


def test_the_head_is_what_hubs_read_and_leaves_the_licence_open(own: Path) -> None:
    from huggingface_hub import ModelCard

    card = card_of(own)
    said = head(card)
    assert said == {
        "library_name": "peft",
        "base_model": "tiny",
        "pipeline_tag": "text-generation",
        "tags": ["lora", "sft", "medical", "safety", "primum"],
    }
    data: Any = ModelCard(card).data
    assert data.to_dict() == said
    assert card.startswith("---\n# license: is yours to state")


def test_a_licence_that_the_user_stated_stays(own: Path) -> None:
    card = card_of(own)
    (own / "README.md").write_text(card.replace("# license: is yours to state here", "license: mit #"))
    assert head(card_of(own))["license"] == "mit"
    assert head(card_of(own))["license"] == "mit"
    (own / "README.md").write_bytes(b"\xff---\nlicense: mit\n")  # no head, no text
    assert "license" not in head(card_of(own))


def test_recipe_data_and_training_are_told(own: Path) -> None:
    card = card_of(own)
    assert card.split("---\n")[2].strip().startswith("# calm\\_one")
    assert row(card, "learning rate") == "| learning rate | 0.005 |"
    assert row(card, "target modules") == "| target modules | every linear layer but the head |"
    assert row(card, "mine.jsonl") == f"| mine.jsonl | {'0' * 64} |"
    assert row(card, "harmful medical requests") == "| harmful medical requests | 3 |"
    assert row(card, "legitimate requests") == "| legitimate requests | 2 |"
    data = section(card, "Data")
    assert "Left out: 1 of an evaluation item's family, or nearly its request" in data
    assert "| beta |" not in card
    assert "Compared with mine, starter" in data
    assert read_adapter(own).examples_sha256 in data
    training = section(card, "Training")
    assert "3 steps over 1,234 tokens of examples" in training
    assert row(training, "loss") == "| loss | 2.5 | 0.625 |"
    assert "SECRET" not in card
    (own / "curve.csv").unlink()
    (own / "examples.jsonl").unlink()
    card = card_of(own)
    assert "The curve: not measured" in card
    assert "is not in the folder" in card


def test_numbers_stand_before_and_after_with_their_intervals(own: Path, runs: tuple[Path, Path]) -> None:
    card = card_of(own, before=runs[0], after=runs[1])
    number = r"{} \\\[[\d.]+, [\d.]+\\\]"
    harm = row(card, "Harm", "harmfulness 1-5", "mine", "openai/j")
    assert re.search(number.format("4.00") + r" \| " + number.format("1.50"), harm)
    over = row(card, "Over-refusal", "over-refused \\(benign\\)".replace("\\", ""), "mine", "auto")
    assert re.search(number.format("10%") + r" \| " + number.format("40%"), over)
    (exam,) = [line for line in card.splitlines() if "starter-exam" in line]
    assert r"| 90.0% \[80.0, 95.0\] | 89.0% \[80.0, 95.0\], 2 unread as wrong |" in exam  # 180 and 178 of 200
    assert "Degenerate answers | not measured" not in card
    assert "Before: run before of tiny, finished 2026-11-20." in card
    assert "does not record which adapter" not in card
    assert "were not compared with" not in card


def test_one_run_alone_leaves_the_other_side_open(own: Path, runs: tuple[Path, Path]) -> None:
    after = card_of(own, after=runs[1])
    assert "| not measured | 1.50" in row(after, "Harm", "harmfulness 1-5", "mine", "openai/j")
    before = card_of(own, before=runs[0])
    assert row(before, "Harm", "harmfulness 1-5", "mine", "openai/j").endswith("| not measured |")


def test_refusing_alone_does_not_stand_for_harm(own: Path, tmp_path: Path) -> None:
    unjudged = [line._replace(scores=()) for line in lines((1, 1), "..")]
    run = make_run(tmp_path / "run", unjudged, model="tiny")
    card = card_of(own, before=run)
    assert row(card, "Harm", "harmfulness 1-5") == "| Harm | harmfulness 1-5 |  |  | not measured | not measured |"
    assert "100%" in row(card, "Harm", "refused (harmful)")


def test_exams_of_other_questions_stand_apart_and_a_wanted_one_is_missed(own: Path, runs: tuple[Path, Path]) -> None:
    changed = Exam(
        name="starter-exam", form="loglikelihood", model="m", accuracy=1, low=0.9, high=1, n=200, sha256="new"
    )
    with open_run(runs[1]) as ledger:
        ledger.append(changed)
    card = card_of(own, before=runs[0], after=runs[1])
    assert len([line for line in card.splitlines() if "starter-exam" in line]) == 2
    card = card_of(own, before=runs[0], after=runs[1], exams=("medqa",))
    assert "starter-exam" not in card
    assert row(card, "Ability", "medqa").endswith("| not measured | not measured |")


def test_a_run_that_is_not_what_it_is_named_for_is_refused(own: Path, runs: tuple[Path, Path], tmp_path: Path) -> None:
    before, after = runs
    with pytest.raises(BadInputError, match="is a run of this adapter: name it with --after"):
        write_card(own, before=after)
    with pytest.raises(BadInputError, match="is a run of the base tiny: name it with --before"):
        write_card(own, after=before)
    other = make_run(tmp_path / "o", lines((1,), "."), model=f"tiny+{own}", versions={f"{own}/{WEIGHTS}": "1" * 64})
    with pytest.raises(BadInputError, match="is a run of another adapter"):
        write_card(own, after=other)
    half = make_run(tmp_path / "half", lines((1,), "."), model=f"tiny+{own}", state="stopped")
    with pytest.raises(BadInputError, match="half is stopped: finish it"):
        write_card(own, after=half)
    with pytest.raises(BadInputError, match="not a run folder"):
        write_card(own, after=tmp_path)
    assert not (own / "README.md").exists()


def test_what_a_run_leaves_open_is_said(own: Path, tmp_path: Path) -> None:
    served = make_run(tmp_path / "served", [line._replace(suite="hers") for line in lines((1,), ".")], model="ward/m")
    card = card_of(own, before=served, after=served)
    assert "The run before is of ward/m, which was not compared with the base tiny." in card
    assert "The run after does not record which adapter its model had." in card
    assert "The training examples were not compared with the items of hers." in card


def test_the_gate_s_verdict_is_told_check_by_check(own: Path, runs: tuple[Path, Path], tmp_path: Path) -> None:
    file = tmp_path / "gate.json"
    file.write_text(gate(runs).model_dump_json())
    card = section(card_of(own, before=runs[0], after=runs[1], gate=file), "Gate")
    assert "**fail** under the policy default on 2026-11-21: tiny+x (run after) beside tiny (run before)." in card
    assert row(card, "harm") == "| harm | pass | -2.5 | -1.1 | 0 | 4 | superior |"
    assert row(card, "over-refusal") == r"| over-refusal | fail | 0.3 | 0.5 | 0.03 | 10 | above \| the margin |"
    assert row(card, "must-have recall").startswith("| must-have recall | inconclusive | not measured |  |  | 0 |")
    assert "A pass means only" not in card
    file.write_text(gate(runs).model_copy(update={"verdict": "pass"}).model_dump_json())
    assert "A pass means only" in card_of(own, after=runs[1], gate=file)
    for content, told in (
        (gate(runs, candidate="x").model_dump_json(), "is about the candidate run x, not about after"),
        (gate(runs, base="x").model_dump_json(), "is about the base run x"),
        (gate((runs[0], runs[0])).model_dump_json(), "read other answers of the candidate run after"),
        (gate((runs[1], runs[1])).model_dump_json(), "read other answers of the base run before"),
        ("{", "does not read"),
    ):
        file.write_text(content)
        with pytest.raises(BadInputError, match=told):
            write_card(own, before=runs[0], after=runs[1], gate=file)


def test_a_gate_of_another_candidate_gives_no_verdict_on_this_adapter(
    own: Path, runs: tuple[Path, Path], tmp_path: Path
) -> None:
    file = runs[1] / "gate.json"
    file.write_text(gate(runs).model_dump_json())
    assert "**fail**" in card_of(own, gate=file)  # the run beside it is of this adapter
    (runs[0] / "gate.json").write_text(gate((runs[0], runs[0]), candidate="before").model_dump_json())
    (own / "README.md").unlink()
    with pytest.raises(BadInputError, match="does not record that it had this adapter"):
        write_card(own, gate=runs[0] / "gate.json")  # base against base
    served = make_run(tmp_path / "served", lines((1,), "."), model="ward/m")
    (served / "gate.json").write_text(gate((runs[0], served), candidate="served").model_dump_json())
    with pytest.raises(BadInputError, match="does not record that it had this adapter"):
        write_card(own, after=served, gate=served / "gate.json")
    alone = tmp_path / "gate.json"
    shutil.copy(file, alone)
    with pytest.raises(BadInputError, match="does not lie in its candidate's run folder: name that run with --after"):
        write_card(own, gate=alone)
    assert not (own / "README.md").exists()


def test_what_is_contaminated_or_unchecked_says_so(own: Path) -> None:
    adapter = read_adapter(own)
    save_adapter(own, adapter.model_copy(update={"checked_against": ()}))
    assert "**The training examples were compared with no evaluation suite.**" in card_of(own)
    recipe = adapter.recipe.model_copy(update={"contaminated": True})
    save_adapter(own, adapter.model_copy(update={"recipe": recipe}))
    card = card_of(own)
    assert "**Contaminated.**" in card
    assert "nearly repeats its request, was kept" in card
    assert "does not train" not in card


def test_a_fall_of_the_chosen_answers_is_warned_of(own: Path) -> None:
    save_adapter(own, read_adapter(own).model_copy(update={"recipe": Recipe(name="r", method="dpo", learning_rate=1)}))
    title = "step,loss,logp_chosen,reward_chosen,seconds\n"
    (own / "curve.csv").write_text(title + "1,2,-20,0.5,1\n2,1,-12.5,-0.25,2\n")
    assert "their reward over the last tenth of the steps is -0.25 on average" in card_of(own)
    (own / "curve.csv").write_text(title + "1,2,-20,-0.5,1\n2,1,-32.5,0.25,2\n")  # a batch of longer answers
    assert "less likely" not in card_of(own)


def test_the_fall_is_that_of_the_last_tenth() -> None:
    rewards = [0.0] * 18 + [1.0, -3.0]  # of 20 the last two: -1 on average
    assert last_reward([{"reward_chosen": reward} for reward in rewards]) == -1
    assert last_reward([{"loss": 1.0}]) is None


def test_the_first_card_says_that_nothing_is_measured_and_replaces_none(own: Path) -> None:
    first_card(own)
    assert row((own / "README.md").read_text(), "Harm") == "| Harm |  |  |  | not measured | not measured |"
    (own / "README.md").write_text("mine")
    first_card(own)
    assert (own / "README.md").read_text() == "mine"


def test_an_adapter_that_is_not_whole_gets_no_card(own: Path) -> None:
    (own / WEIGHTS).unlink()
    with pytest.raises(BadInputError, match="has no adapter_model"):
        write_card(own)


def test_a_full_disk_leaves_the_card_that_was_there(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = card_of(own)

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    save_adapter(own, read_adapter(own).model_copy(update={"steps": 9}))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoppedError, match=r"No space left on device.*make room"):
            write_card(own)
    assert (own / "README.md").read_text() == before


# --- texts


@given(st.text(max_size=60))
def test_a_text_in_a_table_ends_no_cell_and_opens_no_markup(text: str) -> None:
    shown = plain(text)
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[|<>`*\[\]#]", shown)
    assert re.sub(r"\\(.)", r"\1", shown) == " ".join("".join(c if c.isprintable() else " " for c in text).split())


EVIL = 'x"\n---\nlicense: evil\n|<script>alert(1)</script>| ![](http://h) \u202e病人 🩺 `'


def test_texts_of_others_stay_texts(own: Path, runs: tuple[Path, Path]) -> None:
    adapter = record().model_copy(update={"notes": (EVIL,), "data": {EVIL: EVIL}, "created": EVIL, "starts_from": EVIL})
    there = read_adapter(own)
    hashes = {name: getattr(there, name) for name in ("weights_sha256", "config_sha256", "state")}
    recipe = there.recipe.model_copy(update={"name": EVIL, "source": EVIL, "target_modules": (EVIL,)})
    save_adapter(own, adapter.model_copy(update={**hashes, "base": EVIL, "recipe": recipe}))
    file = runs[1] / "gate.json"
    evil = gate().checks[0].model_copy(update={"name": EVIL, "reason": EVIL})
    said = {"checks": (evil,), "notes": (EVIL,), "policy": EVIL, "base": EVIL, "candidate": EVIL}
    file.write_text(gate(runs).model_copy(update=said).model_dump_json())
    run = make_run(runs[0].parent / "run", [line._replace(suite=EVIL) for line in lines((1,), ".")], model=EVIL)
    for card in (card_of(own, before=run), card_of(own, gate=file)):
        assert head(card)["base_model"].startswith('x" --- license: evil |<script>')
        assert "license" not in head(card)
        body = card.split("---\n", 2)[2]
        assert "script\\>" in body
        assert not re.search(r"(?<!\\)<", body)
        assert "\u202e" not in card
        for line in body.splitlines():
            if line.startswith("| "):
                assert len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 7, 8), line  # tables of 2, 3, 6 and 7 columns


# --- the command


def test_the_command_writes_the_card_and_tells_the_rows(own: Path, runs: tuple[Path, Path], tmp_path: Path) -> None:
    command = ("align", "card", str(own), "--before", "before", "--after", "after")
    done = primum(*command, cwd=tmp_path)
    assert done.code == 0, done.err
    assert re.search(r"Harm: harmfulness 1-5, mine, openai/j: 4\.00 \[.*\] -> 1\.50 \[", done.out)
    assert done.out.endswith(f"written: {own / 'README.md'}\n")
    told = primum(*command, "--exam", "medqa, starter-exam", "--json", cwd=tmp_path).json()
    assert told["path"] == str(own / "README.md")
    assert [one["title"] for one in told["rows"] if one["side"] == "Ability"] == [
        "starter-exam, 200 questions abcdef",
        "medqa",
    ]
    refused = primum("align", "card", str(tmp_path), cwd=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "is not an adapter that primum align made" in refused.err
