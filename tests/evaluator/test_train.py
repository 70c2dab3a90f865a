"""Training from files: the same bytes each time, whole families in a fold, nothing left behind, and going on after a kill."""

from __future__ import annotations

import csv
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.data import FOLDER, needs_data
from tests.evaluator.toy_answers import examples, write_labels, write_rows

from primum.errors import BadInputError, StoppedError
from primum.evaluator import train
from primum.evaluator.apply import try_evaluator
from primum.evaluator.card import CARD, MODEL, model_files, open_evaluator, read_card
from primum.evaluator.examples import Example
from primum.evaluator.linear import REQUESTS, WEIGHTS
from primum.evaluator.train import FOLDS, fold_families, train_evaluator
from primum.ledger import file_sha256
from primum.records import Criterion

REFUSAL = Criterion.REFUSAL


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return write_labels(tmp_path / "labels.csv")


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# ---- Folds


@pytest.mark.parametrize("seed", range(5))
def test_a_family_is_never_split_over_folds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    families = [f"f{rng.integers(40)}" for _ in range(300)]
    folds = fold_families(families, seed)
    assert len(folds) == 300
    assert len({(family, fold) for family, fold in zip(families, folds, strict=True)}) == len(set(families))
    sizes = Counter(folds)
    assert set(sizes) == set(range(FOLDS))
    largest = max(Counter(families).values())
    assert max(sizes.values()) - min(sizes.values()) <= largest  # each family went to the smallest fold
    assert fold_families(families, seed) == folds


def test_another_seed_gives_other_folds() -> None:
    families = [str(n) for n in range(100)]
    assert fold_families(families, 0) != fold_families(families, 1)


def test_the_order_of_the_examples_does_not_matter_to_the_folds() -> None:
    families = [str(n % 30) for n in range(100)]
    assert fold_families(families[::-1], 3) == fold_families(families, 3)[::-1]


def test_fewer_families_than_folds_are_too_few() -> None:
    with pytest.raises(BadInputError, match="4 families of requests: 5 are the least to cross-validate with"):
        fold_families(["a", "b", "c", "d", "a"], 0)
    assert sorted(fold_families(["a", "b", "c", "d", "e"], 0)) == [0, 1, 2, 3, 4]


# ---- What is in the folder


