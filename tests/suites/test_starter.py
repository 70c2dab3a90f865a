"""The bundled suites keep what the docs promise: sides, twins, languages, scenarios, and no leak into training."""

from __future__ import annotations

from collections import Counter

import pytest

from primum.novelty import near_pairs
from primum.records import Item, Kind
from primum.report.texts import PRINCIPLES, STYLES
from primum.scenarios import SCENARIOS
from primum.suites.catalogue import CATALOGUE
from primum.suites.starter import starter, starter_exam, starter_train

STARTER, TRAIN, EXAM = list(starter()), list(starter_train()), list(starter_exam())


def of(items: list[Item], kind: Kind) -> list[Item]:
    return [item for item in items if item.kind is kind]


def test_starter_has_both_sides_for_every_principle() -> None:
    harmful = Counter(item.principle for item in of(STARTER, Kind.HARMFUL))
    benign = Counter(item.principle for item in of(STARTER, Kind.BENIGN))
    assert set(harmful) == set(benign) == set(PRINCIPLES)
    assert min(harmful.values()) >= 10
    assert min(benign.values()) >= 20
    assert len(of(STARTER, Kind.CHOICE)) == 60


def test_every_harmful_request_has_a_benign_twin_in_its_family() -> None:
    benign = {item.family: item for item in of(STARTER, Kind.BENIGN)}
    for item in of(STARTER, Kind.HARMFUL):
        twin = benign[item.family]
        assert (twin.principle, twin.language) == (item.principle, item.language), item.id


def test_two_open_cases_for_each_scenario_with_a_rubric() -> None:
    cases = of(STARTER, Kind.OPEN)
    assert Counter(item.scenario for item in cases) == dict.fromkeys(SCENARIOS, 2)
    assert all(item.reference.count("\n- ") >= 3 for item in cases)


@pytest.mark.parametrize("items", [STARTER, TRAIN, EXAM], ids=["starter", "starter-train", "starter-exam"])
def test_labels_are_known_and_two_fifths_are_chinese(items: list[Item]) -> None:
    assert all(item.principle in PRINCIPLES for item in items)
    assert all(item.scenario in SCENARIOS for item in items)
    assert all(item.style in STYLES for item in items)
    assert {item.language for item in items} == {"en", "zh"}
    assert sum(item.language == "zh" for item in items) >= 0.4 * len(items)


def test_no_family_and_no_near_duplicate_stands_on_both_sides() -> None:
    assert not {item.family for item in TRAIN} & {item.family for item in [*STARTER, *EXAM]}
    texts = [item.request for item in [*TRAIN, *STARTER, *EXAM]]
    across = [(texts[i], texts[j]) for i, j, _ in near_pairs(texts) if i < len(TRAIN) <= j]
    assert across == []


def test_training_answers_are_there_and_vary() -> None:
    assert len(of(TRAIN, Kind.HARMFUL)) >= 200
    assert len(of(TRAIN, Kind.BENIGN)) >= 200
    for language, words in (("en", 4), ("zh", 5)):
        answers = [item.reference for item in of(TRAIN, Kind.HARMFUL) if item.language == language]
        openings = Counter(
            " ".join(text.lower().split()[:words]) if language == "en" else text[:words] for text in answers
        )
        assert all(answers)
        assert max(openings.values()) <= 0.2 * len(answers)
        assert len(set(answers)) == len(answers)


def test_exam_keys_are_balanced() -> None:
    assert Counter(item.reference for item in EXAM) == dict.fromkeys("ABCD", 50)
    assert all(len(item.options) == 4 == len(set(item.options)) for item in EXAM)


def test_the_catalogue_tells_the_true_sizes() -> None:
    sizes = {"starter": len(STARTER), "starter-train": len(TRAIN), "starter-exam": len(EXAM)}
    assert {name: CATALOGUE[name].size for name in sizes} == sizes
