"""Trying an evaluator on labels that people gave, and letting it label a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tests.evaluator.toy_answers import LEVELS, examples, write_labels, write_rows

from primum.errors import BadInputError, StoppedError
from primum.evaluator import apply
from primum.evaluator.apply import score_file, try_evaluator
from primum.evaluator.card import Evaluator, open_evaluator
from primum.evaluator.examples import read_examples
from primum.evaluator.judge import say
from primum.evaluator.linear import LinearEvaluator, text_hash
from primum.evaluator.quality import Quality
from primum.evaluator.train import train_evaluator
from primum.records import Criterion

REFUSAL, HARM = Criterion.REFUSAL, Criterion.HARMFULNESS
Row = dict[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`labels.csv`, and evaluators trained on such: `three` levels, `two` levels (1 and 0), `plain` (full, compliance), and
    `both`, of refusal and harmfulness."""
    place = tmp_path_factory.mktemp("apply")
    train_evaluator([write_labels(place / "labels.csv")], ["refusal"], place / "three")
    write_labels(place / "plain.csv", 30, ("full", "compliance"))
    train_evaluator([place / "plain.csv"], ["refusal"], place / "plain")
    rows = read(place / "plain.csv")
    write_rows(place / "two.csv", [{**row, "refusal": "1" if row["refusal"] == "full" else "0"} for row in rows])
    train_evaluator([place / "two.csv"], ["refusal"], place / "two")
    harm = [row_of(one.request, one.response, harmfulness=one.labels[HARM]) for one in examples(60, HARM, LEVELS, 5)]
    mixed = [{**row, "harmfulness": ""} for row in read(place / "labels.csv")]
    write_rows(place / "both.csv", [*mixed, *[{**row, "refusal": "", "language": ""} for row in harm]])
    train_evaluator([place / "both.csv"], ["refusal", "harmfulness"], place / "both")
    return place


@pytest.fixture(scope="module")
def three(folder: Path) -> Evaluator:
    return open_evaluator(folder / "three")


def read(file: Path) -> list[Row]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def row_of(request: str, response: str, **more: str) -> Row:
    return {"request": request, "response": response, **more}


def new_rows(count: int = 24, labels: Sequence[str] = ("full", "partial", "compliance")) -> list[Row]:
    """Answers that no evaluator here was trained on."""
    made = examples(count, labels=labels, seed=9)
    return [row_of(one.request, one.response, refusal=one.labels[REFUSAL]) for one in made]


# ---- Trying it


def confusion(tested: apply.Tested, name: str) -> dict[str, dict[str, int]]:
    return next(one for one in tested.figures if one.name == name).confusion


def test_new_answers_are_compared_with_peoples_labels(three: Evaluator, tmp_path: Path) -> None:
    """Twenty-four in three labels in turn; people call two of the refusals partial, and the evaluator them full."""
    rows = new_rows()
    for place in (0, 3):
        assert rows[place]["refusal"] == "full"
        rows[place]["refusal"] = "partial"
    tested = try_evaluator(three, [write_rows(tmp_path / "new.csv", rows)])
    assert confusion(tested, "refusal")["partial"] == {"full": 2, "partial": 8, "compliance": 0}
    assert [one.accuracy.value for one in tested.figures] == [1.0, pytest.approx(22 / 24)]
    assert (tested.examples, tested.families, tested.seen, tested.notes) == (24, 24, 0, ())
    assert tested.per_second > 0


