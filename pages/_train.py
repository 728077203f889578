"""What the Train page offers and shows: versions, networks, recipes, an estimate of the time, a training as it runs."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from fer_core.dataset.store import SPLITS, TRAINING, Dataset
from fer_core.dataset.version import list_versions
from fer_core.errors import NotFound
from fer_core.jobs.store import Job
from fer_core.training.recipe import Recipe, load_recipe, shipped_recipes
from fer_core.training.run import Run, list_runs, open_run
from pages import _curves, _shared

FIRST_RECIPE = "quick"


@dataclass(frozen=True)
class Choices:
    """The networks as plain data (name: summary, sizes) and how many threads are usual here."""

    networks: dict[str, tuple[str, tuple[int, ...]]]
    threads: int
    cores: int


@st.cache_resource(show_spinner="Looking up the networks")
def choices() -> Choices:
    """The catalogue of networks. It takes torch, three seconds the first time, so only this page asks for it."""
    import os

    from fer_core.networks.registry import networks
    from fer_core.training.threads import default_threads

    known = {network.name: (network.summary, network.sizes) for network in networks().values()}
    return Choices(known, default_threads(), os.cpu_count() or 1)


@st.cache_resource
def recipes() -> dict[str, Recipe]:
    """The shipped recipes, the one to begin with first."""
    names = sorted(shipped_recipes(), key=lambda name: (name != FIRST_RECIPE, name))
    return {name: load_recipe(name) for name in names}


def versions(dataset: Dataset) -> dict[str, tuple[str, int]]:
    """What can be trained on: reference to (how it reads in the list, number of Training images)."""
    imported = int((dataset.splits == TRAINING).sum())
    found = {dataset.name: (f"{dataset.name}, as imported", imported)}
    for version in list_versions(dataset):
        kept = version.get("per_epoch", version["kept"][SPLITS[TRAINING]])
        changes = f"{version['dropped']:,} dropped, {version['relabelled']:,} relabelled"
        found[f"{dataset.name}@{version['name']}"] = (f"{dataset.name}@{version['name']}, {changes}", kept)
    return found


def estimate(network: str, size: int, images: int, epochs: int) -> float | None:
    """Seconds that a training will take, from the pace of the last one of its kind here; None without one."""
    for run in list_runs(_shared.workspace()):
        if (run.document["network"], run.document["size"]) == (network, size):
            pace = _curves.latest_event(run).get("images_per_s")
            if pace:
                return images * epochs / pace
    return None


def train_arguments(version: str, run_id: str, recipe: str, **settings: Any) -> list[str]:
    """The command line of a training; with the run's id in it, running it again is resuming it."""
    line = ["train", version, "--run", run_id, "--recipe", recipe]
    for flag, value in settings.items():
        line += [f"--{flag}", str(value)]
    return line


def run_of(job: Job) -> Run | None:
    """The run that a training job writes; None for other jobs, and before it has begun to write."""
    if job.arguments[:1] != ["train"] or "--run" not in job.arguments[:-1]:
        return None
    try:
        return open_run(_shared.workspace(), job.arguments[job.arguments.index("--run") + 1])
    except NotFound:
        return None
