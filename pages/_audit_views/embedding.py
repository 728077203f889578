"""The map: every image a point, what the network takes for alike lies together; a lasso makes a queue."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from fer_core.audit.results import Audit
from fer_core.emotions import EMOTIONS
from fer_core.review.judgement.consensus import STATES
from pages import _charts
from pages._audit_views import picked
from pages._audit_views.context import Context, by_row

COLOURINGS = ("class", "label problem", "state")
_QUIET, _LOUD = "#9AA5AE", "#D55E00"
_STATE_COLOURS = dict(zip(STATES, ("#9AA5AE", "#009E73", "#D55E00", "#E69F00", "#CC79A7"), strict=True))


@st.fragment
def show(context: Context) -> None:
    """The view; a fragment, so that a lasso draws only this again."""
    if not context.searched:
        st.caption("The map shows what a network takes for alike; this audit looked at pixels only.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        colouring = st.segmented_control(
            "Colour by", COLOURINGS, default="class", required=True, format_func=str.capitalize, key="colouring"
        )
        st.caption("Draw around points to see the faces. Double-click takes the selection away.")
    watermark = context.log.watermark() if colouring == "state" else 0
    figure = _figure(context.audit, context.key, str(colouring), watermark, context)
    event = _charts.show(
        figure,
        "map",
        "Map of all images; images that the network takes for alike lie together",
        height=560,
        on_select="rerun",
        selection_mode=("lasso", "box"),
    )
    points = event["selection"]["points"] if event else []
    rows = np.array([int(point["customdata"]) for point in points], np.int64)
    if not len(rows):
        return
    ranks = by_row(context.audit, context.key)["rank"].to_numpy()
    rows = rows[np.argsort(ranks[rows])]
    st.caption(f"{len(rows):,} images inside, most suspect first.")
    picked.actions(context, rows, "Audit: a part of the map", "map")
    picked.faces(context, rows[picked.paged(len(rows), "map_page")], "map_grid", "Images inside the lasso")


@st.cache_resource(max_entries=6, show_spinner=False)
def _figure(_audit: Audit, key: str, colouring: str, watermark: int, _context: Context) -> go.Figure:
    """One trace per colour; the same object for the same key, since another figure would drop the selection."""
    dataset = _context.dataset
    if colouring == "class":
        parts = [(emotion.name, emotion.colour, dataset.labels == emotion.index) for emotion in EMOTIONS]
    elif colouring == "state":
        state = _context.people().state
        parts = [(name, _STATE_COLOURS[name], state == index) for index, name in enumerate(STATES)]
    else:
        suspect = _audit.scores["suspicion"].to_numpy() >= _audit.document["suspect_from"]
        parts = [("nothing suspicious", _QUIET, ~suspect), ("suspicious label", _LOUD, suspect)]
    figure = go.Figure()
    for name, colour, rows in parts:
        own = np.flatnonzero(rows)
        if not len(own):
            continue
        figure.add_trace(
            go.Scattergl(
                x=_audit.map[own, 0],
                y=_audit.map[own, 1],
                mode="markers",
                name=f"{name} {len(own):,}",
                marker={"size": 4, "color": colour, "opacity": 0.65},
                customdata=own,
                hovertemplate=name + "<extra></extra>",
            )
        )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    figure.update_layout(dragmode="lasso", legend={"itemsizing": "constant"})
    return figure
