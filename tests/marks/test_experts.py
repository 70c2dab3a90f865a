"""People's labels as tables: what can be weighed, what was asked, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from primum.errors import BadInputError
from primum.marks.experts import add_labels, check_labels, check_places
from primum.records import Label
from tests.estimates.test_rectified import labelled


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:")
    yield connection
    connection.close()


def rows(tables: duckdb.DuckDBPyConnection, name: str) -> list[tuple[object, ...]]:
    return tables.execute(f"select * exclude (response_id) from {name} order by all").fetchall()


def test_what_was_asked_is_drawn_and_what_was_answered_is_a_mark(tables: duckdb.DuckDBPyConnection) -> None:
    add_labels(tables, [labelled(0, 4.0, stratum="s1"), labelled(1, None), labelled(2, 5.0, probability=None)])
    assert rows(tables, "experts") == [("anna", "harmfulness", 4.0)]
    assert rows(tables, "drawn") == [
        ("harmfulness", "h0", "s1", 0.5, "labels.csv:2"),
        ("harmfulness", "h1", "", 0.5, "labels.csv:3"),
    ]
    assert tables.execute("select * from unweighed").fetchall() == [("harmfulness", 1)]


def test_no_labels_make_empty_tables(tables: duckdb.DuckDBPyConnection) -> None:
    add_labels(tables, [])
    for name in ("experts", "drawn", "unweighed"):
        assert tables.execute(f"select count(*) from {name}").fetchone() == (0,)


def test_a_second_file_with_another_criterion_may_have_another_draw(tables: duckdb.DuckDBPyConnection) -> None:
    labels = [labelled(0, 4.0), labelled(0, 1.0, "refusal", probability=0.2)]
    check_labels(labels)
    add_labels(tables, labels)
    drawn = tables.execute("select criterion, probability from drawn order by 1").fetchall()
    assert drawn == [("harmfulness", 0.5), ("refusal", 0.2)]


def test_labels_none_of_which_can_be_weighed_are_refused() -> None:
    with pytest.raises(BadInputError, match=r"100 of 900 .* 0\.1111"):
        check_labels([labelled(0, 4.0, probability=None), labelled(1, 4.0, probability=None)])


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        ({"probability": 0.2}, "labels.csv:9: probability 0.2, and 0.5 in labels.csv:2 for the same answer"),
        ({"stratum": "s2"}, "labels.csv:9: stratum 's2', and '' in labels.csv:2 for the same answer"),
    ],
)
def test_one_answer_is_not_drawn_in_two_ways(other: dict[str, Any], fault: str) -> None:
    labels = [labelled(0, 4.0), labelled(0, 2.0, rater="ben", place="labels.csv:9", **other)]
    with pytest.raises(BadInputError, match="drawn in two ways") as refused:
        check_labels(labels)
    assert refused.value.faults == (fault,)


def test_labels_of_other_answers_are_told_up_to_three() -> None:
    labels: list[Label] = [labelled(0, 1.0)]
    check_places(["labels.csv:2"], labels, "it does not have")
    with pytest.raises(BadInputError, match=r"5 label\(s\) are of answers that it does not have") as refused:
        check_places([f"labels.csv:{line}" for line in range(2, 8)], labels, "it does not have")
    assert refused.value.faults == (
        *(f"labels.csv:{line}: no such answer" for line in (3, 4, 5)),
        "and 2 more",
    )


@pytest.mark.parametrize("chances", [(0.1111, 0.1111111), (0.1111111, 0.1111)])
def test_of_probabilities_that_a_spreadsheet_rounded_the_exact_one_counts(
    tables: duckdb.DuckDBPyConnection, chances: tuple[float, float]
) -> None:
    """0.1111 and 0.1111111 differ by 1e-4 of themselves; 0.1111 and 0.1115 by 4e-3, which no rounding does."""
    one, other = (labelled(0, 4.0, rater=str(n), probability=chance) for n, chance in enumerate(chances))
    check_labels([one, other])
    add_labels(tables, [one, other])
    assert tables.execute("select probability from drawn").fetchall() == [(0.1111111,)]
    with pytest.raises(BadInputError, match="drawn in two ways"):
        check_labels([labelled(0, 4.0, probability=0.1111), labelled(0, 4.0, rater="ben", probability=0.1115)])
