"""Word lists, one JSON file a language with the same keys, for every rule that reads or draws words.

The lists are data: the readers in `primum.judges` compile them. Entries for the refusal reader are
small patterns: ` * ` stands for up to three words (in Chinese, `*` for up to eight characters), `^` for
the start of a sentence, `{key}` for any entry of another list, and `wrong=right` in `spelling` rewrites
a spelling before reading.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")


@cache
def _lexicon(language: str) -> dict[str, tuple[str, ...]]:
    if language not in LANGUAGES:
        raise ValueError(f"no word lists for language {language!r}; there are {', '.join(LANGUAGES)}.")
    text = (Path(__file__).parent / f"{language}.json").read_text(encoding="utf-8")
    return {key: tuple(entries) for key, entries in json.loads(text).items()}


def word_list(language: str, key: str) -> tuple[str, ...]:
    """The entries of one list, in the order of the file; read once per process.

    Args:
        language: "en" or "zh".
        key: a key of the language's JSON file; all languages have the same keys.

    Raises:
        ValueError: unknown language or key; the message lists the known ones.

    >>> "cannot" in word_list("en", "cannot")
    True
    """
    lexicon = _lexicon(language)
    if key not in lexicon:
        raise ValueError(f"no word list {key!r} in {language}; there are {', '.join(sorted(lexicon))}.")
    return lexicon[key]


_Trie = dict[str, "_Trie"]


def _trie(words: list[list[str]]) -> _Trie:
    """A tree over words cut into tokens: single characters, or ready pieces of an expression."""
    root: _Trie = {}
    for word in words:
        node = root
        for token in word:
            node = node.setdefault(token, {})
        node[""] = {}
    return root


def _branch(node: _Trie) -> str:
    """The expression of a trie: shared beginnings are tried once, longer endings first."""
    tails = [
        (re.escape(token) if len(token) == 1 else token) + _branch(below) for token, below in node.items() if token
    ]
    if not tails:
        return ""
    body = tails[0] if len(tails) == 1 else "(?:" + "|".join(tails) + ")"
    return f"(?:{body})?" if "" in node else body


def _tokens(language: str, entry: str) -> list[str]:
    """An entry cut for `_trie`: ` * ` is a few words, `*` some characters, `{key}` any entry of a list."""
    tokens: list[str] = []
    for part in re.split(r"( \* |\*|\{\w+\})", entry):
        if part == " * ":
            tokens.append("(?: [^ \n]+){0,3} ")
        elif part == "*":
            tokens.append(r"\w*" if language == "en" else "[^\n]{0,8}?")
        elif part.startswith("{"):
            tokens.append(f"(?:{_branch(_trie([list(word) for word in word_list(language, part[1:-1])]))})")
        else:
            tokens += part
    return tokens


@cache
def phrase_pattern(language: str, key: str) -> re.Pattern[str]:
    """One expression that finds any entry of a list in cleaned text; compiled once per process.

    Cleaned text is lower-case and without punctuation; every sentence stands on a line of its own between
    two spaces, and a line feed precedes the first. Entries are factored into a trie, so the time per
    character hardly grows with the length of the list, and every gap is bounded.

    Args:
        language: "en" or "zh".
        key: a list of patterns; see the module's text for `*`, `^` (start of a sentence) and `{key}`.

    Raises:
        ValueError: unknown language or key.

    >>> bool(phrase_pattern("en", "decline").search("\\n i am sorry but i cannot in good faith help with that "))
    True
    """
    spaced = language == "en"  # words are found by the space before them; Chinese has none
    words = []
    for entry in word_list(language, key):
        start = "\n " if entry.startswith("^") else " " if spaced else ""
        words.append([*start, *_tokens(language, entry.removeprefix("^"))])
    return re.compile(_branch(_trie(words)) + ("(?= )" if spaced else ""))


def alternation(key: str, whole: bool = True) -> str:
    """An expression for any entry of a list of either language, in text as written, longest entry first.

    English entries match in any case and, with `whole`, as whole words; Chinese has no word ends. The list
    must hold plain words, no patterns.

    >>> bool(re.search(alternation("letter_or"), "A OR B")), bool(re.search(alternation("letter_or"), "orb"))
    (True, False)
    """
    end = r"(?:\b|(?<=:))" if whole else ""
    english, chinese = (
        "|".join(map(re.escape, sorted(word_list(language, key), key=len, reverse=True))) for language in LANGUAGES
    )
    return rf"(?:(?<![A-Za-z])(?i:{english}){end}|(?:{chinese}))"
