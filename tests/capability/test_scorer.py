"""A model in this process sits exams by log-probabilities, as the harness computes them and as a hand does."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="exams need the extra 'capability'")
pytest.importorskip("torch", reason="a model in this process needs the extra 'local'")
pytest.importorskip("accelerate", reason="the harness loads models through accelerate and peft")
import torch

from primum.capability import measure_exams
from primum.capability.catalogue import open_exam
from primum.capability.scorer import Scorer
from primum.errors import BadInputError, StoppedError
from primum.models.local import TINY, load
from tests.capability import made
from tests.capability.test_files import needs_mmlu, needs_pubmedqa
from tests.data import FOLDER


@pytest.fixture(scope="module")
def tiny() -> Iterator[Scorer]:
    scorer = Scorer("tiny", str(TINY), "", 8)
    yield scorer
    scorer.close()


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA of noise on the tiny model."""
    import peft

    torch.manual_seed(1)
    model = peft.get_peft_model(load(str(TINY))[0], peft.LoraConfig(r=4, target_modules="all-linear"))
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                weights.normal_(std=0.3)
    folder = tmp_path_factory.mktemp("adapters") / "noise"
    model.save_pretrained(folder)
    return folder


def log_probability(before: str, after: str, adapter: str = "") -> float:
    """Of a text behind another: the sum over its tokens, one run of the model for each."""
    model, tokenizer = load(str(TINY), adapter)
    context = tokenizer(before, add_special_tokens=False)["input_ids"]
    whole = tokenizer(before + after, add_special_tokens=False)["input_ids"]
    assert whole[: len(context)] == context
    total = 0.0
    for place in range(len(context), len(whole)):
        with torch.inference_mode():
            logits = model(torch.tensor([whole[:place]])).logits[0, -1]
        total += math.log(torch.softmax(logits.double(), dim=0)[whole[place]].item())
    return total


def test_the_bundled_model_knows_the_bundled_exam() -> None:
    (sat,) = measure_exams("tiny", ("starter-exam",))
    exam = sat.exam
    assert (exam.accuracy, exam.n, exam.unread, exam.cut) == (1.0, 200, 0, 0)
    # Wilson with p = 1: 200 / (200 + 1.959964^2) = 0.98115
    assert (round(exam.low, 5), exam.high) == (0.98115, 1.0)
    assert exam.groups == {"en": 1.0, "zh": 1.0}
    assert (exam.form, exam.template) == ("loglikelihood", "primum choice, answer begun; chat template")
    assert {"lm_eval", "transformers", "torch"} <= exam.versions.keys()
    assert not sat.added


def test_log_probabilities_equal_those_worked_out_by_hand(tiny: Scorer, tmp_path: Path) -> None:
    """Three questions: an English and a Chinese one whose answer is begun, and one of the harness's own form."""
    made.medqa(tmp_path)
    bundled = open_exam("starter-exam", None, 0)
    english = bundled.questions[0]
    chinese = next(q for q in bundled.questions if q.group == "zh")
    asked = open_exam("medqa", tmp_path, 0)
    for paper, question in ((bundled, english), (bundled, chinese), (asked, asked.questions[0])):
        (scores,) = tiny.scores(paper, [question])
        before = f"<|user|>{question.prompt}<|end|><|assistant|>{question.begin}"
        by_hand = [log_probability(before, choice) for choice in question.choices]
        assert scores == pytest.approx(by_hand, abs=1e-4)
    assert max(by_hand) - min(by_hand) > 0.1  # choices that differ, so the comparison says something


def test_worked_examples_are_turns_of_the_conversation(tiny: Scorer, tmp_path: Path) -> None:
    made.mmlu_medical(tmp_path)
    paper = open_exam("mmlu_medical", tmp_path, 1)
    question = paper.questions[-1]
    (shown,) = paper.examples[question.group]
    (scores,) = tiny.scores(paper, [question])
    answered = f"<|user|>{shown.prompt}<|end|><|assistant|>{shown.choices[shown.key]}<|end|>"
    before = f"{answered}<|user|>{question.prompt}<|end|><|assistant|>"
    assert scores == pytest.approx([log_probability(before, choice) for choice in question.choices], abs=1e-4)


