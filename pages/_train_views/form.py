"""What is chosen on the Train page: kept through every redraw and change of page, and as a command line.

The choice is a recipe to begin with and what was changed about it. Widgets only show it: each is set before it is drawn
and writes back when somebody touches it, so settings that are folded away, or that do not matter for the moment, stay
as they are.
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import streamlit as st

from fer_core.dataset.store import Dataset
from fer_core.errors import FerretError, InputRefused
from fer_core.training.balance import refuse_balancing_twice
from fer_core.training.recipe import NO_BALANCE, Recipe
from fer_core.training.recipe_files import open_own, own_recipes, recipe_toml, store_recipe
from fer_core.workspace import Workspace
from pages import _shared
from pages._train_views import context
from pages._train_views.difference import differences, differing
from pages._train_views.shapes import shapes_only

FLAGS = ("network", "size", "epochs")  # what `train` takes beside a recipe
OWN = "own-"  # before the name of a recipe of one's own, until it gets another


@dataclass
class Form:
    """One person's choice."""

    version: str
    recipe: str  # the name of the one to begin with, `NAME.toml` for one of one's own
    seed: int = 0
    threads: int = 1
    changes: dict[str, Any] = field(default_factory=dict)  # field of the recipe to what it is instead
    leaky: bool = False  # the warning example of mixed splits
    name: str = ""  # of the recipe as changed; "" until somebody gives one
    faces: int = 0  # which nine are shown
    said: str = ""  # what was wrong with what somebody typed; shown once

    @property
    def base(self) -> Recipe:
        """The recipe to begin with."""
        if self.recipe.endswith(".toml"):
            return open_own(own_recipes(_shared.workspace())[self.recipe.removesuffix(".toml")])
        return context.recipes()[self.recipe]

    @property
    def current(self) -> Recipe:
        """The recipe as changed; InputRefused where its values do not go together."""
        changed = replace(self.base, **self.changes)
        if not self.needs_file:
            return changed
        return self._called(changed)

    def _called(self, changed: Recipe) -> Recipe:
        """A changed recipe under a name of its own, with what it came from."""
        note = f"From {self.base.name}, changed: {'; '.join(differences(changed, self.base))}."
        return replace(changed, name=self.own_name, note=note)

    @property
    def own_name(self) -> str:
        return self.name or OWN + self.base.name.removeprefix(OWN)

    @property
    def needs_file(self) -> bool:
        """Whether the changes are more than the flags of `train` can say."""
        by_flags = self.base.changed(**{name: self.changes[name] for name in FLAGS if name in self.changes})
        return bool(differing(replace(self.base, **self.changes), by_flags))

    def material(self, dataset: Dataset) -> context.Material:
        """What is trained on, opened."""
        return replace(context.material(dataset, self.version), leaky=self.leaky)

    def change(self, name: str, value: Any) -> None:
        """Set one field of the recipe. Options belong to a network: another one begins without those of this one."""
        base = self.base
        if name == "network" and value != replace(base, **self.changes).network:
            self.changes.pop("options", None)
            if value != base.network and base.options:
                self.changes["options"] = {}
            if base.freeze and not context.choices().networks[value].initial:
                self.changes["freeze"] = 0  # nothing in it was trained elsewhere
        self.changes[name] = value
        if value == getattr(base, name):
            del self.changes[name]

    def change_option(self, name: str, value: Any, usual: Any) -> None:
        """Set one option of the network; one that is as usual is not written."""
        options = dict(replace(self.base, **self.changes).options)
        options[name] = value
        if value == usual and name not in self.base.options:
            del options[name]
        self.change("options", options)

    def begin_with(self, recipe: str) -> None:
        """Another recipe, as it is."""
        self.recipe, self.changes, self.name = recipe, {}, ""

    def store(self, workspace: Workspace) -> None:
        """Keep the recipe as changed as a file of one's own, and begin with that."""
        _, path = store_recipe(workspace, self.current)
        self.begin_with(path.name)

    def reference(self, workspace: Workspace, *, stored: bool) -> list[str]:
        """The arguments that name the recipe. With `stored`, its file is there afterwards, else where it would be."""
        flags = [part for name in FLAGS if name in self.changes for part in (f"--{name}", str(self.changes[name]))]
        if self.needs_file:
            path = workspace.root / "recipes" / f"{self.own_name}.toml"
            return ["--recipe", str(store_recipe(workspace, self.current)[1] if stored else path)]
        own = self.recipe.endswith(".toml")
        return ["--recipe", str(workspace.root / "recipes" / self.recipe) if own else self.recipe, *flags]

    def arguments(self, workspace: Workspace, run_id: str | None = None, *, stored: bool = False) -> list[str]:
        """What comes after `python -m fer_core`; with the run's id in it, running it again is resuming it."""
        run = ["--run", run_id] if run_id else []
        line = ["train", self.version, *run, *self.reference(workspace, stored=stored)]
        line += ["--seed", str(self.seed), "--threads", str(self.threads)]
        return [*line, "--leaky-split"] if self.leaky else line

    def command(self, workspace: Workspace) -> str:
        """The command line that does the same."""
        default = Path("data").resolve() == workspace.root
        line = ["python", "-m", "fer_core", *self.arguments(workspace)]
        return shlex.join(line if default else [*line, "--workspace", str(workspace.root)])

    def file(self) -> tuple[str, str]:
        """The recipe as a file to take away: its name and its text."""
        recipe = self._called(self.current) if self.changes else self.base
        return f"{recipe.name}.toml", recipe_toml(recipe)


