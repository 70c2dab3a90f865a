"""What `primum gate` shows: a table for the terminal, Markdown, and JUnit for continuous integration."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from primum.gate.worse import amount
from primum.records import Check, Gate
from primum.report.aligned import aligned, cut_text
from primum.report.texts import DISCLAIMER
from primum.report.texts_aligned import GATE

FORMATS = ("text", "md", "junit")
UNDER = f"{GATE['gate_means'][0]} {DISCLAIMER['en']}"  # the report's own words, under every gate
SHARES = ("degenerate", "coverage")  # checks whose number is a share; that of the others is by how much it is worse
MOST_SUITE = 40
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def gate_text(gate: Gate) -> str:
    """A gate as text: a row a check, why each came out so, the verdict, what to know."""
    rows = [["", "verdict", "worse by", "bound", "limit", "items"]]
    rows += [
        [_name(check), check.verdict, *_numbers(check), f"{check.n:,}" if check.n else ""] for check in gate.checks
    ]
    why = [[f"  {_name(check)}", check.reason] for check in gate.checks]
    head = f"gate · {gate.base} -> {gate.candidate} · policy {gate.policy} · judge {', '.join(gate.judges) or 'none'}"
    notes = [f"note: {note}" for note in gate.notes]
    tables = [aligned(rows), "", aligned(why), ""] if gate.checks else []
    return "\n".join([head, *tables, verdict_line(gate), *notes, UNDER])


def gate_markdown(gate: Gate) -> str:
    """A gate as Markdown."""
    rows = ["| check | verdict | worse by | bound | limit | items | why |", "|---|---|---|---|---|---|---|"]
    for check in gate.checks:
        cells = (
            _name(check),
            f"**{check.verdict}**",
            *_numbers(check),
            f"{check.n:,}" if check.n else "",
            check.reason,
        )
        rows.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    head = [
        f"# Gate: {gate.verdict}",
        "",
        f"{_cell(gate.base)} → {_cell(gate.candidate)} · policy {_cell(gate.policy)} (`{gate.policy_sha256[:12]}`) · "
        f"judge {_cell(', '.join(gate.judges)) or 'none'} · {gate.at}",
        "",
    ]
    notes = [f"- {_cell(note)}" for note in gate.notes]
    tail = ["", _cell(verdict_line(gate)), "", *notes, "", UNDER, ""]
    return "\n".join([*head, *rows, *tail])


def gate_junit(gate: Gate) -> str:
    """A gate as JUnit XML: a case a check; one that is inconclusive is an error, so that no pipeline shows it as passed."""
    count = {verdict: sum(check.verdict == verdict for check in gate.checks) for verdict in ("fail", "inconclusive")}
    shown = {"tests": len(gate.checks), "failures": count["fail"], "errors": count["inconclusive"]}
    suite = ET.Element("testsuite", name=_xml(f"primum gate {gate.policy}"), timestamp=_xml(gate.at))
    suite.attrib |= {name: str(number) for name, number in shown.items()}
    for check in gate.checks:
        told = f"{' '.join(part for part in _numbers(check) if part)} {check.reason}".strip()
        case = ET.SubElement(suite, "testcase", classname=_xml(f"gate {gate.candidate}"), name=_xml(_name(check)))
        if check.verdict != "pass":
            kind = "failure" if check.verdict == "fail" else "error"
            ET.SubElement(case, kind, message=_xml(told), type=check.verdict)
    said = "\n".join([verdict_line(gate), *gate.notes, UNDER])
    ET.SubElement(suite, "system-out").text = _xml(said)
    root = ET.Element("testsuites")
    root.append(suite)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def verdict_line(gate: Gate) -> str:
    """The verdict in a sentence."""
    named = {
        verdict: ", ".join(_name(check) for check in gate.checks if check.verdict == verdict)
        for verdict in ("fail", "inconclusive")
    }
    if gate.verdict == "pass":
        return f"verdict: pass · all {len(gate.checks)} checks passed"
    if gate.verdict == "fail":
        return f"verdict: fail · {named['fail']}"
    told = f"nothing failed, but not shown: {named['inconclusive']}" if gate.checks else "nothing was checked"
    return f"verdict: inconclusive · {told} · next: primum gate --plan tells how many items that takes"


def _name(check: Check) -> str:
    name = check.name.replace("_", " ")
    return f"{name} · {cut_text(check.suite, MOST_SUITE)}" if check.suite else name


def _numbers(check: Check) -> tuple[str, str, str]:
    """A check's number, the one-sided bound that decided, and the limit."""
    share = check.name in SHARES
    measure = "degenerate_rate" if share else check.measure
    observed, limit = (
        "" if value is None else amount(measure, value, share=share, sign=not share)
        for value in (check.observed, check.limit)
    )
    if check.bound is None or check.observed is None:
        return observed, "", limit
    bound = amount(measure, check.bound, share=share, sign=not share)
    return observed, f"at {'least' if check.bound < check.observed else 'most'} {bound}", limit


def _cell(text: str) -> str:
    """A text that a table of Markdown shows as it is: no cell, link, image or HTML of its own."""
    for sign in "\\|[]`*":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ").replace("<", "&lt;")


def _xml(text: str) -> str:
    """Text without what no XML may hold."""
    return _NOT_XML.sub("?", text)
