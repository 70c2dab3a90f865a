"""Where an adapter comes from: what the folder of a run's adapter tells, if it is still the one that the run used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from primum.errors import BadInputError
from primum.ledger import file_sha256
from primum.records import Adapter, Run
from primum.report.page_texts import PAGE, words
from primum.report.texts import Words

SHOWN = 12  # digits of a hash in a sentence
MOST_STEPS = 10  # adapters that go on from one another


class Lineage(NamedTuple):
    """What is known of a run's adapter: rows of name and value, or a sentence on why nothing is. `contaminated` is the
    recipe's name where examples stand in evaluation suites too."""

    rows: tuple[tuple[Words, Words], ...]
    told: Words
    contaminated: str = ""


def find_lineage(run: Run) -> Lineage | None:
    """The lineage of the adapter that a run's model had; None for a model without one, or a run that did not record it."""
    model = run.plan.model
    named = {Path(model[place + 1 :]) for place, letter in enumerate(model) if letter == "+"}
    files = {Path(file): sha for file, sha in run.versions.items() if Path(file).parent in named}
    if not files:
        return None
    from primum.models.adapter import PICKLED, WEIGHTS, read_adapter

    path = next(iter(files)).parent
    weights = files.get(path / WEIGHTS) or files.get(path / PICKLED, "")
    told = {"path": str(path), "sha": weights[:SHOWN]}
    try:
        adapter = read_adapter(path)
        there = {file: file_sha256(file) for file in files}
    except (BadInputError, OSError):
        return Lineage((), words("lineage_away", **told))
    if there != files or adapter.weights_sha256 != weights:
        return Lineage((), words("lineage_changed", **told))
    chain = _chain(adapter)
    contaminated = next((one.recipe.name for one in chain if one.recipe.contaminated), "")
    return Lineage(_rows(chain, path, run.plan.suites), ("", ""), contaminated)


def _chain(adapter: Adapter) -> list[Adapter]:
    """An adapter and those that it goes on from, the last first, as far as their folders are here and unchanged."""
    from primum.models.adapter import WEIGHTS, read_adapter

    chain = [adapter]
    with suppress(BadInputError, OSError):
        while chain[-1].starts_from and len(chain) < MOST_STEPS:
            start = Path(chain[-1].starts_from)
            if file_sha256(start / WEIGHTS) != chain[-1].starts_from_sha256:
                break
            chain.append(read_adapter(start))
    return chain


def _rows(chain: Sequence[Adapter], path: Path, suites: Sequence[str]) -> tuple[tuple[Words, Words], ...]:
    adapter = chain[0]
    trained = {
        "state": adapter.state,
        "steps": f"{adapter.steps:,}",
        "tokens": f"{adapter.tokens:,}",
        "seconds": f"{adapter.seconds:,.0f}",
        "created": adapter.created,
    }
    rows: dict[str, Words] = {
        "adapter": _same(f"{path} ({adapter.id})"),
        "weights": _same(adapter.weights_sha256),
        "recipe": _joined([_same(adapter.recipe.name), words(adapter.recipe.method)]),
        "base": _same(f"{adapter.base} ({adapter.base_sha256[:SHOWN]})"),
        "goes_on_from": _starts(chain),
        "examples": _counts("group", adapter.examples.items()),
        "left_out_examples": _counts("left", adapter.left_out.items()),
        "clean": _checked(chain, suites),
        "train_data": _same("; ".join(f"{name}: {source}" for name, source in adapter.data.items())),
        "train_seed": _same(str(adapter.seed)),
        "trained": words("trained_how", **trained),
    }
    return tuple((words(key), value) for key, value in rows.items() if value[0])


def _starts(chain: Sequence[Adapter]) -> Words:
    """The adapters that one goes on from, with how each was made, as far as that is known."""
    told = [_same(adapter.starts_from) for adapter in chain if adapter.starts_from]
    for place, adapter in enumerate(chain[1:]):
        parts = [_same(adapter.recipe.name), words(adapter.recipe.method), _counts("group", adapter.examples.items())]
        english, chinese = _joined(parts)
        told[place] = f"{told[place][0]} ({english})", f"{told[place][1]}（{chinese}）"
    return _joined(told, "; ", "；")


def _checked(chain: Sequence[Adapter], suites: Sequence[str]) -> Words:
    """Whether examples stand in evaluation suites too, those above all on which the run measured."""
    if any(adapter.recipe.contaminated for adapter in chain):
        return words("contaminated")
    if chain[-1].starts_from:
        return words("not_checked_start", path=chain[-1].starts_from)
    both = set.intersection(*(set(adapter.checked_against) for adapter in chain))
    if not both:
        return words("not_checked")
    against = ", ".join(suite for suite in chain[0].checked_against if suite in both)
    missing = ", ".join(suite for suite in suites if suite not in both)
    if missing:
        return words("not_checked_all", suites=against, missing=missing)
    return words("checked_against", suites=against)


def _counts(kind: str, counts: Iterable[tuple[str, int]]) -> Words:
    """Counts in words; what has no words is told as it is."""
    told = [
        words(f"{kind}_{name}", n=f"{n:,}") if f"{kind}_{name}" in PAGE else _same(f"{n:,} {name}")
        for name, n in counts
        if n
    ]
    return _joined(told, "; ", "；") if told else words("left_none")


def _joined(parts: Sequence[Words], english: str = " · ", chinese: str = " · ") -> Words:
    return english.join(part[0] for part in parts), chinese.join(part[1] for part in parts)


def _same(text: str) -> Words:
    return text, text
