"""In what two recipes differ, as fields and in words."""

from dataclasses import fields
from typing import Any

from fer_core.training.recipe import Recipe
from pages._train_views import context, options
from pages._train_views.settings import SETTINGS, written


def differing(recipe: Recipe, base: Recipe) -> list[str]:
    """The fields in which two recipes differ, but their names and notes."""
    names = [one.name for one in fields(Recipe) if one.name not in ("name", "note")]
    return [name for name in names if getattr(recipe, name) != getattr(base, name)]


def differences(recipe: Recipe, base: Recipe) -> list[str]:
    """What was changed about `base`, a phrase each; an option that `base` does not name is as the network has it."""
    told = []
    for name in differing(recipe, base):
        if name == "options":
            told += _options(recipe, base)
        else:
            before, after = written(name, getattr(base, name)), written(name, getattr(recipe, name))
            told.append(f"{SETTINGS[name].label} {before} → {after}")
    return told


def _options(recipe: Recipe, base: Recipe) -> list[str]:
    network = context.choices().networks.get(recipe.network)
    usual: dict[str, Any] = network.options if network else {}
    before = {**usual, **(base.options if base.network == recipe.network else {})}
    after = {**usual, **recipe.options}
    changed = [name for name in after if before.get(name) != after[name]]
    return [f"{options.label(name)} {_value(before, name)} → {_value(after, name)}" for name in changed]


def _value(values: dict[str, Any], name: str) -> str:
    if name not in values:
        return "none"
    return f"{values[name]:.0%}" if name in options.SHARES else options.written(values[name])
