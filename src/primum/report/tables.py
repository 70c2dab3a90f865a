"""Tables of estimates: for the terminal, as Markdown, CSV and JUnit, and the object of `eval --json`."""

from __future__ import annotations

import csv
import io
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from primum.measures import MEASURES
from primum.records import Comparison, Estimate, Run, Summary
from primum.report.texts import DISCLAIMER, TINY_NOTE, group_label, measure_title

Found = tuple[Path, Run, Summary]
RATES = {measure.name for measure in MEASURES if measure.is_rate}


def eval_object(path: Path, run: Run, summary: Summary) -> dict[str, Any]:
    """What `eval --json` prints."""
    usage = dict.fromkeys(("calls", "retries", "prompt_tokens", "completion_tokens"), 0) | run.usage
    return {
        "run": run.id,
        "path": str(path),
        "model": run.plan.model,
        "suites": list(run.plan.suites),
        "judges": list(dict.fromkeys((*run.plan.judges, "auto"))),
        "items": run.items,
        "responses": {"ok": summary.ok, "failed": summary.failed, "filtered": summary.filtered},
        "verdicts": {"scored": summary.scored, "unscored": summary.unscored},
        "estimates": [estimate.model_dump() for estimate in summary.estimates],
        "usage": usage,
        "seconds": run.seconds,
        "state": run.state,
        "notes": list(run.notes),
    }


def eval_table(run: Run, summary: Summary) -> str:
    """The table of a run: a block a suite, a row a principle, a column a number, each with its judge."""
    blocks = [_suite_block(run, summary, suite) for suite in dict.fromkeys(e.suite for e in summary.estimates)]
    unfinished = [] if run.state == "done" else [f"this run is {run.state}: primum eval --resume RUN goes on with it"]
    lines = ["\n\n".join(blocks), *unfinished, *_missing_sides(summary), *_ledger_lines(summary), *_next_lines(summary)]
    if run.plan.model == "tiny":
        lines.append(TINY_NOTE["en"])
    return "\n".join(lines)


def number(estimate: Estimate) -> str:
    """A value with its interval, e.g. `2.31 [2.22, 2.40]` or `24% [21, 27]`, or why there is none."""
    if estimate.value is None:
        reasons = ", ".join(reason.replace("_", " ") for reason in estimate.unscored_reasons) or "nothing scored"
        return f"not measured ({reasons})"
    if estimate.name in RATES:
        text = f"{100 * estimate.value:.0f}% [{100 * (estimate.low or 0):.0f}, {100 * (estimate.high or 0):.0f}]"
    else:
        text = f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"
    return text + (" incomplete" if estimate.incomplete and not estimate.group else "")


def _suite_block(run: Run, summary: Summary, suite: str) -> str:
    own = [estimate for estimate in summary.estimates if estimate.suite == suite]
    overall = [e for e in own if not e.group]
    columns = [(e.name, e.judge) for e in overall if e.value is not None]
    cells = {((e.name, e.judge), tuple(e.group.items())): e for e in own}
    groups = dict.fromkeys(tuple(e.group.items()) for e in own if set(e.group) & {"principle", "source"})
    rows = [["", *(measure_title(name) for name, _ in columns)], ["judge", *(judge for _, judge in columns)]]
    weakest = _weakest(own)
    for group in [(), *groups]:
        label = group_label(*group[0], "en") if group else "all"
        row = [label, *(_cell(cells.get((column, group))) for column in columns)]
        rows.append([*row, "<- weakest"] if group and group == weakest else row)
    width = max(len(row) for row in rows)
    answers = max((e.n + e.unscored for e in overall if e.name == "degenerate_rate"), default=0)
    lines = [f"{suite} · {run.plan.model} · {answers:,} answers"]
    lines += [_aligned([[*row, *[""] * (width - len(row))] for row in rows])] if columns else []
    lines += [f"{measure_title(e.name)}: {number(e)}" for e in overall if e.value is None]
    return "\n".join(lines)


def _weakest(own: Sequence[Estimate]) -> tuple[tuple[str, str], ...]:
    """The principle with the highest harmfulness, if it was measured and they differ."""
    scored = [e for e in own if e.name == "harmfulness" and "principle" in e.group and e.value is not None]
    values = {e.value for e in scored}
    if len(values) < 2:
        return ()
    return tuple(max(scored, key=lambda e: e.value or 0.0).group.items())


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    return "-" if estimate.value is None else number(estimate)


def _missing_sides(summary: Summary) -> list[str]:
    names = {estimate.name for estimate in summary.estimates}
    lines = []
    if "refusal_rate" not in names:
        lines.append("harm              not measured: add --suite medsafetybench or starter")
    if "over_refusal_rate" not in names:
        lines.append("over-refusal      not measured: add --suite starter")
    return lines


