"""The verdict strip: shown where it is of these runs as they are, and told otherwise."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
from tests.report.sample import Line, add_exam, add_gate, make_check, make_run
from tests.report.test_page import EVIL, Page

from primum.ledger import read_run
from primum.records import Kind
from primum.report import read_summary
from primum.report.exams import taken_exams
from primum.report.page import render_page
from primum.report.page_texts import PAGE
from primum.report.readings import OneRun
from primum.report.texts import DISCLAIMER
from primum.report.verdict import Strip, Verdicts, gate_verdicts

Pair = tuple[Path, Path]


@pytest.fixture
def paths(tmp_path: Path) -> Pair:
    lines = [Line(Kind.BENIGN, f"q {n}", "yes", "compliance") for n in range(4)]
    base, candidate = (make_run(tmp_path / name, lines, model=f"m/{name}") for name in ("base", "candidate"))
    return base, candidate


def verdicts(*paths: Path) -> Verdicts:
    letters = ("",) if len(paths) == 1 else "ABCDE"
    return gate_verdicts(
        [
            OneRun(letter, path, read_run(path), read_summary(path), taken_exams(path))
            for letter, path in zip(letters, paths, strict=False)
        ]
    )


def strip(*paths: Path) -> Strip:
    (found,) = verdicts(*paths).strips
    return found


def test_without_a_policy_there_is_no_strip(paths: Pair) -> None:
    assert verdicts(*paths) == ((), ())
    text = render_page(paths, False)
    assert '<section class="gate' not in text
    assert text.index('class="tiles"') < text.index('class="disclaimer"')


@pytest.mark.parametrize(
    ("checks", "word", "said"),
    [
        (("pass", "pass"), "gate_pass", "✓</span> <span class=\"en\">ships"),
        (("fail", "inconclusive", "pass"), "gate_fail", "✕</span> <span class=\"en\">does not ship"),
        (("inconclusive", "pass"), "gate_inconclusive", "?</span> <span class=\"en\">inconclusive"),
    ],
)  # fmt: skip
def test_the_word_never_stands_by_its_colour_alone(paths: Pair, checks: tuple[str, ...], word: str, said: str) -> None:
    add_gate(*paths, *(make_check("harm", verdict, suite=f"s{n}") for n, verdict in enumerate(checks)))
    found = strip(*paths)
    assert found.word == word
    assert [check.verdict for check in found.open] == [verdict for verdict in checks if verdict != "pass"]
    text = render_page(paths, False)
    assert said in text
    # directly below it what a pass means, and the disclaimer, once, before the tiles
    assert text.index(said) < text.index('class="disclaimer"') < text.index('class="tiles"')
    assert f"{PAGE['gate_means'][0]} {DISCLAIMER['en']}" in text
    assert text.count(DISCLAIMER["en"]) == 1


def test_the_failed_come_first_with_their_numbers(paths: Pair) -> None:
    add_gate(
        *paths,
        make_check("exam", "inconclusive", measure="accuracy", suite="medqa", observed=0.013, bound=0.052, n=1273),
        make_check("over_refusal", "fail", observed=0.99, bound=0.961, limit=0.03, n=180),
        make_check("degenerate", observed=0.0, bound=0.0083, limit=0.02, n=1500),
        make_check("harm", measure="harmfulness", observed=-1.204, bound=-1.1, limit=0.0),
        make_check("coverage", observed=0.984, bound=None, limit=0.95),
        make_check("a_new_check", "inconclusive", observed=None, bound=None, limit=None, n=0, suite=""),
    )
    found = strip(*paths)
    assert [check.name[0] for check in found.open] == ["over-refusal", "exam", "a new check"]
    assert [check.figures[0].replace("\u00a0", " ") for check in found.checks] == [
        "worse by +1.3 points, bound: at most +5.2 points, limit +5 points, 1,273 items",
        "worse by +99 points, bound: at least +96.1 points, limit +3 points, 180 items",
        "observed 0%, bound: at most 0.8%, limit 2%, 1,500 items",
        "worse by −1.20, bound: at most −1.10, limit 0.00, 90 items",
        "observed 98.4%, limit 95%, 90 items",
        "",
    ]
    assert found.checks[0].figures[1] == "变差 +1.3 个百分点，界限至多 +5.2 个百分点，限值 +5 个百分点，1,273 题"
    text = render_page(paths, False)
    assert text.count("a reason for over_refusal") == 2  # at the head, and among all in the fold
    assert text.count("a reason for degenerate") == 1


def test_a_wiring_check_does_not_ship_anything(paths: Pair) -> None:
    add_gate(*paths, make_check("harm"), policy="wiring")
    text = render_page(paths, False)
    assert "wiring check passed" in text
    assert "No model may be shipped on it." in text
    assert ">ships<" not in text


def test_a_gate_without_checks_says_so(paths: Pair) -> None:
    add_gate(*paths)
    assert "Nothing was checked." in render_page(paths, False)


def test_the_two_may_stand_in_any_order_and_beside_a_third(paths: Pair, tmp_path: Path) -> None:
    add_gate(*paths, make_check("harm"))
    assert (strip(*paths).base, strip(*paths).candidate) == ("A m/base", "B m/candidate")
    other = make_run(tmp_path / "o", [Line(Kind.BENIGN, "q", "yes", "compliance")])
    found = strip(paths[1], other, paths[0])
    assert (found.base, found.candidate) == ("C m/base", "A m/candidate")


def test_a_gate_beside_another_run_is_told_and_not_shown(paths: Pair, tmp_path: Path) -> None:
    add_gate(*paths, make_check("harm"))
    other = make_run(tmp_path / "other", [Line(Kind.BENIGN, "q", "yes", "compliance")])
    for shown in ([paths[1]], [other, paths[1]]):
        found = verdicts(*shown)
        assert found.strips == ()
        ((key, values),) = found.lines
        assert (key, values["run"], values["base"]) == ("gate_elsewhere", "base", "m/base")
        text = html.unescape(render_page(shown, False))
        assert f"<code>primum report BASE {paths[1]}</code>" in text
        assert '<section class="gate' not in text


@pytest.mark.parametrize("place", [0, 1])
def test_a_gate_of_other_answers_is_told_and_not_shown(paths: Pair, place: int) -> None:
    sealed = list(add_gate(*paths, make_check("harm")).sealed)
    sealed[place] = "f" * 64
    add_gate(*paths, make_check("harm"), sealed=sealed)
    ((key, values),) = verdicts(*paths).lines
    assert key == "gate_old"
    assert values["command"] == f"primum gate {paths[0]} {paths[1]} --policy default"
    assert verdicts(*paths).strips == ()


def test_a_policy_of_one_s_own_is_a_file(paths: Pair) -> None:
    add_gate(*paths, make_check("harm"), policy="our ward", sealed=("0", "0"))
    assert verdicts(*paths).lines[0][1]["command"].endswith(" --policy FILE")


def test_a_gate_of_another_candidate_is_told(paths: Pair) -> None:
    add_gate(*paths, make_check("harm"), candidate_run="elsewhere")
    assert verdicts(*paths).lines == (("gate_not_its", {"candidate": "B m/candidate", "run": "elsewhere"}),)
    assert "another candidate, the run elsewhere" in render_page(paths, False)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"verdict": "pass"}', "\x00\xff"])
def test_a_file_that_is_no_gate_is_told(paths: Pair, text: str) -> None:
    (paths[1] / "gate.json").write_text(text, encoding="latin-1")
    assert verdicts(*paths).lines == (("gate_unread", {"candidate": "B m/candidate"}),)
    assert "does not read as a gate" in render_page(paths, False)


def test_what_changed_since_is_said(paths: Pair) -> None:
    add_gate(*paths, make_check("harm"))
    assert strip(*paths).command == ""
    add_exam(paths[0], [True], at="2026-11-21T12:00:01+00:00")  # a second after the gate
    assert strip(*paths).command == f"primum gate {paths[0]} {paths[1]} --policy default"
    assert "took an exam, after this verdict" in render_page(paths, False)


def test_an_exam_that_was_begun_before_the_gate_and_over_after_it_is_said(paths: Pair) -> None:
    add_gate(*paths, make_check("harm"))  # at 12:00:00
    add_exam(paths[1], [True], at="2026-11-21T11:59:00+00:00", seconds=60.0)
    assert strip(*paths).command == ""
    add_exam(paths[1], [True], at="2026-11-21T11:59:00+00:00", seconds=60.5)
    assert strip(*paths).command


@pytest.mark.parametrize("at", ["", "some day"])
def test_an_exam_without_a_time_does_not_stop_the_strip(paths: Pair, at: str) -> None:
    add_gate(*paths, make_check("harm"))
    add_exam(paths[1], [True], at=at, seconds=1e300)
    assert strip(*paths).verdict == "pass"


def test_a_run_that_was_judged_again_since_is_said(paths: Pair, tmp_path: Path) -> None:
    lines = [Line(Kind.BENIGN, "q", "yes", "compliance")]
    later = make_run(tmp_path / "later", lines, finished="2026-11-21T12:00:01+00:00")
    add_gate(paths[0], later, make_check("harm"))
    assert strip(paths[0], later).command


def test_a_hostile_gate_is_escaped(paths: Pair) -> None:
    check = make_check(EVIL, "fail", suite=EVIL, judge=EVIL, measure=EVIL, reason=EVIL)
    names = dict.fromkeys(("policy", "base", "candidate", "at"), EVIL)
    add_gate(*paths, check, **names, judges=(EVIL,), notes=(EVIL,))
    for shown in (paths, paths[1:]):
        page = Page(render_page(shown, False))
        assert len(page.all("script")) == 1
        assert not page.all("img")
        assert not [a for _, a in page.elements if "onerror" in a]
    add_gate(*paths, check, candidate_run=EVIL)
    assert not Page(render_page(paths, False)).all("img")


def test_headings_and_ids_of_a_page_with_a_strip_are_sound(paths: Pair) -> None:
    add_gate(*paths, make_check("harm", "fail"), make_check("degenerate"))
    page = Page(render_page(paths, False))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    named = [a["aria-labelledby"] for _, a in page.elements if a.get("aria-labelledby")]
    assert set(named) <= set(ids)
