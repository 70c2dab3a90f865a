"""The exams' files are read as their authors publish them, and every fault is told with file and line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from primum.capability.catalogue import EXAMS, open_exam, read_names
from primum.capability.files import CMMLU, MMLU
from primum.capability.questions import DECISIONS, Question, read_pick, seeded_sample
from primum.errors import BadInputError
from tests.capability import made
from tests.data import FOLDER

needs_pubmedqa = pytest.mark.skipif(not (FOLDER / "pubmedqa").is_dir(), reason="needs pubmedqa in the data folder")
needs_mmlu = pytest.mark.skipif(not (FOLDER / "mmlu_medical").is_dir(), reason="needs mmlu_medical in the data folder")


def key_of(question: Question) -> str:
    return question.options[question.key]


def test_a_question_of_each_exam_as_it_is_asked(tmp_path: Path) -> None:
    made.pubmedqa(tmp_path)
    made.mmlu_medical(tmp_path)
    made.medqa(tmp_path)
    made.medmcqa(tmp_path)
    made.cmmlu_medical(tmp_path)
    prompts = {name: open_exam(name, tmp_path, 0).questions[0] for name in EXAMS[1:]}
    abstract = "Abstract: We gave tea 3 to ten people.\nSome slept well.\nQuestion: Does tea number 3 help?\n"
    assert prompts["pubmedqa"].prompt == abstract + "Answer:"
    assert prompts["pubmedqa"].message == abstract + "Answer with one word: yes, no or maybe."
    # 1 + 2 = 3 stands at place 1 mod 4; the others are 3 + 10 + place
    listed = "A. 13\nB. 3\nC. 15\nD. 16\n"
    assert prompts["medqa"].prompt == f"Question: What is 1 + 2?\n{listed}Answer:"
    assert prompts["medmcqa"].prompt == f"Question: What is 1 + 2?\nChoices:\n{listed}Answer:"
    assert prompts["mmlu_medical"].prompt == f"anatomy: what is 1 + 2?\n{listed}Answer:"
    assert prompts["cmmlu_medical"].prompt == f"1加2等于多少？\n{listed}答案："
    asked = "Answer with the letter of the one correct option."
    assert prompts["medqa"].message == f"What is 1 + 2?\n{listed}{asked}"
    assert prompts["cmmlu_medical"].message.startswith(f"1加2等于多少？\n{listed}")
    assert [prompts[name].choices for name in EXAMS[1:]] == [DECISIONS, *[("A", "B", "C", "D")] * 4]
    assert {key_of(prompts[name]) for name in EXAMS[2:]} == {"3"}


def test_keys_and_ids(tmp_path: Path) -> None:
    made.pubmedqa(tmp_path)
    made.mmlu_medical(tmp_path)
    made.medqa(tmp_path, most=5)
    paper = open_exam("pubmedqa", tmp_path, 0)
    assert [(q.id, key_of(q)) for q in paper.questions] == [
        ("pubmedqa/103", "yes"),
        ("pubmedqa/104", "no"),
        ("pubmedqa/105", "maybe"),
    ]
    paper = open_exam("mmlu_medical", tmp_path, 0)
    assert [q.id for q in paper.questions[:3]] == [
        "mmlu_medical/anatomy:1",
        "mmlu_medical/anatomy:2",
        "mmlu_medical/clinical_knowledge:1",
    ]
    assert Counter(q.group for q in paper.questions) == dict.fromkeys(MMLU, 2)
    five = open_exam("medqa", tmp_path, 0).questions
    assert [q.labels[q.key] for q in five] == list("BCDAB")  # n mod 4 of 1 to 5
    assert five[0].options[4] == "none of these"
    assert five[0].prompt.endswith("\nE. none of these\nAnswer:")


@pytest.mark.parametrize("first", [0, 1])
def test_medmcqa_counts_from_one_and_the_hubs_copy_from_zero(tmp_path: Path, first: int) -> None:
    made.medmcqa(tmp_path, first)
    paper = open_exam("medmcqa", tmp_path, 2)
    assert [key_of(q) for q in paper.questions] == ["3", "5", "7", "9", "11"]
    assert [key_of(q) for q in paper.examples[""]] == ["13", "15"]


def test_medmcqa_that_does_not_say_what_it_counts_from_is_refused(tmp_path: Path) -> None:
    made.medmcqa(tmp_path)
    file = tmp_path / "medmcqa" / "dev.json"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:2]))  # keys 1 and 2 of 0..3, so cop 2 and 3
    with pytest.raises(BadInputError, match=r"cannot tell whether its 'cop' counts the options from 0 or from 1.*2, 3"):
        open_exam("medmcqa", tmp_path, 0)


def test_worked_examples_are_the_first_of_their_split_and_of_their_group(tmp_path: Path) -> None:
    made.pubmedqa(tmp_path)
    made.mmlu_medical(tmp_path)
    made.cmmlu_medical(tmp_path)
    assert [q.id for q in open_exam("pubmedqa", tmp_path, 2).examples[""]] == ["pubmedqa/100", "pubmedqa/101"]
    shown = open_exam("mmlu_medical", tmp_path, 1).examples
    assert {group: [q.prompt.partition(":")[0] for q in shots] for group, shots in shown.items()} == {
        subject: [subject] for subject in MMLU
    }
    assert set(open_exam("cmmlu_medical", tmp_path, 1).examples) == set(CMMLU)
    with pytest.raises(BadInputError, match="'mmlu_medical' has only 2 worked examples"):
        open_exam("mmlu_medical", tmp_path, 3)
    with pytest.raises(BadInputError, match="'starter-exam' has no worked examples"):
        open_exam("starter-exam", None, 1)


def test_an_own_exam_is_asked_as_eval_asks_it_and_its_answer_is_begun(tmp_path: Path) -> None:
    paper = open_exam(str(made.own_exam(tmp_path / "mine.csv")), None, 0)
    english, chinese = paper.questions[:2]
    assert (paper.name, english.id, english.group, chinese.group) == ("mine", "mine/1", "en", "zh")
    assert english.prompt == english.message
    assert english.prompt.endswith("D. 16\nAnswer with the letter or letters of all correct options.")
    assert (english.begin, english.choices[:2]) == ("The answer is", (" A", " B"))
    assert (chinese.begin, chinese.choices[:2]) == ("答案是", ("A", "B"))
    assert (english.labels, english.key) == (("A", "B", "C", "D"), 1)


def test_the_hash_is_that_of_all_that_is_asked(tmp_path: Path) -> None:
    made.pubmedqa(tmp_path)
    paper, shown = open_exam("pubmedqa", tmp_path, 0), open_exam("pubmedqa", tmp_path, 1)
    hashes = {
        paper.sha256("loglikelihood"),
        paper.sha256("generative"),
        shown.sha256("loglikelihood"),
        open_exam("pubmedqa", tmp_path, 2).sha256("loglikelihood"),
        paper._replace(questions=paper.questions[:2]).sha256("loglikelihood"),
        paper._replace(questions=(paper.questions[0]._replace(prompt="?"), *paper.questions[1:])).sha256(
            "loglikelihood"
        ),
        paper._replace(questions=(paper.questions[0]._replace(key=1), *paper.questions[1:])).sha256("loglikelihood"),
    }
    assert len(hashes) == 7
    assert open_exam("pubmedqa", tmp_path, 0).sha256("loglikelihood") in hashes
    first = paper.questions[0]
    assert first.sha256 == shown.questions[0].sha256 != first._replace(key=1).sha256


def test_a_sample_is_seeded_and_has_its_share_of_every_group(tmp_path: Path) -> None:
    made.mmlu_medical(tmp_path)
    paper = open_exam("mmlu_medical", tmp_path, 1)
    drawn = seeded_sample(paper, 6, 1)
    assert Counter(q.group for q in drawn.questions) == dict.fromkeys(MMLU, 1)
    assert drawn == seeded_sample(paper, 6, 1)
    assert len({seeded_sample(paper, 6, seed).questions for seed in range(5)}) > 1
    assert seeded_sample(paper, 99, 1).questions == paper.questions
    two = seeded_sample(paper, 2, 1)
    assert set(two.examples) == {q.group for q in two.questions}


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("No", "B"),
        ("NO", "B"),
        ("**Maybe.**", "C"),
        ("Yes, because no harm was seen.", "A"),
        ("no\nIt was maybe so.", "B"),
        ("The answer is maybe.", "C"),
        ("yes/no", None),
        ("It is unclear.", None),
        ("", None),
        ("I know.", None),
    ],
)
def test_a_decision_is_read(text: str, letters: str | None) -> None:
    assert read_pick(text, DECISIONS) == letters


# --- faults

Break = Callable[[Path], object]


def put(name: str, text: str) -> Break:
    return lambda data: (data / name).write_text(text)


def change(name: str, old: str, new: str) -> Break:
    def broken(data: Path) -> None:
        text = (data / name).read_text()
        assert old in text
        (data / name).write_text(text.replace(old, new))

    return broken


@pytest.mark.parametrize(
    ("exam", "broken", "told"),
    [
        ("pubmedqa", put("pubmedqa/ori_pqal.json", ""), "ori_pqal.json does not read as JSON"),
        ("pubmedqa", put("pubmedqa/ori_pqal.json", "{}"), "holds no object of questions"),
        ("pubmedqa", change("pubmedqa/ori_pqal.json", "CONTEXTS", "TEXTS"), "ori_pqal.json: 103: no CONTEXTS"),
        ("pubmedqa", change("pubmedqa/ori_pqal.json", '"105"', '"9"'), "no question 105"),
        ("pubmedqa", change("pubmedqa/test_ground_truth.json", "maybe", "yes"), "105: its key is not that of"),
        ("mmlu_medical", put("mmlu_medical/test/anatomy_test.csv", ""), "anatomy_test.csv is empty"),
        ("mmlu_medical", change("mmlu_medical/test/anatomy_test.csv", ",B", ",E"), "anatomy_test.csv:1: not a question"),
        ("mmlu_medical", change("mmlu_medical/test/anatomy_test.csv", ",15,", ","), "anatomy_test.csv:1: not a question"),
        ("mmlu_medical", put("mmlu_medical/test/anatomy_test.csv", '"open'), "anatomy_test.csv:1: unexpected end"),
        ("mmlu_medical", lambda data: (data / "mmlu_medical/test/anatomy_test.csv").unlink(), "there is no file"),
        ("medqa", put("medqa/test.jsonl", ""), "test.jsonl is empty"),
        ("medqa", change("medqa/test.jsonl", "answer_idx", "key"), "test.jsonl:1: no answer_idx"),
        ("medqa", change("medqa/test.jsonl", '"answer_idx": "A"', '"answer_idx": "E"'), "test.jsonl:4: an empty option"),
        ("medqa", change("medqa/test.jsonl", '"C"', '"X"'), "test.jsonl:1: 'options' is no object of texts"),
        ("medmcqa", change("medmcqa/dev.json", '"cop"', '"key"'), "dev.json:1: no cop"),
        ("medmcqa", change("medmcqa/dev.json", '"cop": 3', '"cop": 7'), "dev.json:2: 'cop' is 7, no number from 1 to 4"),
        ("medmcqa", put("medmcqa/dev.json", "[1]\n"), "dev.json:1: a list where an object is wanted"),
        ("cmmlu_medical", change("cmmlu_medical/test/genetics.csv", "Answer", "Key"), "genetics.csv:1: no column Answer"),
        ("cmmlu_medical", change("cmmlu_medical/test/genetics.csv", ",B\n", ",F\n"), "genetics.csv:2: the key 'F' is no"),
    ],
)  # fmt: skip
def test_a_faulty_file_is_told_of_with_its_line(tmp_path: Path, exam: str, broken: Break, told: str) -> None:
    getattr(made, exam)(tmp_path)
    broken(tmp_path)
    with pytest.raises(BadInputError) as caught:
        open_exam(exam, tmp_path, 0)
    assert told in "\n".join([str(caught.value), *caught.value.faults])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("1,choice,What?,one,two,AB\n", "1 questions with several right options (own/1)"),
        ("1,harmful,Do it.,,,\n2,benign,Tell me.,,,\n", "2 items that ask for no choice (own/1, own/2)"),
        ("1,choice,What?,one,two,C\n", "the key 'C' does not name options"),
        ("", "own.csv has no rows"),
    ],
)
def test_an_own_file_that_is_no_exam_is_refused(tmp_path: Path, rows: str, told: str) -> None:
    file = tmp_path / "own.csv"
    file.write_text("id,kind,request,A,B,reference\n" + rows)
    with pytest.raises(BadInputError) as caught:
        open_exam(str(file), None, 0)
    assert told in "\n".join([str(caught.value), *caught.value.faults])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "name an exam with --exam: known exams are starter-exam, pubmedqa"),
        ("pubmed", "no exam or file named 'pubmed': known exams are starter-exam, pubmedqa"),
        ("a/x.csv,b/x.csv", "'a/x.csv' and 'b/x.csv' would have one name"),
        ("medqa.csv", "would have one name"),
    ],
)
def test_a_wrong_name_is_told_of(text: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        read_names(text)


def test_names_are_taken_once_and_in_order() -> None:
    assert read_names("pubmedqa, starter-exam,pubmedqa,x.jsonl") == ("pubmedqa", "starter-exam", "x.jsonl")


# --- real data


@needs_pubmedqa
def test_pubmedqa_has_500_test_questions() -> None:
    paper = open_exam("pubmedqa", FOLDER, 3)
    assert Counter(key_of(q) for q in paper.questions) == {"yes": 276, "no": 169, "maybe": 55}
    own = json.loads((FOLDER / "pubmedqa" / "test_ground_truth.json").read_text())
    assert {q.id.partition("/")[2]: key_of(q) for q in paper.questions} == own
    assert not {q.id for q in paper.examples[""]} & {q.id for q in paper.questions}


@needs_mmlu
def test_mmlu_has_six_clinical_subjects() -> None:
    paper = open_exam("mmlu_medical", FOLDER, 5)
    assert Counter(q.group for q in paper.questions) == {
        "anatomy": 135,
        "clinical_knowledge": 265,
        "college_biology": 144,
        "college_medicine": 173,
        "medical_genetics": 100,
        "professional_medicine": 282,
    }
    assert {len(shots) for shots in paper.examples.values()} == {5}
