"""An adapter's folder: taken, whole, half-written, changed, on a full disk; what it lists and what it never holds."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft", reason="adapters need the extra 'align'")

from tests.align.toy_adapters import EXAMPLES, LEFT_OUT, adapter_folder, lora, other_base, record

from primum.align.adapter import (
    base_sha256,
    check_adapter,
    create_adapter,
    finish_adapter,
    locked,
    read_adapter,
    read_curve,
    read_left_out,
    read_trained,
    save_adapter,
    template_sha256,
    write_trained,
)
from primum.errors import BadInputError, StoppedError
from primum.models.local import TINY


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return adapter_folder(tmp_path_factory.mktemp("adapters") / "one")


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(made, tmp_path / "own"))


def test_a_whole_folder_reads_back_as_it_was_written(made: Path) -> None:
    adapter = check_adapter(made)
    assert adapter.state == "done"
    assert adapter.weights_sha256 == hashlib.sha256((made / "adapter_model.safetensors").read_bytes()).hexdigest()
    assert adapter.config_sha256 == hashlib.sha256((made / "adapter_config.json").read_bytes()).hexdigest()
    assert adapter.examples_sha256 == hashlib.sha256((made / "examples.jsonl").read_bytes()).hexdigest()
    assert [(e.id, e.group, e.family, e.place) for e in read_trained(made)] == [
        ("mine/0", "med", "f0", "mine.jsonl:1"),
        ("mine/1", "benign", "f1", "mine.jsonl:2"),
        ("mine/2", "med", "f2", "mine.jsonl:3"),
        ("mine/3", "benign", "f3", "mine.jsonl:4"),
        ("mine/4", "med", "f4", "mine.jsonl:5"),
    ]
    assert read_left_out(made) == LEFT_OUT
    assert not [file.name for file in made.iterdir() if file.name.startswith(".")]


def test_no_file_holds_a_text_that_was_trained_on(made: Path) -> None:
    assert all(b"SECRET" not in file.read_bytes() for file in made.rglob("*") if file.is_file())
    hashes = [one.sha256 for one in read_trained(made)]
    assert len(set(hashes)) == len(EXAMPLES)  # the texts differ, so their hashes do


def test_a_folder_that_is_taken_is_refused(made: Path, tmp_path: Path) -> None:
    before = (made / "adapter.json").read_bytes()
    with pytest.raises(BadInputError, match="already holds an adapter"):
        create_adapter(made, record())
    assert (made / "adapter.json").read_bytes() == before
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadInputError, match=r"not empty \(it holds notes\.txt\)"):
        create_adapter(tmp_path, record())
    with pytest.raises(BadInputError, match="cannot make the adapter's folder"):
        create_adapter(tmp_path / "notes.txt", record())


def test_one_process_trains_in_a_folder(tmp_path: Path) -> None:
    code = (
        f"from pathlib import Path\nfrom primum.align.adapter import locked\nwith locked(Path({str(tmp_path)!r})): pass"
    )
    with locked(tmp_path):
        refused = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another process trains in" in refused.stderr
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- folders that are not whole


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json"])
def test_a_file_that_is_missing_or_changed_is_named(own: Path, name: str) -> None:
    with (own / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(BadInputError, match=f"{name} is not the file that adapter.json names"):
        check_adapter(own)
    (own / name).unlink()
    with pytest.raises(BadInputError, match=f"has no {name}"):
        check_adapter(own)


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_an_adapter_whose_training_is_not_over_is_not_used(own: Path, state: str) -> None:
    save_adapter(own, read_adapter(own).model_copy(update={"state": state}))
    with pytest.raises(BadInputError, match=f"is not over.*{state}"):
        check_adapter(own)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"id": "x"}', b'{"schema_version": 2}'])
def test_an_adapter_json_that_does_not_read_is_told_of(own: Path, content: bytes) -> None:
    (own / "adapter.json").write_bytes(content)
    with pytest.raises(BadInputError, match=r"adapter\.json does not read as an adapter's"):
        read_adapter(own)


def test_a_folder_that_is_no_adapter_is_told_of(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(BadInputError, match="is not an adapter that primum align made"):
            read_adapter(path)


def test_lists_that_do_not_read_are_told_of_with_their_line(own: Path) -> None:
    with (own / "examples.jsonl").open("ab") as file:
        file.write(b'{"id":"torn')
    with pytest.raises(BadInputError, match=r"examples\.jsonl:6: not a Trained"):
        read_trained(own)
    (own / "left_out.jsonl").unlink()
    with pytest.raises(BadInputError, match=r"cannot read .*left_out\.jsonl"):
        read_left_out(own)


def test_a_curve_is_read_but_for_a_row_that_was_cut_off(tmp_path: Path) -> None:
    assert read_curve(tmp_path) == []
    file = tmp_path / "curve.csv"
    file.write_text("step,loss,tokens,seconds\n1,2.5,100,0.1\n2,,200,0.2\n3,1.")
    assert read_curve(tmp_path) == [
        {"step": 1, "loss": 2.5, "tokens": 100, "seconds": 0.1},
        {"step": 2, "tokens": 200, "seconds": 0.2},
    ]
    file.write_text("step,loss\n1,low\n")
    with pytest.raises(BadInputError, match="does not read as a training's curve"):
        read_curve(tmp_path)


# --- the disk


def full(*arguments: Any, **named: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_what_was_there(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {file.name: file.read_bytes() for file in own.iterdir()}
    adapter = read_adapter(own)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        for write in (
            lambda: save_adapter(own, adapter.model_copy(update={"steps": 7})),
            lambda: write_trained(own, EXAMPLES[:2]),
            lambda: finish_adapter(own, adapter, lora(seed=1)),
        ):
            with pytest.raises(StoppedError, match=r"No space left on device.*make room"):
                write()
    assert {name: (own / name).read_bytes() for name in before} == before
    assert not (own / ".weights.part").exists()
    check_adapter(own)


def test_weights_that_do_not_fit_the_disk_stop_it_resumably(tmp_path: Path) -> None:
    adapter, model = record(), lora()
    create_adapter(tmp_path / "a", adapter)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # bytes: the weights have more, the records fewer
    try:
        with pytest.raises(StoppedError, match=r"could not write the weights.*make room"):
            finish_adapter(tmp_path / "a", adapter, model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(BadInputError, match="is not over"):
        check_adapter(tmp_path / "a")
    assert finish_adapter(tmp_path / "a", adapter, model) == check_adapter(tmp_path / "a")


# --- what a base is


def test_the_hash_of_a_base_is_of_what_it_computes(tmp_path: Path) -> None:
    copied = Path(shutil.copytree(TINY, tmp_path / "copy"))
    for name in ("README.md", "generation_config.json", "chat_template.jinja"):
        (copied / name).write_text("{}")
    assert base_sha256(str(copied)) == base_sha256(str(TINY))
    assert base_sha256(other_base(tmp_path / "other")) != base_sha256(str(TINY))
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        changed = Path(shutil.copytree(TINY, tmp_path / name))
        with (changed / name).open("ab") as file:
            file.write(b" ")
        assert base_sha256(str(changed)) != base_sha256(str(TINY))


def test_the_files_of_an_index_are_hashed_and_one_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BadInputError, match="holds no model"):
        base_sha256(str(tmp_path))
    (tmp_path / "model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}'
    )
    (tmp_path / "model-1.safetensors").write_bytes(b"one")
    with pytest.raises(BadInputError, match=r"not whole: it has no model-2\.safetensors"):
        base_sha256(str(tmp_path))
    (tmp_path / "model-2.safetensors").write_bytes(b"two")
    whole = base_sha256(str(tmp_path))
    (tmp_path / "pytorch_model.bin").write_bytes(b"the same again, and not read")
    assert base_sha256(str(tmp_path)) == whole
    (tmp_path / "model.safetensors.index.json").write_text("[")
    with pytest.raises(BadInputError, match="does not read as an index of weights"):
        base_sha256(str(tmp_path))
    with pytest.raises(BadInputError, match="is not here"):
        base_sha256(str(tmp_path / "none"))


def test_hashing_a_model_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(600_000_000)  # a hole: it reads as so many zeros
    code = (
        "import resource, sys\nfrom primum.models.adapter import base_sha256\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nbase_sha256(sys.argv[1])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    scale = 1024 if sys.platform == "linux" else 1  # kilobytes there, bytes on macOS
    assert int(done.stdout) * scale < 50_000_000


def test_a_template_has_a_hash_and_none_has_that_of_nothing() -> None:
    class Tokenizer:
        chat_template: object = None

    tokenizer = Tokenizer()
    assert template_sha256(tokenizer) == hashlib.sha256(b"").hexdigest()
    tokenizer.chat_template = "{{ messages }}"
    assert template_sha256(tokenizer) == hashlib.sha256(b"{{ messages }}").hexdigest()
