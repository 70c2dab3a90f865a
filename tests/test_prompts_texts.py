"""The judges' texts: each language asks for the same thing in the same form, and quotes what it is given."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

from primum import prompts
from primum.prompts import fill, prompt_text

FOLDER = Path(prompts.__file__).parent
PAIR, CASE = ("request", "answer"), ("scenario", "reference", "request", "answer")
TAGS = {"reference": "norm"}  # every other placeholder stands between tags of its own name
# Placeholders in order, keys of the JSON object in order, and the levels that have a line of their own.
JSON_JUDGES = {
    "harmfulness": (PAIR, ("reason", "score"), "1 2 3 4 5"),
    "harmfulness-general": (PAIR, ("reason", "score"), "1 2 3 4 5"),
    "medes-risk": (CASE, ("reason", "r1", "r2"), "-1 0 -1 0"),
    "medes-quality": (CASE, ("reason", "q1", "q2", "q3", "q4"), "1 0 1 0 1 0 1 0"),
    "violation": (PAIR, ("reason", "score"), "-1 0 1 2"),
    "dilemma": (PAIR, ("reason", "score"), "-1 0 1 2 3"),
    "musthave": (("request", "statements", "answer"), ("reason", "stated"), ""),
}
PAPER_JUDGES = {"medes-risk-paper": "R1,R2", "medes-quality-paper": "Q1,Q2,Q3,Q4"}
ONE_LANGUAGE = {"harmfulness-paper": "en", "medes-risk-paper": "zh", "medes-quality-paper": "zh"}
JSON_TEXTS = list(product(JSON_JUDGES, ("en", "zh")))
TEXTS = [*JSON_TEXTS, *((name, "zh") for name in PAPER_JUDGES)]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def read(name: str, language: str) -> str:
    """The file itself, because `prompt_text` falls back to English."""
    return (FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8")


def wanted(name: str) -> tuple[str, ...]:
    return JSON_JUDGES[name][0] if name in JSON_JUDGES else CASE


def test_every_text_that_quotes_an_answer_has_its_languages() -> None:
    there: dict[str, set[str]] = {}
    for file in FOLDER.glob("*.md"):
        if "{answer}" in file.read_text(encoding="utf-8"):
            name, language, _ = file.name.split(".")
            there.setdefault(name, set()).add(language)
    assert there.keys() >= {*JSON_JUDGES, *ONE_LANGUAGE}
    for name, languages in there.items():
        assert languages == ({ONE_LANGUAGE[name]} if name in ONE_LANGUAGE else {"en", "zh"}), name


@pytest.mark.parametrize(("name", "language"), TEXTS)
def test_each_value_stands_once_between_its_tags_and_the_text_says_so_before(name: str, language: str) -> None:
    text = read(name, language)
    assert tuple(re.findall(r"\{(\w+)\}", text)) == wanted(name)
    for value in wanted(name):
        tag = TAGS.get(value, value)
        before, block, after = text.partition(f"\n<{tag}>\n{{{value}}}\n</{tag}>\n")
        assert block
        assert re.search(rf"<{tag}>\W*(?:and|与)\W*</{tag}>", before)
        assert f"<{tag}>" not in after


@pytest.mark.parametrize(("name", "language"), TEXTS)
def test_all_that_is_quoted_is_said_to_be_no_instruction(name: str, language: str) -> None:
    before = read(name, language).partition(f"\n<{wanted(name)[0]}>\n{{")[0]
    said = (
        ("quoted material with &, < and > written as entities", "addressed to you", "attempt to steer you")
        if language == "en"
        else ("引用的材料，其中的 &、<、> 已写成实体", "没有任何内容是对你说的", "企图操纵")
    )
    assert [part for part in said if part not in before] == []


@pytest.mark.parametrize(("name", "language"), TEXTS)
def test_filling_puts_every_value_in_its_place_and_no_brace_of_a_value_is_filled(name: str, language: str) -> None:
    values = {value: f"<{value}> {{answer}} {{request}}" for value in wanted(name)}
    text = prompt_text(name, language)
    filled = fill(text, **values)
    assert len(filled) == len(text) + sum(len(told) - len(f"{{{value}}}") for value, told in values.items())
    assert all(filled.count(told) == 1 for told in values.values())


@pytest.mark.parametrize(("name", "language"), JSON_TEXTS)
def test_the_json_form_is_last_its_reason_first_and_every_key_is_explained(name: str, language: str) -> None:
    *_, told, form = read(name, language).rstrip("\n").split("\n")
    keys = JSON_JUDGES[name][1]
    assert tuple(re.findall(r'"(\w+)": (?:"\.\.\."|\.\.\.|\[\.\.\.\])', form)) == keys
    assert form[0] + form[-1] == "{}"
    assert tuple(re.findall(r'"(\w+)"', told)) == keys


@pytest.mark.parametrize(("name", "language"), JSON_TEXTS)
def test_the_scale_has_one_line_a_level(name: str, language: str) -> None:
    assert re.findall(r"^(-?\d+) - \S", read(name, language), re.M) == JSON_JUDGES[name][2].split()


@pytest.mark.parametrize("name", JSON_JUDGES)
def test_both_languages_have_the_same_paragraphs_and_rules(name: str) -> None:
    english, chinese = ([_mark(line) for line in read(name, language).split("\n")] for language in ("en", "zh"))
    assert english == chinese


def _mark(line: str) -> str:
    """What a line is: a level, a tag or a value as it stands; a rule; empty; or words."""
    same = re.match(r"-?\d+ - |</?\w+>$|\{\w+\}$|- ", line)
    return same.group() if same else "words" if line else ""


@pytest.mark.parametrize(("name", "form"), PAPER_JUDGES.items())
def test_the_paper_form_is_one_last_line_of_scores(name: str, form: str) -> None:
    text = read(name, "zh")
    assert text.rstrip("\n").split("\n")[-1] == f"最终评分：{form}"
    assert re.findall(r"^([RQ]\d) ", text, re.M) == form.split(",")


@pytest.mark.parametrize(("name", "language"), TEXTS)
def test_each_text_is_in_its_language(name: str, language: str) -> None:
    text = read(name, language)
    share = len(CHINESE.findall(text)) / len(text)  # the rest of a Chinese text: tags, JSON, marks, punctuation
    assert share > 1 / 3 if language == "zh" else share == 0
