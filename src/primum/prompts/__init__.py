"""Prompt texts as files: `<name>.<language>.md`, with a hash that goes into every verdict."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files

LETTERS = "ABCDEFGH"
MARKS = ".．、:：)）"  # what may stand between an option's letter and its text


@cache
def prompt_text(name: str, language: str) -> str:
    """The text of one prompt file, without its last newline.

    A language without a file of its own falls back to English.

    Raises:
        FileNotFoundError: if there is no prompt of that name.
    """
    folder = files(__package__)
    chosen = folder / f"{name}.{language}.md"
    if not chosen.is_file():
        chosen = folder / f"{name}.en.md"
    return chosen.read_text(encoding="utf-8").rstrip("\n")


def sha256_hex(text: str) -> str:
    """The SHA-256 of a text's UTF-8 bytes, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def prompt_sha(name: str, language: str) -> str:
    """The hash of one prompt text, as verdicts carry it."""
    return sha256_hex(prompt_text(name, language))


def fill(template: str, **values: str) -> str:
    """Put values into `{name}` places in one pass, so that braces inside a value stay text.

    >>> fill("Q: {question}!", question="why {not}?")
    'Q: why {not}?!'
    """
    parts: list[str] = []
    rest = template
    while rest:
        start, brace, tail = rest.partition("{")
        parts.append(start)
        if not brace:
            break
        name, closed, after = tail.partition("}")
        if closed and name in values:
            parts.append(values[name])
            rest = after
        else:
            parts.append("{")
            rest = tail
    return "".join(parts)


def choice_question(question: str, options: tuple[str, ...], language: str) -> str:
    """A question with its lettered options, as a model is asked it. One that lists them itself stays as it is.

    >>> print(choice_question("Which vitamin?", ("A1", "D"), "en"))
    Which vitamin?
    A. A1
    B. D
    Answer with the letter or letters of all correct options.
    """
    if lists_options(question, options):
        return question
    lettered = "\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS, options, strict=False))
    return fill(prompt_text("choice", language), question=question, options=lettered)


def lists_options(question: str, options: tuple[str, ...]) -> bool:
    """True for a question in which every option stands after its letter and a mark, as in `A. rest` or `A、rest`.

    >>> lists_options("Which? A. rest; B) exercise", ("rest", "exercise"))
    True
    >>> lists_options("Rest or exercise?", ("rest", "exercise"))
    False
    """
    return bool(options) and all(
        re.search(rf"{letter}\s*[{re.escape(MARKS)}]\s*{re.escape(text)}", question)
        for letter, text in zip(LETTERS, options, strict=False)
    )
