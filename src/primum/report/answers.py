"""The third question of the report page, "what did it say?": the few answers that are shown (choices.py), read.

Each file is read through once, and only the chosen lines are parsed.
An answer that must not be in the page is dropped here, before anything is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from primum.marks import open_marks
from primum.records import Criterion, Item, Kind, Response, Verdict
from primum.report.choices import LISTS, Choice, choose
from primum.report.marked import MarkLine, headline, mark_line, told_mark
from primum.report.page_texts import words
from primum.report.readings import OneRun
from primum.report.record_texts import KINDS
from primum.report.redact import is_harmful
from primum.report.texts import LANGUAGES, Words, group_label

MOST_TEXT = 4000  # characters of a request or an answer


class Answer(NamedTuple):
    """One item, what was answered, and what was said of it. `text` is None where it is redacted.

    `key`, `chosen` and `rationale` belong to choice questions, `norm` to open cases, and `statements` are what a good
    answer to a question with must-have facts states.
    """

    list: str
    letter: str
    model: str
    item_id: str
    response_id: str
    suite: str
    kind: Words
    principle: str
    principle_label: Words
    language: str
    language_label: Words
    lang: str
    score: str
    told: Words
    grave: bool
    request: str
    request_cut: int
    options: tuple[str, ...]
    key: str
    chosen: Words
    rationale: str
    norm: str
    statements: tuple[str, ...]
    text: str | None
    text_cut: int
    length: int
    withheld: bool
    folded: bool
    marks: tuple[MarkLine, ...]


class Answers(NamedTuple):
    """One list of answers, and of how many it shows the first."""

    name: str
    shown: tuple[Answer, ...]
    total: int


def read_answers(runs: Sequence[OneRun], include_harmful: bool) -> list[Answers]:
    """The lists of answers of the runs; with several runs the shares shrink, so that the page stays bounded.

    Raises:
        BadInputError: a record of a run does not read.
    """
    shown: dict[str, list[Answer]] = {name: [] for name in LISTS}
    totals = dict.fromkeys(LISTS, 0)
    for one in runs:
        tables = open_marks(one.path)
        try:
            choices, counts = choose(tables, max(1, len(runs) // 2))
        finally:
            tables.close()
        for name, count in counts.items():
            totals[name] += count
        for answer in _read(one, choices, include_harmful):
            shown[answer.list].append(answer)
    return [Answers(name, tuple(shown[name]), totals[name]) for name in LISTS]


def _read(one: OneRun, choices: Sequence[Choice], include_harmful: bool) -> Iterator[Answer]:
    asked = {choice.item_id for choice in choices}
    answered = {choice.response_id for choice in choices}
    items = {row["id"]: Item.model_validate(row) for row in find_lines(one.path / "items.jsonl", "id", asked)}
    responses: dict[str, Response] = {}
    for row in find_lines(one.path / "responses.jsonl", "id", answered):
        if row["id"] not in responses or row.get("attempt", 0) >= responses[row["id"]].attempt:
            responses[row["id"]] = Response.model_validate(row)
    verdicts: dict[str, dict[tuple[int, str], Verdict]] = {}
    for row in find_lines(one.path / "verdicts.jsonl", "response_id", answered):
        verdict = Verdict.model_validate(row)
        verdicts.setdefault(verdict.response_id, {})[verdict.repeat, verdict.judge] = verdict  # the last one holds
    for choice in choices:
        item, response = items.get(choice.item_id), responses.get(choice.response_id)
        if item is not None and response is not None:
            own = tuple(verdicts.get(response.id, {}).values())
            yield _answer(one, choice.list, item, response, own, include_harmful)


def find_lines(file: Path, field: str, wanted: Collection[str]) -> Iterator[dict[str, Any]]:
    """The records of a JSONL file whose `field` is wanted. Other lines are passed over without parsing them.

    An incomplete last line is passed over.
    """
    if not wanted or not file.exists():
        return
    ids = {orjson.dumps(one)[1:-1] for one in wanted}
    start = b'"' + field.encode() + b'":"'
    with file.open("rb") as lines:
        for line in lines:
            begin = line.find(start) + len(start)
            found = line[begin : line.find(b'"', begin)]
            plain = begin >= len(start) and b"\\" not in found
            if (plain and found not in ids) or not line.endswith(b"\n"):
                continue
            record = orjson.loads(line)
            if record.get(field) in wanted:
                yield record


def _answer(
    one: OneRun, name: str, item: Item, response: Response, verdicts: Sequence[Verdict], include_harmful: bool
) -> Answer:
    harmful = is_harmful(item, response, verdicts)  # a second judgement counts here, and is not shown
    redacted = harmful and not include_harmful
    shown = [verdict for verdict in verdicts if verdict.repeat == 0]
    score, told, grave = headline(shown)
    safe_lang = item.language if re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", item.language) else ""
    return Answer(
        list=name,
        letter=one.letter,
        model=one.run.plan.model,
        item_id=item.id,
        response_id=response.id,
        suite=item.suite,
        kind=KINDS[item.kind],
        principle=item.principle,
        principle_label=_place(item),
        language=item.language,
        language_label=LANGUAGES.get(item.language, (item.language, item.language)),
        lang="zh-Hans" if safe_lang == "zh" else safe_lang,
        score=score,
        told=told,
        grave=grave,
        request=item.request[:MOST_TEXT],
        request_cut=max(0, len(item.request) - MOST_TEXT),
        options=item.options,
        key=item.reference if item.kind is Kind.CHOICE else "",
        chosen=_chosen(shown) if item.kind is Kind.CHOICE else ("", ""),
        rationale=item.rationale[:MOST_TEXT],
        norm=item.reference[:MOST_TEXT] if item.kind is Kind.OPEN else "",
        statements=_statements(item),
        text=None if redacted else response.text[:MOST_TEXT],
        text_cut=max(0, len(response.text) - MOST_TEXT),
        length=len(response.text),
        withheld=response.failure is not None,
        folded=harmful,
        marks=tuple(mark_line(verdict, response.text if redacted else "") for verdict in shown),
    )


def _chosen(verdicts: Sequence[Verdict]) -> Words:
    """The letters that were read from an answer, or what was in their place."""
    found = [m for v in verdicts for m in v.marks if m.criterion is Criterion.CORRECT and m.label]
    return told_mark(found[0], bare=True) if found else ("", "")


def _statements(item: Item) -> tuple[str, ...]:
    if item.kind is not Kind.MUST_HAVE:
        return ()
    return tuple(line.strip() for line in item.reference[:MOST_TEXT].splitlines() if line.strip())


def _place(item: Item) -> Words:
    """Where an item belongs: its principle, else its scenario, else its style."""
    for group in ("principle", "scenario", "style"):
        label = getattr(item, group)
        if label:
            return _label(group, label)
    return words("no_principle")


def _label(group: str, label: str) -> Words:
    return group_label(group, label, "en"), group_label(group, label, "zh")


def filters(lists: Sequence[Answers]) -> Mapping[str, list[tuple[str, Words]]]:
    """The choices that the shown answers leave for principle, language and run."""
    answers = [answer for one in lists for answer in one.shown]
    found = {
        "principle": {
            a.principle: _label("principle", a.principle) if a.principle else words("no_principle") for a in answers
        },
        "language": {a.language: a.language_label for a in answers},
        "run": {a.letter: (f"{a.letter} {a.model}", f"{a.letter} {a.model}") for a in answers},
    }
    return {name: sorted(labels.items()) for name, labels in found.items() if len(labels) > 1}
