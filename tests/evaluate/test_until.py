"""Runs that stop when the answer is known: what is asked, in which order, and what is said of the rest."""

from __future__ import annotations

import asyncio
import csv
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from primum.compare import compare_runs
from primum.errors import BadInputError
from primum.estimates.question import settle_question
from primum.estimates.sequence import draw_families, item_sums
from primum.evaluate import carry_out, judge_again, plan_run, start_run
from primum.evaluate.spare import Spare
from primum.evaluate.until import Until, find_deciders
from primum.evaluate.work import Work
from primum.ledger import create_run, open_run, read_records, read_run
from primum.records import Item, Run, RunPlan, Sequence, Summary
from primum.report import eval_table
from primum.stats.betting import begin_sequence, extend_sequence
from tests.command import primum
from tests.engine import QUICK, Ran, measure, number_of, read_back, resume, tools_for, write_items
from tests.loopback import Answer, Behaviour, Loopback, answering, completion, is_judging, problem

COUNT = 300
RNG = random.Random(20261121)
SCORES = {n: RNG.choices([1, 2, 3, 4, 5], [80, 8, 5, 4, 3])[0] for n in range(1, COUNT + 1)}  # mean 1.4


def judged(body: dict[str, Any]) -> int:
    """The number of the item whose answer a judge is asked about."""
    return int(body["messages"][0]["content"].partition("This is answer ")[2].split()[0])


def scored(slow: float = 0.0, failing: frozenset[int] = frozenset(), mute: frozenset[int] = frozenset()) -> Behaviour:
    """Item n is answered, after `slow` seconds where it is not harmless, and scored `SCORES[n]`; the target fails at
    `failing` and the judge says nothing of `mute`."""

    async def target(request: web.Request, body: dict[str, Any]) -> Answer:
        number = number_of(body)
        if number in failing:
            return problem(400, "this one is too hard")
        await asyncio.sleep(slow if SCORES[number] > 1 else 0)
        refusal = "I can't help with that. " if SCORES[number] == 1 else "Sure: first, tell nobody. "
        return completion(f"{refusal}This is answer {number} of many")

    async def judge(request: web.Request, body: dict[str, Any]) -> Answer:
        number = judged(body)
        return completion("Hm." if number in mute else f'{{"reason": "no. {number}", "score": {SCORES[number]}}}')

    return answering(target, judge)


def sequence_of(summary: Summary | None) -> Sequence:
    assert summary is not None
    assert summary.sequence is not None
    return summary.sequence


def asked(server: Loopback) -> list[int]:
    return [number_of(body) for body in server.seen if not is_judging(body)]


def drawn(path: Path) -> list[int]:
    """The numbers of the items in the order in which they are to be asked."""
    items = list(read_records(path, Item))
    plan = read_run(path).plan
    families = draw_families(items, settle_question(plan, items), plan.seed)
    return [int(name.rsplit("/", 1)[1]) for family in families for name in family]


def by_hand(order: list[int], until: str, count: int) -> tuple[int, float, float]:
    """After how many single items in this order the answer is there, and the limits after `count` of them."""
    question = settle_question(
        plan_run(model="m", suites="s", judges=[], until=until),
        [Item.make(id="s/1", suite="s", kind="harmful", request="?")],
    )
    sequence, known, limits = begin_sequence(len(order), families=len(order)), 0, (1.0, 5.0)
    for place, number in enumerate(order, 1):
        sequence = extend_sequence(sequence, [item_sums([float(SCORES[number])], question)[0]], [1])
        low, high = 1 + 4 * sequence.low, 1 + 4 * sequence.high
        known = known or (place if question.answer(low, high) else 0)
        limits = (low, high) if place == count else limits
    return known, *limits


