"""Misclassified faces: by class pair, confidence and loss; what people say of them, and who is to blame."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer_core.emotions import NAMES
from fer_core.review.judgement.mistakes import BLAMES, BOTH, LABEL, NETWORK, OPEN, SUSPECT, UNSEEN, blames
from pages import _charts, _runs
from pages._run_views import faces
from pages._runs import Looked

SHORT = {
    LABEL: "Wrong label",
    NETWORK: "Wrong network",
    BOTH: "Both wrong",
    OPEN: "Ambiguous",
    SUSPECT: "Suspect label",
    UNSEEN: "Not looked at",
}
COLOURS = {
    LABEL: "#D55E00",
    SUSPECT: "#E5A072",
    NETWORK: "#0072B2",
    BOTH: "#7B6CB0",
    OPEN: "#8A8F98",
    UNSEEN: "#C3C7CC",
}
ORDERS = {"loss": "Highest loss first", "sure": "Surest first", "unsure": "Least sure first"}


@st.fragment
def show(looked: Looked) -> None:
    """The view."""
    table = _mistakes(looked)
    if table.empty:
        st.markdown("**No mistake on these images.**")
        return
    _blame_bars(table)
    kept = _filtered(table)
    words = (
        f"{len(kept):,} of {len(table):,} mistakes. Under each face: the label, what the network calls it, and what "
        "people say where they agree."
    )
    faces.gallery(looked, kept, f"mistakes of {looked.first.id}", words, "mistakes")


def _mistakes(looked: Looked) -> pd.DataFrame:
    """row, label, says, confidence, loss, blame, caption of every image that the run calls otherwise."""
    found = _runs.called(looked.first, looked.shown)
    found = found[found["says"] != found["label"]]
    rows, label, says = (found[name].to_numpy() for name in ("row", "label", "says"))
    people, audit = faces.people(looked), faces.audit_of(looked)
    suspicion, least = None, 0.5
    if audit is not None:
        suspicion, least = faces.suspicion_of(audit), float(audit.document["suspect_from"])
    blame = blames(rows, label, says, people, suspicion, least)
    agreed = people.label[rows]
    captions = [
        f"{NAMES[one]} → {NAMES[other]}" + (f", people: {NAMES[people_say]}" if people_say >= 0 else "")
        for one, other, people_say in zip(label, says, agreed, strict=True)
    ]
    return found.assign(blame=blame, caption=captions)


def _blame_bars(table: pd.DataFrame) -> None:
    """A wrong label or a wrong network? How many mistakes are of which kind."""
    counts = table["blame"].value_counts()
    there = [blame for blame in SHORT if blame in counts]
    figure = go.Figure(
        go.Bar(
            x=[counts[blame] for blame in there],
            y=[SHORT[blame] for blame in there],
            orientation="h",
            marker_color=[COLOURS[blame] for blame in there],
            text=[f"{counts[blame]:,} ({counts[blame] / len(table):.0%})" for blame in there],
            textposition="outside",
            customdata=[BLAMES[blame] for blame in there],
            hovertemplate="%{customdata}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_layout(bargap=0.3)
    figure.update_xaxes(visible=False, range=[0, 1.25 * counts.max()])
    figure.update_yaxes(autorange="reversed")
    said = "; ".join(f"{BLAMES[blame]}: {counts[blame]:,}" for blame in there)
    left, right = st.columns([1.5, 1], gap="large", vertical_alignment="center")
    with left:
        st.markdown("**A wrong label or a wrong network?**")
        _charts.show(figure, "blame", f"Mistakes by who is to blame. {said}", 60 + 28 * len(there))
    with right:
        st.caption(
            "People decide where they agree: reviewers, and imported votes. Where nobody has looked, the audit's "
            "suspicion is a hint and no more. Send what is suspect to review, and these bars move."
        )


def _filtered(table: pd.DataFrame) -> pd.DataFrame:
    """The filters, kept in the URL, and the order."""
    there = [blame for blame in BLAMES if (table["blame"] == blame).any()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.multiselect(
            "Who is wrong", there, format_func=SHORT.get, key="blame_of", bind="query-params", placeholder="any",
            width=220,
        )  # fmt: skip
        labels = st.multiselect("Labelled", NAMES, key="labelled", bind="query-params", placeholder="all", width=170)
        says = st.multiselect("Called", NAMES, key="called", bind="query-params", placeholder="any", width=170)
        low, high = st.slider("Sure", 0, 100, (0, 100), 5, key="sure", bind="query-params", format="%d %%", width=170)
        most = float(np.ceil(table["loss"].max()))
        least = st.slider("Loss from", 0.0, most, 0.0, 0.1, key="loss_from", width=150)
        order = st.selectbox("Order", list(ORDERS), format_func=ORDERS.get, key="order", bind="query-params", width=190)
    keep = table["confidence"].between(low / 100, high / 100) & (table["loss"] >= least)
    for column, values in (("blame", wanted), ("label", [NAMES.index(n) for n in labels]),
                           ("says", [NAMES.index(n) for n in says])):  # fmt: skip
        if values:
            keep &= table[column].isin(values)
    column, rising = {"loss": ("loss", False), "sure": ("confidence", False), "unsure": ("confidence", True)}[order]
    return table[keep].sort_values([column, "row"], ascending=[rising, True])
