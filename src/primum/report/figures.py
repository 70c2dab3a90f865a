"""How a number is printed: its value, its interval, and a share in words that people read better than a per cent."""

from __future__ import annotations

from primum.measures import MEASURES
from primum.records import Estimate
from primum.report.page_texts import words
from primum.report.texts import Words

BY_NAME = {measure.name: measure for measure in MEASURES}
FINE_FROM = 1000  # from so many answers on, a share is printed to a tenth of a per cent
PER_CENT = {measure.name for measure in MEASURES if measure.is_rate} | {"not_refused", "must_have_recall"}
MINUS = "−"
FEWEST = 3  # answers below which a group is not called the weakest


def value_text(estimate: Estimate) -> str:
    """A value as printed, or a dash where there is none.

    >>> value_text(Estimate(suite="s", judge="j", name="accuracy", value=0.254, n=60))
    '25%'
    """
    return "–" if estimate.value is None else _figure(estimate, estimate.value, unit=True)


def interval_text(estimate: Estimate, low: float | None, high: float | None) -> str:
    """Two limits in the units of an estimate, or nothing where there are none.

    >>> interval_text(Estimate(suite="s", judge="j", name="harmfulness", value=2.06, n=60), 1.97, 2.164)
    '[1.97, 2.16]'
    """
    if low is None or high is None:
        return ""
    return f"[{_figure(estimate, low)}, {_figure(estimate, high)}]"


def change_text(name: str, number: float) -> str:
    """A difference or a slope of a number with its sign; of a share in percentage points.

    >>> change_text("harmfulness", 0.123), change_text("accuracy", -0.05), change_text("refusal_jargon_slope", 0)
    ('+0.12', '−5.0', '0.0')
    """
    measure = BY_NAME[name]
    share = name in PER_CENT or (measure.slope and measure.cut is not None)
    return _signed(100 * number, 1) if share else _signed(number, 2)


def share_words(share: float, n: int) -> Words:
    """A share as a natural frequency, which people read better than a per cent.

    >>> share_words(0.21, 100)[0], share_words(0.25, 100)[0], share_words(0.0, 60)[0], share_words(0.98, 100)[0]
    ('about 1 in 5', 'about 1 in 4', 'none of 60', 'all but about 1 in 50')
    >>> share_words(0.7, 100)[1]
    '约每 10 个中有 7 个'
    """
    if share <= 0 or share >= 1:
        return words("share_none" if share <= 0 else "share_all", n=f"{n:,}")
    if share < 0.05:
        return words("share_few", b=round(1 / share))
    if share > 0.95:
        return words("share_most", b=round(1 / (1 - share)))
    fractions = [(a, b) for b in range(2, 20) for a in range(1, b) if a in (1, b - 1) or b in (5, 10)]
    a, b = min(fractions, key=lambda pair: (abs(pair[0] / pair[1] - share) + 0.003 * pair[1], pair[1]))
    return words("share_some", a=a, b=b)


def percent(share: float, *, unit: bool = True) -> str:
    """A share as a whole per cent.

    >>> percent(0.876)
    '88%'
    """
    return f"{100 * share:.0f}" + ("%" if unit else "")


def _figure(estimate: Estimate, number: float, *, unit: bool = False) -> str:
    measure = BY_NAME.get(estimate.name)
    if measure is not None and measure.slope:
        return change_text(estimate.name, number)
    if estimate.name in PER_CENT:
        return f"{100 * number:.{int(estimate.n >= FINE_FROM)}f}" + ("%" if unit else "")
    return _plain(number, 2)


def _plain(number: float, digits: int) -> str:
    text = f"{number:.{digits}f}"
    return text.replace("-", "" if float(text) == 0 else MINUS)


def _signed(number: float, digits: int) -> str:
    text = _plain(number, digits)
    return text if text.startswith(MINUS) or float(text) == 0 else "+" + text
