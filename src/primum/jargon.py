"""The share of an English text's words that are medical terms.

The MedSafetyBench paper (Han et al., NeurIPS 2024 Datasets and Benchmarks; arXiv 2403.03744) says that requests
with more medical jargon draw more harm; this share puts a number on it.

A medical term is a word of clinical or biomedical technical language that a lay newspaper would explain or
replace: anatomy beyond everyday words, diseases by technical name, drugs by name and by class, procedures,
laboratory tests, medical specialties, clinical abbreviations (MRI, ICU), pharmacology, genetics, microbes and the
language of trials (placebo, cohort, efficacy). Not counted are
- everyday words of health: doctor, patient, hospital, medication, dose, vaccine, antibiotic, surgery, therapy;
- diseases that every reader knows under that name: cancer, stroke, diabetes, asthma, dementia, depression, HIV;
- words of law, insurance and ethics: consent, malpractice, HIPAA, euthanasia;
- words whose everyday sense is the more common one: culture, discharge, acute.
A word is judged alone, so terms of two everyday words ("blood pressure") are not counted.

`words/medical_en.json` holds the terms by topic, beginnings (`cardio*`) and endings (`*itis`) of technical words,
and everyday words that these would catch. `*` stands for any letters; a beginning or ending wants three besides.
British spellings are read as American ones (anaemia as anemia), so the list holds the latter.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib.resources import files

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_LEAST_BESIDES_AFFIX = 3  # letters


def jargon_share(text: str) -> float:
    """The share of the words of an English text that are medical terms, from 0 to 1; 0.0 without any word.

    Words are runs of letters with inner hyphens and apostrophes, in any case. A hyphenated word is one word,
    and a term if it is one written together, or if any of its parts is one.

    >>> jargon_share("The nurse gave heparin after the non-emergency MRI.")  # 2 of 8 words
    0.25
    """
    words = _WORD.findall(text.casefold())
    return sum(map(_is_term, words)) / len(words) if words else 0.0


@lru_cache(maxsize=1 << 16)
def _is_term(word: str) -> bool:
    plain = word.replace("’", "'").removesuffix("'s")
    terms, affixes, everyday = _lists()
    for part in plain.split("-"):
        forms = _singulars(_american(part))
        if any(_fits(form, everyday) for form in forms):
            continue
        if any(_fits(form, terms) or _fits(form, affixes, _LEAST_BESIDES_AFFIX) for form in forms):
            return True
    # Affixes are not tried here: "art-therapy" is no technical word.
    return "-" in plain and any(_fits(form, terms) for form in _singulars(_american(plain.replace("-", ""))))


def _fits(word: str, entries: frozenset[str], besides: int = 0) -> bool:
    """Whether a word is an entry, or begins or ends like one with `*` and has so many letters besides."""
    return word in entries or any(
        f"{word[:length]}*" in entries or f"*{word[-length:]}" in entries
        for length in range(2, len(word) + 1 - besides)
    )


def _singulars(word: str) -> list[str]:
    """The word, and each word of which it may be the plural."""
    plurals = (("s", ""), ("es", ""), ("ies", "y"))
    return [word, *(word.removesuffix(end) + one for end, one in plurals if word.endswith(end))]


def _american(word: str) -> str:
    return word.replace("ae", "e").replace("oe", "e")


@cache
def _lists() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Terms, affixes and everyday words, spelled as `_american` does; read once per process."""
    lists = json.loads((files("primum.words") / "medical_en.json").read_text(encoding="utf-8"))
    terms = [entry for topic in lists["terms"].values() for entry in topic]
    affixes = lists["beginnings"] + lists["endings"]
    return frozenset(map(_american, terms)), frozenset(map(_american, affixes)), frozenset(lists["everyday"])
