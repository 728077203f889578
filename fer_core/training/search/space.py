"""What a sweep may choose from: for each setting a range or a list of values; TOML files, those that ship in spaces/.

[recipe]                                   # settings of a recipe
optimiser = ["nesterov", "adamw"]          # one of these
learning_rate = { low = 1e-4, high = 1e-1, log = true }
batch = { low = 32, high = 256, step = 32 }

[options.vggnet]                           # options of a network, where that network was chosen
width = [32, 64]
"""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from fer_core.errors import InputRefused, NotFound
from fer_core.training.recipe import Recipe

SHIPPED = Path(__file__).parent / "spaces"
FIXED = ("name", "note", "options", "epochs")  # not searched: epochs are what a trial costs


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; whole ones with `step`, on a logarithm's scale with `log`."""

    low: float
    high: float
    log: bool = False
    step: int | None = None

    def __post_init__(self) -> None:
        step = 1 if self.step is None else self.step
        if any(type(bound) not in (int, float) for bound in (self.low, self.high)):
            raise ValueError(f"low and high must be numbers, not {self.low!r} and {self.high!r}")
        if not self.low < self.high or (self.log and (self.low <= 0 or step > 1)) or step < 1:
            raise ValueError(
                "low must lie below high; with log above 0 and without a step above 1; a step is at least 1"
            )


Knob = Range | tuple[Any, ...]
"""A range, or the values to choose from."""


@dataclass(frozen=True)
class Space:
    """What is searched: knobs of the recipe, and of the options of each network, by name."""

    recipe: dict[str, Knob]
    options: dict[str, dict[str, Knob]] = field(default_factory=dict)

    def refuse_unknown_networks(self) -> None:
        """NotFound for options of a network that is not there."""
        from fer_core.networks.registry import find_network  # torch, which reading a space need not wait for

        for network in self.options:
            find_network(network)

    def document(self) -> dict[str, Any]:
        """As it is stored with the sweep, to tell whether a sweep that goes on searches the same."""
        return {
            "recipe": {name: str(knob) for name, knob in self.recipe.items()},
            "options": {
                network: {name: str(knob) for name, knob in knobs.items()} for network, knobs in self.options.items()
            },
        }


def load_space(reference: str) -> Space:
    """A shipped space by name, or one of the user's own by a path that ends in `.toml`."""
    path = Path(reference) if reference.endswith(".toml") else SHIPPED / f"{reference}.toml"
    if not path.is_file() or (not reference.endswith(".toml") and reference not in shipped_spaces()):
        known = ", ".join(shipped_spaces())
        raise NotFound(f"There is no search space {reference!r} (there: {known}; a file of your own ends in .toml).")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputRefused(f"{path}: not a TOML file ({error}).") from error
    return parse_space(document, str(path))


def parse_space(document: dict[str, Any], where: str) -> Space:
    """A space from its document; InputRefused names what is unknown or of the wrong kind."""
    unknown = set(document) - {"recipe", "options"}
    if unknown:
        raise InputRefused(f"{where}: a space has [recipe] and [options.NETWORK], not {', '.join(sorted(unknown))}.")
    settings = {setting.name: setting.type for setting in fields(Recipe) if setting.name not in FIXED}
    recipe = _knobs(document.get("recipe", {}), f"{where}, [recipe]")
    for name, knob in recipe.items():
        if name not in settings:
            raise InputRefused(
                f"{where}: {name!r} is no setting that can be searched (these are: {', '.join(sorted(settings))})."
            )
        _refuse_other_kind(knob, settings[name], f"{where}, {name}")
    options = {
        network: _knobs(knobs, f"{where}, [options.{network}]")
        for network, knobs in document.get("options", {}).items()
    }
    if not recipe and not options:
        raise InputRefused(f"{where}: nothing to search; give settings under [recipe].")
    return Space(recipe, options)


def shipped_spaces() -> list[str]:
    """The names of the spaces that come with the program."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def _refuse_other_kind(knob: Knob, kind: Any, where: str) -> None:
    """InputRefused for a value that the recipe's setting cannot have."""
    if isinstance(knob, Range):
        if kind not in (int, float):
            raise InputRefused(f"{where}: is {kind.__name__}, which has no range; give a list of values.")
        return
    for value in knob:
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise InputRefused(f"{where}: must be {kind.__name__}, not {value!r}.")


def _knobs(document: Any, where: str) -> dict[str, Knob]:
    if not isinstance(document, dict):
        raise InputRefused(f"{where}: must be a table.")
    return {name: _knob(value, f"{where}, {name}") for name, value in document.items()}


def _knob(value: Any, where: str) -> Knob:
    if isinstance(value, list) and value and all(isinstance(one, str | int | float) for one in value):
        return tuple(value)
    if isinstance(value, dict) and {"low", "high"} <= set(value) <= {"low", "high", "log", "step"}:
        try:
            return Range(**value)
        except (TypeError, ValueError) as error:
            raise InputRefused(f"{where}: {error}.") from error
    raise InputRefused(f"{where}: give a list of values, or {{ low = ..., high = ... }} with log or step.")
