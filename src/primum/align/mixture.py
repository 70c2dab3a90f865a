"""How many examples of which group train, and which ones: always the same for a seed, and fewer are among more."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import get_args

from primum.align.evaluation import Example
from primum.errors import BadInputError
from primum.records import Group, content_id

GROUPS: tuple[Group, ...] = get_args(Group)


def parse_mix(text: str) -> dict[Group, int]:
    """The number of examples of each group.

    Raises:
        BadInputError: it is not of the form `med=200,benign=160`.

    >>> parse_mix("med=200, benign=160")
    {'med': 200, 'benign': 160}
    """
    mix: dict[Group, int] = {}
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        group = next((one for one in GROUPS if one == name), None)
        if group is None or group in mix or not (number.isascii() and number.isdigit() and int(number)):
            raise BadInputError(
                f"the mix '{text}' is not of the form med=200,gen=200,benign=200, each of {', '.join(GROUPS)} at most once"
            )
        mix[group] = int(number)
    return mix


def amounts_of(shares: Mapping[Group, float], examples: Sequence[Example], n: int | None = None) -> dict[Group, int]:
    """Numbers of examples in proportion to `shares` (any positive numbers): `n` together, or as many as there are.

    Raises:
        BadInputError: a group that has a share has no examples.
    """
    wanted = {group: share for group, share in shares.items() if share > 0}
    there = Counter(example.group for example in examples)
    if missing := [group for group in wanted if not there[group]]:
        raise BadInputError(
            f"there are no {' and no '.join(missing)} examples, and the mix wants {_shown(wanted)}: add some, or name "
            "another mix"
        )
    whole = sum(wanted.values())
    exact = {
        group: share / whole * n if n else share * min(there[one] / wanted[one] for one in wanted)
        for group, share in wanted.items()
    }
    amounts = {group: math.floor(amount + 1e-9) for group, amount in exact.items()}
    rest = round(sum(exact.values())) - sum(amounts.values()) if n else 0
    for group in sorted(exact, key=lambda one: amounts[one] - exact[one])[:rest]:  # the largest remainders
        amounts[group] += 1
    return amounts


def proportions(
    shares: Mapping[Group, float], examples: Sequence[Example], n: int | None = None
) -> tuple[dict[Group, int], list[str]]:
    """Numbers of examples by a recipe's shares: `n` safety examples (medical and general harm, or all there are), each
    group of them by its share or as the data has them, and of legitimate requests the recipe's share of that. Where there
    are fewer legitimate ones, all of them, and a remark.

    Raises:
        BadInputError: there are fewer than `n` safety examples.
    """
    there = Counter(example.group for example in examples)
    harm = [group for group in GROUPS if group != "benign" and there[group]]
    named: dict[Group, float] = {group: shares[group] for group in harm if shares.get(group)}
    safety = named or {group: float(there[group]) for group in harm}
    pool = [example for example in examples if example.group in safety]
    if not pool:
        raise BadInputError("there are no safety examples (harmful requests with safe answers) to train on")
    if n is not None and n > len(pool):
        raise BadInputError(f"{n} safety examples are wanted, and there are {len(pool)}")
    amounts = amounts_of(safety, pool, n) if n else dict(Counter(example.group for example in pool))
    wanted = math.floor(sum(amounts.values()) * shares.get("benign", 0.0))
    if not wanted:
        return amounts, []
    amounts["benign"] = min(wanted, there["benign"])
    if amounts["benign"] == wanted:
        return amounts, []
    told = f"the recipe wants {wanted} legitimate requests beside {sum(amounts.values()) - amounts['benign']} safety examples"
    return amounts, [f"{told} and there are {there['benign']}: over-refusal may rise; add some to the data"]


def mix(examples: Sequence[Example], amounts: Mapping[Group, int], seed: int) -> list[Example]:
    """So many examples of each group, as `take` takes them, in the order in which they stand.

    Raises:
        BadInputError: there are too few of a group.
    """
    groups = {group: [example for example in examples if example.group == group] for group in amounts}
    short = [f"{n} {group} of {len(groups[group])}" for group, n in amounts.items() if n > len(groups[group])]
    if short:
        raise BadInputError(f"the mix wants more examples than there are: {', '.join(short)}")
    taken = {example.id for group, n in amounts.items() for example in take(groups[group], n, seed)}
    return [example for example in examples if example.id in taken]


def untaken(examples: Sequence[Example], mixed: Sequence[Example], named: Collection[Group]) -> list[str]:
    """A remark for each group of which the mixture leaves some out: how many, and for a group that is not `named` in the mix
    how to take them."""
    there, train = Counter(one.group for one in examples), Counter(one.group for one in mixed)
    remarks = []
    for group in GROUPS:
        if group not in named and there[group]:
            wanted = ",".join(
                f"{one}={(train | {group: there[group]})[one]}" for one in GROUPS if train[one] or one == group
            )
            remarks.append(
                f"left out: the {there[group]} {group} examples, because the mix does not name them (--mix {wanted} takes them)"
            )
        elif there[group] > train[group]:
            remarks.append(
                f"left out: {there[group] - train[group]} of {there[group]} {group} examples, beyond what the mix takes"
            )
    return remarks


def take(examples: Sequence[Example], n: int, seed: int) -> list[Example]:
    """`n` examples in the order in which they stand, each group, principle and language by its share.

    Fewer are among more of the same seed. Which come first within a stratum depends on seed and id alone, so that what
    is left out elsewhere does not change the order of the rest.

    Raises:
        BadInputError: there are fewer.
    """
    if n > len(examples):
        raise BadInputError(f"{n} examples are wanted, and there are {len(examples)}")
    strata: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for place, example in enumerate(examples):
        stratum = (example.group, example.principle, example.language)
        strata.setdefault(stratum, []).append((content_id(seed, example.id), place))
    # A stratum of k examples has them at 1/2k, 3/2k ... of the way, so that any first n hold each by its share.
    order = sorted(
        ((rank + 0.5) / len(stratum), key, place)
        for stratum in strata.values()
        for rank, (key, place) in enumerate(sorted(stratum))
    )
    return [examples[place] for place in sorted(place for _, _, place in order[:n])]


def _shown(shares: Mapping[Group, float]) -> str:
    return ", ".join(f"{group} {share:g}" for group, share in shares.items())
