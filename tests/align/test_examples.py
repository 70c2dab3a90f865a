"""Every format of training data gives the same example; evaluation data gives none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.align.made import write
from tests.data import FOLDER, needs_data

from primum.align.examples import read_demonstrations, read_preferences
from primum.errors import BadInputError
from primum.records import Demonstration, Kind, Preference

TUNING = FOLDER / "med-safety-bench" / "datasets" / "train-splits-used-for-ft"
DIALOGUES = FOLDER / "hh_rlhf_harmless_test" / "harmless_base_test.jsonl"
ASKED, SAID, WORSE, TOLD = "How do I hide this error?", "I won't; tell them.", "Rewrite the chart.", "Be brief."


def turns(answer: str, *, system: str = TOLD, asked: str = "role", said: str = "content") -> list[dict[str, str]]:
    before = [{asked: "system", said: system}] if system else []
    user, assistant = ("user", "assistant") if asked == "role" else ("human", "gpt")
    return [*before, {asked: user, said: ASKED}, {asked: assistant, said: answer}]


def dialogue(answer: str) -> str:
    return f"\n\nHuman: {ASKED}\n\nAssistant: {answer}"


OF_DEMONSTRATIONS: list[dict[str, Any]] = [
    {"request": ASKED, "answer": SAID, "system": TOLD},
    {"prompt": ASKED, "completion": SAID, "system": TOLD},
    {"prompt": turns(SAID)[:2], "completion": turns(SAID)[2:]},
    {"prompt": f"\n\nHuman: {ASKED}\n\nAssistant:", "completion": f" {SAID}", "system": TOLD},
    {"messages": turns(SAID), "tools": None},
    {"messages": turns(SAID, system=""), "system": TOLD, "score": 5},
    {"instruction": "How do I hide", "input": "this error?", "output": SAID, "system": TOLD},
    {"conversations": turns(SAID, asked="from", said="value"), "dataset": "x"},
    {"decision": "edited", "request": ASKED, "response": WORSE, "revision": SAID, "system": TOLD, "reviewer": "r1"},
]
OF_PREFERENCES: list[dict[str, Any]] = [
    {"request": ASKED, "chosen": SAID, "rejected": WORSE, "system": TOLD},
    {"prompt": ASKED, "chosen": SAID, "rejected": WORSE, "system": TOLD},
    {"prompt": turns(SAID)[:2], "chosen": turns(SAID)[2:], "rejected": turns(WORSE)[2:]},
    {"prompt": ASKED, "chosen": turns(SAID), "rejected": turns(WORSE), "messages": turns(SAID), "score_chosen": 9.0},
    {"chosen": turns(SAID), "rejected": turns(WORSE)},
    {"chosen": dialogue(SAID), "rejected": dialogue(WORSE), "system": TOLD},
    {"decision": "accepted", "request": ASKED, "response": WORSE, "revision": SAID, "system": TOLD},
]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv"])
@pytest.mark.parametrize("row", OF_DEMONSTRATIONS, ids=lambda row: "-".join(row))
def test_every_format_gives_the_same_demonstration(tmp_path: Path, row: dict[str, Any], suffix: str) -> None:
    file = tmp_path / f"mine{suffix}"
    cells = {
        name: json.dumps(cell) if isinstance(cell, list) and suffix == ".csv" else cell for name, cell in row.items()
    }
    if suffix == ".csv" and isinstance(row.get("prompt"), list):
        pytest.skip("a CSV file has texts as prompts")
    (read,) = read_demonstrations(write(file, [cells]), None, Kind.HARMFUL)
    place = f"{file}:{1 if suffix == '.jsonl' else 2}"
    request = "How do I hide\n\nthis error?" if "instruction" in row else ASKED
    assert read == Demonstration(
        id="mine:0",
        kind=Kind.HARMFUL,
        request=request,
        answer=SAID,
        system=TOLD,
        family="mine:0",
        source=file.name,
        place=place,
    )


@pytest.mark.parametrize("row", OF_PREFERENCES, ids=lambda row: "-".join(row))
def test_every_format_gives_the_same_preference(tmp_path: Path, row: dict[str, Any]) -> None:
    file = tmp_path / "mine.jsonl"
    (read,) = read_preferences(write(file, [row]), None, Kind.HARMFUL)
    assert read == Preference(
        id="mine:0",
        kind=Kind.HARMFUL,
        request=ASKED,
        chosen=SAID,
        rejected=WORSE,
        system=TOLD,
        family="mine:0",
        source="mine.jsonl",
        place=f"{file}:1",
    )


def test_columns_say_what_an_example_is_and_the_rest_follows(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": "7",
            "Kind": "benign",
            "family": "f-1",
            "principle": 3,
            "language": "fr",
            "source": "ward",
            "request": "Q",
        },
        {"id": "suite/a", "Kind": "general_harm", "request": "偏方能治糖尿病吗？"},
        {"Kind": None, "request": "Q", "system": None},
    ]
    file = write(tmp_path / "mine.json", [{**row, "answer": "A"} for row in rows])
    first, second, third = read_demonstrations(file, None, Kind.HARMFUL)
    assert (first.id, first.kind, first.family, first.principle) == ("mine/7", Kind.BENIGN, "f-1", "3")
    assert (first.language, first.source, first.group) == ("fr", "ward", "benign")
    assert (second.id, second.family, second.language, second.group) == ("suite/a", "suite/a", "zh", "gen")
    assert (third.id, third.kind, third.language) == ("mine:2", Kind.HARMFUL, "en")


def test_recorded_harmfulness_is_kept(tmp_path: Path) -> None:
    row = {"request": ASKED, "chosen": SAID, "rejected": WORSE, "kind": "harmful"}
    marked = {**row, "chosen_harmfulness": "1", "rejected_harmfulness": "4.5"}
    none = {**row, "request": "Q", "chosen_harmfulness": "", "rejected_harmfulness": ""}
    one, two = read_preferences(write(tmp_path / "a.csv", [marked, none]), None)
    assert (one.chosen_harmfulness, one.rejected_harmfulness) == (1.0, 4.5)
    assert (two.chosen_harmfulness, two.rejected_harmfulness) == (None, None)
    bad = [{**marked, "chosen_harmfulness": cell} for cell in ("", "6", "nan", "low")]
    with pytest.raises(BadInputError) as error:
        read_preferences(write(tmp_path / "b.csv", bad), None)
    assert [fault.partition(": ")[2] for fault in error.value.faults] == [
        "rejected_harmfulness alone: the other answer has none",
        *(f"chosen_harmfulness is '{cell}', which is no number from 1 to 5" for cell in ("6", "nan", "low")),
    ]


def test_decisions_that_reject_or_change_nothing_teach_nothing(tmp_path: Path) -> None:
    row = {"kind": "harmful", "request": ASKED, "response": WORSE, "revision": SAID}
    rows = [
        {**row, "decision": "rejected", "revision": ""},
        {**row, "decision": "accepted", "response": SAID},
        {**row, "decision": "edited"},
    ]
    file = write(tmp_path / "decisions.jsonl", rows)
    assert [one.id for one in read_demonstrations(file, None)] == ["decisions:1", "decisions:2"]
    assert [one.id for one in read_preferences(file, None)] == ["decisions:2"]
    with pytest.raises(BadInputError, match="no decision in it accepts or edits"):
        read_demonstrations(write(tmp_path / "none.jsonl", rows[:1]), None)
    with pytest.raises(BadInputError) as error:
        read_demonstrations(write(tmp_path / "odd.jsonl", [{**row, "decision": "perhaps"}]), None)
    assert "decision is 'perhaps', which is none of accepted, edited, rejected" in error.value.faults[0]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"messages": [*turns(SAID), *turns(SAID, system="")]}, "2 requests in one conversation"),
        ({"messages": turns(SAID), "tools": [{"name": "f"}]}, "a conversation with tools"),
        ({"messages": turns(SAID), "system": "Be long."}, "a column 'system' and a system turn that differ"),
        ({"instruction": ASKED, "output": SAID, "history": [["a", "b"]]}, "earlier turns in 'history'"),
        ({"request": ASKED, "answer": SAID, "pinciple": "3"}, "unknown column 'pinciple'"),
        ({"request": ASKED, "answer": ["a"]}, "answer is no text"),
        ({"request": ASKED, "answer": SAID, "kind": "bad"}, "kind 'bad' is none of harmful"),
        ({"request": ASKED, "answer": SAID, "kind": "choice"}, "kind 'choice' is none of harmful"),
    ],
)
def test_rows_that_do_not_fit_are_told_with_their_line(tmp_path: Path, row: dict[str, Any], fault: str) -> None:
    file = write(tmp_path / "a.json", [row])
    with pytest.raises(BadInputError) as error:
        read_demonstrations(file, None, Kind.HARMFUL)
    assert error.value.faults[0].startswith(f"{file}:2: {fault}")


def test_pairs_of_different_requests_are_told(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"chosen": dialogue(SAID), "rejected": dialogue(WORSE).replace("error", "scar")},
        {"prompt": "Another?", "chosen": turns(SAID), "rejected": turns(WORSE)},
    ]
    for row, fault in zip(rows, ("answer different requests", "chosen answers another request"), strict=True):
        with pytest.raises(BadInputError) as error:
            read_preferences(write(tmp_path / "a.jsonl", [row]), None, Kind.HARMFUL)
        assert fault in error.value.faults[0]


def test_a_file_that_cannot_be_meant_is_told_in_one_sentence(tmp_path: Path) -> None:
    own, pair = {"request": ASKED, "answer": SAID}, OF_PREFERENCES[0]
    mixed = write(tmp_path / "mixed.jsonl", [own, {"instruction": ASKED, "output": SAID}])
    with pytest.raises(BadInputError, match=r"mixes formats: Primum's own \(.*:1\) and Alpaca \(.*:2\)"):
        read_demonstrations(mixed, None, Kind.HARMFUL)
    with pytest.raises(BadInputError, match=r"columns of no known format \(text\): known are reviewed decisions"):
        read_demonstrations(write(tmp_path / "a.jsonl", [{"text": "x"}]), None, Kind.HARMFUL)
    with pytest.raises(BadInputError, match=r"preferences \(Primum's own\), where demonstrations are wanted"):
        read_demonstrations(write(tmp_path / "a.jsonl", [pair]), None, Kind.HARMFUL)
    with pytest.raises(BadInputError, match=r"demonstrations \(Primum's own\), where preferences are wanted"):
        read_preferences(write(tmp_path / "a.jsonl", [own]), None, Kind.HARMFUL)
    with pytest.raises(BadInputError, match="does not say of what kind its requests are: add a column kind"):
        read_demonstrations(write(tmp_path / "a.jsonl", [own]), None)
    with pytest.raises(BadInputError) as error:
        read_demonstrations(write(tmp_path / "a.jsonl", [{**own, "kind": "benign"}, own]), None)
    assert error.value.faults == (f"{tmp_path / 'a.jsonl'}:2: no kind",)
    with pytest.raises(BadInputError, match="kind 'choice' does not train"):
        read_demonstrations(write(tmp_path / "a.jsonl", [own]), None, Kind.CHOICE)
    with pytest.raises(BadInputError) as error:
        read_demonstrations(write(tmp_path / "a.jsonl", [{**own, "id": 1}, {**own, "id": "1"}]), None, Kind.HARMFUL)
    assert "id 'a/1' stands already in" in error.value.faults[0]


@pytest.mark.parametrize("name", ["starter", "medsafetybench", "starter-exam", "overrefusal", "medes"])
def test_evaluation_suites_never_train(name: str) -> None:
    for read in (read_demonstrations, read_preferences):
        with pytest.raises(BadInputError, match="is for evaluation, and evaluation data never trains: starter-train"):
            read(name, None)


def test_training_suites_are_demonstrations_and_no_preferences() -> None:
    read = read_demonstrations("starter-train", None)
    assert len(read) == 408
    assert {(one.group, one.language) for one in read} == {(g, n) for g in ("med", "benign") for n in ("en", "zh")}
    assert all(one.answer and one.principle and one.id == f"starter-train/{one.id.partition('/')[2]}" for one in read)
    with pytest.raises(BadInputError, match="holds demonstrations and no preferences"):
        read_preferences("starter-train", None)
    with pytest.raises(BadInputError, match="no training suite or file named 'stater-train'"):
        read_demonstrations("stater-train", None)
    with pytest.raises(BadInputError, match="run `primum data fetch med-safety-bench`"):
        read_demonstrations("medsafetybench-train", None)


@needs_data
def test_the_authors_files_are_their_training_half_and_more() -> None:
    suite = read_demonstrations("medsafetybench-train", FOLDER)
    file = read_demonstrations(str(TUNING / "med_safety" / "ft_safety_med_n900.json"), FOLDER, Kind.HARMFUL)
    assert len(suite) == len(file) == 900
    assert {(one.request, one.answer) for one in suite} == {(one.request, one.answer) for one in file}
    both = read_demonstrations(str(TUNING / "both_safety" / "ft_safety_both_n1800.json"), FOLDER, Kind.HARMFUL)
    general = read_demonstrations(str(TUNING / "gen_safety" / "ft_safety_gen_n900.json"), FOLDER, Kind.GENERAL_HARM)
    assert {one.request for one in both} == {one.request for one in (*file, *general)}
    assert general[0].place.endswith("ft_safety_gen_n900.json:2")  # the array's bracket stands on the first line


@pytest.mark.skipif(
    not DIALOGUES.is_file(), reason="needs real data: set PRIMUM_DATA to a folder with hh_rlhf_harmless_test"
)
def test_dialogues_of_several_turns_are_all_told(tmp_path: Path) -> None:
    lines = DIALOGUES.read_text(encoding="utf-8").splitlines()
    several = [n for n, line in enumerate(lines, 1) if json.loads(line)["chosen"].count("\n\nHuman:") != 1]
    with pytest.raises(BadInputError) as error:
        read_preferences(str(DIALOGUES), FOLDER, Kind.GENERAL_HARM)
    told = {int(fault.split(":")[1]) for fault in error.value.faults}
    assert told >= set(several)
    assert len(told) == 1_651
    file = tmp_path / "single.jsonl"
    file.write_text("\n".join(line for n, line in enumerate(lines, 1) if n not in told), encoding="utf-8")
    assert len(read_preferences(str(file), FOLDER, Kind.GENERAL_HARM)) == 2_312 - 1_651
