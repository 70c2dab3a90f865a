"""The exams' files, as their authors published them, and own files in Primum's format.

Each prompt is in the form of the harness's own task of that name (lm-evaluation-harness 0.4.13), so that a figure here
can be laid beside the harness's; `tests/capability/test_hub.py` holds the two against each other.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from primum.capability.questions import DECISIONS, Question, exam_message, lettered
from primum.errors import BadInputError
from primum.prompts import LETTERS, choice_question, prompt_text
from primum.records import Item, Kind
from primum.rows import Row, faults_in, read_rows, read_text

# The six that Singhal et al. 2023 (MultiMedQA) call MMLU's clinical topics.
MMLU = (
    *("anatomy", "clinical_knowledge", "college_biology"),
    *("college_medicine", "medical_genetics", "professional_medicine"),
)
CMMLU = (
    *("anatomy", "clinical_knowledge", "college_medical_statistics", "college_medicine", "genetics"),
    *("nutrition", "professional_medicine", "traditional_chinese_medicine", "virology"),
)
ANSWER = {"en": "Answer:", "zh": "答案："}
MOST_TOLD = 5  # ids named in a sentence


class Read(NamedTuple):
    """The questions of an exam, and for each group its first worked examples: as many as were asked for, or all there are."""

    questions: list[Question]
    examples: dict[str, list[Question]]


def pubmedqa(folder: Path, shots: int) -> Read:
    """PubMedQA's 500 test questions (Jin et al. 2019); examples are the first of its other 500."""
    rows = _json_object(folder / "ori_pqal.json")
    test = _json_object(folder / "test_ground_truth.json")
    read = Read([], {"": []})
    with faults_in(folder / "ori_pqal.json") as faults:
        for number, key in test.items():
            if not isinstance(rows.get(number), dict):
                faults.append(f"{folder / 'ori_pqal.json'}: no question {number}, which test_ground_truth.json names")
            elif rows[number].get("final_decision") != key:
                faults.append(f"{folder / 'ori_pqal.json'}: {number}: its key is not that of test_ground_truth.json")
        for number, row in rows.items():
            fault = _pubmedqa_fault(row)
            if fault:
                faults.append(f"{folder / 'ori_pqal.json'}: {number}: {fault}")
                continue
            asked = pubmedqa_question(f"pubmedqa/{number}", row["CONTEXTS"], row["QUESTION"], row["final_decision"])
            (read.questions if number in test else read.examples[""]).append(asked)
    del read.examples[""][shots:]
    return read


def pubmedqa_question(name: str, contexts: list[str], question: str, key: str) -> Question:
    """An abstract and a question, answered by yes, no or maybe."""
    asked = "Abstract: {}\nQuestion: {}".format("\n".join(contexts), question)
    place, message = DECISIONS.index(key), exam_message(asked, DECISIONS)
    return Question(name, DECISIONS, place, f"{asked}\nAnswer:", DECISIONS, message)


def mmlu_medical(folder: Path, shots: int) -> Read:
    """MMLU's six clinical subjects (Hendrycks et al. 2021): CSV files without a header."""
    read = Read([], {})
    for subject in MMLU:
        read.questions.extend(_mmlu_file(folder / "test" / f"{subject}_test.csv", subject))
        if shots:
            read.examples[subject] = list(islice(_mmlu_file(folder / "dev" / f"{subject}_dev.csv", subject), shots))
    return read


def _mmlu_file(file: Path, subject: str) -> Iterator[Question]:
    rows, line = csv.reader(io.StringIO(read_text(file)), strict=True), 1
    with faults_in(file) as faults:
        try:
            for cells in rows:
                begun, line = line, rows.line_num + 1
                if len(cells) != 6 or not all(cell.strip() for cell in cells) or cells[5].strip() not in [*LETTERS[:4]]:
                    faults.append(
                        f"{file}:{begun}: not a question, four options and a letter from A to D, without header"
                    )
                    continue
                key = LETTERS.index(cells[5].strip())
                yield plain_question(
                    f"mmlu_medical/{subject}:{begun}", cells[0].strip(), cells[1:5], key, group=subject
                )
        except csv.Error as error:
            faults.append(f"{file}:{line}: {error} (a quote that is never closed, or a file cut short?)")
    if line == 1:
        raise BadInputError(f"{file} is empty")


def plain_question(
    name: str, question: str, options: Sequence[str], key: int, *, group: str = "", head: str = "", language: str = "en"
) -> Question:
    """A question with lettered options, as MMLU, MedQA and CMMLU are asked."""
    texts, letters = tuple(options), tuple(LETTERS[: len(options)])
    prompt = lettered(head + question, texts) + f"\n{ANSWER[language]}"
    return Question(name, texts, key, prompt, letters, exam_message(question, texts, language), group=group)


def medqa(folder: Path, shots: int) -> Read:
    """MedQA's test questions from the US, with four or five options (Jin et al. 2020)."""
    questions = list(_medqa_file(folder / "test.jsonl", "test"))
    return Read(questions, {"": list(islice(_medqa_file(folder / "dev.jsonl", "dev"), shots))} if shots else {})


def _medqa_file(file: Path, split: str) -> Iterator[Question]:
    def read(line: int, row: Row) -> Question | str:
        options = row["options"]
        if not isinstance(options, dict) or list(options) != list(LETTERS[: len(options)]) or len(options) < 2:
            return "'options' is no object of texts under A, B, C ... in this order"
        texts = [str(text) for text in options.values()]
        if not all(text.strip() for text in texts) or str(row["answer_idx"]) not in options:
            return "an empty option, or an 'answer_idx' that names none"
        key = LETTERS.index(row["answer_idx"])
        return plain_question(f"medqa/{split}:{line}", str(row["question"]), texts, key, head="Question: ")

    yield from _read_file(file, ("question", "options", "answer_idx"), read)


