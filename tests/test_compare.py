"""Paired differences: on the same items, same content, same judge; worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from primum.compare import compare_runs
from primum.errors import BadInputError
from primum.records import Difference, Kind
from tests.estimates.test_estimates import harmful
from tests.runs import make_run

ITEMS = [harmful(n, principle=str(1 + n % 2)) for n in range(6)]


def run(folder: Path, name: str, scores: list[float | str], **fields: object) -> Path:
    said = {"j": {f"s/{n}": {"harmfulness": score} for n, score in enumerate(scores)}}
    return make_run(folder / name, ITEMS[: len(scores)], said, **fields)  # type: ignore[arg-type]


def overall(found: tuple[Difference, ...], name: str) -> Difference:
    (one,) = [d for d in found if d.name == name and not d.group]
    return one


def test_difference_is_candidate_minus_base_with_exact_p(tmp_path: Path) -> None:
    base, candidate = run(tmp_path, "a", [5, 5, 5, 4, 4, 4]), run(tmp_path, "b", [1, 1, 2, 1, 2, 2])
    comparison = compare_runs(base, candidate)
    harm = overall(comparison.differences, "harmfulness")
    # differences -4 -4 -3 -3 -2 -2: mean -3; all of one sign, so 2 of the 2^6 sign patterns are as extreme
    assert (comparison.pairs, harm.n, harm.value) == (6, 6, -3.0)
    assert harm.p == pytest.approx(2 / 64)
    assert harm.low is not None
    assert harm.high is not None
    assert -4.0 <= harm.low < -3.0 < harm.high < 0.0
    share = overall(comparison.differences, "harmful_share")
    assert share.value == -1.0
    assert harm.basis == "judge-only"


def test_p_values_are_adjusted_within_their_family(tmp_path: Path) -> None:
    """Overall differences are one family, the principles of one number another; Bonferroni shows the size of each."""
    base, candidate = run(tmp_path, "a", [5, 5, 5, 4, 4, 4]), run(tmp_path, "b", [1, 1, 2, 1, 2, 2])
    bonferroni = compare_runs(base, candidate, adjust="bonferroni").differences
    assert sum(not d.group for d in bonferroni) == 2  # harmfulness and harmful share
    for d in bonferroni:
        assert d.p is not None
        assert d.adjusted_p == pytest.approx(min(1.0, 2 * d.p))  # two overall, and two principles a number
    holm = compare_runs(base, candidate).differences
    assert all((d.p or 0) <= (d.adjusted_p or 0) for d in holm)
    assert all((h.adjusted_p or 0) <= (b.adjusted_p or 0) for h, b in zip(holm, bonferroni, strict=True))


def test_a_principle_with_one_family_does_not_blow_up_the_interval(tmp_path: Path) -> None:
    """Six items of six principles have no spread within a principle: the strata are left out, not the interval."""
    items = [harmful(n, principle=str(1 + n)) for n in range(6)]
    said = [{"j": {f"s/{n}": {"harmfulness": score} for n, score in enumerate(scores)}} for scores in
            ([5.0, 5.0, 5.0, 4.0, 4.0, 4.0], [1.0, 1.0, 2.0, 1.0, 2.0, 2.0])]  # fmt: skip
    runs = [make_run(tmp_path / name, items, one) for name, one in zip("ab", said, strict=True)]
    harm = overall(compare_runs(*runs).differences, "harmfulness")
    # differences -4 -4 -3 -3 -2 -2: s^2 = 4 / 5, half width t_5 = 2.5706 times sqrt(.8 / 6) = .9386
    assert harm.low == pytest.approx(-3.9386, abs=1e-3)
    assert harm.high == pytest.approx(-2.0614, abs=1e-3)


def test_what_only_one_run_has_scored_is_left_out_and_counted(tmp_path: Path) -> None:
    base, candidate = run(tmp_path, "a", [5, "refused", 3, 2]), run(tmp_path, "b", [4, 1, "empty", 2])
    harm = overall(compare_runs(base, candidate).differences, "harmfulness")
    assert (harm.n, harm.value, harm.unpaired) == (2, -0.5, 2)


def test_other_content_other_items_and_other_judge_prompts_are_refused(tmp_path: Path) -> None:
    base = run(tmp_path, "a", [5, 4], prompts={"j: harmfulness.en": "one"})
    changed = make_run(tmp_path / "b", [harmful(0, request="another wish"), ITEMS[1]], {"j": {}})
    with pytest.raises(BadInputError, match=r"1 items have another content.*s/0"):
        compare_runs(base, changed)
    with pytest.raises(BadInputError, match="no item in common"):
        compare_runs(base, make_run(tmp_path / "c", [harmful(77)], {"j": {}}))
    with pytest.raises(BadInputError, match="judged the runs by different prompts"):
        compare_runs(base, run(tmp_path, "d", [5, 4], prompts={"j: harmfulness.en": "two"}))
    with pytest.raises(BadInputError, match="known are holm, bonferroni"):
        compare_runs(base, base, adjust="none")


def test_another_protocol_is_another_rubric(tmp_path: Path) -> None:
    primum = run(tmp_path, "a", [5, 4], prompts={"j: harmfulness.en": "one"})
    paper = run(tmp_path, "b", [5, 4], prompts={"j: harmfulness.en": "two"})
    with pytest.raises(BadInputError, match="j judged the runs by different prompts"):
        compare_runs(primum, paper)


def test_what_is_left_out_is_counted_in_its_group_too(tmp_path: Path) -> None:
    """Items 0, 2, 4 are of principle 1, the others of principle 2; base lacks item 1, candidate items 2 and 4."""
    base, candidate = run(tmp_path, "a", [5, "refused", 3, 2, 1, 1]), run(tmp_path, "b", [4, 1, "empty", 2, "empty", 1])
    found = compare_runs(base, candidate).differences
    left_out = {tuple(d.group.values()): (d.n, d.unpaired) for d in found if d.name == "harmfulness"}
    assert left_out == {(): (3, 3), ("1",): (1, 2), ("2",): (2, 1)}


def test_a_run_against_itself_differs_by_nothing(tmp_path: Path) -> None:
    base = run(tmp_path, "a", [5, 1, 3, 2])
    harm = overall(compare_runs(base, base).differences, "harmfulness")
    assert (harm.value, harm.p) == (0.0, 1.0)


def test_items_that_stand_aside_are_compared_in_their_source_alone(tmp_path: Path) -> None:
    """Two benign items of the suite's own and two aside; the candidate leaves one of each unscored."""
    items = [
        harmful(n, kind=Kind.BENIGN, source="own" if n < 2 else "beside", aside=n >= 2, principle="") for n in range(4)
    ]
    base = {"auto": {f"s/{n}": {"refusal": 0.0} for n in range(4)}}
    other = {"auto": {f"s/{n}": {"refusal": 1.0} for n in (0, 2)}}
    found = compare_runs(make_run(tmp_path / "a", items, base), make_run(tmp_path / "b", items, other)).differences
    told = {tuple(d.group.values()): (d.value, d.n, d.unpaired) for d in found if d.name == "over_refusal_rate"}
    assert told == {(): (1.0, 1, 1), ("own",): (1.0, 1, 1), ("beside",): (1.0, 1, 1)}


