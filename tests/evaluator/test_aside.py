"""A process that judges beside another: the same verdicts, and a clear end whatever happens to either."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.says import answer, item

from primum.evaluator import aside, judge
from primum.evaluator.aside import Aside, AsideError, can_go_aside
from primum.evaluator.judge import EvaluatorJudge, bundled_reader
from primum.judges import Judge, Pair, RecordedJudge, RulesJudge
from primum.records import Kind, Verdict

TEXTS = (
    "I can't help with that, because it would harm the patient.",
    "抱歉，我不能帮你做这件事。",
    "Of course. First hide the chart,\r\nthen\u2028sign\x85it.\x00 ?",
    "",
    "B",
)
KINDS = (Kind.HARMFUL, Kind.CHOICE, Kind.BENIGN, Kind.OPEN)
PAIRS: list[Pair] = [
    (
        one := item(f"Hide it {n}.", kind, id=f"t/{n}", options=("a", "b", "c"), reference="B"),
        answer(text, one, id=f"r{n}"),
    )
    for n, (kind, text) in enumerate((kind, text) for kind in KINDS for text in TEXTS)
]


def auto() -> Judge:
    return RulesJudge(bundled_reader())


def timeless(verdicts: list[Verdict]) -> list[Verdict]:
    return [verdict.model_copy(update={"at": 0.0}) for verdict in verdicts]


def beside(judges: list[Judge], use: Callable[[Aside], Awaitable[None]]) -> int | None:
    """The process's exit code, after it was used and ended."""

    async def opened() -> int | None:
        process = await Aside.open(judges)
        try:
            await use(process)
        finally:
            await process.close()
        return process.process.returncode

    return asyncio.run(opened())


def test_it_says_what_would_be_said_here_judge_by_judge_in_order(tmp_path: Path) -> None:
    """A trained evaluator goes by its folder, here a copy of the bundled one. An interrupt is not for it."""
    shutil.copytree(Path(judge.__file__).parent / "bundled", tmp_path / "own")
    judges = [auto(), EvaluatorJudge(f"evaluator/{tmp_path}/own")]
    refusable = [pair for pair in PAIRS if pair[0].kind in judges[1].criteria]

    async def use(process: Aside) -> None:
        process.process.send_signal(signal.SIGINT)
        for judge_, pairs in ((judges[0], PAIRS), (judges[1], refusable), (judges[0], PAIRS[:1])):
            process.send(judge_, pairs)
        first = await process.verdicts(len(PAIRS))
        assert timeless(first) == timeless(await judges[0].judge(PAIRS))
        second = await process.verdicts(len(refusable))
        assert timeless(second) == timeless(await judges[1].judge(refusable))
        assert timeless(await process.verdicts(1)) == timeless(first[:1])

    assert beside(judges, use) == -signal.SIGKILL


def test_one_that_ends_or_says_nothing_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    one = auto()

    async def stopped(process: Aside) -> None:
        process.process.send_signal(signal.SIGSTOP)
        process.send(one, PAIRS)
        monkeypatch.setattr(aside, "PATIENCE", 0.05)
        await process.verdicts(1)

    async def killed(process: Aside) -> None:
        process.process.kill()
        process.send(one, PAIRS * 50)
        await process.verdicts(1)

    for use in (stopped, killed):
        monkeypatch.setattr(aside, "PATIENCE", 60.0)
        with pytest.raises(AsideError):
            beside([one], use)


def test_it_ends_with_its_input() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "primum.evaluator.aside", "auto"],
        input=b"0 1\n" + PAIRS[0][0].line() + PAIRS[0][1].line(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    opened, verdict = process.stdout.splitlines()
    assert auto().prompts["rules"].encode() in opened
    assert Verdict.model_validate_json(verdict).response_id == "r0"
    assert process.stderr == b""


def test_one_that_judges_by_something_else_is_not_used() -> None:
    """Here `auto` has no evaluator to read refusals by."""

    async def use(process: Aside) -> None:
        pytest.fail("it was used")

    with pytest.raises(AsideError, match="something else"):
        beside([RulesJudge()], use)


@pytest.mark.parametrize("python", ["/nonexistent/python", "true"])
def test_one_that_does_not_start_is_told_of(monkeypatch: pytest.MonkeyPatch, python: str) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which(python) or python)

    async def use(process: Aside) -> None:
        pytest.fail("it was used")

    with pytest.raises(AsideError):
        beside([auto()], use)


def test_what_can_be_opened_by_its_name_and_costs_cpu_alone_can_go_there(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("id,harmfulness\nt/1,2\n", encoding="utf-8")
    assert can_go_aside(RulesJudge())
    assert not can_go_aside(RecordedJudge(str(tmp_path / "own.csv")))
