"""Merging: the merged model says what base and adapter say, or it is not kept."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft", reason="adapters need the extra 'align'")

import torch
from tests.align.toy_adapters import adapter_folder, lora, other_base
from tests.command import primum
from transformers import AutoModelForCausalLM, AutoTokenizer

from primum.align import merge
from primum.align.merge import PROMPTS, merge_adapter
from primum.errors import BadInputError, StoppedError
from primum.models.adapter import base_sha256, check_adapter
from primum.models.local import TINY, load
from primum.records import Merged


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return adapter_folder(tmp_path_factory.mktemp("adapters") / "one")


def logits(model: Any, tokenizer: Any, text: str) -> torch.Tensor:
    """The logits after every token of a request, worked out here and not by what is tested."""
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": text}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.inference_mode():
        said: torch.Tensor = model(**ids).logits
    return said


def empty(folder: Path) -> list[str]:
    """What lies in a folder, hidden or not."""
    return [file.name for file in folder.iterdir()] if folder.exists() else []


def test_merged_weights_say_what_base_and_adapter_say(made: Path, tmp_path: Path) -> None:
    told = merge_adapter(str(TINY), str(made), tmp_path / "merged")
    base, tokenizer = load(str(TINY))
    adapted, _ = load(str(TINY), str(made))
    merged, own = load(str(tmp_path / "merged"))
    text = "Which vaccines does a nurse need?"  # none of the prompts that were compared
    together = logits(adapted, tokenizer, text)
    assert float((logits(merged, own, text) - together).abs().max()) < 1e-4
    assert float((logits(base, tokenizer, text) - together).abs().max()) > 0.1  # the adapter does something
    assert told.difference < 1e-4
    assert told.difference <= told.tolerance < 1e-3
    assert told.effect > 0.1
    assert told.agree == 1
    assert (told.dtype, told.prompts) == ("float32", len(PROMPTS))
    assert told.base_sha256 == base_sha256(str(TINY))
    assert told.adapter_sha256 == check_adapter(made).weights_sha256
    assert Merged.model_validate_json((tmp_path / "merged" / "merge.json").read_bytes()) == told


def test_the_folder_is_a_model_of_its_own(made: Path, tmp_path: Path) -> None:
    merge_adapter(str(TINY), str(made), tmp_path / "merged")
    there = {file.name for file in (tmp_path / "merged").iterdir()}
    assert there == {
        *("config.json", "generation_config.json", "model.safetensors", "merge.json"),
        *("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"),
    }
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        assert (tmp_path / "merged" / name).read_bytes() == (TINY / name).read_bytes()
    assert empty(tmp_path) == ["merged"]
    done = primum(
        *("eval", f"hf/{tmp_path / 'merged'}", "--suite", "starter", "--limit", "4", "--quiet", "--json"), cwd=tmp_path
    )
    assert done.code == 0, done.err
    assert done.json()["responses"]["ok"] == 4


def test_an_adapter_that_does_nothing_merges_into_the_base(tmp_path: Path) -> None:
    lora(scale=0.0).save_pretrained(str(tmp_path / "idle"))
    told = merge_adapter(str(TINY), str(tmp_path / "idle"), tmp_path / "merged")
    assert (told.difference, told.effect, told.agree) == (0, 0, 1)


def test_a_model_of_small_logits_is_held_against_five(tmp_path: Path) -> None:
    quiet = Path(shutil.copytree(TINY, tmp_path / "quiet"))
    model = AutoModelForCausalLM.from_pretrained(str(TINY))
    with torch.no_grad():
        model.model.norm.weight.mul_(0.001)  # every logit is a thousandth
    model.save_pretrained(str(quiet))
    adapter = adapter_folder(tmp_path / "adapter", str(quiet))
    told = merge_adapter(str(quiet), str(adapter), tmp_path / "merged")
    assert told.effect < 1
    assert told.tolerance == pytest.approx(2e-5 * 5)


def test_weights_keep_the_precision_of_the_base(tmp_path: Path) -> None:
    half = Path(shutil.copytree(TINY, tmp_path / "half"))
    model = AutoModelForCausalLM.from_pretrained(str(TINY)).to(torch.bfloat16)
    model.save_pretrained(str(half))
    strong = adapter_folder(tmp_path / "strong", str(half), scale=0.1)
    told = merge_adapter(str(half), str(strong), tmp_path / "merged")
    stored = AutoModelForCausalLM.from_pretrained(str(tmp_path / "merged"), dtype="auto")
    assert told.dtype == "bfloat16"
    assert stored.dtype == torch.bfloat16
    assert 1e-4 < told.difference <= told.tolerance  # rounding, and no more
    weak = adapter_folder(tmp_path / "weak", str(half), scale=1e-5)
    with pytest.raises(BadInputError, match=r"rounding to bfloat16 moves a logit.*merging would undo it"):
        merge_adapter(str(half), str(weak), tmp_path / "undone")
    assert not (tmp_path / "undone").exists()


# --- what is refused leaves nothing behind


def test_a_merged_model_that_says_something_else_is_not_kept(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(model: Any, adapter: str) -> Any:
        merged = model.merge_and_unload()
        merged.model.norm.weight.data[0] += 0.01
        return merged

    monkeypatch.setattr(merge, "_merged", forgetful)
    with pytest.raises(BadInputError, match="the merged model is not base and adapter: a logit differs by"):
        merge_adapter(str(TINY), str(made), tmp_path / "merged")
    assert empty(tmp_path) == []


def test_a_head_that_is_tied_to_the_embedding_cannot_be_merged_alone(tmp_path: Path) -> None:
    """The bundled model's head and embedding are one matrix: an adapter of the head alone has no place in it."""
    lora(target_modules=["lm_head"], scale=0.5).save_pretrained(str(tmp_path / "head"))
    with pytest.raises(BadInputError, match="is not base and adapter"):
        merge_adapter(str(TINY), str(tmp_path / "head"), tmp_path / "merged")
    assert empty(tmp_path) == ["head"]


