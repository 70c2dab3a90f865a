"""An evaluator's folder: opened only when every file is the one that its card names, and told in a sentence otherwise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.evaluator.toy_answers import write_labels

from primum.errors import BadInputError
from primum.evaluator import card as cards
from primum.evaluator.card import CARD, MODEL, Card, Evaluator, describe, model_files, open_evaluator, read_card
from primum.evaluator.linear import REQUESTS, WEIGHTS, text_hash
from primum.evaluator.train import train_evaluator
from primum.ledger import file_sha256
from primum.records import Criterion


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained evaluator's folder, with pictures."""
    place = tmp_path_factory.mktemp("card")
    train_evaluator([write_labels(place / "labels.csv")], ["refusal"], place / "whole", draw=True)
    return place / "whole"


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return shutil.copytree(whole, tmp_path / "copy")


def refused(folder: Path) -> str:
    """The one sentence with which a folder is refused."""
    with pytest.raises(BadInputError) as caught:
        open_evaluator(folder)
    assert "\n" not in str(caught.value)
    assert caught.value.faults == ()
    return str(caught.value)


def rewrite(folder: Path, **changed: Any) -> None:
    """A card with some of its fields changed."""
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    (folder / CARD).write_text(json.dumps(card | changed), encoding="utf-8")


def test_a_folder_can_be_moved_and_is_opened_with_all_it_needs(whole: Path, folder: Path) -> None:
    one, moved = open_evaluator(whole), open_evaluator(folder)
    assert one.card == moved.card
    assert one.sha256 == moved.sha256
    pairs = [("Hide it.", "I can't help with that. ward.")]
    assert (
        one.model.predict(pairs)[Criterion.REFUSAL].tolist() == moved.model.predict(pairs)[Criterion.REFUSAL].tolist()
    )
    assert one.model.scales == {Criterion.REFUSAL: ("full", "partial", "compliance")}
    assert set(one.folds.values()) == {0, 1, 2, 3, 4}
    assert text_hash("unknown") not in one.folds


@pytest.mark.parametrize("name", [WEIGHTS, REQUESTS])
@pytest.mark.parametrize("place", [0, -1, "middle"])
def test_a_changed_byte_in_any_file_is_refused(folder: Path, name: str, place: int | str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2 if isinstance(place, str) else place] ^= 1
    (folder / name).write_bytes(content)
    assert refused(folder) == f"{folder / name} is not the file that evaluator.json names: train the evaluator again"


@pytest.mark.parametrize("name", [WEIGHTS, REQUESTS])
def test_a_missing_or_empty_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    assert f"{name} is not the file" in refused(folder)
    (folder / name).unlink()
    assert f"{name} is not the file" in refused(folder)


def test_pictures_and_remarks_may_change(folder: Path) -> None:
    (folder / "reliability-refusal.svg").unlink()
    (folder / "README.md").write_text("Trained by us.")
    open_evaluator(folder)
    assert set(model_files(folder)) == {WEIGHTS, REQUESTS}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"garbage", b"PK\x05\x06" + bytes(18)])
