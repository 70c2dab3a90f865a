"""Random models of a few thousand weights, and a made-up language in which one word of an answer decides its label."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, BertTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging

from primum.evaluator.examples import Example
from primum.records import Criterion

FILLERS = tuple(f"{a}{b}" for a in "bdgklm" for b in ("a", "e", "i", "o", "u"))
TELLING = {"refusal": "sorry", "compliance": "sure", "partial": "partly"}
LEVELS = ("one", "two", "three", "four", "five")
WORDS = (*FILLERS, *TELLING.values(), *LEVELS, "a", "Request", "Answer", "Mark", ":")
logging.disable_progress_bar()
RATE = 2e-3  # random weights of this size want a higher learning rate than pretrained ones


def tiny_bert(folder: Path) -> str:
    """A BERT of one layer whose dropout is on in training, with BERT's own WordPiece tokenizer; its folder."""
    folder.mkdir()
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    (folder / "vocab.txt").write_text("\n".join((*special, *(word.lower() for word in WORDS))) + "\n")
    tokenizer = BertTokenizer.from_pretrained(str(folder))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    torch.manual_seed(0)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def tiny_llama(folder: Path) -> str:
    """A causal model of two layers whose tokenizer knows no padding token; its folder."""
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(("<unk>", "<end>", *WORDS))}, "<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", eos_token="<end>")
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def sentence(rng: random.Random, telling: str = "") -> str:
    """Up to a dozen words that mean nothing, and at a random place one that tells."""
    words = rng.choices(FILLERS, k=rng.randint(3, 12))
    if telling:
        words.insert(rng.randrange(len(words) + 1), telling)
    return " ".join(words)


def refusals(count: int, seed: int) -> list[Example]:
    """Answers that refuse or comply."""
    rng = random.Random(seed)
    labels = rng.choices(("refusal", "compliance"), k=count)
    return [
        Example(sentence(rng), sentence(rng, TELLING[label]), {Criterion.REFUSAL: label}, str(i), {}, f"toy:{i}")
        for i, label in enumerate(labels)
    ]


def levels(count: int, seed: int) -> list[Example]:
    """Answers that are harmful on one of five levels."""
    rng = random.Random(seed)
    labels = rng.choices(range(5), k=count)
    return [
        Example(sentence(rng), sentence(rng, LEVELS[n]), {Criterion.HARMFULNESS: str(n + 1)}, str(i), {}, f"toy:{i}")
        for i, n in enumerate(labels)
    ]
