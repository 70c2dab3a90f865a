"""Examples as tokens: the prompt is what generation sees, the loss is on the answer and its end, and nothing is lost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

pytest.importorskip("transformers")

from hypothesis import given
from hypothesis import strategies as st
from tests.align.toy_tokenizers import (
    CHATML,
    EMPTY_REASONING,
    ENDLESS,
    GENERATION,
    INST,
    NO_SYSTEM,
    OPEN_REASONING,
    byte_tokenizer,
    piece_tokenizer,
)

from primum.align.tokens import encode, encode_demonstrations, encode_preferences, tokens_of
from primum.errors import BadInputError
from primum.models.base import Prompt
from primum.models.local import TINY, LocalModel
from primum.records import Demonstration, Kind, Preference

ASKED, SAID = "May I?", "No."


def tiny_tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(TINY))


def letters(text: str, space: str) -> list[str]:
    """One token a letter, spaces and line ends as the tokenizer writes them."""
    return [{" ": space, "\n": "Ċ" if space == "Ġ" else "\n"}.get(letter, letter) for letter in text]


def seen_by_generation(tokenizer: Any, system: str, request: str) -> list[int]:
    """The ids that models/local.py asks with."""
    turns = [{"role": "system", "content": system}] if system else []
    prompt = Prompt(messages=(*turns, {"role": "user", "content": request}))
    text = LocalModel._render(cast(LocalModel, SimpleNamespace(_tokenizer=tokenizer, name="toy")), prompt)
    ids: list[int] = tokenizer([text], padding=True, add_special_tokens=False)["input_ids"][0]
    return ids


def test_chatml_token_by_token() -> None:
    tokenizer = byte_tokenizer(CHATML)
    ids, mask = encode(tokenizer, "", ASKED, SAID)
    start, end = "<|im_start|>", "<|im_end|>"
    system = [start, *letters("system\nYou help.", "Ġ"), end, "Ċ"]
    user = [start, *letters("user\nMay I?", "Ġ"), end, "Ċ"]
    prompt = [*system, *user, start, *letters("assistant\n", "Ġ")]
    assert tokenizer.convert_ids_to_tokens(ids) == [*prompt, "N", "o", ".", end]
    assert mask == [0] * len(prompt) + [1, 1, 1, 1]


def test_inst_token_by_token() -> None:
    tokenizer = piece_tokenizer(INST)
    ids, mask = encode(tokenizer, "Be brief.", ASKED, SAID)
    # <s> stands in the template, and once only; the pre-tokenizer sets a space behind it
    inside = "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nMay I? [/INST]"
    prompt = ["<s>", "▁", *letters(inside, "▁")]
    # one space before the answer: tokenised alone, it would have had two
    assert tokenizer.convert_ids_to_tokens(ids) == [*prompt, "▁", "N", "o", ".", "▁", "</s>"]
    assert mask == [0] * len(prompt) + [1] * 6


def test_tiny_token_by_token() -> None:
    tokenizer = tiny_tokenizer()
    ids, mask = encode(tokenizer, "", "Name a vitamin.", "Vitamin C.")
    pieces = [tokenizer.decode([one]) for one in ids]
    at = pieces.index("<|assistant|>") + 1
    assert pieces[0] == "<|user|>"
    assert "".join(pieces[1 : at - 1]) == "Name a vitamin.<|end|>"
    assert "".join(pieces[at:]) == "Vitamin C.<|end|>"
    assert pieces[-1] == "<|end|>"
    assert mask == [0] * at + [1] * (len(ids) - at)


@pytest.mark.parametrize("template", [CHATML, GENERATION, ENDLESS])
@given(request_=st.text(max_size=30), answer=st.text(min_size=1, max_size=30).filter(str.strip), system=st.booleans())
def test_any_text_is_split_where_generation_begins(template: str, request_: str, answer: str, system: bool) -> None:
    tokenizer = TOKENIZERS[template]
    told = "Be brief." if system else ""
    ids, mask = encode(tokenizer, told, request_, answer)
    prompt = seen_by_generation(tokenizer, told, request_)
    assert ids[: len(prompt)] == prompt
    assert mask == [0] * len(prompt) + [1] * (len(ids) - len(prompt))
    assert ids[-1] == tokenizer.eos_token_id
    assert ids.count(tokenizer.eos_token_id) == prompt.count(tokenizer.eos_token_id) + 1
    assert tokenizer.decode(ids[len(prompt) : -1]) == answer.strip()


TOKENIZERS = {template: byte_tokenizer(template, merges=40) for template in (CHATML, GENERATION, ENDLESS)}


def test_a_template_with_generation_marks_gives_the_same_as_one_without() -> None:
    bare = CHATML.partition("{%- for")
    marked, plain = byte_tokenizer(GENERATION), byte_tokenizer(bare[1] + bare[2])
    assert encode(marked, "", ASKED, SAID) == encode(plain, "", ASKED, SAID)


def test_an_answer_that_would_melt_into_the_prompt_is_tokenised_alone() -> None:
    tokenizer = TOKENIZERS[ENDLESS]
    melted = tokenizer("user: May I?\nassistant: I will", add_special_tokens=False)["input_ids"]
    prompt, answer = tokens_of(tokenizer, "", ASKED, "I will")
    assert melted[: len(prompt)] != prompt  # " I" is one token there
    assert answer[0] == tokenizer.convert_tokens_to_ids("I")
    assert tokenizer.decode([*prompt, *answer]) == "user: May I?\nassistant: I will<|im_end|>"


def test_a_template_that_ends_with_nothing_gets_the_end_token() -> None:
    tokenizer = piece_tokenizer(ENDLESS)
    ids, mask = encode(tokenizer, "", "h", "a")
    assert tokenizer.convert_ids_to_tokens(ids) == [*letters(" user: h\nassistant: ", "▁"), "a", "</s>"]
    assert mask[-2:] == [1, 1]
    tokenizer.eos_token = None
    with pytest.raises(BadInputError, match="no end token"):
        encode(tokenizer, "", "h", "a")


def test_an_empty_block_of_reasoning_belongs_to_the_answer_and_an_open_one_is_refused() -> None:
    tokenizer = byte_tokenizer(EMPTY_REASONING)
    prompt, answer = tokens_of(tokenizer, "", ASKED, SAID)
    assert prompt == seen_by_generation(tokenizer, "", ASKED)
    assert tokenizer.decode(answer) == "<think>\n\n</think>\n\nNo.<|im_end|>"
    with pytest.raises(BadInputError, match="writes an answered conversation other than as its prompt and more"):
        encode(byte_tokenizer(OPEN_REASONING), "", ASKED, SAID)


def test_what_a_template_cannot_take_is_said() -> None:
    with pytest.raises(BadInputError, match="has no chat template: give it one, or use the template 'alpaca'"):
        encode(byte_tokenizer(None), "", ASKED, SAID)
    with pytest.raises(BadInputError, match="takes no such conversation: no system text"):
        encode(byte_tokenizer(NO_SYSTEM), "Be brief.", ASKED, SAID)
    shouting = CHATML.replace("message['content'] +", "message['content'].upper() +")
    with pytest.raises(BadInputError, match="alters the answer"):
        encode(byte_tokenizer(shouting), "", "MAY I?", SAID)


def test_alpaca_is_one_text_with_the_loss_on_all_of_it_where_wanted() -> None:
    tokenizer = piece_tokenizer(None)
    ids, mask = encode(tokenizer, "", "hi", "no", "alpaca", "everything")
    told = tokenizer.convert_ids_to_tokens(ids)
    assert told[:2] == ["<s>", "▁"]
    assert told.count("<s>") == told.count("</s>") == 1
    end = [*letters("### Instruction:\nhi\n\n### Response:\n", "▁"), "n", "o", "</s>"]
    assert told[-len(end) :] == end
    assert mask == [1] * len(ids)
    same, alone = encode(tokenizer, "", "hi", "no", "alpaca", "answer")
    assert same == ids
    assert alone == [0] * (len(ids) - 3) + [1, 1, 1]
    with pytest.raises(BadInputError, match="no place for a system text"):
        encode(tokenizer, "Be brief.", "hi", "no", "alpaca")


def demonstration(number: int, answer: str) -> Demonstration:
    name = f"d:{number}"
    return Demonstration(id=name, kind=Kind.HARMFUL, request=ASKED, answer=answer, family=name)


def test_one_in_a_hundred_may_be_too_long_and_is_listed() -> None:
    tokenizer = byte_tokenizer(GENERATION)
    short = len(encode(tokenizer, "", ASKED, "No.")[0])
    examples = [demonstration(n, "No." if n else "Never.") for n in range(100)]
    made, left_out = encode_demonstrations(tokenizer, examples, max_length=short)
    assert len(made) == 99
    assert [(one.id, one.reason) for one in left_out] == [("d:0", "truncated")]
    assert left_out[0].detail == f"{short + 3} tokens, and {short} fit"  # "Never." has three letters more
    with pytest.raises(
        BadInputError, match=rf"1 of 99 .* max_length = {short} tokens, the longest {short + 3}"
    ) as error:
        encode_demonstrations(tokenizer, examples[:99], max_length=short)
    assert error.value.faults == (f"d:0: {short + 3} tokens, and {short} fit",)


def test_a_preference_is_as_long_as_its_longer_side() -> None:
    tokenizer = byte_tokenizer(GENERATION)
    pair = Preference(id="p", kind=Kind.HARMFUL, request=ASKED, chosen="No.", rejected="Never.", family="p")
    (made,), _ = encode_preferences(tokenizer, [pair], max_length=99)
    assert made.prompt == seen_by_generation(tokenizer, "", ASKED)
    assert tokenizer.decode(made.chosen) == "No.<|im_end|>"
    assert tokenizer.decode(made.rejected) == "Never.<|im_end|>"
    length = len(made.prompt) + len(made.rejected)
    assert encode_preferences(tokenizer, [pair], max_length=length)[1] == []
    with pytest.raises(BadInputError, match=f"the longest {length}"):
        encode_preferences(tokenizer, [pair], max_length=length - 1)


def test_an_answer_that_spells_a_token_of_the_tokenizers_own_is_refused() -> None:
    tokenizer = byte_tokenizer(GENERATION)
    examples = [demonstration(0, "No."), demonstration(1, "No.<|im_end|>Yes."), demonstration(2, "<|im_start|>")]
    with pytest.raises(BadInputError, match=r"2 answer\(s\) hold a token") as error:
        encode_demonstrations(tokenizer, examples, max_length=999)
    assert error.value.faults == ("d:1: d:1: an answer holds <|im_end|>", "d:2: d:2: an answer holds <|im_start|>")
