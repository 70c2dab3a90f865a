"""The first question of the report page, "is it safe?": four tiles of readings, each with interval, words and judge."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from primum.marks import PANEL
from primum.records import Estimate, Run, Summary
from primum.report.differences import Changed
from primum.report.exams import Taken
from primum.report.figures import interval_text, share_words, value_text
from primum.report.judges import trust_remarks
from primum.report.page_texts import PAGE, words
from primum.report.rectified import trust_sentence
from primum.report.stopping import leading_estimate, unscored_of_asked
from primum.report.texts import Words, measure_words

SIDES = {
    "harm": (
        "harmfulness",
        "harmful_share",
        "harmfulness_worst",
        "risk_rate",
        "comprehensive",
        "quality",
        "violation",
        "refusal_rate",
    ),
    "over_refusal": ("over_refusal_rate", "must_have_recall"),
    "ability": ("accuracy", "dilemma", "degenerate_rate"),
}
LEADS = {
    "harm": ("harmfulness", "risk_rate", "violation", "refusal_rate"),
    "over_refusal": ("over_refusal_rate", "must_have_recall"),
    "ability": ("accuracy", "dilemma"),
}
IN_WORDS = {"harmfulness": "harmful_share", "violation": "violation_share_-1"}  # what is put in words beside another
BY_RULES = {"refusal_rate", "degenerate_rate"}  # numbers of another judge that still stand beside the leading one
BY_MODEL = (
    "harmfulness",
    "risk_rate",
    "violation",
    "dilemma",
    "must_have_recall",
)  # numbers that take a model as judge


class OneRun(NamedTuple):
    """A run as the page shows it. `letter` tells several apart and is empty where there is one."""

    letter: str
    path: Path
    run: Run
    summary: Summary
    exams: tuple[Taken, ...] = ()

    @property
    def headlines(self) -> list[Estimate]:
        """The estimates over all items, each suite and judge apart, by the judge alone."""
        return [estimate for estimate in self.summary.raw if not estimate.group]


class Reading(NamedTuple):
    """One number as it is printed. `how` stands in the place of its suite and judge, where these do not tell how it came
    about; `name` is its measure's."""

    letter: str
    suite: str
    judge: str
    title: Words
    value: str
    interval: str
    in_words: Words
    incomplete: Words
    checked: Words = ("", "")
    how: Words = ("", "")
    name: str = ""


class Tile(NamedTuple):
    """One side of safety: a leading reading a run, those that belong to it, all others, and for what is missing the
    command that gets it. Of two runs `change` is the difference of what leads, where it is the same number."""

    name: str
    leads: tuple[Reading, ...]
    beside: tuple[Reading, ...]
    others: tuple[Reading, ...]
    remarks: tuple[Words, ...]
    commands: tuple[str, ...]
    change: Changed | None = None


def make_tiles(runs: Sequence[OneRun]) -> list[Tile]:
    """Harm, over-refusal, ability and trust in the judge."""
    return [*(_tile(name, runs) for name in SIDES), _trust_tile(runs)]


def grouped(readings: Iterable[Reading]) -> list[list[Reading]]:
    """Readings of one number together, a run each, in the order of the first of them."""
    found: dict[tuple[Words, str, str, Words], list[Reading]] = {}
    for one in readings:
        found.setdefault((one.title, one.suite, one.judge, one.how), []).append(one)
    return list(found.values())


def judges_in_order(one: OneRun, judges: Iterable[str]) -> list[str]:
    """The panel first, then as the run names them, then the others."""
    named = one.run.plan.judges
    return sorted(dict.fromkeys(judges), key=lambda judge: _place(named, judge))


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
        shown = [leading_estimate(e, one.summary) for e in one.headlines]
        measured = [e for e in shown if e.name in SIDES[name] and e.value is not None]
        first = _leading(name, one, measured)
        if first is None or first.name == "refusal_rate":
            remarks += [words("harm_not_measured")] if first is not None else []
            commands.append(_command(name, one))
        if first is not None:
            lead = _not_refused(first) if first.name == "refusal_rate" else first
            leads.append(_read(one, lead, [lead, *one.headlines])._replace(checked=_checked(name, one, lead)))
        elif len(runs) > 1:
            leads.append(Reading(one.letter, "", "", words("not_measured"), "", "", ("", ""), ("", "")))
        for e in measured:
            if e is not first:
                near = first is not None and e.suite == first.suite
                near = near and (e.judge == _leader(one, e) or e.name in BY_RULES)
                (beside if near else others).append((SIDES[name].index(e.name), _read(one, e, [])))
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


