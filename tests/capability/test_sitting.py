"""An exam that is killed, interrupted or starved of disk loses no answer; a run holds the last result of each exam."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="exams need the extra 'capability'")
from aiohttp import web

from primum.capability.catalogue import open_exam
from primum.capability.questions import ExamPaper, Form
from primum.capability.sitting import Heard, Sat, sit_exam
from primum.errors import BadInputError, StoppedError
from primum.ledger import Ledger, open_run, read_exams, read_records, read_run
from primum.records import Exam, ExamAnswer
from tests.capability import made
from tests.capability.test_teller import knowing, letter_for, measure
from tests.command import primum
from tests.loopback import Answer, Loopback, completion


class Sitter:
    """Answers the questions with these numbers right, leaves those with others unread; stops after so many."""

    name = "openai/m"
    form: Form = "generative"
    asking = "chat"

    def __init__(self, knows: int = 99, stops_after: int | None = None) -> None:
        self.knows = knows
        self.stops_after = stops_after
        self.asked: list[str] = []
        self.failed: dict[str, int] = {}
        self.notes: list[str] = []

    def take(self, paper: ExamPaper, questions: Any, heard: Heard) -> None:
        for question in questions:
            if len(self.asked) == self.stops_after:
                raise StoppedError("enough")
            self.asked.append(question.id)
            right = int(question.id.rpartition("/")[2]) <= self.knows
            heard(question, question.labels[question.key] if right else "", True if right else None)

    def take_cut(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing to give up."""


@pytest.fixture
def paper(tmp_path: Path) -> ExamPaper:
    return open_exam(str(made.own_exam(tmp_path / "mine.csv")), None, 0)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return made.a_run(tmp_path / "run", "openai/m")


def sit(paper: ExamPaper, sitter: Sitter, run: Path) -> Sat:
    with open_run(run) as ledger:
        return sit_exam(paper, sitter, ledger, {}, lambda name, done, of: None, 0.01)


def test_the_last_result_of_a_name_and_form_holds_with_its_own_answers(paper: ExamPaper, run: Path) -> None:
    first, second = sit(paper, Sitter(knows=6), run), sit(paper, Sitter(knows=2), run)
    assert (first.exam.accuracy, second.exam.accuracy) == (1.0, 2 / 6)
    assert first.exam.id != second.exam.id
    ((exam, answers),) = read_exams(run)
    assert exam == second.exam
    assert [answer.correct for answer in answers] == [True, True, None, None, None, None]
    assert [answer.sha256 for answer in answers] == [question.sha256 for question in paper.questions]
    assert len(list(read_records(run, ExamAnswer))) == 12  # nothing is taken away
    assert len(list(read_records(run, Exam))) == 2


def test_a_smaller_sample_after_the_whole_exam_has_its_own_answers_only(paper: ExamPaper, run: Path) -> None:
    sit(paper, Sitter(), run)
    sit(paper._replace(questions=paper.questions[1:3]), Sitter(knows=2), run)
    ((exam, answers),) = read_exams(run)
    assert (exam.n, [answer.question for answer in answers]) == (2, ["mine/2", "mine/3"])


def test_two_forms_stand_side_by_side(paper: ExamPaper, run: Path) -> None:
    by_score = Sitter(knows=1)
    by_score.form = "loglikelihood"
    sit(paper, Sitter(), run)
    sit(paper, by_score, run)
    assert [(exam.form, exam.accuracy, len(answers)) for exam, answers in read_exams(run)] == [
        ("generative", 1.0, 6),
        ("loglikelihood", 1 / 6, 6),
    ]


def test_a_run_that_is_done_stays_as_it_was(paper: ExamPaper, run: Path) -> None:
    before = {file.name: file.read_bytes() for file in run.iterdir() if file.suffix != ""}
    sit(paper, Sitter(), run)
    after = {file.name: file.read_bytes() for file in run.iterdir() if file.suffix != ""}
    assert after.keys() - before.keys() == {"exams.jsonl", "exam_answers.jsonl"}
    assert {name: after[name] for name in before} == before
    assert read_run(run).state == "done"


