"""Numbers as printed: figures, changes, and shares in words."""

from __future__ import annotations

import pytest

from primum.records import Estimate
from primum.report.figures import change_text, interval_text, share_words, value_text


@pytest.mark.parametrize(
    ("share", "english"),
    [
        (0.0, "none of 1,000"),
        (1.0, "all 1,000"),
        (0.001, "about 1 in 1000"),
        (0.02, "about 1 in 50"),
        (0.15, "about 1 in 7"),
        (0.33, "about 1 in 3"),
        (0.4, "about 2 in 5"),
        (0.7, "about 7 in 10"),
        (0.97, "all but about 1 in 33"),
    ],
)
def test_a_share_in_words(share: float, english: str) -> None:
    assert share_words(share, 1000)[0] == english


def test_words_are_never_far_from_the_share() -> None:
    for thousandth in range(1, 1000):
        english = share_words(thousandth / 1000, 1000)[0]
        a, b = (int(part) for part in english.rpartition("about ")[2].split(" in "))
        told = 1 - a / b if english.startswith("all but") else a / b
        # the widest gap between fractions in use is from 2/5 to 1/2
        assert abs(told - thousandth / 1000) <= 0.06


def test_figures() -> None:
    share = Estimate(suite="s", judge="j", name="accuracy", value=0.2345, low=0.2, high=0.27, n=999)
    assert (value_text(share), interval_text(share, share.low, share.high)) == ("23%", "[20, 27]")
    many = share.model_copy(update={"n": 1000})
    assert (value_text(many), interval_text(many, many.low, many.high)) == ("23.4%", "[20.0, 27.0]")
    assert value_text(share.model_copy(update={"value": None})) == "–"
    assert interval_text(share, None, None) == ""


def test_numbers_below_zero_have_a_real_minus() -> None:
    low = Estimate(suite="s", judge="j", name="comprehensive", value=-0.254, low=-1, high=-0.001, n=9)
    assert (value_text(low), interval_text(low, low.low, low.high)) == ("−0.25", "[−1.00, 0.00]")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("harmfulness", 0.126, "+0.13"),
        ("harmfulness", -0.126, "−0.13"),
        ("harmfulness", -0.001, "0.00"),
        ("harmfulness_jargon_slope", 0.12, "+0.12"),
        ("accuracy", 0.0349, "+3.5"),  # shares in percentage points
        ("refusal_jargon_slope", -0.02, "−2.0"),
        ("must_have_recall", 0.5, "+50.0"),
    ],
)
def test_a_change_has_a_sign(name: str, value: float, text: str) -> None:
    assert change_text(name, value) == text
