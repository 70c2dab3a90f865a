"""Conversations of other people's files: what fits into one request and its answer, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from primum.align.turns import dialogue_of, prompt_turns, single, turns_of


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([], "no list of turns"),
        ("Why?", "no list of turns"),
        (None, "no list of turns"),
        (["Why?"], "no list of turns"),
        ("[{", "not JSON"),
        ([{"content": "Why?"}], "a turn without a role"),
        ([{"role": "tool", "content": "Why?"}], "a turn of 'tool'"),
        ([{"role": "user", "content": None}], "not text"),
        ([{"role": "user", "content": [{"type": "image", "url": "x"}]}], "not text"),
        ([{"role": "assistant", "content": "", "tool_calls": [{"name": "f"}]}], "calls a tool"),
    ],
)
def test_what_is_no_conversation_is_told(value: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        turns_of(value)


def test_texts_in_parts_and_json_in_a_cell_are_read() -> None:
    parts = [{"type": "text", "text": "Is it "}, {"type": "text", "text": "safe?"}]
    assert turns_of([{"role": "developer", "content": "Be brief."}, {"role": "User", "content": parts}]) == [
        ("system", "Be brief."),
        ("user", "Is it safe?"),
    ]
    assert turns_of('[{"from": "gpt", "value": "No."}]') == [("assistant", "No.")]


def test_a_dialogue_is_cut_at_its_speakers() -> None:
    text = "\n\nHuman: One\n\ntwo, Human: three\n\nAssistant: Four\n\nHuman:\n\nAssistant:"
    assert dialogue_of(text) == [
        ("user", "One\n\ntwo, Human: three"),
        ("assistant", "Four"),
        ("user", ""),
        ("assistant", ""),
    ]
    with pytest.raises(ValueError, match="does not begin with 'Human:'"):
        dialogue_of("Good day.\n\nHuman: Why?")
    assert prompt_turns("\n\nHuman: Why?\n\nAssistant:") == [("user", "Why?")]
    assert prompt_turns(" Why? ") == [("user", "Why?")]


@pytest.mark.parametrize(
    ("roles", "fault"),
    [
        ("ua ua", "2 requests in one conversation"),
        ("uu a", "2 requests in one conversation"),
        ("u", "turns of user, where"),
        ("a", "turns of assistant, where"),
        ("s", "turns of nobody, where"),
        ("u s a", "turns of user, system, assistant"),
        ("ss u a", "turns of system, user, assistant"),
        ("au", "turns of assistant, user"),
    ],
)
def test_only_one_request_and_its_answer_fit(roles: str, fault: str) -> None:
    turns = [({"u": "user", "a": "assistant", "s": "system"}[role], role) for role in roles.replace(" ", "")]
    with pytest.raises(ValueError, match=fault):
        single(turns)
