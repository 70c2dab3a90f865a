"""The ability tile where there are exams: their pooled accuracy leads, each of them and the choice suites stand beside it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from primum.records import Estimate, Exam
from primum.report.exams import KEY, Taken, exam_estimate, exam_faults, exam_words, pooled_estimate, shared_exams
from primum.report.figures import interval_text, share_words, value_text
from primum.report.page_texts import words
from primum.report.readings import OneRun, Reading, Tile
from primum.report.texts import Words

BUNDLED = "starter-exam"


def with_exams(tile: Tile, runs: Sequence[OneRun]) -> Tile:
    """The ability tile with the runs' exams at its head, or with the command that takes one."""
    if tile.name != "ability":
        return tile
    commands = tuple(dict.fromkeys(_command(one) for one in runs if not one.exams))
    if not any(one.exams for one in runs):
        return tile._replace(remarks=(*tile.remarks, words("exams_not_measured")), commands=commands)
    pools = shared_exams([one.exams for one in runs])
    leads = tuple(_lead(one, pool) if pool else _missing(one) for one, pool in zip(runs, pools, strict=True))
    several = len({exam.same for one in runs for exam in one.exams}) > 1
    listed = [_listed(one, taken.exam) for one in runs for taken in one.exams if several]
    choices = [lead for lead in tile.leads if lead.value]
    beside, others = (tile.beside, tile.others) if choices else (tile.others, ())
    return tile._replace(
        leads=leads,
        beside=(*listed, *choices, *beside),
        others=others,
        remarks=(*tile.remarks, *_remarks(runs, pools)),
        commands=commands,
    )


def _lead(one: OneRun, pool: Sequence[Taken]) -> Reading:
    found = pooled_estimate(pool)
    told = exam_words(pool[0].exam) if len(pool) == 1 else words("exam_questions", n=f"{found.n:,}")
    named = words("exam_by_key", exams=found.suite)
    how = f"{named[0]} · {told[0]}", f"{named[1]} · {told[1]}"
    share = words("word_accuracy", share=share_words(found.value or 0.0, found.n))
    faults = exam_faults(pool[0].exam) if len(pool) == 1 else ("", "")  # of several each tells its own
    return _reading(one, found, words("exam_accuracy"), how)._replace(in_words=share, incomplete=faults)


def _missing(one: OneRun) -> Reading:
    return Reading(one.letter, "", KEY, words("exams_not_measured"), "", "", ("", ""), ("", ""))


def _listed(one: OneRun, exam: Exam) -> Reading:
    told = _reading(one, exam_estimate(exam), (exam.name, exam.name), exam_words(exam))
    return told._replace(incomplete=exam_faults(exam))


def _reading(one: OneRun, found: Estimate, title: Words, how: Words) -> Reading:
    return Reading(
        one.letter,
        found.suite,
        KEY,
        title,
        value_text(found),
        interval_text(found, found.low, found.high),
        ("", ""),
        ("", ""),
        how=how,
        name=found.name,
    )


def _remarks(runs: Sequence[OneRun], pools: Sequence[Sequence[Taken]]) -> list[Words]:
    """Whether the pooled figures are of the same exams."""
    there = [(one, pool) for one, pool in zip(runs, pools, strict=True) if pool]
    if any({taken.same for taken in pool} != {taken.same for taken in there[0][1]} for _, pool in there):
        return [words("exams_share_none")]
    return [words("exams_differ")] if any(len(pool) < len(one.exams) for one, pool in there) else []


def _command(one: OneRun) -> str:
    return shlex.join(["primum", "capability", one.run.plan.model, "--exam", BUNDLED, "--out", str(one.path)])
