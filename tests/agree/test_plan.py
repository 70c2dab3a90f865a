"""Planned labels: what the sheet holds and hides, the chances that it tells, and what labels so far change."""

from __future__ import annotations

import csv
import errno
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import stdtrit

from primum.agree.plan import BY_RULES, RECTIFIED, can_be_checked, plan_labels
from primum.agree.planned import Planned, plan_table
from primum.errors import BadInputError, StoppedError
from primum.estimates import estimate_run
from primum.estimates.rectified import ASKED
from primum.labels import answer_hash, read_labels
from primum.ledger import open_run
from primum.records import Criterion, Item, Kind
from tests import runs
from tests.command import primum
from tests.estimates.test_estimates import harmful
from tests.runs import Said

COLUMNS = ["response_hash", "id", "family", "language", "request", "response", "stratum", "probability"]
LEVELS = (1.0,) * 5 + (2.0,) * 2 + (3.0, 4.0, 5.0)  # a judge's marks: half of them 1


def make_run(path: Path, *said: Any, **more: Any) -> Path:
    """A run that is done: no other has a plan."""
    runs.make_run(path, *said, **more)
    with open_run(path) as ledger:
        ledger.save(state="done")
    return path


def mark(n: int) -> float:
    return LEVELS[n * 7 % 10]


def benign(n: int) -> Item:
    return Item.make(id=f"s/b{n}", suite="s", kind=Kind.BENIGN, request=f"question {n}", principle="1")


def said(n: int = 200, judges: Sequence[str] = ("j",)) -> dict[str, dict[str, dict[str, Said]]]:
    """Judges that say the same of n harmful items, nothing readable of the first five; and rules on 40 benign ones."""
    marks: dict[str, dict[str, Said]] = {f"s/{k}": {"harmfulness": mark(k)} for k in range(5, n)}
    unread: dict[str, dict[str, Said]] = {f"s/{k}": {"harmfulness": "unparseable"} for k in range(5)}
    refusals: dict[str, dict[str, Said]] = {
        f"s/{k}": {"refusal": float(mark(k) < 3), "degenerate": 0.0} for k in range(n)
    }
    refusals |= {f"s/b{k}": {"refusal": float(k % 4 == 0), "degenerate": 0.0} for k in range(40)}
    return {**dict.fromkeys(judges, marks | unread), "auto": refusals}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    items = [harmful(k, family=f"f{k // 2 if k < 40 else k}") for k in range(200)]
    path = tmp_path_factory.mktemp("plan") / "ward"
    return make_run(path, [*items, *map(benign, range(40))], said(), failed={"s/198": "timeout", "s/199": "filtered"})


def rows_of(sheet: str | Path | None) -> list[dict[str, str]]:
    assert sheet is not None
    with Path(sheet).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_sheet_is_whole_and_blind(run: Path, tmp_path: Path) -> None:
    planned = plan_labels([run], out=tmp_path / "sheet.csv")
    rows = rows_of(planned.sheet)
    assert list(rows[0]) == [*COLUMNS, "harmfulness", "refusal", "rater"]
    assert len(rows) == planned.rows == sum(number.labels for number in planned.numbers)
    assert len({row["response_hash"] for row in rows}) == len(rows)
    ids = [row["id"] for row in rows]
    assert not {"s/198", "s/199"} & set(ids)
    for row in rows:
        number = row["id"].removeprefix("s/")
        request = f"question {number[1:]}" if number.startswith("b") else f"wish {number}"
        assert (row["request"], row["response"]) == (request, f"answer to {row['id']}")
        assert row["response_hash"] == answer_hash(row["request"], row["response"])
        assert row["harmfulness"] == ("n/a" if number.startswith("b") else "")
        assert (row["refusal"], row["rater"]) == ("", "")
    harm = [mark(int(one[2:])) for one in ids if one[2] != "b"]
    order = np.corrcoef(harm, np.arange(len(harm)))[0, 1]
    assert abs(order) < 3 / np.sqrt(len(harm))  # rows do not stand in the order of the marks
    strata: dict[str, list[float]] = {}
    for row in sorted(rows, key=lambda row: row["stratum"]):
        if row["id"][2] != "b":
            strata.setdefault(row["stratum"], []).append(mark(int(row["id"][2:])))
    named = [min(marks) for marks in strata.values()]
    assert named != sorted(named)  # nor are strata named in it
    text = Path(planned.sheet or "").read_text(encoding="utf-8-sig")
    assert "openai" not in text
    assert "auto" not in text


