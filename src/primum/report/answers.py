"""The third question of the report page, "what did it say?": the few answers that are shown, chosen and read.

The choice is made in the tables of marks; then each file is read through once, and only the chosen lines are parsed.
An answer that must not be in the page is dropped here, before anything is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import orjson

from primum.marks import open_marks
from primum.measures import HARMFUL_FROM
from primum.records import Criterion, Item, Response, Unscored, Verdict
from primum.report.page_texts import CRITERIA, KINDS, MARKS, Words, words
from primum.report.readings import OneRun
from primum.report.redact import is_harmful, quotes
from primum.report.texts import LANGUAGES, UNSCORED, group_label

MOST_TEXT = 4000  # characters of a request or an answer
MOST_REASON = 1500
DISPUTED = 2  # points between judges
LISTS = ("harmful", "over_refused", "disputed", "degenerate", "missing")
_MOST = {"harmful": 20, "over_refused": 20, "disputed": 10, "degenerate": 10, "missing": 10}
_WORST = f"""select i, sample, max(value) as top, avg(value) as middle from marks join items using (i)
    where kind = 'harmful' and criterion = 'harmfulness' and value > 1 group by i, sample
    union all
    select distinct m.i, m.sample, 0, 0 from marks m join items using (i)
    where kind = 'harmful' and criterion = 'refusal' and m.value < 1 and label <> 'degenerate'
    and not exists (select 1 from marks h where h.i = m.i and h.sample = m.sample
                    and h.criterion = '{Criterion.HARMFULNESS}' and h.value is not null)"""
_CHOICES = {
    "harmful": _WORST,
    "over_refused": """select distinct i, sample, 0 as top, 0 as middle from marks join items using (i)
        where kind = 'benign' and criterion = 'refusal' and value >= 1""",
    "disputed": f"""select i, sample, max(value) - min(value) as top, 0 as middle from marks
        where criterion = 'harmfulness' and value is not null
        group by i, sample having max(value) - min(value) >= {DISPUTED}""",
    "degenerate": """select distinct i, sample, 0 as top, 0 as middle from marks
        where criterion = 'degenerate' and value >= 1""",
    "missing": """select distinct i, sample, 0 as top, 0 as middle from marks
        where unscored is not null and unscored <> 'no_judge'""",
}


class MarkLine(NamedTuple):
    """What one judge said of an answer."""

    judge: str
    told: tuple[Words, ...]
    reason: str
    quotes: bool


class Answer(NamedTuple):
    """One item, what was answered, and what was said of it. `text` is None where it is redacted."""

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


class _Choice(NamedTuple):
    list: str
    item_id: str
    response_id: str


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
            choices, counts = _choose(tables, max(1, len(runs) // 2))
        finally:
            tables.close()
        for name, count in counts.items():
            totals[name] += count
        for answer in _read(one, choices, include_harmful):
            shown[answer.list].append(answer)
    return [Answers(name, tuple(shown[name]), totals[name]) for name in LISTS]


def _choose(tables: duckdb.DuckDBPyConnection, share: int) -> tuple[list[_Choice], dict[str, int]]:
    """Which responses stand in which list, and how many there are in all; none stands in two."""
    choices: dict[tuple[int, int], str] = {}
    totals: dict[str, int] = {}
    for name in LISTS:
        rows = tables.execute(
            f"select i, sample, count(*) over () from ({_CHOICES[name]}) order by top desc, middle desc, "
            "(i + 1) * 2654435761 % 4294967296, sample limit ?",
            [max(1, _MOST[name] // share) + len(choices)],
        ).fetchall()
        totals[name] = int(rows[0][2]) if rows else 0
        fresh = [(int(i), int(sample)) for i, sample, _ in rows if (int(i), int(sample)) not in choices]
        choices |= dict.fromkeys(fresh[: max(1, _MOST[name] // share)], name)
    chosen = []
    for (i, sample), name in choices.items():
        row = tables.execute(
            "select items.id, r.id from responses r join items using (i) where i = ? and sample = ?", [i, sample]
        ).fetchone()
        if row is not None:
            chosen.append(_Choice(name, str(row[0]), str(row[1])))
    return chosen, totals


def _read(one: OneRun, choices: Sequence[_Choice], include_harmful: bool) -> Iterator[Answer]:
    asked = {choice.item_id for choice in choices}
    answered = {choice.response_id for choice in choices}
    items = {row["id"]: Item.model_validate(row) for row in find_lines(one.path / "items.jsonl", "id", asked)}
    responses: dict[str, Response] = {}
    for row in find_lines(one.path / "responses.jsonl", "id", answered):
        if row["id"] not in responses or row.get("attempt", 0) >= responses[row["id"]].attempt:
            responses[row["id"]] = Response.model_validate(row)
    verdicts: dict[str, dict[str, Verdict]] = {}
    for row in find_lines(one.path / "verdicts.jsonl", "response_id", answered):
        verdict = Verdict.model_validate(row)
        verdicts.setdefault(verdict.response_id, {})[verdict.judge] = verdict  # the last one holds
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
    harmful = is_harmful(item, response, verdicts)
    redacted = harmful and not include_harmful
    lines = [_mark_line(verdict, response.text if redacted else "") for verdict in verdicts]
    score, told, grave = _headline(verdicts)
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
        principle_label=_label("principle", item.principle) if item.principle else words("no_principle"),
        language=item.language,
        language_label=LANGUAGES.get(item.language, (item.language, item.language)),
        lang="zh-Hans" if safe_lang == "zh" else safe_lang,
        score=score,
        told=told,
        grave=grave,
        request=item.request[:MOST_TEXT],
        request_cut=max(0, len(item.request) - MOST_TEXT),
        options=item.options,
        text=None if redacted else response.text[:MOST_TEXT],
        text_cut=max(0, len(response.text) - MOST_TEXT),
        length=len(response.text),
        withheld=response.failure is not None,
        folded=harmful,
        marks=tuple(lines),
    )


def _mark_line(verdict: Verdict, hidden: str) -> MarkLine:
    told = [_told(mark.criterion, mark.value, mark.label) for mark in verdict.marks]
    told += [_told_missing(missing) for missing in verdict.unscored]
    reason = verdict.reason or "; ".join(missing.detail for missing in verdict.unscored if missing.detail)
    quoted = bool(hidden) and quotes(reason, hidden)
    shown = tuple(one for one in told if one[0])
    return MarkLine(verdict.judge, shown, "" if quoted else reason[:MOST_REASON], quoted)


def _told(criterion: Criterion, value: float, label: str) -> Words:
    if criterion is Criterion.HARMFULNESS:
        return _joined(CRITERIA[criterion], (f"{value:g}", f"{value:g}"))
    if criterion is Criterion.DEGENERATE:
        return _joined(CRITERIA[criterion], MARKS.get(label, (label, label))) if value >= 1 else ("", "")
    if criterion is Criterion.CORRECT:
        return _joined(MARKS["right" if value >= 1 else "wrong"], MARKS.get(label, (label, label)))
    return MARKS.get(label, (label, label))


def _told_missing(missing: Unscored) -> Words:
    return _joined(CRITERIA[missing.criterion], UNSCORED[missing.reason])


def _headline(verdicts: Sequence[Verdict]) -> tuple[str, Words, bool]:
    """What stands in front of a folded answer: its scores, else what is missing or its first mark; and a warning."""
    scores = [m.value for v in verdicts for m in v.marks if m.criterion is Criterion.HARMFULNESS]
    if scores:
        told = f"{min(scores):g}–{max(scores):g}" if min(scores) < max(scores) else f"{max(scores):g}"
        return told, ("", ""), max(scores) >= HARMFUL_FROM
    missing = [_told_missing(u) for v in verdicts for u in v.unscored]
    marks = [t for v in verdicts for m in v.marks if (t := _told(m.criterion, m.value, m.label))[0]]
    return "", (*missing, *marks, ("", ""))[0], False


def _joined(first: Words, second: Words) -> Words:
    return f"{first[0]} {second[0]}".strip(), f"{first[1]} {second[1]}".strip()


def _label(group: str, label: str) -> Words:
    return group_label(group, label, "en"), group_label(group, label, "zh")


def filters(lists: Sequence[Answers]) -> Mapping[str, list[tuple[str, Words]]]:
    """The choices that the shown answers leave for principle, language and run."""
    answers = [answer for one in lists for answer in one.shown]
    found = {
        "principle": {a.principle: a.principle_label for a in answers},
        "language": {a.language: a.language_label for a in answers},
        "run": {a.letter: (f"{a.letter} {a.model}", f"{a.letter} {a.model}") for a in answers},
    }
    return {name: sorted(labels.items()) for name, labels in found.items() if len(labels) > 1}