def test_a_stop_leaves_answers_and_no_result_and_only_the_rest_is_asked_again(paper: ExamPaper, run: Path) -> None:
    with pytest.raises(StoppedError):
        sit(paper, Sitter(stops_after=4), run)
    assert read_exams(run) == []
    assert len(list(read_records(run, ExamAnswer))) == 4
    rest = Sitter(knows=4)
    sat = sit(paper, rest, run)
    assert rest.asked == ["mine/5", "mine/6"]
    assert (sat.exam.accuracy, sat.exam.unread) == (4 / 6, 2)
    ((_, answers),) = read_exams(run)
    assert [answer.question for answer in answers] == [question.id for question in paper.questions]


def test_what_another_exam_left_unfinished_is_not_taken_for_this_one(paper: ExamPaper, run: Path) -> None:
    with pytest.raises(StoppedError):
        sit(paper, Sitter(stops_after=4), run)
    changed = paper._replace(questions=tuple(question._replace(message="?") for question in paper.questions))
    anew = Sitter()
    sit(changed, anew, run)
    assert len(anew.asked) == 6


def test_killed_after_the_last_answer_and_before_the_result(
    paper: ExamPaper, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Ledger.append

    def dying(ledger: Ledger, record: Any) -> None:
        if isinstance(record, Exam):
            raise KeyboardInterrupt
        append(ledger, record)

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "append", dying)
        with pytest.raises(KeyboardInterrupt):
            sit(paper, Sitter(), run)
    rest = Sitter(knows=0)
    sat = sit(paper, rest, run)
    assert (rest.asked, sat.exam.accuracy, sat.added) == ([], 1.0, True)


def test_a_torn_line_of_an_answer_is_dropped_and_asked_again(paper: ExamPaper, run: Path) -> None:
    with pytest.raises(StoppedError):
        sit(paper, Sitter(stops_after=4), run)
    with (run / "exam_answers.jsonl").open("ab") as file:
        file.write(b'{"v":1,"exam":"mi')
    rest = Sitter()
    sit(paper, rest, run)
    assert rest.asked == ["mine/5", "mine/6"]
    assert len(list(read_records(run, ExamAnswer))) == 6
    assert read_run(run).notes == ("exam_answers.jsonl: dropped a torn last line of 17 bytes",)


