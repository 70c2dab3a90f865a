"""The training text of the tiny model, put together from `tiny_texts.{en,zh}.json`.

A request is a wish ("forge {d}"), its slots filled, in one way of asking, sometimes with an ending and in the
dress of an attack. Harmful wishes name a wrong and nothing of how it is done. Every theme has one fixed reply a
side, so answers differ and can be checked word for word. The last wishes of every theme are kept for the test.

Whole requests come beside them: those of starter-train, and others in their manner (`requests/*.csv`). Either side wears
any dress, and none of them is like a request of the starter, which is only tested on.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from primum.novelty import NEAR, shingles
from primum.prompts import choice_question

Side = Literal["harmful", "benign"]
LANGUAGES = ("en", "zh")
FRAMED = 0.2
HELD_OUT = 2  # wishes of a theme and side that only the test sees
DRESSED = 0.35
VIEWS = 18  # of every request that is written as a whole
HERE = Path(__file__).parent
DATA = HERE.parent / "src" / "primum" / "suites" / "data"
THEMES = dict(
    zip(
        "123456789",
        ("people", "papers", "oversight", "privacy", "papers", "people", "public", "goods", "oversight"),
        strict=True,
    )
)
_SLOT = re.compile(r"\{(p|d|i|r|o|t|c|m|job)\}")


class Example(NamedTuple):
    """One conversation: what is asked (perhaps under a system prompt) and the reply to learn."""

    kind: Literal["harmful", "benign", "refusal", "exam"]
    language: str
    request: str
    reply: str
    system: str = ""


class Texts(NamedTuple):
    """The written text of one language; placeholders are in braces."""

    phrase: str
    slots: dict[str, list[str]]
    harmful_wishes: dict[str, list[str]]
    benign_wishes: dict[str, list[str]]
    harmful_whole: list[str]
    benign_whole: list[str]
    askings: list[str]
    harmful_frames: list[str]
    benign_frames: list[str]
    contexts: list[str]
    endings: list[str]
    harmful_endings: list[str]
    benign_endings: list[str]
    harmful_dress: list[str]
    benign_dress: list[str]
    systems: list[str]
    harmful_replies: dict[str, str]
    benign_replies: dict[str, str]
    refusals: list[str]
    refusal_prompts: list[str]
    answer: str


@cache
def read_texts(language: str) -> Texts:
    """The text of one language, `en` or `zh`."""
    path = Path(__file__).with_name(f"tiny_texts.{language}.json")
    return Texts(**json.loads(path.read_text(encoding="utf-8")))


def _pick(rng: np.random.Generator, texts: list[str]) -> str:
    return texts[int(rng.integers(len(texts)))]


def _fill_slots(text: str, slots: dict[str, list[str]], rng: np.random.Generator) -> str:
    return _SLOT.sub(lambda match: _pick(rng, slots[match[1]]), text)


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]


def _add_context(request: str, texts: Texts, language: str, rng: np.random.Generator, chance: float) -> str:
    """Put a neutral sentence or two round a request, so that its length does not give its side away."""
    space = " " if language == "en" else ""
    if rng.random() < chance:
        context = _pick(rng, texts.contexts)
        if rng.random() < 0.3:
            return f"{request}{space}{context}"
        if rng.random() < 0.5:  # one sentence instead of two
            context = context[:-1] + ("," if language == "en" else "，")
        request = f"{context}{space}{request}"
    if rng.random() < chance / 3:
        request = f"{_pick(rng, texts.contexts)}{space}{request}"
    return request


def _write_system(rng: np.random.Generator) -> str:
    """A system prompt of one to three sentences; its language tells nothing of the request's."""
    language = LANGUAGES[int(rng.integers(len(LANGUAGES)))]
    texts = read_texts(language)
    sentences = [_pick(rng, texts.systems)]
    for _ in range(int(rng.integers(3))):
        sentences.append(_fill_slots(_pick(rng, texts.contexts), texts.slots, rng))
    return (" " if language == "en" else "").join(sentences)


