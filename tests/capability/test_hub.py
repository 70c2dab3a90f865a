"""The prompts are the harness's own, word for word; and its tasks are read from the hub where there is no folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="exams need the extra 'capability'")
import datasets

from primum.capability.catalogue import EXAMS, PUBLISHED, is_here, open_exam
from primum.capability.questions import Question
from primum.errors import BadInputError
from tests.capability import made


def hub_rows(exam: str, questions: list[Question]) -> list[dict[str, Any]]:
    """The rows that the hub's copy of a data set holds for these questions."""
    rows: list[dict[str, Any]] = []
    for question in questions:
        asked, options = question.prompt.rpartition("\nA. ")[0], list(question.options)
        lettered = dict(zip("ABCD", options, strict=False))
        if exam == "pubmedqa":
            abstract, _, text = question.prompt.removesuffix("\nAnswer:").partition("\nQuestion: ")
            contexts = abstract.removeprefix("Abstract: ").split("\n")
            rows.append({"CONTEXTS": contexts, "QUESTION": text, "final_decision": options[question.key]})
        elif exam == "mmlu_medical":
            rows.append({"question": asked, "choices": options, "answer": question.key})
        elif exam == "cmmlu_medical":
            rows.append({"Question": asked, **lettered, "Answer": "ABCD"[question.key]})
        elif exam == "medqa":
            ends = {f"ending{place}": option for place, option in enumerate(options)}
            rows.append({"sent1": asked.removeprefix("Question: "), **ends, "label": question.key})
        else:
            ends = dict(zip(("opa", "opb", "opc", "opd"), options, strict=True))
            asked = asked.removeprefix("Question: ").removesuffix("\nChoices:")
            rows.append({"question": asked, **ends, "cop": question.key})
    return rows


@pytest.mark.parametrize("exam", EXAMS[1:])
def test_the_harness_words_the_same_rows_in_the_same_way(
    exam: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files that we read, put into the columns of the hub's copy and worded by the harness's own task."""
    getattr(made, exam)(tmp_path)
    local = open_exam(exam, tmp_path, 1)
    names = {name.partition("_")[2]: name for name in PUBLISHED[exam].tasks}
    asked: list[tuple[str, str | None]] = []

    def load(path: str, name: str | None = None, **_: Any) -> Any:
        asked.append((path, name))
        group = name if name in names else ""
        splits = {
            "test": hub_rows(exam, [q for q in local.questions if q.group == group]),
            "dev": hub_rows(exam, list(local.examples[group])),
        }
        splits |= {"train": splits["dev"], "validation": splits["test"]}  # of medmcqa the latter is the test
        return datasets.DatasetDict({split: datasets.Dataset.from_list(rows) for split, rows in splits.items()})

    monkeypatch.setattr(datasets, "load_dataset", load)
    hub = open_exam(exam, tmp_path / "elsewhere", 1)
    assert len(asked) == len(PUBLISHED[exam].tasks)
    worded = [(q.prompt, q.choices, q.key, q.options, q.message, q.group) for q in hub.questions]
    assert worded == [(q.prompt, q.choices, q.key, q.options, q.message, q.group) for q in local.questions]
    shown = {group: [q.prompt for q in shots] for group, shots in hub.examples.items()}
    assert shown == {group: [q.prompt for q in shots] for group, shots in local.examples.items()}
    assert (hub.source, hub.shots) == ("hub", 1)
    assert len({q.id for q in hub.questions}) == len(hub.questions)
    # MMLU's tasks say what is asked before all; ours leave that sentence out, and the hashes tell.
    described = {bool(q.system) for q in hub.questions}
    assert described == {exam in {"mmlu_medical", "cmmlu_medical"}}


@pytest.mark.parametrize("exam", EXAMS[1:])
def test_without_folder_and_network_one_sentence_says_what_to_do(
    exam: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    (tmp_path / exam).mkdir()  # an empty folder is none
    assert not is_here(exam, tmp_path)
    with pytest.raises(BadInputError) as caught:
        open_exam(exam, tmp_path, 0)
    told = str(caught.value)
    assert told.startswith(f"there is no folder '{exam}' in the data folder")
    assert "could not be loaded from the hub" in told
    assert "\n" not in told
    assert ("primum data fetch" in told) == (exam in {"pubmedqa", "mmlu_medical"})


def test_the_harness_itself_scores_its_own_task_as_we_score_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lm_eval` with its own `medqa_4options` and its own way through, against the file and our way."""
    pytest.importorskip("torch")
    pytest.importorskip("accelerate")
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from primum.capability.scorer import Scorer
    from primum.models.local import TINY, load

    made.medqa(tmp_path)
    local = open_exam("medqa", tmp_path, 0)
    rows = datasets.Dataset.from_list(hub_rows("medqa", list(local.questions)))
    splits = datasets.DatasetDict(dict.fromkeys(("train", "validation", "test"), rows))
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: splits)
    model, tokenizer = load(str(TINY))
    folder = Path(lm_eval.__file__).parent / "tasks" / "medqa"
    theirs = lm_eval.simple_evaluate(
        model=HFLM(pretrained=model, tokenizer=tokenizer),
        tasks=["medqa_4options"],
        task_manager=TaskManager(include_defaults=False, include_path=str(folder)),
        apply_chat_template=True,
        bootstrap_iters=0,
    )
    samples = theirs["samples"]["medqa_4options"]
    scores = [[float(score) for score, _ in sample["filtered_resps"]] for sample in samples]
    ours = Scorer("tiny", str(TINY), "", 4).scores(local, local.questions)
    for one, other in zip(ours, scores, strict=True):
        assert one == pytest.approx(other, abs=1e-4)
    right = [one.index(max(one)) == question.key for one, question in zip(ours, local.questions, strict=True)]
    assert theirs["results"]["medqa_4options"]["acc,none"] == pytest.approx(sum(right) / 5)