def test_the_sheet_reads_as_a_label_file(run: Path, tmp_path: Path) -> None:
    planned = plan_labels([run], criterion="harmfulness", out=tmp_path / "sheet.csv")
    ratings = read_labels(tmp_path / "sheet.csv")
    assert len(ratings) == planned.rows
    assert all(not rating.labels and rating.probability and rating.stratum and not rating.by_id for rating in ratings)
    rows = rows_of(planned.sheet)
    rows[0] |= {"harmfulness": "4", "rater": "anna"}
    with (tmp_path / "filled.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, list(rows[0]))
        sheet.writeheader()
        sheet.writerows(rows)
    first = read_labels(tmp_path / "filled.csv")[0]
    assert (first.rater, first.thing, first.labels) == ("anna", rows[0]["response_hash"], {Criterion.HARMFULNESS: "4"})


@pytest.mark.parametrize("design", ["stratified", "active"])
def test_the_probabilities_are_those_of_being_drawn(run: Path, tmp_path: Path, design: str) -> None:
    """Over 60 seeds: each mean weighted by 1 / probability has the truth as its mean, each probability is the share of
    seeds that drew a thing, the sizes are those asked, and no chance is below a quarter of the uniform one."""
    seeds, n, n_all = 60, 50, 198
    weighted, sizes, drawn = [], [], Counter[str]()
    chance: dict[str, float] = {}
    for seed in range(seeds):
        planned = plan_labels(
            [run], criterion="harmfulness", design=design, labels=n, seed=seed, out=tmp_path / f"{design}{seed}.csv"
        )
        rows = rows_of(planned.sheet)
        sizes.append(len(rows))
        weighted.append(sum(mark(int(row["id"][2:])) / float(row["probability"]) for row in rows) / n_all)
        drawn.update(row["id"] for row in rows)
        chance |= {row["id"]: float(row["probability"]) for row in rows}
        assert planned.numbers[0].labels == len(rows)
    truth = sum(mark(k) for k in range(n_all)) / n_all
    assert np.mean(weighted) == pytest.approx(truth, abs=4 * np.std(weighted) / np.sqrt(seeds))
    assert np.std(weighted) > 0
    if design == "stratified":
        assert set(sizes) == {n}
    assert np.mean(sizes) == pytest.approx(n, abs=4 * np.sqrt(n / seeds))
    assert all(1 >= p >= 0.25 * n / n_all - 1e-9 for p in chance.values())
    assert {f"s/{k}" for k in range(5)} <= chance.keys()  # what the judge could not mark is drawn as well
    assert len(chance) > 0.95 * n_all
    gaps = [drawn[name] / seeds - p for name, p in chance.items()]
    allowed = [5 * np.sqrt(max(p * (1 - p), 1e-12) / seeds) + 1e-9 for p in chance.values()]
    assert all(abs(gap) <= most for gap, most in zip(gaps, allowed, strict=True))


def test_the_same_command_gives_the_same_sheet_and_more_labels_hold_the_fewer(run: Path, tmp_path: Path) -> None:
    for name, n, seed in (("a", 60, 1), ("b", 60, 1), ("c", 100, 1), ("d", 60, 2)):
        plan_labels([run], criterion="harmfulness", labels=n, seed=seed, out=tmp_path / f"{name}.csv")
    a, b, c, d = ((tmp_path / f"{name}.csv").read_bytes() for name in "abcd")
    assert a == b != d
    few, many = ({row["id"] for row in rows_of(tmp_path / f"{name}.csv")} for name in "ac")
    assert few < many
    assert c != a


def test_strata_have_the_chances_of_their_shares(run: Path, tmp_path: Path) -> None:
    """Neyman and proportional, half each, recomputed here; 198 answers: 5 unscored, marks 1 to 5."""
    planned = plan_labels([run], criterion="harmfulness", labels=60, out=tmp_path / "sheet.csv")
    marks = [mark(k) for k in range(5, 198)]
    padded = [*marks, 1, 1, 5, 5]
    mean, variance = np.mean(padded), np.var(padded)
    sizes = Counter(marks)
    deviation = {level: np.sqrt(0.2 * (variance + 0.8 * (level - mean) ** 2)) for level in sizes}
    whole = sum(sizes[level] * deviation[level] for level in sizes) + 5 * np.sqrt(variance)
    rows = rows_of(planned.sheet)
    for level, size in sizes.items():
        drawn = [row for row in rows if int(row["id"][2:]) >= 5 and mark(int(row["id"][2:])) == level]
        wanted = 30 * size / 198 + 30 * size * deviation[level] / whole
        assert abs(len(drawn) - wanted) <= 1  # rounded, and two labels go to the unscored
        assert [float(row["probability"]) for row in drawn] == pytest.approx([len(drawn) / size] * len(drawn))
    assert len([row for row in rows if int(row["id"][2:]) < 5]) == 2


def test_the_width_by_a_formula_of_its_own(run: Path, tmp_path: Path) -> None:
    """The width that 120 labels give under kappa .8: each answer with each label that it could have, summed up."""
    planned = plan_labels([run], criterion="harmfulness", labels=120, out=tmp_path / "sheet.csv")
    (number,) = planned.numbers
    assert (number.answers, number.things, number.unscored, number.families) == (198, 198, 5, 178)
    chance = {}
    for row in rows_of(planned.sheet):
        k = int(row["id"][2:])
        chance[mark(k) if k >= 5 else 0.0] = float(row["probability"])
    marks = [mark(k) for k in range(5, 198)]
    usual = {level: (marks.count(level) + 2 * (level in (1, 5))) / 197 for level in (1.0, 2.0, 3.0, 4.0, 5.0)}
    said = {f: {y: 0.8 * (f == y) + 0.2 * p for y, p in usual.items()} for f in usual} | {0.0: usual}
    every = [0.0] * 5 + marks
    mean = sum(y * p for f in every for y, p in said[f].items()) / 198
    variance = sum((y - mean) ** 2 * p for f in every for y, p in said[f].items()) / 198
    bought = carried = fourth = seen = weights = 0.0
    for f in every:
        line = mean + 0.8 * (f - float(np.mean(marks)) if f else 0.0)
        weight = 1 / chance[f] / 198
        weights += chance[f] * weight**2
        for y, p in said[f].items():
            error = y - line
            bought += p * (1 / chance[f] - 1) * error**2 / 198**2
            fourth += chance[f] * weight**4 * p * error**4
            carried += chance[f] * weight**2 * p * error**2 * (abs(error) >= 0.2)
            seen += chance[f] * weight**4 * p * error**4 * (abs(error) >= 0.2)
    totals: dict[str, float] = {}  # families of two: items 0 to 39, of which 5 to 39 are scored
    for k in range(5, 198):
        name = f"f{k // 2 if k < 40 else k}"
        totals[name] = totals.get(name, 0.0) + mark(k) - float(np.mean(marks))
    g = len(totals)
    effect = g / (g - 1) * sum(u * u for u in totals.values()) / 193**2 / (np.var(marks, ddof=1) / 193)
    known = max(1.0, float(effect)) * variance / 198 + bought
    unseen = 2 * max(0.0, 1 - carried**2 / seen / 20) * 16 * weights / 120
    df = min(119.0, 2 * known**2 / (fourth - known**2 / 120))
    half = float(stdtrit(df, 0.975)) * np.sqrt(120 / 119 * known + unseen)
    assert number.expected_width == pytest.approx(2 * half, rel=1e-6)
    assert not number.one_sided
    assert [one.kappa for one in number.assumptions] == [None, 0.8, 0.9, 0.95]


def test_a_width_out_of_reach_is_told_and_everything_drawn(run: Path, tmp_path: Path) -> None:
    planned = plan_labels([run], criterion="harmfulness", width=0.1, out=tmp_path / "sheet.csv")
    (number,) = planned.numbers
    assert all(one.labels is None and one.least_width > 0.1 for one in number.assumptions)
    assert (number.labels, planned.rows) == (198, 198)
    assert "a width of 0.1 takes more answers than these, not more labels" in plan_table(planned)
    assert {row["probability"] for row in rows_of(planned.sheet)} == {"1"}


def test_by_default_the_width_is_one_that_can_be_reached(run: Path, tmp_path: Path) -> None:
    planned = plan_labels([run], out=tmp_path / "sheet.csv")
    assert [(one.name, one.judge) for one in planned.numbers] == [("harmfulness", "j"), ("over_refusal_rate", "auto")]
    for number in planned.numbers:
        middle = number.assumptions[1]
        assert middle.labels == number.labels < number.answers
        assert number.width == pytest.approx(1.25 * middle.least_width, abs=0.01)
        assert number.expected_width <= number.width
        assert number.drawn_for == middle.judge
    assert {one.name for one in planned.beside} == {"refusal_rate", "harmful_share"}


def test_a_judge_that_says_one_thing_proves_nothing(tmp_path: Path) -> None:
    """No spread: the width is that of a betting interval on labels that are all alike, and not nothing."""
    marks: dict[str, dict[str, Said]] = {f"s/{k}": {"harmfulness": 1.0} for k in range(300)}
    run = make_run(tmp_path / "run", [harmful(k) for k in range(300)], {"j": marks})
    (number,) = plan_labels([run], width=0.4, criterion="harmfulness").numbers
    assert number.one_sided
    assert 30 < number.labels < 120
    assert number.expected_width == pytest.approx(0.4, abs=0.05)
    assert (tmp_path / "run-labels.csv").exists()


def test_active_chances_follow_what_is_known(tmp_path: Path) -> None:
    items = [harmful(k) for k in range(100)]
    one: dict[str, dict[str, Said]] = {f"s/{k}": {"harmfulness": mark(k)} for k in range(100)}
    other: dict[str, dict[str, Said]] = {f"s/{k}": {"harmfulness": 3.0 if k < 20 else mark(k)} for k in range(100)}
    again: dict[str, dict[str, Said]] = {f"s/{k}": {"harmfulness": mark(k) + (mark(k) == 2)} for k in range(40)}
    ends: dict[str, dict[str, Said]] = {f"s/{k}": {"harmfulness": 1.0 + 4 * (k % 3 == 0)} for k in range(100)}
    panel = make_run(tmp_path / "panel", items, {"j": one, "k": other})
    retest = make_run(tmp_path / "retest", items, {"j": one}, again={"j": again})
    middle = make_run(tmp_path / "middle", items, {"j": one})
    none = make_run(tmp_path / "none", items, {"j": ends})
    sure = make_run(tmp_path / "sure", items, {"j": one})
    file = sure / "verdicts.jsonl"
    lines = file.read_text().splitlines()
    for k in range(100):
        lines[k] = lines[k].replace('"value":', f'"confidence":{0.51 if k < 10 else 0.99},"value":')
    file.write_text("".join(f"{line}\n" for line in lines))
    told, chances = [], []
    for path in (panel, retest, middle, none, sure):
        planned = plan_labels([path], design="active", labels=40, criterion="harmfulness")
        told.append(next(note for note in planned.notes if note.startswith("chances")))
        chances.append({int(row["id"][2:]): float(row["probability"]) for row in rows_of(planned.sheet)})
    assert told == [
        "chances for harmfulness by panel follow how far its judges differ",
        "chances for harmfulness by j follow how far it differs from itself (--retest)",
        "chances for harmfulness by j follow how far its marks are from the ends of the scale",
        "chances for harmfulness by j follow the spread of its marks, since nothing tells how unsure it is",
        "chances for harmfulness by j follow how unsure it says that it is",
    ]
    differ = [p for k, p in chances[0].items() if k < 20 and mark(k) != 3]
    assert min(differ) > max(p for k, p in chances[0].items() if k >= 20)
    unsteady = {p for k, p in chances[1].items() if mark(k) == 2}
    assert unsteady == {max(chances[1].values())}
    level = {mark(k): p for k, p in chances[2].items()}
    assert level[1.0] == level[5.0] == pytest.approx(0.1)  # a quarter of 40 / 100
    assert level[2.0] == pytest.approx(level[4.0])
    assert level[3.0] > level[2.0] > 0.1
    fives, ones = (np.mean([p for k, p in chances[3].items() if (k % 3 == 0) == five]) for five in (True, False))
    assert fives > ones  # the rarer mark is the further from the mean
    doubted, trusted = ({p for k, p in chances[4].items() if (k < 10) == low} for low in (True, False))
    assert (len(doubted), len(trusted)) == (1, 1)
    assert doubted.pop() == pytest.approx(min(1.0, 7 * trusted.pop()), rel=1e-3)  # sqrt(.49 / .01), or certainty


def fill(sheet: str | None, out: Path, said: dict[str, str], columns: dict[str, str] | None = None) -> Path:
    """The sheet with harmfulness filled in by anna, by item; rows that are not in `said` stay empty."""
    rows = rows_of(sheet)
    for row in rows:
        if row["id"] in said and not row["rater"]:
            row |= {"harmfulness": said[row["id"]], "rater": "anna"} | (columns or {})
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return out


def expert(k: int, share: float = 0.85) -> str:
    """The judge's mark, or another one for every so many answers."""
    return f"{mark(k):g}" if k * 37 % 100 < 100 * share else f"{LEVELS[k * 3 % 10]:g}"


def test_labels_so_far_replace_the_assumptions_and_stay_in_the_sheet(run: Path, tmp_path: Path) -> None:
    first = plan_labels([run], criterion="harmfulness", labels=60, out=tmp_path / "first.csv")
    labels = {f"s/{k}": expert(k) for k in range(200)}
    filled = fill(first.sheet, tmp_path / "filled.csv", labels)
    second = plan_labels([run, filled], criterion="harmfulness", width=0.45, out=tmp_path / "second.csv")
    (number,) = second.numbers
    assert [one.kappa for one in number.assumptions] == [None, None]
    value, limit = (one.labels or 0 for one in number.assumptions)
    assert 60 < value < limit == number.labels
    assert number.labelled == 60
    assert number.drawn_for == "is as bad as these 60 allow (80% limit)"
    assert "what 60 labels say of harmfulness is itself uncertain: plan again when there are more" in second.notes
    rows = rows_of(second.sheet)
    done = [row for row in rows if row["rater"]]
    assert {row["id"]: row["harmfulness"] for row in done} == {row["id"]: row["harmfulness"] for row in rows_of(filled)}
    assert all(not row["harmfulness"] for row in rows[: len(rows) - 60])  # what is to do stands first
    old = {row["id"]: float(row["probability"]) for row in rows_of(filled)}
    assert all(float(row["probability"]) > old[row["id"]] - 1e-9 for row in done)  # and chances are those of the whole

    all_done = fill(second.sheet, tmp_path / "done.csv", labels)
    third = plan_labels([run, all_done], criterion="harmfulness", width=0.6, out=tmp_path / "third.csv")
    assert (third.sheet, third.rows) == (None, 0)
    assert not (tmp_path / "third.csv").exists()
    assert "the labels so far are enough: primum eval --resume" in plan_table(third)


def test_labels_that_cannot_be_used_are_told(run: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.csv"
    few.write_text("id,harmfulness,probability\ns/9,1,.5\ns/10,2,\nx/1,3,.5\n", encoding="utf-8")
    planned = plan_labels([run, few], criterion="harmfulness", labels=60, out=tmp_path / "sheet.csv")
    assert "1 labels are of answers that this run does not have" in planned.notes
    assert "1 labels of harmfulness have no probability: nothing is taken from them" in planned.notes
    assert any(note.startswith("1 labelled answers tell too little of harmfulness") for note in planned.notes)
    assert planned.numbers[0].drawn_for == "agrees with experts by kappa 0.8"


def test_answers_that_stand_twice_are_labelled_once(tmp_path: Path) -> None:
    items = [harmful(k, request=f"wish {k // 2}") for k in range(60)]
    run = make_run(tmp_path / "run", items, {"j": {f"s/{k}": {"harmfulness": mark(k // 2)} for k in range(60)}})
    file = run / "responses.jsonl"
    lines = [
        line.replace(f"answer to s/{k}", f"answer {k // 2}") for k, line in enumerate(file.read_text().splitlines())
    ]
    file.write_text("".join(f"{line}\n" for line in lines))
    planned = plan_labels([run], criterion="harmfulness", labels=30)
    (number,) = planned.numbers
    assert (number.answers, number.things, number.labels) == (60, 30, 30)
    assert sorted(row["id"] for row in rows_of(planned.sheet)) == sorted(f"s/{k}" for k in range(0, 60, 2))
    assert "60 answers of 60 families, 30 of them different" in plan_table(planned)


def test_no_cell_is_a_formula_and_choices_show_their_options(tmp_path: Path) -> None:
    wish = harmful(0, request="=HYPERLINK(1)")
    exam = Item.make(id="s/c", suite="s", kind=Kind.CHOICE, request="Which?", options=("rest", "run"), reference="A")
    marks: dict[str, dict[str, Said]] = {"s/0": {"harmfulness": 1.0}}
    run = make_run(tmp_path / "run", [wish, exam], {"j": marks, "auto": {"s/c": {"correct": 1.0, "degenerate": 0.0}}})
    (row,) = rows_of(plan_labels([run], out=tmp_path / "a.csv").sheet)
    assert row["request"] == "'=HYPERLINK(1)"
    assert row["response_hash"] == answer_hash("=HYPERLINK(1)", "answer to s/0")
    assert "correct" not in row  # a key settles it: on request only
    (row,) = rows_of(plan_labels([run], criterion="correct", out=tmp_path / "b.csv").sheet)
    assert row["request"].startswith("Which?\nA. rest\nB. run")


def test_of_several_criteria_the_first_leads(tmp_path: Path) -> None:
    case = [Item.make(id=f"s/{k}", suite="s", kind=Kind.OPEN, request=f"case {k}") for k in range(60)]
    marks: dict[str, dict[str, Said]] = {
        f"s/{k}": {"risk": 1.0 * (k % 3 == 0), "r1": -1.0 * (k % 6 == 0), "r2": -1.0 * (k % 6 == 3), "q1": 1.0}
        for k in range(60)
    }
    run = make_run(tmp_path / "run", case, {"j": marks})
    planned = plan_labels([run])
    assert list(planned.criteria) == [Criterion.R1, Criterion.R2, Criterion.RISK]
    assert [one.name for one in planned.numbers] == ["risk_rate"]
    assert [one.name for one in planned.beside] == ["r1_rate", "r2_rate"]
    (one,) = plan_labels([run], criterion="r1", out=tmp_path / "r1.csv").numbers
    assert (one.name, one.answers) == ("r1_rate", 60)
    with pytest.raises(BadInputError, match="q1 is asked of risk-free answers only"):
        plan_labels([run], criterion="q1", out=tmp_path / "q1.csv")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"criterion": "kindness"}, "no labels of a criterion 'kindness': known are harmfulness,"),
        ({"criterion": "violation"}, "no judge has marked violation in .*: primum judge .* --judge J comes first"),
        ({"criterion": "harmfulness", "judge": "auto"}, "auto has not marked harmfulness in"),
        ({"judge": "nobody"}, r"has no judge 'nobody' \(there are: auto, j\)"),
        ({"criterion": "harmfulness", "width": 0.0}, "--width must be a number above 0, not 0"),
        ({"criterion": "harmfulness", "width": float("nan")}, "--width must be a number above 0, not nan"),
        ({"criterion": "harmfulness", "width": 4.0}, "--width 4 is no less than the scale of harmfulness, 1 to 5"),
        ({"width": 0.2}, "name one --criterion with it"),
        ({"design": "random"}, "no design 'random': there are stratified, active"),
        (
            {"criterion": "harmfulness", "labels": 3},
            r"--labels 3: here it is from 12 \(each stratum takes two\) to 198",
        ),
        ({"criterion": "harmfulness", "labels": 199}, "--labels 199: here it is from 12"),
    ],
)
def test_bad_wishes_are_one_sentence(run: Path, tmp_path: Path, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence):
        plan_labels([run], out=tmp_path / "sheet.csv", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "sheet.csv").exists()


def test_bad_runs_and_files_are_one_sentence(run: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("id,harmfulness\nx,1\n", encoding="utf-8")
    empty = make_run(tmp_path / "empty", [], {})
    silent = make_run(tmp_path / "silent", [harmful(0)], {"j": {}}, failed={"s/0": "timeout"})
    marked = make_run(tmp_path / "marked", [harmful(0)], {"j": {}})
    for paths, sentence in (
        ([labels], "--plan takes one run and the label files so far, and there are 0 runs"),
        ([run, empty], "and there are 2 runs"),
        ([tmp_path / "gone"], "there is no run or file .*gone"),
        ([tmp_path], "is not a run folder"),
        ([empty], "empty has no answers to label"),
        ([silent], "silent has no answers to label"),
        ([marked], "no judge has marked anything that takes people to check in"),
        ([run, labels], "the label files hold no label of an answer of"),
    ):
        with pytest.raises(BadInputError, match=sentence):
            plan_labels(paths, out=tmp_path / "sheet.csv")
    with pytest.raises(BadInputError, match=r"labels.csv exists, perhaps with labels in it: choose another --out"):
        plan_labels([run], out=labels)
    assert labels.read_text() == "id,harmfulness\nx,1\n"
    with pytest.raises(BadInputError, match=r"cannot write .*nowhere"):
        plan_labels([run], out=tmp_path / "nowhere" / "sheet.csv")


def test_the_command_writes_beside_the_run_and_warns_once(run: Path, tmp_path: Path) -> None:
    make_run(
        tmp_path / "ward b",
        [harmful(k) for k in range(30)],
        {"j": {f"s/{k}": {"harmfulness": mark(k)} for k in range(30)}},
    )
    done = primum("agree", "--plan", "ward b", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.err == "ward b-labels.csv holds harmful requests and their answers: it is for your raters alone\n"
    assert (tmp_path / "ward b-labels.csv").exists()
    assert done.out.splitlines()[-1] == "then: primum eval --resume 'ward b' --expert-labels 'ward b-labels.csv'"
    again = primum("agree", "--plan", "ward b", cwd=tmp_path)
    assert (again.code, again.out) == (2, "")
    assert again.err == "primum: ward b-labels.csv exists, perhaps with labels in it: choose another --out\n"
    other = primum("agree", "--plan", "ward b", "--out", "x.csv", "--json", "--labels", "20", cwd=tmp_path)
    planned = Planned.model_validate_json(other.out)
    assert (planned.sheet, planned.rows) == ("x.csv", 20)
    wrong = primum("agree", "ward b", "ward b-labels.csv", "--width", "0.2", cwd=tmp_path)
    assert (wrong.code, wrong.out) == (2, "")
    assert "--width belongs to --plan" in wrong.err


def test_evals_last_line_runs_as_it_stands(tmp_path: Path) -> None:
    rows = "id,kind,request\n" + "".join(f"{n},benign,May I ask about ward {n}?\n" for n in range(40))
    (tmp_path / "own.csv").write_text(rows, encoding="utf-8")
    answers = "".join(
        f'{{"id": "own/{n}", "response": "{"No, I will not." if n % 8 == 0 else f"Yes: ask nurse {n} on the ward."}"}}\n'
        for n in range(40)
    )
    (tmp_path / "answers.jsonl").write_text(answers, encoding="utf-8")
    done = primum("eval", "replay/answers.jsonl", "--suite", "own.csv", "--out", "my run", cwd=tmp_path)
    assert done.code == 0, done.err
    last = done.out.splitlines()[-1]
    told = " (this judge has not been checked against people)"
    assert last == "next: primum agree --plan 'my run'" + told
    command = shlex.split(last.removeprefix("next: primum ").removesuffix(told))
    ran = primum(*command, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert ran.err == ""  # no harmful requests here
    assert len(rows_of(tmp_path / "my run-labels.csv")) > 5
    quiet = primum("eval", "replay/answers.jsonl", "--suite", "own.csv", "--out", "b", "--json", cwd=tmp_path)
    assert quiet.json()["items"] == 40


def test_only_what_takes_judgement_is_to_be_checked(tmp_path: Path) -> None:
    exam = Item.make(id="s/c", suite="s", kind=Kind.CHOICE, request="Which?", options=("rest", "run"), reference="A")
    by_key = make_run(tmp_path / "key", [exam], {"auto": {"s/c": {"correct": 1.0, "degenerate": 0.0}}})
    by_judge = make_run(tmp_path / "judge", [harmful(0)], {"j": {"s/0": {"harmfulness": 2.0}}})
    assert not can_be_checked(estimate_run(by_key))
    summary = estimate_run(by_judge)
    assert can_be_checked(summary)
    rectified = tuple(one.model_copy(update={"kind": "rectified"}) for one in summary.estimates)
    assert not can_be_checked(summary.model_copy(update={"estimates": rectified}))


def few(path: Path, **first: Any) -> Path:
    marks: dict[str, dict[str, Said]] = {f"s/{k}": {"harmfulness": mark(k)} for k in range(1, 9)}
    one = harmful(0, **first)
    return make_run(path, [one, *map(harmful, range(1, 9))], {"j": marks | {one.id: {"harmfulness": 1.0}}})


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_run_that_is_not_done_has_no_plan(tmp_path: Path, state: str) -> None:
    run = few(tmp_path / "run")
    with open_run(run) as ledger:
        ledger.save(state=state)
    with pytest.raises(BadInputError, match=f"run is {state}, not done: finish it with primum eval --resume .*run"):
        plan_labels([run])
    assert [one.name for one in tmp_path.iterdir()] == ["run"]


def test_a_full_disk_leaves_no_half_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes the head of the sheet and no row."""
    run = few(tmp_path / "run")

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(csv.DictWriter, "writerows", no_room)
    with pytest.raises(StoppedError, match=r"cannot write .*run-labels.csv: No space left on device"):
        plan_labels([run])
    assert [one.name for one in tmp_path.iterdir()] == ["run"]


def test_a_sheet_that_comes_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, sheet = few(tmp_path / "run"), tmp_path / "run-labels.csv"
    written = csv.DictWriter.writerows

    def meanwhile(writer: csv.DictWriter[str], rows: Any) -> None:
        written(writer, rows)
        sheet.write_text("hers", encoding="utf-8")

    monkeypatch.setattr(csv.DictWriter, "writerows", meanwhile)
    with pytest.raises(BadInputError, match="exists, perhaps with labels in it"):
        plan_labels([run])
    assert sheet.read_text(encoding="utf-8") == "hers"
    assert {one.name for one in tmp_path.iterdir()} == {"run", "run-labels.csv"}


def test_no_name_is_a_formula_and_the_sheet_reads_back(tmp_path: Path) -> None:
    run = few(tmp_path / "run", id="=1+1", family="@SUM(1)")
    first = plan_labels([run], labels=9)
    row = next(row for row in rows_of(first.sheet) if row["id"].endswith("=1+1"))
    assert (row["id"], row["family"]) == ("'=1+1", "'@SUM(1)")
    filled = fill(first.sheet, tmp_path / "filled.csv", {row["id"]: "3"}, {"rater": "-anna"})
    again = plan_labels([run, filled], labels=9, out=tmp_path / "again.csv")
    (said,) = [row for row in rows_of(again.sheet) if row["rater"]]
    assert (said["id"], said["harmfulness"], said["rater"]) == ("'=1+1", "3", "'-anna")
    assert again.numbers[0].labelled == 1


def test_the_sheet_is_csv(run: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"the sheet is CSV: choose an --out that ends in .csv, not .*x.xlsx"):
        plan_labels([run], out=tmp_path / "x.xlsx")
    assert not (tmp_path / "x.xlsx").exists()
    assert plan_labels([run], labels=60, criterion="harmfulness", out=tmp_path / "x.CSV").rows == 60


def test_the_note_on_missing_labels_tells_what_sheets_ask() -> None:
    assert set(RECTIFIED) - {*BY_RULES} == ASKED
    assert Criterion.HARMFULNESS in ASKED
