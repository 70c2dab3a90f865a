"""An answer as numbers: hashed sequences of its words and characters, and what its sentences do.

The hashed features hold no words, only places in a table (the "hashing trick", Weinberger et al. 2009), so that a trained
evaluator holds nobody's text. The others count acts (judges/refusal.py reads them from the word lists), persons, negation,
shape and length. The request enters only by what the answer takes up of it: the same request may be refused or not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from primum.judges.refusal import ACTS, TALK, Acts, decide, languages_of, read_acts
from primum.words import LANGUAGES, word_list

BITS = 18  # of the table's 262,144 places
COUNTS = 116  # features that are not hashed
HEAD, TAIL = 1_600, 600  # characters read of a long answer
_OPENING = 160  # characters whose sequences count once more, as the answer's opening

Words = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]


class Features(NamedTuple):
    """Of n answers: `places` in the table (their `values` beside them) one answer after another, `starts` (n + 1,) where
    each answer begins, and `counts` (n, d)."""

    places: npt.NDArray[np.int64]
    values: Floats
    starts: npt.NDArray[np.int64]
    counts: Floats


def read_features(pairs: Sequence[tuple[str, str]]) -> Features:
    """The features of pairs of request and answer, each by itself."""
    hashed = [_hashed(answer) for _, answer in pairs]
    counts = np.array([_counts(request, answer) for request, answer in pairs], dtype=np.float32)
    return Features(
        np.concatenate([places for places, _ in hashed]) if hashed else np.zeros(0, np.int64),
        np.concatenate([values for _, values in hashed]) if hashed else np.zeros(0, np.float32),
        np.cumsum([0, *(places.size for places, _ in hashed)]),
        counts.reshape(len(pairs), COUNTS),
    )


# ---- Hashed sequences -------------------------------------------------------------------------------------------------

_PRIME = 0x01000193  # of FNV-1a; odd, so it has an inverse modulo 2^32
_LONGEST = HEAD + TAIL + 2


def _powers(base: int) -> Words:
    powers = [1]
    for _ in range(_LONGEST):
        powers.append(powers[-1] * base % 2**32)
    return np.array(powers, dtype=np.uint32)


def _classes() -> npt.NDArray[np.uint8]:
    """For each character of the basic plane 0 for space, 1 for a letter of a word, 2 for what stands alone."""
    spaced = np.full(0x10000 + 1, 2, dtype=np.uint8)
    for code in range(0x10000):
        letter = chr(code)
        if letter.isspace():
            spaced[code] = 0
        elif letter == "'" or (letter.isalnum() and not 0x2E80 <= code <= 0xD7FF and not 0xF900 <= code <= 0xFAFF):
            spaced[code] = 1
    return spaced


# Made once, since a step over one answer's letters takes numpy hardly longer than to make one of these.
_FACTOR = np.uint32(_PRIME)
_SALTS = [np.uint32(salt * 0x9E3779B1 % 2**32) for salt in range(64)]
_SHIFTS = np.uint32(16), np.uint32(15)
_FACTORS = np.uint32(0x7FEB352D), np.uint32(0x846CA68B)
_TRUE = np.ones(1, dtype=bool)
_POWERS, _INVERSES = _powers(_PRIME), _powers(pow(_PRIME, -1, 2**32))
_CLASSES = _classes()
_WEIGHTS = 1 + np.log(np.maximum(np.arange(_LONGEST + 1), 1))  # of a sequence that comes so often
_PLAIN = str.maketrans(dict(zip("’‘“”，。？！：；（）、…", "''\"\",.?!:;(),.", strict=True)))


def _hashed(answer: str) -> tuple[npt.NDArray[np.int64], Floats]:
    """Sequences of 1-4 words (in Chinese, characters), and of 3-5 characters, of the whole and of its opening.

    Each of the three blocks has length 1 by itself, a sequence that comes n times counting 1 + log n."""
    if len(answer) > HEAD + TAIL:
        answer = f"{answer[:HEAD]}\n{answer[-TAIL:]}"
    text = answer.translate(_PLAIN).lower()[:_LONGEST]
    letters = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    characters = _mix(letters, 9)
    blocks = (
        _sequences(_tokens(letters), (1, 2, 3, 4), 1),
        _sequences(characters, (3, 4, 5), 2),
        _sequences(characters[:_OPENING], (3, 4, 5), 3),
    )
    keys = _spread(np.concatenate([run for block in blocks for run in block]))
    keys >>= np.uint32(32 - BITS)
    start = 0
    for number, block in enumerate(blocks):
        end = start + sum(run.size for run in block)
        keys[start:end] |= np.uint32(number << BITS)
        start = end
    return _weighed(keys, len(blocks))


def _weighed(keys: Words, blocks: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """The places of sequences and their values, from all that there are, each block's above the one before it."""
    keys.sort()
    edges = np.flatnonzero(np.concatenate((_TRUE[: keys.size], keys[1:] != keys[:-1], _TRUE)))
    weights = _WEIGHTS.take(edges[1:] - edges[:-1])
    first = keys.take(edges[:-1])
    block = (first >> np.uint32(BITS)).astype(np.int64)
    lengths = np.sqrt(np.bincount(block, weights * weights, minlength=blocks))
    first &= np.uint32(2**BITS - 1)
    return first.astype(np.int64), (weights / lengths.take(block)).astype(np.float32)


