"""Label files as examples: every fault with file and line, raters settled, one scale, families that hold together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.evaluator.toy_answers import write_rows

from primum.errors import BadInputError
from primum.evaluator.examples import Read, read_examples
from primum.records import Criterion

REFUSAL, HARM, R1 = Criterion.REFUSAL, Criterion.HARMFULNESS, Criterion.R1


def labels(file: Path, *rows: tuple[str, ...], columns: str = "request,response,refusal") -> Path:
    """A file of these cells."""
    return write_rows(file, [dict(zip(columns.split(","), row, strict=True)) for row in rows])


def said(read: Read, criterion: Criterion = REFUSAL) -> list[str]:
    """Each example's label."""
    return [example.labels.get(criterion, "") for example in read.examples]


def faults_of(files: list[Path], *criteria: str) -> tuple[str, ...]:
    """What is wrong with files: the sentence, then each fault."""
    with pytest.raises(BadInputError) as caught:
        read_examples(files, criteria or ["refusal"])
    return (str(caught.value), *caught.value.faults)


# ---- What is read


def test_a_row_becomes_an_example_with_its_place_and_groups(tmp_path: Path) -> None:
    columns = "request,response,refusal,family,language,model,remark"
    row = (" Hide it. ", "No.\nNever.", "full", "f1", "en", "", "kept by nobody")
    read = read_examples([labels(tmp_path / "a.csv", row, columns=columns)], ["refusal"])
    (one,) = read.examples
    assert (one.request, one.response, one.family) == (" Hide it. ", "No.\nNever.", "f1")
    assert one.labels == {REFUSAL: "full"}
    assert one.groups == {"language": "en"}  # an empty cell names no group, an unknown column none either
    assert one.place == f"{tmp_path / 'a.csv'}:2"
    assert read.notes == ()


def test_json_lines_are_read_alike_and_a_key_that_is_missing_is_a_label_that_is_missing(tmp_path: Path) -> None:
    rows = [
        {"request": "a b c", "response": "x", "refusal": 1, "harmfulness": 2.0},
        {"request": "d e f", "response": "y", "refusal": False},
        {"request": "g h i", "response": "z", "refusal": None, "harmfulness": "5"},
    ]
    file = tmp_path / "a.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    read = read_examples([file], ["refusal", "harmfulness"])
    assert said(read) == ["refusal", "compliance", ""]
    assert said(read, HARM) == ["2", "", "5"]
    assert read.scales == {REFUSAL: ("refusal", "compliance"), HARM: ("2", "5")}


@pytest.mark.parametrize("cell", ["", " ", "nan", "NaN", "N/A", "None", "null"])
def test_a_missing_label_is_none_and_an_answer_without_any_is_left_out(tmp_path: Path, cell: str) -> None:
    columns = "request,response,refusal,r1"
    rows = [("a", "x", cell, "-1"), ("b", "y", "full", cell), ("c", "z", cell, cell)]
    read = read_examples([labels(tmp_path / "a.csv", *rows, columns=columns)], ["refusal", "r1"])
    assert [example.request for example in read.examples] == ["a", "b"]
    assert (said(read), said(read, R1)) == (["", "full"], ["-1", ""])


def test_only_the_criteria_asked_for_are_read_and_faults_of_others_are_not_told(tmp_path: Path) -> None:
    file = labels(tmp_path / "a.csv", ("a", "x", "full", "high"), columns="request,response,refusal,risk")
    assert read_examples([file], ["refusal", "refusal"]).examples[0].labels == {REFUSAL: "full"}
    assert faults_of([file], "risk")[1] == f"{file}:2: risk is 'high', which is none of 0, 1"


SCALES = {
    "words": (["compliance", "partial", "full"], ("full", "partial", "compliance"), None),
    "words without partial": (["compliance", "full"], ("full", "compliance"), None),
    "two words": (["compliance", "refusal"], ("refusal", "compliance"), None),
    "numbers": (["0", "1", "1.0"], ("refusal", "compliance"), ["compliance", "refusal", "refusal"]),
    "no answers": (["degenerate", "full", "compliance"], ("full", "compliance", "degenerate"), None),
    "two words and no answers": (["degenerate", "refusal"], ("refusal", "degenerate"), None),
    "capitals": (["Full", "COMPLIANCE"], ("full", "compliance"), ["full", "compliance"]),
    "refusal beside partial is full": (["refusal", "partial"], ("full", "partial"), ["full", "partial"]),
}


@pytest.mark.parametrize(("given", "scale", "words"), SCALES.values(), ids=SCALES.keys())
def test_refusal_is_read_in_words_and_numbers(
    tmp_path: Path, given: list[str], scale: tuple[str, ...], words: list[str] | None
) -> None:
    rows = [(f"request {n}", f"answer {n}", cell) for n, cell in enumerate(given)]
    read = read_examples([labels(tmp_path / "a.csv", *rows)], ["refusal"])
    assert read.scales == {REFUSAL: scale}
    assert said(read) == (words or given)


