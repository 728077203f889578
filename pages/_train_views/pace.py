"""How long a training will take, and how that is known: from a run like it, a measurement, or another network's run."""

import time
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from fer_core.runs.run import Run, list_runs
from fer_core.training.recipe import Recipe
from fer_core.work.threads import torch_threads
from pages import _curves, _shared
from pages._train_views.charts import images_per_epoch
from pages._train_views.context import Material
from pages._train_views.shapes import undrawn

MEASURED_SECONDS = 2.0
EVALUATION = 1 / 3  # of what training on an image takes: forward alone


@dataclass(frozen=True)
class Pace:
    """How fast images are learnt from."""

    images_per_s: float
    why: str  # the end of a sentence that begins with how long it takes
    evaluated: bool  # whether evaluating after each epoch is in it already
    certain: bool = False  # whether measuring would tell nothing more


def panel(material: Material, recipe: Recipe, threads: int) -> None:
    """The estimate in a sentence, and a button that measures."""
    found = pace(recipe, threads)
    if found is None:
        st.caption("How long it takes is not known yet: nothing was trained here before.")
    else:
        st.caption(f"**About {_shared.duration(seconds(found, material, recipe))}**, {found.why}.")
    if (found is None or not found.certain) and st.button(
        f"Measure for {MEASURED_SECONDS:.0f} s", key="measure", type="tertiary", icon=":material/timer:"
    ):
        with st.spinner("Training a few batches"):
            _measurements()[_key(recipe, threads)] = measure(recipe, threads)
        st.rerun()


def seconds(found: Pace, material: Material, recipe: Recipe) -> float:
    """How long all epochs take, PublicTest after each of them included."""
    images: float = images_per_epoch(material, recipe)
    if not found.evaluated:
        images += EVALUATION * len(material.protocol.val)
    return images * recipe.epochs / found.images_per_s


def pace(recipe: Recipe, threads: int) -> Pace | None:
    """The best that is known about the pace of such a training here; None where nothing was ever trained here."""
    runs = [(run, told) for run in list_runs(_shared.workspace()) if (told := run_pace(run))]
    alike = [(run, told) for run, told in runs if (run.document["network"], run.document["size"]) == _kind(recipe)]
    for run, told in alike:
        if _options(run) == recipe.options and run.document["environment"]["threads"] == threads:
            return Pace(told, f"at the pace of the last such training here ({told:,.0f} images a second)", True, True)
    if _key(recipe, threads) in _measurements():
        told = _measurements()[_key(recipe, threads)]
        return Pace(told, f"as measured just now ({told:,.0f} images a second)", False, True)
    for run, told in alike:
        used = run.document["environment"]["threads"]
        scaled = told * threads / used
        return Pace(scaled, f"going by a training of the same network here{_with(used, threads)}", True)
    if runs:
        run, told = runs[0]
        used = run.document["environment"]["threads"]
        mine = _multiply_adds(recipe.network, recipe.size, recipe.options)
        other = _multiply_adds(run.document["network"], run.document["size"], _options(run))
        why = (
            f"roughly, by multiply-adds: {mine / 1e6:,.0f} million a face, {other / 1e6:,.0f} million in the last run "
            f"here{_with(used, threads)}"
        )
        return Pace(told * other / mine * threads / used, why, False)
    return None


def run_pace(run: Run) -> float | None:
    """Images a second of a run, as it told last."""
    return _curves.latest_event(run).get("images_per_s")


def _kind(recipe: Recipe) -> tuple[str, int]:
    return recipe.network, recipe.size


def _options(run: Run) -> dict[str, Any]:
    return dict(run.document["recipe"].get("options") or {})


def _with(used: int, threads: int) -> str:
    return "" if used == threads else f" with {used} {'thread' if used == 1 else 'threads'}"


def _key(recipe: Recipe, threads: int) -> str:
    return repr((_kind(recipe), sorted(recipe.options.items()), recipe.batch, recipe.precision, recipe.resize, threads))


@st.cache_resource
def _measurements() -> dict[str, float]:
    """What was measured since the start of the app, for everybody."""
    return {}


def measure(recipe: Recipe, threads: int) -> float:
    """Images a second of a few batches of noise, about `MEASURED_SECONDS` of them after the first."""
    import torch

    from fer_core.networks.registry import find_network
    from fer_core.training.machine import default_device
    from fer_core.training.randomness import seeded
    from fer_core.training.state import Training

    initial = find_network(recipe.network).initial
    options = {name: value for name, value in recipe.options.items() if name not in initial}
    plain = replace(recipe, options=options, freeze=0, compile=False)
    with torch_threads(threads), seeded(0):
        training = Training(plain, recipe.batch, 0, default_device())
        faces = torch.randint(0, 256, (recipe.batch, 48, 48), dtype=torch.uint8, device=training.device)
        labels = torch.arange(recipe.batch, device=training.device) % 7
        training.advance(faces, labels)  # the first batch also makes room
        done, started = 0, time.perf_counter()
        while time.perf_counter() - started < MEASURED_SECONDS:
            training.progress.step = 0
            training.advance(faces, labels)
            done += recipe.batch
        return done / (time.perf_counter() - started)


def _multiply_adds(network: str, size: int, options: dict[str, Any]) -> int:
    return cost(network, size, options).multiply_adds


def cost(network: str, size: int, options: dict[str, Any]) -> Any:
    """The cost of a network, counted once. The first one of a process takes four seconds."""
    return _cost(network, size, repr(sorted(options.items())), options)


@st.cache_resource(max_entries=256, show_spinner="Counting multiply-adds")
def _cost(network: str, size: int, key: str, _options: dict[str, Any]) -> Any:
    from fer_core.networks.cost import network_cost
    from fer_core.networks.registry import find_network

    initial = find_network(network).initial
    with undrawn():
        return network_cost(network, size, **{name: value for name, value in _options.items() if name not in initial})
