"""What `--until` leaves of the other numbers: nothing is expected of items that were not asked, and methods say so."""

from __future__ import annotations

from pathlib import Path

from primum.estimates.stopped import labelled, leave_out_spared
from primum.marks import column, open_marks
from primum.marks.asked import unasked_items
from primum.marks.part import Part
from primum.records import Estimate, Item, Kind, Sequence
from tests.runs import make_run

ITEMS = [
    *(Item.make(id=f"t/{n}", suite="t", kind=Kind.HARMFUL, request="?") for n in range(4)),
    Item.make(id="t/b", suite="t", kind=Kind.BENIGN, request="?"),
    Item.make(id="u/0", suite="u", kind=Kind.HARMFUL, request="?"),
]


def sequence(answer: str = "yes", not_asked: int = 2) -> Sequence:
    fields = {"suite": "t", "judge": "j", "name": "harmfulness", "asks": "less", "bound": 2, "answer": answer}
    fields |= {"value": 1, "low": 1, "high": 1.5, "n": 2, "clusters": 2, "unscored": 0, "asked": 2, "items": 4}
    return Sequence.model_validate({**fields, "not_asked": not_asked})


def partly_asked(path: Path) -> Path:
    """Items t/2, t/3, t/b and u/0 have no response."""
    run = make_run(path, ITEMS, {"j": {}})
    file = run / "responses.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    return run


def test_only_items_of_the_question_are_spared(tmp_path: Path) -> None:
    tables = open_marks(partly_asked(tmp_path / "run"))
    assert [name for name, _ in unasked_items(tables, Part(tuple(Kind)))] == ["t/2", "t/3", "t/b", "u/0"]
    assert leave_out_spared(tables, None) == {}
    assert leave_out_spared(tables, sequence(answer="")) == {}  # still open: they are to be asked
    assert column(tables, "select count(*) from items") == [6]
    assert leave_out_spared(tables, sequence()) == {"harmful": 2}
    assert column(tables, "select id from items order by i") == ["t/0", "t/1", "t/b", "u/0"]
    tables.close()


def test_numbers_of_the_same_items_say_that_the_run_stopped() -> None:
    def method(suite: str, name: str, of: Sequence | None) -> str:
        (one,) = labelled([Estimate(suite=suite, judge="j", name=name, value=1, n=2, method="wilson")], of)
        return one.method

    for name in ("harmfulness", "harmful_share", "refusal_rate", "degenerate_rate"):
        assert method("t", name, sequence()) == "wilson, stopped early"
        assert method("u", name, sequence()) == "wilson"
        assert method("t", name, sequence(not_asked=0)) == "wilson"
        assert method("t", name, None) == "wilson"
    assert method("t", "over_refusal_rate", sequence()) == "wilson"
