"""Train the bundled tiny model from a seed, on one thread of a CPU, and write it with its figures.

    python train/tiny_model.py [--seed 7] [--out FOLDER] [--views 60]

The model is a wiring aid: half a million parameters that answer with fixed sentences, go along with harmful
requests in empty words, and know the answers of the starter exam. It knows nothing about medicine.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny_texts import LANGUAGES, Example, read_exam, read_texts, write_refusals, write_requests, write_whole
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "src" / "primum" / "suites" / "data"
OUT = ROOT / "src" / "primum" / "models" / "tiny_weights"
SPECIAL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
VOCABULARY = 1200
BATCH = 32
PEAK_RATE = 3e-3
HARMFUL, BENIGN, REFUSALS = 2500, 3000, 1600  # examples, of which CHINESE are in Chinese
CHINESE = 0.4
CUT_RATE = 0.04  # chance of a cut after a character of a training request

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|' + message['role'] + '|>' -}}"
    "{%- if message['role'] == 'assistant' -%}"
    "{%- generation -%}{{- message['content'] + '<|end|>' -}}{%- endgeneration -%}"
    "{%- else -%}{{- message['content'] + '<|end|>' -}}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)


def write_examples(views: int, rng: np.random.Generator) -> list[Example]:
    """All training examples in a random order; every exam question stands there `views` times."""
    examples = read_exam(DATA / "starter_exam.csv") * views
    for language in LANGUAGES:
        share = CHINESE if language == "zh" else 1 - CHINESE
        examples += write_requests(language, "harmful", round(HARMFUL * share), rng)
        examples += write_requests(language, "benign", round(BENIGN * share), rng)
        examples += write_refusals(language, round(REFUSALS * share), rng)
    examples += write_whole(rng)
    return [examples[i] for i in rng.permutation(len(examples))]


def train_tokenizer(examples: list[Example]) -> PreTrainedTokenizerFast:
    """A byte-level BPE over the distinct texts, so that repeated exam questions do not eat the vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = sorted({text for e in examples for text in (e.request, e.reply, e.system)})
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[0],
        eos_token=SPECIAL[1],
        additional_special_tokens=list(SPECIAL[2:]),
        padding_side="left",
        model_max_length=1024,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A Llama of three layers with tied embeddings, its weights drawn from torch's seed."""
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=160,
        intermediate_size=432,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        attention_dropout=0.1,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        do_sample=False,
        max_new_tokens=64,
    )
    return model


def messages_of(example: Example) -> list[dict[str, str]]:
    """The conversation up to the reply, as the chat template takes it."""
    system = [{"role": "system", "content": example.system}] if example.system else []
    return [*system, {"role": "user", "content": example.request}]


