"""Files in the format of MedES (Jin et al., AAAI 2026; arXiv 2601.07954): columns `scene, query, reference, type`.

Primum ships none of the authors' files: a user has them, or writes own ones in this format. Further columns are left
alone. In a long file, which has a row for each question and `model`, a question is one item.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from primum.errors import BadInputError
from primum.prompts import LETTERS, MARKS
from primum.records import Item, Kind, content_id
from primum.rows import Row, faults_in, read_rows
from primum.scenarios import scenario_key
from primum.suites.repeats import join_repeats

FOLDER = "medes"
FILES = ("objective_questions.csv", "subjective_questions.csv")
COLUMNS = ("scene", "query", "reference", "type")
KINDS = {"客观题": Kind.CHOICE, "主观题": Kind.OPEN}
QUESTION = re.compile("题目[：:]")
SEPARATORS = " \t\r\n，,;；"
LINE = re.compile(rf"^[ \t\u3000]*([A-H])[ \t]*[{re.escape(MARKS)}]", re.MULTILINE)
INLINE = re.compile(rf"(?:^|(?<=[\s，,;；]))([A-H])[ \t]*[{re.escape(MARKS)}]", re.MULTILINE)
BEYOND = re.compile(rf"^[ \t\u3000]*I[ \t]*[{re.escape(MARKS)}]", re.MULTILINE)
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")


def medes(data: Path) -> Iterator[Item]:
    """The user's `objective_questions.csv` and `subjective_questions.csv`, or the one of them that is there.

    Raises:
        BadInputError: neither is there, or one has faults.
    """
    there = [data / FOLDER / name for name in FILES if (data / FOLDER / name).is_file()]
    if not there:
        raise BadInputError(
            f"{data / FOLDER} holds neither {' nor '.join(FILES)}: if the authors gave you the files, save them there"
        )
    for items in [list(read_medes(file, "medes")) for file in there]:
        yield from items


def read_medes(file: Path, suite: str) -> Iterator[Item]:
    """The questions of a file in MedES's format, in its order; nothing is given before all of it is checked.

    An objective query is a whole prompt and is asked as it stands; its options are read from what follows its last
    `题目：`. An open case has its norm as `reference`. Ids are `suite/stem:number`, questions counted from 0 (in a file
    with one row a question, that is its rows). Repeated queries are one family.

    Raises:
        BadInputError: listing every fault with file and line: missing columns, empty cells, unknown types, options that
            cannot be read, keys that name no option.
    """
    items: list[Item] = []
    with faults_in(file) as faults:
        for number, (line, cells) in enumerate(_questions(file)):
            try:
                items.append(_item(cells, f"{suite}/{file.stem}:{number}", suite))
            except ValueError as error:
                faults.append(f"{file}:{line}: {error}")
    yield from join_repeats(iter(items))


def _questions(file: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The questions of a file, each with the line of its first row. The second such row of one model is a second question,
    of another model the same one."""
    seen: set[tuple[str, int]] = set()
    rows_of: Counter[tuple[str, str]] = Counter()
    for line, row in read_rows(file, required=COLUMNS):
        cells = tuple(_text(row, name) for name in COLUMNS)
        alike, model = content_id(*cells), _text(row, "model")
        rows_of[alike, model] += 1
        question = (alike, rows_of[alike, model])
        if question not in seen:
            seen.add(question)
            yield line, cells


def is_medes(file: Path) -> bool:
    """True for a file whose first row has MedES's columns, or all but one or two of them.

    Raises:
        BadInputError: the file cannot be read.
    """
    for _, row in read_rows(file):
        return len(set(COLUMNS) & set(row)) >= 2 and "request" not in row
    return False


def _text(row: Row, name: str) -> str:
    return str(row.get(name) or "").strip()


def _item(cells: tuple[str, ...], item_id: str, suite: str) -> Item:
    empty = [name for name, cell in zip(COLUMNS, cells, strict=True) if not cell]
    if empty:
        raise ValueError(f"no {', '.join(empty)}")
    scene, query, reference, kind = cells
    if kind not in KINDS:
        raise ValueError(f"type '{kind}' is none of {', '.join(KINDS)}")
    options: tuple[str, ...] = ()
    if KINDS[kind] is Kind.CHOICE:
        reference = key_letters(reference)
        options = options_in(query, reference)
    return Item.make(
        id=item_id,
        suite=suite,
        kind=KINDS[kind],
        request=query,
        options=options,
        reference=reference,
        scenario=scenario_key(scene),
        language="zh" if HAN.search(query) else "en",
    )


def key_letters(reference: str) -> str:
    """The letters of a key, sorted.

    Raises:
        ValueError: it holds something else than the letters A to H and what separates them.

    >>> key_letters("b d"), key_letters("A,C"), key_letters("DBA")
    ('BD', 'AC', 'ABD')
    """
    letters = re.sub(r"[\s，,、;；]", "", reference).upper()
    if not letters or not set(letters) <= set(LETTERS) or len(set(letters)) != len(letters):
        raise ValueError(f"the key '{reference}' is no set of the letters A to {LETTERS[-1]}")
    return "".join(sorted(letters))


def options_in(query: str, key: str) -> tuple[str, ...]:
    """The options that a prompt lists, each on a line of its own, or else several on one.

    Raises:
        ValueError: there are not two in a row from A on, one is empty, or the key names another.

    >>> options_in("题目：选哪个？ A.休息 B、运动；C：饮水", "B")
    ('休息', '运动', '饮水')
    """
    text = QUESTION.split(query)[-1]
    if BEYOND.search(text) and _longest_list(text, LINE)[7:]:
        raise ValueError(f"more than {len(LETTERS)} options")
    best: tuple[str, ...] = ()
    for pattern in (LINE, INLINE):
        options = _longest_list(text, pattern)
        if len(options) >= 2 and all(options) and set(key) <= set(LETTERS[: len(options)]):
            return options
        best = max(best, options, key=len)
    if len(best) < 2:
        raise ValueError("no list of options from A on was found in the query")
    for letter, option in zip(LETTERS, best, strict=False):
        if not option:
            raise ValueError(f"option {letter} is empty")
    raise ValueError(f"the key '{key}' does not name options of this item, which has {len(best)}")


def _longest_list(text: str, mark: re.Pattern[str]) -> tuple[str, ...]:
    """The texts after A, B, C ... from that A which begins the longest list, the last of such. A text ends where the
    next begins, the last one's with its line."""
    found = list(mark.finditer(text))
    best: list[re.Match[str]] = []
    for start, first in enumerate(found):
        if first[1] != "A":
            continue
        chosen: list[re.Match[str]] = []
        for match in found[start:]:
            if len(chosen) < len(LETTERS) and match[1] == LETTERS[len(chosen)]:
                chosen.append(match)
        best = chosen if len(chosen) >= len(best) else best
    if not best:
        return ()
    inner = [text[match.end() : after.start()] for match, after in pairwise(best)]
    last = text[best[-1].end() :].split("\n")[0]
    return tuple(option.strip(SEPARATORS) for option in (*inner, last))
