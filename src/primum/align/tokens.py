"""Examples as token ids. What comes before the answer is, token by token, what generation will see (models/local.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

import jinja2

from primum.errors import BadInputError
from primum.records import Demonstration, LeftOut, Preference

Template = Literal["chat", "alpaca"]
LossOn = Literal["answer", "everything"]
MOST_TRUNCATED = 0.01
ALPACA = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{request}\n\n### Response:\n"
)
"""The prompt of Stanford Alpaca (Taori et al. 2023, Apache-2.0) for a request without input, which the authors of
MedSafetyBench train with."""


class Tokens(NamedTuple):
    """The token ids of a prompt, and of the answer with its end token."""

    prompt: list[int]
    answer: list[int]


class PairTokens(NamedTuple):
    """The token ids of a preference: the prompt, and both answers with their end tokens."""

    prompt: list[int]
    chosen: list[int]
    rejected: list[int]


Demonstrated = tuple[list[int], list[int]]
"""Token ids, and of the same length 1 where the loss counts and 0 elsewhere."""
Made = TypeVar("Made")
Source = TypeVar("Source", Demonstration, Preference)


def encode_demonstrations(
    tokenizer: Any,
    demonstrations: Sequence[Demonstration],
    max_length: int,
    template: Template = "chat",
    loss_on: LossOn = "answer",
) -> tuple[list[Demonstrated], list[LeftOut]]:
    """Ids and mask of each demonstration (`encode`); those longer than `max_length` tokens are left out.

    Raises:
        BadInputError: as `encode`; an answer that holds a token of the tokenizer's own, all in `faults`; more than 1% are
            longer.
    """
    _check_plain(tokenizer, [(one, one.answer) for one in demonstrations])

    def make(one: Demonstration) -> tuple[Demonstrated, int]:
        ids, mask = encode(tokenizer, one.system, one.request, one.answer, template, loss_on)
        return (ids, mask), len(ids)

    return _fitting(demonstrations, make, max_length)


def encode_preferences(
    tokenizer: Any, preferences: Sequence[Preference], max_length: int, template: Template = "chat"
) -> tuple[list[PairTokens], list[LeftOut]]:
    """The ids of each preference; those of which either side is longer than `max_length` tokens are left out.

    Raises:
        BadInputError: as `encode_demonstrations`.
    """
    _check_plain(tokenizer, [(one, answer) for one in preferences for answer in (one.chosen, one.rejected)])

    def make(one: Preference) -> tuple[PairTokens, int]:
        prompt, chosen = tokens_of(tokenizer, one.system, one.request, one.chosen, template)
        rejected = tokens_of(tokenizer, one.system, one.request, one.rejected, template).answer
        return PairTokens(prompt, chosen, rejected), len(prompt) + max(len(chosen), len(rejected))

    return _fitting(preferences, make, max_length)


def encode(
    tokenizer: Any,
    system: str,
    request: str,
    answer: str,
    template: Template = "chat",
    loss_on: LossOn = "answer",
) -> Demonstrated:
    """The token ids of prompt and answer, and 1 for each on which the loss counts: the answer and its end token, or all.

    Raises:
        BadInputError: as `tokens_of`.
    """
    prompt, said = tokens_of(tokenizer, system, request, answer, template)
    return [*prompt, *said], [int(loss_on == "everything")] * len(prompt) + [1] * len(said)


def tokens_of(tokenizer: Any, system: str, request: str, answer: str, template: Template = "chat") -> Tokens:
    """The token ids of a prompt and of its answer.

    The chat template is applied once, to the whole conversation. What it writes beyond the prompt - the answer, what it
    sets before it (an empty block of reasoning, say) and its end token - is the answer; space behind the end token is
    dropped. A template that ends an answer with nothing gets the tokenizer's end token.

    Raises:
        BadInputError: the tokenizer has no chat template, or it has no end token where one is needed; the template does not
            take the conversation, alters the answer, or writes an answered conversation other than as the prompt and more.
    """
    if template == "alpaca":
        prompt, rest, ended = _alpaca(system, request), answer.strip(), False
    else:
        prompt, rest, ended = _chat(tokenizer, system, request, answer.strip())
    special = template == "alpaca"  # a chat template writes the beginning itself
    asked, whole = _ids(tokenizer, prompt, special), _ids(tokenizer, prompt + rest, special)
    said = whole[len(asked) :] if whole[: len(asked)] == asked else _ids(tokenizer, rest, False)
    if not ended:
        if tokenizer.eos_token_id is None:
            raise BadInputError(f"{_name(tokenizer)} has no end token, so an answer would never end")
        said = [*said, tokenizer.eos_token_id]
    return Tokens(asked, said)


def _alpaca(system: str, request: str) -> str:
    if system:
        raise BadInputError("the Alpaca template has no place for a system text: use the template 'chat'")
    return ALPACA.format(request=request)


def _chat(tokenizer: Any, system: str, request: str, answer: str) -> tuple[str, str, bool]:
    """The prompt's text, what the template writes after it, and whether that has an end of its own."""
    if not tokenizer.chat_template:
        raise BadInputError(f"{_name(tokenizer)} has no chat template: give it one, or use the template 'alpaca'")
    asked = [{"role": "system", "content": system}] if system else []
    asked.append({"role": "user", "content": request})
    try:
        prompt: str = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
        whole: str = tokenizer.apply_chat_template(
            [*asked, {"role": "assistant", "content": answer}], tokenize=False, add_generation_prompt=False
        )
    except jinja2.TemplateError as error:
        raise BadInputError(f"the chat template of {_name(tokenizer)} takes no such conversation: {error}") from error
    if not whole.startswith(prompt):
        raise BadInputError(
            f"the chat template of {_name(tokenizer)} writes an answered conversation other than as its prompt and more, so "
            "what would be trained is not what is asked"
        )
    rest = whole[len(prompt) :]
    found = rest.rfind(answer)
    if found < 0:
        raise BadInputError(f"the chat template of {_name(tokenizer)} alters the answer (a block of reasoning in it?)")
    end = found + len(answer)
    ended = bool(rest[end:].strip())
    return prompt, rest.rstrip() if ended else rest[:end], ended


