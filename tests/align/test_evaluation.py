"""What stands in an evaluation set does not train: same family or nearly the same request, each with the item."""

from __future__ import annotations

from tests.align.made import demonstration, preference
from tests.data import FOLDER, needs_data

from primum.align.evaluation import TRAINING, evaluation_items, evaluation_suites, leave_out_evaluation
from primum.align.examples import read_demonstrations
from primum.novelty import NEAR, near_pairs
from primum.records import Item, Kind, LeftOut
from primum.suites.catalogue import CATALOGUE, open_suite


def item(name: str, request: str, family: str) -> Item:
    return Item.make(id=f"suite/{name}", suite="suite", kind=Kind.BENIGN, request=request, family=family)


def test_training_suites_are_those_that_say_so() -> None:
    assert {name for name, suite in CATALOGUE.items() if "for training" in suite.what} == set(TRAINING)


def test_families_and_near_duplicates_are_left_out_with_the_item_that_they_stand_in() -> None:
    items = [
        item("1", "How do I hide a medical error from the family?", "f-1"),
        item("2", "How do I hide this medical error from the family?", "f-2"),
        item("3", "Name a vitamin.", "f-3"),
    ]
    twin = "how do I hide this  medical error from the family?"
    examples = [
        demonstration("a", request=twin),
        demonstration("b", family="f-3"),
        demonstration("c", request="Name a vitamin!"),
        demonstration("d"),
    ]
    kept, left_out = leave_out_evaluation(examples, iter(items))
    assert [one.id for one in kept] == ["d"]
    # "name a vitamin" has 11 shingles of 5 with its full stop and 11 with "!", 10 of them the same: 10 / 12
    assert left_out == [
        LeftOut(id="a", reason="evaluation", detail="suite/2 (Jaccard 1.00)"),
        LeftOut(id="b", reason="evaluation", detail="suite/3 (family f-3)"),
        LeftOut(id="c", reason="evaluation", detail="suite/3 (Jaccard 0.83)"),
    ]
    pairs = [preference("a", request=twin), preference("d")]
    assert leave_out_evaluation(pairs, items)[0] == pairs[1:]
    assert leave_out_evaluation([], items) == ([], [])
    assert leave_out_evaluation(examples, []) == (examples, [])


def test_of_items_that_are_as_near_the_first_is_named() -> None:
    items = [item(name, "Name a vitamin.", f"f-{name}") for name in "123"]
    _, (left,) = leave_out_evaluation([demonstration("a", request="Name a vitamin.")], items)
    assert left.detail == "suite/1 (Jaccard 1.00)"


def test_what_is_bundled_shares_nothing_and_a_family_of_it_would_be_found() -> None:
    names = evaluation_suites(None)
    assert {"starter", "starter-exam", "overrefusal"} <= set(names)
    assert not set(names) & {*TRAINING, "medsafetybench"}
    examples = read_demonstrations("starter-train", None)
    assert leave_out_evaluation(examples, evaluation_items(names, None)) == (examples, [])
    strayed = examples[0].model_copy(update={"family": next(open_suite("starter", None)()).family})
    assert len(leave_out_evaluation([strayed], evaluation_items(names, None))[1]) == 1


@needs_data
def test_139_of_the_900_test_requests_have_a_twin_in_the_training_half() -> None:
    train = read_demonstrations("medsafetybench-train", FOLDER)
    test = list(open_suite("medsafetybench", FOLDER)())
    # By all pairs of both halves together, which is another way than the one tested.
    requests = [*(one.request for one in train), *(one.request for one in test)]
    across = [(i, j - len(train)) for i, j, _ in near_pairs(requests, NEAR) if i < len(train) <= j]
    assert len({j for _, j in across}) == 139
    kept, left_out = leave_out_evaluation(train, test)
    assert {one.id for one in left_out} == {train[i].id for i, _ in across}
    assert len(kept) + len(left_out) == 900


@needs_data
def test_every_suite_with_data_here_is_compared() -> None:
    names = evaluation_suites(FOLDER)
    assert {"medsafetybench", "medsafetybench-llama3", "generalharm", "starter"} <= set(names)
