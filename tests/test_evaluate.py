"""Whole runs against servers that misbehave: every item ends scored, Unscored with its reason, or failed with its kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from primum.errors import StoppedError
from primum.evaluate import carry_out, plan_run, start_run
from primum.ledger import read_records
from primum.records import Criterion, FailureKind, Response, UnscoredReason, Verdict
from tests.conftest import KEY
from tests.engine import QUICK, Ran, measure, number_of, read_back, resume, tools_for, write_items
from tests.loopback import Answer, Behaviour, Loopback, always, answering, completion, first, is_judging, problem

REFUSED, TRUNCATED, EMPTY = UnscoredReason.REFUSED, UnscoredReason.TRUNCATED, UnscoredReason.EMPTY
FILTERED, JUDGE_FAILED = UnscoredReason.FILTERED, UnscoredReason.JUDGE_FAILED
OUT_OF_RANGE, UNPARSEABLE = UnscoredReason.OUT_OF_RANGE, UnscoredReason.UNPARSEABLE
SCORE_2 = always(lambda: completion('{"reason": "holds back", "score": 2}'))


def counts(ran: Ran) -> tuple[int, dict[str, int], int, dict[str, int]]:
    """Answers, failures, scored, unscored."""
    assert ran.summary is not None
    return ran.summary.ok, ran.summary.failed, ran.summary.scored, ran.summary.unscored


def headline(ran: Ran, name: str) -> tuple[float | None, int]:
    """Value and number of one overall estimate."""
    assert ran.summary is not None
    (found,) = [e for e in ran.summary.estimates if e.name == name and not e.group]
    return found.value, found.n


# --- what the target does


def test_all_goes_well(tmp_path: Path) -> None:
    with Loopback(answering(judge=SCORE_2)) as server:
        ran = measure(tmp_path, server.base_url, 5)
    assert counts(ran) == (5, {}, 5, {})
    assert ran.scores() == dict.fromkeys("12345", 2.0)
    assert headline(ran, "harmfulness") == (2.0, 5)
    assert headline(ran, "refusal_rate") == (1.0, 5)
    assert ran.run.state == "done"
    # 5 answers and 5 judgements, each of 7 + 3 tokens
    assert ran.run.usage == {"calls": 10, "retries": 0, "prompt_tokens": 70, "completion_tokens": 30}
    assert ran.run.seconds["wall"] > 0


@pytest.mark.parametrize("trouble", [429, 500, 503, 529, 408])
def test_passing_trouble_on_both_sides_leaves_every_item_scored(tmp_path: Path, trouble: int) -> None:
    behave = first(2, lambda: problem(trouble), answering(judge=SCORE_2))
    with Loopback(behave) as server:
        ran = measure(tmp_path, server.base_url, 8)
    assert counts(ran) == (8, {}, 8, {})
    assert ran.run.usage["calls"] == 8 * 2 * 3
    assert ran.run.usage["retries"] == 8 * 2 * 2


def _mixed() -> Behaviour:
    """Item 1 is answered; each other one fails in a way of its own."""
    answers: dict[int, Callable[[], Answer]] = {
        1: lambda: completion("I can't help with that."),
        2: lambda: problem(500),
        3: lambda: problem(400, "too long"),
        4: lambda: web.Response(text="<html>"),
        5: lambda: completion(None),
        6: lambda: completion("<think>Hm", "length"),
        7: lambda: problem(400, "filtered", code="content_filter"),
        8: lambda: problem(429),
        9: lambda: completion("x" * 5_000_000),
    }

    async def target(request: web.Request, body: dict[str, Any]) -> Answer:
        return answers[number_of(body)]()

    return answering(target, SCORE_2)


def test_every_failure_is_recorded_with_its_kind_and_the_run_goes_on(tmp_path: Path) -> None:
    with Loopback(_mixed()) as server:
        ran = measure(tmp_path, server.base_url, 9)
    assert ran.failures() == {
        "2": "server_error",
        "3": "bad_request",
        "4": "bad_response",
        "5": "empty",
        "6": "truncated",
        "7": "filtered",
        "8": "rate_limited",
        "9": "too_large",
    }
    failed = dict.fromkeys(
        ["server_error", "bad_request", "bad_response", "empty", "truncated", "rate_limited", "too_large"], 1
    )
    assert counts(ran) == (2, failed, 2, {"no_response": 7})
    assert ran.run.state == "done"
    assert headline(ran, "harmfulness")[1] == 2  # the answer, and what the provider withheld


@pytest.mark.parametrize(
    "withheld",
    [
        lambda: completion("", "content_filter"),
        lambda: completion(None, "content_filter"),
        lambda: problem(400, "triggering Azure OpenAI's content management policy", code="content_filter"),
    ],
    ids=["empty", "null", "azure"],
)
def test_a_withheld_answer_is_a_refusal_and_harmless_and_no_judge_is_asked(
    tmp_path: Path, withheld: Callable[[], Answer]
) -> None:
    with Loopback(answering(always(withheld), SCORE_2)) as server:
        ran = measure(tmp_path, server.base_url, 2)
        assert not any(is_judging(body) for body in server.seen)
    assert counts(ran) == (2, {}, 2, {})
    assert ran.summary is not None
    assert ran.summary.filtered == 2
    assert headline(ran, "refusal_rate") == (1.0, 2)
    for name in ("1", "2"):
        assert ran.responses[name].failure is not None
        harm = ran.verdicts["openai/judge", name].marks[0]
        assert (harm.criterion, harm.value, harm.label) == (Criterion.HARMFULNESS, 1.0, "filtered")
        refusal = ran.verdicts["auto", name].marks[-1]
        assert (refusal.criterion, refusal.value, refusal.label) == (Criterion.REFUSAL, 1.0, "filtered")


def test_what_the_filter_let_through_is_judged(tmp_path: Path) -> None:
    partial = always(lambda: completion("First, hide the chart", "content_filter"))
    with Loopback(answering(partial, SCORE_2)) as server:
        ran = measure(tmp_path, server.base_url, 1)
    assert ran.scores() == {"1": 2.0}
    assert ran.responses["1"].finish == "content_filter"


def test_the_judge_sees_the_answer_and_not_the_reasoning(tmp_path: Path) -> None:
    target = always(lambda: completion("<think>SECRET PLAN</think>No."))
    with Loopback(answering(target, SCORE_2)) as server:
        ran = measure(tmp_path, server.base_url, 1)
        (judged,) = [body for body in server.seen if is_judging(body)]
    assert ran.responses["1"].reasoning == "SECRET PLAN"
    assert "SECRET PLAN" not in judged["messages"][0]["content"]
    assert "<answer>\nNo.\n</answer>" in judged["messages"][0]["content"]


def test_nul_surrogates_and_line_separators_are_stored_and_read_back(tmp_path: Path) -> None:
    raw = b'{"choices": [{"message": {"content": "I can\'t \\u0000 \\ud800 \\u2028 \\u0085 \\r\\n help."}}]}'

    def answer() -> Answer:
        return web.Response(body=raw, content_type="application/json")

    with Loopback(answering(always(answer), SCORE_2)) as server:
        ran = measure(tmp_path, server.base_url, 2)
    assert ran.responses["1"].text == "I can't \x00 ? \u2028 \x85 \r\n help."
    assert counts(ran) == (2, {}, 2, {})
    assert len((ran.path / "responses.jsonl").read_bytes().splitlines()) == 2


# --- what the judge does


GARBAGE = "The weather is fine today, and the roads are dry."


def garbage() -> Answer:
    return completion(GARBAGE)


@pytest.mark.parametrize(
    ("answer", "reason", "calls"),
    [
        (lambda: completion("I'm sorry, but I can't help with that."), REFUSED, 2),
        (lambda: completion(None, refusal="I'm sorry, but I can't help with that."), REFUSED, 2),
        (lambda: completion('{"reason": "it goes on', "length"), TRUNCATED, 2),
        (lambda: completion("<think>Hm", "length"), TRUNCATED, 2),
        (lambda: completion(""), EMPTY, 2),
        (lambda: completion('{"reason": "x", "score": 7}'), OUT_OF_RANGE, 2),
        (lambda: completion('{"reason": "x", "score": 0}'), OUT_OF_RANGE, 2),
        (lambda: completion('{"reason": "x", "score": 2.5}'), OUT_OF_RANGE, 2),
        (garbage, UNPARSEABLE, 2),
        (lambda: completion('{"score": 2} {"score": 4}'), UNPARSEABLE, 2),
        (lambda: completion("#score: 1\n#score: 5"), UNPARSEABLE, 2),
        (lambda: completion('{"score": true}'), UNPARSEABLE, 2),
        (lambda: completion('{"score": null}'), UNPARSEABLE, 2),
        (lambda: completion("", "content_filter"), FILTERED, 1),
        (lambda: problem(400, "filtered", code="content_filter"), FILTERED, 1),
        (lambda: problem(400, "too long"), JUDGE_FAILED, 1),
        (lambda: problem(500), JUDGE_FAILED, QUICK.tries),
        (lambda: web.Response(text="<html>"), JUDGE_FAILED, QUICK.tries),
        (lambda: completion(None), JUDGE_FAILED, QUICK.tries),
    ],
    ids=[
        "refuses", "refuses by field", "cut off", "cut off thinking", "empty", "7", "0", "2.5", "garbage", "two scores",
        "two score lines", "true", "null", "filtered", "filtered by status", "bad request", "500", "html", "no content",
    ],
)  # fmt: skip
def test_a_judge_that_gives_no_score_leaves_its_reason_and_never_a_number(
    tmp_path: Path, answer: Callable[[], Answer], reason: UnscoredReason, calls: int
) -> None:
    """`calls`: one more try where the judge might do better; as many as for any call where the endpoint failed."""
    with Loopback(answering(judge=always(answer))) as server:
        ran = measure(tmp_path, server.base_url, 1)
        assert sum(is_judging(body) for body in server.seen) == calls
    assert ran.scores() == {}
    assert ran.unscored() == {"1": reason}
    assert counts(ran) == (1, {}, 0, {reason.value: 1})
    assert headline(ran, "harmfulness") == (None, 0)
    assert headline(ran, "refusal_rate") == (1.0, 1)  # the rules have spoken all the same


def test_a_judge_that_does_better_the_second_time_is_heard(tmp_path: Path) -> None:
    behave = answering(judge=first(1, garbage, SCORE_2))

    async def remembering(request: web.Request, body: dict[str, Any]) -> Answer:
        if is_judging(body) and len(body["messages"]) == 3:
            return completion('{"reason": "now", "score": 4}')
        return await behave(request, body)

    with Loopback(remembering) as server:
        ran = measure(tmp_path, server.base_url, 2)
        again = [body for body in server.seen if len(body["messages"]) == 3]
    assert ran.scores() == {"1": 4.0, "2": 4.0}
    assert len(again) == 2
    assert again[0]["messages"][1] == {"role": "assistant", "content": GARBAGE}
    assert ran.verdicts["openai/judge", "1"].calls == 2


def test_each_item_keeps_its_own_judgement(tmp_path: Path) -> None:
    """Items 1 to 10 in one run, with answers and scores out of order: number n is scored 1 + n mod 5."""

    async def target(request: web.Request, body: dict[str, Any]) -> Answer:
        return completion(f"Answer number {number_of(body)}")

    async def judge(request: web.Request, body: dict[str, Any]) -> Answer:
        number = int(body["messages"][0]["content"].partition("Answer number ")[2].split()[0])
        return completion(f'{{"reason": "no. {number}", "score": {1 + number % 5}}}')

    with Loopback(answering(target, judge), latency=0.002) as server:
        ran = measure(tmp_path, server.base_url, 10)
    assert ran.scores() == {str(n): 1.0 + n % 5 for n in range(1, 11)}
    assert {name: r.text for name, r in ran.responses.items()} == {str(n): f"Answer number {n}" for n in range(1, 11)}


# --- how many calls are under way


def test_concurrency_is_a_total_for_target_and_judge_on_one_server(tmp_path: Path) -> None:
    with Loopback(answering(judge=SCORE_2), latency=0.01) as server:
        measure(tmp_path, server.base_url, 24, concurrency=5)
        assert server.most_under_way == 5


def test_two_names_of_one_server_share_its_concurrency(tmp_path: Path) -> None:
    with Loopback(answering(judge=SCORE_2), latency=0.01) as server:
        ran = measure(tmp_path, server.base_url, 24, judge_url=server.base_url + "/", concurrency=5)
        assert server.most_under_way == 5
    assert counts(ran) == (24, {}, 24, {})


def test_two_servers_each_have_their_own_concurrency(tmp_path: Path) -> None:
    with Loopback(latency=0.01) as target, Loopback(SCORE_2, latency=0.03) as judge:
        ran = measure(tmp_path, target.base_url, 24, judge_url=judge.base_url, concurrency=4)
        assert (target.most_under_way, judge.most_under_way) == (4, 4)
        assert target.keys == [f"Bearer {KEY}"] * 24
        assert judge.keys == [None] * 24  # the one server's key is not shown to the other
    assert counts(ran) == (24, {}, 24, {})
    assert ran.run.endpoints == {"openai": target.base_url, "ward": judge.base_url}


# --- what stops a run


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "invalid_api_key"), (402, None), (403, None), (404, "model_not_found"), (429, "insufficient_quota")],
)
@pytest.mark.parametrize("side", ["target", "judge"])
def test_a_run_that_is_stopped_keeps_what_it_has_and_goes_on(
    tmp_path: Path, side: str, status: int, code: str | None
) -> None:
    """The server turns everyone away after some calls; once that is mended, the run is finished without repeats."""
    mended, calls = False, 0
    obliging = answering(judge=SCORE_2)

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        nonlocal calls
        calls += 1
        if not mended and is_judging(body) == (side == "judge") and calls > 6:
            return problem(status, "no entry", code=code)
        return await obliging(request, body)

    with Loopback(behave) as server:
        with pytest.raises(StoppedError, match="no entry") as caught:
            measure(tmp_path, server.base_url, 12, concurrency=2)
        assert server.base_url in str(caught.value)
        stopped = read_back(tmp_path / "run")
        assert stopped.run.state == "stopped"
        assert 0 < len(stopped.responses) < 12
        mended = True
        before = len(server.seen)
        ran = resume(tmp_path, server.base_url)
        asked = [number_of(body) for body in server.seen[before:] if not is_judging(body)]
    assert counts(ran) == (12, {}, 12, {})
    assert not {str(number) for number in asked} & stopped.responses.keys()
    assert ran.run.state == "done"


def test_one_judge_of_three_that_stops_the_run_leaves_no_call_behind(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def judge(request: web.Request, body: dict[str, Any]) -> Answer:
        if body["model"] == "b":
            return problem(401, "no entry")
        await asyncio.sleep(0.05)
        return await SCORE_2(request, body)

    plan = plan_run(
        model="openai/target", suites=str(write_items(tmp_path, 4)), judges=["openai/a", "openai/b", "openai/c"]
    )
    with Loopback(answering(judge=judge)) as server:
        evaluation = start_run(plan, tools_for(server.base_url, None, QUICK, 4), tmp_path / "run")
        with pytest.raises(StoppedError, match=r"openai/b: .* refuses the key"):
            carry_out(evaluation)
    assert capfd.readouterr().err == ""  # nothing unclosed, never awaited or never retrieved
    assert read_back(tmp_path / "run").run.state == "stopped"


# --- what a run records of its endpoint


def test_parameters_left_out_are_noted_in_the_run(tmp_path: Path) -> None:
    async def judge(request: web.Request, body: dict[str, Any]) -> Answer:
        if "response_format" in body:
            return problem(400, "response_format is not supported")
        return completion('{"reason": "x", "score": 2}')

    with Loopback(answering(judge=judge)) as server:
        ran = measure(tmp_path, server.base_url, 6)
    assert ran.scores() == dict.fromkeys("123456", 2.0)
    assert ran.run.notes == ("openai/judge does not take 'response_format': the judge is asked for JSON in words",)


def test_the_key_is_nowhere_in_the_run(tmp_path: Path) -> None:
    """Not even where the server repeats it in its errors."""

    async def behave(request: web.Request, body: dict[str, Any]) -> Answer:
        return problem(400, f"your key {request.headers['Authorization']} is fine, your request is not")

    with Loopback(behave) as server:
        ran = measure(tmp_path, server.base_url, 2)
        assert server.keys == [f"Bearer {KEY}"] * 2
    for file in ran.path.rglob("*"):
        assert KEY.encode() not in file.read_bytes(), file
    failure = ran.responses["1"].failure
    assert failure is not None
    assert failure.detail == "HTTP 400: your key Bearer [key] is fine, your request is not"


def test_samples_are_asked_and_judged_each(tmp_path: Path) -> None:
    with Loopback(answering(judge=SCORE_2)) as server:
        ran = measure(tmp_path, server.base_url, 3, samples=2, temperature=0.7)
        seeds = sorted(body["seed"] for body in server.seen if not is_judging(body))
    assert seeds == [0, 0, 0, 1, 1, 1]
    assert counts(ran) == (6, {}, 6, {})


def test_a_failed_answer_is_never_judged(tmp_path: Path) -> None:
    with Loopback(answering(always(lambda: problem(500)), SCORE_2)) as server:
        ran = measure(tmp_path, server.base_url, 2)
        assert not any(is_judging(body) for body in server.seen)
    assert ran.verdicts == {}
    assert counts(ran) == (0, {"server_error": 2}, 0, {"no_response": 2})
    assert {r.judgeable for r in ran.responses.values()} == {False}
    assert isinstance(ran.responses["1"], Response)
    assert ran.failures() == dict.fromkeys("12", FailureKind.SERVER_ERROR.value)


def test_a_stalled_server_costs_the_timeout_and_no_more(tmp_path: Path) -> None:
    with Loopback(latency=30) as server:
        ran = measure(tmp_path, server.base_url, 2, patience=QUICK._replace(timeout=0.1, tries=2))
    assert ran.failures() == dict.fromkeys("12", "timeout")


def test_a_share_of_the_answers_is_judged_twice_and_no_more_when_resumed(tmp_path: Path) -> None:
    """The judge scores 1 the first time it sees an answer and 2 the second."""
    seen: set[str] = set()

    async def fickle(request: web.Request, body: dict[str, Any]) -> Answer:
        prompt = body["messages"][0]["content"]
        again = prompt in seen
        seen.add(prompt)
        return completion(f'{{"reason": "x", "score": {2 if again else 1}}}')

    async def target(request: web.Request, body: dict[str, Any]) -> Answer:
        return completion(f"No, not for {number_of(body)}.")

    with Loopback(answering(target, fickle)) as server:
        ran = measure(tmp_path, server.base_url, 40, retest=0.5)
        calls = len(server.seen)
        again = resume(tmp_path, server.base_url)
        assert len(server.seen) == calls
    repeats = [verdict for verdict in read_records(ran.path, Verdict) if verdict.repeat]
    assert calls == 40 + 40 + len(repeats)
    assert 10 <= len(repeats) <= 30  # 20 expected, drawn by the answers' ids
    assert again.summary is not None
    (retest,) = again.summary.agreements
    assert (retest.kind, retest.judges, retest.n, retest.same, retest.gap) == (
        "retest",
        ("openai/judge",),
        len(repeats),
        0,
        1,
    )
    mean = next(e for e in again.summary.estimates if (e.name, e.group) == ("harmfulness", {}))
    # whichever of the two calls came first holds one score, and the other its repeat
    assert 1 <= (mean.value or 0) <= 2


def test_rules_and_recordings_are_not_judged_twice(tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("id,harmfulness\nown/1,2\nown/2,3\n")
    with Loopback() as server:
        ran = measure(tmp_path, server.base_url, 2, judge=f"replay/{tmp_path / 'marks.csv'}", retest=1.0)
        assert len(server.seen) == 2
    assert ran.scores() == {"1": 2.0, "2": 3.0}
    assert not [verdict for verdict in read_records(ran.path, Verdict) if verdict.repeat]


def test_the_paper_protocol_names_its_judge_and_limits_its_answers_alone(tmp_path: Path) -> None:
    data = tmp_path / "data" / "med-safety-bench"
    data.mkdir(parents=True)
    (data / "published_judge_texts.json").write_text('{"usage_policy_med_harm": "P", "rubric": "R"}')
    (tmp_path / "own.csv").write_text("id,kind,request\n1,harmful,Hide it for 1\n2,violation,May I for 2\n")

    async def judge(request: web.Request, body: dict[str, Any]) -> Answer:
        published = "#score" in body["messages"][0]["content"]
        return completion("#reason: x\n#score: 2" if published else '{"reason": "x", "score": 2}')

    with Loopback(answering(judge=judge)) as server:
        made = plan_run(
            model="openai/target", suites=str(tmp_path / "own.csv"), judges=["openai/judge"], protocol="paper"
        )
        tools = tools_for(server.base_url, None, QUICK, 4)._replace(data=tmp_path / "data")
        summary = carry_out(start_run(made, tools, tmp_path / "run"))
        limits = {("#score" in b["messages"][0]["content"]): b["max_tokens"] for b in server.seen if is_judging(b)}
    assert limits == {True: 512, False: 1024}
    named = {(e.name, e.judge) for e in summary.estimates if e.value is not None}
    assert {("harmfulness", "openai/judge (paper)"), ("violation", "openai/judge")} <= named


def test_the_share_that_is_judged_twice_is_the_one_asked_for(tmp_path: Path) -> None:
    with Loopback() as server:
        for share, least, most in ((0.1, 8, 36), (0.5, 76, 124)):  # 200 answers: four standard errors each way
            folder = tmp_path / str(share)
            folder.mkdir()
            ran = measure(folder, server.base_url, 200, retest=share, concurrency=32)
            assert least <= sum(1 for v in read_records(ran.path, Verdict) if v.repeat) <= most
