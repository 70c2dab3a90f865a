"""The report page as a file: what it holds, what it must not hold, and that it is sound HTML."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.report.sample import Line, every_kind, make_run, response_of

from primum.errors import BadInputError
from primum.records import Comparison, Difference, FailureKind, Kind, UnscoredReason
from primum.report.page import render_page
from primum.report.page_texts import PAGE
from primum.report.texts import DISCLAIMER, TINY_NOTE

H, B, C = Kind.HARMFUL, Kind.BENIGN, Kind.CHOICE
J = "openai/judge"
EVIL = "</script><script>alert(1)</script>\"'><img src=http://x/y onerror=alert(2)>"
VOID = {"meta", "input", "br", "img", "link"}


class Page(HTMLParser):
    """A page's elements, with a check that they close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def lines(answer: str = "Do this, then that.") -> list[Line]:
    """Twelve harmful items over three principles and two languages, six benign, six choice; two things went wrong."""
    found = [
        Line(H, f"wrong {i}", answer, ("full", "compliance")[i % 2], ((J, 1 + i % 5),), "why", principle=f"{1 + i % 3}")
        for i in range(10)
    ]
    found += [Line(H, "坏事", "不行", "full", ((J, UnscoredReason.UNPARSEABLE),), language="zh", principle="2")]
    found += [Line(H, "late", failure=FailureKind.TIMEOUT, principle="2")]
    found += [Line(B, f"good {i}", "no", ("full", "compliance")[i % 2], principle=f"{1 + i % 2}") for i in range(6)]
    return found + [Line(C, f"which {i}", "A", correct=float(i % 3 > 0), principle=f"{1 + i % 2}") for i in range(6)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("page") / "r", lines())


@pytest.fixture(scope="module")
def text(run: Path) -> str:
    return render_page([run], False)


def test_elements_close_and_headings_descend(text: str) -> None:
    page = Page(text)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert page.headings.count(2) == 5
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


def test_ids_are_unique_and_labels_lead_somewhere(tmp_path: Path) -> None:
    suites = ("a suite with a rather long name, one", "a suite with a rather long name, two")
    path = make_run(tmp_path / "r", [line._replace(suite=suite) for suite in suites for line in lines()])
    page = Page(render_page([path, path], False))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    named = [a.get(key) for _, a in page.elements for key in ("aria-labelledby", "for") if a.get(key)]
    targets = [(a["href"] or "").removeprefix("#") for a in page.all("a")]
    assert named
    assert set(named) | set(targets) <= set(ids)


def test_tables_and_drawings_are_named(text: str) -> None:
    page = Page(text)
    assert page.all("th")
    assert all(a.get("scope") in {"row", "col"} for a in page.all("th"))
    drawings = [a for a in page.all("svg") if "aria-hidden" not in a]
    assert drawings
    assert all(a.get("role") == "img" and a.get("aria-labelledby") for a in drawings)
    # every chart has a wide and a narrow drawing, and a table
    assert len(drawings) == 2 * text.count('<details class="table">') == 2 * text.count('class="plot single"')


def test_nothing_is_loaded_and_no_script_but_its_own_may_run(text: str) -> None:
    page = Page(text)
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        f"script-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"link", "img", "iframe", "object", "embed", "base", "form"}
    for _, attributes in page.elements:
        assert not {"src", "srcset", "xlink:href", "action"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert not re.search(r"@import|url\(|https?:", style + script)


def test_both_languages_are_there_and_say_which_they_are(text: str) -> None:
    page = Page(text)
    assert page.all("html") == [{"lang": "en"}]
    spans = [a for a in page.all("span") if a.get("class") in {"en", "zh"}]
    assert len([a for a in spans if a["class"] == "en"]) == len([a for a in spans if a["class"] == "zh"]) > 50
    assert all(a.get("lang") == "zh-Hans" for a in spans if a["class"] == "zh")
    assert [a.get("value") for a in page.all("input") if "checked" in a] == ["en"]
    for english, chinese in (PAGE["safe"], PAGE["made"], (DISCLAIMER["en"], DISCLAIMER["zh"])):
        assert html.escape(english) in text
        assert chinese in text
    assert '<div class="text" lang="zh-Hans" dir="auto">不行' in text


def test_questions_and_disclaimer_come_in_order(text: str) -> None:
    places = [text.index(f'<section id="{name}"') for name in ("safe", "weak", "said", "trusted", "made")]
    assert places == sorted(places)
    assert places[0] < text.index('class="disclaimer"') < places[1]
    assert TINY_NOTE["en"] not in text


def test_the_bundled_model_s_numbers_come_with_their_note(tmp_path: Path) -> None:
    text = render_page([make_run(tmp_path / "r", lines(), model="tiny")], False)
    assert TINY_NOTE["en"] in text
    assert TINY_NOTE["zh"] in text


def test_everything_from_a_run_is_escaped(tmp_path: Path) -> None:
    line = Line(
        H, EVIL, EVIL, "full", ((EVIL, 2),), EVIL, principle=EVIL, language=EVIL, scenario=EVIL, suite="s" + EVIL
    )
    many = [line._replace(principle=f"{EVIL}{i % 2}", language=f"en{i % 2}") for i in range(6)]
    odd = {"notes": (EVIL,), "data": {EVIL: EVIL}, "versions": {EVIL: EVIL}, "endpoints": {EVIL: EVIL}}
    path = make_run(tmp_path / "r", [line, *many], model=EVIL, state="done", **odd)
    for runs in ([path], [path, path]):
        page = Page(render_page(runs, True))
        assert len(page.all("script")) == 1
        assert not page.all("img")
        assert not [a for _, a in page.elements if "onerror" in a]


def test_control_characters_do_not_break_the_file(tmp_path: Path) -> None:
    path = make_run(tmp_path / "r", [Line(B, "a\x00b\x1bc", "no\x07", "full")])
    text = render_page([path], False)
    assert "a\ufffdb\ufffdc" in text
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)


