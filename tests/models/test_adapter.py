"""An adapter is loaded on its own base alone, and a run knows which adapter it was."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

import orjson
import pytest

pytest.importorskip("peft", reason="adapters need the extra 'align'")

from transformers import AutoModelForCausalLM, LlamaConfig

from primum.config import Config
from primum.errors import BadInputError, MissingExtraError
from primum.ledger import read_run
from primum.models import ModelOpener, Prompt, Settings
from primum.models.adapter import check_adapter, find_adapter
from primum.models.local import TINY, LocalModel, load, local_name
from primum.records import Reply
from tests.align.toy_adapters import adapter_folder, lora, other_base
from tests.command import primum


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return adapter_folder(tmp_path_factory.mktemp("adapters") / "one", scale=0.3)


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(made, tmp_path / "own"))


def say(name: str) -> str:
    """What the model of a name says to one request."""
    model = ModelOpener(Config()).open(name, Settings(max_tokens=24))
    (reply,) = asyncio.run(model.reply([Prompt(({"role": "user", "content": "How should I store insulin?"},))]))
    assert isinstance(reply, Reply)
    return reply.text


def test_names_are_taken_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = str(TINY)
    assert local_name("tiny") == (tiny, "")
    assert local_name("tiny+a/b") == (tiny, "a/b")
    assert local_name("hf/org/model") == ("org/model", "")
    assert local_name("hf//data/model+/data/a+b") == ("/data/model", "/data/a+b")
    assert local_name("hf/org/model+org/adapter") == ("org/model", "org/adapter")
    for other in ("openai/m", "replay/f.csv", "hf", "hf/", "tinyish", "tiny/x"):
        assert local_name(other) is None
    for unfinished in ("tiny+", "hf/org/model+"):
        with pytest.raises(BadInputError, match="names no adapter behind its plus"):
            local_name(unfinished)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c++").mkdir()
    assert local_name("hf/c++") == ("c++", "")
    assert local_name("hf/c+++a") == ("c++", "a")
    (tmp_path / "m+a").mkdir()
    assert local_name("hf/m+a") == ("m+a", "")  # a folder of that whole name comes first


def test_an_adapter_goes_on_the_bundled_model_by_either_name(made: Path) -> None:
    assert say(f"tiny+{made}") == say(f"hf/{TINY}+{made}") != say("tiny")


def test_an_adapter_of_another_base_is_refused_by_both_names(made: Path, tmp_path: Path) -> None:
    other = other_base(tmp_path / "other")
    with pytest.raises(BadInputError, match=rf"was trained on tiny \(SHA-256 \w{{12}}\), not on {other} \(\w{{12}}\)"):
        load(other, str(made))
    elsewhere = Path(shutil.copytree(made, tmp_path / "elsewhere"))
    (elsewhere / "adapter.json").unlink()  # one that says nothing of its base
    assert load(other, str(elsewhere))


def test_another_chat_template_is_refused_unless_it_was_not_learnt(made: Path, tmp_path: Path) -> None:
    changed = Path(shutil.copytree(TINY, tmp_path / "changed"))
    with (changed / "chat_template.jinja").open("a") as file:
        file.write("{# new #}")
    with pytest.raises(BadInputError, match=r"learnt the chat template that tiny had then"):
        load(str(changed), str(made))
    record = orjson.loads((made / "adapter.json").read_bytes())
    record["recipe"]["template"] = "alpaca"
    alpaca = Path(shutil.copytree(made, tmp_path / "alpaca"))
    (alpaca / "adapter.json").write_bytes(orjson.dumps(record))
    assert load(str(changed), str(alpaca))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: (path / "adapter_model.safetensors").write_bytes(b"x"), "is not the file that adapter.json"),
        (lambda path: (path / "adapter_config.json").unlink(), "has no adapter_config.json"),
        (lambda path: (path / "adapter.json").write_bytes(b"{"), "does not read as an adapter's"),
    ],
)
def test_a_broken_adapter_is_told_in_one_sentence(own: Path, spoil: object, told: str) -> None:
    assert callable(spoil)
    spoil(own)
    with pytest.raises(BadInputError, match=told):
        load(str(TINY), str(own))


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json"])
@pytest.mark.parametrize("content", [None, b"", b"{"])
def test_a_broken_adapter_that_was_made_elsewhere_too(own: Path, name: str, content: bytes | None) -> None:
    (own / "adapter.json").unlink()
    (own / name).unlink()
    if content is not None:
        (own / name).write_bytes(content)
    with pytest.raises(BadInputError, match="cannot load the adapter"):
        LocalModel("tiny+own", str(TINY), Settings(), str(own))


def other_shape(path: Path, **changes: int) -> str:
    config = LlamaConfig.from_pretrained(str(TINY), **changes)
    AutoModelForCausalLM.from_config(config).save_pretrained(str(path))
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(TINY / name, path / name)
    return str(path)


def test_an_adapter_for_other_shapes_or_layers_is_refused(tmp_path: Path) -> None:
    lora().save_pretrained(str(tmp_path / "adapter"))
    narrow = other_shape(tmp_path / "narrow", intermediate_size=64)
    with pytest.raises(BadInputError, match=r"cannot load the adapter.*size mismatch"):
        load(narrow, str(tmp_path / "adapter"))
    lora(target_modules=["q_proj", "v_proj"]).save_pretrained(str(tmp_path / "adapter"))
    for layers in (2, 4):  # the adapter has three: one too many, one too few
        base = other_shape(tmp_path / f"layers{layers}", num_hidden_layers=layers)
        with pytest.raises(BadInputError, match="it was made for other layers"):
            load(base, str(tmp_path / "adapter"))


def test_no_folder_and_no_name_of_the_hub(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="there is no such folder"):
        find_adapter(str(tmp_path / "none"))


def test_without_peft_the_extra_is_named(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'primum\[align\]'"):
        load(str(TINY), str(made))


# --- what a run records


def measure(cwd: Path, *more: str) -> tuple[int, str]:
    done = primum("eval", *more, "--quiet", "--json", cwd=cwd)
    return done.code, done.err


def test_a_run_records_its_adapter_and_refuses_another(own: Path, tmp_path: Path) -> None:
    code, told = measure(tmp_path, "tiny+own", "--suite", "starter", "--limit", "4", "--out", "run")
    assert code == 0, told
    versions = read_run(tmp_path / "run").versions
    adapter = check_adapter(own)
    assert versions["own/adapter_model.safetensors"] == adapter.weights_sha256
    assert versions["own/adapter_config.json"] == adapter.config_sha256
    assert "peft" in versions
    assert adapter.weights_sha256 in (tmp_path / "run" / "report.html").read_text()
    responses = tmp_path / "run" / "responses.jsonl"
    before = responses.read_bytes()
    assert measure(tmp_path, "--resume", "run")[0] == 0
    shutil.rmtree(own)
    adapter_folder(own, scale=0.3, seed=1)  # trained anew under the same name
    code, told = measure(tmp_path, "--resume", "run")
    assert code == 2
    assert told.startswith("primum: own/adapter_model.safetensors was changed since run used it")
    assert responses.read_bytes() == before
    assert read_run(tmp_path / "run").versions == versions


def test_settings_of_an_adapter_made_elsewhere_count_too(own: Path, tmp_path: Path) -> None:
    (own / "adapter.json").unlink()
    assert measure(tmp_path, "tiny+./own/", "--suite", "starter", "--limit", "2", "--out", "run")[0] == 0
    file = own / "adapter_config.json"
    config = orjson.loads(file.read_bytes())
    file.write_bytes(orjson.dumps(config | {"lora_alpha": 2 * config["lora_alpha"]}))
    code, told = measure(tmp_path, "--resume", "run")
    assert code == 2
    assert "own/adapter_config.json was changed" in told