def test_where_no_headline_item_is_paired_there_is_no_difference_over_all(tmp_path: Path) -> None:
    items = [harmful(n, kind=Kind.BENIGN, source="own" if n < 2 else "beside", aside=n >= 2) for n in range(4)]
    base = {"auto": {f"s/{n}": {"refusal": 0.0} for n in range(4)}}
    other = {"auto": {f"s/{n}": {"refusal": 1.0} for n in (2, 3)}}
    found = compare_runs(make_run(tmp_path / "a", items, base), make_run(tmp_path / "b", items, other)).differences
    (overall,) = [d for d in found if d.name == "over_refusal_rate" and not d.group]
    assert (overall.value, overall.n, overall.unpaired) == (None, 0, 2)


def test_equal_differences_made_by_other_sums_are_no_certainty(tmp_path: Path) -> None:
    """0.3 - 0.7 and 0.6 - 1.0 differ by a rounding speck, which is no spread."""
    items = [harmful(n, kind=Kind.MUST_HAVE, reference="a") for n in range(2)]
    runs = [
        make_run(tmp_path / name, items, {"j": {f"s/{n}": {"must_have": value} for n, value in enumerate(of)}})
        for name, of in (("a", (0.7, 1.0)), ("b", (0.3, 0.6)))
    ]
    (d,) = [d for d in compare_runs(*runs).differences if d.name == "must_have_recall" and not d.group]
    assert d.value == pytest.approx(-0.4)
    assert d.method.startswith("zero variance")
    assert (d.high or 0) - (d.low or 0) > 1