@pytest.mark.parametrize("until", ["harmfulness<2", "harmfulness>2", "harmfulness:±0.25"])
def test_a_run_stops_where_the_sequence_says(tmp_path: Path, until: str) -> None:
    with Loopback(scored()) as server:
        ran = measure(tmp_path, server.base_url, COUNT, until=until, concurrency=4)
        order = drawn(ran.path)
        one = sequence_of(ran.summary)
        known, low, high = by_hand(order, until, one.n)
        assert (one.known_after, one.low, one.high) == (known, low, high)
        assert one.answer == ("no" if ">" in until else "yes")
        assert known <= one.n <= one.asked <= known + 8  # twice the calls under way
        assert one.asked + one.not_asked == one.items == COUNT
        assert sorted(asked(server)) == sorted(order[: one.asked])
        assert ran.run.state == "done"
        assert ran.summary is not None
        assert (ran.summary.ok, ran.summary.scored, ran.summary.failed) == (one.asked, one.asked, {})
        assert ran.summary.unscored == {"not_asked": one.not_asked}


def test_the_order_of_arrival_changes_nothing(tmp_path: Path) -> None:
    """Harmless answers come at once and others after 30 ms: with 16 under way the mean of what has come back first is far
    too low, and the run stops where it does one by one."""
    known = []
    for name, slow, concurrency in (("quick", 0.0, 1), ("slow", 0.03, 16)):
        (tmp_path / name).mkdir()
        with Loopback(scored(slow)) as server:
            ran = measure(
                tmp_path / name, server.base_url, COUNT, until="harmfulness:±0.2", concurrency=concurrency, seed=3
            )
        one = sequence_of(ran.summary)
        known.append(one.known_after)
        assert (one.known_after, one.low, one.high) == by_hand(drawn(ran.path), "harmfulness:±0.2", one.n)
    assert known[0] == known[1]


def test_one_slow_answer_does_not_let_all_be_asked_meanwhile(tmp_path: Path) -> None:
    """The first of the order takes a second; twice as many as workers are asked until it is there, and no more."""
    write_items(tmp_path, COUNT)
    held: dict[str, int] = {}

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        if not is_judging(body) and not held:
            held["first"] = number_of(body)
            await asyncio.sleep(1.0)
            held["meanwhile"] = len(asked(server))
        return await scored()(request, body)

    with Loopback(behave) as server:
        ran = measure(tmp_path, server.base_url, COUNT, until="harmfulness<2", concurrency=4)
    assert held["first"] in drawn(ran.path)[:4]
    assert 4 < held["meanwhile"] <= 8 + 4


def test_what_is_not_asked_enters_no_bounds_and_raw_numbers_say_that_the_run_stopped(tmp_path: Path) -> None:
    with Loopback(scored()) as server:
        ran = measure(tmp_path, server.base_url, COUNT, until="harmfulness<2")
    assert ran.summary is not None
    one = sequence_of(ran.summary)
    raw = {e.name: e for e in ran.summary.estimates if not e.group}
    assert {"harmfulness", "harmful_share", "refusal_rate", "degenerate_rate"} <= set(raw)
    for e in raw.values():
        assert (e.n, e.unscored, e.incomplete) == (one.asked, 0, False)
        assert e.method.endswith("stopped early")
    mean = sum(SCORES[n] for n in drawn(ran.path)[: one.asked]) / one.asked
    assert raw["harmfulness"].unscored_low == raw["harmfulness"].unscored_high == pytest.approx(mean)
    assert raw["harmfulness"].low != one.low


def test_failed_and_unscored_answers_enter_at_both_ends(tmp_path: Path) -> None:
    """Every tenth item fails and every tenth has no mark: 20% of the scale stays open, so ±0.25 is never reached, all are
    asked, and the interval is what the missing leave of the mean of all."""
    failing, mute = frozenset(range(10, COUNT + 1, 10)), frozenset(range(5, COUNT + 1, 10))
    with Loopback(scored(failing=failing, mute=mute)) as server:
        ran = measure(tmp_path, server.base_url, COUNT, until="harmfulness:±0.25", concurrency=8)
    one = sequence_of(ran.summary)
    known = sum(score for n, score in SCORES.items() if n not in failing | mute)
    assert (one.asked, one.not_asked, one.answer, one.known_after) == (COUNT, 0, "", None)
    assert one.unscored == len(failing) + len(mute) == 60
    assert (one.low, one.high) == pytest.approx(((known + 60) / COUNT, (known + 300) / COUNT))
    assert one.value == pytest.approx(known / (COUNT - 60))
    assert ran.summary is not None
    assert not any("stopped" in e.method for e in ran.summary.estimates)
    said = eval_table(ran.run, ran.summary)
    assert "All 300 items of own were asked." in said
    assert "harmfulness 1-5 is not known to 0.25 either way" in said
    assert "60 unscored items at both ends" in said


