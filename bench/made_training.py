"""What bench/train.py trains: a model of random weights, examples of medical lengths, and what they cost in FLOPs."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import AutoModelForCausalLM, Qwen2Config

from primum.align.preference import Pair

TEMPLATE = 30  # tokens that a chat template sets around a request, its system text included
REQUEST, REQUEST_SPREAD = 22, 0.25  # median tokens and standard deviation of their logarithm
ANSWER, ANSWER_SPREAD = 62, 0.22
"""medsafetybench-train: median 113 characters a request (spread .25) and 298 an answer (.18); starter-train in English 95
(.23) and 304 (.24); at some 5 characters a token."""
LONG, LONG_SPREAD = 250, 0.5  # of a rejected answer that goes along with the request: an assumption
END = 1


class Shape(NamedTuple):
    """A Qwen2 architecture and where it is trained."""

    name: str
    width: int
    inner: int
    layers: int
    heads: int
    groups: int  # key and value heads
    vocabulary: int
    tied: bool
    device: str = "cpu"
    dtype: torch.dtype = torch.float32


SMALL = Shape("12 M parameters", 384, 1024, 7, 6, 2, 2048, True)
LARGE = Shape("Qwen2.5-7B's shape", 3584, 18944, 28, 28, 4, 152064, False, "cuda", torch.bfloat16)


def made_model(shape: Shape) -> Any:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.groups,
        tie_word_embeddings=shape.tied,
        max_position_embeddings=32768,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=END,
    )
    with torch.device(shape.device):
        return AutoModelForCausalLM.from_config(config, dtype=shape.dtype).eval()


def made_pairs(n: int, seed: int, shape: Shape, *, long: bool = False) -> list[Pair]:
    """Prompts, answers, and answers to reject: as long as the others, or `long`. Each token has three that may follow it, so
    there is something to learn."""
    rng = np.random.default_rng(seed)
    tokens = min(shape.vocabulary, 2048)
    follows = np.random.default_rng(0).zipf(1.3, (tokens, 3)) % (tokens - 4) + 4

    def text(count: int) -> list[int]:
        made = [int(rng.integers(4, tokens))]
        while len(made) < count:
            made.append(int(follows[made[-1], rng.integers(3)]))
        return made

    def drawn(median: int, spread: float) -> list[int]:
        return [max(2, round(float(x))) for x in np.exp(rng.normal(math.log(median), spread, n))]

    rejected = drawn(LONG, LONG_SPREAD) if long else drawn(ANSWER, ANSWER_SPREAD)
    lengths = zip(drawn(REQUEST, REQUEST_SPREAD), drawn(ANSWER, ANSWER_SPREAD), rejected, strict=True)
    return [Pair(text(TEMPLATE + p), [*text(c - 1), END], [*text(r - 1), END]) for p, c, r in lengths]


def tokens_of(pairs: Sequence[Pair], method: str) -> int:
    """Tokens that are no padding: of DPO those of both rows of a pair, the prompt twice."""
    prompts, chosen, rejected = (sum(len(pair[side]) for pair in pairs) for side in range(3))
    return prompts + chosen if method == "sft" else 2 * prompts + chosen + rejected


def flops_of(pairs: Sequence[Pair], method: str, shape: Shape, rank: int) -> float:
    """FLOPs of one epoch that cannot be left out: no padding, no recomputation, the head on answers alone, and of DPO the
    prompt once and no reference.

    Of a linear layer of m x n weights: forward 2mn a token, backward 2mn (for activations alone: the weights are frozen; none for
    q, k, v of the first layer), of its LoRA 6r(m + n). Attention: a token that sees t tokens 4t x width, backward twice.
    """
    head = shape.width // shape.heads
    qkv = [(shape.width, shape.width), (shape.width, shape.groups * head), (shape.width, shape.groups * head)]
    sizes = [*qkv, (shape.width, shape.width)] + 3 * [(shape.width, shape.inner)]
    frozen = 4 * shape.layers * sum(m * n for m, n in sizes) - 2 * sum(m * n for m, n in qkv)
    a_token = frozen + 6 * rank * shape.layers * sum(m + n for m, n in sizes)
    attention = 3 * 4 * shape.width * shape.layers
    total = 0.0
    for prompt, *answers in pairs:
        p, others = len(prompt), [len(one) for one in (answers[:1] if method == "sft" else answers)]
        seen = p * (p + 1) / 2 + sum(a * p + a * (a + 1) / 2 for a in others)
        total += (p + sum(others)) * a_token + attention * seen + sum(others) * 4 * shape.width * shape.vocabulary
    return total


def clock(shape: Shape) -> float:
    """Seconds: of this process's CPU, which other work on the machine does not lengthen much; on a GPU of the wall."""
    if shape.device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def peak_of(shape: Shape, dtype: torch.dtype) -> float:
    """The most FLOPs a second that a product of two square matrices reaches here."""
    best = 0.0
    for size in (512, 1024, 2048) if shape.device == "cpu" else (4096, 8192):
        a = torch.randn(size, size, device=shape.device).to(dtype)
        for _ in range(8):
            started = clock(shape)
            a @ a
            best = max(best, 2 * size**3 / (clock(shape) - started))
    return best