def test_an_adapter_of_another_base_is_refused_by_both_names(made: Path, tmp_path: Path) -> None:
    other = other_base(tmp_path / "other")
    with pytest.raises(BadInputError, match=rf"was trained on tiny \(SHA-256 \w{{12}}\), not on {other} \(\w{{12}}\)"):
        merge_adapter(other, str(made), tmp_path / "merged")
    assert empty(tmp_path) == ["other"]


def test_a_folder_that_is_taken_is_left_alone(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(BadInputError, match="is there already and not empty"):
        merge_adapter(str(TINY), str(made), out)
    assert empty(out) == ["mine.txt"]
    (out / "mine.txt").unlink()
    assert merge_adapter(str(TINY), str(made), out).tokens > 50  # an empty one will do


def test_an_adapter_that_is_no_sum_of_weights_is_told_of(tmp_path: Path) -> None:
    import peft

    model = AutoModelForCausalLM.from_pretrained(str(TINY))
    prompt = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    peft.get_peft_model(model, prompt).save_pretrained(str(tmp_path / "prompt"))
    with pytest.raises(BadInputError, match=r"\(PROMPT_TUNING\) cannot be merged"):
        merge_adapter(str(TINY), str(tmp_path / "prompt"), tmp_path / "merged")


def test_a_full_disk_leaves_nothing_and_the_same_command_then_works(made: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))  # bytes: the model has 2.2 million
    try:
        with pytest.raises(StoppedError, match=r"could not write the merged model.*make room"):
            merge_adapter(str(TINY), str(made), tmp_path / "merged")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert empty(tmp_path) == []
    assert merge_adapter(str(TINY), str(made), tmp_path / "merged").agree == 1


# --- the command


def test_the_command_tells_the_difference_and_the_next_step(made: Path, tmp_path: Path) -> None:
    command = ("align", "merge", "--model", "tiny", "--adapter", str(made), "--out", "merged")
    done = primum(*command, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.err == ""
    assert "largest difference of a logit" in done.out
    assert "next: primum eval hf/merged" in done.out
    again = primum(*command, cwd=tmp_path)
    assert (again.code, again.out) == (2, "")
    assert again.err.startswith("primum: merged is there already")
    told = primum(*command[:-1], "second", "--json", cwd=tmp_path).json()
    assert told["path"] == "second"
    assert told["difference"] <= told["tolerance"]
    for wrong in ("openai/m", f"tiny+{made}", "hf/"):
        refused = primum(*command[:2], "--model", wrong, *command[4:], cwd=tmp_path)
        assert refused.code == 2
        assert "--model is hf/PATH" in refused.err


def test_the_tokenizer_of_the_merged_model_is_the_base_s(made: Path, tmp_path: Path) -> None:
    merge_adapter(str(TINY), str(made), tmp_path / "merged")
    texts = ["How are you? 病人 🩺", "<|user|>x<|end|>"]
    one, two = (AutoTokenizer.from_pretrained(str(path)) for path in (TINY, tmp_path / "merged"))
    assert [one(text)["input_ids"] for text in texts] == [two(text)["input_ids"] for text in texts]