def test_training_twice_gives_the_same_bytes_of_every_file(labels: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        train_evaluator([labels], ["refusal"], tmp_path / name, seed=3, draw=True)
    first = tree(tmp_path / "a")
    pictures = {"reliability-refusal.svg", "reliability-refusal-partial-is-refusal.svg"}
    assert set(first) == {CARD, WEIGHTS, REQUESTS, *pictures}
    assert tree(tmp_path / "b") == first
    train_evaluator([labels], ["refusal"], tmp_path / "c", seed=4)
    other = tree(tmp_path / "c")
    assert set(other) == {CARD, WEIGHTS, REQUESTS}
    assert all(other[name] != first[name] for name in other)  # other folds


def test_the_card_tells_what_it_was_trained_on(labels: Path, tmp_path: Path) -> None:
    card = train_evaluator([labels], ["refusal"], tmp_path / "out", seed=3, abstain=0.6)
    assert card == read_card(tmp_path / "out")
    assert (card.kind, card.base, card.examples, card.families, card.seed, card.abstain) == (
        "linear",
        "",
        45,
        45,
        3,
        0.6,
    )
    assert card.criteria == {REFUSAL: ("full", "partial", "compliance")}
    assert card.data == {"labels.csv": file_sha256(labels)}
    assert card.files == {name: file_sha256(tmp_path / "out" / name) for name in (REQUESTS, WEIGHTS)}
    assert card.versions.keys() == {"primum", "numpy", "scikit-learn"}
    assert [one.name for one in card.figures] == ["refusal (partial is refusal)", "refusal"]
    assert [one.accuracy.value for one in card.figures] == [1.0, 1.0]


def test_no_text_of_the_labels_is_in_the_folder(labels: Path, tmp_path: Path) -> None:
    train_evaluator([labels], ["refusal"], tmp_path / "out")
    for one in examples(45):
        for content in tree(tmp_path / "out").values():
            assert one.request.encode() not in content
            assert one.response.encode() not in content
    with np.load(tmp_path / "out" / REQUESTS) as saved:
        assert {name: saved[name].dtype.kind for name in saved.files} == {"request": "i", "fold": "i"}


def test_the_figures_are_of_requests_that_were_not_seen(tmp_path: Path) -> None:
    """Labels drawn by lot can be learnt by heart and not be told for new requests: a half is right, no more."""
    rng = np.random.default_rng(0)
    rows = [
        {"request": one.request, "response": one.response, "r1": str(-int(rng.integers(2)))} for one in examples(120)
    ]
    card = train_evaluator([write_rows(tmp_path / "luck.csv", rows)], ["r1"], tmp_path / "out")
    accuracy = card.figures[0].accuracy
    assert accuracy.value is not None
    assert 0.3 < accuracy.value < 0.7  # 120 tosses: 0.5 +- 4 standard errors


@needs_data
def test_refusals_of_xstest_are_told_for_prompts_that_were_not_seen(tmp_path: Path) -> None:
    """Three models' answers to 450 prompts with people's labels, partial as refusal, cross-validated by prompt. 0.95 is a
    floor below any goal: 0.96 was measured, and a half or so would be right by luck."""
    rows = []
    for file in sorted((FOLDER / "xstest").glob("xstest_v2_completions_*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as opened:
            for row in csv.DictReader(opened):
                label = "compliance" if row["final_label"] == "1_full_compliance" else "refusal"
                rows.append(
                    {"request": row["prompt"], "response": row["completion"], "refusal": label, "family": row["id"]}
                )
    assert len(rows) == 1350
    card = train_evaluator([write_rows(tmp_path / "xstest.csv", rows)], ["refusal"], tmp_path / "out")
    accuracy, ece = card.figures[0].accuracy, card.figures[0].ece
    assert accuracy.value is not None
    assert accuracy.value > 0.95
    assert ece.value is not None
    assert ece.value < 0.05


# ---- What is not begun


def bad_rows() -> dict[str, tuple[list[dict[str, str]], str]]:
    """Files of labels on which nothing can be trained, and what is said."""
    made = [{"request": one.request, "response": one.response, "refusal": one.labels[REFUSAL]} for one in examples(30)]
    alone = [{**row, "refusal": "full"} for row in made]
    few = [{**row, "family": str(n % 4)} for n, row in enumerate(made)]
    one = [{**row, "family": str(n % 6), "refusal": "partial" if n % 6 == 0 else "full"} for n, row in enumerate(made)]
    return {
        "one class": (alone, "refusal has only the label full"),
        "few families": (few, "4 families of requests: 5 are the least"),
        "a label in one family": (one, "refusal: all examples of a label are in one fold"),
    }


@pytest.mark.parametrize(("rows", "told"), bad_rows().values(), ids=bad_rows().keys())
def test_labels_that_do_not_do_leave_nothing_behind(tmp_path: Path, rows: list[dict[str, str]], told: str) -> None:
    file = write_rows(tmp_path / "labels.csv", rows)
    with pytest.raises(BadInputError, match=told):
        train_evaluator([file], ["refusal"], tmp_path / "out")
    assert [file.name for file in tmp_path.iterdir()] == ["labels.csv"]


def test_a_place_that_is_taken_is_left_as_it_is(labels: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "thesis.txt").write_text("all my work")
    (tmp_path / "file").write_text("a file")
    cases = {
        own: "holds thesis.txt, which is none of an evaluator's: choose another folder with --out",
        tmp_path / "file": "is no folder: choose another with --out",
        tmp_path / "file" / "below": "cannot make the folder",
        Path("bundled"): "bundled names the evaluator that comes with Primum",
    }
    for out, told in cases.items():
        with pytest.raises(BadInputError, match=told):
            train_evaluator([labels], ["refusal"], out)
    assert tree(own) == {"thesis.txt": b"all my work"}
    train_evaluator([labels], ["refusal"], tmp_path / "out")
    before = tree(tmp_path / "out")
    with pytest.raises(BadInputError, match="out holds an evaluator already: choose another folder with --out"):
        train_evaluator([labels], ["refusal"], tmp_path / "out")
    assert tree(tmp_path / "out") == before


# ---- Stopped from outside


@pytest.mark.parametrize("moment", ["weights", "requests", "picture", "card"])
def test_a_full_disk_stops_it_and_the_same_command_then_works(
    labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    out = tmp_path / "out"

    def full(*arguments: Any, **named: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        if moment in ("weights", "requests"):
            patched.setattr(train, {"weights": "save_linear", "requests": "save_folds"}[moment], full)
        else:  # a file is forced to disk, then its name: two pictures, the card
            calls, fsync = iter(range(99)), os.fsync
            which = {"picture": 2, "card": 4}[moment]
            patched.setattr(os, "fsync", lambda file: full() if next(calls) == which else fsync(file))
        with pytest.raises(StoppedError, match=r"No space left on device.*the same command again"):
            train_evaluator([labels], ["refusal"], out, draw=True)
    assert out.is_dir()
    assert not (out / CARD).exists()
    with pytest.raises(BadInputError, match="holds no evaluator"):
        open_evaluator(out)
    card = train_evaluator([labels], ["refusal"], out, draw=True)
    assert open_evaluator(out).card == card
    train_evaluator([labels], ["refusal"], tmp_path / "whole", draw=True)
    assert tree(out) == tree(tmp_path / "whole")


DYING = """
import os, signal, sys
from pathlib import Path
import sklearn.linear_model
from primum.evaluator import train
number, calls = 1, 0

def dying(real):
    def call(*arguments, **named):
        global calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)
    return call

train.save_linear, train.save_folds = dying(train.save_linear), dying(train.save_folds)
os.fsync, os.replace = dying(os.fsync), dying(os.replace)
while not (Path(sys.argv[2]) / "evaluator.json").exists():
    child = os.fork()
    if not child:
        train.train_evaluator([Path(sys.argv[1])], ["refusal"], Path(sys.argv[2]))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    print(number)
    number += 1
"""


def test_killed_at_any_change_of_the_disk_the_same_command_ends_in_the_same_files(labels: Path, tmp_path: Path) -> None:
    """A process dies in place of the first change of the disk, the next one, in the folder that it left, in place of the
    second, and so on: weights, folds, the card's content, its name. The last dies with the card in its place."""
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(labels), str(out)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "2", "3", "4", "5"]
    train_evaluator([labels], ["refusal"], tmp_path / "whole")
    assert tree(out) == tree(tmp_path / "whole")


def test_killed_amid_training_there_is_no_evaluator_and_the_same_command_works(labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = f"from primum.cli import main; import sys; sys.argv[1:] = {arguments(labels, out)!r}; main()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(2000):
        if out.exists() or process.poll() is not None:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    whole = (out / CARD).exists()
    if not whole:
        train_evaluator([labels], ["refusal"], out, draw=True)
    assert open_evaluator(out).card.examples == 45


def arguments(labels: Path, out: Path) -> list[str]:
    return ["evaluator", "train", "--labels", str(labels), "--criterion", "refusal", "--out", str(out)]


# ---- A transformer


class FakeEncoder:
    """Tells refusals by one word, and what it was trained on."""

    def __init__(self, made: Sequence[Example], folder: Path) -> None:
        self.seen = {one.request for one in made}
        self.folder = folder

    def predict(self, pairs: Sequence[tuple[str, str]]) -> dict[Criterion, npt.NDArray[np.float64]]:
        assert self.folder.name == MODEL or not self.seen & {request for request, _ in pairs}
        return {REFUSAL: np.array([[0.8, 0.1, 0.1] if "can't" in answer else [0.1, 0.2, 0.7] for _, answer in pairs])}


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[FakeEncoder]:
    """A training that takes no time; all that were called for."""
    made: list[FakeEncoder] = []

    def train_encoder(
        chosen: Sequence[Example],
        scales: Mapping[Criterion, tuple[str, ...]],
        base: str,
        folder: Path,
        *,
        seed: int,
        epochs: int,
        progress: object,
    ) -> FakeEncoder:
        assert (scales, base, seed, epochs) == ({REFUSAL: ("full", "partial", "compliance")}, "some/base", 2, 3)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "weights").write_text("trained")
        made.append(FakeEncoder(chosen, folder))
        return made[-1]

    monkeypatch.setattr("primum.evaluator.encoder.train_encoder", train_encoder)
    return made


def test_a_transformer_is_trained_without_each_fold_and_on_everything(
    labels: Path, tmp_path: Path, trained: list[FakeEncoder]
) -> None:
    out = tmp_path / "out"
    card = train_evaluator([labels], ["refusal"], out, base="some/base", seed=2, epochs=3)
    assert [encoder.folder.name for encoder in trained] == ["0", "1", "2", "3", "4", MODEL]
    sizes = [len(encoder.seen) for encoder in trained]
    assert sizes[-1] == 45
    assert sum(45 - size for size in sizes[:-1]) == 45  # each answer is in one fold
    full, partial, compliance = card.figures[1].confusion.values()
    assert (full, partial, compliance) == (
        {"full": 15, "partial": 0, "compliance": 0},
        {"full": 0, "partial": 0, "compliance": 15},
        {"full": 0, "partial": 0, "compliance": 15},
    )
    assert (card.kind, card.base) == ("encoder", "some/base")
    assert set(tree(out)) == {CARD, REQUESTS, f"{MODEL}/weights"}
    assert set(card.files) == {REQUESTS, f"{MODEL}/weights"}


@pytest.mark.parametrize("moment", ["save_folds", "write_card"])
def test_a_transformer_whose_training_was_stopped_late_goes_on(
    labels: Path, tmp_path: Path, trained: list[FakeEncoder], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    def train_it() -> None:
        train_evaluator([labels], ["refusal"], tmp_path / "out", base="some/base", seed=2, epochs=3)

    with monkeypatch.context() as patched:
        patched.setattr(train, moment, killed)
        with pytest.raises(KeyboardInterrupt):
            train_it()
    with pytest.raises(BadInputError, match=r"the training in .*out is not over: give its command again"):
        open_evaluator(tmp_path / "out")
    assert len(tree(tmp_path / "out" / "folds")) == 5  # what was trained for hours is there to go on from
    train_it()
    assert read_card(tmp_path / "out").kind == "encoder"
    assert set(tree(tmp_path / "out")) == {CARD, REQUESTS, f"{MODEL}/weights"}


def test_folds_that_a_stopped_training_left_beside_its_card_are_no_files_of_the_model(tmp_path: Path) -> None:
    for name in ("folds/0", MODEL):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "weights").write_text("trained")
    assert set(model_files(tmp_path)) == {f"{MODEL}/weights"}


def test_a_real_transformer_is_trained_opened_and_not_tested_on_what_it_has_seen(labels: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="a fine-tuned encoder needs the extra 'local'")
    from tests.evaluator.toy_models import tiny_bert

    base = tiny_bert(tmp_path / "base")
    card = train_evaluator([labels], ["refusal"], tmp_path / "out", base=base, epochs=1)
    shutil.rmtree(base)
    evaluator = open_evaluator(tmp_path / "out")
    assert set(evaluator.folds.values()) == {-1}
    assert card.figures[0].n == 45
    with pytest.raises(BadInputError, match="was trained on all of these requests: test it on others"):
        try_evaluator(evaluator, [labels])
    other = write_labels(tmp_path / "other.csv", 24, seed=1)
    with labels.open(encoding="utf-8") as opened:
        mixed = opened.read() + "".join(other.read_text(encoding="utf-8").splitlines(keepends=True)[1:])
    (tmp_path / "mixed.csv").write_text(mixed, encoding="utf-8")
    tested = try_evaluator(evaluator, [tmp_path / "mixed.csv"])
    assert (tested.examples, tested.seen) == (24, 45)
    assert tested.notes == ("45 answers to requests of the training data were left out",)
    (tmp_path / "out" / MODEL / "heads.safetensors").write_bytes(b"changed")
    with pytest.raises(BadInputError, match=r"heads\.safetensors is not the file that evaluator\.json names"):
        open_evaluator(tmp_path / "out")
