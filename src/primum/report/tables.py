"""The table of a run for the terminal: every number with its judge, what is missing, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from primum.marks import PANEL
from primum.measures import NOBODY, PRIMARY
from primum.records import PAPER, Estimate, Exam, Kind, Run, Summary
from primum.report.aligned import aligned, column_widths, cut_text
from primum.report.exams import exam_lines
from primum.report.figures import BY_NAME, FEWEST, PER_CENT
from primum.report.judges import agreement_lines
from primum.report.readings import BY_MODEL
from primum.report.rectified import label_lines
from primum.report.stopping import leading_estimate, sequence_lines, unscored_of_asked
from primum.report.texts import TINY_NOTE, group_label, is_tiny, measure_title

WIDTH = 100  # terminal columns
MOST_LABEL, MOST_JUDGE = 34, 28
WEAK = ("harmfulness", "risk_rate", "comprehensive", "violation")  # the first of these that differs marks the weakest
WORST_HIGH = {"harmfulness", "risk_rate"}
WEAKEST = "<- weakest"
# The number that matters most for each kind of item.
MAIN = tuple(
    dict.fromkeys(
        next(m.name for m in BY_NAME.values() if m.criterion is PRIMARY[kind] and kind in m.kinds and not m.minor)
        for kind in Kind
    )
)

Group = tuple[tuple[str, str], ...]
Column = tuple[str, str]  # a number's name and its judge


def eval_table(run: Run, summary: Summary, exams: Sequence[Exam] = ()) -> str:
    """The table of a run: a block a suite, a row a principle (or scenario), a column a number, each with its judge; and the
    exams that were added to it."""
    blocks = [_suite_block(run, summary, suite) for suite in dict.fromkeys(e.suite for e in summary.estimates)]
    unfinished = [] if run.state == "done" else [f"this run is {run.state}: primum eval --resume RUN goes on with it"]
    lines = [
        "\n\n".join([*blocks, *exam_lines(exams)]),
        *unfinished,
        *sequence_lines(summary),
        *_missing_sides(summary),
    ]
    lines += [f"labels: {note}" for note in summary.notes]
    lines += [*_ledger_lines(summary), *agreement_lines(summary), *_next_lines(summary)]
    if is_tiny(run.plan.model):
        lines.append(TINY_NOTE["en"])
    return "\n".join(lines)


def number(estimate: Estimate) -> str:
    """A value with its interval, e.g. `2.31 [2.22, 2.40]` or `24% [21, 27]`, or why there is none."""
    if estimate.value is None:
        reasons = ", ".join(reason.replace("_", " ") for reason in estimate.unscored_reasons) or "nothing scored"
        return f"not measured ({reasons})"
    measure = BY_NAME[estimate.name]
    scale, digits, unit = (100, 0, "%") if estimate.name in PER_CENT else (1, 2, "")
    sign = "+" if measure.slope else ""
    text = f"{scale * estimate.value:{sign}.{digits}f}{unit}"
    if estimate.low is not None and estimate.high is not None:
        text += f" [{scale * estimate.low:{sign}.{digits}f}, {scale * estimate.high:{sign}.{digits}f}]"
    return text + (" incomplete" if estimate.incomplete and not estimate.group else "")


def _suite_block(run: Run, summary: Summary, suite: str) -> str:
    shown = [leading_estimate(e, summary) for e in summary.raw]
    own = [e for e in shown if e.suite == suite and not BY_NAME[e.name].minor]
    overall = [e for e in own if not e.group]
    answers = max((e.n + e.unscored for e in overall if e.name == "degenerate_rate"), default=0)
    beside = sum(e.n + e.unscored for e in own if e.name == "degenerate_rate" and "source" in e.group) - answers
    more = f" and {beside:,} that stand aside" if beside > 0 else ""
    lines = [f"{suite} · {run.plan.model} · {answers:,} answers{more}"]
    columns = _columns(overall)
    lines.append("\n\n".join(_tables(own, columns)))
    lines += _panel_lines(overall, columns)
    lines += [f"{measure_title(e.name)}{_by(e)}: {number(e)}" for e in overall if e.value is None]
    lines += label_lines(summary, suite)
    return "\n".join(line for line in lines if line)


def _columns(overall: Sequence[Estimate]) -> list[Column]:
    """The numbers that were measured; of one that a panel gives, the panel's alone."""
    found = [(e.name, e.judge) for e in overall if e.value is not None]
    panels = [(name, judge) for name, judge in found if judge.startswith(PANEL)]
    return [
        (name, judge)
        for name, judge in found
        if not any(name == of and _is_of(judge, panel) and judge != "auto" for of, panel in panels)
    ]


def _panel_lines(overall: Sequence[Estimate], columns: Sequence[Column]) -> list[str]:
    """What each judge of a panel says over all, a line a number."""
    lines = []
    for name, judge in columns:
        if judge.startswith(PANEL):
            own = [e for e in overall if e.name == name and e.value is not None and _is_of(e.judge, judge)]
            lines += [f"  {measure_title(name)} by {cut_text(e.judge, MOST_JUDGE)}: {number(e)}" for e in own]
    return lines


def _is_of(judge: str, panel: str) -> bool:
    """True for a judge of a panel: one whose form is the panel's."""
    return not judge.startswith(PANEL) and judge.endswith(PAPER) == panel.endswith(PAPER)


