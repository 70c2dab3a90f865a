"""Exams: pooled, compared question by question, and told in every format."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from tests.report.sample import Line, add_exam, make_run
from tests.report.test_readings import tiles

from primum.ledger import read_run
from primum.records import Kind, content_id
from primum.report import eval_object, eval_table, read_summary
from primum.report.ability import with_exams
from primum.report.exams import (
    exam_differences,
    exam_lines,
    exam_words,
    pooled_estimate,
    shared_exams,
    taken_exams,
)
from primum.report.formats import junit, markdown, rows_as_csv
from primum.report.readings import OneRun, Tile
from primum.stats.rates import wilson

T, F, U = True, False, None


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "r", [Line(Kind.BENIGN, "q", "yes", "compliance")])


def two(folder: Path) -> tuple[Path, Path]:
    paths = folder / "base", folder / "candidate"
    for path in paths:
        make_run(path, [Line(Kind.BENIGN, "q", "yes", "compliance")], model=f"m/{path.name}")
    return paths


def ability(*paths: Path) -> Tile:
    letters = ("",) if len(paths) == 1 else "AB"
    runs = [
        OneRun(letter, path, read_run(path), read_summary(path), taken_exams(path))
        for letter, path in zip(letters, paths, strict=True)
    ]
    return with_exams(tiles(*paths)["ability"], runs)


def test_each_question_counts_alike_in_the_pool_and_unread_is_wrong(run: Path) -> None:
    add_exam(add_exam(run, [T, T, F, U]), [T] * 8, name="other")
    taken = taken_exams(run)
    pooled = pooled_estimate(taken)
    # 2 of 4 and 8 of 8; no two questions are the same, so the interval is Wilson's of 10 in 12
    assert (pooled.value, pooled.n, pooled.suite) == (10 / 12, 12, "starter-exam, other")
    assert (pooled.low, pooled.high) == pytest.approx(wilson(10, 12))


def test_a_question_of_two_exams_is_known_once(run: Path) -> None:
    add_exam(add_exam(run, [T, T, F, F]), [T, T, F, F], form="generative")
    pooled = pooled_estimate(taken_exams(run))
    assert (pooled.n, pooled.clusters) == (8, 4)
    # the answers to a question are alike, so eight tell no more than four did: wider than Wilson's of 4 in 8
    assert (pooled.low or 0) < wilson(4, 8)[0] - 0.05


def test_the_last_exam_of_a_name_and_form_holds(run: Path) -> None:
    add_exam(add_exam(run, [F, F, F, F]), [T, T, T, F])
    (taken,) = taken_exams(run)
    assert (taken.exam.accuracy, sum(taken.right.values())) == (0.75, 3)


def test_a_result_without_its_answers_counts_as_it_is(run: Path) -> None:
    add_exam(run, [T, T, F, F])
    (run / "exam_answers.jsonl").unlink()
    taken = taken_exams(run)
    assert pooled_estimate(taken).value == 0.5
    assert exam_differences(taken, taken) == []


def test_exams_are_compared_question_by_question(tmp_path: Path) -> None:
    base, candidate = two(tmp_path)
    add_exam(base, [T, T, F, U])
    add_exam(candidate, [T, F, T, T])
    (found,) = exam_differences(taken_exams(base), taken_exams(candidate))
    # 0, -1, +1, +1
    assert (found.value, found.n, found.unpaired) == (0.25, 4, 0)
    # of the 8 patterns of three signs every sum is 1 or 3, so all reach |1|
    assert found.p == found.adjusted_p == 1
    assert (found.suite, found.judge, found.name) == ("starter-exam", "key", "accuracy")


def test_several_exams_are_pooled_and_adjusted_among_each_other(tmp_path: Path) -> None:
    base, candidate = two(tmp_path)
    for path, right in ((base, T), (candidate, F)):
        add_exam(path, [right] * 6, name="b")
        add_exam(path, [T] * 4, name="a")
    pooled, first, second = exam_differences(taken_exams(base), taken_exams(candidate))
    assert (pooled.suite, pooled.value, pooled.n) == ("a, b", -0.6, 10)
    assert [(d.suite, d.value) for d in (first, second)] == [("a", 0), ("b", -1)]
    # six answers lost: 2 of 64 patterns; Holm doubles the smaller of two
    assert (second.p, second.adjusted_p) == (2 / 64, 4 / 64)
    assert first.adjusted_p == 1


def test_exams_that_were_asked_otherwise_are_not_compared(tmp_path: Path) -> None:
    base, candidate = two(tmp_path)
    add_exam(add_exam(base, [T] * 4), [T] * 5, name="other")
    add_exam(add_exam(candidate, [F] * 4, asked="with examples"), [T, T, T, T, F], name="other")
    (found,) = exam_differences(taken_exams(base), taken_exams(candidate))
    assert (found.suite, found.n, found.unpaired) == ("other", 5, 8)  # four questions of either are left out
    pools = shared_exams([taken_exams(base), taken_exams(candidate)])
    assert [[one.exam.name for one in pool] for pool in pools] == [["other"], ["other"]]


def test_exams_of_one_hash_with_other_answers_are_not_compared(tmp_path: Path) -> None:
    base, candidate = two(tmp_path)
    for path in (base, candidate):
        add_exam(path, [T] * 4)
    file = candidate / "exam_answers.jsonl"
    changed = file.read_text().replace(content_id("starter-exam", "", 2), "f" * 32)
    file.write_text(changed)
    assert exam_differences(taken_exams(base), taken_exams(candidate)) == []


def test_the_tile_is_led_by_exams_and_says_how_they_were_taken(run: Path) -> None:
    before = ability(run)
    assert before.leads == ()
    assert before.commands == (f"primum capability openai/m --exam starter-exam --out {run}",)
    assert before.remarks[-1][0] == "Exams are not measured."
    add_exam(run, [T] * 99 + [U], shots=3)
    after = ability(run)
    (lead,) = after.leads
    assert (lead.title[0], lead.value, lead.interval) == ("accuracy in exams", "99%", "[95, 100]")
    assert lead.how[0] == "starter-exam · marked by the key · log-probability · shots 3 · 100 questions"
    assert lead.incomplete[0] == "1 unread, counted as wrong"
    assert lead.in_words[0] == "all but about 1 in 100 questions answered right"
    assert (after.commands, after.remarks) == ((), ())
    assert [one.title[0] for one in after.beside] == ["degenerate"]  # the only exam is not told twice


def test_choice_suites_stand_beside_exams(tmp_path: Path) -> None:
    path = make_run(tmp_path / "r", [Line(Kind.CHOICE, "which", "A", correct=1.0) for _ in range(4)])
    assert [lead.suite for lead in ability(path).leads] == ["mine"]
    assert ability(path).remarks[-1][0] == "Exams are not measured."
    add_exam(add_exam(path, [T] * 4), [T, T, F, F], name="other")
    tile = ability(path)
    assert [(lead.suite, lead.value) for lead in tile.leads] == [("other, starter-exam", "75%")]
    assert [(one.title[0], one.value) for one in tile.beside[:3]] == [
        *[("starter-exam", "100%"), ("other", "50%"), ("accuracy", "100%")]
    ]


def test_a_run_without_exams_beside_one_that_has_them_is_told(tmp_path: Path) -> None:
    base, candidate = two(tmp_path)
    add_exam(candidate, [T] * 4)
    tile = ability(base, candidate)
    assert [(lead.letter, lead.value, lead.title[0]) for lead in tile.leads] == [
        ("A", "", "Exams are not measured."),
        ("B", "100%", "accuracy in exams"),
    ]
    assert tile.commands == (f"primum capability m/base --exam starter-exam --out {base}",)


def test_only_shared_exams_are_pooled_and_that_is_said(tmp_path: Path) -> None:
    base, candidate = two(tmp_path)
    add_exam(base, [T] * 4)
    add_exam(add_exam(candidate, [T] * 4), [F] * 4, name="other")
    tile = ability(base, candidate)
    assert [(lead.suite, lead.value) for lead in tile.leads] == [("starter-exam", "100%")] * 2
    assert tile.remarks[-1][0].startswith("Not all runs took the same exams")
    add_exam(candidate, [F] * 4, asked="otherwise")
    assert ability(base, candidate).remarks[-1][0].startswith("The runs share no exam")


def test_the_form_is_told_in_both_languages(run: Path) -> None:
    (taken,) = taken_exams(add_exam(run, [T, F], form="generative"))
    assert exam_words(taken.exam) == (
        "letter read from text · shots 0 · 2 questions",
        "从文字中读取选项 · 示例 0 道 · 2 题",
    )


def test_terminal_and_files_tell_exams(run: Path) -> None:
    found = [(run, read_run(run), read_summary(run))]
    plain = [markdown(found), rows_as_csv(found), junit(found), eval_table(*found[0][1:])]
    assert eval_object(*found[0])["exams"] == []
    assert not any("starter-exam" in text for text in plain)
    add_exam(run, [T, T, T, U], cut=1)
    exams = [taken.exam for taken in taken_exams(run)]
    # Wilson's interval of 3 in 4
    rows = exam_lines(exams)[0].splitlines()
    assert rows[1].split() == ["starter-exam", "75.0%", "[30.1,", "95.4]", "4", "1", "log-probability", "0"]
    assert rows[2] == "starter-exam: 1 too long, their beginning cut"
    table = eval_table(*found[0][1:], exams)
    assert rows[1] in table
    assert table.index("mine · openai/m") < table.index(rows[1]) < table.index("harm              not measured")
    assert "| r | starter-exam | loglikelihood | 0 | 75.0% [30.1, 95.4] | 4 | 1 |" in markdown(found)
    assert eval_object(*found[0])["exams"][0]["accuracy"] == 0.75
    cells = list(csv.DictReader(io.StringIO(rows_as_csv(found))))
    (row,) = [row for row in cells if row["suite"] == "starter-exam"]
    assert [row[name] for name in ("judge", "name", "group", "value", "n", "method")] == [
        *("key", "accuracy", "", "0.75", "4", "wilson; loglikelihood, 0 shots")
    ]
    assert 'classname="starter-exam key: loglikelihood, 0 shots" name="accuracy 75% [30, 95]"' in junit(found)
    assert f'tests="{1 + plain[2].count("<testcase")}"' in junit(found)


def test_a_hostile_exam_name_cannot_break_markdown(run: Path) -> None:
    add_exam(run, [T, F], name="a|b\n| c")
    rows = markdown([(run, read_run(run), read_summary(run))]).splitlines()
    (row,) = [row for row in rows if "a\\|b" in row]
    assert row.replace("\\|", "").count("|") == 8
