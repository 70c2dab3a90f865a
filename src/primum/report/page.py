"""The report page: one self-contained HTML file that answers five questions about one run, or several side by side.

Words stand in the page in English and Chinese; a control that needs no script hides one of them. Everything that
comes from a run is escaped; nothing is loaded from anywhere, which the page's own policy also forbids.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import ascii_uppercase

import jinja2
from markupsafe import Markup, escape

import primum
from primum.errors import BadInputError
from primum.ledger import check_run
from primum.records import Comparison
from primum.report.ability import with_exams
from primum.report.answers import filters, read_answers
from primum.report.before_after import with_change
from primum.report.differences import changed_rows
from primum.report.exams import exam_differences, taken_exams
from primum.report.judges import alike_tables, cost_rows
from primum.report.lineage import find_lineage
from primum.report.page_texts import PAGE, words
from primum.report.plots import HEAD, MOST_SERIES, symbol
from primum.report.readings import OneRun, grouped, make_tiles
from primum.report.rectified import corrected_rows
from primum.report.stopping import sequence_sentences
from primum.report.texts import DISCLAIMER, TINY_NOTE, Words, is_tiny
from primum.report.trust import distributions, failures, headlines, makings, missing, second_judges
from primum.report.verdict import gate_verdicts
from primum.report.weak import make_blocks

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile("<[^>]*>")


def render_page(
    runs: Sequence[Path], include_harmful: bool, comparison: Comparison | None = None, incomparable: str = ""
) -> str:
    """The page as HTML text.

    Answers that were scored harmful (or, where nothing scored them, that harmful requests were not refused) are left
    out of the text unless `include_harmful`. Of two runs the page shows their `comparison`, or why there is none.

    Raises:
        BadInputError: no runs, a folder that holds no run or no estimates, or a record that does not read.
    """
    from primum.report import read_summary

    if not runs:
        raise BadInputError("name at least one run to report")
    several = len(runs) > 1
    shown = [
        OneRun(_letter(i) if several else "", p, check_run(p), read_summary(p), taken_exams(p))
        for i, p in enumerate(runs)
    ]
    exams = exam_differences(shown[0].exams, shown[1].exams) if len(shown) == 2 else []
    tiles = [with_change(with_exams(tile, shown), comparison, exams) for tile in make_tiles(shown)]
    lists = read_answers(shown, include_harmful)
    paths = [str(path) for path in runs]
    script = _part("page.js")
    html = _template().render(
        runs=shown,
        title=" · ".join(dict.fromkeys(one.run.plan.model for one in shown)),
        policy=_policy(script),
        style=Markup(_part("page.css")),
        script=Markup(script),
        verdicts=gate_verdicts(shown),
        lineages=[find_lineage(one.run) for one in shown],
        tiles=tiles,
        tiny=any(is_tiny(one.run.plan.model) for one in shown),
        disclaimer=(DISCLAIMER["en"], DISCLAIMER["zh"]),
        gate_disclaimer=(f"{PAGE['gate_means'][0]} {DISCLAIMER['en']}", PAGE["gate_means"][1] + DISCLAIMER["zh"]),
        tiny_note=(TINY_NOTE["en"], TINY_NOTE["zh"]),
        compare=shlex.join(["primum", "compare", *paths[:2]]),
        comparison=comparison,
        changed=changed_rows(comparison, exams) if comparison is not None else None,
        exams_compared=bool(exams),
        incomparable=incomparable.rstrip("."),
        blocks=make_blocks(shown),
        lists=lists,
        filters=filters(lists),
        shown_count=sum(len(one.shown) for one in lists),
        any_redacted=any(answer.text is None for one in lists for answer in one.shown),
        any_folded=any(answer.folded and answer.text for one in lists for answer in one.shown),
        redacted_command=shlex.join(["primum", "report", *paths, "--include-harmful", "-o", "harmful.html"]),
        headlines=headlines(shown),
        corrected=corrected_rows([(one.letter, one.summary) for one in shown]),
        alike=alike_tables([(one.letter, one.summary) for one in shown]),
        costs=cost_rows([(one.letter, one.summary) for one in shown]),
        missing=missing(shown),
        distributions=distributions(shown),
        failures=failures(shown),
        second_judges=second_judges(shown),
        makings=makings(shown),
        agree_with=shlex.join(paths),
        sequence_sentences=sequence_sentences,
        head=HEAD,
        most_series=MOST_SERIES,
        version=primum.__version__,
    )
    return _CONTROL.sub("\ufffd", html)


def both(pair: Words) -> Markup:
    """Words in both languages, of which the page shows one.

    >>> str(both(("a < b", "甲")))
    '<span class="en">a &lt; b</span><span class="zh" lang="zh-Hans">甲</span>'
    """
    if pair[0] == pair[1]:
        return escape(pair[0])
    return Markup('<span class="en">{}</span><span class="zh" lang="zh-Hans">{}</span>').format(*pair)


def say(key: str, /, **values: object) -> Markup:
    """An entry of the page's words in both languages, its values escaped.

    >>> str(say("by", group="<b>"))[:36]
    '<span class="en">By &lt;b&gt;</span>'
    """
    entry = (Markup(PAGE[key][0]), Markup(PAGE[key][1]))
    chosen = [
        text.format(**{name: value[place] if isinstance(value, tuple) else value for name, value in values.items()})
        for place, text in enumerate(entry)
    ]
    return both((chosen[0], chosen[1]))


def plain(key: str, place: int) -> str:
    """An entry's words in one language without markup, for an attribute."""
    return _MARKUP.sub("", PAGE[key][place])


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_part),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(say=say, both=both, plain=plain, words=words, symbol=lambda i: Markup(symbol(i)))
    environment.globals.update(grouped=grouped)
    environment.filters["svg"] = Markup
    return environment.get_template("page.html.j2")


@cache
def _part(name: str) -> str:
    return (files("primum.report") / name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Nothing may be loaded, and no script may run but the page's own."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _letter(place: int) -> str:
    """A, B, ... Z, then A1, B1, ..."""
    lap, letter = divmod(place, len(ascii_uppercase))
    return ascii_uppercase[letter] + (str(lap) if lap else "")
