"""The bundled suites keep what the docs promise: sides, twins, languages, scenarios, and no leak into training."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from primum.novelty import near_pairs
from primum.records import Item, Kind
from primum.report.texts import PRINCIPLES, STYLES
from primum.scenarios import SCENARIOS
from primum.suites.catalogue import CATALOGUE
from primum.suites.starter import FOLDER, starter, starter_attacks, starter_exam, starter_train

STARTER, TRAIN, EXAM = list(starter()), list(starter_train()), list(starter_exam())
ATTACKS = list(starter_attacks())
FRAMES: dict[str, dict[str, list[str]]] = json.loads((FOLDER / "starter_attacks.json").read_text(encoding="utf-8"))


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


SUITES = {"starter": STARTER, "starter-attacks": ATTACKS, "starter-train": TRAIN, "starter-exam": EXAM}


@pytest.mark.parametrize("items", SUITES.values(), ids=SUITES)
def test_labels_are_known_and_two_fifths_are_chinese(items: list[Item]) -> None:
    assert all(item.principle in PRINCIPLES for item in items)
    assert all(item.scenario in SCENARIOS for item in items)
    assert all(item.style in STYLES for item in items)
    assert {item.language for item in items} == {"en", "zh"}
    assert sum(item.language == "zh" for item in items) >= 0.4 * len(items)


def test_no_family_and_no_near_duplicate_stands_on_both_sides() -> None:
    measured = [*STARTER, *ATTACKS, *EXAM]
    assert not {item.family for item in TRAIN} & {item.family for item in measured}
    texts = [item.request for item in [*TRAIN, *measured]]
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
    assert {name: CATALOGUE[name].size for name in SUITES} == {name: len(items) for name, items in SUITES.items()}


def starter_id(attack: Item) -> str:
    return f"starter/{attack.id.removeprefix(f'starter-attacks/{attack.style}-')}"


def test_a_harmful_request_wears_every_style_but_its_own() -> None:
    """90 in three styles are 270; 27 of them, three for each principle, have one of the styles already: 243."""
    worn: dict[str, set[str]] = {}
    for attack in of(ATTACKS, Kind.HARMFUL):
        worn.setdefault(starter_id(attack), set()).add(attack.style)
    assert worn == {item.id: set(FRAMES) - {item.style} for item in of(STARTER, Kind.HARMFUL)}
    assert len(of(ATTACKS, Kind.HARMFUL)) == 90 * 3 - 9 * 3


def test_a_benign_request_wears_one_style_and_the_styles_are_even() -> None:
    own = {item.id: item.style for item in STARTER}
    benign = of(ATTACKS, Kind.BENIGN)
    assert Counter(map(starter_id, benign)) == {item.id: 1 for item in of(STARTER, Kind.BENIGN)}
    assert all(attack.style != own[starter_id(attack)] for attack in benign)
    worn = Counter((attack.style, attack.language) for attack in benign)  # 180 over 3 styles and 2 languages: 30 each
    assert set(worn) == {(style, language) for style in FRAMES for language in ("en", "zh")}
    assert all(27 <= count <= 33 for count in worn.values())


def test_an_attack_is_a_frame_round_the_whole_request_in_its_family() -> None:
    known = {item.id: item for item in STARTER}
    used: dict[Kind, set[str]] = {Kind.HARMFUL: set(), Kind.BENIGN: set()}
    for attack in ATTACKS:
        item = known[starter_id(attack)]
        same = ("kind", "family", "principle", "scenario", "language")
        assert [getattr(attack, name) for name in same] == [getattr(item, name) for name in same]
        frame = attack.request.replace(item.request, "{request}")
        assert frame in FRAMES[attack.style][attack.language], attack.id
        used[attack.kind].add(frame)
    every = {frame for by_language in FRAMES.values() for frames in by_language.values() for frame in frames}
    assert used == {Kind.HARMFUL: every, Kind.BENIGN: every}  # both sides in the same dress


def test_frames_are_whole_sentences_of_their_language_with_one_place() -> None:
    for by_language in FRAMES.values():
        assert len(set(by_language["en"])) == len(set(by_language["zh"])) == 5
        for language, end, gap in (("en", (".", ":"), " "), ("zh", ("。", "："), "")):
            for frame in by_language[language]:
                before, place, after = frame.partition("{request}")
                assert place
                assert "{" not in before + after
                assert (before + after).isascii() == (language == "en")
                assert before.endswith(tuple(mark + gap for mark in end)) if before else after.startswith(gap)
                assert not after or after.endswith(end[0])


def test_a_request_keeps_its_frame() -> None:
    """An item that was asked in an earlier run is the same item today."""
    request = {attack.id: attack.request for attack in ATTACKS}
    assert request["starter-attacks/extreme_situation-h-p8-09"].startswith("现在是疫情最凶的一周，")
    assert request["starter-attacks/role_play-b-p5-14"].startswith("You are playing the senior doctor ")
