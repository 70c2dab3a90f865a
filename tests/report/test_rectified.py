"""The judge's number beside the same with people's labels: on the page in both languages, in the terminal, in files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.estimates.test_rectified import TRUTH, N, items, labelled, run_of, scored

from primum.compare import compare_runs
from primum.estimates import estimate_run
from primum.ledger import open_run, read_run
from primum.records import Estimate, Label, Summary
from primum.report import write_report
from primum.report.differences import changed_rows, compare_table
from primum.report.page import render_page
from primum.report.readings import OneRun, make_tiles
from primum.report.rectified import corrected_rows, label_lines, trust_sentence, worth_words
from primum.report.tables import eval_table
from primum.report.trust import headlines


def labelled_run(folder: Path, labels: list[Label] | None = None, **judges: list[float]) -> Path:
    """A run whose judge says one too much, with labels of every other answer, and its estimates."""
    own = judges or {"j": [min(5.0, y + 1) for y in TRUTH]}
    given = [labelled(i, TRUTH[i]) for i in range(0, N, 2)] if labels is None else labels
    path = run_of(folder, given, judges={name: scored(values) for name, values in own.items()})
    (path / "estimates.json").write_text(estimate_run(path).model_dump_json())
    with open_run(path) as ledger:
        ledger.save(state="done", labels={"labels.csv": "0" * 64} if given else {})
    return path


def one(path: Path) -> OneRun:
    return OneRun("", path, read_run(path), Summary.model_validate_json((path / "estimates.json").read_bytes()))


def estimate(**fields: Any) -> Estimate:
    said: dict[str, Any] = {
        "suite": "s",
        "judge": "j",
        "kind": "rectified",
        "name": "harmfulness",
        "value": 2.0,
        "n": 900,
    }
    return Estimate(**(said | fields))


@pytest.mark.parametrize(
    ("saved", "judge", "english", "chinese"),
    [
        (
            60,
            "j",
            "120 labels with this judge tell as much as 180 without it.",
            "120 个标注所说明的相当于没有它时的 180 个",
        ),
        (0, "j", "This judge saves no labels: 120 with it tell as much as 120 without it.", "没有省下标注"),
        (-3, "j", "This judge saves no labels: 120 with it tell as much as 117 without it.", "117 个"),
        (None, "j", "", ""),
        (0, "none", "120 labels, without a judge.", "没有评判者"),
    ],
)
def test_labels_saved_in_words(saved: int | None, judge: str, english: str, chinese: str) -> None:
    found = worth_words(estimate(n_labels=120, labels_saved=saved, judge=judge))
    assert found[0] == english
    assert chinese in found[1]


def test_raw_and_rectified_side_by_side(tmp_path: Path) -> None:
    shown = one(labelled_run(tmp_path))
    harm, share = corrected_rows([("", shown.summary)])
    # raw: 2 3 4 5 5 repeated, mean 3.8 and share 3/5; people's 3.0 and 2/5, but for what folds leave
    assert (harm.alone, harm.value, harm.moved, harm.points, harm.labels) == ("3.80", "3.00", "−0.80", False, 60)
    assert (share.alone, share.points) == ("60%", True)
    assert share.value in {"39%", "40%", "41%"}
    assert re.fullmatch(r"−(19|20)\.\d", share.moved)
    assert re.fullmatch(r"\[2\.\d\d, 3\.\d\d\]", harm.interval)
    assert {row.kind for row in headlines([shown])} == {"raw"}  # the other tables stay the judge's


def test_the_terminal_says_both_and_what_the_judge_saved(tmp_path: Path) -> None:
    path = labelled_run(tmp_path)
    lines = eval_table(read_run(path), one(path).summary).splitlines()
    start = lines.index("with people's labels:")
    assert lines[start + 1].startswith("  harmfulness 1-5 by j: 3.00 [")
    assert "(the judge alone: 3.80 [" in lines[start + 1]
    assert re.fullmatch(r"    60 labels with this judge tell as much as \d+ without it\.", lines[start + 2])
    table = lines[: lines.index("with people's labels:")]
    assert any(line.startswith("all") and "3.80" in line and "3.00" not in line for line in table)


def test_of_a_panel_the_terminal_says_the_panels(tmp_path: Path) -> None:
    more = [min(5.0, y + 1) for y in TRUTH]
    summary = one(labelled_run(tmp_path, a=more, b=more)).summary
    lines = label_lines(summary, "s")
    assert [line.split(":")[0] for line in lines if " by " in line] == [
        "  harmfulness 1-5 by panel",
        "  harmful share by panel",
    ]
    assert len(corrected_rows([("", summary)])) == 6


def test_notes_on_labels_are_told(tmp_path: Path) -> None:
    labels = [labelled(i, TRUTH[i] if i % 8 else None) for i in range(0, N, 2)]
    path = labelled_run(tmp_path, labels)
    note = "s: 15 of 60 answers drawn (harmful) have no label of harmfulness"
    assert f"labels: {note}" in eval_table(read_run(path), one(path).summary)
    assert note in render_page([path], False)
    assert note in write_report([path], "json", None, False)[1]


def test_no_note_on_what_no_sheet_asks(tmp_path: Path) -> None:
    """Rules marked degeneration, and nobody is asked to label it; refusals people could have labelled."""
    said = {f"s/{i}": {"harmfulness": y, "refusal": 0.0, "degenerate": 0.0} for i, y in enumerate(TRUTH)}
    summary = estimate_run(run_of(tmp_path, [labelled(i, TRUTH[i]) for i in range(0, N, 2)], said))
    assert summary.notes == ("s: no label of refusal: these numbers are the judge's alone",)


def test_the_trust_tile_says_how_many_labels_and_how_far(tmp_path: Path) -> None:
    shown = one(labelled_run(tmp_path))
    harm, *_, trust = make_tiles([shown])
    sentence = trust_sentence(shown.summary)
    assert sentence is not None
    assert sentence[0].startswith("People labelled 60 answers: harmfulness 1-5 is 3.80 by j alone, and 3.00 [")
    assert sentence in trust.remarks
    assert harm.leads[0].value == "3.80"
    assert harm.leads[0].checked[0].startswith("with 60 labels of people: 3.00 [")


def test_without_labels_the_headline_is_marked_and_nothing_else_changes(tmp_path: Path) -> None:
    path = labelled_run(tmp_path, [])
    harm, *_ = make_tiles([one(path)])
    assert harm.leads[0].checked == ("judge-only: not checked against people", "仅凭评判者：未经人工核对")
    page = render_page([path], False)
    assert "not measured against people" in page
    assert "rectified-title" not in page
    assert "with people's labels" not in eval_table(read_run(path), one(path).summary)


def test_the_page_has_both_numbers_in_both_languages(tmp_path: Path) -> None:
    page = render_page([labelled_run(tmp_path)], False)
    section = page[page.index('id="rectified-title"') : page.index('id="headlines-title"')]
    for words in ("the judge alone", "仅凭评判者", "with people's labels", "经人工校正", "3.80", "3.00", "−0.80"):
        assert words in section
    assert "tell as much as" in section
    assert "所说明的相当于没有它时的" in section
    assert "not measured against people" not in page
    assert "Not measured here. Until people have marked" not in page
    assert "--expert-labels labels.csv" in page  # the command that repeats the run


def test_charts_and_tables_of_groups_stay_the_judges(tmp_path: Path) -> None:
    """All are labelled, so groups are rectified too: they stand in the files, not among the judge's numbers on the page."""
    path = labelled_run(tmp_path, [labelled(i, TRUTH[i], probability=1.0) for i in range(N)])
    summary = one(path).summary
    assert len([e for e in summary.rectified if e.group]) == 4
    page = render_page([path], False)
    weak = page[page.index('id="weak"') : page.index('id="said"')]
    assert "3.80" in weak
    assert "3.00" not in weak


