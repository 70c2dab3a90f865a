"""`primum capability`: its JSON, its table, its exit codes, and one sentence on every error."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("lm_eval", reason="exams need the extra 'capability'")

from primum.ledger import open_run, read_exams
from tests.capability import made
from tests.capability.test_teller import knowing
from tests.command import primum
from tests.loopback import Loopback, always, problem

BLOCKED = "sys.modules['lm_eval'] = None"
# As if they were not installed: libraries that only ask whether torch is there are told no.
WITHOUT_TORCH = """
import importlib.machinery as machinery
class Finder(machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        blocked = name.partition('.')[0] in {'torch', 'transformers', 'accelerate', 'peft', 'safetensors'}
        return None if blocked else super().find_spec(name, path, target)
sys.meta_path = [Finder if finder is machinery.PathFinder else finder for finder in sys.meta_path]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made.own_exam(tmp_path / "mine.csv")
    made.mmlu_medical(tmp_path / "data")
    return tmp_path


def test_the_bundled_exam_on_the_bundled_model_into_its_run(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    made.a_run(tmp_path / "run", "tiny")
    done = primum("capability", "tiny", "--exam", "starter-exam", "--out", "run", "--json", "--quiet", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.err == ""  # the harness is chatty, and is not heard
    said = done.json()
    assert (said["model"], said["path"]) == ("tiny", "run")
    (exam,) = said["exams"]
    assert {"name", "accuracy", "low", "high", "n"} <= exam.keys()
    assert (exam["name"], exam["accuracy"], exam["n"], exam["unread"]) == ("starter-exam", 1.0, 200, 0)
    assert (exam["form"], exam["shots"], exam["failed"], exam["added"]) == ("loglikelihood", 0, {}, True)
    ((recorded, answers),) = read_exams(tmp_path / "run")
    assert (recorded.accuracy, len(answers)) == (1.0, 200)


def test_the_json_of_an_endpoint(folder: Path) -> None:
    with Loopback(knowing) as server:
        done = primum(
            "capability", "openai/m", "--exam", "mmlu_medical,mine.csv", "--data", "data", "--limit", "6", "--json",
            cwd=folder, OPENAI_BASE_URL=server.base_url,
        )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    first, second = done.json()["exams"]
    assert (first["name"], first["n"], first["accuracy"], first["form"]) == ("mmlu_medical", 6, 1.0, "generative")
    assert len(first["groups"]) == 6
    assert (second["name"], second["n"], second["added"]) == ("mine", 6, False)
    # Wilson for 6 of 6: 6 / (6 + 1.959964^2) = 0.60967
    assert (round(first["low"], 5), first["high"]) == (0.60967, 1.0)
    assert not (folder / "runs").exists()


def test_the_table(folder: Path) -> None:
    made.a_run(folder / "run", "openai/m")
    with Loopback(knowing) as server:
        done = primum(
            "capability", "openai/m", "--exam", "mine.csv", "--out", "run", cwd=folder, OPENAI_BASE_URL=server.base_url
        )
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "exams · openai/m"
    assert lines[1].split() == ["accuracy", "n", "unread", "form", "shots"]
    assert lines[2].split() == ["mine", "100.0%", "[61.0,", "100.0]", "6", "0", "letter", "read", "from", "text", "0"]
    assert [line.split() for line in lines[3:5]] == [["en", "100.0%"], ["zh", "100.0%"]]
    assert lines[5] == "added to run: mine"


def test_failed_answers_end_with_1_and_are_not_added(folder: Path) -> None:
    made.a_run(folder / "run", "openai/m")

    with Loopback(always(lambda: problem(400, "no"))) as server:
        done = primum(
            "capability", "openai/m", "--exam", "mine.csv", "--out", "run", cwd=folder, OPENAI_BASE_URL=server.base_url
        )
        assert done.code == 1
        assert "mine: 6 of 6 answers failed (6 bad_request): more than --max-failed 0.01" in done.err
        assert "counted as wrong and not added to a run" in done.out
        assert not (folder / "run" / "exams.jsonl").exists()
        command = ("capability", "openai/m", "--exam", "mine.csv", "--max-failed", "1", "--json")
        allowed = primum(*command, cwd=folder, OPENAI_BASE_URL=server.base_url)
    assert allowed.code == 0
    assert allowed.json()["exams"][0]["failed"] == {"bad_request": 6}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("openai/m",), "name an exam with --exam: known exams are starter-exam, pubmedqa, mmlu_medical"),
        (("openai/m", "--exam", "usmle"), "no exam or file named 'usmle': known exams are starter-exam"),
        (("openai/m", "--exam", "gone.csv"), "there is no file gone.csv"),
        (("openai/m", "--exam", "empty.csv"), "empty.csv is empty"),
        (("openai/m", "--exam", "wrong.csv"), "no column kind"),
        (("openai/m", "--exam", "mine.csv", "--shots", "2"), "'mine' has no worked examples"),
        (("openai/m", "--exam", "mine.csv", "--limit", "0"), "--limit"),
        (("openai/m", "--exam", "mine.csv", "--out", "nowhere"), "is not a run folder"),
        (("openai/m", "--exam", "mine.csv", "--out", "run"), "run is a run of openai/other, not of openai/m"),
        (("gpt", "--exam", "mine.csv"), "'gpt' names no model"),
        (("ward/m", "--exam", "mine.csv"), "no model kind or endpoint named 'ward'"),
        (("replay/gone.jsonl", "--exam", "mine.csv"), "there is no file gone.jsonl"),
        (("hf/nowhere", "--exam", "mine.csv"), "cannot load the model 'nowhere'"),
        (("tiny+nowhere/adapter/of/mine", "--exam", "mine.csv"), "there is no such folder"),
        (("openai/m", "--exam", "medqa"), "there is no folder 'medqa' in the data folder"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    (folder / "empty.csv").write_text("")
    (folder / "wrong.csv").write_text("id,request,A,B,reference\n1,What?,one,two,A\n")
    made.a_run(folder / "run", "openai/other")
    done = primum("capability", *arguments, cwd=folder, HF_HUB_OFFLINE="1")
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert "Traceback" not in done.err
    assert not (folder / "run" / "exams.jsonl").exists()


@pytest.mark.parametrize("model", ["openai/m", "tiny"])
def test_without_the_extra_one_sentence_says_which(folder: Path, model: str) -> None:
    done = primum("capability", model, "--exam", "mine.csv", cwd=folder, before=BLOCKED)
    assert (done.code, done.out) == (2, "")
    assert done.err == "primum: an exam needs the extra 'capability': pip install 'primum[capability]'\n"


def test_an_endpoint_needs_no_torch_and_a_model_here_does(folder: Path) -> None:
    with Loopback(knowing) as server:
        command = ("capability", "openai/m", "--exam", "mine.csv", "--json")
        done = primum(*command, cwd=folder, before=WITHOUT_TORCH, OPENAI_BASE_URL=server.base_url)
    assert done.code == 0, done.err
    here = primum("capability", "tiny", "--exam", "mine.csv", cwd=folder, before=WITHOUT_TORCH)
    assert (here.code, here.out) == (2, "")
    assert "pip install 'primum[local]'" in here.err


def test_a_run_is_added_to_from_its_own_server_only(folder: Path) -> None:
    run = made.a_run(folder / "run", "openai/m")
    command = ("capability", "openai/m", "--exam", "mine.csv", "--out", "run", "--json")
    with Loopback(knowing) as server:
        with open_run(run) as ledger:
            ledger.save(endpoints={"openai": server.base_url})
        other = primum(*command, cwd=folder, OPENAI_BASE_URL="http://127.0.0.1:9/v1")
        assert (other.code, other.out) == (2, "")
        assert f"this run used {server.base_url} as 'openai'" in other.err
        own = primum(*command, cwd=folder)  # without a word about a server, the recorded one
        assert own.code == 0, own.err
    assert own.json()["exams"][0]["accuracy"] == 1.0


def test_an_adapter_that_changed_since_its_run_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("peft")
    from primum.models.adapter import adapter_files

    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"new")
    (folder / "adapter_config.json").write_text("{}")
    run = made.a_run(tmp_path / "run", "tiny+adapter")
    recorded = {f"adapter/{name}": sha for name, sha in adapter_files(folder).items()}
    recorded["adapter/adapter_model.safetensors"] = "0" * 64
    with open_run(run) as ledger:
        ledger.save(versions=recorded)
    done = primum("capability", "tiny+adapter", "--exam", "starter-exam", "--out", "run", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "adapter/adapter_model.safetensors was changed since run used it" in done.err
