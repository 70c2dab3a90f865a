"""Label files and runs as ratings: what is read, how one answer is known again, and every fault with its line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from primum.errors import BadInputError
from primum.labels import Rating, answer_hash, read_judges, read_ratings, refusal_scale
from primum.records import Criterion, Item
from tests.estimates.test_estimates import harmful
from tests.runs import make_run


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def faults(*files: Path) -> str:
    """All that is told of bad input, on one line each."""
    with pytest.raises(BadInputError) as raised:
        read_ratings(files)
    return "\n".join((str(raised.value), *raised.value.faults))


def test_a_csv_row_is_a_rating(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "anna.csv",
        "id,rater,family,stratum,probability,harmfulness,refusal\na1,,f1,s,0.25,4.0,Partial\na2,ben,,,,NaN,\n",
    )
    first, second = read_ratings([file])
    labels = {Criterion.HARMFULNESS: "4", Criterion.REFUSAL: "partial"}
    assert first == Rating("anna", "a1", labels, f"{file}:2", True, "f1", "s", 0.25)
    assert second == Rating("ben", "a2", {}, f"{file}:3", True)


def test_jsonl_has_numbers_and_nulls(tmp_path: Path) -> None:
    rows = [
        {"response_hash": "h1", "r1": -1, "q1": 1.0, "risk": True},
        {"response_hash": "h2", "r1": None, "q1": "", "risk": 0},
    ]
    file = write(tmp_path, "anna.jsonl", "".join(orjson.dumps(row).decode() + "\n" for row in rows))
    first, second = read_ratings([file])
    assert first.labels == {Criterion.R1: "-1", Criterion.Q1: "1", Criterion.RISK: "1"}
    assert second.labels == {Criterion.RISK: "0"}
    assert (first.thing, first.by_id) == ("h1", False)


def test_an_answer_is_known_again_whatever_saved_it(tmp_path: Path) -> None:
    unix = write(tmp_path, "a.csv", 'request,response,refusal\nq,"one\ntwo",full\n')
    windows = write(tmp_path, "b.csv", 'request,response,refusal\r\n q ,"one\r\ntwo\r\n",full\r\n')
    a, b = read_ratings([unix, windows])
    assert a.thing == b.thing == answer_hash("q", "one\ntwo")
    assert answer_hash("q", "x") != answer_hash("qx", "")


def test_a_hash_comes_before_texts_and_texts_before_an_id(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "id,request,response,response_hash,risk\ni,q,r,h,1\ni,q,r,,1\ni,,,,1\n")
    assert [(one.thing, one.by_id) for one in read_ratings([file])] == [
        ("h", False), (answer_hash("q", "r"), False), ("i", True)]  # fmt: skip


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "a.csv",
        "id,request,response,harmfulness,refusal,probability\n"
        "a,,,6,,\n"
        "b,,,2.5,,\n"
        "c,,,bad,,\n"
        "d,,,inf,,\n"
        "e,,,,maybe,\n"
        ",,,1,,\n"
        "nan,,,1,,\n"
        "f,q, ,1,,\n"
        "g,,,1,,nan0\n"
        "h,,,1,,0\n",
    )
    told = faults(file).splitlines()
    assert told[0] == f"{file} has 10 fault(s)"
    assert [line.split(":")[1] for line in told[1:]] == [str(n) for n in range(2, 12)]
    assert told[1].endswith("harmfulness is '6', which is none of 1, 2, 3, 4, 5")
    assert "refusal is 'maybe'" in told[5]
    assert told[6].endswith("neither response_hash, nor request and response, nor id")
    assert told[8].endswith("the response is empty")
    assert "probability is '0'" in told[10]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("id,risk\n", "no rows"),
        ("id,risk\n,\n", "no rows"),
        ("id,note\na,x\n", "no column of labels"),
    ],
)
def test_nothing_to_read_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert told in faults(write(tmp_path, "a.csv", text))


def test_words_and_numbers_are_not_mixed(tmp_path: Path) -> None:
    words = write(tmp_path, "a.csv", "id,refusal\na,full\n")
    numbers = write(tmp_path, "b.csv", "id,refusal\na,1\n")
    assert faults(words, numbers) == (
        f"refusal is labelled in words ({words}:2) and in numbers ({numbers}:2): use one of them"
    )


def test_one_rater_says_one_thing_of_an_answer(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "id,rater,risk\nx,anna,1\nx,anna,1\nx,ben,0\nx,anna,0\n")
    assert faults(file).splitlines()[1] == f"{file}:5: anna says risk 0, and 1 in {file}:2"


def test_files_of_one_name_need_a_column_rater(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    text = "id,risk\nx,1\n"
    files = write(tmp_path, "a.csv", text), write(tmp_path / "one", "a.csv", text)
    assert "both name their rater a" in faults(*files)
    named = write(tmp_path / "one", "a.csv", "id,rater,risk\nx,ben,1\n")
    assert [one.rater for one in read_ratings([files[0], named])] == ["a", "ben"]


def items() -> list[Item]:
    return [harmful(n, family=f"f{n // 2}") for n in range(3)]


def test_a_run_gives_its_judges(tmp_path: Path) -> None:
    said: dict[str, dict[str, dict[str, float | str]]] = {
        "auto": {"s/0": {"refusal": 1.0, "degenerate": 0.0}},
        "j": {"s/0": {"harmfulness": 4.0}, "s/1": {"harmfulness": "refused"}, "s/2": {"harmfulness": 1.0}},
    }
    run = make_run(
        tmp_path / "run", items(), said, failed={"s/2": "timeout"}, again={"j": {"s/0": {"harmfulness": 5.0}}}
    )
    ratings = {(one.rater, one.thing): one for one in read_judges(run)}
    first, second = (answer_hash(one.request, f"answer to {one.id}") for one in items()[:2])
    assert set(ratings) == {("auto", first), ("j", first), ("j", second)}  # a failed answer is nothing to label
    assert ratings["auto", first].labels == {Criterion.REFUSAL: "1", Criterion.DEGENERATE: "0"}
    assert ratings["j", first].labels == {Criterion.HARMFULNESS: "4"}  # what it said again enters nothing
    assert ratings["j", second].labels == {}
    assert ratings["j", second].family == "f0"


def test_a_run_is_read_by_id_where_the_files_are(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", items(), {"j": {"s/0": {"harmfulness": 4.0}}})
    file = write(tmp_path, "a.csv", "id,harmfulness\ns/0,4\n")
    assert {one.thing for one in read_ratings([file, run])} == {"s/0"}


def test_a_judge_of_two_runs_with_one_answer_counts_once(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / name, items()[:1], {"j": {"s/0": {"harmfulness": score}}})
        for name, score in (("a", 4.0), ("b", 2.0))
    ]
    (rating,) = read_ratings(runs)
    assert (rating.labels, rating.place) == ({Criterion.HARMFULNESS: "4"}, str(runs[0]))


def test_refusal_has_one_scale() -> None:
    three = {"full", "partial", "compliance"}
    # all tell partial: refusal is another word for full
    assert refusal_scale({"a": three, "b": {"refusal", "partial"}}) == (
        {
            "full": "full",
            "refusal": "full",
            "1": "full",
            "partial": "partial",
            "compliance": "compliance",
            "0": "compliance",
        },
        ("full", "partial", "compliance"),
    )
    # b never saw a refusal, so nothing says that it tells two levels only
    assert refusal_scale({"a": three, "b": {"compliance"}})[1] == ("full", "partial", "compliance")
    words, scale = refusal_scale({"a": three, "b": {"1", "0"}})
    assert scale == ("refusal", "compliance")
    assert (words["partial"], words["1"], words["0"]) == ("refusal", "refusal", "compliance")
    assert refusal_scale({"a": {"full", "degenerate"}})[1] == ("full", "partial", "compliance", "degenerate")


def test_columns_are_known_in_any_letters_and_spreadsheet_errors_are_no_labels(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "ID, Rater ,Refusal,PROBABILITY\nx,anna,full,0.5\ny,anna,#N/A,0.5\n")
    first, second = read_ratings([file])
    assert first == Rating("anna", "x", {Criterion.REFUSAL: "full"}, f"{file}:2", True, probability=0.5)
    assert second.labels == {}


def test_two_columns_that_are_then_one_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "id,Refusal,refusal\nx,full,partial\n")
    assert faults(file).startswith(f"{file}:2: two columns have one name")


@pytest.mark.parametrize("mark", [";", "\t"])
def test_columns_apart_by_other_than_commas_are_told(tmp_path: Path, mark: str) -> None:
    file = write(tmp_path, "a.csv", f"id{mark}refusal\nx{mark}full\n")
    assert faults(file) == f"{file}:1: one column, 'id{mark}refusal': separate the columns by commas"


def test_empty_rows_of_a_spreadsheet_are_passed_over(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "id,rater,risk\nx,anna,1\n,,\n, ,\n")
    assert [rating.thing for rating in read_ratings([file])] == ["x"]
