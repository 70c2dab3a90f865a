"""Transformers, one request at a time: `python bench/one_by_one.py RUN MAX_TOKENS` asks the items of a run again.

Prints a JSON object: seconds of the loop without loading, and how many texts are those of the run.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from primum.ledger import read_records
from primum.models.local import TINY
from primum.prompts import choice_question
from primum.records import Item, Kind, Response


def main(run: Path, tokens: int) -> None:
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(TINY)
    model = AutoModelForCausalLM.from_pretrained(TINY, dtype=torch.float32)
    model.eval()
    recorded = {response.item_id: response.text for response in read_records(run, Response)}
    items = list(read_records(run, Item))
    texts = []
    started = time.perf_counter()
    for item in items:
        asked = item.request
        if item.kind is Kind.CHOICE:
            asked = choice_question(item.request, item.options, item.language)
        message = [{"role": "user", "content": asked}]
        text = tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
        inputs = tokenizer(text, return_tensors="pt", add_special_tokens=False)
        with torch.inference_mode():
            output = model.generate(
                **inputs, max_new_tokens=tokens, do_sample=False, pad_token_id=tokenizer.pad_token_id
            )
        answer = output[0][inputs["input_ids"].shape[1] :]
        texts.append(str(tokenizer.decode(answer, skip_special_tokens=True)).strip())
    wall = time.perf_counter() - started
    same = sum(recorded[item.id] == text for item, text in zip(items, texts, strict=True))
    print(json.dumps({"wall": wall, "items": len(items), "same": same}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
