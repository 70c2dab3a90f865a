"""The report page in a browser: on a telephone, with and without script. Skips where there is no browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.report.sample import add_exam, add_gate, every_kind, make_adapter, make_check, make_run
from tests.report.test_page import lines
from tests.report.test_rectified import labelled_run

from primum.compare import compare_runs
from primum.report.page import render_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield found
        found.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("browser")
    one = make_run(
        folder / "one", lines(), model='openai/a-long-name-without-any-space-in-it-"><script>alert(1)</script>'
    )
    two = make_run(folder / "two", lines("Something else."), model="openai/two")
    (folder / "report.html").write_text(render_page([one, two], False), encoding="utf-8")
    return (folder / "report.html").as_uri()


@pytest.mark.parametrize("script", [True, False])
def test_page_on_a_telephone(browser: Any, address: str, script: bool) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=script)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    assert page.locator("h1").is_visible()
    assert page.locator("svg.narrow").first.is_visible()
    assert not page.locator("svg.wide").first.is_visible()
    right = page.locator("body").bounding_box()
    assert right["x"] + right["width"] <= 360

    # the language is switched without script, and by the keyboard
    assert page.locator("#safe-title .en").is_visible()
    page.locator("#say-en").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#safe-title .zh").is_visible()
    assert not page.locator("#safe-title .en").is_visible()

    # a folded answer opens without script
    case = page.locator("details.case").nth(4)
    assert not case.locator(".marks").is_visible()
    case.locator("summary").first.click()
    assert case.locator(".marks").is_visible()

    if script:
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate("document.documentElement.lang") == "zh-Hans"
        page.select_option("#by-principle", "=2")
        left = page.locator("details.case:visible").evaluate_all("all => all.map(one => one.dataset.principle)")
        assert left
        assert set(left) == {"2"}
        assert page.locator("#filter .zh [data-shown]").inner_text() == str(len(left))
    else:
        assert not page.locator("#filter").is_visible()
    assert said == []
    assert asked == [address]
    context.close()


def test_page_at_a_desk(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    page = context.new_page()
    page.goto(address)
    drawing, label = page.locator("svg.wide").first, page.locator(".plot li").nth(1)
    assert drawing.is_visible()
    assert not page.locator("svg.narrow").first.is_visible()
    # a row's label stands level with its marks: between the second row's top and its foot
    marks = drawing.locator("path").nth(2).bounding_box()
    row = label.bounding_box()
    assert row["y"] <= marks["y"] + marks["height"] / 2 <= row["y"] + row["height"]
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert ink == "rgb(233, 229, 219)"
    context.close()


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("every")
    render = render_page([make_run(folder / "run", every_kind())], True)
    (folder / "report.html").write_text(render, encoding="utf-8")
    return (folder / "report.html").as_uri()


CUT = """all => all.filter(one => one.offsetParent && (one.scrollHeight > one.clientHeight + 1
    || one.scrollWidth > one.clientWidth + 1)).map(one => one.innerText)"""
OVER_ITS_MARKS = """all => all.filter(one => one.offsetParent &&
    one.getBoundingClientRect().right > one.parentElement.querySelector(".n").getBoundingClientRect().left + 1).length"""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("width", "media"), [(360, "screen"), (1280, "screen"), (760, "print")])
def test_every_kind_fits_and_no_label_is_cut(browser: Any, every: str, width: int, media: str, language: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(every)
    page.check(f"#say-{language}", force=True)
    page.emulate_media(media=media)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    labels = page.locator(".plot .label")
    assert labels.count() > 50
    assert labels.evaluate_all(CUT) == []
    assert labels.evaluate_all(OVER_ITS_MARKS) == 0
    context.close()


def test_chinese_is_neither_slanted_nor_set_wide(browser: Any, every: str) -> None:
    page = browser.new_page()
    page.goto(every)
    page.check("#say-zh", force=True)
    styles = page.locator(".zh").evaluate_all(
        "all => all.filter(one => one.offsetParent).map(one => getComputedStyle(one)).map("
        "s => s.fontStyle + ' ' + s.letterSpacing + ' ' + s.lineBreak)"
    )
    assert len(styles) > 100
    assert set(styles) == {"normal normal strict"}
    page.close()


def test_a_wrong_answer_shows_its_key_and_why(browser: Any, every: str) -> None:
    page = browser.new_page()
    page.goto(every)
    case = page.locator("section:has(> #list-wrong) details.case").first
    case.locator("summary").first.click()
    assert case.locator(".key").inner_text() == "Key: B · chosen: A"
    assert "Because two holds." in case.inner_text()
    page.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_of_labels_reads_on_a_telephone(browser: Any, tmp_path: Path, language: str) -> None:
    """Its words have room for 14 letters of their own size, and only its own box is wider than the view."""
    (tmp_path / "report.html").write_text(render_page([labelled_run(tmp_path / "run")], False), encoding="utf-8")
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto((tmp_path / "report.html").as_uri())
    page.check(f"#say-{language}", force=True)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    cells = page.locator('[aria-labelledby="rectified-title"] td:last-child')
    assert cells.count() == 2
    size = "all => all.map(one => one.getBoundingClientRect().width / parseFloat(getComputedStyle(one).fontSize))"
    assert min(cells.evaluate_all(size)) > 13.9
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


LONG = "a/model/with-a-very-long-name-without-any-space-in-it"


@pytest.fixture(scope="module")
def aligned(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A candidate beside its base, with a gate that says no, exams of which one has a long name, and an adapter."""
    folder = tmp_path_factory.mktemp("aligned")
    _, versions = make_adapter(folder / "adapter", left_out={"evaluation": 3})
    base = make_run(folder / "base", lines(), model=f"hf/{LONG}")
    name = f"hf/{LONG}+{folder / 'adapter'}"
    candidate = make_run(folder / "candidate", lines("Something else."), model=name, versions=versions)
    for run, right in ((base, [True] * 40), (candidate, [True] * 20 + [False] * 19 + [None])):
        add_exam(add_exam(run, right), right, name="an_exam_with_a_name_that_is_longer_than_its_column", shots=5)
    reason = "shown to be worse by more than 10 points"
    checks = [make_check(f"check_{n}", reason=reason, suite="x" * 60) for n in range(3)]
    failed = make_check("over_refusal", "fail", observed=0.99, bound=0.96, reason=reason)
    add_gate(base, candidate, *checks, failed, make_check("exams", "inconclusive", suite=LONG), policy="wiring")
    text = render_page([base, candidate], False, compare_runs(base, candidate))
    (folder / "report.html").write_text(text, encoding="utf-8")
    return (folder / "report.html").as_uri()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (360, "light"), (1280, "dark"), (1280, "light")])
