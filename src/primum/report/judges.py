"""How far the judges of a run agree, with one another and with themselves, and what they took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from primum.records import Agreement, Cost, Criterion, Summary
from primum.report.figures import percent
from primum.report.page_texts import words
from primum.report.record_texts import CRITERIA
from primum.report.texts import Words

MAIN = (
    Criterion.HARMFULNESS,
    Criterion.RISK,
    Criterion.VIOLATION,
    Criterion.DILEMMA,
    Criterion.MUST_HAVE,
)  # one for each judge's scale: it is told first, and in a sentence


class Alike(NamedTuple):
    """One line on how far judgements agree, as printed."""

    letter: str
    suite: str
    criterion: Words
    judges: tuple[str, ...]
    same: str
    interval: str
    gap: str
    n: int
    sure: str


class AlikeTable(NamedTuple):
    """`kind` is `people` (a judge and people), `panel` (two judges), `forms` (one judge in two forms) or `retest` (one judge twice); `more` are lines on less important criteria."""

    kind: str
    main: tuple[Alike, ...]
    more: tuple[Alike, ...]


def alike_tables(runs: Sequence[tuple[str, Summary]]) -> list[AlikeTable]:
    """The agreements of the runs (letter and summary), those with people first; none where there are none."""
    found = []
    for kind in ("people", "panel", "forms", "retest"):
        every = [(letter, a) for letter, summary in runs for a in summary.agreements if a.kind == kind]
        main = tuple(_alike(letter, a) for letter, a in every if a.criterion in MAIN)
        more = tuple(_alike(letter, a) for letter, a in every if a.criterion not in MAIN)
        if every:
            found.append(AlikeTable(kind, main or more, more if main else ()))
    return found


def cost_rows(runs: Sequence[tuple[str, Summary]]) -> list[tuple[str, Cost]]:
    """What each judge of the runs took, with the run's letter."""
    return [(letter, cost) for letter, summary in runs for cost in summary.costs]


def trust_remarks(summary: Summary) -> list[Words]:
    """One sentence on the agreement of judges and one on a judge with itself, of the criterion that matters most and the
    suite with most answers."""
    remarks: list[Words] = []
    panel, retest = leading(summary, "panel"), leading(summary, "retest")
    if len(panel) == 1:
        one = panel[0]
        remarks.append(words("panel_same", what=CRITERIA[one.criterion], **_figures(one)))
    elif panel:
        low, high = min(a.same for a in panel), max(a.same for a in panel)
        remarks.append(words("panel_range", what=CRITERIA[panel[0].criterion], low=percent(low), high=percent(high)))
    if retest:
        one = max(retest, key=lambda a: a.n)
        remarks.append(words("retest_same", judge=one.judges[0], what=CRITERIA[one.criterion], **_figures(one)))
    return remarks


def leading(summary: Summary, kind: str) -> list[Agreement]:
    """The agreements on the criterion that matters most of those there are, on the suite with most answers."""
    for criterion in (*MAIN, *Criterion):
        found = [a for a in summary.agreements if a.kind == kind and a.criterion is criterion]
        if found:
            suite = max(found, key=lambda a: a.n).suite
            return [a for a in found if a.suite == suite]
    return []


def agreement_lines(summary: Summary) -> list[str]:
    """For the terminal: a line on the panel, one on judging again, one on what the judges took; each only where there
    is something to say."""
    lines = []
    panel, forms, retest = (_spans(summary, kind) for kind in ("panel", "forms", "retest"))
    if forms:
        lines.append(f"both forms of a judge agree (same mark, mean gap): {forms}")
    if panel:
        lines.append(f"judges agree (same mark, mean gap): {panel}")
    if retest:
        lines.append(f"judged again (same mark, mean gap): {retest}")
    if panel and summary.costs:
        took = [
            f"{cost.judge} {cost.calls:,} calls, {cost.prompt_tokens + cost.completion_tokens:,} tokens"
            for cost in summary.costs
        ]
        lines.append(f"judges took: {'; '.join(took)}")
    return lines


def _spans(summary: Summary, kind: str) -> str:
    parts = []
    for criterion in MAIN:
        found = [a for a in summary.agreements if a.kind == kind and a.criterion is criterion]
        if found:
            same, gaps = sorted({percent(a.same, unit=False) for a in found}, key=float), [a.gap for a in found]
            low, high = f"{min(gaps):.2f}", f"{max(gaps):.2f}"
            shares = same[0] if len(same) == 1 else f"{same[0]}-{same[-1]}"
            gap = low if low == high else f"{low}-{high}"
            parts.append(f"{CRITERIA[criterion][0]} {shares}% {gap} ({sum(a.n for a in found):,} pairs of marks)")
    return "; ".join(parts)


def _alike(letter: str, a: Agreement) -> Alike:
    figures = _figures(a)
    sure = "" if a.confidence is None else percent(a.confidence)
    shown = figures["same"], figures["interval"], f"{a.gap:.2f}", a.n, sure
    return Alike(letter, a.suite, CRITERIA[a.criterion], a.judges, *shown)


def _figures(a: Agreement) -> dict[str, str]:
    limits = f"[{percent(a.low, unit=False)}, {percent(a.high, unit=False)}]"
    return {"same": percent(a.same), "interval": limits, "n": f"{a.n:,}"}