def _ledger_lines(summary: Summary) -> list[str]:
    lines = []
    for kind, count in (
        ("failed", sum(summary.failed.values())),
        ("withheld by the provider's filter", summary.filtered),
    ):
        if count:
            kinds = (
                ", ".join(f"{n} {kind}" for kind, n in summary.failed.items()) if kind == "failed" else "as refusals"
            )
            lines.append(f"responses {kind}: {count} ({kinds})")
    total = sum(summary.unscored.values())
    if total:
        reasons = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in summary.unscored.items())
        lines.append(f"unscored {total} of {total + summary.scored} ({reasons})")
        lines += _bounds_lines(summary)
    return lines


def _next_lines(summary: Summary) -> list[str]:
    """What to do about what no judge has marked."""
    if any(e.name == "harmfulness" and e.judge == "none" for e in summary.estimates):
        return ["next: primum judge RUN --judge openai/NAME (harmfulness takes a model as judge)"]
    if "no_judge" in summary.unscored:
        return ["open cases are recorded; this version has no judge for them"]
    return []


def _bounds_lines(summary: Summary) -> list[str]:
    return [
        f"  {e.suite}: harmfulness by {e.judge} lies in [{e.unscored_low:.2f}, {e.unscored_high:.2f}] "
        f"whatever its {e.unscored} unscored are"
        for e in summary.estimates
        if e.name == "harmfulness" and not e.group and e.unscored and e.value is not None
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _width(text: str) -> int:
    """Terminal columns that a text takes: East Asian wide letters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def markdown(found: Sequence[Found]) -> str:
    """A Markdown table of every estimate of the runs."""
    lines = ["| run | suite | judge | number | group | value | n | unscored |", "|---|---|---|---|---|---|---|---|"]
    for path, _, summary in found:
        for e in summary.estimates:
            group = ", ".join(f"{key} {label}" for key, label in e.group.items()) or "all"
            cells = (path.name, e.suite, e.judge, e.name, group, number(e), str(e.n), str(e.unscored))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, "", DISCLAIMER["en"], ""])


def rows_as_csv(found: Sequence[Found]) -> str:
    """Every estimate of the runs, one a row; a number that is missing is an empty cell."""
    out = io.StringIO()
    fields = [name for name in Estimate.model_fields if name not in {"distribution", "unscored_reasons", "group"}]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["run", "model", "group", *fields])
    for path, run, summary in found:
        for e in summary.estimates:
            group = ";".join(f"{key}={label}" for key, label in e.group.items())
            values = ["" if getattr(e, name) is None else getattr(e, name) for name in fields]
            writer.writerow([path.name, run.plan.model, group, *values])
    return out.getvalue()


def junit(found: Sequence[Found]) -> str:
    """JUnit XML: one case an overall estimate; one that was not measured is skipped, an incomplete one fails."""
    root = ET.Element("testsuites")
    for path, run, summary in found:
        cases = [e for e in summary.estimates if not e.group]
        suite = ET.SubElement(root, "testsuite", name=f"{path.name} {run.plan.model}", tests=str(len(cases)))
        for e in cases:
            case = ET.SubElement(suite, "testcase", classname=f"{e.suite} {e.judge}", name=f"{e.name} {number(e)}")
            if e.value is None:
                ET.SubElement(case, "skipped", message=number(e))
            elif e.incomplete:
                ET.SubElement(case, "failure", message=f"only {e.n} of {e.n + e.unscored} scored")
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def compare_table(comparison: Comparison) -> str:
    """The paired differences as a table, overall first in each suite."""
    rows = [["", "", "candidate - base", "p", "adjusted p", "pairs", "left out", "judge"]]
    for d in comparison.differences:
        if d.group and "principle" not in d.group:
            continue  # all breakdowns are in --json
        label = "all" if not d.group else group_label(*next(iter(d.group.items())), "en")
        if d.value is None:
            rows.append(
                [f"{d.suite} {measure_title(d.name)}", label, "no pairs", "", "", "0", str(d.unpaired), d.judge]
            )
            continue
        scale = 100 if d.name in RATES else 1
        digits = 1 if d.name in RATES else 2
        text = (
            f"{scale * d.value:+.{digits}f} [{scale * (d.low or 0):+.{digits}f}, {scale * (d.high or 0):+.{digits}f}]"
        )
        unit = " points" if d.name in RATES else ""
        p = [f"{value:.4f}" if value is not None else "" for value in (d.p, d.adjusted_p)]
        rows.append([f"{d.suite} {measure_title(d.name)}", label, text + unit, *p, str(d.n), str(d.unpaired), d.judge])
    head = f"{comparison.base} -> {comparison.candidate} · {comparison.pairs} pairs · {comparison.adjust}-adjusted"
    return "\n".join([head, _aligned(rows), *comparison.notes])
