"""Answers recorded earlier: found by id or request, in order of samples; what is not there is a failure, not a guess."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from primum.errors import BadInputError
from primum.models.base import Prompt
from primum.models.replay import ReplayModel, read_answers
from primum.records import Failure, FailureKind, Reply


def write(tmp_path: Path, name: str, content: str | bytes) -> Path:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def ask(file: Path, *prompts: Prompt) -> list[Reply | Failure]:
    return asyncio.run(ReplayModel(str(file)).reply(prompts))


def prompt(item_id: str = "", request: str = "", sample: int = 0) -> Prompt:
    return Prompt((), item_id, request, sample)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,response\ns/1,No.\ns/2,Yes.\n"),
        ("a.csv", "\ufeffid,response\r\ns/1,No.\r\ns/2,Yes.\r\n"),
        ("a.jsonl", '{"id":"s/1","response":"No."}\n{"id":"s/2","response":"Yes.","model":"m","seconds":2}\n'),
        ("a.jsonl", '{"request":"Hide it?","response":"No."}\n{"id":"s/2","request":"Tell?","response":"Yes."}\n'),
    ],
)
def test_answers_are_found_by_id_or_by_request(tmp_path: Path, name: str, content: str) -> None:
    first, second = prompt("s/1", "Hide it?"), prompt("s/2", "Tell?")
    assert ask(write(tmp_path, name, content), second, first) == [Reply(text="Yes."), Reply(text="No.")]


def test_an_id_comes_before_a_request(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "id,request,response\ns/1,,by id\n,Hide it?,by request\n")
    assert ask(file, prompt("s/1", "Hide it?"), prompt("s/9", "Hide it?")) == [
        Reply(text="by id"),
        Reply(text="by request"),
    ]


def test_a_request_that_reads_like_a_key_of_ours_finds_no_other_answer(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "id,request,response\n,x,for x\n")
    (answer,) = ask(file, prompt("request:x", "y"))
    assert isinstance(answer, Failure)


def test_rows_of_one_item_are_its_samples_in_order(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "id,response\ns/1,first\ns/2,other\ns/1,second\n")
    asked = [prompt("s/1", sample=n) for n in (1, 0, 2)]
    texts = [answer.text if isinstance(answer, Reply) else answer.kind for answer in ask(file, *asked)]
    assert texts == ["second", "first", FailureKind.NOT_RECORDED]


def test_an_answer_that_was_not_recorded_is_a_failure_that_names_the_item(tmp_path: Path) -> None:
    (answer,) = ask(write(tmp_path, "a.csv", "id,response\ns/1,No.\n"), prompt("s/7", "Tell?"))
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.NOT_RECORDED
    assert "s/7" in answer.detail


def test_an_empty_answer_was_recorded_as_empty(tmp_path: Path) -> None:
    assert ask(write(tmp_path, "a.csv", "id,response\ns/1,\n"), prompt("s/1")) == [Reply(text="")]


def test_nul_in_a_json_text_is_kept(tmp_path: Path) -> None:
    file = write(tmp_path, "a.jsonl", '{"id":"s/1","response":"a\\u0000b"}\n')
    assert ask(file, prompt("s/1")) == [Reply(text="a\x00b")]


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.jsonl", '{"id":"1"}\n{"id":"2","response":"x"}\n{"response":"x"}\n{"id":"4","response":7}\n', [1, 3, 4]),
        ("a.jsonl", '{"id":"1","response":null}\n{"id":"","response":"x"}\n', [1, 2]),
        ("a.jsonl", '{"id":"1","response":"\\ud800"}\n', [1]),
        ("a.csv", "id,request,response\n,,x\n1,,y\n,,z\n", [2, 4]),
        ("a.csv", 'id,response\n1,x\n2,"cut off\n', [3]),
        ("a.csv", "id,response\n1,x,y\n", [2]),
        ("a.jsonl", '{"id":"1"}\n[1]\n{"response":"x"}\n', [1, 3, 2]),
    ],
)
def test_all_faults_are_told_with_their_lines(tmp_path: Path, name: str, content: str, lines: list[int]) -> None:
    file = write(tmp_path, name, content)
    with pytest.raises(BadInputError) as caught:
        read_answers(str(file))
    assert [fault.removeprefix(f"{file}:").partition(":")[0] for fault in caught.value.faults] == [
        str(n) for n in lines
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("id,answer\n1,x\n2,y\n", "a.csv:1: no column response (there are: id, answer)"),
        ("response\nx\n", "neither id nor request"),
        ("id,response\n", "has no rows"),
        ("", "is empty"),
        (b"id,response\n1,caf\xe9\n", "a.csv:2: not UTF-8"),
        (b"id,response\n1,\x00\n", "a.csv:2: a NUL byte"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_of(tmp_path: Path, content: str | bytes, told: str) -> None:
    with pytest.raises(BadInputError) as caught:
        ReplayModel(str(write(tmp_path, "a.csv", content)))
    assert told in " ".join([str(caught.value), *caught.value.faults])


def test_a_file_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="there is no file"):
        ReplayModel(str(tmp_path / "none.csv"))


def test_items_that_make_the_same_request_each_have_their_own_rows(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "query,response\nTell?,a\nTell?,b\nHide?,c\n")
    asked = [Prompt((), "s/1", "Tell?"), Prompt((), "s/2", "Tell?", twin=1), Prompt((), "s/3", "Hide?", twin=1)]
    assert [said.text for said in ask(file, *asked) if isinstance(said, Reply)] == ["a", "b", "c"]


def test_samples_of_items_that_make_the_same_request(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "request,response\n" + "".join(f"Tell?,{n}\n" for n in range(4)))
    asked = [Prompt((), "s", "Tell?", sample, twin=twin, samples=2) for twin in (0, 1) for sample in (0, 1)]
    assert [said.text for said in ask(file, *asked) if isinstance(said, Reply)] == list("0123")


def test_of_several_models_one_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "query,model,response\nTell?,m,a\nTell?,n,b\n")
    model = ReplayModel(f"{file}@n")
    (said,) = asyncio.run(model.reply([Prompt((), "s/1", "Tell?")]))
    assert (said, model.name) == (Reply(text="b"), f"replay/{file}@n")
    with pytest.raises(BadInputError, match=r"several models \(m, n\): name one"):
        ReplayModel(str(file))
