"""Stopping when the answer is known: which items a run with `--until` still asks, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from primum.errors import BadInputError
from primum.estimates.question import Question
from primum.estimates.sequence import read_tracker
from primum.judges import Judge
from primum.judges.rules import NAME as AUTO
from primum.ledger import FILES, Ledger, read_lengths
from primum.records import PAPER, Criterion, Item, Kind, Response, Verdict


def find_deciders(question: Question, judges: Sequence[Judge]) -> tuple[str, ...]:
    """The names of the judges whose marks answer the question: `auto` where its rules do, else all that mark every kind of
    item that it is about; several are a panel.

    Raises:
        BadInputError: there is none, or they judge in two forms, which are no panel.
    """
    criterion = question.measure.criterion
    marked: dict[str, set[Kind]] = {}
    for judge in judges:
        marked.setdefault(judge.name, set()).update(k for k, of in judge.criteria.items() if criterion in of)
    found = [name for name, there in marked.items() if there.issuperset(question.kinds)]
    if AUTO in found:
        return (AUTO,)
    if not found:
        what = "" if criterion is not Criterion.HARMFULNESS else " (rules cannot)"
        raise BadInputError(f"--until: no judge here marks {question.measure.name}{what}: name one with --judge")
    if len({name.endswith(PAPER) for name in found}) > 1:
        raise BadInputError(f"--until: {' and '.join(found)} judge in different forms and are no panel: name one")
    return tuple(found)


class Until:
    """The items of a run with `--until`, in the order in which to ask them, and the running interval that says when to stop.

    Items of the question come first, family by family as they were drawn, then those of its suite that stand aside, then
    all others, which the question leaves alone. Once the answer is known no item of that suite to which the number
    applies is begun; what is under way is finished. What was begun before a run was killed is finished too, but what
    failed is not tried again.
    """

    def __init__(self, ledger: Ledger) -> None:
        run = ledger.run
        self.question, self._tracker = read_tracker(ledger.path, run)
        if not self._tracker.answer:  # what failed is tried again, so it is not known yet
            self.question, self._tracker = read_tracker(ledger.path, run, settled=False)
        self.deciders = run.deciders
        self._path = ledger.path
        self._handed = 0  # items of the question that workers were given, with all of their samples
        self._moved = asyncio.Event()

    @property
    def known(self) -> bool:
        """True once the question has its answer."""
        return bool(self._tracker.answer)

    def needs(self, item: Item) -> bool:
        """True for an item that still has to be asked."""
        return not (self.known and self.question.is_about(item))

    def hear(self, record: Response | Verdict) -> None:
        """Take note of what was just recorded."""
        self._tracker.hear(record)
        if self._tracker.advance():
            self._moved.set()

    def items(self) -> Iterator[Item]:
        """All items of the run, in the order in which to ask them."""
        places, at, aside = dict[str, int](), 0, list[int]()
        for item, length in read_lengths(self._path, Item):
            if item.id in self._tracker.own:
                places[item.id] = at
            elif self.question.is_about(item):
                aside.append(at)
            at += length
        for item in self._read(places[name] for family in self._tracker.families for name in family):
            yield item
            self._handed += 1
        yield from self._read(aside)
        for item, _ in read_lengths(self._path, Item):
            if not self.question.is_about(item):
                yield item

    async def room(self, most: int) -> None:
        """Wait while workers are `most` items ahead of the first family that is not complete: where one answer is slow,
        what is asked meanwhile may prove needless."""
        while self._is_far_ahead(most):
            self._moved.clear()
            await self._moved.wait()

    def _is_far_ahead(self, most: int) -> bool:
        """True only while all of the first incomplete family is under way, so that something will end the wait."""
        tracker = self._tracker
        if self.known or self._handed >= tracker.items or self._handed - tracker.entered_items < most:
            return False
        return self._handed >= tracker.entered_items + len(tracker.families[tracker.entered])

    def _read(self, places: Iterable[int]) -> Iterator[Item]:
        with (self._path / FILES[Item]).open("rb") as file:
            for place in places:
                file.seek(place)
                yield Item.model_validate_json(file.readline())