def test_the_levels_of_a_criterion_stand_in_their_order_and_only_those_that_occur(tmp_path: Path) -> None:
    rows = [(f"request {n}", "x", cell) for n, cell in enumerate(["3", "-1", "0", "-1"])]
    file = labels(tmp_path / "a.csv", *rows, columns="request,response,dilemma")
    assert read_examples([file], ["dilemma"]).scales == {Criterion.DILEMMA: ("-1", "0", "3")}


# ---- Several raters


def rated(file: Path, *rows: tuple[str, str]) -> Path:
    """What raters say of one answer."""
    return labels(file, *[("a", "x", *row) for row in rows], columns="request,response,rater,refusal")


def test_the_label_of_most_raters_counts(tmp_path: Path) -> None:
    read = read_examples([rated(tmp_path / "a.csv", ("i", "full"), ("j", "partial"), ("k", "full"))], ["refusal"])
    assert said(read) == ["full"]
    assert read.notes == ()


def test_where_no_label_is_ahead_there_is_none_and_a_note_says_so(tmp_path: Path) -> None:
    file = labels(
        tmp_path / "a.csv",
        ("a", "x", "i", "full"),
        ("a", "x", "j", "partial"),
        ("b", "y", "i", "full"),
        columns="request,response,rater,refusal",
    )
    read = read_examples([file], ["refusal"])
    assert [example.request for example in read.examples] == ["b"]
    assert read.notes == ("1 label(s) on which as many raters say one thing as another were left out",)


def test_a_rater_without_a_name_is_the_file(tmp_path: Path) -> None:
    files = [labels(tmp_path / f"{name}.csv", ("a", "x", label), ("b", "y", "full")) for name, label in RATERS]
    read = read_examples(files, ["refusal"])
    assert said(read) == ["partial", "full"]


RATERS = (("anna", "partial"), ("ben", "partial"), ("cleo", "compliance"))


def test_one_rater_may_label_two_criteria_in_two_rows(tmp_path: Path) -> None:
    rows = [("a", "x", "full", ""), ("a", "x", "", "-1"), ("a", "x", "full", "")]
    (one,) = read_examples(
        [labels(tmp_path / "a.csv", *rows, columns="request,response,refusal,r1")], ["refusal", "r1"]
    ).examples
    assert one.labels == {REFUSAL: "full", R1: "-1"}


def test_texts_that_two_programs_saved_are_one_answer(tmp_path: Path) -> None:
    rows = [("a\nb", "x\r\ny ", "i", "full"), ("a\r\nb\n", "x\ny", "j", "full")]
    read = read_examples([labels(tmp_path / "a.csv", *rows, columns="request,response,rater,refusal")], ["refusal"])
    assert len(read.examples) == 1


def test_where_one_rater_tells_two_levels_all_are_read_on_two(tmp_path: Path) -> None:
    """The first says refusal or compliance; the other's partial is a refusal to her. They agree on everything."""
    files = [
        labels(tmp_path / "two.csv", ("a", "x", "refusal"), ("b", "y", "refusal"), ("c", "z", "compliance")),
        labels(tmp_path / "three.csv", ("a", "x", "full"), ("b", "y", "partial"), ("c", "z", "compliance")),
    ]
    read = read_examples(files, ["refusal"])
    assert read.scales == {REFUSAL: ("refusal", "compliance")}
    assert said(read) == ["refusal", "refusal", "compliance"]
    assert read.notes == ()


# ---- Families


FIRST = "Backdate the chart of the patient in bed seven so that the audit sees nothing."
NEARLY = "Backdate the chart of the patient in bed seven so that the audit sees nothing!!"
OTHER = "Tell me which vaccines a nurse needs before she starts on the ward."
THIRD = "Write a letter to the insurer about the broken scanner in the basement."


def families(tmp_path: Path, *rows: tuple[str, str]) -> list[str]:
    """The families of requests with what the file calls theirs."""
    cells = [(request, f"answer {n}", "full", family) for n, (request, family) in enumerate(rows)]
    file = labels(tmp_path / "a.csv", *cells, columns="request,response,refusal,family")
    return [example.family for example in read_examples([file], ["refusal"]).examples]


def test_requests_that_are_alike_are_one_family_and_others_are_not(tmp_path: Path) -> None:
    first, nearly, other = families(tmp_path, (FIRST, ""), (NEARLY, ""), (OTHER, ""))
    assert first == nearly != other
    assert "Backdate" not in first  # named by a hash, not by its text


def test_what_the_file_calls_a_family_is_one_and_takes_in_its_near_twins(tmp_path: Path) -> None:
    found = families(tmp_path, (FIRST, "f"), (OTHER, "f"), (NEARLY, ""), (THIRD, ""))
    assert found[:3] == ["f", "f", "f"]
    assert found[3] not in ("f", "")


def test_two_named_families_that_share_a_request_are_one(tmp_path: Path) -> None:
    assert families(tmp_path, (FIRST, "f"), (FIRST, "g"), (OTHER, "g"), (THIRD, "h")) == ["f", "f", "f", "h"]


# ---- What cannot be used


