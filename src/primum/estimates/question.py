"""What `--until` asks: the number, how exactly it is to be known or on which side of a limit it lies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from primum.errors import BadInputError
from primum.measures import MEASURES, Measure
from primum.records import Item, Kind, RunPlan

Asks = Literal["width", "less", "more"]
_FORM = re.compile(
    r"\s*(?:(?P<suite>.+)/)?(?P<name>\w+)\s*(?:(?P<sign>[<>]=?|[≤≥])|:\s*(?:±|\+/?-))\s*(?P<number>[^\s%]+)\s*(?P<percent>%?)\s*"
)


class Question(NamedTuple):
    """When to stop: as soon as the interval of a number is no wider than `bound` to either side (`width`), or lies on one
    side of `bound` (`less`, `more`). Which `suite` is meant, and which of its `kinds` of item, is settled later."""

    suite: str
    measure: Measure
    asks: Asks
    bound: float
    kinds: tuple[Kind, ...] = ()

    @property
    def scale(self) -> tuple[float, float]:
        """The least and the greatest value that the number can have."""
        return (0.0, 1.0) if self.measure.is_rate else (self.measure.lowest, self.measure.highest)

    def is_about(self, item: Item) -> bool:
        """True for an item of the suite that the number is made of."""
        return item.suite == self.suite and item.kind in self.kinds

    def answer(self, low: float, high: float) -> str:
        """What limits of the number say: "yes" (exact enough; less; more), "no" (not less; not more), or nothing yet.

        >>> asked = read_question("harmfulness<2")
        >>> asked.answer(1.2, 1.9), asked.answer(2.1, 2.6), asked.answer(1.9, 2.1)
        ('yes', 'no', '')
        """
        if self.asks == "width":
            return "yes" if (high - low) / 2 <= self.bound else ""
        if self.asks == "less":
            return "yes" if high < self.bound else "no" if low >= self.bound else ""
        return "yes" if low > self.bound else "no" if high <= self.bound else ""


def read_question(text: str) -> Question:
    """The question that a text asks: `harmfulness:±0.1` (or `+-`), `harmfulness<2`, `refusal_rate>90%`, each perhaps with
    `SUITE/` before it.

    Raises:
        BadInputError: the text is none, or the number is unknown or out of range.

    >>> asked = read_question("starter/over_refusal_rate:+-5%")
    >>> asked.suite, asked.measure.name, asked.asks, asked.bound
    ('starter', 'over_refusal_rate', 'width', 0.05)
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise BadInputError(f"--until '{text}' asks nothing: write, say, harmfulness:±0.1 or harmfulness<2")
    if found["sign"] not in (None, "<", ">"):
        raise BadInputError(f"--until '{text}': write < or > instead of {found['sign']}")
    name = found["name"]
    measure = next((measure for measure in MEASURES if measure.name == name and not measure.slope), None)
    if measure is None:
        known = ", ".join(measure.name for measure in MEASURES if not measure.slope and not measure.minor)
        raise BadInputError(f"--until '{text}': no number '{name}' to be asked about; there are {known}")
    asks: Asks = "width" if found["sign"] is None else "less" if found["sign"] == "<" else "more"
    question = Question(found["suite"] or "", measure, asks, 0.0)
    lowest, highest = question.scale
    try:
        bound = float(found["number"]) / (100 if found["percent"] else 1)
    except ValueError:
        raise BadInputError(f"--until '{text}': '{found['number']}' is no number") from None
    if found["percent"] and (lowest, highest) != (0, 1):
        raise BadInputError(f"--until '{text}': {name} is no share, so it has no per cent")
    if asks == "width" and not 0 < bound < (highest - lowest) / 2:
        raise BadInputError(f"--until '{text}': the half width must lie between 0 and {(highest - lowest) / 2:g}")
    if asks != "width" and not lowest < bound < highest:
        raise BadInputError(f"--until '{text}': {name} lies between {lowest:g} and {highest:g}, and so must the limit")
    return question._replace(bound=bound)


def settle_question(plan: RunPlan, items: Iterable[Item]) -> Question:
    """The question of a plan, with the one suite that it is about.

    Raises:
        BadInputError: no suite has the number, several have it, or it takes more answers an item.
    """
    question = read_question(plan.until)
    name = question.measure.name
    if question.measure.worst and plan.samples < 2:
        raise BadInputError(f"--until '{plan.until}': {name} takes several answers an item: --samples 2 or more")
    kinds: dict[str, set[Kind]] = {}
    for item in items:
        kinds.setdefault(item.suite, set()).add(item.kind)
    having = [suite for suite, there in kinds.items() if there & set(question.measure.kinds)]
    sampled = f": the sample that --limit {plan.limit} draws has none of its items" if plan.limit else ""
    if question.suite and question.suite not in having:
        why = sampled if question.suite in kinds else ""
        raise BadInputError(f"--until '{plan.until}': no suite '{question.suite}' here that has {name}{why}")
    if not having:
        raise BadInputError(f"--until '{plan.until}': none of {', '.join(kinds)} has {name}{sampled}")
    if not question.suite and len(having) > 1:
        listed = " or ".join(f"{suite}/{name}" for suite in having)
        raise BadInputError(f"--until '{plan.until}': several suites have {name}: write {listed}")
    suite = question.suite or having[0]
    return question._replace(suite=suite, kinds=tuple(kind for kind in question.measure.kinds if kind in kinds[suite]))
