"""The two trainers on the bundled model: what the loss is, that a killed training ends in the same weights, and what
stops one."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainerCallback

from primum.align.preference import REFERENCE, Pair, dpo_trainer
from primum.align.recipe import read_recipe
from primum.align.sft import sft_trainer
from primum.align.training import CHECKPOINTS, CURVE, ByLength, last_checkpoint, quiet, read_curve, run_training
from primum.errors import StoppedError
from primum.models.local import TINY, load
from primum.records import Recipe

quiet()
REQUESTS = [f"Please help me with matter number {n} on the ward{', and soon' * (n % 5)}." for n in range(40)]
REFUSAL, HELP = "I am sorry, but I cannot help with that.", "Happy to help. Talk openly with the person."


def encoded(tokenizer: Any, request: str, answer: str) -> tuple[list[int], list[int]]:
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": request}], tokenize=False, add_generation_prompt=True
    )
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    return ids, tokenizer(answer + "<|end|>", add_special_tokens=False)["input_ids"]


def sft_of(out: Path, recipe: Recipe, seed: int = 0, dropout: bool = True) -> Any:
    model, tokenizer = load(str(TINY))
    if not dropout:
        model.config.attention_dropout = 0.0
        for layer in model.model.layers:
            layer.self_attn.attention_dropout = 0.0
    pairs = [encoded(tokenizer, request, REFUSAL) for request in REQUESTS]
    rows = [(prompt + answer, [0] * len(prompt) + [1] * len(answer)) for prompt, answer in pairs]
    out.mkdir(parents=True, exist_ok=True)
    return sft_trainer(model, tokenizer, rows, recipe, out, seed=seed)


def dpo_of(out: Path, recipe: Recipe, model: Any = None) -> Any:
    base, tokenizer = load(str(TINY))
    pairs = []
    for request in REQUESTS:
        prompt, chosen = encoded(tokenizer, request, REFUSAL)
        pairs.append(Pair(prompt, chosen, encoded(tokenizer, request, HELP)[1]))
    out.mkdir(parents=True, exist_ok=True)
    return dpo_trainer(model or base, tokenizer, pairs, recipe, out, key=["tiny", "pairs"])


def recipe_of(method: Any, **changes: object) -> Recipe:
    return read_recipe("tiny", method).model_copy(update={"epochs": 2, "batch": 8, "micro": 4, **changes})


def weights_of(trainer: Any) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in trainer.model.named_parameters() if p.requires_grad}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class KilledError(Exception):
    pass


class KillAt(TrainerCallback):  # type: ignore[misc]
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if state.global_step == self.step:
            raise KilledError


def test_every_epoch_is_an_order_of_all_with_alike_lengths_together() -> None:
    lengths = np.random.default_rng(0).integers(5, 200, 203).tolist()
    sampler = ByLength(lengths, 8, seed=3)
    first = list(sampler)
    assert sorted(first) == list(range(203))
    assert list(ByLength(lengths, 8, seed=3)) == first
    assert list(ByLength(lengths, 8, seed=4)) != first
    sampler.set_epoch(1)
    assert list(sampler) != first
    spread = np.mean([np.ptp([lengths[i] for i in first[start : start + 8]]) for start in range(0, 192, 8)])
    # 8 of 200 at random lie about 150 apart; sorted within 128, 8 neighbours of 195 values lie about 195 * 8 / 128 = 12
    assert spread < 25


def test_the_loss_of_sft_is_that_of_the_answer_alone(tmp_path: Path) -> None:
    trainer = sft_of(tmp_path, recipe_of("sft", batch=40, micro=40, epochs=1), dropout=False)
    run_training(trainer, tmp_path)
    model, tokenizer = load(str(TINY))
    total, count = 0.0, 0
    for request in REQUESTS:
        prompt, answer = encoded(tokenizer, request, REFUSAL)
        with torch.no_grad():
            logits = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
        total -= sum(float(logits[len(prompt) - 1 + i, token]) for i, token in enumerate(answer))
        count += len(answer)
    # the first step, before any update: a new adapter changes nothing, since LoRA's B is zero
    assert read_curve(tmp_path / CURVE)[0]["loss"] == pytest.approx(total / count, rel=1e-4)


def test_the_loss_of_dpo_by_hand(tmp_path: Path) -> None:
    trainer = dpo_of(tmp_path, recipe_of("dpo", batch=40, micro=40, epochs=2, loss={"sigmoid": 1.0, "sft": 0.5}))
    run_training(trainer, tmp_path)
    first, second = read_curve(tmp_path / CURVE)
    kept = np.load(tmp_path / REFERENCE)
    # before any update policy and reference are one, so the preference term is -log sigmoid(0) = log 2; the other term
    # is TRL's mean over the chosen tokens, all of which are the same answer here
    _, tokenizer = load(str(TINY))
    length = len(encoded(tokenizer, "", REFUSAL)[1])
    nll = -kept["chosen"].mean() / length
    assert first["loss"] == pytest.approx(np.log(2) + 0.5 * nll, rel=1e-4)
    assert first["reward_margin"] == pytest.approx(0, abs=1e-5)
    assert first["logp_chosen"] == pytest.approx(kept["chosen"].mean(), rel=1e-4)
    assert first["logp_rejected"] == pytest.approx(kept["rejected"].mean(), rel=1e-4)
    assert second["reward_chosen"] == pytest.approx(0.1 * (second["logp_chosen"] - kept["chosen"].mean()), rel=1e-3)


def test_dpo_from_an_adapter_has_that_adapter_as_its_reference(tmp_path: Path) -> None:
    from peft import PeftModel

    trainer = sft_of(tmp_path / "sft", recipe_of("sft"))
    run_training(trainer, tmp_path / "sft")
    trainer.model.save_pretrained(tmp_path / "adapter")
    model, _ = load(str(TINY))
    further = dpo_of(
        tmp_path / "dpo", recipe_of("dpo"), PeftModel.from_pretrained(model, tmp_path / "adapter", is_trainable=True)
    )
    base = dpo_of(tmp_path / "base", recipe_of("dpo"))
    chosen = np.load(tmp_path / "dpo" / REFERENCE)["chosen"]
    assert chosen.mean() > np.load(tmp_path / "base" / REFERENCE)["chosen"].mean() + 1  # it has learnt the refusal
    run_training(further, tmp_path / "dpo")
    assert read_curve(tmp_path / "dpo" / CURVE)[0]["reward_margin"] == pytest.approx(0, abs=1e-4)
    assert base.train_dataset["ref_chosen_logps"] != further.train_dataset["ref_chosen_logps"]


def test_the_reference_is_kept_for_its_key_alone(tmp_path: Path) -> None:
    dpo_of(tmp_path, recipe_of("dpo"))
    with np.load(tmp_path / REFERENCE) as kept:
        np.savez(tmp_path / REFERENCE, key=kept["key"], chosen=kept["chosen"] + 1, rejected=kept["rejected"])
        chosen = kept["chosen"]
    assert dpo_of(tmp_path, recipe_of("dpo")).train_dataset["ref_chosen_logps"] == pytest.approx(chosen + 1)
    with np.load(tmp_path / REFERENCE) as kept:
        np.savez(tmp_path / REFERENCE, key="another", chosen=kept["chosen"], rejected=kept["rejected"])
    assert dpo_of(tmp_path, recipe_of("dpo")).train_dataset["ref_chosen_logps"] == pytest.approx(chosen)


@pytest.mark.parametrize(("method", "step"), [("sft", 1), ("sft", 5), ("sft", 7), ("dpo", 4)])
def test_a_training_that_was_stopped_ends_in_the_same_weights(method: str, step: int, tmp_path: Path) -> None:
    build: Any = sft_of if method == "sft" else dpo_of
    whole = build(tmp_path / "whole", recipe_of(method))
    run_training(whole, tmp_path / "whole")
    broken = build(tmp_path / "broken", recipe_of(method))
    broken.add_callback(KillAt(step))
    with pytest.raises(KilledError):
        run_training(broken, tmp_path / "broken")
    again = build(tmp_path / "broken", recipe_of(method))
    run_training(again, tmp_path / "broken")
    assert same(weights_of(again), weights_of(whole))
    rows, expected = read_curve(tmp_path / "broken" / CURVE), read_curve(tmp_path / "whole" / CURVE)
    assert [(r["step"], r["loss"]) for r in rows] == [(r["step"], r["loss"]) for r in expected]
    assert len(rows) == 10  # 40 examples, 8 a step, 2 epochs


def test_seeds_change_initialisation_order_and_dropout(tmp_path: Path) -> None:
    first, again, other = (sft_of(tmp_path / str(n), recipe_of("sft"), seed=seed) for n, seed in enumerate((1, 1, 2)))
    assert same(weights_of(first), weights_of(again))
    assert not same(weights_of(first), weights_of(other))
    for n, trainer in enumerate((first, again, other)):
        run_training(trainer, tmp_path / str(n))
    assert same(weights_of(first), weights_of(again))
    assert not same(weights_of(first), weights_of(other))


def test_a_checkpoint_that_was_not_written_to_its_end_does_not_count(tmp_path: Path) -> None:
    trainer = sft_of(tmp_path, recipe_of("sft"))
    trainer.add_callback(KillAt(6))
    with pytest.raises(KilledError):
        run_training(trainer, tmp_path)
    whole = last_checkpoint(tmp_path)
    assert whole is not None
    (tmp_path / CHECKPOINTS / "checkpoint-99").mkdir()
    (tmp_path / CHECKPOINTS / "checkpoint-99" / "adapter_model.safetensors").write_bytes(b"half")
    assert last_checkpoint(tmp_path) == whole
    assert not (tmp_path / CHECKPOINTS / "checkpoint-99").exists()


def test_a_loss_that_is_no_number_stops_before_it_reaches_the_weights(tmp_path: Path) -> None:
    trainer = sft_of(tmp_path, recipe_of("sft"))
    step = trainer.training_step
    calls = []

    def poisoned(model: Any, inputs: Any, count: Any = None) -> Any:
        calls.append(1)
        loss = step(model, inputs, count)
        if len(calls) == 9:  # two calls a step: the fifth step
            next(p for p in model.parameters() if p.grad is not None).grad.fill_(float("nan"))
        return loss

    trainer.training_step = poisoned
    with pytest.raises(StoppedError, match=r"no number at step 5.*learning_rate"):
        run_training(trainer, tmp_path)
    last = last_checkpoint(tmp_path)
    assert last is not None
    assert last.name == "checkpoint-4"
    assert all(bool(torch.isfinite(t).all()) for t in load_file(last / "adapter_model.safetensors").values())
    assert all(bool(torch.isfinite(t).all()) for t in weights_of(trainer).values())


def test_a_loss_that_is_no_number_at_once_promises_no_checkpoint(tmp_path: Path) -> None:
    trainer = sft_of(tmp_path, recipe_of("sft"))
    step = trainer.training_step

    def poisoned(model: Any, inputs: Any, count: Any = None) -> Any:
        loss = step(model, inputs, count)
        next(p for p in model.parameters() if p.grad is not None).grad.fill_(float("nan"))
        return loss

    trainer.training_step = poisoned
    with pytest.raises(StoppedError, match="no number at step 1: no checkpoint was written before it"):
        run_training(trainer, tmp_path)


def test_a_curve_is_whole_when_the_disk_is_full_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = sft_of(tmp_path, recipe_of("sft"))
    broken.add_callback(KillAt(5))
    with pytest.raises(KilledError):
        run_training(broken, tmp_path)
    before = (tmp_path / CURVE).read_bytes()

    def full(path: Path, rows: Any) -> None:
        path.write_bytes(before[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("primum.align.training._write_curve", full)
    with pytest.raises(StoppedError, match=r"curve\.csv.*make room"):
        run_training(sft_of(tmp_path, recipe_of("sft")), tmp_path)
    assert (tmp_path / CURVE).read_bytes() == before


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory"),
            "4 examples at once.*micro.*activation_checkpointing.*max_length",
        ),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"), "micro"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk of .* is full.*same command"),
        (RuntimeError("PytorchStreamWriter failed writing file: file write failed"), "disk of .* is full"),
    ],
)
def test_what_stops_a_training_says_what_to_do(error: Exception, said: str, tmp_path: Path) -> None:
    trainer = sft_of(tmp_path, recipe_of("sft"))

    def fail(*rest: Any) -> Any:
        raise error

    trainer.training_step = fail
    with pytest.raises(StoppedError, match=said):
        run_training(trainer, tmp_path)


def test_a_fault_of_ours_is_not_dressed_up(tmp_path: Path) -> None:
    trainer = sft_of(tmp_path, recipe_of("sft"))

    def fail(*rest: Any) -> Any:
        raise RuntimeError("shapes do not match")

    trainer.training_step = fail
    with pytest.raises(RuntimeError, match="shapes"):
        run_training(trainer, tmp_path)


KILLED = """
    import sys, os, signal
    from pathlib import Path
    from tests.align.test_training import KillAt, recipe_of, sft_of
    from primum.align.training import run_training
    class Kill(KillAt):
        def on_step_end(self, args, state, control, **rest):
            if state.global_step == self.step:
                os.kill(os.getpid(), signal.SIGKILL)
    trainer = sft_of(Path(sys.argv[1]), recipe_of("sft"))
    trainer.add_callback(Kill(int(sys.argv[2])))
    run_training(trainer, Path(sys.argv[1]))
    trainer.model.save_pretrained(sys.argv[1])
"""


@pytest.mark.proof
def test_kill_9_and_again_ends_in_the_same_weights(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "killed")]
    for step in (3, 8):  # twice, once in each epoch
        assert subprocess.run([*command, str(step)], capture_output=True).returncode == -signal.SIGKILL
    assert subprocess.run([*command, "99"], capture_output=True).returncode == 0
    assert subprocess.run([*command[:3], str(tmp_path / "whole"), "99"], capture_output=True).returncode == 0
    one, other = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("killed", "whole"))
    assert same(one, other)