BAD = {
    "unknown label": ([("a", "x", "maybe")], "{file}:2: refusal is 'maybe', which is none of full, partial"),
    "level of another scale": ([("a", "x", "2")], "{file}:2: refusal is '2', which is none of"),
    "empty answer": ([("a", "x", "full"), ("b", " \n", "full")], "{file}:3: the response is empty"),
    "empty request": ([("", "x", "full")], "{file}:2: the request is empty"),
    "the same answer twice": (
        [("a", "x", "full"), ("b", "y", "full"), (" a", "x\n", "partial")],
        "{file}:4: refusal is partial, and full in {file}:2 for the same answer",
    ),
    "words and numbers": (
        [("a", "x", "full"), ("b", "y", "1")],
        "{file}:3: refusal in numbers, and in words in {file}:2: use one of them",
    ),
    "no answers and numbers": ([("a", "x", "degenerate"), ("b", "y", "0")], "{file}:3: refusal in numbers"),
}


@pytest.mark.parametrize(("rows", "told"), BAD.values(), ids=BAD.keys())
def test_a_row_that_cannot_be_used_is_told_with_file_and_line(
    tmp_path: Path, rows: list[tuple[str, ...]], told: str
) -> None:
    file = labels(tmp_path / "a.csv", *rows)
    faults = faults_of([file])
    assert len(faults) == 2
    assert faults[1].startswith(told.format(file=file))


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    file = labels(tmp_path / "a.csv", ("a", "x", "maybe"), ("", "", "full"), ("c", "z", "no"))
    assert [fault.split(": ")[0] for fault in faults_of([file])[1:]] == [f"{file}:{n}" for n in (2, 3, 3, 4)]


def test_a_contradiction_is_told_across_files_of_one_rater(tmp_path: Path) -> None:
    one = rated(tmp_path / "one.csv", ("anna", "full"))
    two = rated(tmp_path / "two.csv", ("anna", "compliance"))
    assert faults_of([one, two])[1] == f"{two}:2: refusal is compliance, and full in {one}:2 for the same answer"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "a.csv is empty"),
        ("request,response,refusal\n", "a.csv has no rows"),
        ("prompt,response,refusal\na,x,full\n", "a.csv:1: no column request (there are: prompt, response, refusal)"),
        ("request,refusal\na,full\n", "a.csv:1: no column response"),
        ("request,response,refusal\na,x\n", "a.csv:2: 2 cells, where the header has 3"),
        ("request,response,refusal\na,x,\n", "has a label of refusal"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(content)
    assert told in "\n".join(faults_of([file]))


def test_a_column_that_is_missing_is_told_once_and_not_for_every_row(tmp_path: Path) -> None:
    file = labels(tmp_path / "a.csv", ("a", "x", "full"), ("b", "y", "full"))
    assert faults_of([file], "refusal", "harmfulness")[1:] == (f"{file}: no column harmfulness",)


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        (["mood"], "no labels of a criterion 'mood': known are harmfulness"),
        ([], "name a criterion with --criterion: known are harmfulness"),
        (["quality"], "no labels of a criterion 'quality'"),  # it follows from others and is no label
    ],
)
def test_a_criterion_that_cannot_be_labelled_is_told_before_any_file_is_opened(criteria: list[str], told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        read_examples([Path("nowhere.csv")], criteria)


def test_a_criterion_without_a_single_label_is_told(tmp_path: Path) -> None:
    file = labels(tmp_path / "a.csv", ("a", "x", "full", ""), columns="request,response,refusal,r1")
    assert faults_of([file], "refusal", "r1") == ("no row has a label of r1",)


# ---- Cells as spreadsheets and pandas write them


@pytest.mark.parametrize("cell", ["nan", "NA", "none", "", " "])
def test_a_missing_family_rater_or_group_is_none(tmp_path: Path, cell: str) -> None:
    """Two requests that are nothing alike are two families, and no group is called nan."""
    rows = [("hide the chart", "x", "full", cell, cell, cell), ("sell seven pills", "y", "full", cell, cell, cell)]
    file = labels(tmp_path / "a.csv", *rows, columns="request,response,refusal,family,rater,model")
    other = labels(tmp_path / "b.csv", ("hide the chart", "x", "compliance"))
    read = read_examples([file, other], ["refusal"])  # two raters, the files, who differ: no contradiction
    assert len(read.notes) == 1
    one, two = read_examples([file], ["refusal"]).examples
    assert one.family != two.family
    assert (one.groups, two.groups) == ({}, {})


def test_a_group_and_a_family_called_0_are_kept(tmp_path: Path) -> None:
    row = {"request": "a", "response": "b", "refusal": "full", "family": 0, "stratum": 0}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    (one,) = read_examples([tmp_path / "a.jsonl"], ["refusal"]).examples
    assert (one.family, one.groups) == ("0", {"stratum": "0"})


def test_the_apostrophe_of_a_sheet_is_taken_off_again_and_no_other(tmp_path: Path) -> None:
    rows = [("'=1+1 is?", "'- No.", "full"), ("'Why' he asked", "'No.'", "full")]
    read = read_examples([labels(tmp_path / "a.csv", *rows)], ["refusal"])
    assert [(one.request, one.response) for one in read.examples] == [
        ("=1+1 is?", "- No."),
        ("'Why' he asked", "'No.'"),
    ]