def test_answers_to_its_own_requests_are_judged_by_weights_that_have_not_seen_them(
    three: Evaluator, folder: Path
) -> None:
    """The figures are those of the card to the last digit; and they are the work of the folds' tables alone."""
    tested = try_evaluator(three, [folder / "labels.csv"], seed=three.card.seed)
    assert tested.figures == three.card.figures
    assert (tested.examples, tested.seen) == (45, 45)
    assert tested.notes == (
        "45 answers are to requests of the training data: weights without that request judged them",
    )
    model = three.model
    assert isinstance(model, LinearEvaluator)
    whole, *folds = model.tables[REFUSAL]
    turned = [table._replace(hashed=-table.hashed, counts=-table.counts) for table in folds]
    unlearnt = model._replace(tables={REFUSAL: [whole, *turned]})
    wrong = try_evaluator(three._replace(model=unlearnt), [folder / "labels.csv"])
    assert wrong.figures[0].accuracy.value is not None
    assert wrong.figures[0].accuracy.value < 0.5


def test_only_answers_to_what_all_weights_have_seen_are_left_out(three: Evaluator, tmp_path: Path) -> None:
    """Of three known requests one is in fold 0, one in fold 4, and one (-1) has no weights without it."""
    rows = new_rows()
    folds = {text_hash(rows[n]["request"]): fold for n, fold in enumerate((0, 4, -1))}
    tested = try_evaluator(three._replace(folds=folds), [write_rows(tmp_path / "new.csv", rows)])
    assert (tested.examples, tested.seen) == (23, 3)
    assert tested.notes == (
        "2 answers are to requests of the training data: weights without that request judged them",
        "1 answers to requests of the training data were left out",
    )


def test_a_note_of_the_labels_is_passed_on(three: Evaluator, tmp_path: Path) -> None:
    rows = [{**row, "rater": "a"} for row in new_rows()]
    rows.append({**rows[0], "rater": "b", "refusal": "compliance"})
    tested = try_evaluator(three, [write_rows(tmp_path / "new.csv", rows)])
    assert tested.examples == 23
    assert tested.notes == ("1 label(s) on which as many raters say one thing as another were left out",)


TWO = {"full": "1", "partial": "1", "compliance": "0"}
WORDS = {"full": "refusal", "partial": "refusal", "compliance": "compliance"}


@pytest.mark.parametrize("words", [TWO, WORDS], ids=["numbers", "words"])
@pytest.mark.parametrize("name", ["three", "two", "plain"])
def test_labels_of_yes_or_no_can_try_any_evaluator_of_refusal(
    folder: Path, tmp_path: Path, name: str, words: Mapping[str, str]
) -> None:
    labels = ("full", "partial", "compliance") if name == "three" else ("full", "compliance")
    rows = [{**row, "refusal": words[row["refusal"]]} for row in new_rows(24, labels)]
    tested = try_evaluator(open_evaluator(folder / name), [write_rows(tmp_path / "new.csv", rows)])
    (one,) = tested.figures
    assert (one.name, one.n, one.accuracy.value) == ("refusal", 24, 1.0)
    assert set(one.confusion) == {"refusal", "compliance"}


def test_labels_of_three_levels_can_try_an_evaluator_of_yes_or_no(folder: Path, tmp_path: Path) -> None:
    rows = new_rows(24, ("full", "compliance"))
    rows[0]["refusal"] = "partial"
    (one,) = try_evaluator(open_evaluator(folder / "two"), [write_rows(tmp_path / "new.csv", rows)]).figures
    assert one.confusion == {
        "refusal": {"refusal": 12, "compliance": 0},
        "compliance": {"refusal": 0, "compliance": 12},
    }


def test_labels_that_it_cannot_give_are_told_with_file_and_line(folder: Path, tmp_path: Path) -> None:
    rows = new_rows(6)
    rows[2]["refusal"] = "degenerate"
    file = write_rows(tmp_path / "new.csv", rows)
    with pytest.raises(BadInputError, match=r"1 label\(s\) that the evaluator cannot give") as caught:
        try_evaluator(open_evaluator(folder / "three"), [file])
    assert caught.value.faults == (f"{file}:4: refusal is degenerate; the evaluator knows full, partial, compliance",)


