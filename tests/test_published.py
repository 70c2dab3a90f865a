"""Published tables are checked against themselves: what rounding explains passes, one last digit more is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from primum.errors import BadInputError
from primum.published import Checked, check_published, published_object, published_table
from tests.data import FOLDER, needs_data

TABLES = FOLDER / "medethiceval" / "docs" / "data"


def check(tmp_path: Path, content: str) -> Checked:
    file = tmp_path / "tables.json"
    file.write_text(content, encoding="utf-8")
    return check_published(file)


def broken(tmp_path: Path, *rows: str) -> list[tuple[int, str]]:
    """Place and identity of each fault in a section of these rows, each given as the inside of its object."""
    content = f'{{"Table": [{", ".join(f"{{{row}}}" for row in rows)}]}}'
    return [(fault.place, fault.identity) for fault in check(tmp_path, content).faults]


def scores(risk: str, quality: str, comprehensive: str) -> str:
    return f'"RiskRate": {risk}, "QualityScore": {quality}, "ComprehensiveScore": {comprehensive}'


# --- the real tables (figures as printed; docs/published.md)


@needs_data
def test_one_row_of_medes_does_not_follow_from_its_risk_and_quality() -> None:
    checked = check_published(TABLES / "MedES.json")
    assert (checked.rows, checked.checked) == (13 + 14, 13)  # the 14 are accuracies
    (fault,) = checked.faults
    assert fault[:4] == ("Subjective Ethical Reasoning", "deepseek-r1-7b-sft", 1, "comprehensive")
    assert str(fault.printed) == "0.9356"
    assert float(fault.computed) == pytest.approx(0.9286432)  # .968 x .9924 - .032
    # .001 + 1.9924 x .00005 + .968 x .00005 + .00005 squared + .00005
    assert float(fault.tolerance) == pytest.approx(0.0011980225)


@needs_data
def test_one_row_of_medethiceval_sums_to_118_and_its_mean_is_not_that_of_its_shares() -> None:
    checked = check_published(TABLES / "MedEthicEval.json")
    assert (checked.rows, checked.checked) == (5 * 6, 3 * 6)
    shares, mean = checked.faults
    assert shares[:4] == ("Equilibrium Dilemma", "Qwen2.5", 3, "shares")
    assert [float(value) for value in shares[4:]] == [118, 100, 2.5]  # five shares, half a percent each
    assert mean[:4] == ("Equilibrium Dilemma", "Qwen2.5", 3, "mean")
    # (-2 + 33 + 2 x 34 + 3 x 21) / 100; (1 + 0 + 1 + 2 + 3) x .5 / 100 + .005
    assert [float(value) for value in mean[4:]] == pytest.approx([1.19, 1.62, 0.04])


# --- comprehensive = (1 - risk) x quality - risk


@pytest.mark.parametrize(
    ("row", "sound"),
    [
        # .9 x .5 - .1 = .35; tolerance .001 + 1.5 x .0005 + .9 x .0005 + .0005 squared + .0005 = .00270025
        (scores("0.100", "0.500", "0.350"), True),
        (scores("0.100", "0.500", "0.352"), True),
        (scores("0.100", "0.500", "0.348"), True),
        (scores("0.100", "0.500", "0.353"), False),
        (scores("0.100", "0.500", "0.347"), False),
        # the same in percent: 35 and .270025
        (scores("10.0", "50.0", "35.2"), True),
        (scores("10.0", "50.0", "35.3"), False),
        # five digits: tolerance .001 + (1.5 + .9 + 1) x .000005 + 2.5e-11 = .001017000025
        (scores("0.10000", "0.50000", "0.35101"), True),
        (scores("0.10000", "0.50000", "0.35102"), False),
        # more risk than quality: .2 x .1 - .8 = -.78; tolerance .001 + (1.1 + .2 + 1) x .0005 + .00000025 = .00215025
        (scores("0.800", "0.100", "-0.782"), True),
        (scores("0.800", "0.100", "-0.783"), False),
    ],
)
def test_the_comprehensive_score_follows_from_risk_and_quality(tmp_path: Path, row: str, sound: bool) -> None:
    assert broken(tmp_path, row) == ([] if sound else [(1, "comprehensive")])


@pytest.mark.parametrize(
    "names",
    [
        ("risk_rate", "quality_score", "comprehensive_score"),
        ("Risk Rate", "Quality", "Final Score"),
        ("risk (%)", "QUALITY", "comprehensive"),
    ],
)
def test_columns_are_known_in_other_spellings(tmp_path: Path, names: tuple[str, ...]) -> None:
    row = ", ".join(f'"{name}": {value}' for name, value in zip(names, ("0.100", "0.500", "0.400"), strict=True))
    assert broken(tmp_path, row) == [(1, "comprehensive")]


def test_a_dropped_zero_widens_no_tolerance(tmp_path: Path) -> None:
    """By its own digits .5 would be .5 +- .05, which excuses .46; its column is printed to .0001."""
    # the second row: .8766 x .5678 - .1234 = .37433
    rows = scores("0", "0.5", "0.46"), scores("0.1234", "0.5678", "0.3743")
    assert broken(tmp_path, *rows) == [(1, "comprehensive")]


def test_a_risk_of_0_is_exact(tmp_path: Path) -> None:
    """As 0 +- .5 it would excuse everything. Without risk the score is the quality: within .001 + .00005 + .00005."""
    assert broken(tmp_path, scores("0", "0.5123", "0.5134")) == []
    assert broken(tmp_path, scores("0", "0.5123", "0.5135")) == [(1, "comprehensive")]


# --- shares sum to the whole, and give the mean


@pytest.mark.parametrize(
    ("shares", "sound"),
    [
        # .255 .255 .245 .245 sum to 1 and round half up to .26 .26 .25 .25: the most that four roundings add is .02
        (("0.26", "0.26", "0.25", "0.25"), True),
        (("0.26", "0.26", "0.26", "0.25"), False),
        (("0.25", "0.25", "0.24", "0.24"), True),
        (("0.25", "0.24", "0.24", "0.24"), False),
        # the same in whole percent, where four roundings add 2 at most
        (("26", "26", "25", "25"), True),
        (("26", "26", "26", "25"), False),
        (("25", "24", "24", "24"), False),
        # tenths of a percent: .2 at most
        (("25.1", "25.1", "25.0", "25.0"), True),
        (("25.1", "25.1", "25.1", "25.0"), False),
        # closing zeros dropped: still hundredths, so at most .02
        (("0", "0.5", "0.26", "0.26"), True),
        (("0", "0.5", "0.26", "0.27"), False),
        # computed, not printed: the sum is off in the 17th digit
        (("0.1111111111111111", "0.2222222222222222", "0.3333333333333333", "0.33333333333333337"), True),
        # whole numbers on the scale of 1 are exact
        (("0", "0", "1", "0"), True),
        (("0", "0", "0", "0"), False),
        (("0", "1", "1", "0"), False),
    ],
)
def test_shares_sum_to_1_or_100_within_rounding(tmp_path: Path, shares: tuple[str, ...], sound: bool) -> None:
    row = ", ".join(f'"{level}": {share}' for level, share in zip((-1, 0, 1, 2), shares, strict=True))
    assert broken(tmp_path, row) == ([] if sound else [(1, "shares")])


@pytest.mark.parametrize(
    ("row", "sound"),
    [
        # -.2 + .3 + .8 = .9; tolerance (1 + 0 + 1 + 2) x .005 + .005 = .025
        ('"Safe": 0.92, "-1": 0.20, "0": 0.10, "1": 0.30, "2": 0.40', True),
        ('"Safe": 0.93, "-1": 0.20, "0": 0.10, "1": 0.30, "2": 0.40', False),
        ('"Mean": 0.88, "-1": 0.20, "0": 0.10, "1": 0.30, "2": 0.40', True),
        ('"Mean": 0.87, "-1": 0.20, "0": 0.10, "1": 0.30, "2": 0.40', False),
        # (-10 + 20 + 60 + 60) / 100 = 1.3; tolerance (1 + 0 + 1 + 2 + 3) x .5 / 100 + .005 = .04, which is reached
        ('"Safe": 1.34, "-1": 10, "0": 20, "1": 20, "2": 30, "3": 20', True),
        ('"Safe": 1.35, "-1": 10, "0": 20, "1": 20, "2": 30, "3": 20', False),
    ],
)
def test_the_mean_level_is_that_of_the_shares(tmp_path: Path, row: str, sound: bool) -> None:
    assert broken(tmp_path, row) == ([] if sound else [(1, "mean")])


def test_a_row_is_named_once_for_each_broken_identity(tmp_path: Path) -> None:
    sound = '"Safe": 0.50, "0": 0.50, "1": 0.50'
    wrong = '"Safe": 0.50, "0": 0.50, "1": 0.68'
    assert broken(tmp_path, sound, wrong, sound) == [(2, "shares"), (2, "mean")]


# --- what is counted, and what is said

THREE = (
    '{"A": [{"Model": "one", "Safe": 0.50, "0": 0.50, "1": 0.68},'
    ' {"Model": "two", "Safe": 0.50, "0": 0.50, "1": 0.50}],'
    ' "B": [{"Model": "one", "Accuracy": 0.7, "Safe": "n/a", "RiskRate": null, "2023": 4, "2024": 3}]}'
)


def test_rows_without_an_identity_are_counted_and_not_checked(tmp_path: Path) -> None:
    checked = check(tmp_path, THREE)
    assert (checked.rows, checked.checked, len(checked.faults)) == (3, 2, 2)  # years are no levels


def test_the_table_has_a_line_a_fault_and_a_count(tmp_path: Path) -> None:
    assert published_table(check(tmp_path, THREE)).splitlines() == [
        "A, row 1 (one): shares sum to 1.18, not to 1 (tolerance 0.01)",
        "A, row 1 (one): mean level 0.50, but the shares give 0.68 (tolerance 0.01)",
        "tables.json: 1 of 2 rows that can be checked add up; 1 other rows hold nothing to check",
    ]
    row = scores("0.100", "0.500", "0.400")
    assert published_table(check(tmp_path, f'{{"A": [{{{row}}}]}}')).splitlines() == [
        "A, row 1: comprehensive score 0.400, but (1 - risk) x quality - risk = 0.35 (tolerance 0.0027)",
        "tables.json: 0 of 1 rows that can be checked add up",
    ]


def test_the_object_is_plain_json(tmp_path: Path) -> None:
    told = json.loads(json.dumps(published_object(check(tmp_path, THREE))))
    assert told["file"] == str(tmp_path / "tables.json")
    assert (told["rows"], told["checked"]) == (3, 2)
    assert told["faults"][0] == {
        "section": "A",
        "row": "one",
        "place": 1,
        "identity": "shares",
        "printed": 1.18,
        "computed": 1.0,
        "tolerance": 0.01,
    }
    assert [fault["identity"] for fault in told["faults"]] == ["shares", "mean"]


def test_names_cannot_command_the_terminal(tmp_path: Path) -> None:
    content = r'{"A\u001b[2J": [{"Model": "\u001b]0;x\u0007\ud800one\nB", "0": 0.5, "1": 0.7}]}'
    assert published_table(check(tmp_path, content)).startswith("A[2J, row 1 (]0;xoneB): shares sum to 1.2")


# --- files that cannot be checked


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("{}", "has no rows"),
        ('{"A": []}', "has no rows"),
        ('{"A": [\n{"Model": }]}', r":2: not JSON"),
        ('{"A": [{"Model": "x"}]', r":1: not JSON"),
        ("[" * 100_000, "cannot be read as tables"),
        ("[]", "is no object of sections"),
        ("7", "is no object of sections"),
        ('{"A": {"Model": "x"}}', "A is no list of rows"),
        ('{"A": [["x"]]}', "A is no list of rows"),
        ('{"A": [{"Accuracy": NaN}]}', "NaN is no number"),
        ('{"A": [{"Accuracy": -Infinity}]}', "-Infinity is no number"),
        ('{"A": [{"0": 0.5, "1": 0.5, "1": 0.4}]}', "1 stands twice"),
        ('{"A": [{"0": 1e99999999999999999999, "1": 0.5}]}', "too large to read"),
        ('{"A": [{"0": 1e999999, "1": 0.5}]}', "A, row 1, 0: too large"),
        ('{"A": [{"0": 1, "1": 0}, {"0": "0.5", "1": 0.5}]}', "A, row 2, 0: a text where a number is wanted"),
        ('{"A": [{"0": null, "1": 0.5}]}', "A, row 1, 0: null where"),
        ('{"A": [{"0": 0.5, "1": true}]}', "A, row 1, 1: true or false where"),
        ('{"A": [{"0": 0.5, "1": [0.5]}]}', "A, row 1, 1: no single value where"),
        ('{"A": [{"0": 0.5, "1": 0.5, "Safe": "0.5"}]}', "A, row 1, Safe: a text where"),
        (f'{{"A": [{{{scores("null", "0.5", "0.4")}}}]}}', "A, row 1, RiskRate: null where"),
        (f'{{"A": [{{"risk": 0.1, {scores("0.1", "0.5", "0.35")}}}]}}', "risk and RiskRate could both be the risk"),
    ],
)
def test_a_file_that_is_no_table_is_told_of_in_one_sentence(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told) as caught:
        check(tmp_path, content)
    assert str(caught.value).startswith(str(tmp_path / "tables.json"))
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="there is no file"):
        check_published(tmp_path / "none.json")
    with pytest.raises(BadInputError, match="cannot read"):
        check_published(tmp_path)


def test_a_number_too_small_to_matter_is_no_fault_of_the_file(tmp_path: Path) -> None:
    assert broken(tmp_path, '"0": 1e-999999999, "1": 1') == []
