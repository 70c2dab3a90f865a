"""Agreement of files and runs: each number by hand, degenerate cases named, and two people's labels of real answers."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from primum.agree import CriterionAgreed, agree
from primum.errors import BadInputError
from tests.data import FOLDER, needs_data
from tests.estimates.test_estimates import harmful
from tests.runs import make_run


def labels(folder: Path, rater: str, criterion: str, given: dict[str, str], family: str = "") -> Path:
    """A label file of one rater; `family` is a prefix of families by the thing's first letter."""
    rows = [f"{thing},{family and family + thing[0]},{label}\n" for thing, label in given.items()]
    file = folder / f"{rater}.csv"
    file.write_text(f"id,family,{criterion}\n" + "".join(rows), encoding="utf-8")
    return file


def only(paths: list[Path], criterion: str = "") -> CriterionAgreed:
    (one,) = agree(paths, criterion).criteria
    return one


def test_two_raters_by_hand(tmp_path: Path) -> None:
    a = labels(tmp_path, "a", "harmfulness", {"x": "1", "y": "5", "z": "2", "v": "4"})
    b = labels(tmp_path, "b", "harmfulness", {"x": "1", "y": "3", "z": "3", "w": "5"})
    one = only([a, b])
    assert (one.n, one.raters, one.missing, one.families) == (3, ("a", "b"), 0, 3)
    assert one.percent is not None
    assert one.percent.value == pytest.approx(1 / 3)
    assert one.percent.low is None
    # Kappa: labels of a 1, 5, 2 and of b 1, 3, 3: e = 1/9, (1/3 - 1/9) / (8/9) = 1/4. Quadratic: observed 0 + 4 + 1 = 5;
    # expected (0 + 4 + 4 + 16 + 4 + 4 + 1 + 1 + 1) / 3 = 35/3; 1 - 5 / (35 / 3) = 4/7.
    (pair,) = one.pairs
    assert pair.raters == ("a", "b")
    assert pair.kappa is not None
    assert pair.kappa_quadratic is not None
    assert pair.kappa.value == pytest.approx(1 / 4)
    assert pair.kappa_quadratic.value == pytest.approx(4 / 7)
    assert pair.confusion["5"] == {"1": 0, "2": 0, "3": 1, "4": 0, "5": 0}
    # y is two levels apart, z one
    assert [(d.thing, d.labels) for d in one.most_disputed] == [
        ("y", {"a": "5", "b": "3"}),
        ("z", {"a": "2", "b": "3"}),
    ]
    assert one.notes == (
        "no interval: percent agreement, Fleiss' kappa, nominal alpha, ordinal alpha, interval alpha, AC1 "
        "(fewer than 10 families)",
    )


def test_families_are_things_where_none_is_named(tmp_path: Path) -> None:
    given = {f"{letter}{n}": str(n) for letter in "opqrstuvwxyz" for n in (0, 1)}
    alone = only([labels(tmp_path, name, "risk", given) for name in "ab"])
    named = only([labels(tmp_path, name, "risk", given, "f") for name in "ab"])
    assert (alone.families, named.families) == (24, 12)
    assert alone.alpha.ordinal is None  # yes or no has no order to speak of


def test_one_label_is_named_and_not_a_number(tmp_path: Path) -> None:
    given = {f"x{n}": "0" for n in range(12)}
    one = only([labels(tmp_path, name, "risk", given) for name in "ab"])
    assert one.percent is not None
    assert one.ac1 is not None
    assert (one.percent.value, one.percent.low, one.ac1.value) == (1.0, None, 1.0)
    assert (one.fleiss, one.alpha.nominal, one.pairs[0].kappa) == (None, None, None)
    assert one.notes == (
        "no interval: percent agreement, AC1 (no resample differs)",
        "undefined: Fleiss' kappa, alpha (all raters gave one label)",
        "a, b: no interval: percent agreement (no resample differs)",
        "a, b: undefined: kappa (all raters gave one label)",
    )
    assert one.most_disputed == ()


def test_unequal_numbers_of_labels_leave_fleiss_out(tmp_path: Path) -> None:
    given = {f"x{n}": str(n % 2) for n in range(12)}
    files = [labels(tmp_path, name, "risk", given) for name in "ab"]
    files.append(labels(tmp_path, "c", "risk", dict(list(given.items())[:5])))
    one = only(files)
    assert one.fleiss is None
    assert "undefined: Fleiss' kappa (things have unequal numbers of labels)" in one.notes
    assert one.missing == 7
    assert [pair.n for pair in one.pairs] == [12, 5, 5]


