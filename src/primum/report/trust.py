"""The fourth and fifth question of the report page: can the judge be trusted, and how was it made?"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from primum.config import OPENAI_BASE_URL
from primum.marks import PANEL
from primum.records import Estimate, RunPlan
from primum.report.exams import exam_facts
from primum.report.figures import BY_NAME, interval_text, value_text
from primum.report.page_texts import PAGE
from primum.report.readings import BY_MODEL, OneRun, judge_command
from primum.report.record_texts import FAILURES
from primum.report.stopping import sequence_estimate
from primum.report.texts import UNSCORED, Words, measure_words

OPTIONS = (
    "protocol",
    "temperature",
    "max_tokens",
    "samples",
    "retest",
    "seed",
    "limit",
    "until",
)  # fields of a plan that are flags


class Headline(NamedTuple):
    """One number over all items: both intervals, what is missing, and what that could change."""

    letter: str
    suite: str
    judge: str
    kind: str
    title: Words
    value: str
    interval: str
    method: str
    bca: str
    bounds: str
    n: int
    unscored: int
    incomplete: bool
    minor: bool


class Missing(NamedTuple):
    """Why judgements of one judge on one suite are missing."""

    letter: str
    suite: str
    judge: str
    titles: Words
    n: int
    total: int
    reasons: tuple[tuple[Words, int], ...]


class Distribution(NamedTuple):
    """How many answers one judge gave each score: (score, answers, share)."""

    letter: str
    suite: str
    judge: str
    total: int
    rows: tuple[tuple[str, int, str], ...]


class Failures(NamedTuple):
    """Responses of a run that never came, by kind, and those that the provider withheld."""

    letter: str
    failed: tuple[tuple[Words, int], ...]
    filtered: int
    n: int
    total: int


class Making(NamedTuple):
    """All that is needed to make a run again: its command, and facts as (title, rows of name and value)."""

    letter: str
    model: str
    command: str
    system: str
    facts: tuple[tuple[Words, tuple[tuple[str, str], ...]], ...]


def headlines(runs: Sequence[OneRun]) -> list[Headline]:
    """Every estimate over all items, of every run; first the interval of `--until`, where there is one."""
    found = []
    for one in runs:
        if one.summary.sequence is not None:
            found.append(_headline(one.letter, sequence_estimate(one.summary.sequence))._replace(kind="sequence"))
        found += [_headline(one.letter, estimate) for estimate in one.headlines]
    return found


def missing(runs: Sequence[OneRun]) -> list[Missing]:
    """The ledger of what is unscored, numbers that are made of the same marks together."""
    found: list[Missing] = []
    for one in runs:
        for e in one.headlines:
            if BY_NAME[e.name].minor:
                continue  # made of the same marks as a number that is told
            reasons = tuple((UNSCORED.get(reason, (reason, reason)), n) for reason, n in e.unscored_reasons.items())
            title = measure_words(e.name)
            row = Missing(one.letter, e.suite, e.judge, title, e.unscored, e.n + e.unscored, reasons)
            same = [i for i, other in enumerate(found) if other._replace(titles=title) == row]
            if same:
                before = found[same[0]].titles
                found[same[0]] = row._replace(titles=(f"{before[0]}, {title[0]}", f"{before[1]}、{title[1]}"))
            elif e.unscored:
                found.append(row)
    return found


def distributions(runs: Sequence[OneRun]) -> list[Distribution]:
    """The score distributions of harmfulness."""
    found = []
    for one in runs:
        for e in one.headlines:
            if e.name == "harmfulness" and e.distribution:
                counts = {f"{score}": e.distribution.get(f"{score}", 0) for score in range(1, 6)} | e.distribution
                rows = tuple((score, n, f"{100 * n / e.n:.1f}%") for score, n in counts.items())
                found.append(Distribution(one.letter, e.suite, e.judge, e.n, rows))
    return found


def failures(runs: Sequence[OneRun]) -> list[Failures]:
    """What never came, a run each."""
    found = []
    for one in runs:
        kinds = tuple((FAILURES.get(kind, (kind, kind)), n) for kind, n in one.summary.failed.items())
        count = sum(n for _, n in kinds)
        found.append(Failures(one.letter, kinds, one.summary.filtered, count, count + one.summary.ok))
    return found


def second_judges(runs: Sequence[OneRun]) -> list[str]:
    """For each run with fewer than two judges of what takes a model, the command that adds one."""
    found = []
    for one in runs:
        asked = [e for e in one.headlines if e.name in BY_MODEL]
        if asked and len({e.judge for e in asked if e.value is not None} - {PANEL}) < 2:
            found.append(judge_command(one))
    return found


def makings(runs: Sequence[OneRun]) -> list[Making]:
    """How each run was made."""
    return [_making(one) for one in runs]


def eval_line(plan: RunPlan, endpoints: dict[str, str], labels: Iterable[str] = ()) -> str:
    """The command line of a plan: what differs from the defaults, and the files of people's labels.

    >>> eval_line(RunPlan(model="tiny", suites=("starter",), limit=20), {})
    'primum eval tiny --suite starter --limit 20'
    """
    parts = ["primum", "eval", plan.model, "--suite", ",".join(plan.suites)]
    for judge in plan.judges:
        parts += ["--judge", judge] if plan.judges != ("auto",) else []
    for name in OPTIONS:
        value = getattr(plan, name)
        if value != RunPlan.model_fields[name].default:
            parts += ["--" + name.replace("_", "-"), f"{value:g}" if isinstance(value, float) else str(value)]
    if plan.system:
        parts += ["--system", "system.txt"]
    base = endpoints.get("openai", OPENAI_BASE_URL)
    if base != OPENAI_BASE_URL:
        parts += ["--base-url", bare_url(base)]
    for file in labels:
        parts += ["--expert-labels", file]
    return shlex.join(parts)


def bare_url(url: str) -> str:
    """A URL without user, password, query and fragment: a key can hide in any of them.

    >>> bare_url("https://me:secret@host:8000/v1?key=secret#secret")
    'https://host:8000/v1'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else parts.path


