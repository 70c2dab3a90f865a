"""Differences that people's labels of both runs rectify: paired by item, each run by its own draw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from primum.compare import compare_runs
from primum.errors import BadInputError
from primum.records import Comparison, Difference, Label
from tests.estimates.test_rectified import TRUTH, N, items, labelled, run_of, scored
from tests.evaluate.test_labels import sheet

LESS = [max(1.0, y - 1) for y in TRUTH]  # what people say of the candidate: 1 1 1 1 2 2 3 3 4 4 ...: mean 2.2


def run(folder: Path, labels: Sequence[Label], judge: Sequence[float], **fields: Any) -> Path:
    return run_of(folder, labels, scored(judge), **fields)


def rectified(found: Comparison, name: str = "harmfulness", **group: str) -> Difference:
    (one,) = [d for d in found.differences if (d.basis, d.name, d.group) == ("expert-rectified", name, group)]
    return one


def test_all_labelled_is_the_paired_difference_of_the_labels(tmp_path: Path) -> None:
    """The judge sees no change; people see 3 become 2.2 and the harmful share 2/5 become 1/5."""
    base = run(tmp_path / "a", [labelled(i, y, probability=1.0) for i, y in enumerate(TRUTH)], TRUTH)
    candidate = run(tmp_path / "b", [labelled(i, y, probability=1.0) for i, y in enumerate(LESS)], TRUTH)
    found = compare_runs(base, candidate)
    assert rectified(found).value == pytest.approx(-0.8)
    assert rectified(found, "harmful_share").value == pytest.approx(-0.2)
    one = rectified(found)
    assert (one.n, one.clusters, one.n_labels, one.judge) == (N, N, 2 * N, "j")
    assert one.p is not None
    assert one.p < 1e-6
    (raw,) = [d for d in found.differences if d.basis == "judge-only" and d.name == "harmfulness" and not d.group]
    assert raw.value == 0
    assert rectified(found, principle="1").n == 60
    assert found.notes == ("basis: with people's labels where it says so, else judge-only",)


def test_each_run_has_its_own_labels_and_chances(tmp_path: Path) -> None:
    base = run(tmp_path / "a", [labelled(i, TRUTH[i]) for i in range(0, N, 2)], [min(5.0, y + 1) for y in TRUTH])
    candidate = run(
        tmp_path / "b",
        [labelled(i, LESS[i], probability=0.25) for i in range(0, N, 4)],
        [min(5.0, y + 1) for y in LESS],
    )
    one = rectified(compare_runs(base, candidate))
    assert one.n_labels == 90
    assert one.value == pytest.approx(-0.8, abs=0.1)
    assert one.low is not None
    assert one.high is not None
    assert one.low < -0.8 < one.high


def test_p_is_adjusted_among_rectified_differences_alone(tmp_path: Path) -> None:
    labels = [[labelled(i, y) for i, y in enumerate(said) if i % 2 == 0] for said in (TRUTH, LESS)]
    base, candidate = (run(tmp_path / name, own, TRUTH) for name, own in zip("ab", labels, strict=True))
    found = compare_runs(base, candidate, adjust="bonferroni")
    for name in ("harmfulness", "harmful_share"):  # two over all
        one = rectified(found, name)
        assert one.p is not None
        assert one.adjusted_p == pytest.approx(min(1.0, 2 * one.p))


def test_items_that_one_run_did_not_answer_are_left_out(tmp_path: Path) -> None:
    base = run(tmp_path / "a", [labelled(i, 3.0, probability=1.0) for i in range(N)], TRUTH)
    failed = {f"s/{i}": "timeout" for i in range(20)}
    candidate = run(
        tmp_path / "b", [labelled(i, 2.0 + i % 2, probability=1.0) for i in range(20, N)], TRUTH, failed=failed
    )
    one = rectified(compare_runs(base, candidate))
    assert (one.n, one.unpaired) == (100, 20)
    assert one.value == pytest.approx(-0.5)


def test_labels_of_one_run_alone_rectify_nothing(tmp_path: Path) -> None:
    base = run(tmp_path / "a", [], TRUTH)
    candidate = run(tmp_path / "b", [labelled(i, TRUTH[i]) for i in range(0, N, 2)], TRUTH)
    found = compare_runs(base, candidate)
    assert {d.basis for d in found.differences} == {"judge-only"}
    assert found.notes == (
        "basis: judge-only; the judge was not checked against people",
        "people labelled harmfulness of the candidate alone, which rectifies no difference",
    )


def row(i: int, response: str, value: float, chance: float) -> dict[str, object]:
    return {"request": f"wish {i}", "response": response, "harmfulness": value, "probability": chance}


def test_a_file_of_one_run_says_nothing_of_the_same_answers_in_the_other(tmp_path: Path) -> None:
    """Both runs give the same answers to the first half of the requests. Each has a sheet of its own, drawn with its own
    chances: the labels of the one must not count as drawn in the other."""
    paths = [run(tmp_path / name, [], TRUTH) for name in "ab"]
    text = (paths[1] / "responses.jsonl").read_text().splitlines()
    changed = [line if n < 60 else line.replace("answer to", "other answer to") for n, line in enumerate(text)]
    (paths[1] / "responses.jsonl").write_text("\n".join(changed) + "\n")
    first = sheet(tmp_path, [row(i, f"answer to s/{i}", 3.0, 0.5) for i in range(0, N, 2)], "a.csv")
    second = [
        row(i, f"{'other ' if i >= 60 else ''}answer to s/{i}", 3.0 if i < 60 else 2.0, 0.25) for i in range(1, N, 4)
    ]
    found = compare_runs(*paths, labels=[first, sheet(tmp_path, second, "b.csv")])
    one = rectified(found)
    assert one.n_labels == 60 + 30
    assert one.value == pytest.approx(-0.5, abs=0.1)


def test_a_file_may_hold_labels_of_both_runs_but_of_no_other(tmp_path: Path) -> None:
    paths = [run(tmp_path / name, [], TRUTH) for name in "ab"]
    whole = (paths[1] / "responses.jsonl").read_text().replace("answer to", "other answer to")
    (paths[1] / "responses.jsonl").write_text(whole)
    both = [row(i, f"answer to s/{i}", 3.0, 1.0) for i in range(N)]
    both += [row(i, f"other answer to s/{i}", 1.0, 1.0) for i in range(N)]
    found = compare_runs(*paths, labels=[sheet(tmp_path, both)])
    assert rectified(found).value == -2
    with pytest.raises(BadInputError, match=r"1 label\(s\) are of answers that neither run has"):
        compare_runs(*paths, labels=[sheet(tmp_path, [*both, row(0, "nobody's answer", 1.0, 1.0)])])


def test_labels_given_count_instead_of_those_that_the_runs_hold(tmp_path: Path) -> None:
    base = run(tmp_path / "a", [labelled(i, 1.0, probability=1.0) for i in range(N)], TRUTH)
    candidate = run(tmp_path / "b", [labelled(i, 5.0, probability=1.0) for i in range(N)], TRUTH)
    assert rectified(compare_runs(base, candidate)).value == 4
    whole = (candidate / "responses.jsonl").read_text().replace("answer to", "other answer to")
    (candidate / "responses.jsonl").write_text(whole)
    given = [row(i, f"{kind}answer to s/{i}", 3.0, 1.0) for i in range(N) for kind in ("", "other ")]
    assert rectified(compare_runs(base, candidate, labels=[sheet(tmp_path, given)])).value == 0


def test_families_are_the_bases(tmp_path: Path) -> None:
    its = items(family="f")
    one, two = ([labelled(i, y, probability=1.0) for i, y in enumerate(said)] for said in (TRUTH, LESS))
    found = compare_runs(run(tmp_path / "a", one, TRUTH, its=its), run(tmp_path / "b", two, TRUTH, its=its))
    assert rectified(found).clusters == 1
    assert (rectified(found).low, rectified(found).high, rectified(found).p) == (-4, 4, 1)


def test_the_order_of_items_in_a_run_does_not_matter(tmp_path: Path) -> None:
    """Families are numbered by where they first stand in a run; the candidate's items stand in another order."""
    its = [item.model_copy(update={"family": f"f{i // 3}"}) for i, item in enumerate(items())]
    base = run(tmp_path / "a", [labelled(i, TRUTH[i]) for i in range(0, N, 2)], TRUTH, its=its)
    labels = [labelled(i, LESS[i]) for i in range(0, N, 2)]
    found = [
        rectified(compare_runs(base, run(tmp_path / name, labels, LESS, its=order)))
        for name, order in (("b", its), ("c", its[60:] + its[:60]))
    ]
    assert [found[0].value, found[0].low, found[0].high] == pytest.approx([found[1].value, found[1].low, found[1].high])