def test_only_the_criteria_that_the_labels_have_or_the_user_names_are_tried(folder: Path, tmp_path: Path) -> None:
    both = open_evaluator(folder / "both")

    def tried(file: Path, *criteria: str) -> list[tuple[str, int]]:
        return [(one.name, one.n) for one in try_evaluator(both, [file], criteria).figures]

    partial, three, harm = ("refusal (partial is refusal)", 45), ("refusal", 45), ("harmfulness", 60)
    assert tried(folder / "both.csv") == [partial, three, harm]
    assert tried(folder / "both.csv", "harmfulness") == [harm]
    assert tried(folder / "labels.csv") == [partial, three]
    levels = examples(10, HARM, LEVELS, 8)
    file = tmp_path / "new.jsonl"
    lines = [{"request": one.request, "response": one.response, "harmfulness": one.labels[HARM]} for one in levels]
    file.write_text("\n".join(json.dumps(line) for line in [{"request": "a", "response": "b"}, *lines]))
    assert tried(file) == [("harmfulness", 10)]  # the first row alone does not tell which labels there are


def test_what_cannot_be_tried_is_told(three: Evaluator, folder: Path, tmp_path: Path) -> None:
    file = write_rows(tmp_path / "new.csv", [row_of("a", "b", risk="0")])
    with pytest.raises(BadInputError, match=r"new\.csv: no column of labels that this evaluator gives \(refusal\)"):
        try_evaluator(three, [file])
    with pytest.raises(BadInputError, match="this evaluator does not judge risk, only refusal"):
        try_evaluator(three, [file], ["risk"])
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(BadInputError, match=r"empty\.csv is empty"):
        try_evaluator(three, [tmp_path / "empty.csv"])


# ---- Letting it label


def test_rows_keep_what_they_hold_and_gain_a_label_and_a_confidence(three: Evaluator, tmp_path: Path) -> None:
    given = [
        {"id": f"x{n}", "request": row["request"], "remark": 'a, "b"\n病', "response": row["response"]}
        for n, row in enumerate(new_rows(6))
    ]
    file = write_rows(tmp_path / "new.csv", given)
    counts = score_file(three, file, tmp_path / "out.csv")
    found = read(tmp_path / "out.csv")
    assert counts == {"refusal": {"full": 2, "partial": 2, "compliance": 2}}
    assert [{name: row[name] for name in given[0]} for row in found] == given
    assert list(found[0]) == ["id", "request", "remark", "response", "refusal", "refusal_confidence"]
    told = say(three, [(row["request"], row["response"]) for row in given])
    assert [(row["refusal"], row["refusal_confidence"]) for row in found] == [
        (one[REFUSAL].label, f"{one[REFUSAL].confidence:.4f}") for one in told
    ]
    assert [row["refusal"] for row in found] == ["full", "partial", "compliance"] * 2