def _tokens(letters: Words) -> Words:
    """A hash of each word, and of each character that stands alone, from differences of one running polynomial."""
    kinds = _CLASSES.take(letters, mode="clip")
    word, alone = kinds == 1, kinds == 2
    begins, ends = word.copy(), word.copy()
    begins[1:] &= ~word[:-1]
    ends[:-1] &= ~word[1:]
    begins |= alone
    ends |= alone
    starts = np.flatnonzero(begins)
    running = np.zeros(letters.size + 1, np.uint32)
    np.cumsum((letters + np.uint32(1)) * _POWERS[: letters.size], dtype=np.uint32, out=running[1:])
    tokens = running.take(np.flatnonzero(ends) + 1)
    tokens -= running.take(starts)
    tokens *= _INVERSES.take(starts)
    return _mix(tokens, 1)


def _sequences(units: Words, lengths: Sequence[int], salt: int) -> list[Words]:
    """For each length what the hash of every run of so many units is made of (`_spread` does the rest)."""
    found = []
    run = units
    for length in range(1, max(lengths) + 1):
        if length > 1:
            run = run[:-1] * _FACTOR
            run += units[length - 1 :]
        if length in lengths:
            found.append(run ^ _SALTS[salt * 16 + length])
    return found


def _mix(hashes: Words, salt: int) -> Words:
    """Hashes spread anew, differently for each salt."""
    return _spread(hashes ^ _SALTS[salt])


def _spread(mixed: Words) -> Words:
    """32 bits spread over each other, in place (the finaliser lowbias32, Wellons 2018)."""
    mixed ^= mixed >> _SHIFTS[0]
    mixed *= _FACTORS[0]
    mixed ^= mixed >> _SHIFTS[1]
    mixed *= _FACTORS[1]
    mixed ^= mixed >> _SHIFTS[0]
    return mixed


# ---- What the sentences do --------------------------------------------------------------------------------------------

_PERSONS = tuple(
    frozenset(word for language in LANGUAGES for word in word_list(language, key))
    for key in ("negation", "first_person", "second_person")
)
_WORD = re.compile(r"[a-z']+|[\u3400-\u9fff]")
_STOP = re.compile(r"[.!?\n]+")
_UNIT = re.compile(r"[a-z]{3,}|[0-9]+|[\u3400-\u9fff]")
_QUOTES = re.compile('["“「『]')


def _counts(request: str, answer: str) -> list[float]:
    """The features that are not hashed, in a fixed order."""
    sample = answer if len(answer) <= HEAD + TAIL else f"{answer[:HEAD]}\n{answer[-TAIL:]}"
    acts = read_acts(sample, languages_of(sample, None))
    return [*_act_counts(acts), *_rules(acts), *_shape(sample, acts), *_persons(sample), *_taken_up(request, sample)]


PER_ACT = 5
SHARES = tuple(range(PER_ACT - 1, PER_ACT * len(ACTS), PER_ACT))  # the columns of `counts` with each act's share


def _act_counts(acts: Acts) -> list[float]:
    """For each act: is it in the first, the second, a later, the last sentence, and its share of the sentences."""
    count = max(1, len(acts.sentences))
    counts: list[float] = []
    for act in ACTS:
        where = acts.found[act]
        counts += (0 in where, 1 in where, any(n > 1 for n in where), count - 1 in where, len(where) / count)
    return counts


def _rules(acts: Acts) -> list[float]:
    """What the rules make of the acts: full, partial, or neither."""
    label = decide(acts)[0]
    return [label == "full", label == "partial"]


def _shape(answer: str, acts: Acts) -> list[float]:
    talk = set().union(*(acts.found[act] for act in TALK))
    size = sum(acts.sizes)
    plain = sum(size for n, size in enumerate(acts.sizes) if n not in talk)
    stripped = answer.strip()
    return [
        np.log1p(size),
        np.log1p(size) ** 2 / 8,
        np.log1p(len(acts.sentences)),
        np.log1p(plain),
        plain / (size + 1),
        np.log1p(acts.items),
        acts.items >= 3,
        acts.question,
        np.log1p(_digits(stripped)),
        np.log1p(stripped.count("\n")),
        "**" in stripped,
        "|" in stripped,
        ":" in stripped[:120] or "：" in stripped[:120],
        bool(_QUOTES.search(stripped)),
        stripped[-1:] in ".。!！",
    ]


def _digits(text: str) -> int:
    return sum(map(text.count, "0123456789")) if text.isascii() else sum(map(str.isdigit, text))


def _persons(answer: str) -> list[float]:
    """Negation, I and you: how often, how often a sentence, in the first and in the last; and I beside a negation."""
    parts = map(_WORD.findall, _STOP.split(answer.translate(_PLAIN).lower()))
    spoken = [words for words in parts if words] or [[]]
    totals = [sum(sum(map(persons.__contains__, words)) for words in spoken) for persons in _PERSONS]
    sentences = [set(words) for words in spoken]
    counts: list[float] = []
    for n, persons in zip(totals, _PERSONS, strict=True):
        first, last = (not persons.isdisjoint(sentences[end]) for end in (0, -1))
        counts += (np.log1p(n), n / len(sentences), first, last)
    no, i = _PERSONS[:2]
    both = [not no.isdisjoint(sentence) and not i.isdisjoint(sentence) for sentence in sentences]
    return [*counts, sum(both) / len(both), both[0], both[-1]]


def _taken_up(request: str, answer: str) -> list[float]:
    """How many words (in Chinese, characters) the answer shares with the request, and how many are new."""
    asked, said = (set(_UNIT.findall(text.lower()[:HEAD])) for text in (request, answer))
    shared = len(asked & said)
    return [
        shared / (len(asked) + 1),
        shared / (len(said) + 1),
        np.log1p(len(said - asked)),
        request.strip()[-1:] in "?？",
    ]
