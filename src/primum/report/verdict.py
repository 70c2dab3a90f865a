"""The verdict strip of the report page: what a gate said of a candidate among the page's runs, if it still holds for them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import ValidationError

from primum.ledger import file_sha256
from primum.records import Check, Exam, Gate
from primum.report.figures import MINUS, PER_CENT
from primum.report.page_texts import words
from primum.report.readings import OneRun
from primum.report.texts import Words
from primum.report.texts_aligned import CHECKS

FILE = "gate.json"
WIRING = "wiring"
BUNDLED = ("default", WIRING)  # policies that are named; any other is a file
SHARES = ("degenerate", "coverage")  # checks whose number is a share; that of the others is by how much it is worse
SIGNS = {"pass": "✓", "fail": "✕", "inconclusive": "?"}


class Checked(NamedTuple):
    """A check as printed; `figures` are its number, the bound that decided, the limit, and how many items it rests on."""

    name: Words
    suite: str
    verdict: str
    sign: str
    figures: Words
    reason: str


class Strip(NamedTuple):
    """A gate's verdict as printed. `word` is a key of the page's words; `open` are the checks that failed or are open, the
    failed first. `command` gives a new verdict where a run or its exams changed since."""

    verdict: str
    word: str
    sign: str
    policy: str
    wiring: bool
    base: str
    candidate: str
    judges: str
    day: str
    open: tuple[Checked, ...]
    checks: tuple[Checked, ...]
    notes: tuple[str, ...]
    command: str


class Verdicts(NamedTuple):
    """The gates that hold for runs of the page, and what is to be said of those that do not: a key of the page's words and
    its values."""

    strips: tuple[Strip, ...]
    lines: tuple[tuple[str, dict[str, str]], ...]


def gate_verdicts(runs: Sequence[OneRun]) -> Verdicts:
    """What the gates in the runs' folders say. A gate counts where both its runs are on the page and their answers are those
    that it read."""
    strips: list[Strip] = []
    lines: list[tuple[str, dict[str, str]]] = []
    for one in {one.path: one for one in runs}.values():
        file = one.path / FILE
        if not file.is_file():
            continue
        try:
            gate = Gate.model_validate_json(file.read_bytes())
        except (OSError, ValidationError):
            lines.append(("gate_unread", {"candidate": _name(one)}))
            continue
        base = next((other for other in runs if other.run.id == gate.base_run), None)
        again = shlex.join(["primum", "gate", "BASE" if base is None else str(base.path), str(one.path)])
        policy = gate.policy if gate.policy in BUNDLED else "FILE"
        named = {"candidate": _name(one), "command": f"{again} --policy {policy}"}
        if gate.candidate_run != one.run.id:
            lines.append(("gate_not_its", {"candidate": _name(one), "run": gate.candidate_run}))
        elif gate.sealed[1] != _sealed(one) or (base is not None and gate.sealed[0] != _sealed(base)):
            lines.append(("gate_old", named))
        elif base is None:
            show = shlex.join(["primum", "report", "BASE", str(one.path)])
            told = {"base": gate.base, "run": gate.base_run, "candidate": _name(one), "command": show}
            lines.append(("gate_elsewhere", told))
        else:
            strips.append(_strip(gate, base, one, named["command"]))
    return Verdicts(tuple(strips), tuple(lines))


def _strip(gate: Gate, base: OneRun, candidate: OneRun, again: str) -> Strip:
    checks = tuple(_checked(check) for check in gate.checks)
    wiring = gate.policy == WIRING
    later = any(_changed_after(one, gate.at) for one in (base, candidate))
    return Strip(
        verdict=gate.verdict,
        word=f"{'wiring' if wiring else 'gate'}_{gate.verdict}",
        sign=SIGNS[gate.verdict],
        policy=gate.policy,
        wiring=wiring,
        base=_name(base),
        candidate=_name(candidate),
        judges=", ".join(gate.judges),
        day=gate.at[:10],
        open=tuple(check for wanted in ("fail", "inconclusive") for check in checks if check.verdict == wanted),
        checks=checks,
        notes=gate.notes,
        command=again if later else "",
    )


def _checked(check: Check) -> Checked:
    share = check.name in SHARES
    observed, bound, limit = (
        ("", "") if value is None else _amount(check, value, share)
        for value in (check.observed, check.bound, check.limit)
    )
    told = [words("observed_is" if share else "worse_is", value=observed)] if observed[0] else []
    if check.bound is not None and check.observed is not None:
        told.append(words("at_least" if check.bound < check.observed else "at_most", value=bound))
    told += [words("limit_is", value=limit)] if limit[0] else []
    told += [words("items_n", n=f"{check.n:,}")] if check.n else []
    return Checked(
        name=CHECKS.get(check.name, (check.name.replace("_", " "),) * 2),
        suite=check.suite,
        verdict=check.verdict,
        sign=SIGNS[check.verdict],
        figures=(", ".join(english for english, _ in told), "，".join(chinese for _, chinese in told)),
        reason=check.reason,
    )


def _amount(check: Check, value: float, share: bool) -> Words:
    """A check's number: a share in per cent, a difference of shares in percentage points, any other as it is."""
    if not share and check.measure not in PER_CENT:
        text = f"{value:+.2f}"
    else:
        text = f"{100 * value:{'' if share else '+'}.1f}".removesuffix(".0")
    text = text.replace("-", MINUS) if float(text) else text.lstrip("+-")
    if share:
        return f"{text}%", f"{text}%"
    return words("points", value=text) if check.measure in PER_CENT else (text, text)


def _name(one: OneRun) -> str:
    return f"{one.letter} {one.run.plan.model}".strip()


def _sealed(one: OneRun) -> str:
    """The hash of a run's responses, as a gate records it."""
    responses = one.path / "responses.jsonl"
    return one.run.responses_sha256 or (file_sha256(responses) if responses.is_file() else "")


def _changed_after(one: OneRun, at: str) -> bool:
    """True where a run was judged again, or an exam of it was over, after that time."""
    return bool(at) and max([one.run.finished, *(_over(taken.exam) for taken in one.exams)]) > at


def _over(exam: Exam) -> str:
    """When an exam was over: its `at` is when it was begun."""
    try:
        return (datetime.fromisoformat(exam.at) + timedelta(seconds=exam.seconds)).isoformat()
    except (ValueError, OverflowError):  # no time is told, or one that is none
        return exam.at
