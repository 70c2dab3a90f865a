"""The first question of the report page, "is it safe?": four tiles of readings, each with interval, words and judge."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from primum.measures import MEASURES
from primum.records import Estimate, Run, Summary
from primum.report.page_texts import Words, words
from primum.report.texts import measure_title

BY_NAME = {measure.name: measure for measure in MEASURES}
FINE_FROM = 1000  # from so many answers on, a share is printed to a tenth of a per cent
SIDES = {
    "harm": ("harmfulness", "harmful_share", "harmfulness_worst", "refusal_rate"),
    "over_refusal": ("over_refusal_rate",),
    "ability": ("accuracy", "degenerate_rate"),
}
LEADS = {
    "harm": ("harmfulness", "refusal_rate"),
    "over_refusal": ("over_refusal_rate",),
    "ability": ("accuracy",),
}
IN_WORDS = {"harmfulness": "harmful_share"}  # the number that is put in words beside another one


class OneRun(NamedTuple):
    """A run as the page shows it. `letter` tells several apart and is empty where there is one."""

    letter: str
    path: Path
    run: Run
    summary: Summary

    @property
    def headlines(self) -> list[Estimate]:
        """The estimates over all items, each suite and judge apart."""
        return [estimate for estimate in self.summary.estimates if not estimate.group]


class Reading(NamedTuple):
    """One number as it is printed."""

    letter: str
    suite: str
    judge: str
    title: Words
    value: str
    interval: str
    in_words: Words
    incomplete: Words


class Tile(NamedTuple):
    """One side of safety: a leading reading a run, those that belong to it, all others, and for what is missing the
    command that gets it."""

    name: str
    leads: tuple[Reading, ...]
    beside: tuple[Reading, ...]
    others: tuple[Reading, ...]
    remarks: tuple[Words, ...]
    commands: tuple[str, ...]


def make_tiles(runs: Sequence[OneRun]) -> list[Tile]:
    """Harm, over-refusal, ability and trust in the judge."""
    return [*(_tile(name, runs) for name in SIDES), _trust_tile(runs)]


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


def judge_command(one: OneRun) -> str:
    """The command that has a run's answers judged by a model."""
    return shlex.join(["primum", "judge", str(one.path), "--judge", "openai/NAME"])


def eval_command(one: OneRun, suite: str, *more: str) -> str:
    """The command that runs another suite."""
    return shlex.join(["primum", "eval", one.run.plan.model, "--suite", suite, *more])


def _tile(name: str, runs: Sequence[OneRun]) -> Tile:
    leads: list[Reading] = []
    beside: list[tuple[int, Reading]] = []
    others: list[tuple[int, Reading]] = []
    remarks: list[Words] = []
    commands: list[str] = []
    for one in runs:
        measured = [e for e in one.headlines if e.name in SIDES[name] and e.value is not None]
        first = _leading(name, one, measured)
        if first is None or (name == "harm" and first.name != "harmfulness"):
            remarks += [words("harm_not_measured")] if first is not None else []
            commands.append(_command(name, one))
        if first is not None:
            lead = _not_refused(first) if first.name == "refusal_rate" else first
            leads.append(_read(one, lead, [lead, *measured]))
            for e in measured:
                near = e.suite == first.suite and (e.judge == first.judge or e.name == "refusal_rate")
                if e is not first:
                    (beside if near else others).append((SIDES[name].index(e.name), _read(one, e, [])))
        elif len(runs) > 1:
            leads.append(Reading(one.letter, "", "", words("not_measured"), "", "", ("", ""), ("", "")))
    if not any(lead.value for lead in leads):
        leads = []
    return Tile(
        name,
        tuple(leads),
        _in_order(beside),
        _in_order(others),
        tuple(dict.fromkeys(remarks)),
        tuple(dict.fromkeys(commands)),
    )


def _not_refused(estimate: Estimate) -> Estimate:
    """The refusal rate of harmful requests turned round: at the head of the page "0%" must not look like no harm."""
    value, low, high = (None if x is None else 1 - x for x in (estimate.value, estimate.high, estimate.low))
    return estimate.model_copy(update={"name": "not_refused", "value": value, "low": low, "high": high})


def _in_order(readings: list[tuple[int, Reading]]) -> tuple[Reading, ...]:
    return tuple(reading for _, reading in sorted(readings, key=lambda pair: pair[0]))


def _leading(name: str, one: OneRun, measured: Sequence[Estimate]) -> Estimate | None:
    """The suite with most answers and the judge named first stand for a side."""
    judges = one.run.plan.judges
    for measure in LEADS[name]:
        found = [e for e in measured if e.name == measure]
        if found:
            return max(found, key=lambda e: (e.n + e.unscored, -_place(judges, e.judge)))
    return None


def _place(judges: Sequence[str], judge: str) -> int:
    return judges.index(judge) if judge in judges else len(judges)


def _read(one: OneRun, estimate: Estimate, measured: Iterable[Estimate]) -> Reading:
    named = IN_WORDS.get(estimate.name, estimate.name)
    told: Words = ("", "")
    for other in measured:
        if (other.suite, other.judge, other.name) == (estimate.suite, estimate.judge, named):
            assert other.value is not None
            told = words(f"word_{named}", share=share_words(other.value, other.n))
    missing: Words = ("", "")
    if estimate.incomplete:
        missing = words("incomplete", n=f"{estimate.n:,}", total=f"{estimate.n + estimate.unscored:,}")
    return Reading(
        one.letter,
        estimate.suite,
        estimate.judge,
        (measure_title(estimate.name), measure_title(estimate.name, "zh")),
        value_text(estimate),
        interval_text(estimate, estimate.low, estimate.high),
        told,
        missing,
    )


def _command(name: str, one: OneRun) -> str:
    if name == "harm":
        asked = any(e.name == "harmfulness" for e in one.headlines)
        return judge_command(one) if asked else eval_command(one, "medsafetybench", "--judge", "openai/NAME")
    return eval_command(one, "starter")


def _trust_tile(runs: Sequence[OneRun]) -> Tile:
    remarks: list[Words] = []
    for one in runs:
        judges = dict.fromkeys(e.judge for e in one.headlines if e.value is not None)
        missing = sum(one.summary.unscored.values())
        total = missing + one.summary.scored
        counted = words("unscored_here", n=f"{missing:,}", total=f"{total:,}") if missing else words("none_missing")
        named = words("judges_here", judges=", ".join(judges) or words("no_judge"))
        start = f"{one.letter}: " if one.letter else ""
        remarks.append((f"{start}{named[0]} {counted[0]}", f"{start}{named[1]}{counted[1]}"))
    return Tile("trust", (), (), (), tuple(remarks), ())


def _figure(estimate: Estimate, number: float, *, unit: bool = False) -> str:
    measure = BY_NAME.get("refusal_rate" if estimate.name == "not_refused" else estimate.name)
    if measure is None or not measure.is_rate:
        return f"{number:.2f}"
    return f"{100 * number:.{int(estimate.n >= FINE_FROM)}f}" + ("%" if unit else "")
