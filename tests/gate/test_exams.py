"""Exams of two runs: paired by question, asked alike, unread answers against the candidate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.gate.sample import AUTO, add_exam, finished, items, marks
from tests.stats.simulation import noise

from primum.errors import BadInputError
from primum.gate.exams import Paired, check_exams, limits_of
from primum.gate.pairs import open_arms
from primum.gate.policy import ExamsPolicy
from primum.records import Check, Kind

POLICY = ExamsPolicy(pooled=0.02, each=0.05)


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """Two runs of ten choice questions, eight of which the first and six of which the second gets right."""
    of = items(Kind.CHOICE, 10, suite="quiz")
    base, candidate = (
        finished(tmp_path / name, of, {AUTO: marks(of, "correct", [1] * right + [0] * (10 - right))})
        for name, right in (("a", 8), ("b", 6))
    )
    return base, candidate


def checks(runs: tuple[Path, Path], policy: ExamsPolicy = POLICY) -> tuple[list[Check], list[str]]:
    with open_arms(*runs) as arms:
        return check_exams(policy, arms, "", 0.05)


def test_one_exam_is_checked_by_the_pooled_margin(runs: tuple[Path, Path]) -> None:
    for run in runs:
        add_exam(run, [True] * 400 + [False] * 100)
    (check,), notes = checks(runs)
    assert (check.name, check.suite, check.verdict, check.observed, check.n) == (
        "exams",
        "starter-exam",
        "pass",
        0,
        500,
    )
    assert notes == []


def test_several_are_checked_together_and_each(runs: tuple[Path, Path]) -> None:
    add_exam(runs[0], [True] * 500, "medqa")
    add_exam(runs[1], [True] * 500, "medqa")
    add_exam(runs[0], [True] * 100, "pubmedqa")
    add_exam(runs[1], [True] * 80 + [False] * 20, "pubmedqa")
    found, _ = checks(runs)
    assert [(check.name, check.suite, check.verdict) for check in found] == [
        ("exams", "medqa, pubmedqa", "fail"),
        ("exam", "medqa", "pass"),
        ("exam", "pubmedqa", "fail"),
    ]
    assert found[0].observed == pytest.approx(20 / 600)


def test_unread_is_wrong_for_the_candidate_and_right_for_the_base(runs: tuple[Path, Path]) -> None:
    add_exam(runs[0], [True, False, None, None])
    add_exam(runs[1], [None, None, None, False])
    # lost: right to unread 1, wrong to unread 0, unread (right) to unread 1, unread (right) to wrong 1: 3 of 4
    assert checks(runs)[0][0].observed == 0.75


def test_gains_are_below_zero(runs: tuple[Path, Path]) -> None:
    add_exam(runs[0], [False] * 100)
    add_exam(runs[1], [True] * 100)
    (check,), _ = checks(runs)
    assert (check.verdict, check.observed) == ("pass", -1.0)


def test_an_exam_asked_otherwise_is_refused(runs: tuple[Path, Path]) -> None:
    add_exam(runs[0], [True] * 5, sha256="one")
    add_exam(runs[1], [True] * 5, sha256="two")
    with pytest.raises(BadInputError, match="starter-exam was asked otherwise in the two runs"):
        checks(runs)


def test_answers_to_other_questions_are_refused(runs: tuple[Path, Path]) -> None:
    add_exam(runs[0], [True] * 5)
    add_exam(runs[1], [True] * 4)
    with pytest.raises(BadInputError, match="not to the same questions"):
        checks(runs)


def test_the_last_exam_of_a_name_holds(runs: tuple[Path, Path]) -> None:
    add_exam(runs[0], [True] * 9, sha256="old")
    for run in runs:
        add_exam(run, [True] * 300, sha256="new")
    assert checks(runs)[0][0].n == 300


def test_an_exam_of_one_run_alone_is_told(runs: tuple[Path, Path]) -> None:
    add_exam(runs[0], [True] * 5)
    found, _ = checks(runs)
    assert [check.verdict for check in found] == ["inconclusive"]
    assert found[0].reason == (
        "not measured: for the base alone (loglikelihood): measure the candidate on it too, "
        "primum capability MODEL --exam starter-exam --out RUN"
    )


@pytest.mark.parametrize("which", [0, 1])
def test_an_exam_that_one_run_skipped_is_no_pass(runs: tuple[Path, Path], which: int) -> None:
    for run in runs:
        add_exam(run, [True] * 500, "medqa")
    add_exam(runs[which], [True] * 5, "pubmedqa")
    found, _ = checks(runs)
    assert [(check.suite, check.verdict) for check in found] == [("pubmedqa", "inconclusive"), ("medqa", "pass")]
    named = ExamsPolicy(pooled=0.02, each=0.05, names=("medqa",))
    found, notes = checks(runs, named)
    assert [(check.suite, check.verdict) for check in found] == [("medqa", "pass")]
    assert "as the policy's names leave it out" in notes[0]


def test_unread_answers_are_no_evidence_of_a_loss(runs: tuple[Path, Path]) -> None:
    """An eighth of the candidate's answers unread: at worst 62 of 500 lost, at best none. Half wrong is a loss anyhow."""
    add_exam(runs[0], [True] * 500)
    add_exam(runs[1], [True] * 438 + [None] * 62)
    (check,) = checks(runs)[0]
    assert check.verdict == "inconclusive"
    assert check.observed == pytest.approx(62 / 500)
    assert check.reason.endswith("2 points or less takes more marks: 62 marks are missing, more would decide")
    add_exam(runs[1], [True] * 188 + [False] * 250 + [None] * 62)
    (check,) = checks(runs)[0]
    assert check.verdict == "fail"
    assert check.bound is not None
    assert 0.4 < check.bound < 0.5  # 250 of 500 are lost at best, less what chance allows