def test_a_full_disk_stops_and_room_lets_it_go_on(paper: ExamPaper, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third answer finds no room: half of it is written, then cut off."""
    write, lines = os.write, 0

    def full(file: int, line: bytes) -> int:
        nonlocal lines
        lines += b'"exam_id"' in line
        return write(file, line[:20]) if lines == 3 else write(file, line)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(StoppedError, match="make room, then call primum capability again"):
            sit(paper, Sitter(), run)
    assert (run / "exam_answers.jsonl").read_bytes().count(b"\n") == 2
    assert (run / "exam_answers.jsonl").read_bytes().endswith(b"\n")
    rest = Sitter()
    assert sit(paper, rest, run).exam.accuracy == 1.0
    assert rest.asked == [f"mine/{n}" for n in (3, 4, 5, 6)]


def test_a_disk_that_is_full_at_once_makes_no_broken_file(
    paper: ExamPaper, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def full(path: Any, *more: Any, **others: Any) -> int:
        if str(path).endswith("exam_answers.jsonl"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(path, *more, **others)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", full)
        with pytest.raises(StoppedError, match="No space left"):
            sit(paper, Sitter(), run)
    assert sit(paper, Sitter(), run).exam.accuracy == 1.0


def test_an_answer_that_was_not_read_is_nothing_on_disk_and_comes_back(paper: ExamPaper, run: Path) -> None:
    sit(paper, Sitter(knows=0), run)
    assert b"correct" not in (run / "exam_answers.jsonl").read_bytes()
    assert [answer.correct for answer in read_records(run, ExamAnswer)] == [None] * 6


# --- whole commands


def dying_after(answers: int) -> str:
    """Python that kills its process when so many answers are on record."""
    return (
        "import os, primum.ledger as ledger\n"
        "append, heard = ledger.Ledger.append, []\n"
        "def dying(self, record):\n"
        "    append(self, record)\n"
        "    heard.append(record)\n"
        f"    if len(heard) == {answers}: os.kill(os.getpid(), 9)\n"
        "ledger.Ledger.append = dying"
    )


def test_kill_9_in_the_middle_of_an_exam_of_an_endpoint(tmp_path: Path) -> None:
    made.own_exam(tmp_path / "mine.csv", count=10)
    made.a_run(tmp_path / "run", "openai/m")
    command = ("capability", "openai/m", "--exam", "mine.csv", "--out", "run", "--concurrency", "2", "--json")
    with Loopback(knowing) as server:
        killed = primum(*command, cwd=tmp_path, before=dying_after(6), OPENAI_BASE_URL=server.base_url)
        assert (killed.code, killed.out) == (-9, "")
        assert (tmp_path / "run" / "exam_answers.jsonl").read_bytes().count(b"\n") == 6
        assert not (tmp_path / "run" / "exams.jsonl").exists()
        server.seen.clear()
        done = primum(*command, cwd=tmp_path, OPENAI_BASE_URL=server.base_url)
        assert done.code == 0, done.err
        asked = [body["messages"][0]["content"] for body in server.seen]
    assert len(asked) == len(set(asked)) == 4
    (exam,) = done.json()["exams"]
    assert (exam["accuracy"], exam["n"], exam["added"]) == (1.0, 10, True)
    ((_, answers),) = read_exams(tmp_path / "run")
    assert sorted(answer.question for answer in answers) == sorted(f"mine/{n}" for n in range(1, 11))


def test_kill_9_in_the_middle_of_an_exam_by_log_probabilities(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    made.a_run(tmp_path / "run", "tiny")
    command = ("capability", "tiny", "--exam", "starter-exam", "--out", "run", "--json")
    killed = primum(*command, cwd=tmp_path, before=dying_after(130))
    assert killed.code == -9
    done = primum(*command, cwd=tmp_path)
    assert done.code == 0, done.err
    (exam,) = done.json()["exams"]
    assert (exam["accuracy"], exam["n"]) == (1.0, 200)
    ((_, answers),) = read_exams(tmp_path / "run")
    assert len(answers) == 200


def test_a_stopped_exam_ends_with_4_and_goes_on(tmp_path: Path) -> None:
    made.own_exam(tmp_path / "mine.csv")
    made.a_run(tmp_path / "run", "openai/m")
    left = {"n": 3}

    async def running_out(request: web.Request, body: dict[str, Any]) -> Answer:
        left["n"] -= 1
        if left["n"] < 0:
            return web.json_response({"error": {"message": "no credit", "code": "insufficient_quota"}}, status=429)
        return completion(letter_for(body["messages"][-1]["content"]))

    command = ("capability", "openai/m", "--exam", "mine.csv", "--out", "run", "--concurrency", "1", "--json")
    with Loopback(running_out) as server:
        stopped = primum(*command, cwd=tmp_path, OPENAI_BASE_URL=server.base_url)
        assert (stopped.code, stopped.out) == (4, ""), stopped.err
        server.behaviour = knowing
        server.seen.clear()
        done = primum(*command, cwd=tmp_path, OPENAI_BASE_URL=server.base_url)
        assert len(server.seen) == 3
    assert done.json()["exams"][0]["accuracy"] == 1.0


def test_a_second_process_waits_its_turn(paper: ExamPaper, run: Path, tmp_path: Path) -> None:
    with open_run(run), Loopback(knowing) as server, pytest.raises(BadInputError, match="another process is writing"):
        measure(server, (str(tmp_path / "mine.csv"),), out=run)


def test_progress_counts_every_question(paper: ExamPaper) -> None:
    told: list[tuple[str, int, int]] = []
    sit_exam(paper, Sitter(), None, {}, lambda *counts: told.append(counts), 0.01)
    assert told == [("mine", n, 6) for n in range(1, 7)]
