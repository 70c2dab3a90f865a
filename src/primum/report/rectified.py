"""What reports say of people's labels: the judge's number alone, the same set right by labels, and what the judge saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from primum.marks import PANEL
from primum.measures import NOBODY
from primum.records import PAPER, Difference, Estimate, Summary
from primum.report.figures import BY_NAME, PER_CENT, change_text, interval_text, value_text
from primum.report.page_texts import words
from primum.report.texts import Words, measure_title, measure_words

FIRST = ("harmfulness", "risk_rate", "violation", "refusal_rate", "over_refusal_rate", "dilemma")  # told in a sentence


class Corrected(NamedTuple):
    """One number over all answers by the judge alone and with people's labels, as printed. `moved` is by how much labels
    moved it, `points` says that this is in percentage points."""

    letter: str
    suite: str
    judge: str
    title: Words
    alone: str
    alone_interval: str
    value: str
    interval: str
    moved: str
    points: bool
    method: str
    labels: int
    worth: Words
    minor: bool


def corrected_rows(runs: Sequence[tuple[str, Summary]]) -> list[Corrected]:
    """The rectified numbers over all answers of runs (letter and summary)."""
    return [
        _corrected(letter, e, raw_of(summary, e)) for letter, summary in runs for e in summary.rectified if not e.group
    ]


def raw_of(summary: Summary, rectified: Estimate) -> Estimate | None:
    """The same number by the judge alone, where it gave one."""
    same = (rectified.suite, rectified.judge, rectified.name, rectified.group)
    found = [e for e in summary.raw if (e.suite, e.judge, e.name, e.group) == same and e.value is not None]
    return found[0] if found else None


def worth_words(found: Estimate | Difference) -> Words:
    """What the judge saved in labels, in words; nothing where it cannot be told."""
    n, saved = found.n_labels or 0, found.labels_saved
    if found.judge == NOBODY:
        return words("labels_alone", n=f"{n:,}")
    if saved is None:
        return ("", "")
    return words("labels_worth" if saved > 0 else "labels_lost", n=f"{n:,}", m=f"{max(0, n + saved):,}")


def trust_sentence(summary: Summary) -> Words | None:
    """One sentence on how many labels there are and how far they moved the number that matters most."""
    there = [e for e in summary.rectified if not e.group]
    for name in (*FIRST, *dict.fromkeys(e.name for e in there)):
        own = [e for e in there if e.name == name]
        if own:
            lead = max(own, key=lambda e: (e.n, e.judge.startswith(PANEL)))
            raw = raw_of(summary, lead)
            key = "trust_labels" if raw is not None else "trust_labels_alone"
            return words(
                key,
                n=f"{lead.n_labels or 0:,}",
                what=measure_words(name),
                judge=lead.judge,
                raw=value_text(raw) if raw is not None else "",
                value=value_text(lead),
                interval=interval_text(lead, lead.low, lead.high),
            )
    return None


def label_lines(summary: Summary, suite: str) -> list[str]:
    """For the terminal: each rectified number of a suite over all beside the judge's alone, of a panel's numbers the panel's;
    and what labels the judge saved."""
    there = [e for e in summary.rectified if e.suite == suite and not e.group and not BY_NAME[e.name].minor]
    panels = {(e.name, e.judge.endswith(PAPER)) for e in there if e.judge.startswith(PANEL)}
    lines = []
    for e in there:
        if (e.name, e.judge.endswith(PAPER)) in panels and not e.judge.startswith(PANEL) and e.judge != "auto":
            continue
        raw = raw_of(summary, e)
        alone = "" if raw is None else f" (the judge alone: {value_text(raw)} {interval_text(raw, raw.low, raw.high)})"
        by = "" if e.judge == NOBODY else f" by {e.judge}"
        number = f"{value_text(e)} {interval_text(e, e.low, e.high)}"
        lines += [f"  {measure_title(e.name)}{by}: {number}{alone}", f"    {worth_words(e)[0]}"]
    return ["with people's labels:", *[line for line in lines if line.strip()]] if lines else []


def _corrected(letter: str, e: Estimate, raw: Estimate | None) -> Corrected:
    moved = None if raw is None or raw.value is None or e.value is None else e.value - raw.value
    return Corrected(
        letter=letter,
        suite=e.suite,
        judge=e.judge,
        title=measure_words(e.name),
        alone=value_text(raw) if raw is not None else "",
        alone_interval=interval_text(raw, raw.low, raw.high) if raw is not None else "",
        value=value_text(e),
        interval=interval_text(e, e.low, e.high),
        moved="" if moved is None else change_text(e.name, moved),
        points=e.name in PER_CENT,
        method=e.method,
        labels=e.n_labels or 0,
        worth=worth_words(e),
        minor=BY_NAME[e.name].minor,
    )
