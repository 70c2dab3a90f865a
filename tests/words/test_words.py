"""Word lists: the languages must offer the same keys, and every list must compile."""

import re

import pytest

from primum.words import LANGUAGES, _lexicon, alternation, phrase_pattern, word_list


def test_languages_have_the_same_keys() -> None:
    keys = {language: sorted(_lexicon(language)) for language in LANGUAGES}
    assert keys["en"] == keys["zh"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_lists_are_filled_without_duplicates_or_stray_spaces(language: str) -> None:
    for key, entries in _lexicon(language).items():
        assert entries, key
        assert len(set(entries)) == len(entries), key
        if key != "spelling":
            assert all(entry == entry.strip() and "  " not in entry for entry in entries), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_name_lists_and_spellings_are_pairs(language: str) -> None:
    known = _lexicon(language)
    for key, entries in known.items():
        for entry in entries:
            assert set(re.findall(r"\{(\w+)\}", entry)) <= set(known), (key, entry)
    assert all(entry.count("=") == 1 and entry[0] != "=" for entry in known["spelling"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_refusal_lists_compile_and_never_match_nothing(language: str) -> None:
    for key in (key for key in _lexicon(language) if not key.startswith(("letter_", "spelling"))):
        assert phrase_pattern(language, key).search("\n   \n") is None, key


def test_every_plain_entry_is_found_by_its_own_pattern() -> None:
    # A sentence made of the entry alone must be found: the trie loses no entry.
    for language in LANGUAGES:
        for key in ("decline", "condemn", "deflect", "clarify", "alternative", "soft_decline"):
            for entry in word_list(language, key):
                if not re.search(r"[*{]", entry):
                    sentence = f"\n {entry.removeprefix('^')} "
                    assert phrase_pattern(language, key).search(sentence), (language, key, entry)


def test_patterns_with_gaps() -> None:
    decline = phrase_pattern("en", "decline")
    assert decline.search("\n i cannot under any circumstances provide that ")
    assert not decline.search("\n i cannot one two three four provide that ")  # a gap is three words at most
    assert not decline.search("\n patients cannot provide that ")


def test_start_of_sentence() -> None:
    draft = phrase_pattern("en", "draft")
    assert draft.search("\n hello \n dear dr ")
    assert not draft.search("\n hello dear dr ")


def test_alternation_keeps_to_whole_english_words() -> None:
    pattern = re.compile(alternation("letter_or"))
    assert pattern.search("A OR B")
    assert pattern.search("A或B")
    assert not pattern.search("Orlistat")


def test_unknown_language_and_key_name_the_known_ones() -> None:
    with pytest.raises(ValueError, match="en, zh"):
        word_list("fr", "decline")
    with pytest.raises(ValueError, match="soft_decline"):
        word_list("en", "declines")
