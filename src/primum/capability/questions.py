"""What an exam is made of: questions as a model is asked them, their examples, and the hash that makes two results
comparable.

A question has two renderings. `prompt` is for log-probabilities: the text before each of `choices`, as the harness's own
task of the exam has it. `message` is for an answer that is read: it asks for a letter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import orjson

from primum.judges.letters import read_letters
from primum.prompts import LETTERS, fill, prompt_text
from primum.records import content_id
from primum.suites.sample import allot

Form = Literal["loglikelihood", "generative"]
DECISIONS = ("yes", "no", "maybe")
_DECIDED = re.compile(rf"\W*({'|'.join(DECISIONS)})\s*(?:[^\w\s/]|\n|$)", re.IGNORECASE)


class Question(NamedTuple):
    """One question. `choices` are what may follow the prompt, spaces included; `key` is the place of the right one.
    `begin` is how the answer is begun for the model, `system` what is said before all."""

    id: str
    options: tuple[str, ...]
    key: int
    prompt: str
    choices: tuple[str, ...]
    message: str
    begin: str = ""
    system: str = ""
    group: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """What the choices are called in the records: A, B ... or yes, no, maybe."""
        return tuple(choice.strip() for choice in self.choices)

    @property
    def sha256(self) -> str:
        """The hash of its content, whatever the form."""
        content = [self.message, list(self.options), self.key]
        return hashlib.sha256(orjson.dumps(content)).hexdigest()


class ExamPaper(NamedTuple):
    """An exam to be sat: its questions, and for each group the worked examples that stand before them. `template` names
    the texts around the questions, by form."""

    name: str
    questions: tuple[Question, ...]
    examples: dict[str, tuple[Question, ...]]
    template: dict[Form, str]
    source: str

    @property
    def shots(self) -> int:
        """How many examples stand before each question."""
        return max((len(examples) for examples in self.examples.values()), default=0)

    def sha256(self, form: Form) -> str:
        """The hash of all that is asked, examples and form included."""
        asked = [_rendered(question, form) for question in self.questions]
        shown = {group: [_rendered(example, form) for example in shots] for group, shots in self.examples.items()}
        return hashlib.sha256(orjson.dumps([form, asked, shown], option=orjson.OPT_SORT_KEYS)).hexdigest()


def _rendered(question: Question, form: Form) -> list[object]:
    said = [question.message] if form == "generative" else [question.prompt, list(question.choices), question.begin]
    return [question.id, question.sha256, question.group, question.system, *said]


def lettered(question: str, options: Sequence[str]) -> str:
    """A question and its options, a letter and a full stop before each, line by line.

    >>> lettered("Which vitamin?", ("A1", "D"))
    'Which vitamin?\\nA. A1\\nB. D'
    """
    return "\n".join([question, *(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))])


def read_pick(text: str, options: tuple[str, ...]) -> str | None:
    """The letters of the options that an answer chooses; nothing where none can be read.

    Yes, no and maybe stand in many a sentence, so a word that stands at the head of an answer by itself decides.

    >>> read_pick("The answer is B.", ("rest", "exercise")), read_pick("Yes, there was no harm.", DECISIONS)
    ('B', 'A')
    """
    decided = _DECIDED.match(text) if options == DECISIONS else None
    return LETTERS[DECISIONS.index(decided[1].lower())] if decided else read_letters(text, options).letters


def exam_message(question: str, options: tuple[str, ...], language: str = "en") -> str:
    """A question as a model without log-probabilities is asked it: it is to answer with a letter, or with yes, no or maybe."""
    if options == DECISIONS:
        return fill(prompt_text("exam-decision", language), question=question)
    listed = lettered("", options).lstrip("\n")
    return fill(prompt_text("exam", language), question=question, options=listed)


def seeded_sample(paper: ExamPaper, size: int, seed: int) -> ExamPaper:
    """`size` questions of an exam in its order, shares proportional to the groups' sizes.

    >>> one = Question("x/1", ("a", "b"), 0, "?", ("A", "B"), "?")
    >>> paper = ExamPaper("x", tuple(one._replace(id=f"x/{n}") for n in range(9)), {}, {}, "test")
    >>> [question.id for question in seeded_sample(paper, 3, 0).questions]
    ['x/4', 'x/5', 'x/7']
    """
    groups: dict[str, list[int]] = {}
    for place, question in enumerate(paper.questions):
        groups.setdefault(question.group, []).append(place)
    rng = np.random.default_rng(seed)
    shares = allot([len(places) for places in groups.values()], size)
    drawn = {
        int(place)
        for places, share in zip(groups.values(), shares, strict=True)
        for place in rng.choice(np.array(places), size=share, replace=False)
    }
    left = {paper.questions[place].group for place in drawn}
    examples = {group: shots for group, shots in paper.examples.items() if group in left}
    return paper._replace(
        questions=tuple(question for place, question in enumerate(paper.questions) if place in drawn),
        examples=examples,
    )


def exam_id(paper: ExamPaper, form: Form, model: str, before: int) -> str:
    """The id of a sitting: the same for one that was cut short and is gone on with; `before` counts those finished."""
    return content_id(paper.name, form, paper.sha256(form), model, before)