def test_what_was_scored_can_be_read_as_labels_again(three: Evaluator, tmp_path: Path) -> None:
    file = write_rows(tmp_path / "new.csv", [{**row, "refusal": ""} for row in new_rows()])  # an empty column is filled
    score_file(three, file, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()[0] == (
        "request,response,refusal,refusal_confidence"
    )
    tested = try_evaluator(three, [tmp_path / "out.csv"])
    assert [one.accuracy.value for one in tested.figures] == [1.0, 1.0]


def test_no_cell_is_a_formula_to_a_spreadsheet_and_the_texts_are_read_as_they_were(
    three: Evaluator, tmp_path: Path
) -> None:
    texts = ["=HYPERLINK(1)", "+1 yes", "- I can't help with that.", "@SUM(1)", "Sure."]
    rows = [row_of(f"{text} n{n}", text, remark="\tx", number="-1") for n, text in enumerate(texts)]
    score_file(three, write_rows(tmp_path / "new.csv", rows), tmp_path / "out.csv")
    found = read(tmp_path / "out.csv")
    assert [row["response"] for row in found] == [*(f"'{text}" for text in texts[:4]), "Sure."]
    assert found[0]["request"] == "'=HYPERLINK(1) n0"
    assert {(row["remark"], row["number"]) for row in found} == {("'\tx", "-1")}
    assert [one.response for one in read_examples([tmp_path / "out.csv"], ["refusal"]).examples] == texts


def test_json_lines_are_scored_whatever_keys_their_rows_have(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "new.jsonl"
    first, second, third = new_rows(3)
    del first["refusal"], second["refusal"], third["refusal"]
    file.write_text("\n".join(json.dumps(row) for row in ({**first, "a": 1}, {"b": None, **second}, third)))
    counts = score_file(open_evaluator(folder / "both"), file, tmp_path / "out.csv")
    found = read(tmp_path / "out.csv")
    assert list(found[0]) == [
        *("request", "response", "a", "b"),
        *("refusal", "refusal_confidence", "harmfulness", "harmfulness_confidence"),
    ]
    assert [row["a"] for row in found] == ["1", "", ""]
    assert sum(counts["harmfulness"].values()) == 3
    assert {row["harmfulness"] for row in found} <= set(LEVELS)


BAD = {
    "labels there": ([row_of("a", "b", refusal="full")], "2: column refusal is filled in already"),
    "confidences there": (
        [row_of("a", "b", refusal_confidence="0.9")],
        "2: column refusal_confidence is filled in already",
    ),
    "an empty answer": ([row_of("a", "b"), row_of("c", "  ")], "3: the response is empty"),
    "an empty request": ([row_of("", "b")], "2: the request is empty"),
}


@pytest.mark.parametrize(("rows", "told"), BAD.values(), ids=BAD.keys())
def test_rows_that_cannot_be_scored_are_told_and_nothing_is_written(
    three: Evaluator, tmp_path: Path, rows: list[Row], told: str
) -> None:
    file = write_rows(tmp_path / "new.csv", rows)
    with pytest.raises(BadInputError) as caught:
        score_file(three, file, tmp_path / "out.csv")
    assert caught.value.faults == (f"{file}:{told}",)
    assert [one.name for one in tmp_path.iterdir()] == ["new.csv"]


def test_json_lines_without_an_answer_are_told(three: Evaluator, tmp_path: Path) -> None:
    file = tmp_path / "new.jsonl"
    file.write_text('{"request": "a", "response": "b"}\n{"request": "a"}\n{"request": "a", "response": null}\n')
    with pytest.raises(BadInputError) as caught:
        score_file(three, file, tmp_path / "out.csv")
    assert caught.value.faults == (f"{file}:2: the response is empty", f"{file}:3: the response is empty")


def test_no_file_is_written_over_and_none_without_a_folder(three: Evaluator, tmp_path: Path) -> None:
    file = write_rows(tmp_path / "new.csv", new_rows(3))
    before = file.read_bytes()
    with pytest.raises(BadInputError, match=r"new\.csv is there already: choose another file with --out"):
        score_file(three, file, file)
    assert file.read_bytes() == before
    with pytest.raises(BadInputError, match=r"there is no folder .*none for out\.csv: make it first"):
        score_file(three, file, tmp_path / "none" / "out.csv")


def test_a_full_disk_leaves_no_half_of_a_file(
    three: Evaluator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{name: row[name] for name in ("request", "response")} for row in new_rows(3)]
    file = write_rows(tmp_path / "new.csv", rows)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(StoppedError, match=r"could not write .*out\.csv \(No space left on device\): make room"):
            score_file(three, file, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    score_file(three, file, tmp_path / "out.csv")
    assert len(read(tmp_path / "out.csv")) == 3


def test_figures_are_records(three: Evaluator, folder: Path) -> None:
    tested = try_evaluator(three, [folder / "labels.csv"])
    assert apply.Tested.model_validate_json(tested.model_dump_json()) == tested
    assert all(isinstance(one, Quality) for one in tested.figures)
