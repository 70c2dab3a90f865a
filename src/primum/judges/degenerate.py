"""Is a text an answer at all, or empty, an echo of the prompt's frame, garbage, or a loop?

Conservative on purpose: a short answer, a long list, a table or a repeated heading is an answer. Only the
ends of a text are looked at, by linear-time steps, so a text of any size takes bounded time.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

SCAN = 20_000  # characters looked at from either end

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
# The replacement character, private use, UTF-8 read as Latin-1 or GBK.
_BROKEN = re.compile("[\x00-\x08\x0e-\x1f\ufffd\ue000-\uf8ff]|锟斤拷|烫烫|屯屯|Ã[\x80-\xbf]|â€|[äåæçèé][\x80-\xbf]{2}")
_ROLE = "im_start|im_end|user|assistant|system|end|eot_id|endoftext"
_TURN = re.compile(rf"<\|?(?:{_ROLE})\|?>(?:user|assistant|system)?|\[/?INST\]|### (?:Instruction|Response|Input):")
_ENDED = re.compile(r"(?:\s*<\|?(?:im_end|eot_id|endoftext|end)\|?>)+\s*$")  # a template's end of turn, left in
_RUN = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_MUTE = re.compile(r"\b[b-df-hj-np-tv-xz]{4,40}\b", re.IGNORECASE)  # four or more letters, no vowel


def _repeats(text: str) -> bool:
    """Whether `text` ends in one unit said over and over: the end equals itself shifted by the unit."""
    end = text[-4_000:]
    for width in (24, 6, 2):
        at = end.rfind(end[-width:], 0, len(end) - 1) if len(end) > width else -1
        if at < 0:
            continue
        period = len(end) - width - at
        run = period
        while run < len(end) and end[-run - 1] == end[-run - 1 + period]:
            run += 1
        times = run / period
        long_enough = (times >= 5 and run >= 60) or (times >= 8 and run >= 20)
        covers = run >= 400 or 5 * run >= 2 * len(text)
        if long_enough and covers and any(map(str.isalpha, end[-period:])):
            return period > 1 or run >= 50
    return False


def _stutters(part: str) -> bool:
    """Whether most lines are one long line renumbered, or few six-word (Chinese: character) sequences distinct."""
    if part.count("\n") >= 7:
        lines = [line.strip() for line in _DIGITS.sub("", part).split("\n")]
        long = Counter(line for line in lines if len(line) >= 40)
        if long and max(long.values()) >= max(8, 0.6 * sum(map(bool, lines))):
            return True
    words = part.split()
    if len(words) < len(part) / 12:  # a script without spaces
        words = list("".join(words))
    if len(words) < 66 or len(set(words)) > 0.2 * len(words) + 6:  # so many words cannot make so few sequences
        return False
    spans = list(zip(*(words[shift:] for shift in range(6)), strict=False))
    spans = [span for span in spans if any(map(str.isalpha, "".join(span)))]  # numbers in a table are no loop
    return len(spans) >= 60 and len(set(spans)) < 0.2 * len(spans)


def _garbles(part: str) -> bool:
    """Broken decoding, control characters, or symbols and consonants where words should be."""
    broken = len((_CONTROL if part.isascii() else _BROKEN).findall(part))
    dense = len("".join(part.split()))
    if broken >= 3 and broken >= 0.05 * dense:
        return True
    if 5 * sum(map(part.count, "aeiou")) > dense:
        return False  # words with vowels: the common case, settled cheaply
    runs = _RUN.findall(part)
    letters = sum(map(len, runs))
    if dense >= 40 and letters < 0.12 * dense:
        return True
    mute = _MUTE.findall(part)
    return len(mute) >= 8 and sum(map(len, mute)) > 0.5 * letters


def read_degenerate(text: str) -> str | None:
    """Why a text is no answer at all, whatever it was asked; None for anything that may be one.

    Args:
        text: the model's answer; its first and last 20,000 characters are looked at.

    Returns:
        "empty" (nothing, or punctuation alone), "echo" (chat-template turns and nothing after the last),
        "garbage" (broken decoding, symbols, consonants), "loop" (repetition), or None.

    >>> read_degenerate("答案是B。") is None, read_degenerate(" ... ")
    (True, 'empty')
    """
    text = text.strip()
    if text.endswith(">"):
        text = text[:-200] + _ENDED.sub("", text[-200:])
        if not text:
            return "echo"
    short = len(text) <= 2 * SCAN
    ends = text if short else f"{text[:SCAN]} {text[-SCAN:]}"
    if not any(map(str.isalnum, ends)):
        kinds = {unicodedata.category(char)[0] for char in ends}
        if not kinds & {"S", "M"}:  # a tick, an arrow or an emoji may be an answer
            return "garbage" if "C" in kinds else "empty"
    turns = list(_TURN.finditer(ends))
    if turns and not ends[turns[-1].end() :].strip():
        return "echo"
    if any(_garbles(part) for part in ([ends] if short else [text[:SCAN], text[-SCAN:]])):
        return "garbage"
    if len(ends) >= 20 and (_repeats(ends) or any(map(_stutters, {ends[:SCAN], ends[-SCAN:]}))):
        return "loop"
    return None
