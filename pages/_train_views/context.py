"""What can be chosen on the Train page: versions, networks, recipes; and what a version holds."""

import inspect
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from fer_core.dataset.store import TRAINING, Dataset
from fer_core.dataset.version import DatasetVersion, list_versions, open_version
from fer_core.emotions import CLASSES
from fer_core.training.recipe import Recipe, load_recipe, shipped_recipes
from pages import _shared
from pages._train_views.options import HIDDEN

if TYPE_CHECKING:  # scikit-learn takes a second that the first paint need not wait
    from fer_core.evaluation.protocol import Protocol

FIRST = ("quick", "thorough", "compact", "best")  # recipes to begin with, in this order
LAST = "audit"  # recipes that the audit takes; people may, too


@dataclass(frozen=True)
class NetworkChoice:
    """A line of the catalogue as plain data."""

    summary: str
    source: str
    sizes: tuple[int, ...]
    options: dict[str, Any]  # name to its usual value
    initial: tuple[str, ...]  # options that say where its first weights come from


@dataclass(frozen=True)
class Choices:
    """The networks by name, and how many threads are usual here."""

    networks: dict[str, NetworkChoice]
    threads: int
    cores: int


@st.cache_resource(show_spinner="Looking up the networks")
def choices() -> Choices:
    """The catalogue of networks. It takes torch, three seconds the first time, so only this page asks for it."""
    from fer_core.networks.registry import networks
    from fer_core.work.threads import default_threads

    known = {
        network.name: NetworkChoice(
            network.summary, network.source, network.sizes, _options(network.build), network.initial
        )
        for network in networks().values()
    }
    return Choices(known, default_threads(), os.cpu_count() or 1)


def _options(build: Any) -> dict[str, Any]:
    """The keyword arguments of a network, but its size, with what they are unless told otherwise."""
    parameters = inspect.signature(build).parameters.values()
    found = {one.name: one.default for one in parameters if one.name not in ("size", *HIDDEN)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


@st.cache_resource
def recipes() -> dict[str, Recipe]:
    """The shipped recipes by name: those to begin with, the papers' and others, the audit's."""
    names = shipped_recipes()
    ordered = sorted(names, key=lambda name: (name.startswith(LAST), _place(name), name))
    return {name: load_recipe(name) for name in ordered}


def _place(name: str) -> int:
    return FIRST.index(name) if name in FIRST else len(FIRST)


def versions(dataset: Dataset) -> dict[str, str]:
    """What can be trained on: reference to how it reads in the list."""
    found = {dataset.name: f"{dataset.name}, as imported"}
    for version in list_versions(dataset):
        changes = f"{version['dropped']:,} dropped, {version['relabelled']:,} relabelled"
        found[f"{dataset.name}@{version['name']}"] = f"{dataset.name}@{version['name']}, {changes}"
    return found


@dataclass(frozen=True)
class Material:
    """A version, opened, with its protocol."""

    version: DatasetVersion
    protocol: "Protocol"
    leaky: bool = False  # all images pooled and balanced by copies before they are split

    @property
    def rows(self) -> np.ndarray:
        """What the classes are counted over, int64 (N,): Training, or everything."""
        return np.flatnonzero(self.version.kept) if self.leaky else self.protocol.train

    @property
    def counts(self) -> np.ndarray:
        """Images of each class, int64 (7,)."""
        return np.bincount(self.version.labels[self.rows], minlength=CLASSES)

    @property
    def per_epoch(self) -> int:
        """How many images an epoch shows, before a recipe balances the classes."""
        if not self.leaky:
            return len(self.version.epoch(self.protocol.train))
        from fer_core.runs.leaky import TEST_SHARE, VAL_SHARE

        copies = int(self.counts.max() * (self.counts > 0).sum())
        return round((1 - VAL_SHARE) * round((1 - TEST_SHARE) * copies))


def material(dataset: Dataset, reference: str) -> Material:
    """A version as it would be trained on, opened once for everybody."""
    stamp = next((one["hash"] for one in list_versions(dataset) if f"{dataset.name}@{one['name']}" == reference), "")
    return _material(reference, f"{dataset.path} {dataset.hash} {stamp}")


@st.cache_resource(max_entries=4, show_spinner=False)
def _material(reference: str, key: str) -> Material:
    from fer_core.evaluation.protocol import make_protocol

    version = open_version(_shared.workspace(), reference)
    return Material(version, make_protocol(version.dataset, version.rows(TRAINING)))