def half_alike(folder: Path) -> list[Path]:
    """Two runs that give the same answers to the first 60 requests."""
    paths = [run(folder / name, [], TRUTH) for name in "ab"]
    text = (paths[1] / "responses.jsonl").read_text().splitlines()
    changed = [line if n < 60 else line.replace("answer to", "other answer to") for n, line in enumerate(text)]
    (paths[1] / "responses.jsonl").write_text("\n".join(changed) + "\n")
    return paths


def test_both_sheets_in_one_file_are_refused_where_answers_are_the_same(tmp_path: Path) -> None:
    paths = half_alike(tmp_path)
    rows = [row(i, f"answer to s/{i}", 3.0, 0.5) for i in range(0, N, 2)]
    rows += [row(i, f"other answer to s/{i}", 2.0, 0.5) for i in range(60, N, 2)]
    file = sheet(tmp_path, rows)
    with pytest.raises(BadInputError) as refused:
        compare_runs(*paths, labels=[file])
    assert str(refused.value) == f"{file} holds labels of both runs: give each run's sheet as a file of its own"


def test_a_rater_may_say_another_thing_of_the_same_answer_in_the_other_run(tmp_path: Path) -> None:
    """Base is labelled 3 throughout; candidate 1 on the first 60, whose answers are the same, and 2 on the other 60:
    (60 x -2 + 60 x -1) / 120 = -1.5. Twice in one run it is a contradiction."""
    paths = half_alike(tmp_path)
    first = [{**row(i, f"answer to s/{i}", 3.0, 1.0), "rater": "anna"} for i in range(N)]
    second = [
        {**row(i, f"{'other ' if i >= 60 else ''}answer to s/{i}", 1.0 if i < 60 else 2.0, 1.0), "rater": "anna"}
        for i in range(N)
    ]
    a, b = sheet(tmp_path, first, "a.csv"), sheet(tmp_path, second, "b.csv")
    assert rectified(compare_runs(*paths, labels=[a, b])).value == pytest.approx(-1.5)
    twice = sheet(tmp_path, [*first, {**first[0], "harmfulness": 1.0}], "a.csv")
    with pytest.raises(BadInputError, match="contradict another of the same rater"):
        compare_runs(*paths, labels=[twice, b])
