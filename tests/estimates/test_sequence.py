"""The running interval of `--until`: who enters when, at which values, and by whose marks."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from primum.estimates.question import Question, read_question
from primum.estimates.sequence import Tracker, draw_families, item_sums, judge_name, read_tracker, ruled
from primum.ledger import read_run
from primum.marks import open_marks
from primum.measures import MEASURES
from primum.records import Criterion, Failure, FailureKind, Item, Kind, Mark, Response, Verdict
from primum.stats.betting import begin_sequence, extend_sequence
from tests.runs import make_run

HARM = Criterion.HARMFULNESS
ASKED = read_question("harmfulness<2")._replace(suite="t", kinds=(Kind.HARMFUL,))


def item(name: str, family: str = "", **fields: object) -> Item:
    return Item.make(
        **{"id": name, "suite": "t", "kind": Kind.HARMFUL, "request": name, "family": family or name, **fields}
    )


def response(name: str, sample: int = 0, failed: bool = False) -> Response:
    failure = Failure(kind=FailureKind.TIMEOUT) if failed else None
    return Response(
        id=f"{name} {sample}", item_id=name, item_sha256="", suite="t", model="m", sample=sample, failure=failure
    )


def verdict(name: str, value: float | None, sample: int = 0, judge: str = "j", repeat: int = 0) -> Verdict:
    marks = () if value is None else (Mark(criterion=HARM, value=value),)
    return Verdict(
        id=f"{name} {sample} {judge} {repeat}",
        response_id=f"{name} {sample}",
        item_id=name,
        judge=judge,
        prompt_sha256="",
        marks=marks,
        repeat=repeat,
    )


def tracker(families: Sequence[Sequence[str]], question: Question = ASKED, judges: Sequence[str] = ("j",)) -> Tracker:
    return Tracker(question, families, judges, 1)


def test_families_are_drawn_whole_by_the_seed_alone() -> None:
    items = [item(f"i{n}", f"f{n // 2}") for n in range(20)]
    drawn = draw_families(items, ASKED, 0)
    assert sorted(map(tuple, drawn)) == sorted((f"i{n}", f"i{n + 1}") for n in range(0, 20, 2))
    assert [set(f) for f in draw_families(reversed(items), ASKED, 0)] == [set(f) for f in drawn]
    assert draw_families(items, ASKED, 1) != drawn


def test_what_stands_aside_counts_only_where_all_does() -> None:
    """The headline's part; and an item of another kind or suite is none of the question's."""
    head, aside = item("a"), item("b", aside=True)
    others = [item("c", kind=Kind.BENIGN), item("d", suite="u")]
    assert draw_families([head, aside, *others], ASKED, 0) == [["a"]]
    assert draw_families([aside, *others], ASKED, 0) == [["b"]]


def test_a_family_is_drawn_first_in_proportion_to_its_size() -> None:
    """One family of 6 among six of 1: it is first with probability 6 / 12, then a small one each with 1 / 12."""
    items = [item(f"big{n}", "big") for n in range(6)] + [item(f"i{n}") for n in range(6)]
    first = Counter(draw_families(items, ASKED, seed)[0][0] for seed in range(600))
    assert abs(first["big0"] - 300) < 3 * (600 / 4) ** 0.5
    assert all(abs(first[f"i{n}"] - 50) < 3.5 * (600 * 11 / 144) ** 0.5 for n in range(6))


def test_a_family_waits_for_those_before_it_and_for_all_of_its_own() -> None:
    running = tracker([["a", "b"], ["c"]])
    for record in (response("c"), verdict("c", 1), response("a"), verdict("a", 3), response("b")):
        running.hear(record)
        assert not running.advance()
    running.hear(verdict("b", 2))
    assert running.advance()
    assert (running.entered, running.entered_items) == (2, 3)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_arrival_changes_nothing(seed: int) -> None:
    """What comes back first enters no earlier: the limits after each family are the same, in whatever order they come."""
    rng = random.Random(0)
    families = [[f"{n}.{k}" for k in range(rng.choice([1, 1, 3]))] for n in range(60)]
    score = {name: rng.choice([1, 1, 1, 2, 5]) for family in families for name in family}
    in_order, limits = tracker(families), []
    for family in families:
        for name in family:
            in_order.hear(response(name))
            in_order.hear(verdict(name, score[name]))
        in_order.advance()
        limits.append(in_order.limits())

    shuffled = tracker(families)
    records = [(response(name), verdict(name, score[name])) for name in score]
    random.Random(seed).shuffle(records)
    records.sort(key=lambda pair: score[pair[0].item_id])  # the harmless answers first
    for pair in records:
        for record in pair:
            shuffled.hear(record)
        if shuffled.advance():
            assert shuffled.limits() == limits[shuffled.entered - 1]
    assert shuffled.record(len(score), 0) == in_order.record(len(score), 0)


def test_failed_and_unscored_enter_at_both_ends() -> None:
    """Of 40 items 30 score 3 (0.5 of the scale), 6 failed and 4 have no mark: low from 0, high from 1 for those 10."""
    names = [f"i{n}" for n in range(40)]
    running = tracker([[name] for name in names])
    for n, name in enumerate(names):
        running.hear(response(name, failed=n % 7 == 0))
        if n % 7:
            running.hear(verdict(name, None if n % 10 == 1 else 3))
    running.advance()
    missing = np.array([n % 7 == 0 or n % 10 == 1 for n in range(40)])
    ends = []
    for end in (0.0, 1.0):
        sequence = begin_sequence(40, families=40)
        for value in np.where(missing, end, 0.5):
            sequence = extend_sequence(sequence, [value], [1])
        ends.append(sequence)
    found = running.record(40, 0)
    assert (found.low, found.high) == (1 + 4 * ends[0].low, 1 + 4 * ends[1].high)
    assert found.unscored == missing.sum() == 9  # multiples of 7: 6; ends in 1: 1, 11, 31 (21 is one of the 6)
    assert found.low == pytest.approx((31 * 3 + 9 * 1) / 40)  # nothing is left to be drawn
    assert found.high == pytest.approx((31 * 3 + 9 * 5) / 40)
    assert found.value == 3


def test_a_second_judgement_and_other_judges_do_not_count() -> None:
    running = tracker([["a"]])
    for record in (response("a"), verdict("a", 5, repeat=1), verdict("a", 5, judge="other")):
        running.hear(record)
    assert not running.advance()


def test_of_several_records_the_last_holds() -> None:
    running = tracker([["a"]])
    for record in (response("a", failed=True), response("a"), verdict("a", None), verdict("a", 5)):
        running.hear(record)
    running.advance()
    assert (running.record(1, 0).value, running.record(1, 0).unscored) == (5, 0)


def test_several_answers_of_an_item_are_their_mean() -> None:
    """Marks 1 and 4 on 1..5 are 0 and .75; a missing third is 0 or 1 of the scale; all count a third each."""
    assert item_sums([1.0, 4.0], ASKED) == (0.375, 0.375, 1, 1)
    assert item_sums([1.0, 4.0, None], ASKED) == pytest.approx((0.25, 1.75 / 3, 1, 2 / 3))
    worst = read_question("harmfulness_worst<2")
    assert item_sums([1.0, 4.0], worst) == (0.75, 0.75, 1, 1)
    assert item_sums([1.0, 4.0, None], worst) == (0, 1, 1, 0)


def test_what_the_number_does_not_count_has_no_part_in_it() -> None:
    """Quality is of risk-free answers: one risky, one without risk at .5, one unreadable."""
    quality = read_question("quality<0.5")
    risky = ruled(quality.measure, [{Criterion.RISK: 1.0}])
    fine = ruled(quality.measure, [{Criterion.RISK: 0.0, Criterion.QUALITY: 0.5}])
    unread = ruled(quality.measure, [{}])
    assert (fine, unread) == (0.5, None)
    assert item_sums([risky], quality) == (0, 0, 0, 0)
    assert item_sums([risky, fine, fine, unread], quality) == (0.25, 0.5, 0.75, 0.5)


def test_shares_take_the_cut() -> None:
    share = read_question("harmful_share<0.5").measure
    assert [ruled(share, [{HARM: value}]) for value in (3.0, 4.0)] == [0.0, 1.0]


SAYS: tuple[Mapping[str, float | str], ...] = (
    {"risk": 0.0, "quality": 0.2, "comprehensive": 0.2},
    {"risk": 0.0, "quality": 0.7, "comprehensive": 0.7},
    {"risk": 1.0, "comprehensive": -1.0},
    {"risk": "unparseable", "quality": "unparseable", "comprehensive": "unparseable"},
)


@pytest.mark.parametrize("seats", [1, 2, 3])
def test_a_panel_rules_as_the_tables_do(tmp_path: Path, seats: int) -> None:
    """Every combination of what 1, 2 or 3 judges can say of a case, against the SQL of marks/panel.py."""
    combinations = list(itertools.product(range(len(SAYS)), repeat=seats))
    judges = [f"openai/j{seat}" for seat in range(seats)]
    cases = [Item.make(id=f"t/{n}", suite="t", kind=Kind.OPEN, request="?") for n in range(len(combinations))]
    said = {
        judge: {case.id: SAYS[combination[seat]] for case, combination in zip(cases, combinations, strict=True)}
        for seat, judge in enumerate(judges)
    }
    tables = open_marks(make_run(tmp_path / "run", cases, said))
    for measure in MEASURES:
        if measure.name not in {"risk_rate", "quality", "comprehensive"}:
            continue
        query = f"""select id, {measure.sql} from marks join items using (i)
            where judge = ? and criterion = ? and value is not null"""
        found = dict(tables.execute(query, [judge_name(judges), measure.criterion]).fetchall())
        for case, combination in zip(cases, combinations, strict=True):
            marks = [
                {Criterion(name): value for name, value in SAYS[n].items() if isinstance(value, float)}
                for n in combination
            ]
            value = ruled(measure, marks)
            assert (value if isinstance(value, float) else None) == found.get(case.id), (measure.name, combination)
    tables.close()


def test_the_value_weighs_large_families_down() -> None:
    """Large families are drawn early; weighed by their chance, the value of a few is near the mean of all: 20 families of
    5 score 5, 100 single items 1, so the mean is (100 x 5 + 100 x 1) / 200 = 3, and the plain mean of the first half of
    the families is above 3.5."""
    families = [[f"b{n}.{k}" for k in range(5)] for n in range(20)] + [[f"s{n}"] for n in range(100)]
    score = {name: 5.0 if name[0] == "b" else 1.0 for family in families for name in family}
    items = [item(name, family[0]) for family in families for name in family]
    values, plain = [], []
    for seed in range(20):
        drawn = draw_families(items, ASKED, seed)
        running = tracker(drawn)
        for family in drawn[:60]:
            for name in family:
                running.hear(response(name))
                running.hear(verdict(name, score[name]))
        running.advance()
        value = running.record(0, 0).value
        assert value is not None
        values.append(value)
        plain.append(np.mean([score[name] for family in drawn[:60] for name in family]))
    assert np.mean(plain) > 3.5
    assert abs(np.mean(values) - 3) < 3 * np.std(values) / 20**0.5 + 0.05


def test_a_judge_that_could_not_be_reached_is_known_only_where_nothing_is_tried_again(tmp_path: Path) -> None:
    """Of four items one has no mark because the judge failed, and one because it said nothing readable: that one stays."""
    said: dict[str, float | str] = {"t/0": 1.0, "t/1": "judge_failed", "t/2": "unparseable", "t/3": 2.0}
    marks = {name: {"harmfulness": value} for name, value in said.items()}
    path = make_run(tmp_path / "run", [item(name) for name in said], {"j": marks})
    run = read_run(path)
    run = run.model_copy(update={"plan": run.plan.model_copy(update={"until": "harmfulness<2"}), "deciders": ("j",)})
    _, settled = read_tracker(path, run)
    assert settled.entered == 4
    _, open_ = read_tracker(path, run, settled=False)
    assert open_.entered == open_.families.index(["t/1"]) < 4  # it waits where it was drawn
