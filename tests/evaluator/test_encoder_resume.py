"""A training that is killed at any moment ends with the weights that it would have had; others are kept off its folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="a fine-tuned encoder needs the extra 'local'")

from tests.evaluator.dying import STEPS
from tests.evaluator.toy_models import RATE, refusals, tiny_bert

from primum.errors import BadInputError, StoppedError
from primum.evaluator.encoder import load_encoder, train_encoder
from primum.evaluator.encoder.recipe import locked, read_recipe
from primum.evaluator.encoder.tokens import Encoded, batch_of
from primum.records import Criterion

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_bert(tmp_path_factory.mktemp("base") / "bert")


def begin(base: str, folder: Path, stop: int = 0, **other: Any) -> None:
    """Train six steps; stop behind one of them as by Ctrl-C."""

    def progress(done: int, last: int) -> None:
        if done == stop:
            raise KeyboardInterrupt

    arguments: dict[str, Any] = {"seed": 3, "checkpoint_seconds": 0.0, "progress": progress} | other
    scales = {Criterion.REFUSAL: ("compliance", "refusal")}
    train_encoder(refusals(40, seed=1), scales, base, folder, epochs=2, rate=RATE, **arguments)


def test_killed_at_any_moment_a_training_ends_in_the_same_bits(bert: str, tmp_path: Path) -> None:
    """SIGKILL before each change of the disk in turn (more than 30), and six times at random times of one training."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.evaluator.dying", str(tmp_path), bert],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    whole, *deaths = [json.loads(line) for line in done.stdout.splitlines()]
    assert {death["sha"] for death in deaths} == {whole["sha"]}
    assert len(deaths) > 30
    systematic = deaths[:-1]
    assert [death["on"] for death in systematic] == sorted(death["on"] for death in systematic)
    assert {death["on"] for death in systematic} == set(range(STEPS + 1))  # each step was gone on from
    assert all(
        death["on"] - death["own"] in (0, 1) for death in systematic if death["own"] < STEPS
    )  # and none repeated


def test_each_epoch_sees_every_example_once_in_an_order_of_its_own(
    bert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty examples in batches of sixteen: 16, 16 and 8, twice."""
    seen: list[list[tuple[int, ...]]] = []

    def noted(rows: Sequence[Encoded], pad: int, device: object) -> dict[str, Any]:
        seen.append([tuple(row.ids) for row in rows])
        return batch_of(rows, pad, device)

    monkeypatch.setattr("primum.evaluator.encoder.tune.batch_of", noted)
    begin(bert, tmp_path / "out")
    assert [len(batch) for batch in seen] == [16, 16, 8] * 2
    first, second = ([row for batch in half for row in batch] for half in (seen[:3], seen[3:]))
    assert len(set(first)) == 40
    assert sorted(first) == sorted(second)
    assert first != second


def test_a_stopped_training_is_no_encoder_yet_and_only_its_own_arguments_go_on(bert: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        begin(bert, folder, stop=4)
    assert (folder / "checkpoint.safetensors").exists()
    with pytest.raises(BadInputError, match="is not over: give its command again"):
        load_encoder(folder)
    with pytest.raises(BadInputError, match=r"was begun in .* with seed 3, not 4"):
        begin(bert, folder, seed=4)
    steps: list[int] = []
    begin(bert, folder, progress=lambda done, last: steps.append(done))
    assert steps == [5, 6]
    assert read_recipe(folder).done
    assert not (folder / "checkpoint.safetensors").exists()


def test_a_broken_checkpoint_a_full_disk_and_a_second_process_are_told(bert: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        begin(bert, folder, stop=2)
    checkpoint = folder / "checkpoint.safetensors"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[:-9])
    with pytest.raises(BadInputError, match=r"checkpoint.safetensors does not read as a checkpoint"):
        begin(bert, folder)
    checkpoint.write_bytes(whole)

    part = folder / ".checkpoint.safetensors.part"
    part.mkdir()  # stands for a disk that takes no more
    with pytest.raises(StoppedError, match=r"could not write .*checkpoint.safetensors .*: make room"):
        begin(bert, folder)
    part.rmdir()

    with locked(folder), pytest.raises(BadInputError, match="another process trains an encoder in"):
        begin(bert, folder)
    begin(bert, folder)
    assert read_recipe(folder).done

    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="cannot make the folder"):
        begin(bert, tmp_path / "file" / "out")
