"""What reports say of `--until`: the interval that holds whenever one stops, and what stopping saved."""

from __future__ import annotations

from collections.abc import Iterator

from primum.records import Estimate, Summary, UnscoredReason
from primum.records import Sequence as Record
from primum.report.figures import PER_CENT, interval_text, value_text
from primum.report.page_texts import words
from primum.report.texts import Words, measure_words

METHOD = "betting sequence"


def leading_estimate(estimate: Estimate, summary: Summary) -> Estimate:
    """An estimate as it stands at the head of a report: with the interval that holds after stopping, where there is one."""
    one = summary.sequence
    if one is None or not one.stopped or estimate.group or estimate.kind != "raw":
        return estimate
    if (estimate.suite, estimate.judge, estimate.name) != (one.suite, one.judge, one.name):
        return estimate
    return estimate.model_copy(update={"value": one.value, "low": one.low, "high": one.high, "method": METHOD})


def sequence_estimate(one: Record) -> Estimate:
    """The sequence in the form of an estimate, to be printed as one."""
    return Estimate(
        suite=one.suite,
        judge=one.judge,
        name=one.name,
        value=one.value,
        low=one.low,
        high=one.high,
        n=one.n,
        clusters=one.clusters,
        method=METHOD,
        unscored=one.unscored,
    )


def estimates_of(summary: Summary) -> Iterator[Estimate]:
    """The estimates of a run, the sequence that stopped it before the one of fixed size that no longer holds."""
    for estimate in summary.estimates:
        if summary.sequence is not None and leading_estimate(estimate, summary) is not estimate:
            yield sequence_estimate(summary.sequence)
        yield estimate


def sequence_sentences(summary: Summary) -> list[Words]:
    """What was asked, what is known, and what the interval holds for; nothing for a run without `--until`."""
    one = summary.sequence
    if one is None:
        return []
    shown = sequence_estimate(one)
    values: dict[str, object] = {
        "asked": f"{one.asked:,}",
        "items": f"{one.items:,}",
        "suite": one.suite,
        "what": measure_words(one.name),
        "judge": one.judge,
        "bound": _bound(one),
        "value": value_text(shown),
        "interval": interval_text(shown, one.low, one.high),
        "unscored": f"{one.unscored:,}",
        "spared": f"{one.not_asked:,}",
    }
    extent = "stopped" if one.stopped else "all" if one.asked == one.items else "so_far"
    keys = [f"until_{extent}", f"until_{one.asks}_{one.answer or 'open'}", *(["until_how"] if one.stopped else [])]
    return [words(key, **values) for key in keys]


def sequence_lines(summary: Summary) -> list[str]:
    """The same for the terminal, in English."""
    return [english for english, _ in sequence_sentences(summary)]


def unscored_of_asked(summary: Summary) -> dict[str, int]:
    """Why judgements are missing, without those of items that were not asked: there was no need of them."""
    return {reason: n for reason, n in summary.unscored.items() if reason != UnscoredReason.NOT_ASKED}


def _bound(one: Record) -> Words:
    if one.name not in PER_CENT:
        return (f"{one.bound:g}",) * 2
    text = f"{100 * one.bound:.4g}"
    return words("points_either_way", n=text) if one.asks == "width" else (f"{text}%",) * 2
