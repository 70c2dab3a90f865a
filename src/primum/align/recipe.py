"""The settings of a training: `recipes/<name>.<method>.toml`, or a file of the user's in the same form."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from primum.errors import BadInputError
from primum.records import Recipe
from primum.rows import read_text

FOLDER = Path(str(files("primum.align"))) / "recipes"
PREFERENCE_TERMS = ("sigmoid", "sft", "ipo", "hinge")


def recipe_names(method: str) -> list[str]:
    """The recipes that there are for a method.

    >>> recipe_names("sft")
    ['default', 'medsafetybench-paper', 'tiny']
    """
    return sorted(file.name.removesuffix(f".{method}.toml") for file in FOLDER.glob(f"*.{method}.toml"))


def read_recipe(name: str, method: Literal["sft", "dpo"]) -> Recipe:
    """A recipe by its name, or from a TOML file.

    Raises:
        BadInputError: there is none of that name, or the file holds something else; each fault is named.
    """
    own = Path(name).suffix == ".toml"
    file = Path(name) if own else FOLDER / f"{name}.{method}.toml"
    if not own and not file.is_file():
        known = ", ".join(recipe_names(method))
        raise BadInputError(f"no recipe '{name}' for {method}: known are {known}, or a .toml file")
    try:
        held = tomllib.loads(read_text(file))
    except tomllib.TOMLDecodeError as error:
        raise BadInputError(f"{file} is no TOML: {error}") from None
    try:
        recipe = Recipe(**{"name": file.stem if own else name, "method": method, **held})
    except ValidationError as error:
        faults = tuple(
            f"{'.'.join(str(part) for part in fault['loc'])}: {_told(fault['type'], fault['msg'])}"
            for fault in error.errors()
        )
        raise BadInputError(f"{file} is no recipe: {faults[0]}", faults) from None
    return _checked(recipe, file, method)


def _checked(recipe: Recipe, file: Path, method: str) -> Recipe:
    if recipe.method != method:
        raise BadInputError(f"{file} is a recipe of {recipe.method}, not of {method}")
    unknown = [term for term in recipe.loss if term not in PREFERENCE_TERMS]
    if unknown:
        raise BadInputError(f"{file}: no loss '{unknown[0]}': known are {', '.join(PREFERENCE_TERMS)}")
    if recipe.batch % recipe.micro:
        raise BadInputError(f"{file}: batch = {recipe.batch} must be a multiple of micro = {recipe.micro}")
    return recipe


def _told(kind: str, message: str) -> str:
    return "no such setting" if kind == "extra_forbidden" else message[0].lower() + message[1:]