def test_what_the_policy_names_must_be_there(runs: tuple[Path, Path]) -> None:
    for run in runs:
        add_exam(run, [True] * 500, "medqa")
        add_exam(run, [False] * 10, "other")
    found, _ = checks(runs, ExamsPolicy(pooled=0.02, each=0.05, names=("medqa", "pubmedqa")))
    assert [(check.name, check.suite, check.verdict) for check in found] == [
        ("exam", "pubmedqa", "inconclusive"),
        ("exams", "medqa", "pass"),
    ]


def test_choice_questions_stand_in_only_where_the_policy_says_so(runs: tuple[Path, Path]) -> None:
    assert checks(runs)[0][0].observed is None
    (check,), _ = checks(runs, ExamsPolicy(pooled=0.02, each=0.05, stand_in=("quiz",)))
    assert (check.suite, check.n) == ("quiz", 10)
    assert check.observed == pytest.approx(0.2)
    (missing,), _ = checks(runs, ExamsPolicy(pooled=0.02, each=0.05, stand_in=("nothing",)))
    assert missing.verdict == "inconclusive"


def test_a_question_that_stands_in_two_exams_is_one_cluster(runs: tuple[Path, Path]) -> None:
    lost = [1.0] + [0.0] * 99
    names = tuple(str(i) for i in range(100))
    twice = [Paired(name, np.array(lost), np.array(lost), names, 0) for name in "ab"]
    assert limits_of(twice, 0.05).worst.clusters == 100
    assert limits_of(twice, 0.05).high == pytest.approx(limits_of(twice[:1], 0.05).high, abs=0.002)


def test_the_size_of_the_pooled_claim() -> None:
    """Three exams of accuracies .4, .6 and .8, each lowered by just the margin, 5 points."""
    rng = np.random.default_rng(19)
    passed = 0
    for _ in range(500):
        exams = []
        for name, accuracy in (("a", 0.4), ("b", 0.6), ("c", 0.8)):
            known = rng.random(80) < accuracy - 0.05
            lost = ~known & (rng.random(80) < 0.05 / (1.05 - accuracy))
            worse = lost.astype(np.float64)
            exams.append(Paired(name, worse, worse, tuple(f"{name}{i}" for i in range(80)), 0))
        passed += limits_of(exams, 0.05).high < 0.05
    assert passed / 500 <= 0.05 + noise(0.05, 500)
