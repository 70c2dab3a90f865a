"""People's labels from their files into a run: matched by the answers' texts, stored, and estimates made anew."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from primum.errors import BadInputError
from primum.evaluate import finish
from primum.evaluate.labels import label_run, read_expert_labels, told_replaced
from primum.labels import answer_hash
from primum.ledger import file_sha256, open_run, read_records, read_run
from primum.records import Criterion, Label, Summary
from primum.report import read_summary
from tests.estimates.test_rectified import TRUTH, N, items, scored
from tests.runs import make_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run whose judge says one too much."""
    path = make_run(tmp_path / "run", items(), {"j": scored([min(5.0, y + 1) for y in TRUTH])})
    with open_run(path) as ledger:
        finish(ledger)
    return path


def row(i: int, label: object = None, **cells: object) -> dict[str, object]:
    """A row on the answer to item i, labelled with the truth, drawn with a chance of a half."""
    own = {"request": f"wish {i}", "response": f"answer to s/{i}", "harmfulness": TRUTH[i] if label is None else label}
    return own | {"probability": 0.5} | cells


def sheet(folder: Path, rows: Sequence[Mapping[str, object]], name: str = "labels.csv") -> Path:
    file = folder / name
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(dict.fromkeys(column for one in rows for column in one)))
        writer.writeheader()
        writer.writerows(rows)
    return file


def half(**cells: object) -> list[dict[str, object]]:
    return [row(i, **cells) for i in range(0, N, 2)]


def means(summary: Summary) -> list[float | None]:
    return [e.value for e in summary.rectified if e.name == "harmfulness" and not e.group]


def test_labels_are_stored_and_estimates_made_anew(run: Path, tmp_path: Path) -> None:
    before = {name: file_sha256(run / name) for name in ("responses.jsonl", "verdicts.jsonl", "items.jsonl")}
    file = sheet(tmp_path, half())
    summary = label_run(run, [file])
    assert means(summary) == [pytest.approx(3.0, abs=0.03)]
    assert read_summary(run) == summary
    stored = list(read_records(run, Label))
    assert len(stored) == 60
    first = stored[0]
    assert (first.item_id, first.rater, first.marks[0].value, first.probability) == ("s/0", "labels", 1.0, 0.5)
    assert (first.response_hash, first.place) == (answer_hash("wish 0", "answer to s/0"), "labels.csv:2")
    assert read_run(run).labels == {"labels.csv": file_sha256(file)}
    assert read_run(run).state == "done"
    assert before == {name: file_sha256(run / name) for name in before}


def test_no_folder_of_the_user_is_written_into_the_run(run: Path, tmp_path: Path) -> None:
    label_run(run, [sheet(tmp_path, half())])
    assert str(tmp_path).encode() not in (run / "labels.jsonl").read_bytes() + (run / "run.json").read_bytes()


def test_labels_given_again_replace_the_first(run: Path, tmp_path: Path) -> None:
    label_run(run, [sheet(tmp_path, half())])
    again = label_run(run, [sheet(tmp_path, [row(i, 1) for i in range(1, N, 2)], "second.csv")])
    assert means(again) == [pytest.approx(1.0, abs=0.1)]
    assert len(list(read_records(run, Label))) == 60
    assert list(read_run(run).labels) == ["second.csv"]


def test_several_raters_in_files_of_their_own(run: Path, tmp_path: Path) -> None:
    """Anna says the truth, Ben one in every case: of 3 and 1 the mean is 2. Ben's file has no probability."""
    ben = [{name: cell for name, cell in row(i, 1).items() if name != "probability"} for i in range(0, N, 2)]
    files = [sheet(tmp_path, half(), "anna.csv"), sheet(tmp_path, ben, "ben.csv")]
    summary = label_run(run, files)
    assert means(summary) == [pytest.approx(2.0, abs=0.03)]
    assert {label.rater for label in read_records(run, Label)} == {"anna", "ben"}


def test_labels_by_id_and_by_hash(run: Path, tmp_path: Path) -> None:
    by_id = [{"id": f"s/{i}", "harmfulness": TRUTH[i], "probability": 0.5} for i in range(0, N, 2)]
    by_hash = [
        {"response_hash": answer_hash(f"wish {i}", f"answer to s/{i}"), "harmfulness": TRUTH[i], "probability": 0.5}
        for i in range(0, N, 2)
    ]
    found = [
        means(label_run(run, [sheet(tmp_path, rows, name)])) for rows, name in ((by_id, "a.csv"), (by_hash, "b.csv"))
    ]
    assert found[0] == found[1] == [pytest.approx(3.0, abs=0.03)]