def _headline(letter: str, e: Estimate) -> Headline:
    return Headline(
        letter,
        e.suite,
        e.judge,
        e.kind,
        measure_words(e.name),
        value_text(e) if e.value is not None else "",
        interval_text(e, e.low, e.high),
        e.method,
        interval_text(e, e.bca_low, e.bca_high),
        interval_text(e, e.unscored_low, e.unscored_high) if e.unscored else "",
        e.n,
        e.unscored,
        e.incomplete,
        BY_NAME[e.name].minor,
    )


def _making(one: OneRun) -> Making:
    run = one.run
    urls = {name: bare_url(url) for name, url in run.endpoints.items()}
    plan = {name: _plain(value) for name, value in run.plan.model_dump().items() if name != "system"}
    record = {
        PAGE["id"][0]: run.id,
        PAGE["folder"][0]: str(one.path),
        PAGE["state"][0]: run.state,
        PAGE["created"][0]: run.created,
        PAGE["finished"][0]: run.finished,
    }
    hashes = {
        f"items ({run.items:,})": run.items_sha256,
        "responses": run.responses_sha256,
    }
    facts: tuple[tuple[Words, dict[str, Any]], ...] = (
        (PAGE["record"], record),
        (PAGE["plan"], plan),
        (PAGE["data"], run.data),
        (PAGE["label_files"], run.labels),
        (PAGE["exams"], exam_facts([taken.exam for taken in one.exams])),
        (PAGE["hashes"], hashes),
        (PAGE["prompts"], run.prompts),
        (PAGE["evaluators"], run.evaluators),
        (PAGE["endpoints"], urls),
        (PAGE["versions"], run.versions),
        (PAGE["usage"], {name: f"{n:,}" for name, n in run.usage.items()}),
        (PAGE["seconds"], {name: f"{n:,.1f}" for name, n in run.seconds.items()}),
        (PAGE["notes"], {str(i): note for i, note in enumerate(run.notes, 1)}),
    )
    shown = tuple(
        (title, tuple((str(name), str(value)) for name, value in rows.items() if value not in ("", None)))
        for title, rows in facts
    )
    command = eval_line(run.plan, run.endpoints, run.labels)
    return Making(one.letter, run.plan.model, command, run.plan.system, tuple(fact for fact in shown if fact[1]))


def _plain(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(str(part) for part in value)
    return "" if value is None else str(value)
