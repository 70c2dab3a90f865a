"""The promises that users' scripts rely on: JSON keys, exit codes, one sentence on an error, stdout clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from primum.records import Run
from tests.command import primum
from tests.data import FOLDER, needs_data
from tests.loopback import Answer, Loopback, obliging, problem

OWN = "id,kind,request,principle,A,B,reference\n" + "".join(
    f"{n},harmful,Wish number {n} about a ward.,{1 + n % 3},,,\n" for n in range(12)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.csv").write_text(OWN)
    return tmp_path


def answered(folder: Path) -> None:
    """A finished run of recorded refusals."""
    rows = "".join(f'{{"id": "own/{n}", "response": "No, I will not."}}\n' for n in range(12))
    (folder / "answers.jsonl").write_text(rows)
    assert primum("eval", "replay/answers.jsonl", "--suite", "own.csv", "--out", "a", cwd=folder).code == 0


@needs_data
def test_eval_json_on_the_900_requests_of_medsafetybench(folder: Path) -> None:
    with Loopback() as server:
        done = primum(
            "eval", "openai/m", "--suite", "medsafetybench", "--judge", "openai/j", "--retest", "0", "--json",
            cwd=folder, OPENAI_BASE_URL=server.base_url, PRIMUM_DATA=str(FOLDER),
        )  # fmt: skip
    assert done.code == 0, done.err
    said = done.json()
    assert {
        "run",
        "path",
        "model",
        "suites",
        "judges",
        "items",
        "responses",
        "verdicts",
        "estimates",
        "usage",
        "seconds",
    } <= set(said)
    assert (said["model"], said["suites"], said["judges"], said["items"]) == (
        "openai/m",
        ["medsafetybench"],
        ["openai/j", "auto"],
        900,
    )
    assert said["responses"]["ok"] == 900
    assert said["responses"]["failed"] == {}
    assert said["verdicts"] == {"scored": 900, "unscored": {}}
    assert said["usage"] == {"calls": 1800, "retries": 0, "prompt_tokens": 12600, "completion_tokens": 5400}
    assert said["seconds"]["wall"] > 0
    assert said["seconds"]["cpu"] > 0
    groups = [e["group"] for e in said["estimates"] if e["name"] == "harmfulness"]
    assert groups[0] == {}
    assert [g["principle"] for g in groups if "principle" in g] == list("123456789")
    assert [g["source"] for g in groups if "source" in g] == ["gpt4", "llama2"]
    first = said["estimates"][0]
    assert {
        "suite",
        "judge",
        "kind",
        "name",
        "group",
        "value",
        "low",
        "high",
        "n",
        "clusters",
        "method",
        "unscored_low",
        "unscored_high",
    } <= set(first)
    assert (first["kind"], first["value"], first["n"], first["clusters"]) == ("raw", 1.0, 900, 811)
    names = {e["name"] for e in said["estimates"]}
    assert names == {
        "harmfulness",
        "harmful_share",
        "harmfulness_jargon_slope",
        "refusal_rate",
        "refusal_jargon_slope",
        "degenerate_rate",
    }


def test_a_table_names_the_judge_and_the_missing_side(folder: Path) -> None:
    with Loopback() as server:
        done = primum(
            "eval", "openai/m", "--suite", "own.csv", "--judge", "openai/j", cwd=folder, OPENAI_BASE_URL=server.base_url
        )
    assert done.code == 0, done.err
    assert "openai/j" in done.out
    assert "over-refusal      not measured" in done.out
    assert "report: runs/" in done.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("eval",), "name a model"),
        (("eval", "openai/m"), "name a suite with --suite"),
        (("eval", "gpt-4", "--suite", "own.csv"), "'gpt-4' names no model"),
        (("eval", "ward/m", "--suite", "own.csv"), "no model kind or endpoint named 'ward'"),
        (("eval", "openai/m", "--suite", "medsafety"), "known suites are starter"),
        (("eval", "openai/m", "--suite", "none.csv"), "there is no file none.csv"),
        (("eval", "openai/m", "--suite", "own.csv", "--protocol", "mine"), "known are primum and paper"),
        (("eval", "openai/m", "--suite", "own.csv", "--protocol", "paper"), "--data or PRIMUM_DATA"),
        (("eval", "openai/m", "--suite", "own.csv", "--limit", "0"), "--limit"),
        (("eval", "openai/m", "--suite", "own.csv", "--seed", "-1"), "--seed"),
        (("compare", "a", "b", "--seed", "-1"), "--seed"),
        (("eval", "openai/m", "--suite", "own.csv", "--nonsense"), "--nonsense"),
        (("eval", "openai/m", "--suite", "own.csv", "--system", "gone.txt"), "there is no file gone.txt"),
        (("eval", "openai/m", "--suite", "own.csv", "--base-url", "ftp://x"), "no http:// or https:// address"),
        (("eval", "replay/gone.jsonl", "--suite", "own.csv"), "there is no file gone.jsonl"),
        (("eval", "--resume", "nowhere"), "is not a run folder"),
        (("judge", "nowhere", "--judge", "auto"), "is not a run folder"),
        (("judge", "nowhere"), "--judge"),
        (("compare", "a", "b"), "is not a run folder"),
        (("report", "nowhere"), "is not a run folder"),
        (("report", "nowhere", "--format", "pdf"), "known are html, md, csv, json, junit"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = primum(*arguments, cwd=folder, HF_HUB_OFFLINE="1")
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert "Traceback" not in done.err
    assert not list(folder.glob("runs/*"))


def test_debug_shows_the_traceback_and_keeps_the_exit_code(folder: Path) -> None:
    done = primum("eval", "openai/m", "--suite", "none.csv", "--debug", cwd=folder)
    assert done.code == 2
    assert "Traceback" in done.err
    assert "primum: there is no file none.csv" in done.err


def test_two_files_of_one_name_are_refused(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "own.csv").write_text(OWN)
    done = primum("eval", "openai/m", "--suite", "own.csv,sub/own.csv", cwd=folder)
    assert done.code == 2
    assert "would give the same item ids" in done.err


def test_judging_an_unfinished_run_leaves_it_unfinished(folder: Path) -> None:
    answered(folder)
    manifest = folder / "a" / "run.json"
    manifest.write_text(manifest.read_text().replace('"state": "done"', '"state": "stopped"'))
    with Loopback() as server:
        done = primum("judge", "a", "--judge", "openai/j", "--json", cwd=folder, OPENAI_BASE_URL=server.base_url)
    assert done.json()["state"] == "stopped"
    resumed = primum("eval", "--resume", "a", "--json", cwd=folder)
    assert resumed.code == 0, resumed.err
    assert resumed.json()["state"] == "done"


def test_a_judge_that_cannot_work_leaves_the_run_as_it_was(folder: Path) -> None:
    answered(folder)
    before = (folder / "a" / "run.json").read_text()
    with Loopback() as server:
        wrong = primum("judge", "a", "--judge", "openai/j", cwd=folder, OPENAI_BASE_URL=server.base_url + "/nowhere")
        assert wrong.code == 4, wrong.err
        left = Run.model_validate_json((folder / "a" / "run.json").read_text())
        was = Run.model_validate_json(before)
        assert (left.plan, left.state, left.prompts, left.endpoints) == (
            was.plan,
            was.state,
            was.prompts,
            was.endpoints,
        )
        right = primum("judge", "a", "--judge", "openai/k", "--json", cwd=folder, OPENAI_BASE_URL=server.base_url)
        assert right.code == 0, right.err
        assert right.json()["judges"] == ["auto", "openai/k"]
    unopened = primum("judge", "a", "--judge", "nobody/x", "--out", "copy", cwd=folder)
    assert unopened.code == 2
    assert not (folder / "copy").exists()


def test_a_copy_is_judged_and_the_run_stays_as_it_was(folder: Path) -> None:
    answered(folder)
    before = {file.name: file.read_bytes() for file in (folder / "a").iterdir()}
    with Loopback() as server:
        done = primum(
            "judge", "a", "--judge", "openai/j", "--out", "b", "--json", cwd=folder, OPENAI_BASE_URL=server.base_url
        )
    assert done.code == 0, done.err
    assert (done.json()["path"], done.json()["state"], done.json()["verdicts"]["scored"]) == ("b", "done", 12)
    assert {file.name: file.read_bytes() for file in (folder / "a").iterdir()} == before
    assert (folder / "b" / "responses.jsonl").read_bytes() == before["responses.jsonl"]


def test_a_run_goes_on_at_its_own_server_and_at_no_other(folder: Path) -> None:
    """Without a word about a server the recorded one is asked; another one must be named in the call itself."""
    with Loopback(lambda request, body: failing(body)) as server:
        first = primum(
            "eval", "openai/m", "--suite", "own.csv", "--out", "a", cwd=folder, OPENAI_BASE_URL=server.base_url
        )
        assert first.code == 1, first.err
        server.behaviour = obliging
        other = primum("eval", "--resume", "a", cwd=folder, OPENAI_BASE_URL="http://127.0.0.1:9/v1")
        assert other.code == 2
        assert f"this run used {server.base_url} as 'openai'" in other.err
        assert primum("eval", "--resume", "a", cwd=folder).code == 0


async def failing(body: dict[str, object]) -> Answer:
    return problem(400, "no")


def test_a_resumed_run_keeps_its_plan(folder: Path) -> None:
    answered(folder)
    done = primum("eval", "--resume", "a", "--samples", "3", "--max-tokens", "9", cwd=folder)
    assert done.code == 2
    assert "leave out --max-tokens, --samples" in done.err


@pytest.mark.parametrize("name", ["items.jsonl", "responses.jsonl"])
@pytest.mark.parametrize("verb", ["judge", "report", "compare", "resume"])
def test_a_run_whose_files_were_changed_is_refused(folder: Path, verb: str, name: str) -> None:
    answered(folder)
    file = folder / "a" / name
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    command = {
        "judge": ("judge", "a", "--judge", "auto"),
        "report": ("report", "a", "--format", "md"),
        "compare": ("compare", "a", "a"),
        "resume": ("eval", "--resume", "a"),
    }[verb]
    done = primum(*command, cwd=folder)
    assert done.code == 2
    assert f"{name} is not what the run recorded" in done.err


def test_sigterm_ends_a_run_as_an_interrupt_does(folder: Path) -> None:
    stop = "import os, signal, threading; threading.Timer(5, os.kill, (os.getpid(), signal.SIGTERM)).start()"
    with Loopback(latency=30.0) as server:
        done = primum(
            "eval",
            "openai/m",
            "--suite",
            "own.csv",
            "--out",
            "a",
            cwd=folder,
            before=stop,
            OPENAI_BASE_URL=server.base_url,
        )
    assert done.code == 130, done.err
    assert "goes on with --resume" in done.err
    assert Run.model_validate_json((folder / "a" / "run.json").read_text()).state == "stopped"


def test_what_was_not_asked_is_pending_and_not_forgotten(folder: Path) -> None:
    answered(folder)
    run = folder / "a"
    lines = (run / "responses.jsonl").read_bytes().splitlines(keepends=True)
    (run / "responses.jsonl").write_bytes(b"".join(lines[:5]))
    known = Run.model_validate_json((run / "run.json").read_text())
    (run / "run.json").write_text(
        known.model_copy(update={"state": "stopped", "responses_sha256": ""}).model_dump_json()
    )
    verdicts = (run / "verdicts.jsonl").read_bytes().splitlines(keepends=True)
    (run / "verdicts.jsonl").write_bytes(b"".join(verdicts[:5]))
    done = primum("judge", "a", "--judge", "auto", "--json", cwd=folder)
    assert done.code == 0, done.err
    said = done.json()
    assert said["verdicts"] == {"scored": 0, "unscored": {"no_judge": 5, "pending": 7}}
    refusal = next(e for e in said["estimates"] if e["name"] == "refusal_rate" and not e["group"])
    assert (refusal["n"], refusal["unscored"], refusal["incomplete"]) == (5, 7, True)
    assert (refusal["unscored_low"], refusal["unscored_high"]) == (5 / 12, 1.0)
    table = primum("judge", "a", "--judge", "auto", cwd=folder)
    assert "this run is stopped" in table.out


def test_two_keys_on_one_server_stay_apart_and_share_its_limit(folder: Path) -> None:
    with Loopback(latency=0.02) as server:
        (folder / "primum.toml").write_text(
            f'[endpoint.a]\nbase_url = "{server.base_url}"\nkey_env = "KEY_A"\nconcurrency = 3\n'
            f'[endpoint.b]\nbase_url = "{server.base_url}/"\nkey_env = "KEY_B"\n'
        )
        done = primum(
            "eval", "a/m", "--suite", "own.csv", "--judge", "b/j", "--json", cwd=folder, KEY_A="key-a", KEY_B="key-b"
        )
        assert done.code == 0, done.err
        assert set(server.keys) == {"Bearer key-a", "Bearer key-b"}
        assert server.most_under_way <= 3


def test_a_bad_setting_file_is_told(folder: Path) -> None:
    (folder / "primum.toml").write_text('[endpoint.ward]\nbase_url = "http://127.0.0.1:1/v1"\nkeyenv = "X"\n')
    done = primum("eval", "ward/m", "--suite", "own.csv", cwd=folder)
    assert done.code == 2
    assert "endpoint.ward.keyenv: unknown key" in done.err


def test_an_endpoint_from_primum_toml_and_its_key(folder: Path) -> None:
    with Loopback() as server:
        (folder / "primum.toml").write_text(f'[endpoint.ward]\nbase_url = "{server.base_url}"\nkey_env = "WARD_KEY"\n')
        missing = primum("eval", "ward/m", "--suite", "own.csv", cwd=folder)
        assert missing.code == 2
        assert "WARD_KEY" in missing.err
        done = primum("eval", "ward/m", "--suite", "own.csv", "--quiet", "--json", cwd=folder, WARD_KEY="k-123")
        assert done.code == 0, done.err
        assert done.err == ""
        assert done.json()["responses"]["ok"] == 12


def test_failed_responses_end_with_1_and_count_as_no_response(folder: Path) -> None:
    (folder / "answers.jsonl").write_text('{"id": "own/0", "response": "No."}\n')
    done = primum("eval", "replay/answers.jsonl", "--suite", "own.csv", "--json", cwd=folder)
    assert done.code == 1
    said = done.json()
    assert said["responses"] == {"ok": 1, "failed": {"not_recorded": 11}, "filtered": 0}
    refusal = next(e for e in said["estimates"] if e["name"] == "refusal_rate" and not e["group"])
    assert (refusal["n"], refusal["unscored"], refusal["incomplete"]) == (1, 11, True)
    assert refusal["unscored_reasons"] == {"no_response": 11}
    allowed = primum("eval", "replay/answers.jsonl", "--suite", "own.csv", "--max-failed", "1", cwd=folder)
    assert allowed.code == 0


def test_report_formats(folder: Path) -> None:
    (folder / "answers.jsonl").write_text(
        "".join(f'{{"id": "own/{n}", "response": "No, I will not."}}\n' for n in range(12))
    )
    assert primum("eval", "replay/answers.jsonl", "--suite", "own.csv", "--out", "a", cwd=folder).code == 0
    tables = {name: primum("report", "a", "--format", name, cwd=folder) for name in ("md", "csv", "json", "junit")}
    assert all(done.code == 0 for done in tables.values())
    assert "| a | own | auto | refusal_rate | all | 100% [76, 100] | 12 | 0 |" in tables["md"].out
    assert tables["csv"].out.startswith("run,model,group,suite,judge,kind,name,value,low,high,n")
    assert tables["junit"].out.startswith("<?xml")
    assert '"refusal_rate"' in tables["json"].out
    page = primum("report", "a", cwd=folder)
    assert page.out.strip() == "report: a/report.html"
    assert (folder / "a/report.html").is_file()


def test_several_samples_give_mean_and_worst(folder: Path) -> None:
    rows = [
        f'{{"id": "own/{n}", "response": "{text}"}}\n'
        for n in range(12)
        for text in ("I will not do it.", "Sure, first do it.")
    ]
    (folder / "answers.jsonl").write_text("".join(rows))
    with Loopback() as server:
        done = primum(
            "eval", "replay/answers.jsonl", "--suite", "own.csv", "--samples", "2", "--judge", "openai/j", "--json",
            cwd=folder, OPENAI_BASE_URL=server.base_url,
        )  # fmt: skip
    assert done.code == 0, done.err
    found = {e["name"]: (e["value"], e["n"], e["clusters"]) for e in done.json()["estimates"] if not e["group"]}
    assert found["refusal_rate"] == (0.5, 24, 12)
    assert found["harmfulness_worst"] == (1.0, 12, 12)
    (folder / "answers.jsonl").write_text("".join(rows[:-1]))  # the last item lacks its second answer
    with Loopback() as server:
        done = primum(
            "eval", "replay/answers.jsonl", "--suite", "own.csv", "--samples", "2", "--judge", "openai/j", "--json",
            "--max-failed", "1", cwd=folder, OPENAI_BASE_URL=server.base_url,
        )  # fmt: skip
    worst = next(e for e in done.json()["estimates"] if e["name"] == "harmfulness_worst" and not e["group"])
    assert (worst["n"], worst["unscored"], worst["incomplete"]) == (11, 1, True)
    # eleven ones and one item that may be anything: up to (11 + 5) / 12
    assert (worst["unscored_low"], worst["unscored_high"]) == (1.0, 16 / 12)


@pytest.mark.parametrize("verb", ["eval", "judge", "report", "compare", "suites", "demo"])
def test_every_verb_has_help(folder: Path, verb: str) -> None:
    done = primum(verb, "--help", cwd=folder)
    assert done.code == 0
    assert "--debug" in done.out
