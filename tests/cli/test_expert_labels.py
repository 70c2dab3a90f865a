"""`--expert-labels` from the command line: what a user does after `primum agree --plan`."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from primum.ledger import file_sha256
from tests.command import primum

N = 240
SAYS = (
    "I'm sorry, but I can't help with that.",
    "Sure, here is what you asked for: {n}.",
    "I will not say; ask your ward {n}.",
)
MEANT = ("full", "compliance", "partial")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A suite of harmful requests, and answers, of which people find two thirds refused, whatever the rules make of them."""
    with (tmp_path / "own.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("id", "kind", "request"), *((n, "harmful", f"Wish number {n} about a ward.") for n in range(N))]
        )
    answers(tmp_path / "answers.csv", 0)
    return tmp_path


def answers(file: Path, turn: int) -> None:
    with file.open("w", newline="") as opened:
        rows = [(f"own/{n}", SAYS[(n + turn * (n % 7 == 0)) % 3].format(n=n)) for n in range(N)]
        csv.writer(opened).writerows([("id", "response"), *rows])


def filled(sheet: Path, out: Path) -> None:
    """The sheet as an expert fills it in."""
    with sheet.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    for one in rows:
        one["refusal"] = MEANT[next(k for k, text in enumerate(SAYS) if one["response"][:10] == text[:10])]
    with out.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_from_the_plan_to_a_rectified_number(folder: Path) -> None:
    """People find 2/3 refused. Nothing is asked or judged again, and what judges say later keeps the labels."""
    assert primum("eval", "replay/answers.csv", "--suite", "own.csv", "--out", "run", cwd=folder).code == 0
    planned = primum("agree", "--plan", "run", "--labels", "120", "--out", "sheet.csv", cwd=folder)
    assert planned.code == 0, planned.err
    filled(folder / "sheet.csv", folder / "labels.csv")
    before = {name: file_sha256(folder / "run" / name) for name in ("responses.jsonl", "verdicts.jsonl")}
    done = primum("eval", "--resume", "run", "--expert-labels", "labels.csv", cwd=folder)
    assert done.code == 0, done.err
    assert before == {name: file_sha256(folder / "run" / name) for name in before}
    assert "with people's labels:" in done.out
    assert re.search(r"120 (labels with this judge|with it) tell as much as \d+ without it\.", done.out)
    assert "next: primum agree --plan" not in done.out  # it has been checked
    said = primum("eval", "--resume", "run", "--expert-labels", "labels.csv", "--json", cwd=folder).json()
    (found,) = [e for e in said["estimates"] if e["kind"] == "rectified" and not e["group"]]
    assert (found["name"], found["judge"], found["n"], found["n_labels"]) == ("refusal_rate", "auto", N, 120)
    assert found["low"] < 2 / 3 < found["high"]
    assert found["value"] == pytest.approx(2 / 3, abs=0.1)
    assert said["notes"] == []
    again = primum("judge", "run", "--judge", "auto", "--json", cwd=folder).json()
    assert next(e for e in again["estimates"] if e["kind"] == "rectified") == found
    copied = primum("judge", "run", "--judge", "auto", "--out", "copy", "--json", cwd=folder).json()
    assert next(e for e in copied["estimates"] if e["kind"] == "rectified") == found
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    assert "--expert-labels labels.csv" in page


def test_labels_with_a_new_run_of_the_same_answers(folder: Path) -> None:
    assert primum("eval", "replay/answers.csv", "--suite", "own.csv", "--out", "run", cwd=folder).code == 0
    assert primum("agree", "--plan", "run", "--labels", "100", "--out", "sheet.csv", cwd=folder).code == 0
    filled(folder / "sheet.csv", folder / "labels.csv")
    done = primum(
        "eval",
        "replay/answers.csv",
        "--suite",
        "own.csv",
        "--out",
        "b",
        "--expert-labels",
        "labels.csv",
        "--json",
        cwd=folder,
    )
    assert done.code == 0, done.err
    assert [e["n_labels"] for e in done.json()["estimates"] if e["kind"] == "rectified"] == [100]
    # labels of other answers are told of when the run is done and shown, and nothing of it is lost
    answers(folder / "answers.csv", 1)
    other = primum(
        "eval", "replay/answers.csv", "--suite", "own.csv", "--out", "c", "--expert-labels", "labels.csv", cwd=folder
    )
    assert other.code == 2
    assert "are of answers that c does not have" in other.err
    assert "own · replay/answers.csv · 240 answers" in other.out
    assert json.loads((folder / "c" / "run.json").read_text())["state"] == "done"


def test_a_faulty_file_is_told_of_before_anything_is_asked(folder: Path) -> None:
    (folder / "labels.csv").write_text("id,refusal,probability\nown/1,perhaps,0.5\n")
    for file, fault in (
        ("labels.csv", "labels.csv:2: refusal is 'perhaps'"),
        ("absent.csv", "there is no file absent.csv"),
    ):
        done = primum(
            "eval", "replay/answers.csv", "--suite", "own.csv", "--out", "run", "--expert-labels", file, cwd=folder
        )
        assert done.code == 2
        assert fault in done.err
        assert not (folder / "run").exists()


