"""The formats of training files, told apart by their columns. Each row is read into texts of one form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from primum.align.turns import Turns, answer_turns, dialogue_of, prompt_turns, single, turns_of
from primum.rows import Row

Texts = dict[str, str]
"""`system`, `request`, and `answer` or `chosen` and `rejected`."""

COMMON = ("id", "kind", "family", "principle", "language", "system", "source")
HARMFULNESS = ("chosen_harmfulness", "rejected_harmfulness")
DECISIONS = ("accepted", "edited", "rejected")


class Format(NamedTuple):
    """A format. It is known by `columns`; `read` gives nothing for a row that holds no example, and raises ValueError for one
    that cannot be read. `closed`: no columns but these, `COMMON` and `also`; other people's files may hold more."""

    name: str
    columns: tuple[str, ...]
    read: Callable[[Row], Texts | None]
    closed: bool = False
    also: tuple[str, ...] = ()


def format_of(row: Row, formats: Sequence[Format]) -> Format | None:
    """The first format whose columns a row fills, else the first whose columns it has."""
    there = [one for one in formats if set(one.columns) <= row.keys()]
    filled = [one for one in there if all(row[name] is not None for name in one.columns)]
    return next(iter((*filled, *there)), None)


def unknown_columns(row: Row, form: Format) -> list[str]:
    """The columns that a closed format does not have."""
    known = {*form.columns, *COMMON, *form.also, ""}
    return [name for name in row if name not in known] if form.closed else []


def text_of(row: Row, name: str) -> str:
    """A cell's text, without space around it; nothing where there is none.

    Raises:
        ValueError: it holds something else.
    """
    cell = row.get(name)
    if isinstance(cell, list | dict | bool):
        raise ValueError(f"{name} is no text")
    return "" if cell is None else str(cell).strip()


def _own(row: Row) -> Texts:
    return {name: text_of(row, name) for name in ("request", "answer")}


def _own_pair(row: Row) -> Texts:
    return {name: text_of(row, name) for name in ("request", "chosen", "rejected")}


def _alpaca(row: Row) -> Texts:
    if row.get("history"):
        raise ValueError("earlier turns in 'history', where one request and its answer are wanted")
    parts = (text_of(row, "instruction"), text_of(row, "input"))
    return {"request": "\n\n".join(part for part in parts if part), "answer": text_of(row, "output")}


def _conversation(column: str) -> Callable[[Row], Texts]:
    def read(row: Row) -> Texts:
        if row.get("tools"):
            raise ValueError("a conversation with tools")
        return _answered(turns_of(row[column]))

    return read


def _completed(row: Row) -> Texts:
    return _answered([*prompt_turns(row["prompt"]), *answer_turns(row["completion"])])


def _answered(turns: Turns) -> Texts:
    system, request, answer = single(turns)
    return {"system": system, "request": request, "answer": answer}


def _prompted_pair(row: Row) -> Texts:
    prompt = prompt_turns(row["prompt"])
    return _compared(*(_continued(prompt, row[name], name) for name in ("chosen", "rejected")))


def _continued(prompt: Turns, value: Any, name: str) -> Turns:
    """The prompt and an answer. Some files give the answer with the whole conversation before it."""
    turns = answer_turns(value)
    if not any(role == "user" for role, _ in turns):
        return [*prompt, *turns]
    if [turn for turn in prompt if turn not in turns]:
        raise ValueError(f"{name} answers another request than the prompt")
    return turns


def _dialogue_pair(row: Row) -> Texts:
    read = [dialogue_of(side) if isinstance(side, str) else turns_of(side) for side in (row["chosen"], row["rejected"])]
    return _compared(*read)


def _compared(chosen: Turns, rejected: Turns) -> Texts:
    (system, request, better), (*other, worse) = single(chosen), single(rejected)
    if other != [system, request]:
        raise ValueError("chosen and rejected answer different requests")
    return {"system": system, "request": request, "chosen": better, "rejected": worse}


def _decided(row: Row) -> Texts | None:
    decision = text_of(row, "decision").casefold()
    if decision not in DECISIONS:
        raise ValueError(f"decision is '{decision}', which is none of {', '.join(DECISIONS)}")
    return None if decision == "rejected" else {"request": text_of(row, "request"), "answer": text_of(row, "revision")}


def _decided_pair(row: Row) -> Texts | None:
    texts, response = _decided(row), text_of(row, "response")
    if texts is None or texts["answer"] == response:
        return None  # nothing was preferred to anything
    return {"request": texts["request"], "chosen": texts["answer"], "rejected": response}


DECIDED = ("decision", "request", "response", "revision")
DEMONSTRATIONS = (
    Format("reviewed decisions", DECIDED, _decided),
    Format("messages", ("messages",), _conversation("messages")),
    Format("ShareGPT", ("conversations",), _conversation("conversations")),
    Format("Alpaca", ("instruction", "output"), _alpaca),
    Format("prompt and completion", ("prompt", "completion"), _completed),
    Format("Primum's own", ("request", "answer"), _own, closed=True),
)
PREFERENCES = (
    Format("reviewed decisions", DECIDED, _decided_pair),
    Format("Primum's own", ("request", "chosen", "rejected"), _own_pair, closed=True, also=HARMFULNESS),
    Format("prompt, chosen and rejected", ("prompt", "chosen", "rejected"), _prompted_pair),
    Format("chosen and rejected dialogues", ("chosen", "rejected"), _dialogue_pair),
)
