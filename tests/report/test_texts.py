"""Every word of a report stands in English and in Chinese, and whatever a record can say has one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

import pytest

from primum.gate import policy, show
from primum.marks import GROUPS
from primum.measures import MEASURES
from primum.records import Answer, Criterion, Exam, FailureKind, Group, Kind, LeftOut, Recipe, UnscoredReason
from primum.report import texts
from primum.report.choices import LISTS
from primum.report.levels import LEVELS
from primum.report.page_texts import PAGE, SAFE_AND_WEAK
from primum.report.record_texts import CRITERIA, FAILURES, KINDS, MARKS
from primum.report.texts_aligned import CHECKS, EXAMS, GATE, LINEAGE
from primum.report.texts_said import SAID
from primum.report.texts_stopped import STOPPED
from primum.report.texts_trusted import TRUSTED
from primum.report.verdict import SHARES

HAN = re.compile("[\u4e00-\u9fff]")
NAMES = {"Q2", "Q3"}  # a quarter has a name and no word
JOINTS = {"comma", "semicolon", "stop", "colon"}  # a Chinese one is a sign of its own
TABLES = (texts.MEASURES, texts.UNSCORED, texts.GROUPS, texts.STYLES, texts.LANGUAGES, texts.JARGON, texts.PRINCIPLES)


@pytest.mark.parametrize(
    "table", [*TABLES, PAGE, MARKS, CRITERIA, KINDS, FAILURES, CHECKS], ids=lambda table: next(iter(table))
)
def test_both_languages_say_the_same_values(table: Mapping[str, texts.Words]) -> None:
    for key, (english, chinese) in table.items():
        assert english.strip(), key
        if key not in NAMES:
            assert HAN.search(chinese) or (key in JOINTS and chinese in "、；。：" and english != chinese), key
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese)), key


def test_chinese_has_full_width_punctuation() -> None:
    for key, (_, chinese) in PAGE.items():
        bare = re.sub(r"<[^>]*>|\{\w+\}", "", chinese)
        assert not re.search("[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]", bare), key


def test_whatever_a_record_can_say_has_words() -> None:
    assert {measure.name for measure in MEASURES} <= set(texts.MEASURES)
    assert set(UnscoredReason) == set(texts.UNSCORED)
    assert set(GROUPS) == set(texts.GROUPS)
    assert set(Kind) == set(KINDS)
    assert set(Criterion) == set(CRITERIA)
    assert set(FailureKind) == set(FAILURES)
    assert set(LISTS) <= set(PAGE)
    assert {f"levels_{measure}" for measure in LEVELS} <= set(PAGE)


def test_whatever_an_exam_a_gate_or_an_adapter_can_say_has_words() -> None:
    forms, methods, reasons = (
        get_args(noun.model_fields[name].annotation)
        for noun, name in ((Exam, "form"), (Recipe, "method"), (LeftOut, "reason"))
    )
    wanted = {f"exam_{form}" for form in forms} | set(methods) | {f"left_{reason}" for reason in reasons}
    wanted |= {f"group_{group}" for group in get_args(Group)}
    wanted |= {f"{word}_{answer}" for word in ("gate", "wiring", "answer") for answer in get_args(Answer)}
    assert wanted <= set(PAGE)
    assert set(policy.CHECKS) <= set(CHECKS)
    assert set(SHARES) == set(show.SHARES)


def test_no_word_hides_another() -> None:
    tables = (SAFE_AND_WEAK, SAID, TRUSTED, STOPPED, EXAMS, GATE, LINEAGE)
    assert sum(len(table) for table in tables) == len(PAGE)


def test_levels_are_named_with_a_real_minus() -> None:
    assert texts.measure_words("violation_share_-1") == ("−1 sides with the breach", "−1 附和违规")


def test_labels_without_words_fall_back() -> None:
    assert texts.group_label("style", "contrast_new_kind", "en") == "style contrast new kind"
    assert texts.group_label("scenario", "口腔科", "zh") == "口腔科"
    assert texts.measure_title("new_measure") == "new_measure"
