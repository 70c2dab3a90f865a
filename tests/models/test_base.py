"""Reasoning traces are split off; an answer cut off inside one is truncated."""

from __future__ import annotations

import pytest

from primum.models.base import split_reasoning
from primum.records import Failure, FailureKind, Reply


@pytest.mark.parametrize(
    ("text", "answer", "trace"),
    [
        ("<think>Hm.</think> No.", "No.", "Hm."),
        ("\n <think>\nHm.\n</think>\n\nNo.", "No.", "Hm."),
        ("Hm.</think>No.", "No.", "Hm."),  # the chat template opened the trace
        ("<think></think>No.", "No.", ""),
        ("<think>\n\n</think>\n\n<think>Hm.</think>No.", "No.", "Hm."),  # an empty trace before the real one
        ("No trace at all.", "No trace at all.", ""),
        ("The tag <think> opens a trace.", "The tag <think> opens a trace.", ""),
        ("  spaces of its own ", "  spaces of its own ", ""),
        ("", "", ""),
    ],
)
def test_the_trace_is_split_off_and_kept(text: str, answer: str, trace: str) -> None:
    assert split_reasoning(text) == Reply(text=answer, reasoning=trace)


def test_a_trace_told_apart_and_one_in_the_text_are_both_kept() -> None:
    assert split_reasoning("<think>two</think>No.", "one") == Reply(text="No.", reasoning="one\ntwo")


@pytest.mark.parametrize(
    ("text", "reasoning", "finish"),
    [
        ("<think>Hm", "", "stop"),
        ("<think>Hm", "", "length"),
        ("<think>done</think>  ", "", "length"),
        ("", "Hm", "length"),
        ("<think></think><think>Hm", "", "length"),
    ],
)
def test_an_answer_cut_off_inside_its_trace_is_truncated(text: str, reasoning: str, finish: str) -> None:
    cut = split_reasoning(text, reasoning, finish)
    assert isinstance(cut, Failure)
    assert cut.kind is FailureKind.TRUNCATED
    assert "--max-tokens" in cut.detail


def test_an_answer_cut_off_after_its_trace_is_an_answer() -> None:
    assert split_reasoning("<think>Hm.</think>First, you", finish="length") == Reply(
        text="First, you", reasoning="Hm.", finish="length"
    )
