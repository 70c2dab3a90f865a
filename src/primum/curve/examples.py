"""The examples of a curve, by group: read once, laid down in the curve's folder, and how many of each train."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from primum.align.checks import check_examples
from primum.align.chosen import BENIGN
from primum.align.evaluation import evaluation_items, evaluation_suites, leave_out_evaluation
from primum.align.examples import read_demonstrations
from primum.errors import BadInputError
from primum.evaluator.encoder.recipe import replace_whole
from primum.records import Arm, Demonstration, Group, Kind, Recipe, content_id

DATA = "data"
Examples = dict[Group, list[Demonstration]]
GROUPS_OF: dict[Arm, tuple[Group, ...]] = {"base": (), "med": ("med",), "gen": ("gen",), "both": ("med", "gen")}
KINDS: dict[Group, Kind] = {"med": Kind.HARMFUL, "gen": Kind.GENERAL_HARM, "benign": Kind.BENIGN}


def read_groups(
    med: str, gen: str, benign: str, recipe: Recipe, folder: Path | None
) -> tuple[dict[Group, str], Examples]:
    """Where the examples of each group are from, suites or files `A,B`, and the examples. A row that does not tell its kind
    is of the group that its source is named for. Legitimate requests, where the recipe wants some and no source is named
    for them, are those that stand beside the harmful ones, or else starter-train's.

    Raises:
        BadInputError: a source is unknown or faulty, or holds none of its group.
    """
    named: dict[Group, str] = {"med": med, "gen": gen, "benign": benign}
    read = {group: _read(text, folder, KINDS[group]) for group, text in named.items() if text}
    sources = {group: name for group, name in named.items() if name}
    examples = {group: [one for one in rows if one.group == group] for group, rows in read.items()}
    for group, rows in examples.items():
        if not rows:
            raise BadInputError(f"{named[group]} holds no {KINDS[group]} requests with answers, and --{group} names it")
    if recipe.mix.get("benign") and not benign:
        beside = {g: [one for one in rows if one.group == "benign"] for g, rows in read.items()}
        there = [group for group, rows in beside.items() if rows]
        sources["benign"] = ", ".join(dict.fromkeys(named[group] for group in there)) or BENIGN
        lent = [] if there else read_demonstrations(BENIGN, folder)
        examples["benign"] = [one for rows in (*beside.values(), lent) for one in rows if one.group == "benign"]
    return sources, examples


def fingerprints(examples: Examples) -> dict[Group, str]:
    """The hash of each group's examples."""
    return {
        group: content_id([one.model_dump(mode="json", exclude={"place"}) for one in rows])
        for group, rows in examples.items()
    }


def write_groups(examples: Examples, out: Path) -> None:
    """Lay the examples down, a file a group, in the form that any training reads.

    Raises:
        StoppedError: they could not be written.
    """
    for group, rows in examples.items():
        lines = b"".join(_line(one) for one in rows)

        def write(part: Path, lines: bytes = lines) -> None:
            part.parent.mkdir(exist_ok=True)
            part.write_bytes(lines)

        replace_whole(group_file(out, group), write)


def group_file(out: Path, group: Group) -> Path:
    """Where a curve's folder has the examples of a group."""
    return out / DATA / f"{group}.jsonl"


def count_usable(
    examples: Examples, recipe: Recipe, files: Sequence[str], folder: Path | None
) -> tuple[dict[Group, int], Counter[tuple[Group, str]]]:
    """How many examples of each group may train, and how many are left out, by group and reason, as a training does it.

    Raises:
        BadInputError: an example is faulty; all that are, by id.
    """
    every = [one for rows in examples.values() for one in rows]
    checked = check_examples(every)
    kept, left_out = checked.kept, list(checked.left_out)
    if not recipe.contaminated:
        against = (*evaluation_suites(folder), *files)
        kept, shared = leave_out_evaluation(kept, evaluation_items(against, folder))
        left_out += shared
    group_of = {one.id: one.group for one in every}
    return Counter(one.group for one in kept), Counter((group_of[one.id], one.reason) for one in left_out)


def shares_of(arm: Arm, n: int, recipe: Recipe, usable: Mapping[Group, int]) -> tuple[dict[Group, int], int]:
    """The examples of a cell by group, and how many legitimate requests the recipe wants: its share of all safety examples,
    of which `both` has 2n. As many of those train as there are.

    >>> from primum.records import Recipe
    >>> recipe = Recipe(name="r", method="sft", learning_rate=1, mix={"med": 1, "benign": 0.5})
    >>> shares_of("both", 40, recipe, {"med": 99, "gen": 99, "benign": 30})
    ({'med': 40, 'gen': 40, 'benign': 30}, 40)
    """
    amounts: dict[Group, int] = dict.fromkeys(GROUPS_OF[arm], n)
    wanted = math.floor(sum(amounts.values()) * recipe.mix.get("benign", 0.0))
    train = min(wanted, usable.get("benign", 0))
    return amounts | ({"benign": train} if train else {}), wanted


def _read(text: str, folder: Path | None, kind: Kind) -> list[Demonstration]:
    names = dict.fromkeys(name.strip() for name in text.split(",") if name.strip())
    return [one for name in names for one in read_demonstrations(name, folder, kind)]


def _line(one: Demonstration) -> bytes:
    row = one.model_dump(mode="json", exclude={"v", "place"})
    return orjson.dumps({name: cell for name, cell in row.items() if cell}) + b"\n"