def test_scores_do_not_depend_on_the_batch_or_on_the_company(tiny: Scorer) -> None:
    paper = open_exam("starter-exam", None, 0)
    questions = paper.questions[::10]
    together = tiny.scores(paper, questions)
    alone = [tiny.scores(paper, [question])[0] for question in questions]
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_every_answer_is_heard_once_under_its_own_question(tiny: Scorer, tmp_path: Path) -> None:
    made.mmlu_medical(tmp_path)
    paper = open_exam("mmlu_medical", tmp_path, 0)
    heard: dict[str, tuple[str, bool | None]] = {}
    tiny.take(paper, list(reversed(paper.questions)), lambda q, picked, right: heard.update({q.id: (picked, right)}))
    assert heard.keys() == {q.id for q in paper.questions}
    scores = dict(zip((q.id for q in paper.questions), tiny.scores(paper, paper.questions), strict=True))
    for q in paper.questions:
        best = max(range(4), key=scores[q.id].__getitem__)
        assert heard[q.id] == ("ABCD"[best], best == q.key)


def test_an_adapter_changes_the_scores(tiny: Scorer, adapter: Path) -> None:
    paper = open_exam("starter-exam", None, 0)
    with_noise = Scorer("noise", str(TINY), str(adapter), 8)
    (ours,), (theirs,) = with_noise.scores(paper, paper.questions[:1]), tiny.scores(paper, paper.questions[:1])
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) > 1
    question = paper.questions[0]
    before = f"<|user|>{question.prompt}<|end|><|assistant|>{question.begin}"
    by_hand = [log_probability(before, choice, str(adapter)) for choice in question.choices]
    assert ours == pytest.approx(by_hand, abs=1e-4)
    (sat,) = measure_exams(f"tiny+{adapter}", ("starter-exam",), limit=60)
    assert sat.exam.accuracy < 0.9
    assert f"{adapter}/adapter_model.safetensors" in sat.exam.versions


def test_what_is_too_long_is_cut_at_its_beginning_and_counted(tiny: Scorer, tmp_path: Path) -> None:
    rows = made.pubmedqa(tmp_path)
    rows["104"]["CONTEXTS"] = ["word " * 3000]
    made.write_lines(tmp_path / "pubmedqa" / "ori_pqal.json", [rows])
    (sat,) = measure_exams("tiny", ("pubmedqa",), data=tmp_path)
    assert (sat.exam.n, sat.exam.cut, sat.exam.unread) == (3, 1, 0)


def test_a_model_that_gives_no_numbers_is_read_nowhere(tmp_path: Path) -> None:
    """Damaged weights: not a number is no answer, and never the first choice."""
    from safetensors.torch import load_file, save_file

    broken = tmp_path / "broken"
    shutil.copytree(TINY, broken)
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"].fill_(float("nan"))
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    (sat,) = measure_exams(f"hf/{broken}", ("starter-exam",), limit=8)
    assert (sat.exam.accuracy, sat.exam.unread, sat.exam.n) == (0.0, 8, 8)


def test_no_room_in_memory_says_which_option(tiny: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(tiny._lm, "_model_call", full)
    made.medqa(tmp_path)
    paper = open_exam("medqa", tmp_path, 0)
    with pytest.raises(StoppedError, match=r"a batch of 8 questions does not fit .* lower --batch"):
        tiny.scores(paper, paper.questions)


def test_a_template_that_takes_no_question_is_told_of(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(TINY, bare)
    (bare / "chat_template.jinja").write_text("{{ raise_exception('no questions here') }}")
    with pytest.raises(BadInputError, match="does not take the exam: no questions here"):
        measure_exams(f"hf/{bare}", ("starter-exam",), limit=2)


@needs_mmlu
@needs_pubmedqa
def test_real_exams_from_end_to_end() -> None:
    names = ("pubmedqa", "mmlu_medical")
    shown = measure_exams("tiny", names, data=FOLDER, limit=12, shots=1)
    plain = measure_exams("tiny", names, data=FOLDER, limit=12)
    for one, other in zip(shown, plain, strict=True):
        assert (one.exam.n, one.exam.unread, one.exam.shots, other.exam.shots) == (12, 0, 1, 0)
        assert one.exam.sha256 != other.exam.sha256
    assert len(plain[1].exam.groups) == 6
