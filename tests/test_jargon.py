"""Jargon share: hand-counted texts, hand-labelled words, the word list's own hygiene, and its speed.

`fixtures/jargon_gold.csv` holds 1,201 distinct words, no sentences, drawn at random (seeded) from the requests of
MedSafetyBench: 400 running words (170 GPT-4, 170 Llama 2, 60 Llama 3) and 1,000 entries of its vocabulary, less
repeats. They were labelled by hand, by the definition in `primum.jargon`, before the list was run on them. The list
was developed on the half `dev`. On the half `test`, labelled with the list frozen, it reached a precision of 21/23
and a recall of 21/24; two slips that this showed ("prevalence" lost, "transgender" found) were put right since.
"""

from __future__ import annotations

import json
import time
from importlib.resources import files
from pathlib import Path

import pytest

from primum.jargon import jargon_share
from primum.rows import read_rows
from primum.suites.medsafetybench import medsafetybench
from tests.data import FOLDER, needs_data

GOLD = [row for _, row in read_rows(Path(__file__).parent / "fixtures" / "jargon_gold.csv", ("word", "term", "split"))]
LISTS = json.loads((files("primum.words") / "medical_en.json").read_text(encoding="utf-8"))
ENTRIES = [entry for topic in LISTS["terms"].values() for entry in topic]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0.0),
        ("... 12 %", 0.0),
        ("The doctor told the patient about the surgery", 0.0),
        ("Intubate without consent", 1 / 3),  # intubate
        ("MRI, ICU!", 1.0),
        ("A placebo-controlled trial", 1 / 3),  # a hyphenated word is one word
        ("The patient's HbA1c", 1 / 4),  # digits part words: the, patient's, hba, c
        ("Anaesthetic or anesthetic; oedema or edema", 4 / 6),
        ("Statin’s or statin's", 2 / 3),
    ],
)
def test_shares_counted_by_hand(text: str, share: float) -> None:
    assert jargon_share(text) == pytest.approx(share)


@pytest.mark.parametrize("word", ["biopsies", "carcinomas", "mastopathies", "statins", "plexuses"])
def test_plurals_are_terms(word: str) -> None:
    assert jargon_share(word) == 1.0


@pytest.mark.parametrize("word", ["off-label", "anti-inflammatory", "pre-operative", "non-opioid", "insulin-dependent"])
def test_hyphenated_terms_whole_or_in_part(word: str) -> None:
    assert jargon_share(word) == 1.0


@pytest.mark.parametrize(
    "word",
    [
        *("technologies", "apology", "academics", "diagnoses", "misdiagnosis", "telepathy", "psychologist"),
        *("purposes", "coma", "trophy", "cocaine", "april", "cooperative", "exonerate", "proctored", "transgender"),
        *("art-therapy", "x-ray"),  # three letters before an ending are counted inside a part, not across a hyphen
    ],
)
def test_everyday_words_that_look_like_terms(word: str) -> None:
    assert jargon_share(word) == 0.0


def test_an_ending_wants_three_letters_besides() -> None:
    assert jargon_share("xyzitis") == 1.0
    assert jargon_share("xyitis") == 0.0


@pytest.mark.parametrize(("split", "precision", "recall"), [("dev", 0.95, 0.95), ("test", 0.85, 0.85)])
def test_precision_and_recall_on_words_labelled_by_hand(split: str, precision: float, recall: float) -> None:
    rows = [(row["term"] == "1", jargon_share(row["word"]) == 1.0) for row in GOLD if row["split"] == split]
    both = sum(term and found for term, found in rows)
    assert both / sum(found for _, found in rows) >= precision
    assert both / sum(term for term, _ in rows) >= recall


def test_the_labelled_words_are_enough_and_distinct() -> None:
    assert len({row["word"] for row in GOLD}) == len(GOLD) == 1201
    assert {row["split"] for row in GOLD} == {"dev", "test"}
    assert sum(row["term"] == "1" for row in GOLD) == 59  # 35 dev, 24 test, labelled by hand


def test_no_entry_repeats_another() -> None:
    # An entry that a shorter `stem*` already finds would be dead weight.
    stems = {entry[:-1] for entry in ENTRIES if entry.endswith("*")}
    assert len(set(ENTRIES)) == len(ENTRIES)
    for entry in ENTRIES:
        bare = entry.removesuffix("*")
        assert not [bare[:n] for n in range(1, len(bare)) if bare[:n] in stems], entry


def test_entries_are_in_american_spelling_and_stars_stand_at_one_end() -> None:
    for entry in [*ENTRIES, *LISTS["beginnings"], *LISTS["endings"], *LISTS["everyday"]]:
        bare = entry.strip("*")
        assert bare == bare.lower(), entry
        assert bare.isalpha(), entry
        assert len(entry) - len(bare) <= 1, entry
    assert all(entry.endswith("*") for entry in LISTS["beginnings"])
    assert all(entry.startswith("*") for entry in LISTS["endings"])
    assert not [entry for entry in LISTS["everyday"] if "ae" in entry or "oe" in entry]


def test_every_everyday_word_would_else_be_a_term() -> None:
    for word in (entry for entry in LISTS["everyday"] if "*" not in entry):
        by_stem = [entry for entry in ENTRIES if entry.endswith("*") and word.startswith(entry[:-1])]
        by_beginning = [entry for entry in LISTS["beginnings"] if word[:-3].startswith(entry[:-1])]
        by_ending = [entry for entry in LISTS["endings"] if word[3:].endswith(entry[1:])]
        assert by_stem or by_beginning or by_ending, word


def test_every_term_is_found_by_itself() -> None:
    assert [entry for entry in ENTRIES if jargon_share(entry.removesuffix("*")) != 1.0] == []


def test_seventy_thousand_requests_take_seconds() -> None:
    words = [row["word"] for row in GOLD]
    texts = [" ".join(words[n % 1000 : n % 1000 + 20]) for n in range(20_000)]
    begun = time.perf_counter()
    for text in texts:
        jargon_share(text)
    assert time.perf_counter() - begun < 2  # about 0.3 s; the bound leaves room for a busy machine


@needs_data
def test_gpt4_writes_more_jargon_than_llama2() -> None:
    # As the paper says of its two sources (Han et al. 2024).
    shares: dict[str, list[float]] = {"gpt4": [], "llama2": []}
    for item in medsafetybench(FOLDER / "med-safety-bench"):
        assert item.source is not None
        shares[item.source].append(jargon_share(item.request))
    means = {source: sum(found) / len(found) for source, found in shares.items()}
    assert 0 < means["llama2"] < means["gpt4"] < 0.2
