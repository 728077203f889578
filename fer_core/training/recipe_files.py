"""Recipes of one's own: TOML files in the workspace's `recipes/`, written by the Train page and read by `train`.

A file is never changed once it is there: a training that is resumed must find the recipe that it began with.
"""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from fer_core.errors import InputRefused
from fer_core.files import atomic_path, check_name, finished
from fer_core.training.recipe import Recipe, load_recipe, parse_recipe, shipped_recipes
from fer_core.workspace import Workspace, child

MOST_BYTES = 64 << 10


def folder(workspace: Workspace) -> Path:
    return workspace.root / "recipes"


def own_recipes(workspace: Workspace) -> dict[str, Path]:
    """The files by name, in alphabetical order."""
    return {path.stem: path for path in finished(folder(workspace), "*.toml")}


def recipe_toml(recipe: Recipe) -> str:
    """A recipe as a TOML document that `load_recipe` reads back as the same recipe."""
    document = recipe.document()
    options = document.pop("options")
    lines = [f"{key} = {_value(value)}" for key, value in document.items()]
    if options:
        lines += ["", "[options]", *(f"{json.dumps(key)} = {_value(value)}" for key, value in options.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """TOML's basic strings, whole numbers, booleans and arrays are written as JSON's are."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    if isinstance(value, float):
        return repr(value)  # TOML's infinity is Python's
    if not isinstance(value, str | bool | int):
        raise InputRefused(f"A recipe holds text, numbers, true, false and lists of them, not {value!r}.")
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def store_recipe(workspace: Workspace, recipe: Recipe) -> tuple[Recipe, Path]:
    """Keep a recipe under its name, or the next free one (`NAME-2`) where another recipe has it.

    Returns the recipe as it is called now, and its file. UsageError for a name that cannot be a file's.
    """
    check_name(recipe.name, "recipe")
    taken = shipped_recipes()
    number = 1
    while True:
        name = recipe.name if number == 1 else f"{recipe.name}-{number}"
        called, path = replace(recipe, name=name), child(folder(workspace), f"{name}.toml", "recipe")
        if name not in taken and not path.exists():
            with atomic_path(path) as temporary:
                temporary.write_text(recipe_toml(called), encoding="utf-8")
            return called, path
        if name not in taken and path.read_text(encoding="utf-8") == recipe_toml(called):
            return called, path
        number += 1


def read_upload(name: str, content: bytes) -> Recipe:
    """A recipe from a file that somebody sent; InputRefused and UsageError say what is wrong with it."""
    if len(content) > MOST_BYTES:
        raise InputRefused(f"{name}: a recipe has a few hundred bytes, this file has {len(content):,}.")
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except ValueError as error:
        raise InputRefused(f"{name}: not a TOML file ({error}).") from error
    stem = check_name(name.removesuffix(".toml"), "recipe")
    recipe = parse_recipe({**document, "name": stem}, name)
    refuse_paths(recipe)
    recipe_toml(recipe)  # what cannot be written cannot be kept
    return recipe


def refuse_paths(recipe: Recipe) -> None:
    """A browser does not choose which files of this computer are read."""
    weights = recipe.options.get("weights", "none")
    if weights not in ("none", "imagenet"):
        raise InputRefused(
            f"{recipe.name}: its option weights names a file ({weights!r}). Put the recipe into the workspace's folder "
            "`recipes`, or train it from the command line."
        )


def open_own(path: Path) -> Recipe:
    """A recipe of the workspace."""
    return replace(load_recipe(str(path)), name=path.stem)
