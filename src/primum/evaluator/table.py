"""What `primum evaluator` prints: each criterion's figures, groups, the reliability plot and the confusions; and its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from primum.evaluator.quality import Number, Quality

NAME = 26  # width of the first column
WIDTH = 40  # characters of the reliability plot's axis
MEASURES = ("accuracy", "kappa", "auc", "brier", "ece")


def figures_table(figures: Sequence[Quality]) -> str:
    """The figures as text, a value with its 95% interval in brackets."""
    return "\n\n".join("\n".join(_criterion(one)) for one in figures)


def figures_object(figures: Sequence[Quality], per_second: float | None) -> dict[str, Any]:
    """The figures for `--json`: those of the first criterion on top, as one number each, then of all with intervals."""
    first = figures[0]
    return {
        "n": first.n,
        **_values(first),
        "per_second": per_second,
        "by_group": {
            group: {value: {"n": one.n, **_values(one)} for value, one in cut.items()}
            for group, cut in first.by_group.items()
        },
        "criteria": [one.model_dump(mode="json") for one in figures],
    }


def _values(one: Quality) -> dict[str, float | None]:
    return {name: getattr(one, name).value for name in MEASURES}


def _criterion(one: Quality) -> Iterator[str]:
    yield f"{one.name} · {one.n:,} answers · {one.families:,} families"
    yield f"  {'':<{NAME}}{'n':>6}  {'accuracy':<18} {'kappa':<19} {'AUC':<18} {'Brier':<18} {'ECE':<18}"
    yield _row("all", one)
    for group, cut in one.by_group.items():
        for value, part in cut.items():
            yield _row(f"{group} {value}", part)
    if one.covered is not None:
        right = f", and is right on {_number(one.accuracy_covered)} of those" if one.accuracy_covered else ""
        yield f"  as a judge it speaks of {one.covered:.0%} of these answers{right}"
    yield "  reliability: of the answers of which it is so sure, so many are right (o, with the 95% interval; | where it should be)"
    for bin_ in one.reliability:
        yield f"    sure {bin_.confidence:.2f} {_drawn(bin_.confidence, bin_.right, bin_.low, bin_.high)} {bin_.right:.2f} of {bin_.n:,}"
    yield "  " + " ".join(f"{head:>12}" for head in ("people say", *one.confusion))
    for label, row in one.confusion.items():
        yield "  " + " ".join(f"{cell:>12}" for cell in (label, *row.values()))


def _row(name: str, one: Quality) -> str:
    cells = [_number(getattr(one, measure)) for measure in MEASURES]
    return f"  {name[:NAME]:<{NAME}}{one.n:>6,}  {cells[0]:<18} {cells[1]:<19} {cells[2]:<18} {cells[3]:<18} {cells[4]:<18}".rstrip()


def _number(number: Number) -> str:
    if number.value is None:
        return "undefined"
    limits = "" if number.low is None else f" [{_short(number.low)}, {_short(number.high)}]"
    return f"{_short(number.value)}{limits}"


def _short(value: float | None) -> str:
    return "?" if value is None else f"{value:.3f}".replace("0.", ".", 1)


def _drawn(sure: float, right: float, low: float, high: float) -> str:
    """A line of the plot, from 0 to 1.

    >>> _drawn(0.5, 1.0, 0.9, 1.0)[18:]
    '  |               ----o'
    """
    places = {
        name: round(value * WIDTH) for name, value in (("low", low), ("high", high), ("sure", sure), ("right", right))
    }
    line = [" "] * (WIDTH + 1)
    line[places["low"] : places["high"] + 1] = "-" * (places["high"] - places["low"] + 1)
    line[places["sure"]] = "|"
    line[places["right"]] = "o"
    return "".join(line)