@pytest.mark.parametrize("format", ["csv", "md", "json", "junit"])
def test_files_name_the_kind(tmp_path: Path, format: str) -> None:
    text = write_report([labelled_run(tmp_path)], format, None, False)[1]
    wanted = {"csv": ",rectified,harmfulness,", "md": "| j + 60 labels | harmfulness |", "json": '"kind": "rectified"'}
    assert wanted.get(format, 'classname="s j + 60 labels"') in text


def test_differences_are_told_apart(tmp_path: Path) -> None:
    base = labelled_run(tmp_path / "a")
    less = [max(1.0, y - 1) for y in TRUTH]
    candidate = labelled_run(tmp_path / "b", [labelled(i, less[i]) for i in range(0, N, 2)])
    comparison = compare_runs(base, candidate)
    table = compare_table(comparison).splitlines()
    assert sum(line.strip() == "s" for line in table) == 1  # one block for the suite
    rows = [line for line in table if line.startswith("  harmfulness 1-5") and " all " in line]
    assert ["+ 120 labels" in row for row in rows] == [False, True]
    assert any("120 labels with this judge tell as much as" in line for line in table)
    main = changed_rows(comparison).main
    assert [row.labels for row in main if row.title[0] == "harmfulness 1-5"] == [0, 120]
    page = render_page([base, candidate], False, comparison)
    assert "with 120 labels" in page
    assert "含 120 个标注" in page
    assert "Rows with labels are set right" in page
    assert items()[0].request not in table
