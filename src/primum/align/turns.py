"""Conversations as they are written elsewhere, and what trains here: a system text, one request, one answer."""

from __future__ import annotations

import re
from typing import Any

import orjson

Turns = list[tuple[str, str]]
"""Role (`system`, `user` or `assistant`) and text of each turn."""

ROLES = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "model"), "assistant"),
}
_SPEAKER = re.compile(r"(?:^|\n\n)(Human|Assistant):")


def turns_of(value: Any) -> Turns:
    """A list of `role` and `content`, or of ShareGPT's `from` and `value`; in a CSV cell it is JSON.

    Raises:
        ValueError: it is none, or holds something that is no text of a known role.

    >>> turns_of([{"from": "human", "value": "Why?"}, {"role": "assistant", "content": " So. "}])
    [('user', 'Why?'), ('assistant', 'So.')]
    """
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = orjson.loads(value)
        except ValueError:
            raise ValueError("a conversation that is not JSON") from None
    if not isinstance(value, list) or not value or not all(isinstance(turn, dict) for turn in value):
        raise ValueError("no list of turns where a conversation is wanted")
    return [_turn(turn) for turn in value]


def _turn(turn: dict[str, Any]) -> tuple[str, str]:
    said = str(turn.get("role") or turn.get("from") or "")
    if turn.get("tool_calls"):
        raise ValueError("a turn that calls a tool")
    if said.casefold() not in ROLES:
        raise ValueError(f"a turn of '{said}': known are {', '.join(ROLES)}" if said else "a turn without a role")
    content = turn.get("content") if turn.get("content") is not None else turn.get("value")
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else part for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        content = "".join(texts) if len(texts) == len(parts) else None
    if not isinstance(content, str):
        raise ValueError("a turn that is not text")
    return ROLES[said.casefold()], content.strip()


def dialogue_of(text: str) -> Turns:
    """The turns of a dialogue as Anthropic's hh-rlhf writes it.

    Raises:
        ValueError: it does not begin with a speaker.

    >>> dialogue_of("\\n\\nHuman: Why?\\n\\nAssistant: So.")
    [('user', 'Why?'), ('assistant', 'So.')]
    """
    before, *rest = _SPEAKER.split(text)
    if before.strip() or not rest:
        raise ValueError("a dialogue that does not begin with 'Human:'")
    return [(ROLES[who.casefold()], said.strip()) for who, said in zip(rest[::2], rest[1::2], strict=True)]


def prompt_turns(value: Any) -> Turns:
    """The turns before an answer: a text, a dialogue that ends with 'Assistant:', or a list of turns."""
    if not isinstance(value, str):
        return turns_of(value)
    if not value.lstrip().startswith("Human:"):
        return [("user", value.strip())]
    turns = dialogue_of(value)
    return turns[:-1] if turns[-1] == ("assistant", "") else turns


def answer_turns(value: Any) -> Turns:
    """An answer: a text, or a list of turns."""
    return [("assistant", value.strip())] if isinstance(value, str) else turns_of(value)


def single(turns: Turns) -> tuple[str, str, str]:
    """System text, request and answer of a conversation that has one of each; the system text may be missing.

    Raises:
        ValueError: it has more turns, fewer, or others.

    >>> single([("system", "Be brief."), ("user", "Why?"), ("assistant", "So.")])
    ('Be brief.', 'Why?', 'So.')
    """
    system = turns[0][1] if turns and turns[0][0] == "system" else ""
    rest = turns[1:] if turns and turns[0][0] == "system" else turns
    roles = [role for role, _ in rest]
    asked = roles.count("user")
    if asked > 1:
        raise ValueError(f"{asked} requests in one conversation, where one and its answer are wanted")
    if roles != ["user", "assistant"]:
        raise ValueError(f"turns of {', '.join(roles) or 'nobody'}, where one request and its answer are wanted")
    return system, rest[0][1], rest[1][1]