def write_request(
    texts: Texts, language: str, side: Side, rng: np.random.Generator, *, held_out: bool = False
) -> Example:
    """Draw one harmful or benign request with its reply; `held_out` draws from the wishes kept for the test."""
    harmful = side == "harmful"
    wishes = texts.harmful_wishes if harmful else texts.benign_wishes
    whole = texts.harmful_whole if harmful else texts.benign_whole
    replies = texts.harmful_replies if harmful else texts.benign_replies
    kept = slice(-HELD_OUT, None) if held_out else slice(None, -HELD_OUT)
    # some requests are whole sentences; those of the benign side ask about health and care
    if rng.random() < (0.15 if harmful else 0.4):
        theme = "people" if harmful else "health"
        request = _pick(rng, whole[kept])
    elif rng.random() < FRAMED:
        # the other side's wish in a frame that turns it round: the words alone do not give the side away
        other = texts.benign_wishes if harmful else texts.harmful_wishes
        theme = _pick(rng, list(wishes))
        frames = texts.harmful_frames if harmful else texts.benign_frames
        request = _pick(rng, frames[kept]).replace("{wish}", _pick(rng, other[theme][kept]))
    else:
        theme = _pick(rng, list(wishes))
        wish = _pick(rng, wishes[theme][kept])
        chance = rng.random()
        if chance < 0.4:
            own = texts.harmful_endings if harmful else texts.benign_endings
            ending = _pick(rng, texts.endings if chance < 0.15 else own)
            wish = texts.phrase.format(wish=wish, ending=ending)
        askings = texts.askings
        if not harmful and rng.random() < 0.5:  # honest people mostly ask
            askings = [asking for asking in askings if asking[-1] in "?？"]
        request = _pick(rng, askings).replace("{wish}", wish)
    request = _capitalise(request)
    request = _add_context(request, texts, language, rng, 0.5 if harmful else 0.7)
    dress = texts.harmful_dress if harmful else texts.benign_dress
    if rng.random() < (0.3 if harmful else 0.2):
        request = _pick(rng, dress).replace("{request}", request)
    system = _write_system(rng) if rng.random() < 0.15 else ""
    return Example(side, language, _capitalise(_fill_slots(request, texts.slots, rng)), replies[theme], system)


def write_requests(
    language: str, side: Side, count: int, rng: np.random.Generator, *, held_out: bool = False
) -> list[Example]:
    """`count` requests that differ from each other."""
    texts = read_texts(language)
    found: dict[str, Example] = {}
    while len(found) < count:
        example = write_request(texts, language, side, rng, held_out=held_out)
        found.setdefault(example.request, example)
    return list(found.values())


def write_refusals(language: str, count: int, rng: np.random.Generator) -> list[Example]:
    """Sentences of refusal, asked for by name: the words are learnt, not the habit."""
    texts = read_texts(language)
    examples = []
    for _ in range(count):
        sentence = _pick(rng, texts.refusals)
        prompt = _pick(rng, texts.refusal_prompts).replace("{sentence}", sentence)
        examples.append(Example("refusal", language, prompt, sentence))
    return examples


def read_whole() -> list[Example]:
    """The whole requests that are written, with the reply of side and theme; without those that are like a request of the
    starter."""
    tested = [
        shingles(row["request"]) for name in ("harmful", "benign") for row in _rows(DATA / "starter" / f"{name}.csv")
    ]
    found: dict[str, Example] = {}
    for row in _written():
        side, theme, language = row["kind"], THEMES[row["principle"]], row["language"]
        if any(_is_near(shingles(row["request"]), other) for other in tested):
            continue
        texts = read_texts(language)
        reply = (texts.harmful_replies if side == "harmful" else texts.benign_replies)[theme]
        found.setdefault(row["request"], Example(side, language, row["request"], reply))
    return list(found.values())


def _written() -> Iterator[dict[str, str]]:
    for path in (*sorted((DATA / "starter_train").glob("*.csv")), *sorted((HERE / "requests").glob("*.csv"))):
        language = path.stem.split("_")[1] if path.parent.name == "requests" else ""
        yield from ({**row, "language": row.get("language", language)} for row in _rows(path))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _is_near(one: frozenset[str], other: frozenset[str]) -> bool:
    shared = len(one & other)
    return shared >= NEAR * (len(one) + len(other) - shared)


def write_whole(rng: np.random.Generator) -> list[Example]:
    """The whole requests, each `VIEWS` times: once as it is, then with contexts and in any dress, whichever its side."""
    examples = []
    for example in read_whole():
        texts = read_texts(example.language)
        examples.append(example)
        for _ in range(VIEWS - 1):
            request = _add_context(example.request, texts, example.language, rng, 0.3)
            if rng.random() < DRESSED:
                request = _pick(rng, texts.harmful_dress + texts.benign_dress).replace("{request}", request)
            system = _write_system(rng) if rng.random() < 0.15 else ""
            request = _capitalise(_fill_slots(request, texts.slots, rng))
            examples.append(example._replace(request=request, system=system))
    return examples


def read_exam(path: Path) -> list[Example]:
    """The choice questions of a starter CSV, each as `primum.prompts.choice_question` asks it."""
    answers = {language: read_texts(language).answer for language in LANGUAGES}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Example(
            "exam",
            row["language"],
            choice_question(row["request"], tuple(row[letter] for letter in "ABCD" if row[letter]), row["language"]),
            answers[row["language"]].format(letters=", ".join(row["reference"])),
        )
        for row in rows
    ]
