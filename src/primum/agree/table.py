"""What `primum agree` prints: for each criterion the numbers, each pair of raters, and where they differ most."""

from __future__ import annotations

from primum.agree import Agreed, CriterionAgreed, Disputed, Number, PairAgreed

NAME = 25  # width of the first column


def agree_table(agreed: Agreed) -> str:
    """The agreement of every criterion as text; a value has its 95% interval in brackets."""
    return "\n\n".join("\n".join(_criterion(one)) for one in agreed.criteria)


def _criterion(one: CriterionAgreed) -> list[str]:
    alpha = one.alpha
    ordinal = {"ordinal": alpha.ordinal, "interval": alpha.interval} if alpha.ordinal or alpha.interval else {}
    return [
        f"{one.criterion} · {one.n} things labelled by two or more of {len(one.raters)} raters · "
        f"{one.families} families · {one.missing} labels missing",
        _line("percent agreement", _percent(one.percent)),
        _line("Krippendorff's alpha", _number(alpha.nominal) + (" (nominal)" if ordinal else "")),
        *(_line("", f"{_number(value)} ({metric})") for metric, value in ordinal.items()),
        _line("Fleiss' kappa", _number(one.fleiss)),
        _line("Gwet's AC1", _number(one.ac1)),
        *(line for pair in one.pairs for line in _pair(pair)),
        *_most_disputed(one.most_disputed),
        *(f"  {note}" for note in one.notes),
    ]


def _pair(pair: PairAgreed) -> list[str]:
    first, second = pair.raters
    told = f"{pair.n} things, {_percent(pair.percent)} agree, kappa {_number(pair.kappa)}"
    if pair.kappa_quadratic:
        told += f", quadratic {_number(pair.kappa_quadratic)}"
    heads = {f"    {first} \\ {second}": tuple(pair.confusion)}
    rows = heads | {f"    {label}": tuple(map(str, counts.values())) for label, counts in pair.confusion.items()}
    width = max(len(label) for label in (*pair.confusion, "9999")) + 2
    margin = max(NAME, *(len(name) for name in rows))
    cells = (f"{name:<{margin}}" + "".join(f"{cell:>{width}}" for cell in row) for name, row in rows.items())
    return [f"  {first} and {second}: {told}", *cells]


def _most_disputed(things: tuple[Disputed, ...]) -> list[str]:
    if not things:
        return []
    said = (", ".join(f"{rater} {label}" for rater, label in one.labels.items()) for one in things)
    return ["  most disputed", *(f"    {one.thing}: {labels}" for one, labels in zip(things, said, strict=True))]


def _line(name: str, told: str) -> str:
    return f"  {name:<{NAME - 2}}{told}"


def _number(number: Number | None) -> str:
    return "undefined" if number is None else f"{number.value:.2f}{_limits(number, 1, 2)}"


def _percent(number: Number | None) -> str:
    return "undefined" if number is None else f"{100 * number.value:.1f}%{_limits(number, 100, 1)}"


def _limits(number: Number, times: int, places: int) -> str:
    if number.low is None or number.high is None:
        return ""
    return f" [{times * number.low:.{places}f}, {times * number.high:.{places}f}]"