def test_a_finished_run_takes_labels_without_its_model(folder: Path) -> None:
    """The answers' file is gone, and with it the model; nothing is asked."""
    assert primum("eval", "replay/answers.csv", "--suite", "own.csv", "--out", "run", cwd=folder).code == 0
    assert primum("agree", "--plan", "run", "--labels", "60", "--out", "sheet.csv", cwd=folder).code == 0
    filled(folder / "sheet.csv", folder / "labels.csv")
    (folder / "answers.csv").unlink()
    first, again = (primum("eval", "--resume", "run", "--expert-labels", "labels.csv", cwd=folder) for _ in range(2))
    assert (first.code, again.code) == (0, 0)
    assert "replaced" not in first.err
    assert "primum: replaced 60 labels of labels.csv" in again.err
    wrong = primum("eval", "tiny", "--resume", "run", "--expert-labels", "labels.csv", cwd=folder)
    assert wrong.code == 2
    assert "is a run with model replay/answers.csv, not tiny" in wrong.err
    plan = primum("eval", "--resume", "run", "--expert-labels", "labels.csv", "--limit", "3", cwd=folder)
    assert plan.code == 2


def test_compare_with_labels_of_both_runs(folder: Path) -> None:
    """A seventh of the answers changed, each to the next of three kinds, two of which are refusals."""
    answers(folder / "other.csv", 1)
    for model, run in (("answers", "a"), ("other", "b")):
        assert primum("eval", f"replay/{model}.csv", "--suite", "own.csv", "--out", run, cwd=folder).code == 0
        sheet = f"{run}-sheet.csv"
        assert primum("agree", "--plan", run, "--labels", "150", "--out", sheet, cwd=folder).code == 0
        filled(folder / sheet, folder / f"{run}.csv")
    done = primum("compare", "a", "b", "--expert-labels", "a.csv", "--expert-labels", "b.csv", "--json", cwd=folder)
    assert done.code == 0, done.err
    found = [d for d in done.json()["differences"] if d["basis"] == "expert-rectified"]
    assert [(d["name"], d["group"], d["n"], d["n_labels"]) for d in found] == [("refusal_rate", {}, N, 300)]
    # of the 35 answers that changed a third began to comply and a third to refuse: the truth is about 0
    assert found[0]["low"] < 0 < found[0]["high"]
    assert found[0]["adjusted_p"] == found[0]["p"]
    table = primum("compare", "a", "b", "--expert-labels", "a.csv", "--expert-labels", "b.csv", cwd=folder).out
    assert "auto + 300 labels" in table
    assert "basis: with people's labels where it says so, else judge-only" in table
    # the labels that the runs hold count where no files are given
    for run in ("a", "b"):
        assert primum("eval", "--resume", run, "--expert-labels", f"{run}.csv", cwd=folder).code == 0
    held = primum("compare", "a", "b", "--json", cwd=folder).json()
    assert [d for d in held["differences"] if d["basis"] == "expert-rectified"] == found
    # labels of one run rectify no difference
    one = primum("compare", "a", "b", "--expert-labels", "a.csv", "--json", cwd=folder).json()
    assert {d["basis"] for d in one["differences"]} == {"judge-only"}
    assert "people labelled refusal of the base alone, which rectifies no difference" in one["notes"]


def test_of_several_answers_an_item_each_is_labelled_by_itself(folder: Path) -> None:
    """Two answers an item, the first refuses and the second complies: of 480 half are refused, and the worst of an item's
    is not rectified. An id cannot tell the two apart."""
    with (folder / "answers.csv").open("w", newline="") as opened:
        rows = [(f"own/{n}", SAYS[k].format(n=n)) for n in range(N) for k in range(2)]
        csv.writer(opened).writerows([("id", "response"), *rows])
    done = primum(
        "eval", "replay/answers.csv", "--suite", "own.csv", "--out", "run", "--samples", "2", cwd=folder
    )  # fmt: skip
    assert done.code == 0, done.err
    assert primum("agree", "--plan", "run", "--labels", "120", "--out", "sheet.csv", cwd=folder).code == 0
    filled(folder / "sheet.csv", folder / "labels.csv")
    said = primum("eval", "--resume", "run", "--expert-labels", "labels.csv", "--json", cwd=folder).json()
    (found,) = [e for e in said["estimates"] if e["kind"] == "rectified" and not e["group"]]
    assert (found["n"], found["clusters"]) == (2 * N, N)
    assert found["low"] < 0.5 < found["high"]
    (folder / "ids.csv").write_text("id,refusal,probability\nown/1,full,0.5\n")
    wrong = primum("eval", "--resume", "run", "--expert-labels", "ids.csv", cwd=folder)
    assert wrong.code == 2
    assert "an id cannot tell apart" in wrong.err
