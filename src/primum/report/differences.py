"""Paired differences between two runs: a table for the terminal, and the lines of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from primum.marks import PANEL
from primum.records import Comparison, Difference
from primum.report.aligned import aligned
from primum.report.figures import BY_NAME, PER_CENT, change_text
from primum.report.page_texts import words
from primum.report.rectified import worth_words
from primum.report.texts import Words, group_label, measure_title, measure_words

SHOWN_BELOW = 0.05  # adjusted p below which a direction is named
LESS_IS_BETTER = {
    *("harmfulness", "harmful_share", "over_refusal_rate", "degenerate_rate"),
    *("risk_rate", "r1_rate", "r2_rate", "violation_share_-1", "violation_share_0"),
    *("dilemma_share_-1", "dilemma_share_0"),
}


class Changes(NamedTuple):
    """The differences over all pairs: under the leading judge of each number, and under the others of a panel."""

    main: tuple[Changed, ...]
    more: tuple[Changed, ...]


class Changed(NamedTuple):
    """One number's difference over all pairs, as printed; `points`: in percentage points. `verdict` is `better`, `worse`, `not_shown` or `no_pairs`.
    `labels` of people rectified it, where there are any, and `worth` says what the judge saved."""

    suite: str
    judge: str
    title: Words
    value: str
    points: bool
    interval: str
    p: str
    verdict: str
    n: int
    unpaired: int
    labels: int
    worth: Words


def changed_rows(comparison: Comparison, exams: Sequence[Difference] = ()) -> Changes:
    """The differences over all pairs, without those that stand in other formats only; and those of exams, the first of
    them that over all of these."""
    shown = [d for d in comparison.differences if not d.group and not BY_NAME[d.name].minor]
    panels = {(d.suite, d.name) for d in shown if d.judge.startswith(PANEL)}
    main = [changed(d) for d in shown if d.judge.startswith(PANEL) or (d.suite, d.name) not in panels]
    more = [changed(d) for d in shown if not d.judge.startswith(PANEL) and (d.suite, d.name) in panels]
    title = words("exam_accuracy")
    told = [changed(d)._replace(title=title) for d in exams]
    return Changes((*main, *told[:1]), (*more, *told[1:]))


def compare_table(comparison: Comparison) -> str:
    """The paired differences as a table, overall first in each suite; by principle where there is no panel, or by it."""
    rows = [["", "", "candidate - base", "p", "adjusted p", "pairs", "left out", "judge"]]
    panels = {(d.suite, d.name) for d in comparison.differences if d.judge.startswith(PANEL)}
    suite = ""
    order = list(dict.fromkeys(d.suite for d in comparison.differences))
    for d in sorted(comparison.differences, key=lambda d: order.index(d.suite)):  # rectified ones come last of all
        outvoted = (d.suite, d.name) in panels and not d.judge.startswith(PANEL)
        if BY_NAME[d.name].minor or (d.group and ("principle" not in d.group or outvoted)):
            continue  # all breakdowns are in --json
        if d.suite != suite:
            suite = d.suite
            rows.append([suite, *[""] * (len(rows[0]) - 1)])
        label = "all" if not d.group else group_label(*next(iter(d.group.items())), "en")
        title = f"  {measure_title(d.name)}"
        if d.value is None:
            rows.append([title, label, "no pairs", "", "", "0", str(d.unpaired), d.judge])
            continue
        scale, digits, unit = (100, 1, " points") if d.name in PER_CENT else (1, 2, "")
        limits = (
            "" if d.low is None or d.high is None else f" [{scale * d.low:+.{digits}f}, {scale * d.high:+.{digits}f}]"
        )
        p = [_p_text(value, 4, "<") for value in (d.p, d.adjusted_p)]
        rows.append(
            [title, label, f"{scale * d.value:+.{digits}f}{limits}{unit}", *p, str(d.n), str(d.unpaired), _judge(d)]
        )
    head = f"{comparison.base} -> {comparison.candidate} · {comparison.pairs} pairs · {comparison.adjust}-adjusted"
    return "\n".join([head, aligned(rows), *_worth_lines(comparison, panels), *comparison.notes])


def _judge(d: Difference) -> str:
    """The judge, and the labels that set it right."""
    return f"{d.judge} + {d.n_labels:,} labels" if d.n_labels else d.judge


def _worth_lines(comparison: Comparison, panels: set[tuple[str, str]]) -> list[str]:
    """What judges saved in labels, of the numbers over all."""
    return [
        f"{d.suite}: {measure_title(d.name)} by {d.judge}: {worth_words(d)[0]}"
        for d in comparison.differences
        if d.n_labels and not d.group and not BY_NAME[d.name].minor and worth_words(d)[0]
        if d.judge.startswith(PANEL) or (d.suite, d.name) not in panels
    ]


def changed(d: Difference) -> Changed:
    """A difference as printed."""
    value = "" if d.value is None else change_text(d.name, d.value)
    limits = (d.low, d.high)
    ends = [change_text(d.name, limit) for limit in limits if limit is not None]
    return Changed(
        d.suite,
        d.judge,
        measure_words(d.name),
        value,
        d.name in PER_CENT,
        f"[{', '.join(ends)}]" if len(ends) == len(limits) else "",
        _p_text(d.adjusted_p),
        _verdict(d),
        d.n,
        d.unpaired,
        d.n_labels or 0,
        worth_words(d) if d.n_labels else ("", ""),
    )


def _verdict(d: Difference) -> str:
    if d.value is None:
        return "no_pairs"
    if d.adjusted_p is None or d.adjusted_p >= SHOWN_BELOW or d.value == 0:
        return "not_shown"
    return "better" if (d.value < 0) == (d.name in LESS_IS_BETTER) else "worse"


def _p_text(p: float | None, digits: int = 3, below: str = "< ") -> str:
    """A p value as printed.

    >>> _p_text(0.0304), _p_text(0.00004), _p_text(None), _p_text(0.00004, 4, "<")
    ('0.030', '< 0.001', '', '<0.0001')
    """
    if p is None:
        return ""
    least = 10.0**-digits
    return f"{below}{least:.{digits}f}" if p < least else f"{p:.{digits}f}"