def test_a_killed_run_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """SIGKILL again and again; the run stops where one in one piece does, and is done for good."""
    with Loopback(scored(0.01)) as server:
        whole = sequence_of(measure(tmp_path, server.base_url, COUNT, until="harmfulness<2").summary)
    rng, run = random.Random(1), tmp_path / "killed"
    new = ["openai/target", "--suite", "own.csv", "--judge", "openai/judge", "--retest", "0"]
    new += ["--until", "harmfulness<2", "--out", "killed"]
    with Loopback(scored(0.01)) as server:
        for _ in range(4):
            begun = (run / "run.json").exists() and read_run(run).items_sha256 != ""
            more = ["--resume", "killed"] if begun else new
            options = ["--base-url", server.base_url, "--concurrency", "4", "--quiet"]
            process = subprocess.Popen([sys.executable, "-m", "primum", "eval", *more, *options], cwd=tmp_path)
            moment, until = len(server.seen) + rng.randint(6, 20), time.monotonic() + 60
            while len(server.seen) < moment:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.002)
            process.kill()
            assert process.wait(30) == -signal.SIGKILL
        run.rename(tmp_path / "run2")
        (tmp_path / "run").rename(tmp_path / "first")
        (tmp_path / "run2").rename(tmp_path / "run")
        ran = resume(tmp_path, server.base_url)
        one = sequence_of(ran.summary)
        assert (one.known_after, one.answer) == (whole.known_after, "yes")
        assert one.asked < whole.known_after + 8 + 4 * 4  # type: ignore[operator]
        assert sorted(int(n) for n in ran.responses) == sorted(drawn(ran.path)[: one.asked])
        assert len(ran.verdicts) == 2 * one.asked  # all that was asked is judged, by the model and by rules
        before = len(server.seen)
        assert resume(tmp_path, server.base_url).summary == ran.summary
        assert len(server.seen) == before


def test_a_run_that_is_done_does_not_try_again_what_failed(tmp_path: Path) -> None:
    failing = frozenset(range(7, COUNT + 1, 40))
    with Loopback(scored(failing=failing)) as server:
        ran = measure(tmp_path, server.base_url, COUNT, until="harmfulness<2")
    assert sequence_of(ran.summary).answer == "yes"
    assert sequence_of(ran.summary).unscored > 0
    with Loopback(scored()) as server:
        again = resume(tmp_path, server.base_url)
        assert server.seen == []
    assert again.summary == ran.summary


def test_what_failed_is_tried_again_while_the_answer_is_open(tmp_path: Path) -> None:
    failing = frozenset(range(2, COUNT + 1, 2))
    with Loopback(scored(failing=failing)) as server:
        ran = measure(tmp_path, server.base_url, COUNT, until="harmfulness<2")
        assert sequence_of(ran.summary).answer == ""
    with Loopback(scored()) as server:
        again = resume(tmp_path, server.base_url)
        one = sequence_of(again.summary)
        order = drawn(ran.path)
        assert one.answer == "yes"
        assert one.known_after == by_hand(order, "harmfulness<2", one.n)[0]
        assert set(asked(server)) <= failing & set(order[: one.known_after + 8])
    assert one.not_asked == 0  # all were asked in the first pass


def mixed(folder: Path) -> Path:
    """Items 1 to 120 harmful, two a family, and 121 to 160 benign, each of a family that harmful ones have too."""
    file = folder / "mixed.csv"
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "kind", "request", "family"])
        for n in range(1, 161):
            kind, family = ("harmful", f"f{n // 2}") if n <= 120 else ("benign", f"f{n - 120}")
            rows.writerow([n, kind, f"What of patient {n}", family])
    return file


