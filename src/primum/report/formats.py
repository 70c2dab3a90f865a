"""Estimates for scripts: the object of `eval --json`, Markdown, CSV and JUnit."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from primum.measures import NOBODY
from primum.records import Estimate, Run, Summary
from primum.report.exams import KEY, accuracy_text, exam_estimate, taken_exams
from primum.report.stopping import estimates_of, leading_estimate, sequence_lines
from primum.report.tables import number
from primum.report.texts import DISCLAIMER

Found = tuple[Path, Run, Summary]


def eval_object(path: Path, run: Run, summary: Summary) -> dict[str, Any]:
    """What `eval --json` prints."""
    usage = dict.fromkeys(("calls", "retries", "prompt_tokens", "completion_tokens"), 0) | run.usage
    return {
        "run": run.id,
        "path": str(path),
        "model": run.plan.model,
        "suites": list(run.plan.suites),
        "judges": list(dict.fromkeys((*run.plan.judges, "auto", *_judges(summary)))),
        "items": run.items,
        "responses": {"ok": summary.ok, "failed": summary.failed, "filtered": summary.filtered},
        "verdicts": {"scored": summary.scored, "unscored": summary.unscored},
        "estimates": [estimate.model_dump() for estimate in summary.estimates],
        "agreements": [agreement.model_dump() for agreement in summary.agreements],
        "costs": [cost.model_dump() for cost in summary.costs],
        "exams": [taken.exam.model_dump() for taken in taken_exams(path)],
        "sequence": summary.sequence.model_dump() if summary.sequence is not None else None,
        "usage": usage,
        "seconds": run.seconds,
        "state": run.state,
        "notes": [*run.notes, *summary.notes],
    }


def _judges(summary: Summary) -> list[str]:
    """The names that stand at numbers: a panel's, and a judge's in a paper's form, besides those that were named."""
    return sorted({estimate.judge for estimate in summary.estimates} - {NOBODY})


def markdown(found: Sequence[Found]) -> str:
    """A Markdown table of every estimate of the runs, and one of their exams where there are any."""
    lines = ["| run | suite | judge | number | group | value | n | unscored |", "|---|---|---|---|---|---|---|---|"]
    for path, _, summary in found:
        for e in summary.estimates:
            group = ", ".join(f"{key} {label}" for key, label in e.group.items()) or "all"
            shown = number(leading_estimate(e, summary))
            judge = e.judge if e.kind == "raw" else f"{e.judge} + {e.n_labels or 0} labels"
            cells = (path.name, e.suite, judge, e.name, group, shown, str(e.n), str(e.unscored))
            lines.append(_row(cells))
    exams = [(path.name, taken.exam) for path, _, _ in found for taken in taken_exams(path)]
    lines += (
        ["", "| run | exam | form | shots | accuracy | n | unread |", "|---|---|---|---|---|---|---|"] if exams else []
    )
    for name, exam in exams:
        lines.append(
            _row((name, exam.name, exam.form, str(exam.shots), accuracy_text(exam), str(exam.n), str(exam.unread)))
        )
    said = [f"{path.name}: {' '.join(sequence_lines(summary))}\n" for path, _, summary in found if summary.sequence]
    return "\n".join([*lines, "", *said, DISCLAIMER["en"], ""])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split("\n")) for cell in cells) + " |"


def rows_as_csv(found: Sequence[Found]) -> str:
    """Every estimate of the runs, one a row, before one that `--until` stopped early the interval that holds; a number that
    is missing is an empty cell. An exam's accuracy stands under its name, with `key` for a judge."""
    out = io.StringIO()
    fields = [name for name in Estimate.model_fields if name not in {"distribution", "unscored_reasons", "group"}]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["run", "model", "group", *fields])
    for path, run, summary in found:
        for e in (*estimates_of(summary), *(exam_estimate(taken.exam) for taken in taken_exams(path))):
            group = ";".join(f"{key}={label}" for key, label in e.group.items())
            values = ["" if getattr(e, name) is None else getattr(e, name) for name in fields]
            writer.writerow([path.name, run.plan.model, group, *values])
    return out.getvalue()


def junit(found: Sequence[Found]) -> str:
    """JUnit XML: one case an overall estimate; one that was not measured is skipped, an incomplete one fails."""
    root = ET.Element("testsuites")
    for path, run, summary in found:
        cases = [leading_estimate(e, summary) for e in summary.estimates if not e.group]
        cases += [exam_estimate(taken.exam) for taken in taken_exams(path)]
        suite = ET.SubElement(root, "testsuite", name=f"{path.name} {run.plan.model}", tests=str(len(cases)))
        for e in cases:
            judge = e.judge if e.kind == "raw" else f"{e.judge} + {e.n_labels or 0} labels"
            judge = f"{judge}: {e.method.partition('; ')[2]}" if e.judge == KEY else judge
            case = ET.SubElement(suite, "testcase", classname=f"{e.suite} {judge}", name=f"{e.name} {number(e)}")
            if e.value is None:
                ET.SubElement(case, "skipped", message=number(e))
            elif e.incomplete:
                ET.SubElement(case, "failure", message=f"only {e.n} of {e.n + e.unscored} scored")
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