def test_a_withheld_answer_is_nowhere_in_the_file(tmp_path: Path) -> None:
    said = "Take the ledger & alter page nine before <Monday>."
    many = [Line(H, "q", said, "compliance", ((J, 5),), f"The answer says: {said}") for _ in range(3)]
    path = make_run(tmp_path / "r", many)
    text = render_page([path], False)
    assert "alter page nine" not in text
    assert "secret chain" not in text
    assert f"withheld as harmful: {len(said)} characters, response {response_of(0)}" in text
    whole = render_page([path], True)
    assert html.escape(said, quote=False) in html.unescape(whole).replace("&", "&amp;").replace("<M", "&lt;M").replace(
        "y>", "y&gt;"
    )
    assert whole.count('<details class="harmful">') == 3
    assert '<details class="harmful" open' not in whole
    assert "secret chain" not in whole


def test_several_runs_share_a_line(run: Path, tmp_path: Path) -> None:
    other = make_run(tmp_path / "o", lines("Something else."), model="openai/other")
    text = render_page([run, other], False)
    page = Page(text)
    assert "<bdi>openai/m</bdi>" in text
    assert "<bdi>openai/other</bdi>" in text
    assert f"primum compare {run} {other}" in text
    first = next(a for a in page.all("svg") if "aria-hidden" not in a)
    drawing = text[text.index(f'aria-labelledby="{first["aria-labelledby"]}"') :].split("</svg>")[0]
    assert drawing.count("<path") == 2 * 4  # two runs; all and three principles
    assert {a.get("data-run") for a in page.all("details") if a.get("class") == "case"} == {"A", "B"}


def test_a_side_that_was_not_run_says_how(tmp_path: Path) -> None:
    path = make_run(tmp_path / "my run", [Line(B, "q", "yes", "compliance") for _ in range(4)], model="openai/a b")
    text = html.unescape(render_page([path], False))
    assert "primum eval 'openai/a b' --suite medsafetybench --judge openai/NAME" in text
    assert f"primum capability 'openai/a b' --exam starter-exam --out {shlex.quote(str(path))}" in text
    assert f"<code>primum agree labels.csv {shlex.quote(str(path))}</code>" in text


def test_a_run_without_any_number_has_a_page(tmp_path: Path) -> None:
    path = make_run(
        tmp_path / "r", [Line(H, "q", failure=FailureKind.TIMEOUT), Line(C, "w", failure=FailureKind.EMPTY)]
    )
    summary = json.loads((path / "estimates.json").read_text())
    assert {estimate["value"] for estimate in summary["estimates"]} == {None}
    text = render_page([path], False)
    Page(text)
    assert text.count(PAGE["not_measured"][0]) >= 3
    assert f"primum judge {path} --judge openai/NAME" in html.unescape(text)
    assert "2 of 2 responses failed" in text


def test_a_headline_of_too_few_is_marked(tmp_path: Path, text: str) -> None:
    # 18 of 20 scored is less than 95%
    some = [Line(H, "q", "no", "full", ((J, 1),)) for _ in range(18)]
    none = [Line(H, "q", "no", "full", ((J, UnscoredReason.EMPTY),)) for _ in range(2)]
    assert "incomplete: 18 of 20 scored" in render_page([make_run(tmp_path / "r", some + none)], False)


def test_an_unfinished_run_says_so(tmp_path: Path, text: str) -> None:
    path = make_run(tmp_path / "r", lines(), state="stopped")
    assert "not finished (stopped)" in render_page([path], False)
    assert "not finished" not in text


def test_no_runs_and_no_run_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="at least one run"):
        render_page([], False)
    with pytest.raises(BadInputError, match="no run"):
        render_page([tmp_path], False)


def differing(verdict: float) -> Comparison:
    difference = Difference(
        suite="mine", judge=EVIL, name="harmfulness", value=verdict, low=verdict - 0.1, high=verdict + 0.1,
        p=0.001, adjusted_p=0.002, n=10, unpaired=1,
    )  # fmt: skip
    return Comparison(base="a", candidate="b", pairs=10, adjust="holm", differences=(difference,), notes=(EVIL,))


def test_two_runs_show_their_paired_differences(run: Path) -> None:
    text = render_page([run, run], False, differing(0.5))
    page = Page(text)
    assert len(page.all("script")) == 1
    section = text[text.index('<h3 id="differences"') : text.index('<section id="weak"')]
    assert "+0.50" in section
    assert "[+0.40, +0.60]" in section
    assert "0.002" in section
    assert "worse" in section
    assert '<a href="#differences">' in text
    assert "primum compare" not in text


def test_two_runs_that_cannot_be_compared_say_why(run: Path) -> None:
    text = render_page([run, run], False, None, "the two runs have no item in common: <they> cannot be compared")
    assert "cannot be compared item by item: the two runs have no item in common: &lt;they&gt; cannot" in text
    assert 'id="differences"' not in text


def test_a_page_of_every_kind_is_sound(tmp_path: Path) -> None:
    text = render_page([make_run(tmp_path / "r", every_kind())], False)
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    for name in ("risky", "endorsed", "dilemmas", "missed", "wrong", "disputed", "panel", "retest", "costs"):
        assert html.escape(PAGE[name][0]) in text, name
    assert "Each tenth more of technical medical terms" in text
    assert "DANGEROUS" not in text
    assert "DANGEROUS" in render_page([tmp_path / "r"], True)
