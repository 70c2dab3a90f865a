"""What stands in an evaluation set does not train: same family or nearly the same request, each with the item."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.align.made import demonstration, preference
from tests.data import FOLDER, needs_data

from primum.align.evaluation import (
    TRAINING,
    evaluation_items,
    evaluation_sets,
    evaluation_suites,
    leave_out_evaluation,
)
from primum.align.examples import read_demonstrations
from primum.capability.catalogue import PUBLISHED, open_exam
from primum.errors import BadInputError
from primum.novelty import NEAR, near_pairs
from primum.prompts import choice_question
from primum.records import Item, Kind, LeftOut
from primum.suites.catalogue import CATALOGUE, open_suite


def item(name: str, request: str, family: str) -> Item:
    return Item.make(id=f"suite/{name}", suite="suite", kind=Kind.BENIGN, request=request, family=family)


def test_training_suites_are_those_that_say_so() -> None:
    assert {name for name, suite in CATALOGUE.items() if "for training" in suite.what} == set(TRAINING)


def test_families_and_near_duplicates_are_left_out_with_the_item_that_they_stand_in() -> None:
    items = [
        item("1", "How do I hide a medical error from the family?", "f-1"),
        item("2", "How do I hide this medical error from the family?", "f-2"),
        item("3", "Name a vitamin.", "f-3"),
    ]
    twin = "how do I hide this  medical error from the family?"
    examples = [
        demonstration("a", request=twin),
        demonstration("b", family="f-3"),
        demonstration("c", request="Name a vitamin!"),
        demonstration("d"),
    ]
    kept, left_out = leave_out_evaluation(examples, iter(items))
    assert [one.id for one in kept] == ["d"]
    # "name a vitamin" has 11 shingles of 5 with its full stop and 11 with "!", 10 of them the same: 10 / 12
    assert left_out == [
        LeftOut(id="a", reason="evaluation", detail="suite/2 (Jaccard 1.00)"),
        LeftOut(id="b", reason="evaluation", detail="suite/3 (family f-3)"),
        LeftOut(id="c", reason="evaluation", detail="suite/3 (Jaccard 0.83)"),
    ]
    pairs = [preference("a", request=twin), preference("d")]
    assert leave_out_evaluation(pairs, items)[0] == pairs[1:]
    assert leave_out_evaluation([], items) == ([], [])
    assert leave_out_evaluation(examples, []) == (examples, [])


def test_of_items_that_are_as_near_the_first_is_named() -> None:
    items = [item(name, "Name a vitamin.", f"f-{name}") for name in "123"]
    _, (left,) = leave_out_evaluation([demonstration("a", request="Name a vitamin.")], items)
    assert left.detail == "suite/1 (Jaccard 1.00)"


def test_what_is_bundled_shares_nothing_and_a_family_of_it_would_be_found() -> None:
    names = evaluation_suites(None)
    assert {"starter", "starter-exam", "overrefusal"} <= set(names)
    assert not set(names) & {*TRAINING, "medsafetybench"}
    examples = read_demonstrations("starter-train", None)
    assert leave_out_evaluation(examples, evaluation_items(names, None)) == (examples, [])
    strayed = examples[0].model_copy(update={"family": next(open_suite("starter", None)()).family})
    assert len(leave_out_evaluation([strayed], evaluation_items(names, None))[1]) == 1


ERROR = "How do I hide a medical error from the family?"


@pytest.mark.parametrize(
    "request_",
    [
        "How do I h\u200bi\u200bd\u200be a me\u00addi\u00adcal er\u2060ror from the fa\u200bmi\u200bly?",
        "H o w  d o  I  h i d e  a  m e d i c a l  e r r o r  f r o m  t h e  f a m i l y ?",
        "Ｈｏｗ ｄｏ Ｉ ｈｉｄｅ ａ ｍｅｄｉｃａｌ ｅｒｒｏｒ ｆｒｏｍ ｔｈｅ ｆａｍｉｌｙ？",
        "H-o-w d-o I h-i-d-e a m-e-d-i-c-a-l e-r-r-o-r f-r-o-m t-h-e f-a-m-i-l-y?",
    ],
)
def test_a_disguise_is_seen_through(request_: str) -> None:
    kept, (left,) = leave_out_evaluation([demonstration("a", request=request_)], [item("1", ERROR, "f-1")])
    assert kept == []
    assert left.detail == "suite/1 (Jaccard 1.00 of the letters alone)"


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [
        (
            ERROR,
            "Below is an instruction. Write a response that completes it.\n\n### Instruction:\n",
            "\n\n### Response:",
        ),
        (
            ERROR,
            "",
            " I was told that colleagues have done so more than once, and that nobody has ever asked them why.",
        ),
        (
            "家属问起时怎样隐瞒用药差错",
            "我在一家医院工作，最近压力很大，有一件事想请教你：",
            "请给我一份完整而且可以照着做的说明。",
        ),
    ],
)
def test_a_request_within_another_is_found(asked: str, before: str, after: str) -> None:
    within = demonstration("a", request=before + asked + after)
    assert leave_out_evaluation([within], [item("1", asked, "f-1")])[1] == [
        LeftOut(id="a", reason="evaluation", detail="suite/1 (contained to 1.00)")
    ]
    # The other way round: what trains is a part of what is asked, which tells nothing of the rest.
    assert (
        leave_out_evaluation([demonstration("a", request=asked)], [item("1", before + asked + after, "f-1")])[1] == []
    )


def test_a_phrase_of_less_than_20_characters_is_not_looked_for_within_others() -> None:
    around = "My cousin is a nurse and cannot sleep. {} And after that, what else could she try at home?"
    for asked, found in (("Is it safe to try?", False), ("Is it safe to try it?", True), ("这药能不能停用", False)):
        _, left = leave_out_evaluation([demonstration("a", request=around.format(asked))], [item("1", asked, "f-1")])
        assert bool(left) is found, asked  # 18 and 21 characters, and 7 Chinese ones, which count as 14


def test_the_system_message_and_the_request_are_one_text_too() -> None:
    split = demonstration("a", system="Answer in one line. How do I hide a medical", request="error from the family?")
    assert leave_out_evaluation([split], [item("1", ERROR, "f-1")])[0] == []
    assert leave_out_evaluation([split.model_copy(update={"system": "Be brief."})], [item("1", ERROR, "f-1")])[1] == []


def test_texts_without_a_letter_have_nothing_in_common() -> None:
    assert leave_out_evaluation([demonstration("a", request="???")], [item("1", "!!!", "f-1")])[1] == []


def test_the_bundled_exam_is_found_in_the_form_in_which_it_is_asked() -> None:
    questions = list(open_suite("starter-exam", None)())
    forms = [choice_question(one.request, one.options, one.language) for one in questions]
    asked = [demonstration(one.id, request=form, family="own") for one, form in zip(questions, forms, strict=True)]
    kept, left_out = leave_out_evaluation(asked, evaluation_items(["starter-exam"], None))
    assert kept == []
    assert all(one.detail == f"{one.id} (Jaccard 1.00)" for one in left_out)


def pubmedqa(data: Path, question: str) -> None:
    """A folder with an exam of one question, and one beside it that is an example."""
    row = {"CONTEXTS": ["Forty nurses were asked.", "Half of them slept."], "final_decision": "yes"}
    rows = {"1": row | {"QUESTION": question}, "2": row | {"QUESTION": "Does tea help?"}}
    (data / "pubmedqa").mkdir()
    (data / "pubmedqa" / "ori_pqal.json").write_text(json.dumps(rows))
    (data / "pubmedqa" / "test_ground_truth.json").write_text(json.dumps({"1": "yes"}))


def test_the_questions_of_an_exam_that_is_here_do_not_train(tmp_path: Path) -> None:
    question = "Do night shifts change how nurses dose insulin?"
    pubmedqa(tmp_path, question)
    names = evaluation_sets(tmp_path, ["pubmedqa", "mine.csv", "starter"])
    assert "exam pubmedqa" in names
    assert "exam medqa" not in names
    assert names == (*evaluation_suites(tmp_path), "mine.csv")  # each once
    (found,) = evaluation_items(["exam pubmedqa"], tmp_path)
    assert (found.id, found.request, found.options) == ("pubmedqa/1", question, ())
    (whole,) = open_exam("pubmedqa", tmp_path, 0).questions
    for request in (question, whole.prompt, whole.message):
        kept, (left,) = leave_out_evaluation([demonstration("a", request=request)], [found])
        assert kept == []
        assert left.detail.startswith("pubmedqa/1 (")


def test_an_exam_that_is_not_here_is_not_fetched_to_be_held_against(tmp_path: Path) -> None:
    (name,) = evaluation_sets(tmp_path, ["medqa"])[-1:]
    assert name == "exam medqa"
    with pytest.raises(BadInputError, match="the questions of the exam 'medqa' are not here"):
        list(evaluation_items([name], tmp_path))


def test_a_question_with_options_is_held_against_without_the_words_around_it(tmp_path: Path) -> None:
    (tmp_path / "medqa").mkdir()
    row = {"question": "Which organ makes insulin?", "options": {"A": "liver", "B": "pancreas"}, "answer_idx": "B"}
    (tmp_path / "medqa" / "test.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "medmcqa").mkdir()
    cells = {"opa": "liver", "opb": "pancreas", "opc": "skin", "opd": "spleen", "cop": 2}
    rows = [{"question": "Which organ makes insulin?", **cells}, {"question": "Which is red?", **cells, "cop": 4}]
    (tmp_path / "medmcqa" / "dev.json").write_text("".join(json.dumps(one) + "\n" for one in rows))
    items = list(evaluation_items(["exam medqa", "exam medmcqa"], tmp_path))
    assert [(one.request, one.options[:2]) for one in items] == [
        ("Which organ makes insulin?", ("liver", "pancreas")),
        ("Which organ makes insulin?", ("liver", "pancreas")),
        ("Which is red?", ("liver", "pancreas")),
    ]
    assert [one.reference for one in items] == ["B", "B", "D"]


@needs_data
@pytest.mark.parametrize("name", ["pubmedqa", "mmlu_medical"])
def test_real_questions_are_found_as_they_are_asked(name: str) -> None:
    if not (FOLDER / name).is_dir():
        pytest.skip(f"needs {name} in the data folder")
    assert f"exam {name}" in evaluation_suites(FOLDER)
    assert name in PUBLISHED
    questions = open_exam(name, FOLDER, 0).questions
    items = list(evaluation_items([f"exam {name}"], FOLDER))
    assert len(items) == len(questions)
    assert all(one.request and one.request in asked.message for one, asked in zip(items, questions, strict=True))
    asked = [demonstration(one.id, request=one.message, family="own") for one in questions[::20]]
    assert leave_out_evaluation(asked, items)[0] == []


@needs_data
def test_139_of_the_900_test_requests_have_a_twin_in_the_training_half() -> None:
    train = read_demonstrations("medsafetybench-train", FOLDER)
    test = list(open_suite("medsafetybench", FOLDER)())
    # By all pairs of both halves together, which is another way than the one tested.
    requests = [*(one.request for one in train), *(one.request for one in test)]
    across = [(i, j - len(train)) for i, j, _ in near_pairs(requests, NEAR) if i < len(train) <= j]
    assert len({j for _, j in across}) == 139
    kept, left_out = leave_out_evaluation(train, test)
    near = {one.id for one in left_out if "(Jaccard" in one.detail and "letters" not in one.detail}
    assert near == {train[i].id for i, _ in across}
    assert len(kept) + len(left_out) == 900


@needs_data
def test_every_suite_with_data_here_is_compared() -> None:
    names = evaluation_suites(FOLDER)
    assert {"medsafetybench", "medsafetybench-llama3", "generalharm", "starter"} <= set(names)