def _ids(tokenizer: Any, text: str, special: bool) -> list[int]:
    """The ids of a text, with the tokenizer's beginning but never its end."""
    ids: list[int] = tokenizer(text, add_special_tokens=special)["input_ids"]
    return ids[:-1] if special and ids and ids[-1] == tokenizer.eos_token_id else ids


def _check_plain(tokenizer: Any, answers: Sequence[tuple[Demonstration | Preference, str]]) -> None:
    """An answer that spells a token of the tokenizer's own would teach it in the middle of a text."""
    own = tuple(tokenizer.all_special_tokens)
    faults = [
        f"{one.place or one.id}: {one.id}: an answer holds {token}"
        for one, answer in answers
        for token in own
        if token in answer
    ]
    if faults:
        raise BadInputError(f"{len(faults)} answer(s) hold a token of {_name(tokenizer)}'s own", tuple(faults))


def _fitting(
    examples: Sequence[Source], make: Callable[[Source], tuple[Made, int]], max_length: int
) -> tuple[list[Made], list[LeftOut]]:
    made, left_out = [], []
    longest = 0
    for example in examples:
        tokens, length = make(example)
        longest = max(longest, length)
        if length <= max_length:
            made.append(tokens)
        else:
            detail = f"{length} tokens, and {max_length} fit"
            left_out.append(LeftOut(id=example.id, reason="truncated", detail=detail))
    if len(left_out) > MOST_TRUNCATED * len(examples):
        raise BadInputError(
            f"{len(left_out)} of {len(examples)} examples have more than max_length = {max_length} tokens, the longest "
            f"{longest}: raise max_length (up to 1% would be left out)",
            tuple(f"{one.id}: {one.detail}" for one in left_out),
        )
    return made, left_out


def _name(tokenizer: Any) -> str:
    return f"the tokenizer '{tokenizer.name_or_path}'" if tokenizer.name_or_path else "the tokenizer"
