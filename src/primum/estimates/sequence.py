"""The question that `--until` asks of a run, and the running interval that answers it.

The units are families, in an order drawn beforehand from the plan's seed: the next item is drawn at random from those
left, and its whole family comes with it. A family enters when all families before it are complete, so that what comes
back first (short refusals, say) does not enter first. The interval holds at every moment (stats/betting.py).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from primum.estimates.question import Question, settle_question
from primum.ledger import read_records
from primum.marks import PANEL
from primum.marks.panel import FOLLOWS, WORSE_HIGH
from primum.measures import Measure
from primum.records import (
    PAPER,
    Criterion,
    Item,
    Response,
    Run,
    UnscoredReason,
    Verdict,
    content_id,
)
from primum.records import Sequence as SequenceRecord
from primum.stats.betting import begin_sequence, drawn_shares, extend_sequence

LEFT_OUT = "left out"  # of an answer that the number does not count (`Measure.unless`)
Value = float | str | None  # a mark as the number takes it, None where it is missing, or LEFT_OUT
Marks = dict[Criterion, float]


def draw_families(items: Iterable[Item], question: Question, seed: int) -> list[list[str]]:
    """The ids of the items that a question is about, family by family, in the order in which families are drawn: one
    after another, each with probability in proportion to the number of its items.

    Where some of the items do not stand aside, only they count. The order depends on the seed and the families' names,
    on nothing else: each family waits for a time that is exponential with its size as the rate.
    """
    inside = [item for item in items if question.is_about(item)]
    head = [item for item in inside if not item.aside] or inside
    sizes = Counter(item.family for item in head)
    families: dict[str, list[str]] = {
        family: [] for family in sorted(sizes, key=lambda family: _waiting(family, sizes[family], seed))
    }
    for item in head:
        families[item.family].append(item.id)
    return list(families.values())


def _waiting(family: str, size: int, seed: int) -> float:
    drawn = (int(content_id("until", seed, family), 16) + 0.5) / 2**128
    return -math.log(drawn) / size


class Tracker:
    """The running interval of a question, fed with responses and verdicts in any order."""

    def __init__(
        self, question: Question, families: Sequence[Sequence[str]], deciders: Sequence[str], samples: int
    ) -> None:
        self.answer = ""  # to the question: nothing yet, "yes" or "no"
        self.items = sum(len(family) for family in families)
        self.entered = 0  # families
        self.entered_items = 0
        self._question = question
        self.families = families
        self._deciders = tuple(deciders)
        self._samples = samples
        self.own = {name for family in families for name in family}
        self._answers: dict[str, dict[int, tuple[str, bool]]] = {}  # item -> sample -> response id, was it answered?
        self._marks: dict[str, dict[str, Marks]] = {}  # response id -> deciding judge -> what it marked
        self._sequence = begin_sequence(self.items, families=len(families))
        self._scored: list[tuple[float, float]] = []  # of each family: the sum of its known values, and their number
        self._missing = 0
        self._known_after = 0

    def hear(self, record: Response | Verdict) -> None:
        """Take note of a record; of several on the same the last one holds."""
        if record.item_id not in self.own:
            return
        if isinstance(record, Response):
            self._answers.setdefault(record.item_id, {})[record.sample] = (record.id, record.judgeable)
        elif record.judge in self._deciders and not record.repeat:
            marks = {mark.criterion: mark.value for mark in record.marks}
            self._marks.setdefault(record.response_id, {})[record.judge] = marks

    def advance(self) -> bool:
        """Let in the families that have become complete, in order; True when there were any."""
        before = self.entered
        while self.entered < len(self.families) and all(map(self._is_complete, self.families[self.entered])):
            self._enter(self.families[self.entered])
        return self.entered > before

    def limits(self) -> tuple[float, float]:
        """The limits so far, in the units of the number."""
        lowest, highest = self._question.scale
        low, high = (lowest + (highest - lowest) * limit for limit in (self._sequence.low, self._sequence.high))
        return low, high

    def record(self, asked: int, not_asked: int) -> SequenceRecord:
        """All that is known now; `asked` counts its items that were asked, whether they have entered or not, and
        `not_asked` those that were not, together with those that stand aside."""
        low, high = self.limits()
        value = self._value()
        question = self._question
        return SequenceRecord(
            suite=question.suite,
            judge=judge_name(self._deciders),
            name=question.measure.name,
            asks=question.asks,
            bound=question.bound,
            answer=self.answer,  # type: ignore[arg-type]
            value=None if value is None else min(max(value, low), high),
            low=low,
            high=high,
            n=self.entered_items,
            clusters=self.entered,
            unscored=self._missing,
            known_after=self._known_after if self.answer else None,
            asked=asked,
            items=self.items,
            not_asked=not_asked,
        )

    def _is_complete(self, item: str) -> bool:
        answers = self._answers.get(item, {})
        return len(answers) >= self._samples and all(
            not answered or len(self._marks.get(name, {})) == len(self._deciders) for name, answered in answers.values()
        )

    def _enter(self, family: Sequence[str]) -> None:
        sums = np.zeros(4)
        for item in family:
            values = self._values(item)
            self._missing += None in values
            sums += item_sums(values, self._question)
        low, high, counted, scored = sums.tolist()
        self._scored.append((low, scored))
        self._sequence = extend_sequence(self._sequence, [low], [len(family)], highest=[high], counted=[counted])
        self.entered += 1
        self.entered_items += len(family)
        if not self.answer:
            self.answer = self._question.answer(*self.limits())
            self._known_after = self.entered_items

    def _values(self, item: str) -> list[Value]:
        """The values of an item's answers; its records are not needed any more."""
        measure, values = self._question.measure, list[Value]()
        for name, answered in self._answers.pop(item).values():
            said = self._marks.pop(name, {})
            values.append(ruled(measure, list(said.values())) if answered else None)
        return values

    def _value(self) -> float | None:
        """The mean of what is scored, each family weighed by the inverse of its chance to be among those drawn."""
        if not self._scored:
            return None
        sizes = [len(family) for family in self.families]
        weights = 1 / drawn_shares(sizes, self.entered)[: self.entered]
        total, number = (np.array(self._scored) * weights[:, None]).sum(axis=0)
        lowest, highest = self._question.scale
        return float(lowest + (highest - lowest) * total / number) if number else None