def evaluate(
    folder: Path, server: Loopback, suites: str, judges: list[str], *, concurrency: int = 4, **plan: Any
) -> Ran:
    made = plan_run(model="openai/target", suites=suites, judges=judges, retest=0.0, **plan)
    evaluation = start_run(made, tools_for(server.base_url, None, QUICK, concurrency), folder / "run")
    return read_back(folder / "run", carry_out(evaluation))


def test_other_items_are_asked_in_full(tmp_path: Path) -> None:
    """The question is about harmful requests of one of two suites: the benign ones and the other suite are all asked."""
    write_items(tmp_path, 30)
    with Loopback(scored()) as server:
        suites = f"{tmp_path / 'own.csv'},{mixed(tmp_path)}"
        ran = evaluate(tmp_path, server, suites, ["openai/judge"], until="mixed/harmfulness<2.5")
        one = sequence_of(ran.summary)
        numbers = asked(server)
    assert (one.suite, one.items, one.answer) == ("mixed", 120, "yes")
    assert one.n % 2 == 0 or one.n == 119  # families of two (1 and 120 are alone) enter whole
    assert 0 < one.asked < 100
    assert len(numbers) == one.asked + 40 + 30
    assert {n for n in numbers if n > 120} == set(range(121, 161))
    assert ran.summary is not None
    for e in ran.summary.estimates:
        if (
            not e.group and e.value is not None and e.name not in ("refusal_rate", "over_refusal_rate")
        ):  # some are unsure
            assert e.method.endswith("stopped early") == (e.suite == "mixed"), e
            assert e.n == (30 if e.suite == "own" else one.asked + 40 * (e.name == "degenerate_rate"))
    assert ran.summary.unscored == {"not_asked": one.not_asked}


@pytest.mark.parametrize(
    ("count", "size", "samples"),
    [(65, 65, 1), (60, 3, 1), (60, 2, 2)],  # two items are as far as one worker goes ahead of a family
)
def test_a_family_larger_than_the_lead_is_asked_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, size: int, samples: int
) -> None:
    whole = Work.run

    async def timed(self: Work) -> None:
        async with asyncio.timeout(8):
            await whole(self)

    monkeypatch.setattr(Work, "run", timed)
    file = tmp_path / "own.csv"
    rows = [f"{n},harmful,What of patient {n},f{(n - 1) // size}" for n in range(1, count + 1)]
    file.write_text("\n".join(["id,kind,request,family", *rows, ""]), encoding="utf-8")
    with Loopback(scored()) as server:
        plan: dict[str, Any] = {"until": "harmfulness<2.5", "samples": samples, "temperature": 0.5}
        one = sequence_of(evaluate(tmp_path, server, str(file), ["openai/judge"], concurrency=1, **plan).summary)
    assert one.answer == "yes"
    assert one.n % size == 0  # families enter whole
    assert one.asked < count or size == count


def test_what_stands_aside_is_asked_while_the_answer_is_open(tmp_path: Path) -> None:
    """Items 1 and 2 are the number's own; 3 stands aside and comes after them, 4 is of another kind and comes last."""
    kinds = {1: ("harmful", False), 2: ("harmful", False), 3: ("harmful", True), 4: ("benign", False)}
    items = [
        Item.make(id=f"s/{n}", suite="s", kind=kinds[n][0], request=f"What of patient {n}", aside=kinds[n][1])
        for n in (4, 3, 2, 1)
    ]
    plan = RunPlan(model="openai/target", suites=("s",), judges=("openai/judge",), until="harmfulness<2")
    with create_run(tmp_path / "run", Run(id="run", plan=plan, deciders=("openai/judge",))) as ledger:
        for one in items:
            ledger.append(one)
        ledger.sync()
        order = [one.id for one in Until(ledger).items()]
    assert (set(order[:2]), order[2:]) == ({"s/1", "s/2"}, ["s/3", "s/4"])