def opened_form(dataset: Dataset) -> Form:
    """This person's form; a new one begins as the address says."""
    form: Form | None = st.session_state.get("train_form")
    if form is None:
        form = Form(dataset.name, next(iter(context.recipes())), threads=context.choices().threads)
        _from_address(form)
        st.session_state["train_form"] = form
    if form.version not in context.versions(dataset):
        wanted = st.query_params.get("version", "")
        form.version = wanted if wanted in context.versions(dataset) else dataset.name
    if form.recipe not in recipe_names():
        form.begin_with(next(iter(context.recipes())))
    return form


def _from_address(form: Form) -> None:
    form.version = st.query_params.get("version", form.version)
    recipe, network = st.query_params.get("recipe", ""), st.query_params.get("network", "")
    if recipe in recipe_names():
        form.begin_with(recipe)
    if network in context.choices().networks:
        form.change("network", network)


def into_address(form: Form) -> None:
    """Version, recipe and network survive a reload; what is as usual is left out."""
    usual = next(iter(context.recipes()))
    wanted = {
        "version": form.version if "@" in form.version else "",
        "recipe": form.recipe if form.recipe != usual else "",
        "network": form.changes.get("network", ""),
    }
    for key, value in wanted.items():
        if value:
            st.query_params[key] = value
        else:
            st.query_params.pop(key, None)


def recipe_names() -> list[str]:
    """Every recipe that can be begun with: the shipped ones, one's own before the audit's."""
    shipped, own = list(context.recipes()), [f"{name}.toml" for name in own_recipes(_shared.workspace())]
    audit = [name for name in shipped if name.startswith(context.LAST)]
    return [*(name for name in shipped if name not in audit), *own, *audit]


def sentence_of(attempt: Callable[[], Any]) -> str:
    """What is wrong with something, as a sentence; empty where nothing is."""
    try:
        attempt()
    except FerretError as error:
        return str(error)
    return ""


def problem(dataset: Dataset, form: Form) -> str:
    """Why the recipe as chosen cannot be trained; empty where it can."""
    try:
        recipe = form.current
    except InputRefused as error:
        return str(error)
    begun = [recipe.options.get(name, "none") for name in context.choices().networks[recipe.network].initial]
    if recipe.freeze and all(weights == "none" for weights in begun):
        return "Frozen epochs need first weights from elsewhere, and this network begins from scratch: set them to 0."
    if recipe.balance != NO_BALANCE:
        material = form.material(dataset)
        rows = material.version.epoch(material.protocol.train)
        if told := sentence_of(lambda: refuse_balancing_twice(recipe, rows, material.version.weights)):
            return told
    touched = form.recipe.endswith(".toml") or form.changes.keys() & {"network", "size", "options"}
    usual = recipe.size in context.choices().networks[recipe.network].sizes and not recipe.options
    if usual or not touched:
        return ""
    return _unbuildable(recipe.network, recipe.size, repr(sorted(recipe.options.items())), recipe.options)


@st.cache_data(max_entries=256, show_spinner=False)
def _unbuildable(network: str, size: int, key: str, _options: dict[str, Any]) -> str:
    """What keeps a network from being built; tried without any numbers in it, so it takes no time."""
    from fer_core.networks.registry import rebuild_network

    with shapes_only():
        return sentence_of(lambda: rebuild_network(network, size, **_options))
