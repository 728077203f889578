"""Does one version train better than another? Proofs that were made, and the start of a new one."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from fer_core.dataset.store import Dataset, open_dataset
from fer_core.dataset.version import list_versions
from fer_core.jobs.runner import submit
from fer_core.runs.proof import list_proofs
from fer_core.training.recipe import shipped_recipes
from pages import _charts, _shared

SEEDS = 5
COLOURS = ("#8A8F98", "#0F6B7A")  # the version that was there, and the one that is to help


def show(name: str) -> None:
    """The fold below the runs of a data set."""
    dataset = open_dataset(_shared.workspace(), name)
    proofs = list_proofs(_shared.workspace(), name)
    title = f"Does cleaning help? ({len(proofs)})" if proofs else "Does cleaning help?"
    with st.expander(title, icon=":material/balance:"):
        st.caption(
            "Two versions are trained by one recipe with the same seeds, and scored on the same images: PrivateTest "
            "without copies by its labels, and VoteTest by what annotators voted, where there are votes."
        )
        _start(dataset)
        for proof in proofs:
            _proof(proof)


def _start(dataset: Dataset) -> None:
    versions = [dataset.name, *(f"{dataset.name}@{version['name']}" for version in list_versions(dataset))]
    if len(versions) < 2:
        st.markdown("**There is one version only.** Cut another from what people said, then come back.")
        st.page_link("consensus.py", label="Cut a version", icon=":material/content_cut:")
        return
    a, b, recipe, seeds, button = st.columns([3, 3, 2, 1, 2], vertical_alignment="bottom")
    first = a.selectbox("As it was", versions, key="proof_a")
    second = b.selectbox("That should help", [one for one in versions if one != first], key="proof_b")
    names = shipped_recipes()
    chosen = recipe.selectbox("Recipe", names, names.index("quick"), key="proof_recipe")
    count = seeds.number_input("Seeds", 1, 20, SEEDS, key="proof_seeds", help="One shows nothing about chance.")
    if button.button("Train and compare", icon=":material/balance:", key="proof_start", width="stretch"):
        line = ["prove", first, second, "--recipe", chosen, "--seeds", str(count)]
        submit(_shared.workspace(), line, f"Does {second} help against {first}? {2 * count} trainings")
        st.toast("Queued. The Train page shows how far it is.", icon=":material/check:")


def _proof(proof: dict[str, Any]) -> None:
    """Its sentence, and every seed of both versions on every set of images."""
    with st.container(border=True):
        st.markdown(f"**{_shared.literal(proof['sentence'])}**")
        recipe = proof["recipe"]
        st.caption(f"{recipe['network']} at {recipe['size']}, {recipe['name']}, {recipe['epochs']} epochs.")
        tests = st.columns(len(proof["tests"]))
        for place, test in zip(tests, proof["tests"], strict=True):
            with place:
                _test(proof, test)


def _test(proof: dict[str, Any], test: dict[str, Any]) -> None:
    figures = test["figures"]["macro-F1"]
    figure = go.Figure()
    for side, version, colour in zip("ab", proof["versions"], COLOURS, strict=True):
        figure.add_scatter(
            x=figures[side],
            y=[version] * len(figures[side]),
            mode="markers",
            marker={"color": colour, "size": 11, "symbol": "circle" if side == "a" else "diamond"},
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
            showlegend=False,
        )
    figure.update_xaxes(title="macro-F1, a mark for each seed", tickformat=".3f", nticks=5)
    told = "; ".join(
        f"{version}: {', '.join(f'{value:.3f}' for value in figures[side])}"
        for side, version in zip("ab", proof["versions"], strict=True)
    )
    st.markdown(f"{test['on']}, {test['n']:,} images")
    _charts.show(figure, f"proof_{proof['id']}_{test['split']}", f"Macro-F1 of each seed. {told}", 150)
    st.caption(figures["sentence"])
