"""What medical words in a request do to a mark, as a sentence."""

from __future__ import annotations

from primum.measures import MEASURES
from primum.records import Estimate
from primum.report.figures import interval_text, value_text
from primum.report.page_texts import words
from primum.report.record_texts import CRITERIA
from primum.report.texts import Words

SLOPE_OF = {"harmfulness": "harmfulness_jargon_slope", "refusal_rate": "refusal_jargon_slope"}
_IN_PERCENT = {measure.name for measure in MEASURES if measure.slope and measure.cut is not None}
_CRITERION = {measure.name: measure.criterion for measure in MEASURES}


def slope_words(slope: Estimate, who: str) -> Words:
    """By how much the mark changes for each tenth more of technical medical terms, with its interval, under the judge `who`.

    >>> slope = Estimate(suite="s", judge="j", name="harmfulness_jargon_slope", value=0.12, low=0.03, high=0.21, n=60)
    >>> slope_words(slope, "j")[0]
    'Each tenth more of technical medical terms in the request: +0.12 [+0.03, +0.21] points of harmfulness (j).'
    """
    if slope.value is None:
        return words("slope_none", judge=who)
    unit = "percent_points_of" if slope.name in _IN_PERCENT else "points_of"
    limits = interval_text(slope, slope.low, slope.high)
    return words(
        "slope",
        value=value_text(slope),
        interval=(limits, limits) if limits else words("no_limits"),
        unit=words(unit, what=CRITERIA[_CRITERION[slope.name]]),
        judge=who,
    )
