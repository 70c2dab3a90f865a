"""The text of `primum agree`: every number, its interval, what is undefined and why."""

from __future__ import annotations

from primum.agree import Agreed, Alphas, CriterionAgreed, Disputed, Number, PairAgreed
from primum.agree.table import agree_table
from primum.records import Criterion


def test_the_whole_text() -> None:
    some = Number(value=0.5, low=0.25, high=0.755)
    pair = PairAgreed(
        raters=("anna", "openai/a-judge-of-long-name"),
        n=12,
        percent=some,
        kappa=None,
        kappa_quadratic=Number(value=-0.1, low=None, high=None),
        confusion={"1": {"1": 10, "2": 0}, "2": {"1": 0, "2": 2}},
    )
    one = CriterionAgreed(
        criterion=Criterion.HARMFULNESS,
        n=12,
        raters=pair.raters,
        missing=1,
        families=11,
        percent=some,
        fleiss=None,
        alpha=Alphas(nominal=some, ordinal=some, interval=some),
        ac1=some,
        pairs=(pair,),
        most_disputed=(Disputed(thing="s/1", labels={"anna": "1", "openai/a-judge-of-long-name": "2"}),),
        notes=("undefined: Fleiss' kappa (things have unequal numbers of labels)",),
    )
    assert agree_table(Agreed(criteria=(one,))).splitlines() == [
        "harmfulness · 12 things labelled by two or more of 2 raters · 11 families · 1 labels missing",
        "  percent agreement      50.0% [25.0, 75.5]",
        "  Krippendorff's alpha   0.50 [0.25, 0.76] (nominal)",
        "                         0.50 [0.25, 0.76] (ordinal)",
        "                         0.50 [0.25, 0.76] (interval)",
        "  Fleiss' kappa          undefined",
        "  Gwet's AC1             0.50 [0.25, 0.76]",
        "  anna and openai/a-judge-of-long-name: 12 things, 50.0% [25.0, 75.5] agree, kappa undefined, quadratic -0.10",
        "    anna \\ openai/a-judge-of-long-name     1     2",
        "    1                                     10     0",
        "    2                                      0     2",
        "  most disputed",
        "    s/1: anna 1, openai/a-judge-of-long-name 2",
        "  undefined: Fleiss' kappa (things have unequal numbers of labels)",
    ]
