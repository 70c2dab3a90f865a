"""Two runs side by side: what may be compared, by which judge, and what a missing mark counts as."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.gate.sample import AUTO, JUDGE, finished, items, marks
from tests.runs import make_run

from primum.errors import BadInputError
from primum.gate.checks import BY_NAME
from primum.gate.pairs import judge_of, open_arms, read_scored
from primum.ledger import open_run
from primum.records import Criterion, Kind

ITEMS = items(n=6, principles=2)
HARM, SHARE = BY_NAME["harmfulness"], BY_NAME["harmful_share"]


def run(folder: Path, name: str, values: list[float | str | None], judge: str = JUDGE) -> Path:
    return finished(
        folder / name, ITEMS[: len(values)], {judge: marks(ITEMS, "harmfulness", values + [None] * (6 - len(values)))}
    )


def test_missing_marks_are_best_or_worst_as_asked(tmp_path: Path) -> None:
    base, candidate = run(tmp_path, "a", [5, "refused", 3, 2, None, 1]), run(tmp_path, "b", [4, 4, 1, "empty", 2, 1])
    with open_arms(base, candidate) as arms:
        scored = read_scored(arms, "s", JUDGE, HARM)
        share = read_scored(arms, "s", JUDGE, SHARE)
    assert scored is not None
    assert share is not None
    assert scored.filled(0, 1.0).tolist() == [5, 1, 3, 2, 1, 1]
    assert scored.filled(1, 5.0).tolist() == [4, 4, 1, 5, 2, 1]
    assert share.filled(1, 1.0).tolist() == [1, 1, 0, 1, 0, 0]
    assert scored.covered(0) == pytest.approx(4 / 6)
    assert scored.covered(1) == pytest.approx(5 / 6)
    assert scored.names == ("1", "2")
    assert np.unique(scored.clusters).size == 6


def test_samples_are_averaged_and_each_missing_one_counts(tmp_path: Path) -> None:
    """Two samples an item: one mark of 3 and one missing is 2 at best (1) and 4 at worst (5)."""
    base = run(tmp_path, "a", [3])
    with open_run(base) as ledger:
        ledger.save(plan=ledger.run.plan.model_copy(update={"samples": 2}))
    with open_arms(base, base) as arms:
        scored = read_scored(arms, "s", JUDGE, HARM)
    assert scored is not None
    assert (scored.filled(0, 1.0).tolist(), scored.filled(1, 5.0).tolist()) == ([2.0], [4.0])
    assert scored.covered(0) == 0.5


def test_an_item_that_one_run_lacks_has_no_mark_there(tmp_path: Path) -> None:
    base, candidate = run(tmp_path, "a", [1, 2, 3]), run(tmp_path, "b", [1, 2])
    with open_arms(base, candidate) as arms:
        scored = read_scored(arms, "s", JUDGE, HARM)
    assert scored is not None
    assert scored.missing.tolist() == [[0, 0, 0], [0, 0, 1]]


def test_families_are_the_same_in_both_runs_whatever_their_order(tmp_path: Path) -> None:
    of = items(n=6, family=3)
    base = finished(tmp_path / "a", of, {JUDGE: marks(of, "harmfulness", [1] * 6)})
    other = [of[i] for i in (5, 0, 3, 1, 2, 4)]
    candidate = finished(tmp_path / "b", other, {JUDGE: marks(other, "harmfulness", [1] * 6)})
    with open_arms(base, candidate) as arms:
        scored = read_scored(arms, "s", JUDGE, HARM)
    assert scored is not None
    assert scored.clusters.tolist() == [0, 0, 0, 1, 1, 1]


def test_items_that_stand_aside_count_where_all_do(tmp_path: Path) -> None:
    own, beside = items(Kind.BENIGN, 2), items(Kind.MUST_HAVE, 3, aside=True)
    said = {AUTO: marks([*own, *beside], "refusal", [0] * 5)}
    both = finished(tmp_path / "a", [*own, *beside], said)
    alone = finished(tmp_path / "b", beside, {AUTO: marks(beside, "refusal", [0] * 3)})
    for run, n in ((both, 2), (alone, 3)):
        with open_arms(run, run) as arms:
            scored = read_scored(arms, "s", AUTO, BY_NAME["over_refusal_rate"])
        assert scored is not None
        assert scored.n == n


def test_runs_that_cannot_be_gated_are_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "a", [1, 2])
    unfinished = make_run(tmp_path / "b", ITEMS, {JUDGE: {}})
    elsewhere = items(suite="t", n=2)
    other = finished(tmp_path / "c", elsewhere, {JUDGE: {}})
    changed = finished(tmp_path / "d", [ITEMS[0].model_copy(update={"sha256": "x"})], {JUDGE: {}})
    for candidate, told in (
        (unfinished, "is running, not done: primum eval --resume"),
        (other, "no suite in common"),
        (changed, r"1 items have another content in the two runs \(s/harmful-0\)"),
        (tmp_path / "nothing", "is not a run folder"),
    ):
        with pytest.raises(BadInputError, match=told), open_arms(done, candidate):
            pass


def test_a_run_that_stopped_early_is_refused(tmp_path: Path) -> None:
    base = run(tmp_path, "a", [1, 2])
    with open_run(base) as ledger:
        ledger.save(plan=ledger.run.plan.model_copy(update={"until": "harmfulness<2"}))
    with open_arms(base, base) as arms:
        assert arms.suites == ("s",)  # it asked all
    lines = (base / "responses.jsonl").read_bytes().splitlines(keepends=True)
    (base / "responses.jsonl").write_bytes(lines[0])
    with pytest.raises(BadInputError, match="a gate needs runs without --until"), open_arms(base, base):
        pass


def test_a_suite_of_one_run_alone_is_left_out_and_told(tmp_path: Path) -> None:
    more = [*ITEMS, *items(suite="t", n=2)]
    base = finished(tmp_path / "a", more, {JUDGE: marks(ITEMS, "harmfulness", [1] * 6)})
    with open_arms(base, run(tmp_path, "b", [1] * 6)) as arms:
        assert (arms.suites, arms.notes) == (("s",), ("t is in the base's run alone: left out",))


def test_one_judge_and_it_must_be_plain_which(tmp_path: Path) -> None:
    said = {"x/one": marks(ITEMS, "harmfulness", [1] * 6), "x/two": marks(ITEMS, "harmfulness", [2] * 6)}
    both = finished(tmp_path / "a", ITEMS, said)
    one = finished(tmp_path / "b", ITEMS, {"x/two": said["x/two"]})
    with open_arms(both, one) as arms:
        assert judge_of(arms, Criterion.HARMFULNESS, "", "judge") == "x/two"
        assert judge_of(arms, Criterion.HARMFULNESS, "x/one", "judge") is None
        assert judge_of(arms, Criterion.MUST_HAVE, "", "judge") is None
    with open_arms(both, both) as arms:
        assert judge_of(arms, Criterion.HARMFULNESS, "panel", "judge") == "panel"
        with pytest.raises(
            BadInputError, match=r'panel, x/one, x/two marked harmfulness in both runs: .*judge = "\.\.\."'
        ):
            judge_of(arms, Criterion.HARMFULNESS, "", "judge")


def test_a_panel_of_others_is_another_judge(tmp_path: Path) -> None:
    said = {name: marks(ITEMS, "harmfulness", [1] * 6) for name in ("x/one", "x/two", "x/three")}
    runs = [
        finished(tmp_path / name, ITEMS, {judge: said[judge] for judge in judges})
        for name, judges in (("a", ("x/one", "x/two")), ("b", ("x/one", "x/three")))
    ]
    with open_arms(*runs) as arms, pytest.raises(BadInputError, match="the panel of the two runs has different judges"):
        judge_of(arms, Criterion.HARMFULNESS, "panel", "judge")


@pytest.mark.parametrize("wanted", ["", "panel"])
def test_another_prompt_is_another_judge(tmp_path: Path, wanted: str) -> None:
    """Of any item of both runs: the run's own list of prompts would not tell a run that was judged in two parts."""
    said = {"x/one": marks(ITEMS, "harmfulness", [1] * 6)}
    if wanted:
        said["x/two"] = said["x/one"]
    base, candidate = (finished(tmp_path / name, ITEMS, said) for name in "ab")
    file = candidate / "verdicts.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join([lines[0].replace("0" * 64, "1" * 64), *lines[1:]]), encoding="utf-8")
    with open_arms(base, candidate) as arms, pytest.raises(BadInputError) as caught:
        judge_of(arms, Criterion.HARMFULNESS, wanted, "judge")
    assert str(caught.value).startswith("x/one judged the runs by different prompts or rules: judge both again")
    assert f"primum judge {candidate} --judge x/one" in str(caught.value)


def test_the_last_verdict_tells_the_prompt(tmp_path: Path) -> None:
    base, candidate = (run(tmp_path, name, [1] * 6) for name in "ab")
    file = candidate / "verdicts.jsonl"
    again = file.read_text(encoding="utf-8")
    file.write_text(again.replace("0" * 64, "1" * 64) + again, encoding="utf-8")
    with open_arms(base, candidate) as arms:
        assert judge_of(arms, Criterion.HARMFULNESS, "", "judge") == JUDGE