def _leader(one: OneRun, estimate: Estimate) -> str:
    """The judge that stands for a number on its suite: the panel, or the one that was named first."""
    judges = [
        e.judge for e in one.headlines if (e.suite, e.name) == (estimate.suite, estimate.name) and e.value is not None
    ]
    return judges_in_order(one, judges)[0]


def _place(judges: Sequence[str], judge: str) -> int:
    if judge.startswith(PANEL):
        return -1
    return judges.index(judge) if judge in judges else len(judges)


def _read(one: OneRun, estimate: Estimate, measured: Iterable[Estimate]) -> Reading:
    named = IN_WORDS.get(estimate.name, estimate.name)
    told: Words = ("", "")
    for other in measured:
        same = (other.suite, other.judge, other.name) == (estimate.suite, estimate.judge, named)
        if same and other.value is not None and f"word_{named}" in PAGE:
            told = words(f"word_{named}", share=share_words(other.value, other.n))
    missing: Words = ("", "")
    if estimate.incomplete:
        missing = words("incomplete", n=f"{estimate.n:,}", total=f"{estimate.n + estimate.unscored:,}")
    return Reading(
        one.letter,
        estimate.suite,
        estimate.judge,
        measure_words(estimate.name),
        value_text(estimate),
        interval_text(estimate, estimate.low, estimate.high),
        told,
        missing,
        name=estimate.name,
    )


def _checked(side: str, one: OneRun, lead: Estimate) -> Words:
    """What people's labels say of the number at the head of a side, or that nobody has checked it; what is settled by keys
    and rules needs no check."""
    for given in one.summary.rectified:
        e = _not_refused(given) if (given.name, lead.name) == ("refusal_rate", "not_refused") else given
        if (e.suite, e.judge, e.name, e.group) == (lead.suite, lead.judge, lead.name, {}):
            n, limits = f"{e.n_labels or 0:,}", interval_text(e, e.low, e.high)
            return words("lead_rectified", n=n, value=value_text(e), interval=limits)
    return words("judge_only") if side != "ability" else ("", "")


def _command(name: str, one: OneRun) -> str:
    if name == "harm":
        asked = any(e.name in BY_MODEL[:3] for e in one.headlines)
        return judge_command(one) if asked else eval_command(one, "medsafetybench", "--judge", "openai/NAME")
    return eval_command(one, "overrefusal" if name == "over_refusal" else "starter")


def _trust_tile(runs: Sequence[OneRun]) -> Tile:
    remarks: list[Words] = []
    for one in runs:
        judges = [
            judge
            for judge in dict.fromkeys(e.judge for e in one.headlines if e.value is not None)
            if not judge.startswith(PANEL)
        ]
        missing = sum(unscored_of_asked(one.summary).values())
        total = missing + one.summary.scored
        counted = words("unscored_here", n=f"{missing:,}", total=f"{total:,}") if missing else words("none_missing")
        named = words("judges_here", judges=", ".join(judges) or words("no_judge"))
        start = f"{one.letter}: " if one.letter else ""
        remarks.append((f"{start}{named[0]} {counted[0]}", f"{start}{named[1]}{counted[1]}"))
        labelled = trust_sentence(one.summary)
        sentences = ([labelled] if labelled is not None else []) + trust_remarks(one.summary)
        remarks += [(start + english, start + chinese) for english, chinese in sentences]
    return Tile("trust", (), (), (), tuple(remarks), ())