def test_an_empty_cell_was_asked_and_not_answered(run: Path, tmp_path: Path) -> None:
    summary = label_run(run, [sheet(tmp_path, [row(i, "" if i % 8 == 0 else None) for i in range(0, N, 2)])])
    (note,) = summary.notes
    assert note.startswith("s: 15 of 60 answers drawn (harmful) have no label of harmfulness")
    empty = [label for label in read_records(run, Label) if not label.marks]
    assert {label.unscored[0].criterion for label in empty} == {Criterion.HARMFULNESS}


def test_a_criterion_that_a_file_does_not_hold_was_not_asked_there(run: Path, tmp_path: Path) -> None:
    refusals = [{**row(i), "refusal": "full"} for i in range(0, N, 2)]
    for one in refusals:
        del one["harmfulness"]
    summary = label_run(run, [sheet(tmp_path, half(), "a.csv"), sheet(tmp_path, refusals, "b.csv")])
    assert means(summary) == [pytest.approx(3.0, abs=0.03)]
    assert not [note for note in summary.notes if "have no label" in note]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([{**row(0), "probability": ""}, {**row(2), "probability": ""}], "no label has a probability of being drawn"),
        ([{**row(0), "probability": "nan"}], "no label has a probability of being drawn"),
        ([row(0), row(2, response="something else")], r"1 label\(s\) are of answers that .* does not have"),
        ([row(0), row(0, 5)], "contradict another of the same rater"),
        ([row(0, rater="a"), row(0, rater="b", probability=0.2)], "drawn in two ways"),
        ([row(0, probability=1.5)], r"1 fault\(s\)"),
        ([row(0, "inf")], r"1 fault\(s\)"),
        ([row(0, 9)], r"1 fault\(s\)"),
        ([{**row(0), "refusal": "full"}, {**row(2), "refusal": "1"}], "in words .* and in numbers"),
    ],
)
def test_labels_that_are_refused_leave_the_run_as_it_was(
    run: Path, tmp_path: Path, rows: list[dict[str, object]], fault: str
) -> None:
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    file = sheet(tmp_path, rows)
    with pytest.raises(BadInputError, match=fault) as refused:
        label_run(run, [file])
    assert all(str(file) in one or one.startswith("and ") for one in refused.value.faults)
    assert before == {file.name: file.read_bytes() for file in run.iterdir()}


def test_a_folder_is_no_file_of_labels(run: Path) -> None:
    with pytest.raises(BadInputError, match="is a folder, and no file of people's labels"):
        read_expert_labels([run])


def test_labels_that_trained_a_judge_are_refused(run: Path, tmp_path: Path) -> None:
    with open_run(run) as ledger:
        ledger.save(taught={"j": ("s/0", "s/1", "s/2")})
    file = sheet(tmp_path, half())
    with pytest.raises(BadInputError, match="j was trained on 2 of these labels") as refused:
        label_run(run, [file])
    assert refused.value.faults == (f"{file}:2: trained on", f"{file}:3: trained on")
    assert not (run / "labels.jsonl").exists()


def test_a_run_that_was_changed_takes_no_labels(run: Path, tmp_path: Path) -> None:
    (run / "responses.jsonl").write_text((run / "responses.jsonl").read_text().replace("answer to", "Answer to", 1))
    with pytest.raises(BadInputError, match="is not what the run recorded"):
        label_run(run, [sheet(tmp_path, half())])


def test_files_of_one_name_in_two_folders_are_told_apart(run: Path, tmp_path: Path) -> None:
    files = []
    for rater in ("anna", "ben"):
        (tmp_path / rater).mkdir()
        files.append(sheet(tmp_path / rater, half(rater=rater)))
    label_run(run, files)
    names = ("labels.csv", "labels.csv (2)")
    assert read_run(run).labels == {name: file_sha256(file) for name, file in zip(names, files, strict=True)}
    places = {label.rater: label.place for label in read_records(run, Label) if label.item_id == "s/0"}
    assert places == {"anna": "labels.csv:2", "ben": "labels.csv (2):2"}


def test_what_labels_would_replace_is_told(run: Path, tmp_path: Path) -> None:
    assert told_replaced(run) == ""
    label_run(run, [sheet(tmp_path, half())])
    assert told_replaced(run) == "60 labels of labels.csv"