def test_levels_of_refusal_are_folded_where_one_rater_has_two(tmp_path: Path) -> None:
    a = labels(tmp_path, "a", "refusal", {"x": "full", "y": "partial", "z": "compliance"})
    b = labels(tmp_path, "b", "refusal", {"x": "refusal", "y": "refusal", "z": "refusal"})
    one = only([a, b])
    assert one.percent is not None
    assert one.percent.value == pytest.approx(2 / 3)
    assert list(one.pairs[0].confusion) == ["refusal", "compliance"]
    assert one.notes[0] == "some raters tell no partial refusal: full and partial are both read as refusal"


def test_a_judge_is_a_rater_among_people(tmp_path: Path) -> None:
    items = [harmful(n) for n in range(4)]
    said = {"j": {f"s/{n}": {"harmfulness": float(n + 1)} for n in range(4)}}
    run = make_run(tmp_path / "run", items, said)
    file = tmp_path / "expert.csv"
    rows = "".join(f"{one.request},answer to {one.id},{n + 1 if n else 5}\n" for n, one in enumerate(items))
    file.write_text("request,response,harmfulness\n" + rows, encoding="utf-8")
    one = only([file, run])
    assert one.raters == ("expert", "j")
    assert one.percent is not None
    assert one.percent.value == 3 / 4
    assert [d.labels for d in one.most_disputed] == [{"expert": "5", "j": "1"}]
    assert items[0].request not in one.model_dump_json()


def test_all_criteria_that_two_raters_share(tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text("id,rater,risk,q1,harmfulness\nx,a,1,0,3\nx,b,1,1,\n", encoding="utf-8")
    assert [one.criterion for one in agree([file]).criteria] == ["q1", "risk"]
    assert only([file], "risk").criterion == "risk"


def test_nothing_in_common_is_told_with_who_named_what(tmp_path: Path) -> None:
    a = labels(tmp_path, "a", "risk", {"x": "1", "y": "1"})
    b = labels(tmp_path, "b", "risk", {"z": "1"})
    with pytest.raises(BadInputError, match=r"^no two raters .* on the same criterion: a \(2 by id\), b \(1 by id\)$"):
        agree([a, b])
    with pytest.raises(BadInputError, match=r"agreement needs two raters, and there is a$"):
        agree([a])
    with pytest.raises(BadInputError, match="agreement needs two raters on q1, and there is none"):
        agree([a, b], "q1")
    with pytest.raises(BadInputError, match=r"no labels of a criterion 'quality': known are harmfulness,"):
        agree([a, b], "quality")


WORDS = {"1_full_compliance": "compliance", "2_full_refusal": "full", "3_partial_refusal": "partial"}


@needs_data
@pytest.mark.parametrize(("fold", "same"), [(False, 0.975), (True, 0.987)])
def test_two_people_on_xstests_answers(tmp_path: Path, fold: bool, same: float) -> None:
    """Two people labelled 1,350 answers: 97.5% alike on three levels, and 98.7% where partial counts as refusal."""
    given: dict[str, dict[str, str]] = {"annotation_1": {}, "annotation_2": {}}
    for file in sorted((FOLDER / "xstest").glob("*completions*.csv")):
        with file.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                for person, said in given.items():
                    word = WORDS[row[person]]
                    said[f"{row['id']} {file.stem}"] = "refusal" if fold and word in ("full", "partial") else word
    one = only([labels(tmp_path, person, "refusal", said) for person, said in given.items()])
    assert one.n == 1350
    assert one.percent is not None
    assert round(one.percent.value, 3) == same
    kappa = one.pairs[0].kappa
    assert kappa is not None
    assert kappa.value == pytest.approx(_kappa(*(list(said.values()) for said in given.values())), abs=1e-12)
    assert kappa.value > 0.9


def _kappa(first: list[str], second: list[str]) -> float:
    """Cohen's kappa counted word by word."""
    n, one, two = len(first), Counter(first), Counter(second)
    p = sum(a == b for a, b in zip(first, second, strict=True)) / n
    e = sum(one[word] * two[word] for word in one) / n**2
    return (p - e) / (1 - e)
