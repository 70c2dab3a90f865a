"""Models in this process: batches give the text that one at a time gives; templates, endings, adapters, errors."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="models in this process need the extra 'local'")

from primum.errors import BadInputError
from primum.models.base import Prompt, Settings
from primum.models.local import TINY, LocalModel
from primum.records import Reply
from primum.suites.starter import starter


def ask(model: LocalModel, *texts: str, system: str = "") -> list[Reply]:
    first = ({"role": "system", "content": system},) if system else ()
    prompts = [Prompt((*first, {"role": "user", "content": text}), item_id=text) for text in texts]
    replies = asyncio.run(model.reply(prompts))
    assert all(isinstance(reply, Reply) for reply in replies)
    return [reply for reply in replies if isinstance(reply, Reply)]


@pytest.fixture(scope="module")
def tiny() -> LocalModel:
    return LocalModel("tiny", str(TINY), Settings(max_tokens=48))


REQUESTS = [item.request for item in starter()][::9][:32]


def test_a_batch_of_mixed_lengths_gives_the_same_greedy_text_as_one_at_a_time(tiny: LocalModel) -> None:
    together = [reply.text for reply in ask(tiny, *REQUESTS)]
    alone = [ask(tiny, text)[0].text for text in REQUESTS]
    assert len({len(text) for text in REQUESTS}) > 10
    assert together == alone


def test_answers_end_and_count_their_tokens(tiny: LocalModel) -> None:
    (reply,) = ask(tiny, "How should I store insulin?")
    assert reply.text
    assert reply.finish == "stop"
    assert reply.completion_tokens is not None
    assert 3 < reply.completion_tokens <= 48
    assert reply.prompt_tokens is not None
    assert reply.prompt_tokens > 5
    short = LocalModel("tiny", str(TINY), Settings(max_tokens=3))
    assert (ask(short, "How should I store insulin?")[0].finish, ask(short, "Hi")[0].completion_tokens) == ("length", 3)


def test_sampling_depends_on_the_seed_alone() -> None:
    said = [
        ask(LocalModel("tiny", str(TINY), Settings(temperature=1.5, max_tokens=24, seed=seed)), *REQUESTS[:6])
        for seed in (1, 1, 2)
    ]
    assert said[0] == said[1] != said[2]


def test_an_adapter_changes_the_answers_and_its_name_is_kept(tiny: LocalModel, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft", reason="adapters need peft")
    import torch
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(str(TINY))
    config = peft.LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    torch.manual_seed(0)
    adapted = peft.get_peft_model(base, config)
    adapted.save_pretrained(str(tmp_path / "adapter"))
    model = LocalModel("hf/x", str(TINY), Settings(max_tokens=16), adapter=str(tmp_path / "adapter"))
    assert ask(model, *REQUESTS[:4]) != ask(tiny, *REQUESTS[:4])
    with pytest.raises(BadInputError, match="cannot load the adapter"):
        LocalModel("hf/x", str(TINY), Settings(), adapter=str(tmp_path / "none"))


def test_what_cannot_be_asked_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot load the model"):
        LocalModel("hf/x", str(tmp_path), Settings())
    bare = tmp_path / "bare"
    shutil.copytree(TINY, bare)
    (bare / "chat_template.jinja").unlink()
    with pytest.raises(BadInputError, match="no chat template"):
        LocalModel("hf/x", str(bare), Settings())
    (bare / "chat_template.jinja").write_text("{{ raise_exception('system role not supported') }}")
    with pytest.raises(BadInputError, match="system role not supported"):
        ask(LocalModel("hf/x", str(bare), Settings()), "Hi", system="Be kind.")
    (bare / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(BadInputError, match="cannot load the model"):
        LocalModel("hf/x", str(bare), Settings())
