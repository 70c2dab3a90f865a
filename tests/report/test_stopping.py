"""What the terminal, the page and the files say of a run with `--until`."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from tests.engine import measure
from tests.evaluate.test_until import COUNT, scored, sequence_of
from tests.loopback import Loopback

from primum.records import Estimate, Sequence, Summary
from primum.report import eval_object, eval_table, write_report
from primum.report.stopping import leading_estimate, sequence_lines, sequence_sentences, unscored_of_asked

ONE = {
    "suite": "mine",
    "judge": "j",
    "name": "harmfulness",
    "asks": "less",
    "bound": 2,
    "answer": "yes",
    "value": 1.424,
}
ONE |= {"low": 1.2, "high": 1.984, "n": 200, "clusters": 190, "unscored": 3, "asked": 1212, "items": 1900}


def summary(**fields: Any) -> Summary:
    one = Sequence.model_validate({**ONE, "not_asked": 688, **fields})
    return Summary(
        ok=1212, failed={}, scored=1200, unscored={"unparseable": 12, "not_asked": 688}, estimates=(), sequence=one
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "harmfulness 1-5 is below 2: 1.42 [1.20, 1.98]."),
        ({"answer": "no", "bound": 1.1}, "harmfulness 1-5 is not below 1.1: 1.42 [1.20, 1.98]."),
        ({"asks": "more", "bound": 1.1}, "harmfulness 1-5 is above 1.1: 1.42 [1.20, 1.98]."),
        ({"asks": "more", "answer": "no"}, "harmfulness 1-5 is not above 2: 1.42 [1.20, 1.98]."),
        ({"asks": "width", "bound": 0.4}, "harmfulness 1-5 is known to 0.4 either way: 1.42 [1.20, 1.98]."),
        (
            {"name": "refusal_rate", "asks": "width", "bound": 0.05, "value": 0.5, "low": 0.46, "high": 0.55},
            "refused (harmful) is known to 5 percentage points either way: 50% [46, 55].",
        ),
        (
            {"name": "refusal_rate", "bound": 0.125, "value": 0.02, "low": 0.0, "high": 0.12},
            "refused (harmful) is below 12.5%: 2% [0, 12].",
        ),
    ],
)
def test_the_answer_in_words(fields: dict[str, Any], told: str) -> None:
    first, answer, how = sequence_lines(summary(**fields))
    assert first == "Stopped after 1,212 of 1,900 items of mine: the answer is known."
    assert answer == f"Judged by j, {told}"
    assert "for the mean over all 1,900 items; 688 items were neither asked nor judged" in how


def test_an_open_answer_says_what_keeps_it_open() -> None:
    whole = {"answer": "", "asked": 1900, "not_asked": 0}
    first, answer = sequence_lines(summary(**whole))
    assert first == "All 1,900 items of mine were asked."
    assert answer.startswith(
        "Judged by j, it is open whether harmfulness 1-5 is below 2: 1.42 [1.20, 1.98], with 3 unscored"
    )
    assert sequence_lines(summary(answer=""))[0] == "So far 1,212 of 1,900 items of mine have been asked."
    assert "is not known to 0.1 either way" in sequence_lines(summary(**whole, asks="width", bound=0.1))[1]
    assert "it is open whether harmfulness 1-5 is above 2" in sequence_lines(summary(**whole, asks="more"))[1]


def test_the_same_in_chinese() -> None:
    sentences = [chinese for _, chinese in sequence_sentences(summary())]
    assert sentences[0] == "mine 共 1,900 题，提问 1,212 题后停止：答案已知。"
    assert sentences[1] == "有害程度 1-5 低于 2：1.42 [1.20, 1.98]，评判者 j。"


def test_a_run_without_a_question_says_nothing() -> None:
    plain = summary().model_copy(update={"sequence": None})
    assert sequence_sentences(plain) == []


def test_the_headline_alone_takes_the_interval_of_a_run_that_stopped() -> None:
    fields: dict[str, Any] = {
        "suite": "mine",
        "judge": "j",
        "name": "harmfulness",
        "value": 1.5,
        "low": 1.4,
        "high": 1.6,
    }
    raw = Estimate(**fields, n=1200)
    assert (leading_estimate(raw, summary()).low, leading_estimate(raw, summary()).high) == (1.2, 1.984)
    for other in (
        raw.model_copy(update={"group": {"principle": "1"}}),
        raw.model_copy(update={"judge": "k"}),
        raw.model_copy(update={"kind": "rectified"}),
        raw.model_copy(update={"name": "harmful_share"}),
        raw.model_copy(update={"suite": "yours"}),
    ):
        assert leading_estimate(other, summary()) == other
    assert leading_estimate(raw, summary(not_asked=0)) == raw  # all were asked: the raw interval holds


def test_a_table_for_scripts_holds_the_sequence_before_the_number_that_stopped_early(tmp_path: Path) -> None:
    with Loopback(scored()) as server:
        ran = measure(tmp_path, server.base_url, COUNT, until="harmfulness<2")
    one = sequence_of(ran.summary)
    rows = list(csv.DictReader(io.StringIO(write_report([ran.path], "csv", None, False)[1])))
    first, raw = (row for row in rows if row["name"] == "harmfulness" and not row["group"])
    assert first["method"] == "betting sequence"
    assert [float(first[name]) for name in ("value", "low", "high", "n")] == [one.value, one.low, one.high, one.n]
    assert raw["method"].endswith("stopped early")
    assert float(raw["low"]) != one.low
    assert rows.index(raw) == rows.index(first) + 1
    assert ran.summary is not None
    assert len(rows) == len(ran.summary.estimates) + 1


def test_what_was_not_asked_is_not_missing() -> None:
    assert unscored_of_asked(summary()) == {"unparseable": 12}


def test_what_is_printed_of_a_stopped_run(tmp_path: Path) -> None:
    with Loopback(scored()) as server:
        ran = measure(tmp_path, server.base_url, COUNT, until="harmfulness<2")
    assert ran.summary is not None
    one = sequence_of(ran.summary)
    limits = f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"
    table = eval_table(ran.run, ran.summary)
    assert f"Stopped after {one.asked} of 300 items of own: the answer is known." in table
    assert f"Judged by openai/judge, harmfulness 1-5 is below 2: {limits}." in table
    assert f"{one.not_asked} items were neither asked nor judged" in table
    assert "unscored" not in table
    row = next(line for line in table.splitlines() if line.startswith("all "))
    assert limits in row  # the headline is the sequence's interval, not the raw one
    said = eval_object(ran.path, ran.run, ran.summary)
    assert said["sequence"]["asked"] == one.asked
    assert said["verdicts"]["unscored"] == {"not_asked": one.not_asked}
    page = write_report([ran.path], "html", None, False)[1]
    assert f"Stopped after {one.asked} of 300 items of own: the answer is known." in page
    assert f"own 共 300 题，提问 {one.asked} 题后停止：答案已知。" in page
    assert f'<span class="interval">[{one.low:.2f}, {one.high:.2f}]</span>' in page
    assert "cluster-t, stopped early" in page
    assert "betting sequence" in page
    assert "No judgement is missing." in page
    assert "--until &#39;harmfulness&lt;2&#39;" in page
    assert f"is below 2: {limits}" in write_report([ran.path], "md", None, False)[1]
