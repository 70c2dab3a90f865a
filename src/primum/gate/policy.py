"""What a candidate must show: a policy, read from TOML. Every number stands in the file; there are no hidden defaults."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from primum.errors import BadInputError
from primum.records import Record

BUNDLED = ("default", "wiring")
SAID = {"extra_forbidden": "unknown key", "missing": "is missing", "model_type": "must be a table"}
CHECKS = ("harm", "over_refusal", "must_have", "exams", "degenerate", "coverage")

Text = Annotated[str, StringConstraints(strict=True)]
Name = Annotated[str, StringConstraints(strict=True, min_length=1)]
Names = tuple[Name, ...]
Margin = Annotated[float, Field(strict=True, gt=0, lt=4, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)]
Ratio = Annotated[float, Field(strict=True, ge=1, lt=1000, allow_inf_nan=False)]
Yes = Annotated[bool, Field(strict=True)]


class HarmPolicy(Record):
    """Less harmful than the base, or not worse by `margin` with at most `harmful_share` harmful answers; and no principle
    worse by more than `principle_margin`. By `refusal_rate` a harmful answer is one that is not a refusal, and margins are
    shares. `suites`: which count (none: all)."""

    measure: Literal["harmfulness", "refusal_rate"]
    margin: Margin
    harmful_share: Share
    principle_margin: Margin
    suites: Names = ()

    @model_validator(mode="after")
    def _margins_fit(self) -> HarmPolicy:
        if self.measure == "refusal_rate" and max(self.margin, self.principle_margin) >= 1:
            raise ValueError("margins of refusal_rate are shares, below 1")
        return self


class OverRefusalPolicy(Record):
    """Of legitimate requests not `margin` more refused than by the base."""

    margin: Share
    suites: Names = ()


class MustHavePolicy(Record):
    """Of the facts that a good answer states not `margin` fewer than by the base; `required`: it must be measured."""

    margin: Share
    required: Yes
    suites: Names = ()


class ExamsPolicy(Record):
    """Accuracy not lower than the base's by `pooled` over all exams, and by `each` in every one. `names`: which must be
    there (none: any that both runs have). `stand_in`: suites whose choice questions count as exams too."""

    pooled: Share
    each: Share
    names: Names = ()
    stand_in: Names = ()


class DegeneratePolicy(Record):
    """At most `limit` of the answers loops, garbage or nothing."""

    limit: Share
    suites: Names = ()


class CoveragePolicy(Record):
    """At least this share of the answers of each side and run has a mark."""

    least: Share


class PlanPolicy(Record):
    """What a plan takes for granted: the `power` wanted, how far families are alike, and how far answers differ."""

    power: Share
    design_effect: Ratio
    family_size: Ratio
    harm_gain: Margin
    harm_sd: Margin
    careful_share: Share
    over_refusal_discordant: Share
    must_have_discordant: Share
    exam_discordant: Share
    degenerate_share: Share
    correlation: Share
    exam_correlation: Share


class Policy(Record):
    """A whole policy. A check without its part is not made, and that is told. `judge` is the judge of harm (none: the only
    one that marked both runs), `refusal_judge` that of refusal and degeneracy (none: auto). `sha256` hashes the file."""

    name: Name
    purpose: Text = ""
    alpha: Annotated[float, Field(strict=True, gt=0, lt=0.5, allow_inf_nan=False)]
    judge: Text = ""
    refusal_judge: Text = ""
    harm: HarmPolicy | None = None
    over_refusal: OverRefusalPolicy | None = None
    must_have: MustHavePolicy | None = None
    exams: ExamsPolicy | None = None
    degenerate: DegeneratePolicy | None = None
    coverage: CoveragePolicy | None = None
    plan: PlanPolicy | None = None
    sha256: str = ""

    @model_validator(mode="after")
    def _asks_something(self) -> Policy:
        if not any(getattr(self, name) for name in CHECKS if name != "coverage"):
            raise ValueError(f"it checks nothing: it needs at least one of [{'], ['.join(CHECKS[:-1])}]")
        if self.harm and self.harm.measure == "refusal_rate" and self.plan and self.plan.harm_gain >= 1:
            raise ValueError("plan.harm_gain of refusal_rate is a share, below 1")
        return self


def read_policy(name: str) -> Policy:
    """A bundled policy by its name, or that of a TOML file.

    Raises:
        BadInputError: there is none, it is no TOML, or keys are unknown, missing or wrong: all of them, with file and line.
    """
    content, shown = _content(name)
    try:
        text = content.decode("utf-8-sig")
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{shown} does not read as TOML: {error}") from error
    if "sha256" in raw:
        raise BadInputError(f"{shown} has 1 fault(s)", (f"{_place(shown, text, ['sha256'])}: sha256: unknown key",))
    try:
        policy = Policy.model_validate(raw | {"sha256": hashlib.sha256(content).hexdigest()})
    except ValidationError as error:
        faults = tuple(_fault(shown, text, fault["loc"], fault["type"], fault["msg"]) for fault in error.errors())
        raise BadInputError(f"{shown} has {len(faults)} fault(s)", faults) from error
    if name not in BUNDLED and policy.name in BUNDLED:
        policy = policy.model_copy(update={"name": f"{policy.name} as in {Path(name).name}"})
    return policy


def with_alpha(policy: Policy, alpha: float | None) -> Policy:
    """A policy with another alpha in the place of its own; None leaves it.

    Raises:
        BadInputError: it does not lie between 0 and 0.5.
    """
    if alpha is None:
        return policy
    if not 0 < alpha < 0.5:
        raise BadInputError(f"--alpha lies between 0 and 0.5, not {alpha:g}")
    return policy.model_copy(update={"alpha": alpha})


def _content(name: str) -> tuple[bytes, str]:
    """The bytes of a policy, and what it is called in messages."""
    if name in BUNDLED:
        return (files("primum.gate") / "policies" / f"{name}.toml").read_bytes(), f"{name}.toml"
    try:
        return Path(name).read_bytes(), name
    except (FileNotFoundError, ValueError):
        raise BadInputError(f"no policy '{name}': known are {', '.join(BUNDLED)}, or name a TOML file") from None
    except OSError as error:
        raise BadInputError(f"cannot read the policy {name}: {error.strerror}") from error


def _fault(file: str, text: str, keys: Sequence[int | str], kind: str, message: str) -> str:
    told = SAID.get(kind, message.removeprefix("Value error, "))
    named = [str(key) for key in keys]
    return ": ".join(part for part in (_place(file, text, named), ".".join(named), told) if part)


def _place(file: str, text: str, keys: Sequence[str]) -> str:
    """File and, where it can be found, line of a key, or of the table that lacks it.

    >>> _place("p", "alpha = 1\\n[harm]\\nmargin = 2\\n", ["harm", "margin"])
    'p:3'
    """
    table, found = "", None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([\w.-]+)\s*\]", line)
        if header:
            table = header[1]
            found = number if [table] == list(keys[:1]) else found
        key = re.match(r"\s*([\w-]+)\s*=", line)
        if key and [part for part in (table, key[1]) if part] == list(keys[:2]):
            return f"{file}:{number}"
    return f"{file}:{found}" if found else file
