"""What a job finds out for itself: its base, its warnings, its reference, and what stops it before the first step."""

from __future__ import annotations

import errno
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.cli.test_align import QUICK, write_pairs

from primum.align import preference
from primum.align.adapter import read_adapter
from primum.align.chosen import Job
from primum.align.job import _base_of, _warnings, align
from primum.errors import BadInputError, StoppedError
from primum.models.local import TINY
from primum.records import content_id


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "quick.toml").write_text(QUICK)
    write_pairs(tmp_path / "pairs.jsonl")
    return Job("dpo", "tiny", (str(tmp_path / "pairs.jsonl"),), tmp_path / "mine", recipe=str(tmp_path / "quick.toml"))


def named(method: Any, model: str) -> tuple[str, str, Path | None]:
    return tuple(_base_of(Job(method, model, (), Path("o"))))  # type: ignore[return-value]


def test_a_base_may_have_a_plus_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "a+b"
    folder.mkdir()
    assert named("sft", f"hf/{folder}") == (f"hf/{folder}", str(folder), None)
    assert named("dpo", f"hf/{folder}+x") == (f"hf/{folder}", str(folder), Path("x"))
    assert named("dpo", "tiny+x/") == ("tiny", str(TINY), Path("x"))
    with pytest.raises(BadInputError, match="base model: name hf/org/m alone, without"):
        named("sft", "hf/org/m+x")
    with pytest.raises(BadInputError, match="no adapter behind its plus"):
        named("sft", "tiny+")


@pytest.mark.parametrize(("rewards", "warned"), [((0.5, -0.1), True), ((-0.5, 0.1), False), ((), False)])
def test_chosen_answers_that_end_less_likely_are_told(rewards: tuple[float, ...], warned: bool, tmp_path: Path) -> None:
    # of 2 rows the last tenth, at least one, counts: the last
    rows = "".join(f"{step},{reward}\n" for step, reward in enumerate(rewards, 1))
    (tmp_path / "curve.csv").write_text("step,reward_chosen\n" + rows)
    assert bool(_warnings(tmp_path)) == warned


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "4 examples at once do not fit"),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), "4 examples at once do not fit"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk of .* is full"),
    ],
)
def test_what_stops_the_setting_up_is_told_and_gone_on_from(
    error: Exception, said: str, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(trainer: Any, rows: Any, file: Path, key: str) -> Any:
        file.with_suffix(".123.npz").write_bytes(b"half")
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(preference, "_reference", fail)
        with pytest.raises(StoppedError, match=said):
            align(job)
    assert read_adapter(job.out).state == "stopped"
    assert list(job.out.glob("reference*")) == []
    assert align(job).state == "done"


def test_the_reference_is_kept_under_the_key_of_its_training(job: Job) -> None:
    def stop(row: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        align(job, stop)
    with np.load(job.out / "reference.npz") as kept:
        assert str(kept["key"]) == content_id(read_adapter(job.out).id)


def test_another_seed_is_another_training_though_the_examples_are_the_same(job: Job) -> None:
    first = align(job)
    with pytest.raises(BadInputError, match="another training"):
        align(job._replace(seed=1))
    other = align(job._replace(seed=1, out=job.out.with_name("other")))
    assert other.examples_sha256 == first.examples_sha256
    assert other.id != first.id


def test_a_folder_whose_first_write_was_cut_off_is_taken(job: Job) -> None:
    job.out.mkdir()
    (job.out / ".adapter.json.part").write_bytes(b"{")
    assert align(job).state == "done"


def test_the_alpaca_template_needs_no_chat_template_and_is_told(job: Job, tmp_path: Path) -> None:
    base = tmp_path / "plain"
    base.mkdir()
    for file in TINY.iterdir():
        if file.name == "tokenizer_config.json":
            (base / file.name).write_text(without_template(file))
        elif file.is_file() and file.suffix != ".jinja":
            (base / file.name).write_bytes(file.read_bytes())
    plain = job._replace(model=f"hf/{base}")
    with pytest.raises(BadInputError, match="no chat template"):
        align(plain)
    Path(job.recipe).write_text('template = "alpaca"\n' + QUICK)
    adapter = align(plain)
    assert any(note.startswith("trained in the Alpaca template and asked in") for note in adapter.notes)
    assert adapter.base == f"hf/{base}"


def without_template(file: Path) -> str:
    settings = json.loads(file.read_text())
    settings.pop("chat_template", None)
    return json.dumps(settings)


@pytest.mark.parametrize("error", [BadInputError("no", ("f:1",)), StoppedError("full"), OSError("what")])
def test_every_process_hears_what_the_main_one_raised(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    from primum.align import processes

    sent: list[Any] = []

    def send(said: list[Any]) -> list[Any]:
        sent.append(pickle.dumps(said))
        return said

    monkeypatch.setattr(processes, "broadcast_object_list", send)
    work: Callable[[], None] = lambda: (_ for _ in ()).throw(error)  # noqa: E731
    with pytest.raises(type(error)):
        processes.by_main(work)
    said = pickle.loads(sent[0])[1]
    monkeypatch.setattr(processes, "processes", lambda: type("Other", (), {"is_main_process": False}))
    monkeypatch.setattr(processes, "broadcast_object_list", lambda _: pickle.loads(sent[0]))
    with pytest.raises(type(said), match=str(error)):
        processes.by_main(work)
