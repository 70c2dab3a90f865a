"""A request and its answer as tokens: within the model's length, with both ends of a long answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from primum.errors import BadInputError
from primum.records import whole_text
from primum.rows.recorded import one_text

SHORTEST = 8  # tokens of the two texts together, below which there is nothing to read


class Frame(NamedTuple):
    """The tokens before, between and after the two texts; `types` are those of the five parts, where the model has any."""

    before: list[int]
    between: list[int]
    after: list[int]
    types: tuple[int, ...] = ()


class Encoded(NamedTuple):
    """Token ids of one pair and, of the same length where the model has any, their types."""

    ids: list[int]
    types: list[int]


def frame_of(tokenizer: Any, causal: bool, types: int) -> Frame:
    """How a model wants its two texts: an encoder as the pair that it knows, a causal model under headings.

    A causal model's mark is read off the last token, so its frame ends with a heading that is always the same. `types`
    is the number of token types that the model knows.
    """
    probe = tokenizer("a") if causal else tokenizer("a", "a")
    ids, parts = list(probe["input_ids"]), probe.sequence_ids(0)
    before = ids[: parts.index(0)]
    if causal:
        first, second, last = tokenizer(["Request: ", "\n\nAnswer: ", "\n\nMark:"], add_special_tokens=False)[
            "input_ids"
        ]
        return Frame(before + first, second, last)
    ends = [len(before), _after(parts, 0), parts.index(1), _after(parts, 1), len(ids)]
    kinds = probe.get("token_type_ids") or [types]
    used = tuple(kinds[end - 1] if end else 0 for end in ends) if max(kinds) < types else ()
    return Frame(before, ids[ends[1] : ends[2]], ids[ends[3] :], used)


def encode(pairs: Sequence[tuple[str, str]], tokenizer: Any, frame: Frame, length: int) -> list[Encoded]:
    """Each request and answer within `length` tokens. What looks like a special token in a text is read as text.

    Raises:
        BadInputError: `length` leaves no room for the texts.
    """
    room = length - len(frame.before) - len(frame.between) - len(frame.after)
    if room < SHORTEST:
        raise BadInputError(f"{length} tokens are too few for a request and its answer")
    if not pairs:
        return []
    texts = [one_text(whole_text(text)) for pair in pairs for text in pair]
    tokens = tokenizer(texts, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"]
    return [_framed(*fit(tokens[i], tokens[i + 1], room), frame) for i in range(0, len(tokens), 2)]


def fit(request: list[int], answer: list[int], room: int) -> tuple[list[int], list[int]]:
    """Both texts in `room` tokens. The request gives way first, down to a quarter of the room; then the answer.

    >>> fit([1, 2, 3, 4, 5, 6], [11, 12, 13, 14, 15, 16, 17], 8)
    ([1, 6], [11, 12, 13, 15, 16, 17])
    >>> fit([1, 2, 3, 4, 5, 6], [11, 12], 8)
    ([1, 2, 3, 4, 5, 6], [11, 12])
    """
    kept = both_ends(request, max(room // 4, room - len(answer)))
    return kept, both_ends(answer, room - len(kept))


def both_ends(tokens: list[int], room: int) -> list[int]:
    """The text where it fits, else its beginning and its end in equal parts.

    >>> both_ends([1, 2, 3, 4, 5, 6], 3)
    [1, 2, 6]
    """
    if len(tokens) <= room:
        return tokens
    tail = room // 2
    return tokens[: room - tail] + tokens[len(tokens) - tail :]


def batch_of(rows: Sequence[Encoded], pad: int, device: Any) -> dict[str, Any]:
    """The inputs of one batch, each (rows, longest), padded on the right."""
    import torch

    width = max(len(row.ids) for row in rows)
    ids = torch.tensor([row.ids + [pad] * (width - len(row.ids)) for row in rows])
    seen = torch.tensor([[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in rows])
    inputs = {"input_ids": ids.to(device), "attention_mask": seen.to(device)}
    if rows[0].types:
        inputs["token_type_ids"] = torch.tensor([row.types + [0] * (width - len(row.types)) for row in rows]).to(device)
    return inputs


def _after(parts: list[int | None], part: int) -> int:
    """The place behind the last token of a part."""
    return len(parts) - parts[::-1].index(part)


def _framed(request: list[int], answer: list[int], frame: Frame) -> Encoded:
    parts = (frame.before, request, frame.between, answer, frame.after)
    types = [kind for part, kind in zip(parts, frame.types, strict=False) for _ in part]
    return Encoded([token for part in parts for token in part], types)