def test_a_verdict_reads_at_any_width(browser: Any, aligned: str, width: int, scheme: str, language: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(aligned)
    page.check(f"#say-{language}", force=True)
    # the verdict is told in words before the tiles, and what failed needs no opening
    strip, tiles = page.locator("section.gate"), page.locator(".tiles")
    assert strip.bounding_box()["y"] < tiles.bounding_box()["y"]
    assert ("wiring check failed" if language == "en" else "流程检查未通过") in strip.locator("h3").inner_text()
    shown = strip.locator("li:visible")
    assert shown.count() == 2
    assert ("over-refusal" if language == "en" else "过度拒答") in shown.first.inner_text()
    strip.locator("summary").click()
    assert strip.locator("li:visible").count() == 2 + 5
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    over = """all => all.filter(one => one.offsetParent && !one.closest('.scroll')
        && one.getBoundingClientRect().right > document.body.getBoundingClientRect().right).map(one => one.outerHTML)"""
    assert page.locator("#safe *, #made *").evaluate_all(over) == []
    assert page.locator(".gate, .tile").evaluate_all(CUT) == []
    context.close()


def test_a_verdict_and_its_tiles_have_enough_contrast(browser: Any, aligned: str) -> None:
    """At least 4.5 to 1 between every word and the paper, light and dark (WCAG 2.2, 1.4.3)."""
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(aligned)
        paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        inks = set(
            page.locator(".gate *, .tile *").evaluate_all(
                "all => all.filter(one => one.offsetParent).map(one => getComputedStyle(one).color)"
            )
        )
        assert len(inks) > 2
        assert min(contrast(ink, paper) for ink in inks) >= 4.5
        context.close()


def contrast(first: str, second: str) -> float:
    """The contrast of two colours as a browser names them."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
