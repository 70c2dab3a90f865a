r"""Read which option letters a free-text answer chooses, in English and Chinese.

From the clearest statement to the vaguest: a boxed or final answer, an answer that is letters and little
else, a phrase such as "the answer is", verdicts on single options, the text of exactly one option, a lone
mention. The first kind that is there decides; two different statements of the same kind are ambiguous
unless the text takes the first one back. A letter that is part of a word or a name (an article, vitamin C,
B cells, 维生素C) is no choice. The words are in `words/{en,zh}.json` under `letter_*`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from primum.judges.refusal import read_refusal
from primum.words import alternation, word_list

HEAD, TAIL = 4_000, 8_000  # characters read from either end of a longer answer


class LettersReading(NamedTuple):
    """The letters an answer chooses.

    Attributes:
        letters: upper-case, sorted, each once, such as "ACD"; None where none can be read.
        why: the kind of statement that decided ("boxed", "final", "cue", "verdict", "text",
            "mention", "all", "elimination"); where letters is None one of "empty", "none_found",
            "ambiguous", "out_of_range".
    """

    letters: str | None
    why: str


class _Claim(NamedTuple):
    """One statement of a choice."""

    letters: str
    start: int
    end: int
    either: bool  # offers one or the other


@cache
def _words() -> dict[str, re.Pattern[str]]:
    """Expressions built from the lists of both languages, by what they find."""
    either = alternation("letter_or")
    joint = rf"\s?(?:[,、/&+;]\s?(?:{alternation('letter_and')}|{either})?|{alternation('letter_and')}|{either})\s?"
    noun = alternation("letter_noun")
    single = r"""[(\["'“‘]?[A-Z](?![A-Za-z'’])[)\]"'”’]?项?"""
    run = r"[A-Z]{2,10}(?![A-Za-z'’])"
    group = rf"(?<![A-Za-z'’])(?:{run}|{single}(?:{joint}(?:{noun}\s?)?{single}|\s{single}(?=\s[A-Z]\b|$|[.,;]))*)"
    link = rf"[\s:=>*,【】\]—-]*(?:{alternation('letter_link')}[\s:=>*,【—-]*){{0,4}}"
    verdict = r"\s?(?:选项)?[\s:=.)、—-]*"
    nots = "|".join(map(re.escape, word_list("en", "letter_not")))
    chinese_nots = "|".join(map(re.escape, word_list("zh", "letter_not")))
    both = {
        "group": group,  # letters with their separators
        "final": rf"{alternation('letter_final')}{link}(?P<group>{group})?",
        "cue": rf"{alternation('letter_cue')}{link}(?P<group>{group})?",
        "weak": rf"{alternation('letter_weak')}{link}(?P<group>{group})?",
        "mention": rf"{noun}\s?:?\s?(?P<group>{group})|(?P<marked>\([A-Z]\)|(?<![A-Za-z])[A-Z]项)",
        "before": rf"{alternation('letter_before')}[\s-]?$",  # a name's first word, right before a letter
        "after": rf"[\s-]?{alternation('letter_after')}|\.\s?(?:difficile|diff|coli)\b",  # its second word, after it
        "negated": rf"(?:\b(?i:{nots})\s(?:(?:the|an?|to)\s)?|n't\s|(?:{chinese_nots}))$",
        "follows": rf"\n|\s?(?:$|[^\w\s]|{alternation('letter_because')}|[\u3400-\u9fff])",  # a chosen letter
        "small": r"(?m)(?<=最终答案)[】\]\s:为是]*[A-Ha-h](?:[\s,、]*[A-Ha-h]){0,7}\s*$",  # a final line of letters in lower case
        "accept": verdict + alternation("letter_accept"),
        "reject": verdict + alternation("letter_reject"),
        "join": rf"{alternation('letter_and')}|{either}|{noun}",
        "either": either,
        "every": alternation("letter_all"),
        "none": alternation("letter_none"),
        "revise": alternation("letter_revise", whole=False),
    }
    return {name: re.compile(expression) for name, expression in both.items()}


_BOXED = re.compile(r"\\boxed\s?\{([^{}]{0,80}(?:\{[^{}]{0,40}\})?[^{}]{0,20})\}")
_LATEX = re.compile(r"\\(?:text|mathrm|mathbf|textbf|boldsymbol)\s?(?=\{)|\\[()\[\]]|[*_`$#{}]+")
_LOWER = re.compile(
    r"(?:(?i:\b(?:option|choice|answer|select|choose|pick))|答案|选项|选择?)\s?(?:is|:|是|为)?\s?"
    r"[(\[]?(?P<cued>[a-j])(?=[)\]]?\s?(?:$|[\n.,;:)。、]))|\((?P<marked>[a-j])\)"
)
_BARE_LOWER = re.compile(r"[(\[]?[a-j][)\].:]?(?:(?:\s?,\s?|\s?and\s|\s)[a-j])*[)\].]?|[(\[]?[a-j][)\].:]\s.{1,200}")
_LISTED = re.compile(r"(?:^|\n)[(\[]?([A-Z])[)\].、:]")


def _clean(text: str) -> str:
    """Plain text: half-width forms, no markup, single spaces, lower-case letters raised in clear contexts."""
    text = unicodedata.normalize("NFKC", text).strip()
    text = _BOXED.sub(lambda boxed: f" {boxed[1]} ", text)
    text = re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", _LATEX.sub("", text))).strip()
    head, line, rest = text.partition("\n")
    if _BARE_LOWER.fullmatch(head):
        text = re.sub(r"^\W?[a-j](?:(?:,\s?|\s)(?:and\s)?[a-j]\b)*", lambda m: _raise(m[0]), head) + line + rest
    return _LOWER.sub(lambda m: m[0][:-1] + m[0][-1].upper() if m["cued"] else m[0].upper(), text)


def _raise(letters: str) -> str:
    return re.sub(r"\b[a-j]\b", lambda letter: letter[0].upper(), letters)


def _claim(text: str, start: int, end: int, options: tuple[str, ...], strict: bool = False) -> _Claim | None:
    """The group at `start:end` as a claim, unless it is part of a word or a name, negated or rejected."""
    words = _words()
    tokens = [token for token in re.findall(r"[A-Za-z]+", text[start:end]) if not words["join"].fullmatch(token)]
    letters = "".join(sorted(set("".join(tokens))))
    # "DB" chooses only where it is the whole answer: in a sentence letters out of order are an abbreviation
    alone = len(text.strip(" .。")) == end - start and len(letters) == sum(map(len, tokens))
    ordered = alone or all(token == "".join(sorted(set(token))) for token in tokens)
    before, rest = text[max(0, start - 24) : start], text[end : end + 200]
    named = words["before"].search(before) or words["after"].match(rest) or words["negated"].search(before)
    if not ordered or named or words["reject"].match(rest) or ("I" in letters and len(options) < 9):
        return None
    told = len(letters) == 1 and letters < chr(65 + len(options)) and options[ord(letters) - 65]
    if told and rest.lstrip(" .):-").casefold().startswith(told):
        return _Claim(letters, start, end, False)
    if (
        strict
        and text[end - 1] not in ")]"
        and not re.match(r"\s?(?:$|[\n.):,;、!?。-]|\(|(?i:because|since)\b|因)", rest)
    ):
        return None
    if not strict and not words["follows"].match(rest):
        return None
    return _Claim(letters, start, end, bool(words["either"].search(text, start, end)))


def _claims(pattern: re.Pattern[str], text: str, options: tuple[str, ...]) -> list[_Claim]:
    """The claims a pattern introduces, by letter or by the text of an option, in order."""
    found = []
    for match in pattern.finditer(text):
        if _words()["negated"].search(text[max(0, match.start() - 12) : match.start()]):
            continue
        if match["group"]:
            claim = _claim(text, *match.span("group"), options)
            if claim:
                found.append(claim)
                continue
        at = match.start("group") if match["group"] else match.end()
        told = [n for n, option in enumerate(options) if option and _starts(text[at : at + 300], option)]
        if told:
            longest = max(told, key=lambda n: len(options[n]))
            found.append(_Claim(chr(65 + longest), match.start(), at, False))
    return found


def _starts(text: str, option: str) -> bool:
    text = re.sub(r"^(?:an?|the)\s", "", text.casefold().lstrip("\"'“‘( "))
    return text.startswith(option) and not (option[-1].isascii() and re.match(r"\w", text[len(option) :], re.ASCII))


def _opening(text: str, options: tuple[str, ...]) -> list[_Claim]:
    """Letters that open the text, or every line of a short list, unless the options are only listed again."""
    lines = [match[1] for match in _LISTED.finditer(text)]
    if len(lines) >= min(3, max(2, len(options))) and lines == [chr(65 + n) for n in range(len(lines))]:
        return []
    if len(lines) >= 2 and len(lines) == text.count("\n") + 1:
        return [_Claim("".join(sorted(set(lines))), 0, len(text), False)]
    match = _words()["group"].match(text)
    claim = _claim(text, 0, match.end(), options, strict=True) if match else None
    return [claim] if claim else []


def _settle(text: str, claims: list[_Claim]) -> str | None:
    """The letters on which the claims agree, or the last ones where the text takes back the others."""
    last = claims[-1]
    others = [claim for claim in claims if claim.letters != last.letters]
    if last.either or (others and not _words()["revise"].search(text, others[-1].end, last.start)):
        return None
    return last.letters


def _verdicts(text: str, count: int) -> tuple[str, str]:
    """Letters judged right, and letters judged wrong, one by one ("A is wrong", "C正确")."""
    words = _words()
    right, wrong = set(), set()
    for match in words["group"].finditer(text):
        letters = {letter for letter in match[0] if "A" <= letter < chr(65 + count)}
        before = text[max(0, match.start() - 24) : match.start()]
        if words["before"].search(before):
            continue
        if words["reject"].match(text, match.end()) or words["negated"].search(before):
            wrong |= letters
        elif words["accept"].match(text, match.end()):
            right |= letters
    return "".join(sorted(right - wrong)), "".join(sorted(wrong))


def _by_text(text: str, options: tuple[str, ...]) -> list[str]:
    """The letters of the options whose whole text occurs, leaving out those inside a longer one that occurs."""
    folded = text.casefold()
    hits = []
    for number, option in enumerate(options):
        at = folded.find(option) if option else -1
        if at >= 0 and (not option[0].isascii() or _starts(folded[at:], option)):
            before = folded[max(0, at - 12) : at]
            if not _words()["negated"].search(before) and not re.search(
                r"[a-z0-9]$", before if option[0].isascii() else ""
            ):
                hits.append((number, option))
    return [chr(65 + n) for n, option in hits if not any(option != longer and option in longer for _, longer in hits)]


def _choose(text: str, options: tuple[str, ...]) -> LettersReading:
    words, count = _words(), len(options)
    last_line = text.rpartition("\n")[2].strip(" .。")
    alone = words["group"].fullmatch(last_line) if "\n" in text else None
    finals = _claims(words["final"], text, options)
    if alone and not finals:
        claim = _claim(last_line, 0, len(last_line), options)
        finals = [claim] if claim else []
    for why, claims in (
        ("final", finals),
        ("cue", sorted(_opening(text, options) + _claims(words["cue"], text, options), key=lambda claim: claim.start)),
    ):
        if claims:
            letters = _settle(text, claims)
            return LettersReading(letters, why if letters else "ambiguous")
    for pattern, all_of_them in ((words["none"], False), (words["every"], True)):
        match = pattern.search(text)
        if match and not words["negated"].search(text[max(0, match.start() - 12) : match.start()]):
            stated = [chr(65 + n) for n, option in enumerate(options) if pattern.search(option)]
            everything = "".join(chr(65 + n) for n in range(count)) if all_of_them else None
            letters = stated[0] if stated else everything
            return LettersReading(letters, "all" if letters else "none_found")
    right, wrong = _verdicts(text, count)
    if right:
        return LettersReading(right, "verdict")
    weak = _claims(words["weak"], text, options)
    if weak:
        return LettersReading(*((None, "ambiguous") if weak[-1].either else (weak[-1].letters, "cue")))
    if len(wrong) == count - 1 and count > 1:
        return LettersReading(next(chr(65 + n) for n in range(count) if chr(65 + n) not in wrong), "elimination")
    return _guess(text, options, wrong)


def _guess(text: str, options: tuple[str, ...], wrong: str) -> LettersReading:
    """The weakest signs: the text of one option, or the mention of one letter, in a text that is no refusal."""
    if read_refusal(text).label == "full":
        return LettersReading(None, "none_found")
    told = [letter for letter in _by_text(text, options) if letter not in wrong]
    if told:
        why = "text" if len(told) == 1 else "none_found" if len(told) == len(options) else "ambiguous"
        return LettersReading(told[0] if len(told) == 1 else None, why)
    spans = [match.span("group" if match["group"] else "marked") for match in _words()["mention"].finditer(text)]
    claims = [claim for span in spans if (claim := _claim(text, *span, options))]
    letters = sorted({claim.letters for claim in claims if claim.letters not in wrong})
    if len(letters) == 1 and not claims[-1].either:
        return LettersReading(letters[0], "mention")
    return LettersReading(None, "ambiguous" if letters else "none_found")


def read_letters(text: str, options: tuple[str, ...] | int) -> LettersReading:
    r"""Read the set of option letters that a free-text answer chooses.

    Args:
        text: the model's answer; of a long one the first 4,000 and last 8,000 characters are read.
        options: the texts of the options A, B, ... in order, or only their number (1 to 26); with the texts
            an answer may also be given in an option's own words.

    Returns:
        the letters, sorted, and how they were found; or None and why not ("empty", "none_found",
        "ambiguous", "out_of_range").

    Raises:
        ValueError: no options, or more than 26.

    >>> read_letters("Not A but B.", 4).letters, read_letters("答案：ＡＢＤ", 5).letters
    ('B', 'ABD')
    >>> read_letters("Vitamin C deficiency.", 4)
    LettersReading(letters=None, why='none_found')
    """
    texts = ("",) * options if isinstance(options, int) else tuple(_clean(option).casefold() for option in options)
    if not 1 <= len(texts) <= 26:
        raise ValueError(f"options must be 1 to 26 texts or their number, not {len(texts)}.")
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]}\n{text[-TAIL:]}"
    boxed = [_clean(inside) for inside in _BOXED.findall(text)]
    text = _words()["small"].sub(lambda match: match[0].upper(), _clean(text))
    if not any(map(str.isalnum, text)):
        return LettersReading(None, "empty")
    if boxed:
        claims = [claim for inside in boxed for claim in _opening(inside, texts)]
        letters = _settle(text, claims) if claims else None
        reading = LettersReading(letters, "boxed" if letters else "ambiguous") if claims else _choose(text, texts)
    else:
        reading = _choose(text, texts)
    if reading.letters and reading.letters[-1] > chr(64 + len(texts)):
        return LettersReading(None, "out_of_range")
    return reading
