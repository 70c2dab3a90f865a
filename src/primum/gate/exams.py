"""Exams of both runs, paired question by question: pooled accuracy, and each exam's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from primum.errors import BadInputError
from primum.gate.pairs import Arms, judge_of, read_scored
from primum.gate.policy import ExamsPolicy
from primum.gate.worse import Limits, answer_of, not_measured
from primum.ledger import read_exams
from primum.measures import MEASURES
from primum.records import Check, Criterion, ExamAnswer
from primum.stats.inputs import Floats
from primum.stats.onesided import one_sided_limits

ACCURACY = next(measure for measure in MEASURES if measure.name == "accuracy")
POOLED, EACH = "exams", "exam"


class Paired(NamedTuple):
    """One exam of both runs: by how much the candidate is worse on each question (n,), 1, 0 or -1, with what is missing
    counted against it (`worse`) and for it (`least`), and which question it is: the same one in two exams is one
    cluster. `missing` is how many answers of both runs could not be read."""

    name: str
    worse: Floats
    least: Floats
    questions: tuple[str, ...]
    missing: int


def check_exams(policy: ExamsPolicy, arms: Arms, refusal_judge: str, alpha: float) -> tuple[list[Check], list[str]]:
    """The checks of the exams, and notes on those that one run has alone.

    To pass, an answer that could not be read is wrong for the candidate and right for the base; to fail, the other way.

    Raises:
        BadInputError: an exam was asked otherwise in the two runs, or an answer of it is missing.
    """
    found, alone = _recorded(arms)
    found += list(_standing_in(policy, arms, refusal_judge))
    names = {exam.name for exam in found}
    missing = [name for name in (*policy.names, *policy.stand_in) if name not in names]
    counted = [exam for exam in found if not policy.names or exam.name in (*policy.names, *policy.stand_in)]
    asked = {one: told for one, told in alone.items() if not policy.names or one[0] in policy.names}
    told_alone = {name for name, _ in asked}
    checks = [not_measured(EACH, "accuracy", _command(name), name) for name in missing if name not in told_alone]
    checks += [not_measured(EACH, "accuracy", _alone(*one, which), one[0]) for one, which in asked.items()]
    notes = [
        f"the exam {name} is in the {which}'s run alone, or in another form: left out, as the policy's names leave it out"
        for (name, form), which in alone.items()
        if (name, form) not in asked
    ]
    if not counted:
        return checks or [not_measured(POOLED, "accuracy", _command("starter-exam"))], notes
    checks.append(_check(POOLED, counted, policy.pooled, alpha))
    if len(counted) > 1:
        checks += [_check(EACH, [exam], policy.each, alpha) for exam in counted]
    return checks, notes


def _check(name: str, exams: Sequence[Paired], margin: float, alpha: float) -> Check:
    found = limits_of(exams, alpha)
    verdict, reason = answer_of(found, margin, "accuracy")
    return Check(
        name=name,
        measure="accuracy",
        suite=", ".join(exam.name for exam in exams),
        verdict=verdict,
        observed=found.value,
        bound=found.low if verdict == "fail" else found.high,
        limit=margin,
        n=found.worst.n,
        reason=reason,
    )


def limits_of(exams: Sequence[Paired], alpha: float) -> Limits:
    """The accuracy lost over all questions, each counting alike."""
    questions = np.array([question for exam in exams for question in exam.questions], dtype=np.str_)
    clusters = np.unique(questions, return_inverse=True)[1].astype(np.int64)
    worst, best = (
        one_sided_limits(np.concatenate(lost), clusters, bounds=(-1.0, 1.0), alpha=alpha)
        for lost in ([exam.worse for exam in exams], [exam.least for exam in exams])
    )
    return Limits(worst, best, sum(exam.missing for exam in exams))


def _recorded(arms: Arms) -> tuple[list[Paired], dict[tuple[str, str], str]]:
    """The exams that `primum capability` added to both runs, and which run has one (name and form) alone."""
    base, candidate = (
        {(exam.name, exam.form): (exam, answers) for exam, answers in read_exams(arm.path)}
        for arm in (arms.base, arms.candidate)
    )
    paired = []
    for key in (key for key in base if key in candidate):
        (exam, answers), (other, others) = base[key], candidate[key]
        if exam.sha256 != other.sha256:
            raise BadInputError(
                f"the exam {exam.name} was asked otherwise in the two runs (its questions, texts or shots differ): "
                f"primum capability MODEL --exam {exam.name} --out RUN asks it again"
            )
        paired.append(_pair(exam.name, answers, others))
    alone = {(str(name), str(form)): "base" for name, form in base if (name, form) not in candidate}
    alone |= {(str(name), str(form)): "candidate" for name, form in candidate if (name, form) not in base}
    return paired, alone


def _pair(name: str, base: Sequence[ExamAnswer], candidate: Sequence[ExamAnswer]) -> Paired:
    own, other = ({answer.question: answer for answer in answers} for answers in (base, candidate))
    if own.keys() != other.keys() or any(own[key].sha256 != other[key].sha256 for key in own) or not own:
        raise BadInputError(
            f"the answers to the exam {name} are not to the same questions in the two runs: ask it again"
        )
    pairs = [(own[key].correct, other[key].correct) for key in own]
    worse = [float(mine is not False) - float(its is True) for mine, its in pairs]
    least = [float(mine is True) - float(its is not False) for mine, its in pairs]
    missing = sum((mine is None) + (its is None) for mine, its in pairs)
    return Paired(name, np.array(worse), np.array(least), tuple(own[key].sha256 for key in own), missing)


def _standing_in(policy: ExamsPolicy, arms: Arms, judge: str) -> Iterator[Paired]:
    """Choice suites that the policy takes for exams."""
    chosen = judge_of(arms, Criterion.CORRECT, judge, "refusal_judge") if policy.stand_in else None
    for suite in policy.stand_in if chosen else ():
        scored = read_scored(arms, suite, chosen or "", ACCURACY) if suite in arms.suites else None
        if scored is not None and min(scored.covered(0), scored.covered(1)) > 0:
            questions = tuple(f"{suite} {cluster}" for cluster in scored.clusters)
            worse, least = (scored.filled(0, mark) - scored.filled(1, 1 - mark) for mark in (1.0, 0.0))
            yield Paired(suite, worse, least, questions, int(scored.missing.sum()))


def _alone(exam: str, form: str, which: str) -> str:
    other = "candidate" if which == "base" else "base"
    return f"for the {which} alone ({form}): measure the {other} on it too, primum capability MODEL --exam {exam} --out RUN"


def _command(exam: str) -> str:
    return f"primum capability MODEL --exam {exam} --out RUN, for both runs"