def test_rules_decide_at_once_about_what_they_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a model as judge: `auto` marks refusals, and every answer here is one. Rules that decide do not wait for
    spare time, of which there is none here."""

    async def never(self: Spare, calls: int) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(Spare, "run", never)
    monkeypatch.setattr("primum.evaluate.work.AHEAD", COUNT)
    with Loopback() as server:
        ran = measure(tmp_path, server.base_url, COUNT, judge=None, until="refusal_rate>80%")
    one = sequence_of(ran.summary)
    assert (one.judge, one.answer, one.asked < 60) == ("auto", "yes", True)
    assert ran.run.deciders == ("auto",)
    assert ran.run.plan.judges == ("auto",)


def test_a_panel_decides_where_there_is_one_and_a_judge_that_joins_later_does_not(tmp_path: Path) -> None:
    """Judge a marks 1 and judge b 3: of two the panel takes the worse. A third, asked later, changes no answer."""

    async def judge(request: web.Request, body: dict[str, Any]) -> Answer:
        score = {"a": 1, "b": 3, "c": 1}[body["model"]]
        return completion(f'{{"reason": "so", "score": {score}}}')

    with Loopback(answering(judge=judge)) as server:
        file = write_items(tmp_path, COUNT)
        ran = evaluate(tmp_path, server, str(file), ["openai/a", "openai/b"], until="harmfulness>2")
        one = sequence_of(ran.summary)
        assert (one.judge, one.answer, one.value) == ("panel", "yes", 3.0)
        assert ran.run.deciders == ("openai/a", "openai/b")
        again = judge_again(ran.path, ("openai/c",), tools_for(server.base_url, None, QUICK, 4))
    assert again.sequence == one
    assert len(asked(server)) == one.asked
    panel = next(e for e in again.estimates if (e.name, e.judge, e.group) == ("harmfulness", "panel", {}))
    assert (panel.value, panel.n, panel.unscored) == (1.0, one.asked, 0)
    assert again.unscored == {"not_asked": 3 * one.not_asked}


def test_samples_of_an_item_are_asked_together(tmp_path: Path) -> None:
    with Loopback(scored()) as server:
        ran = measure(tmp_path, server.base_url, 60, until="harmfulness<2.5", samples=3, temperature=0.5)
        one = sequence_of(ran.summary)
        numbers = asked(server)
    assert one.answer == "yes"
    assert one.asked < 60
    assert sorted(numbers) == sorted(3 * drawn(ran.path)[: one.asked])
    assert ran.summary is not None
    assert ran.summary.unscored == {"not_asked": 3 * one.not_asked}


def test_an_item_that_was_begun_is_finished(tmp_path: Path) -> None:
    """Of the last item that was asked, one of three answers is lost, as by a kill: on resuming it is asked for first, and
    nothing that is there again (what comes after may be asked meanwhile)."""
    with Loopback(scored()) as server:
        ran = measure(tmp_path, server.base_url, 60, until="harmfulness<2.5", samples=3, temperature=0.5)
        before = sequence_of(ran.summary)
        file = ran.path / "responses.jsonl"
        lines = file.read_bytes().splitlines(keepends=True)
        last = drawn(ran.path)[before.asked - 1]
        lost = max(i for i, line in enumerate(lines) if f'/{last}"'.encode() in line)
        file.write_bytes(b"".join(lines[:lost] + lines[lost + 1 :]))
        with open_run(ran.path) as ledger:
            ledger.save(state="running", responses_sha256="")
        server.seen.clear()
        again = resume(tmp_path, server.base_url)
        order = drawn(ran.path)
        assert asked(server)[0] == last
        assert asked(server).count(last) == 1
        assert not set(asked(server)[1:]) & set(order[: before.asked])
    after = sequence_of(again.summary)
    assert after.answer == before.answer
    assert after.asked == before.asked + len(set(asked(server)[1:]))
    assert again.summary is not None
    assert again.summary.unscored == {"not_asked": 3 * after.not_asked}


def test_a_sample_of_the_suite_is_the_population(tmp_path: Path) -> None:
    with Loopback(scored()) as server:
        ran = measure(tmp_path, server.base_url, COUNT, until="harmfulness<2", limit=150)
    assert sequence_of(ran.summary).items == ran.run.items == 150


def test_at_the_end_the_whole_population_is_known(tmp_path: Path) -> None:
    """No stop before the last but few: twenty items are too few for ±0.01, and then the mean is exact."""
    with Loopback(scored()) as server:
        ran = measure(tmp_path, server.base_url, 20, until="harmfulness:±0.01")
    one = sequence_of(ran.summary)
    mean = sum(SCORES[n] for n in range(1, 21)) / 20
    assert (one.low, one.value, one.high) == pytest.approx((mean, mean, mean))
    assert (one.answer, one.not_asked) == ("yes", 0)
    assert ran.summary is not None
    assert "All 20 items of own were asked." in eval_table(ran.run, ran.summary)


def test_only_items_that_both_runs_were_asked_are_compared(tmp_path: Path) -> None:
    for name, until in (("a", ""), ("b", "harmfulness<2")):
        (tmp_path / name).mkdir()
        with Loopback(scored()) as server:
            ran = measure(tmp_path / name, server.base_url, 120, until=until)
    one = sequence_of(ran.summary)
    comparison = compare_runs(tmp_path / "a" / "run", tmp_path / "b" / "run")
    assert comparison.pairs == one.asked
    assert {(d.n, d.unpaired) for d in comparison.differences if not d.group} == {(one.asked, 0)}
    assert any(
        f"the candidate stopped when 'harmfulness<2' had its answer: {one.not_asked} items that it was not asked"
        in note
        for note in comparison.notes
    )


@pytest.mark.parametrize(
    ("until", "judges", "told"),
    [
        ("harmfulness", ["openai/j"], "asks nothing"),
        ("harmfulness:±x", ["openai/j"], "'x' is no number"),
        ("kindness<2", ["openai/j"], "no number 'kindness'"),
        ("harmfulness<7", ["openai/j"], "lies between 1 and 5"),
        ("harmfulness<2", [], "no judge here marks harmfulness (rules cannot): name one with --judge"),
        ("accuracy<50%", ["openai/j"], "none of own has accuracy"),
        ("other/harmfulness<2", ["openai/j"], "no suite 'other' here"),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_in_one_sentence(
    tmp_path: Path, until: str, judges: list[str], told: str
) -> None:
    write_items(tmp_path, 3)
    named = [part for judge in judges for part in ("--judge", judge)]
    more = ("--suite", "own.csv", "--out", "run", "--until", until, "--base-url", "http://127.0.0.1:9/v1")
    done = primum("eval", "openai/m", *more, *named, cwd=tmp_path)
    assert done.code == 2, done.err
    assert done.err.startswith("primum: --until")
    assert told in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_until_belongs_to_a_new_run(tmp_path: Path) -> None:
    with Loopback(scored()) as server:
        measure(tmp_path, server.base_url, 3)
    done = primum("eval", "--resume", "run", "--until", "harmfulness<2", cwd=tmp_path)
    assert done.code == 2
    assert "leave out --until" in done.err


def test_judges_in_different_forms_are_no_panel(tmp_path: Path) -> None:
    from tests.says import Says

    class Named(Says):
        prompts: dict[str, str]

    question = settle_question(
        plan_run(model="m", suites="s", judges=[], until="harmfulness<2"),
        [Item.make(id="s/1", suite="s", kind="harmful", request="?")],
    )

    def judge(name: str) -> Any:
        made = Named("x")
        made.name = name
        made.criteria = {"harmful": ("harmfulness",)}  # type: ignore[attr-defined]
        return made

    assert find_deciders(question, [judge("a"), judge("b")]) == ("a", "b")
    with pytest.raises(BadInputError, match="different forms"):
        find_deciders(question, [judge("a"), judge("b (paper)")])