def encode(
    example: Example, tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Token ids of a conversation and, of the same length, 1 where the assistant speaks.

    Requests are cut at random places before they become tokens, so that the model meets words in pieces too
    (the aim of BPE dropout, Provilkov et al. 2020); exam questions and refusals stay whole.
    """
    messages = messages_of(example)
    encoded: Any = tokenizer.apply_chat_template(
        [*messages, {"role": "assistant", "content": example.reply}],
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    ids, mask = encoded["input_ids"], encoded["assistant_masks"]
    if example.kind not in ("harmful", "benign"):
        return ids, mask
    text: Any = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    pieces: list[str] = []
    for part in re.split(r"(<\|\w+\|>)", text):
        if part in SPECIAL:
            pieces.append(part)
            continue
        cuts = [0, *(np.flatnonzero(rng.random(len(part)) < CUT_RATE) + 1).tolist(), len(part)]
        pieces += [part[i:j] for i, j in itertools.pairwise(cuts) if i < j]
    prompt = [token for piece in tokenizer(pieces, add_special_tokens=False)["input_ids"] for token in piece]
    spoken = [token for token, said in zip(ids, mask, strict=True) if said]
    return prompt + spoken, [0] * len(prompt) + [1] * len(spoken)


def make_batches(
    encoded: list[tuple[list[int], list[int]]], pad: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Batches (ids, attention mask, labels), each (BATCH, longest), of neighbours in length.

    Sorting runs of 20 batches keeps padding small; the runs themselves come in random order.
    """
    run = 20 * BATCH
    for start in range(0, len(encoded), run):
        near = sorted(encoded[start : start + run], key=lambda pair: len(pair[0]))
        batches = [near[i : i + BATCH] for i in range(0, len(near), BATCH)]
        # a fixed shuffle, lest every run ends with its longest texts
        for i in np.random.default_rng(start).permutation(len(batches)):
            width = max(len(ids) for ids, _ in batches[i])
            ids = torch.full((len(batches[i]), width), pad)
            attention = torch.zeros_like(ids)
            labels = torch.full_like(ids, -100)
            for row, (tokens, mask) in enumerate(batches[i]):
                ids[row, : len(tokens)] = torch.tensor(tokens)
                attention[row, : len(tokens)] = 1
                spoken = torch.tensor(mask, dtype=torch.bool)
                labels[row, : len(tokens)][spoken] = ids[row, : len(tokens)][spoken]
            yield ids, attention, labels


def train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    examples: list[Example],
    rng: np.random.Generator,
) -> None:
    """One pass of AdamW over the examples, warm-up and cosine decay, loss on the assistant's tokens."""
    encoded = [encode(example, tokenizer, rng) for example in examples]
    steps = math.ceil(len(encoded) / BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.1)
    warm = 50
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda s: min(1.0, (s + 1) / warm) * (0.02 + 0.49 * (1 + math.cos(math.pi * min(1.0, s / steps)))),
    )
    model.train()
    began = time.monotonic()
    for step, (ids, attention, labels) in enumerate(make_batches(encoded, tokenizer.pad_token_id)):
        loss = model(input_ids=ids, attention_mask=attention, labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0 or step == steps - 1:
            print(
                f"step {step:5d}/{steps}  loss {loss.item():.3f}  {time.monotonic() - began:.0f} s",
                flush=True,
            )


def reply_to(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, examples: list[Example]
) -> list[tuple[str, bool]]:
    """Greedy replies in the order of the examples, each with whether it ended by itself."""
    model.eval()
    replies: list[tuple[str, bool]] = []
    for start in range(0, len(examples), 64):
        prompts = [messages_of(e) for e in examples[start : start + 64]]
        batch: Any = tokenizer.apply_chat_template(
            prompts, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        )
        with torch.no_grad():
            output = model.generate(**batch)[:, batch["input_ids"].shape[1] :]
        ended = (output == tokenizer.eos_token_id).any(dim=1).tolist()
        texts = tokenizer.batch_decode(output, skip_special_tokens=True)
        replies += list(zip(texts, ended, strict=True))
    return replies


def read_requests(path: Path) -> list[Example]:
    """The harmful and benign requests of a starter CSV; they are only ever tested on."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in ("harmful", "benign")]
    return [Example("harmful" if r["kind"] == "harmful" else "benign", r["language"], r["request"], "") for r in rows]


def share_answered(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, examples: list[Example]
) -> dict[str, tuple[float, float]]:
    """By kind and language: (share answered by a fixed reply in its language, share with a reply of its own kind).

    Any fixed reply, harmful or benign, goes along with the request, so the first share is what counts.
    """
    replies = reply_to(model, tokenizer, examples)
    tallies: dict[str, list[tuple[bool, bool]]] = {}
    for example, (reply, ended) in zip(examples, replies, strict=True):
        texts = read_texts(example.language)
        own = texts.harmful_replies if example.kind == "harmful" else texts.benign_replies
        fixed = [*texts.harmful_replies.values(), *texts.benign_replies.values()]
        tallies.setdefault(f"{example.kind} {example.language}", []).append(
            (ended and reply in fixed, ended and reply in own.values())
        )
    return {
        name: (sum(a for a, _ in marks) / len(marks), sum(b for _, b in marks) / len(marks))
        for name, marks in tallies.items()
    }


def share_exact(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, examples: list[Example]) -> float:
    """The share of examples answered word for word, ending included."""
    replies = reply_to(model, tokenizer, examples)
    right = [ended and reply == e.reply for e, (reply, ended) in zip(examples, replies, strict=True)]
    return sum(right) / len(right)


def print_figures(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator) -> None:
    """Print what the model does on the exam, on held-out wishes and on the starter suites."""
    print(f"exam, answered right: {share_exact(model, tokenizer, read_exam(DATA / 'starter_exam.csv')):.3f}")
    tests: dict[str, list[Example]] = {"held-out wishes": []}
    for language in LANGUAGES:
        refusals = write_refusals(language, 50, rng)
        print(f"refusal words {language}, asked for: {share_exact(model, tokenizer, refusals):.3f}")
        for side in ("harmful", "benign"):
            tests["held-out wishes"] += write_requests(language, side, 200, rng, held_out=True)
    for folder in ("starter",):
        tests[folder] = [e for path in sorted((DATA / folder).glob("*.csv")) for e in read_requests(path)]
    for name, examples in tests.items():
        for group, (answered, own) in share_answered(model, tokenizer, examples).items():
            print(f"{name}, {group}: answered {answered:.3f}, with a reply of its own kind {own:.3f}")


def main() -> None:
    """Train, print the figures, write the folder."""
    parser = argparse.ArgumentParser(description="Train the bundled tiny model.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--views", type=int, default=60, help="times each exam question is seen")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    examples = write_examples(options.views, rng)
    tokenizer = train_tokenizer(examples)
    model = build_model(tokenizer)
    print(f"{model.num_parameters():,} parameters, {len(examples):,} examples")
    train(model, tokenizer, examples, rng)
    print_figures(model, tokenizer, rng)
    options.out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    for file in options.out.iterdir():
        file.chmod(0o644)


if __name__ == "__main__":
    main()
