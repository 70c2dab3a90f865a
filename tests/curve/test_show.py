"""A curve as a table, as CSV and as a drawing, from numbers that are put in."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET

from tests.curve.made import EXAM, HARM, OVER, REFUSED, made_curve, made_plan, made_point

from primum.curve.chart import LOOKS, draw_chart
from primum.curve.points import find_leads
from primum.curve.show import curve_csv, curve_table, turned
from primum.records import Curve, SeedValue

PLAN = made_plan((200, 400), seeds=3)
JUDGED = made_curve(
    PLAN,
    {
        HARM: {("base", 0): [4.0], ("med", 200): [2, 2, 2], ("gen", 200): [3, 3, 3], ("both", 400): [1.5, 1.6, 1.7]},
        REFUSED: {("base", 0): [0.1], ("med", 200): [0.8, 0.8, 0.8]},
        OVER: {("base", 0): [0.0], ("med", 200): [0.0, 0.0, 0.0], ("gen", 200): [0.1, 0.1, 0.1]},
        EXAM: {("base", 0): [0.5], ("med", 200): [0.5, 0.5, 0.5]},
    },
)
UNJUDGED = made_curve(PLAN, {REFUSED: {("base", 0): [0.1], ("med", 200): [0.8, 0.8, 0.8]}})


def test_harm_is_harmfulness_where_a_model_judged_it_else_what_is_not_refused() -> None:
    assert JUDGED.leads == {"harm": HARM, "over_refusal": OVER, "ability": EXAM}
    assert UNJUDGED.leads == {"harm": REFUSED}
    (base, med) = [turned(point) for point in UNJUDGED.points]
    assert (base.name, base.value) == ("not_refused", 0.9)
    assert [round(one.value or 0, 9) for one in med.seeds] == [0.2, 0.2, 0.2]
    assert base.low is not None
    assert base.high is not None
    assert base.low < 0.9 < base.high


def test_the_largest_suite_leads_the_judge_named_first_and_exams_before_choice_suites() -> None:
    plan = made_plan(run=PLAN.run.model_copy(update={"judges": ("b", "a")}))
    points = [
        made_point("base", 0, ("small", "b", "harmfulness"), [1.0], 10),
        made_point("base", 0, ("large", "a", "harmfulness"), [2.0], 90),
        made_point("base", 0, ("large", "b", "harmfulness"), [3.0], 90),
        made_point("base", 0, ("large", "auto", "accuracy"), [0.5], 90),
        made_point("base", 0, ("exam", "exam", "accuracy"), [0.5], 30),
    ]
    leads = find_leads(plan, points)
    assert leads == {"harm": ("large", "b", "harmfulness"), "ability": ("exam", "exam", "accuracy")}
    nobody = [points[0].model_copy(update={"value": None, "judge": "none"})]
    assert find_leads(plan, nobody) == {}


def test_the_table_has_a_row_an_arm_and_n() -> None:
    lines = curve_table(JUDGED).splitlines()
    assert lines[0] == "curve · hf/model · recipe default · 3 seeds"
    assert re.split(r"\s{2,}", lines[1].strip()) == ["harmfulness 1-5", "over-refused (benign)", "exam accuracy"]
    rows = {tuple(re.split(r"\s{2,}", line)[:2]): re.split(r"\s{2,}", line)[2:] for line in lines[4:8]}
    # Seeds that agree have the limits of their items: 2 -/+ .2; Wilson of 0 and 10 of 100: 0 to 4%, 6 to 17%.
    assert rows["med", "n = 200"] == ["2.00 [1.80, 2.20]", "0% [0, 4]", "50% [40, 60]"]
    assert rows["gen", "n = 200"] == ["3.00 [2.80, 3.20]", "10% [6, 17]", "not measured"]
    assert rows["base", "n = 0"] == ["4.00 [3.80, 4.20]", "0% [0, 4]", "50% [40, 60]"]
    assert any("2n together" in line for line in lines)


def test_what_is_missing_is_told_with_what_to_do() -> None:
    told = curve_table(UNJUDGED)
    assert "over-refusal: not measured (add a suite" in told
    assert "ability: not measured (name an exam with --exam" in told
    empty = SeedValue(seed=0, value=None, n=0, unscored=100)
    unmarked = made_point("base", 0, OVER, [0.5]).model_copy(
        update={"value": None, "low": None, "high": None, "seeds": (empty,)}
    )
    assert "over-refusal: not measured (no judge gave a mark" in curve_table(
        UNJUDGED.model_copy(update={"points": (*UNJUDGED.points, unmarked)})
    )


def test_a_number_with_many_unscored_is_marked() -> None:
    assert "*" not in curve_table(UNJUDGED)
    point = UNJUDGED.points[0]
    seeds = (point.seeds[0].model_copy(update={"unscored": 6}),)  # 100 of 106 scored: under 95%
    marked = UNJUDGED.model_copy(update={"points": (point.model_copy(update={"seeds": seeds}), *UNJUDGED.points[1:])})
    assert "90% [83, 94] *" in curve_table(marked)
    assert "* under 95%" in curve_table(marked)


def test_the_csv_holds_the_mean_and_every_seed() -> None:
    rows = [
        row for row in csv.DictReader(io.StringIO(curve_csv(JUDGED))) if (row["arm"], row["name"]) == ("both", HARM[2])
    ]
    assert [row["seed"] for row in rows] == ["all", "0", "1", "2"]
    assert [round(float(row["value"]), 9) for row in rows] == [1.6, 1.5, 1.6, 1.7]
    assert [row["scored"] for row in rows] == ["", "100", "100", "100"]
    assert {row["n"] for row in rows} == {"400"}


def texts(svg: str) -> list[str]:
    """Every line of writing in a drawing."""
    return [line for one in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text") for line in one.itertext()]


def test_the_chart_says_model_judge_and_seeds_and_has_a_line_an_arm() -> None:
    svg = draw_chart(JUDGED)
    said = texts(svg)
    assert "hf/model: safety and ability against training examples" in said
    assert "recipe default · 3 seeds · judge openai/judge, auto" in said
    assert {
        "Harm",
        "Over-refusal",
        "Ability",
        "harmfulness 1-5, less is better",
        "exam accuracy, more is better",
    } <= set(said)
    assert "not measured" not in said
    for colour, _, _, name in LOOKS.values():
        assert name in said
        assert colour in svg
    assert len({mark for _, mark, _, _ in LOOKS.values()}) == len(LOOKS)  # an arm is known without its colour


def test_a_side_that_was_not_measured_stands_as_that_in_the_chart() -> None:
    said = texts(draw_chart(UNJUDGED))
    assert said.count("not measured") == 2
    assert "not refused (harmful), less is better" in said


def test_names_of_the_user_s_are_escaped_and_cut() -> None:
    run = PLAN.run.model_copy(update={"model": "hf/<b>&" + "x" * 200})
    odd = Curve(plan=PLAN.model_copy(update={"run": run}), points=JUDGED.points, leads=JUDGED.leads)
    svg = draw_chart(odd)
    assert "<b>" not in svg
    assert any(text.startswith("hf/<b>&") and len(text) < 100 for text in texts(svg))


def test_one_seed_is_told() -> None:
    one = made_curve(made_plan((200,), 1), {OVER: {("base", 0): [0.0], ("med", 200): [0.1]}})
    assert "one seed cannot tell how much trainings differ" in curve_table(one)
    assert "Bands: 95% for other requests; one seed" in texts(draw_chart(one))