@pytest.mark.parametrize("name", [WEIGHTS, REQUESTS])
def test_a_file_that_is_no_archive_is_refused_whatever_its_card_says(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    rewrite(folder, files=model_files(folder))
    assert refused(folder).startswith(f"{folder} holds no readable evaluator: ")


@pytest.mark.parametrize("name", ["adapter_config.json", f"{MODEL}/adapter.safetensors"])
def test_a_file_that_the_card_does_not_name_is_refused(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("{}")
    assert refused(folder) == f"{folder / name} is not the file that evaluator.json names: train the evaluator again"


@pytest.mark.parametrize("name", ["../weights.npz", "/etc/hostname", "model/../weights.npz", "./weights.npz", "a\nb"])
def test_a_card_names_only_files_below_its_folder(folder: Path, name: str) -> None:
    rewrite(folder, files={**model_files(folder), name: "0" * 64})
    assert (
        refused(folder)
        == f"{folder / CARD} is no evaluator's card: {name!r} is no plain name of a file below its folder"
    )


REQUEST_ARRAYS = {
    "no dimension": {"request": np.int64(1), "fold": np.int16(0)},
    "two dimensions": {"request": np.zeros((2, 2), np.int64), "fold": np.zeros(2, np.int16)},
    "a fold too many": {"request": np.array([1]), "fold": np.array([5])},
    "a fold below": {"request": np.array([1]), "fold": np.array([-2])},
    "a fold in words": {"request": np.array([1]), "fold": np.array(["0"])},
    "half a fold": {"request": np.array([1]), "fold": np.array([0.5])},
    "another length": {"request": np.array([1, 2]), "fold": np.array([0])},
}


@pytest.mark.parametrize("arrays", REQUEST_ARRAYS.values(), ids=REQUEST_ARRAYS.keys())
def test_requests_that_make_no_sense_are_refused(folder: Path, arrays: dict[str, Any]) -> None:
    np.savez(folder / REQUESTS, **arrays)
    rewrite(folder, files=model_files(folder))
    assert refused(folder).startswith(f"{folder} holds no readable evaluator: ")


@pytest.mark.parametrize("name", [WEIGHTS, REQUESTS])
def test_an_array_in_place_of_an_archive_is_refused(folder: Path, name: str) -> None:
    with (folder / name).open("wb") as opened:
        np.save(opened, np.zeros(3))
    rewrite(folder, files=model_files(folder))
    assert refused(folder).startswith(f"{folder} holds no readable evaluator: ")


def test_pickled_objects_are_refused_whatever_the_card_says(folder: Path) -> None:
    with np.load(folder / REQUESTS) as opened:
        folds = opened["fold"]
    objects: np.ndarray[Any, Any] = np.empty(folds.size, dtype=object)
    np.savez(folder / REQUESTS, allow_pickle=True, request=objects, fold=folds)
    rewrite(folder, files=model_files(folder))
    assert "allow_pickle=False" in refused(folder)


CARDS = {
    "another format": ({"format": 2}, "Input should be 1"),
    "an unknown kind": ({"kind": "forest"}, "Input should be 'linear' or 'encoder'"),
    "an unknown field": ({"mood": "good"}, "Extra inputs are not permitted"),
    "no figures": ({"figures": []}, "it names no criteria, no figures or no files"),
    "no criteria": ({"criteria": {}}, "it names no criteria, no figures or no files"),
    "no files": ({"files": {}}, "it names no criteria, no figures or no files"),
    "an unknown label": ({"criteria": {"r1": ["-1", "2"]}}, "r1 is labelled with two or more of -1, 0"),
    "a label twice": ({"criteria": {"r1": ["0", "0"]}}, "r1 is labelled with two or more of -1, 0"),
    "one label": ({"criteria": {"r1": ["0"]}}, "r1 is labelled with two or more of -1, 0"),
    "refusal in numbers": ({"criteria": {"refusal": ["1", "0"]}}, "refusal is labelled with two or more of full, "),
    "an unknown criterion": ({"criteria": {"mood": ["0", "1"]}}, "Input should be 'harmfulness'"),
}


@pytest.mark.parametrize(("changed", "told"), CARDS.values(), ids=CARDS.keys())
def test_a_card_of_another_format_is_refused(folder: Path, changed: dict[str, Any], told: str) -> None:
    rewrite(folder, **changed)
    assert refused(folder).startswith(f"{folder / CARD} is no evaluator's card: {told}")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null"])
def test_a_card_that_does_not_read_is_refused(folder: Path, content: bytes) -> None:
    (folder / CARD).write_bytes(content)
    assert refused(folder).startswith(f"{folder / CARD} is no evaluator's card: ")


def test_a_card_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / CARD).write_bytes(b"\xff\xfe")
    assert refused(folder) == f"{folder / CARD}:1: not UTF-8 text: save the file as UTF-8"


def test_a_card_of_other_labels_than_the_weights_is_refused(folder: Path) -> None:
    rewrite(folder, criteria={"refusal": ["full", "compliance"]})
    assert "the weights of refusal have another shape" in refused(folder)
    rewrite(folder, criteria={"r1": ["-1", "0"]})
    assert "no weights of r1" in refused(folder)


def test_a_place_without_a_card_is_told_what_to_do(tmp_path: Path, folder: Path) -> None:
    told = "holds no evaluator (evaluator.json); make one with primum evaluator train, or name bundled"
    (folder / CARD).unlink()
    for place in (tmp_path / "nowhere", tmp_path, folder, folder / WEIGHTS):
        assert refused(place) == f"{place} {told}"


@pytest.mark.parametrize("begun", [MODEL, "folds"])
def test_a_transformer_that_is_not_trained_to_the_end_is_told_so(tmp_path: Path, begun: str) -> None:
    (tmp_path / "out" / begun).mkdir(parents=True)
    assert refused(tmp_path / "out") == (
        f"the training in {tmp_path / 'out'} is not over: give its command again, it goes on where it stopped"
    )


def test_a_model_within_that_is_not_trained_to_the_end_is_told_so(folder: Path) -> None:
    """A card beside a model that a later training has begun anew."""
    pytest.importorskip("torch", reason="a fine-tuned encoder needs the extra 'local'")
    from primum.evaluator.encoder.recipe import Recipe, write_recipe

    (folder / MODEL).mkdir()
    recipe = Recipe(
        base="b",
        scales={Criterion.REFUSAL: ("full", "compliance")},
        data="",
        seed=0,
        epochs=1,
        batch=1,
        max_length=1,
        rate=1.0,
    )
    write_recipe(folder / MODEL, recipe)
    rewrite(folder, kind="encoder", files=model_files(folder))
    assert f"the training in {folder / MODEL} is not over" in refused(folder)


def test_the_bundled_evaluator_is_named_so_whatever_lies_in_the_working_folder(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(whole, tmp_path / "bundled")
    monkeypatch.chdir(tmp_path)
    bundled = open_evaluator(Path("bundled"))
    assert bundled.card == read_card(Path(cards.__file__).parent / "bundled")
    assert bundled.card.examples > 1000
    assert bundled.card.criteria == {Criterion.REFUSAL: ("full", "partial", "compliance")}
    assert open_evaluator(tmp_path / "bundled").card.examples == 45  # by its path it is found


# ---- What names it


def test_the_hash_changes_with_all_that_could_change_what_is_said(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = open_evaluator(whole)

    def changed(**fields: Any) -> str:
        return Evaluator(one.card.model_copy(update=fields), one.model, one.folds).sha256

    assert changed(notes=("a remark",), seed=9) == one.sha256  # these say nothing
    hashes = {
        one.sha256,
        changed(files={**one.card.files, WEIGHTS: "0" * 64}),
        changed(criteria={Criterion.REFUSAL: ("full", "partial", "refusal")}),
        changed(abstain=0.5),
        changed(kind="encoder"),
    }
    assert len(hashes) == 5
    monkeypatch.setattr(cards, "rules_sha", lambda: "other word lists")
    cards._reading_sha.cache_clear()
    assert one.sha256 not in hashes  # it is told anew
    cards._reading_sha.cache_clear()


def test_the_hash_reads_the_code_of_the_features() -> None:
    """Both files are there to be read, in the wheel too: they are the package's own."""
    for name in cards.READING:
        assert len(file_sha256(Path(cards.__file__).with_name(name))) == 64


def test_a_card_in_a_sentence(whole: Path) -> None:
    card = read_card(whole)
    told = describe(card)
    assert all(part in told for part in ("linear", "45 labelled answers", "100% of 45", "refusal (partial is refusal)"))
    assert "0.75" not in told
    assert "0.75" in describe(card.model_copy(update={"abstain": 0.75}))
    assert Card.model_validate_json(card.model_dump_json()) == card
