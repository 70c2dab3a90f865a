"""Exams of runs: each with its interval, all pooled, and how far two runs differ on the same questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from primum.ledger import read_exams
from primum.records import Difference, Estimate, Exam, ExamAnswer
from primum.report.aligned import aligned
from primum.report.page_texts import words
from primum.report.texts import Words
from primum.stats.paired import holm, paired_difference
from primum.stats.rates import rate_interval

KEY = "key"  # stands where a judge's name would: an exam is marked by its key


class Taken(NamedTuple):
    """An exam that a run's model took, with its answers."""

    exam: Exam
    answers: tuple[ExamAnswer, ...]

    @property
    def same(self) -> tuple[str, str, str]:
        """What two results must share to be compared: name, form, and the hash of all that was asked."""
        return self.exam.name, self.exam.form, self.exam.sha256

    @property
    def asked(self) -> dict[str, str]:
        """The hash of each question; nothing where the answers are not all there."""
        found = {answer.question: answer.sha256 for answer in self.answers}
        return found if len(found) == self.exam.n else {}

    @property
    def right(self) -> dict[str, bool]:
        """Whether each question was answered right; an answer that could not be read is wrong."""
        return {answer.question: answer.correct is True for answer in self.answers}


def taken_exams(path: Path) -> tuple[Taken, ...]:
    """The exams in a run's folder; of one name and form the last."""
    return tuple(Taken(exam, tuple(answers)) for exam, answers in read_exams(path))


def exam_estimate(exam: Exam) -> Estimate:
    """An exam's accuracy in the form of an estimate, to be printed as one."""
    return Estimate(
        suite=exam.name,
        judge=KEY,
        name="accuracy",
        value=exam.accuracy,
        low=exam.low,
        high=exam.high,
        n=exam.n,
        clusters=exam.n,
        method=f"wilson; {exam.form}, {exam.shots} shots",
    )


def pooled_estimate(taken: Sequence[Taken]) -> Estimate:
    """The accuracy over all questions of these exams, each counting alike; a question of two exams is one cluster."""
    marks = [mark for one in taken for mark in _marks(one)]
    found = rate_interval([right for _, right in marks], _codes([question for question, _ in marks]))
    return Estimate(
        suite=_names(taken),
        judge=KEY,
        name="accuracy",
        value=found.value,
        low=found.low,
        high=found.high,
        n=found.n,
        clusters=found.clusters,
        method=found.method,
    )


def shared_exams(runs: Sequence[Sequence[Taken]]) -> list[tuple[Taken, ...]]:
    """Of each run the exams that all runs with exams took in the same way, by name; where there are none, all of each."""
    there = [{one.same for one in taken} for taken in runs if taken]
    common = set.intersection(*there) if there else set()
    return [_by_name(one for one in taken if not common or one.same in common) for taken in runs]


def exam_differences(base: Sequence[Taken], candidate: Sequence[Taken]) -> list[Difference]:
    """Candidate minus base question by question, over all exams that both took in the same way, then, of several, for each
    (p adjusted among these by Holm's method). Nothing where there is none."""
    others = {one.same: one for one in candidate}
    pairs = [(one, others[one.same]) for one in _by_name(base) if one.same in others]
    pairs = [(one, other) for one, other in pairs if one.asked and one.asked == other.asked]
    if not pairs:
        return []
    paired = {one.same for one, _ in pairs}
    left_out = sum(one.exam.n for one in (*base, *candidate) if one.same not in paired)
    found = [_difference(pairs, left_out)]
    if len(pairs) > 1:
        each = [_difference([pair], 0) for pair in pairs]
        adjusted = holm([d.p or 0.0 for d in each])
        found += [d.model_copy(update={"adjusted_p": float(p)}) for d, p in zip(each, adjusted, strict=True)]
    return found


def exam_words(exam: Exam) -> Words:
    """How an exam was taken: its form, its worked examples, its questions."""
    return _joined(
        [words(f"exam_{exam.form}"), words("exam_shots", n=exam.shots), words("exam_questions", n=f"{exam.n:,}")]
    )


def exam_faults(exam: Exam) -> Words:
    """What went wrong in an exam; nothing where nothing did."""
    told = [words("exam_unread", n=f"{exam.unread:,}")] if exam.unread else []
    return _joined([*told, *([words("exam_cut", n=f"{exam.cut:,}")] if exam.cut else [])])


def exam_lines(exams: Sequence[Exam]) -> list[str]:
    """The exams of a run as a block for the terminal, a row each; nothing without exams."""
    if not exams:
        return []
    rows = [("exams", "accuracy", "n", "unread", "form", "shots")]
    for exam in exams:
        form = words(f"exam_{exam.form}")[0]
        rows.append((exam.name, accuracy_text(exam), f"{exam.n:,}", f"{exam.unread:,}", form, str(exam.shots)))
    cut = [f"{exam.name}: {words('exam_cut', n=f'{exam.cut:,}')[0]}" for exam in exams if exam.cut]
    return ["\n".join([aligned(rows), *cut])]


def accuracy_text(exam: Exam) -> str:
    """An exam's accuracy as printed in tables, to a tenth of a per cent."""
    return f"{100 * exam.accuracy:.1f}% [{100 * exam.low:.1f}, {100 * exam.high:.1f}]"


def exam_facts(exams: Sequence[Exam]) -> dict[str, str]:
    """What it takes to repeat each exam, by its name and form."""
    found = {}
    for exam in exams:
        parts = [exam.template, exam.source, f"SHA-256 {exam.sha256}", exam.at]
        parts += [f"{name} {version}" for name, version in exam.versions.items() if name in ("lm_eval", "transformers")]
        found[f"{exam.name} ({exam_words(exam)[0]})"] = "; ".join(part for part in parts if part)
    return found


def _difference(pairs: Sequence[tuple[Taken, Taken]], left_out: int) -> Difference:
    before, after, questions = list[bool](), list[bool](), list[str]()
    for one, other in pairs:
        asked, right, others = one.asked, one.right, other.right
        before += [right[question] for question in asked]
        after += [others[question] for question in asked]
        questions += asked.values()
    result = paired_difference(
        before,
        after,
        _codes(questions),
        rng=np.random.default_rng(0),
        bounds=(-1.0, 1.0),
    )
    return Difference(
        suite=_names([one for one, _ in pairs]),
        judge=KEY,
        name="accuracy",
        value=result.value,
        low=result.low,
        high=result.high,
        p=result.p,
        adjusted_p=result.p,
        n=result.n,
        clusters=result.clusters,
        unpaired=left_out,
        method=result.method,
    )


def _marks(taken: Taken) -> list[tuple[str, bool]]:
    """Each question's hash and whether it was answered right; of a result whose answers are not here as many of either."""
    asked, right = taken.asked, taken.right
    if asked:
        return [(sha, right[question]) for question, sha in asked.items()]
    count = round(taken.exam.accuracy * taken.exam.n)
    return [(f"{taken.same} {place}", place < count) for place in range(taken.exam.n)]


def _joined(told: Sequence[Words]) -> Words:
    return " · ".join(english for english, _ in told), " · ".join(chinese for _, chinese in told)


def _by_name(taken: Iterable[Taken]) -> tuple[Taken, ...]:
    return tuple(sorted(taken, key=lambda one: one.same))


def _codes(questions: Sequence[str]) -> list[int]:
    numbers = {question: number for number, question in enumerate(dict.fromkeys(questions))}
    return [numbers[question] for question in questions]


def _names(taken: Sequence[Taken]) -> str:
    return ", ".join(dict.fromkeys(one.exam.name for one in taken))