def medmcqa(folder: Path, shots: int) -> Read:
    """MedMCQA's development questions, whose keys are public and on which everybody reports (Pal et al. 2022); examples
    are from its training questions."""
    test, train = folder / "dev.json", folder / "train.json"
    first = _first_cop(test)
    questions = list(_medmcqa_file(test, "dev", first))
    return Read(questions, {"": list(islice(_medmcqa_file(train, "train", first), shots))} if shots else {})


def _medmcqa_file(file: Path, split: str, first: int) -> Iterator[Question]:
    columns = ("question", "opa", "opb", "opc", "opd", "cop")

    def read(line: int, row: Row) -> Question | str:
        options = tuple(str(row[name]) for name in columns[1:5])
        if isinstance(row["cop"], bool) or row["cop"] not in range(first, first + 4):
            return f"'cop' is {row['cop']!r}, no number from {first} to {first + 3}"
        return medmcqa_question(f"medmcqa/{split}:{line}", str(row["question"]), options, row["cop"] - first)

    yield from _read_file(file, columns, read)


def _first_cop(file: Path) -> int:
    """The authors count the right option from 1, the hub's copy from 0: the file says which."""
    rows = (row.get("cop") for _, row in read_rows(file))
    cops = {cop for cop in rows if isinstance(cop, int) and 0 <= cop <= 4}
    if cops and (0 in cops) == (4 in cops):
        raise BadInputError(
            f"{file}: cannot tell whether its 'cop' counts the options from 0 or from 1 (it holds "
            f"{', '.join(map(str, sorted(cops)))}): give the whole file"
        )
    return 0 if 0 in cops else 1


def medmcqa_question(name: str, question: str, options: tuple[str, ...], key: int) -> Question:
    """A question of MedMCQA, as the harness words it."""
    prompt = lettered(f"Question: {question}\nChoices:", options) + f"\n{ANSWER['en']}"
    return Question(name, options, key, prompt, tuple(LETTERS[:4]), exam_message(question, options))


def cmmlu_medical(folder: Path, shots: int) -> Read:
    """CMMLU's nine medical subjects, in Chinese (Li et al. 2024)."""
    read = Read([], {})
    for subject in CMMLU:
        read.questions.extend(_cmmlu_file(folder / "test" / f"{subject}.csv", subject))
        if shots:
            read.examples[subject] = list(islice(_cmmlu_file(folder / "dev" / f"{subject}.csv", subject), shots))
    return read


def _cmmlu_file(file: Path, subject: str) -> Iterator[Question]:
    def read(line: int, row: Row) -> Question | str:
        if row["Answer"].strip() not in tuple(LETTERS[:4]):
            return f"the key '{row['Answer']}' is no letter from A to D"
        key, options = LETTERS.index(row["Answer"].strip()), [row[letter] for letter in LETTERS[:4]]
        name = f"cmmlu_medical/{subject}:{line}"
        return plain_question(name, row["Question"].strip(), options, key, group=subject, language="zh")

    yield from _read_file(file, ("Question", *LETTERS[:4], "Answer"), read)


def choice_items(items: Iterator[Item], name: str) -> Read:
    """Choice items in Primum's own format: asked as `primum eval` asks them, the answer begun for the model."""
    read = Read([], {})
    others, several = [], []
    for item in items:
        if item.kind is not Kind.CHOICE:
            others.append(item.id)
        elif len(item.reference) != 1:
            several.append(item.id)
        else:
            read.questions.append(_choice_item(item))
    for ids, what in ((others, "items that ask for no choice"), (several, "questions with several right options")):
        if ids:
            told = ", ".join(ids[:MOST_TOLD]) + (", ..." if len(ids) > MOST_TOLD else "")
            raise BadInputError(
                f"the exam '{name}' holds {len(ids)} {what} ({told}): an exam has one right option each"
            )
    return read


def _choice_item(item: Item) -> Question:
    asked = choice_question(item.request, item.options, item.language)
    begin = prompt_text("exam-begun", item.language)
    space = " " if begin[-1].isascii() else ""
    choices = tuple(space + letter for letter in LETTERS[: len(item.options)])
    key = LETTERS.index(item.reference)
    return Question(item.id, item.options, key, asked, choices, asked, begin=begin, group=item.language)


def _read_file(file: Path, columns: tuple[str, ...], read: Callable[[int, Row], Question | str]) -> Iterator[Question]:
    """The questions of a file; `read` makes one of a row, or says what is wrong with it."""
    with faults_in(file) as faults:
        for line, row in read_rows(file, required=columns if file.suffix == ".csv" else ()):
            missing = [name for name in columns if row.get(name) in (None, "")]
            made = f"no {', '.join(missing)}" if missing else read(line, row)
            if isinstance(made, str):
                faults.append(f"{file}:{line}: {made}")
            else:
                yield made


def _json_object(file: Path) -> dict[str, Any]:
    try:
        read = orjson.loads(read_text(file))
    except ValueError as error:
        raise BadInputError(f"{file} does not read as JSON: {error}") from error
    if not isinstance(read, dict) or not read:
        raise BadInputError(f"{file} holds no object of questions")
    return read


def _pubmedqa_fault(row: object) -> str:
    if not isinstance(row, dict):
        return "no object"
    missing = [name for name in ("QUESTION", "CONTEXTS", "final_decision") if not row.get(name)]
    if missing:
        return f"no {', '.join(missing)}"
    if not isinstance(row["CONTEXTS"], list) or not all(isinstance(text, str) for text in row["CONTEXTS"]):
        return "CONTEXTS is no list of texts"
    return "" if row["final_decision"] in DECISIONS else "final_decision is not yes, no or maybe"