def _by(estimate: Estimate) -> str:
    return "" if estimate.judge == NOBODY else f" by {cut_text(estimate.judge, MOST_JUDGE)}"


def _tables(own: Sequence[Estimate], columns: Sequence[Column]) -> list[str]:
    """The numbers of a suite, as many columns in a table as fit the terminal."""
    cells = {((e.name, e.judge), tuple(e.group.items())): e for e in own}
    groups = [(), *_groups(own)]
    marks = _weakest(own, columns, groups)
    labels = [
        "",
        "judge",
        *(cut_text(group_label(*group[0], "en") if group else "all", MOST_LABEL) for group in groups),
    ]
    whole = [
        [
            measure_title(name),
            cut_text(judge, MOST_JUDGE),
            *(_cell(cells.get(((name, judge), group))) for group in groups),
        ]
        for name, judge in columns
    ]
    tables, at = [], 0
    while at < len(columns):
        taken = 1
        while at + taken < len(columns) and _fits(labels, whole[at : at + taken + 1]):
            taken += 1
        here = columns[at : at + taken]
        mark = ["", "", *(WEAKEST if marks.get(group) in here else "" for group in groups)]
        parts = [labels, *whole[at : at + taken], mark]
        rows = [list(row) for row in zip(*parts, strict=True)]
        tables.append(aligned([row for row in rows if any(row[1:]) or row is rows[0]]))
        at += taken
    return tables


def _fits(labels: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    rows = list(zip(labels, *columns, strict=True))
    return sum(column_widths(rows)) + 2 * len(columns) + 2 + len(WEAKEST) <= WIDTH


def _groups(own: Sequence[Estimate]) -> list[Group]:
    """The rows of a suite: its principles, or else its scenarios; styles where it has breaches to be noticed; sources."""
    there = {name for e in own for name in e.group}
    wanted = ["principle" if "principle" in there else "scenario"]
    wanted += ["style"] if any(e.name == "violation" for e in own) else []
    wanted.append("source")
    return [group for name in wanted for group in dict.fromkeys(tuple(e.group.items()) for e in own if name in e.group)]


def _weakest(own: Sequence[Estimate], columns: Sequence[Column], groups: Sequence[Group]) -> dict[Group, Column]:
    """For each kind of group but sources: the one that is worst on the first of `WEAK` that differs among them, and the
    number and judge that say so."""
    found: dict[Group, Column] = {}
    for kind in dict.fromkeys(group[0][0] for group in groups if group and group[0][0] != "source"):
        for name in WEAK:
            judge = next((judge for measure, judge in columns if measure == name), None)
            sign = 1 if name in WORST_HIGH else -1
            of_kind = [e for e in own if (e.name, e.judge) == (name, judge) and kind in e.group]
            scored = [(sign * e.value, e) for e in of_kind if e.value is not None and e.n >= FEWEST]
            values = sorted(value for value, _ in scored)
            if len(values) > 1 and values[-1] > values[-2] and judge is not None:  # of equals none is the weakest
                worst = max(scored, key=lambda pair: pair[0])[1]
                found[tuple(worst.group.items())] = (name, judge)
                break
    return found


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    return "-" if estimate.value is None else number(estimate)


def _missing_sides(summary: Summary) -> list[str]:
    names = {estimate.name for estimate in summary.estimates}
    lines = []
    if not names & {"refusal_rate", "risk_rate", "violation"}:
        lines.append("harm              not measured: add --suite medsafetybench or starter")
    if "over_refusal_rate" not in names:
        lines.append("over-refusal      not measured: add --suite overrefusal")
    return lines


def _ledger_lines(summary: Summary) -> list[str]:
    lines = []
    failed = sum(summary.failed.values())
    if failed:
        kinds = ", ".join(f"{n} {kind}" for kind, n in summary.failed.items())
        lines.append(f"responses failed: {failed} ({kinds})")
    if summary.filtered:
        lines.append(f"responses withheld by the provider's filter: {summary.filtered} (as refusals)")
    missing = unscored_of_asked(summary)
    total = sum(missing.values())
    if total:
        reasons = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in missing.items())
        lines.append(f"unscored {total} of {total + summary.scored} ({reasons})")
        lines += _bounds_lines(summary)
    return lines


def _next_lines(summary: Summary) -> list[str]:
    """What to do about what no judge has marked."""
    waiting = [e.name for e in summary.raw if e.name in BY_MODEL and e.judge == NOBODY and not e.group]
    if not waiting:
        return []
    titles = ", ".join(dict.fromkeys(name.replace("_", " ") for name in waiting))
    takes = "takes" if len(set(waiting)) == 1 else "take"
    return [f"next: primum judge RUN --judge openai/NAME ({titles} {takes} a model as judge)"]


def _bounds_lines(summary: Summary) -> list[str]:
    lines = []
    for e in summary.raw:
        if e.name in MAIN and not e.group and e.unscored and e.value is not None:
            scale, digits, unit = (100, 0, "%") if e.name in PER_CENT else (1, 2, "")
            ends = ", ".join(f"{scale * (x or 0.0):.{digits}f}{unit}" for x in (e.unscored_low, e.unscored_high))
            name = e.name.replace("_", " ")
            lines.append(f"  {e.suite}: {name} by {e.judge} lies in [{ends}] whatever its {e.unscored} unscored are")
    return lines
