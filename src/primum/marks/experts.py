"""People's labels of a run as tables, beside its judges' marks.

    experts    response_id, rater, criterion, value    one row a mark of a person
    drawn      response_id, criterion, hash, stratum, probability, place    what was drawn for labelling, and asked
    unweighed  criterion, n    how many answers were labelled that nobody drew with a known probability

A criterion that somebody was asked and did not answer is in `drawn` alone. What cannot be weighed is in neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import duckdb

from primum.errors import BadInputError
from primum.records import Label, Run

Trained = Mapping[str, Collection[str]]  # a judge -> the hashes of answers that it was trained on

ROUNDED = 1e-3  # of a probability, in which two raters' files may differ


def check_places(places: Iterable[str], labels: Sequence[Label], who: str) -> None:
    """See that every rating, named by its file and line, is a label of an answer; `who` says who has none.

    Raises:
        BadInputError: some are of answers that are not there; up to three are told.
    """
    there = {label.place for label in labels}
    strange = [place for place in places if place not in there]
    if strange:
        raise BadInputError(
            f"{len(strange)} label(s) are of answers that {who}: request and response must be the same, word for word",
            tuple(
                [f"{place}: no such answer" for place in strange[:3]]
                + [f"and {len(strange) - 3} more"] * (len(strange) > 3)
            ),
        )


def check_labels(labels: Sequence[Label]) -> None:
    """See that labels can be weighed.

    Raises:
        BadInputError: none has a probability; an answer has two for one criterion, or stands in two strata.
    """
    if all(label.probability is None for label in labels):
        raise BadInputError(
            "no label has a probability of being drawn, so none can be weighed: for 100 of 900 answers drawn at random add a "
            "column probability with 0.1111; answers picked for another reason (escalated, say) cannot be used"
        )
    first: dict[tuple[str, str], Label] = {}
    faults: dict[str, None] = {}
    for label in labels:
        for criterion in _asked(label) if label.probability is not None else ():
            earlier = first.setdefault((label.response_hash, criterion), label)
            for what in ("probability", "stratum"):
                one, other = getattr(earlier, what), getattr(label, what)
                if one != other and not (what == "probability" and _rounded(one, other)):
                    faults[f"{label.place}: {what} {other!r}, and {one!r} in {earlier.place} for the same answer"] = (
                        None
                    )
    if faults:
        raise BadInputError(f"{len(faults)} label(s) say that an answer was drawn in two ways", tuple(faults))


def add_labels(tables: duckdb.DuckDBPyConnection, labels: Sequence[Label]) -> None:
    """Make the tables of people's labels (of none, empty ones)."""
    weighed = {
        (label.response_hash, criterion): label
        for label in sorted(
            labels, key=lambda label: len(repr(label.probability))
        )  # the most exact comes last, and holds
        for criterion in _asked(label)
        if label.probability is not None
    }
    marks: list[tuple[object, ...]] = []
    drawn: dict[tuple[str, str], tuple[object, ...]] = {}
    unweighed: dict[str, set[str]] = {}
    for label in labels:
        for criterion in _asked(label):
            how = weighed.get((label.response_hash, criterion))
            if how is not None:
                row = (label.response_id, criterion, how.response_hash, how.stratum, how.probability, label.place)
                drawn.setdefault((label.response_id, criterion), row)
        for mark in label.marks:
            if (label.response_hash, mark.criterion.value) in weighed:
                marks.append((label.response_id, label.rater, mark.criterion.value, mark.value))
            else:
                unweighed.setdefault(mark.criterion.value, set()).add(label.response_hash)
    _table(tables, "experts", "response_id VARCHAR, rater VARCHAR, criterion VARCHAR, value DOUBLE", marks)
    columns = "response_id VARCHAR, criterion VARCHAR, hash VARCHAR, stratum VARCHAR, probability DOUBLE, place VARCHAR"
    _table(tables, "drawn", columns, list(drawn.values()))
    _table(tables, "unweighed", "criterion VARCHAR, n BIGINT", [(name, len(own)) for name, own in unweighed.items()])


def trained_on(tables: duckdb.DuckDBPyConnection, run: Run) -> Trained:
    """For each judge of a run that was trained on some of its items (`Run.taught`), the hashes of the labelled answers to
    those."""
    query = """select distinct hash from drawn join responses r on r.id = response_id join items using (i)
        where list_contains(?, items.id)"""
    return {
        judge: {row[0] for row in tables.execute(query, [list(ids)]).fetchall()} for judge, ids in run.taught.items()
    }


def check_training(tables: duckdb.DuckDBPyConnection, trained: Trained) -> None:
    """See that no judge of the run was trained on an answer that people labelled to check it.

    Raises:
        BadInputError: one was; with file and line of the labels.
    """
    judged = tables.execute("select distinct judge from marks where value is not null order by 1").fetchall()
    for judge in (judge for (judge,) in judged if trained.get(judge)):
        rows = tables.execute(
            "select distinct place from drawn where list_contains(?, hash) order by 1", [sorted(trained[judge])]
        ).fetchall()
        if rows:
            raise BadInputError(
                f"{judge} was trained on {len(rows)} of these labels, so they cannot check it: label other answers, or judge "
                "without it",
                tuple(f"{place}: trained on" for (place,) in rows),
            )


def _rounded(one: float, other: float) -> bool:
    """Whether two probabilities may be one, which a spreadsheet rounded."""
    return abs(one - other) <= ROUNDED * max(one, other)


def _asked(label: Label) -> list[str]:
    """The criteria that a person was asked."""
    return [mark.criterion.value for mark in label.marks] + [missing.criterion.value for missing in label.unscored]


def _table(tables: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    tables.execute(f"create or replace table {name} ({columns})")
    if rows:
        lists = [list(column) for column in zip(*rows, strict=True)]
        tables.execute(f"insert into {name} select {', '.join(['unnest(?)'] * len(lists))}", lists)
