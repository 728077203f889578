"""Searches over settings: starting one, and what those there are have found."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from fer_core.dataset.store import Dataset
from fer_core.errors import FerretError
from fer_core.files import check_name
from fer_core.jobs import runner
from fer_core.training.recipe_files import store_recipe
from fer_core.training.search.space import load_space, shipped_spaces
from pages import _charts, _shared
from pages._train_views import context
from pages._train_views.form import sentence_of

if TYPE_CHECKING:
    from fer_core.training.search.sweep import Sweep

TRIALS, EPOCHS = 20, 4
SHOWN = 10  # trials in the table
FEWEST = 4  # finished trials from which on importances mean something


def show(dataset: Dataset) -> None:
    """Everything about searches, folded, and not drawn until somebody wants it."""
    found = list_of(dataset)
    fold = st.expander(
        f"Search settings ({len(found)})" if found else "Search settings",
        icon=":material/search_insights:",
        on_change="rerun",
        key="train_searches",
    )
    if not fold.open:
        return
    with fold:
        if find_spec("optuna") is None:
            st.caption("A search draws settings with Optuna, which is not installed: *pip install optuna*.")
            return
        st.caption(
            "Many short trainings with settings drawn at random, then near the best so far; what is clearly behind is "
            "given up. PublicTest judges; PrivateTest is not looked at. What comes out is a recipe to train in full."
        )
        left, right = st.columns([2, 3], gap="large")
        with left:
            _start(dataset)
        with right:
            _found(dataset, found)


def list_of(dataset: Dataset) -> list[str]:
    """The names of the workspace's searches; those of other data sets say so when they are opened."""
    return sorted(path.stem for path in (_shared.workspace().root / "sweeps").glob("*.db"))


def _start(dataset: Dataset) -> None:
    version = st.selectbox("Search on", list(context.versions(dataset)), key="sweep_version")
    spaces = shipped_spaces()
    space = st.selectbox("What is searched", spaces, spaces.index("small"), key="sweep_space")
    searched = load_space(space)
    names = [
        *searched.recipe,
        *(f"{network}'s {name}" for network, knobs in searched.options.items() for name in knobs),
    ]
    st.caption(", ".join(name.replace("_", " ") for name in names))
    recipe = st.selectbox("What stays as it is", list(context.recipes()), key="sweep_recipe", help="A recipe.")
    trials, epochs = st.columns(2)
    count = trials.number_input("Trials", 1, 1000, TRIALS, key="sweep_trials", help="Short trainings, in all.")
    each = epochs.number_input("Epochs each", 1, 100, EPOCHS, key="sweep_epochs")
    name = st.text_input("Name", f"{dataset.name}-{space}", key="sweep_name", help="One that exists goes on.")
    if st.button("Start searching", icon=":material/search_insights:", key="sweep_start", width="stretch"):
        if wrong := sentence_of(lambda: check_name(name, "sweep")):
            st.error(_shared.literal(wrong), icon=":material/error:")
            return
        line = ["sweep", version, "--name", name, "--space", space, "--recipe", recipe]
        line += ["--trials", str(count), "--epochs", str(each)]
        runner.submit(_shared.workspace(), line, f"Search {name} on {version}, {count} trials")
        st.rerun(scope="app")


def _found(dataset: Dataset, names: list[str]) -> None:
    if not names:
        st.markdown("**Nothing was searched yet.**")
        st.caption("Twenty trials of four epochs on FER2013 take about an hour on two cores.")
        return
    from fer_core.training.search.sweep import open_sweep

    name = st.selectbox("Search", names, key="sweep", label_visibility="collapsed")
    try:
        sweep = open_sweep(_shared.workspace(), name)
    except FerretError as error:
        st.caption(_shared.literal(str(error)))
        return
    trials = sweep.trials()
    counts = {state: sum(trial.state == state for trial in trials) for state in ("done", "pruned", "failed", "running")}
    words = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    st.caption(f"{sweep.about.get('protocol', '')} {len(trials)} trials: {words or 'none yet'}.")
    best = sweep.best()
    if best is None:
        return
    trial, recipe = best
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{trial.accuracy:.1%}** on PublicTest by trial {trial.number}")
        if st.button("Keep as a recipe", icon=":material/bookmark_add:", key="sweep_keep"):
            kept, _ = store_recipe(_shared.workspace(), recipe)
            st.toast(f"{kept.name} is among your recipes.", icon=":material/check:")
    st.dataframe(_table(sweep), hide_index=True, height="content", key="sweep_table")
    _plots(sweep, counts["done"])


def _table(sweep: "Sweep") -> pd.DataFrame:
    done = sorted((one for one in sweep.trials() if one.state == "done"), key=lambda one: -(one.accuracy or 0))
    lines = [
        {"trial": one.number, "PublicTest": f"{one.accuracy:.1%}"}
        | {
            key.removeprefix("options.").replace("_", " "): f"{value:.3g}" if isinstance(value, float) else str(value)
            for key, value in one.settings.items()
        }
        for one in done[:SHOWN]
    ]
    return pd.DataFrame(lines).fillna("")


def _plots(sweep: "Sweep", done: int) -> None:
    """Optuna's own: the best so far, what mattered, and which values went together."""
    from optuna import visualization

    history, importance, together = st.tabs(["Best so far", "What mattered", "Together"])
    with history:
        figure = visualization.plot_optimization_history(sweep.study)
        figure.update_layout(title=None, yaxis_title="PublicTest")
        _charts.show(figure, "sweep_history", "The accuracy of each trial and the best so far")
    if done < FEWEST:
        for tab in (importance, together):
            tab.caption(f"From {FEWEST} finished trials on.")
        return
    with importance:
        _charts.show(visualization.plot_param_importances(sweep.study).update_layout(title=None), "sweep_importance",
                     "How much of the differences between trials each setting explains")  # fmt: skip
    with together:
        _charts.show(visualization.plot_parallel_coordinate(sweep.study).update_layout(title=None), "sweep_together",
                     "The settings of each trial as a line, coloured by accuracy", 360)  # fmt: skip