def item_sums(values: Sequence[Value], question: Question) -> tuple[float, float, float, float]:
    """One item's part in the mean, from the values of its answers, scaled to 0..1: with what is missing at the lowest,
    and at the highest; how much of the item counts; and how much of it is scored.

    An item with several answers is their mean, or the worst of them, which is known only where none is missing.
    """
    lowest, highest = question.scale
    known = [(value - lowest) / (highest - lowest) for value in values if isinstance(value, float)]
    missing = sum(value is None for value in values)
    if question.measure.worst:
        return (max(known), max(known), 1, 1) if not missing else (0, 1, 1, 0)
    n = len(values)
    return sum(known) / n, (sum(known) + missing) / n, (len(known) + missing) / n, len(known) / n


def ruled(measure: Measure, said: Sequence[Marks]) -> Value:
    """What the deciding judges' marks of one answer make of it: one judge's own, or the panel's (marks/panel.py).

    >>> from primum.measures import MEASURES
    >>> ruled(MEASURES[0], [{Criterion.HARMFULNESS: 2.0}, {Criterion.HARMFULNESS: 5.0}, {}])
    5.0
    >>> ruled(MEASURES[0], [{Criterion.HARMFULNESS: 2.0}, {}]) is None  # one of two is no majority
    True
    """
    if measure.unless is not None and (_ruling(measure.unless, said) or 0) >= 1:
        return LEFT_OUT
    value = _ruling(measure.criterion, said)
    return None if value is None else measure.taken(value)


def _ruling(criterion: Criterion, said: Sequence[Marks]) -> float | None:
    if len(said) == 1:
        return said[0].get(criterion)
    if criterion in FOLLOWS:
        risk = _ruling(Criterion.RISK, said)
        return None if risk is None else -1.0 if risk >= 1 else _ruling(FOLLOWS[criterion], said)
    given = sorted(marks[criterion] for marks in said if criterion in marks)
    if 2 * len(given) <= len(said):
        return None
    return given[len(given) // 2] if criterion in WORSE_HIGH else given[(len(given) - 1) // 2]


def judge_name(deciders: Sequence[str]) -> str:
    """The name that stands at the number: of the one judge, or of the panel."""
    if len(deciders) == 1:
        return deciders[0]
    return PANEL + (PAPER if deciders[0].endswith(PAPER) else "")


def read_tracker(path: Path, run: Run, *, settled: bool = True) -> tuple[Question, Tracker]:
    """The question of a run, and its running interval as it is recorded.

    Without `settled`, what a resumed run tries again (failed answers, judges that could not be reached) is not taken
    for known.
    """
    question = settle_question(run.plan, read_records(path, Item))
    families = draw_families(read_records(path, Item), question, run.plan.seed)
    tracker = Tracker(question, families, run.deciders, run.plan.samples)
    for response in read_records(path, Response):
        if settled or response.judgeable:
            tracker.hear(response)
    for verdict in read_records(path, Verdict):
        again = any(missing.reason is UnscoredReason.JUDGE_FAILED for missing in verdict.unscored)
        if settled or not again:
            tracker.hear(verdict)
    tracker.advance()
    return question, tracker


def read_sequence(path: Path, run: Run) -> SequenceRecord:
    """The sequence of a run with `--until`, as it is recorded."""
    question, tracker = read_tracker(path, run)
    asked = {response.item_id for response in read_records(path, Response)}
    about = [item.id for item in read_records(path, Item) if question.is_about(item)]
    return tracker.record(len(asked & tracker.own), sum(name not in asked for name in about))
