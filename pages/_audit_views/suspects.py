"""The ranking as a grid of faces: filters in the URL, one image in detail beside it."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from fer_core.audit.findings import REASONS
from fer_core.audit.results import Audit
from fer_core.audit.scores import nearest_images
from fer_core.dataset.store import SPLITS, Dataset, image_id
from fer_core.emotions import NAMES
from fer_core.review.judgement.consensus import STATES
from pages._audit_views import detail, picked
from pages._audit_views.context import Context, directions

FILTER = 148  # pixels: seven of them stand in one row on a desk
LIKE = 60  # images shown as like another one


@dataclass(frozen=True)
class Filter:
    """What is on the screen; an empty tuple means all."""

    labels: tuple[str, ...]
    seen: tuple[str, ...]
    splits: tuple[str, ...]
    reasons: tuple[str, ...]
    states: tuple[str, ...]
    suspicion: tuple[float, float]
    folded: bool  # of exact copies only the most suspect


def show(context: Context) -> None:
    """The view."""
    if not context.searched:
        st.caption("This audit looked at pixels only, so the order says nothing; run the audit to rank the labels.")
    like = st.query_params.get("like", "")
    if like.isdecimal() and int(like) < len(context.dataset) and context.searched:
        rows, words = _like(context, int(like))
    else:
        wanted = _filter_bar(context)
        rows = _filtered(context.audit, context.key, wanted, _states(context, wanted.states), context.dataset)
        words = f"{len(rows):,} of {len(context.dataset):,} images, most suspect first."
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(words, width="content")
        part = picked.paged(len(rows), "page")
    if not len(rows):
        st.markdown("Nothing passes these filters. Take one away.")
        return
    grid, beside = st.columns([3, 1.15], gap="large")
    with grid:
        chosen = picked.faces(context, rows[part], "suspect_grid", "Suspects")
        st.caption("Click to see why; shift takes a range, Control+A the page.")
        picked.actions(
            context,
            np.array(chosen, np.int64) if len(chosen) > 1 else rows,
            f"Audit: {_title(chosen)}",
            "suspects",
        )
    with beside:
        detail.show(context, chosen[-1] if chosen else int(rows[part][0]))


def _title(chosen: list[int]) -> str:
    return "picked suspects" if len(chosen) > 1 else "filtered suspects"


def _like(context: Context, row: int) -> tuple[np.ndarray, str]:
    """What the network takes for most alike, and a way back."""
    nearest = nearest_images(directions(context.audit, context.key), row, context.dataset.groups, LIKE)
    if st.button("Back to all suspects", icon=":material/arrow_back:", type="tertiary"):
        del st.query_params["like"]
        st.rerun()
    return nearest, f"The {len(nearest)} images that the network finds most like {image_id(row)}, most alike first."


def _filter_bar(context: Context) -> Filter:
    """The filters, kept in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        labels = st.multiselect("Given label", NAMES, key="label", bind="query-params", placeholder="all", width=FILTER)
        seen = st.multiselect("Seen as", NAMES, key="seen", bind="query-params", placeholder="any", width=FILTER)
        splits = st.multiselect("Split", SPLITS, key="split", bind="query-params", placeholder="all", width=FILTER)
        reasons = st.multiselect(
            "Reason",
            list(REASONS),
            key="reason",
            bind="query-params",
            placeholder="any",
            format_func=lambda reason: reason.replace("-", " "),
            width=FILTER,
        )
        states = st.multiselect("State", STATES, key="state", bind="query-params", placeholder="any", width=FILTER)
        low, high = 0.0, 1.0
        if context.searched:
            low, high = st.slider(
                "Suspicion", 0.0, 1.0, (0.0, 1.0), 0.01, key="suspicion", bind="query-params", width=FILTER
            )
        folded = st.toggle("One of each copy", value=True, key="folded", bind="query-params")
    return Filter(tuple(labels), tuple(seen), tuple(splits), tuple(reasons), tuple(states), (low, high), folded)


def _states(context: Context, wanted: tuple[str, ...]) -> np.ndarray | None:
    """The state of every image where it matters; None keeps what people do out of the cache's key."""
    return context.people().state if wanted else None


@st.cache_data(max_entries=32, show_spinner=False)
def _filtered(_audit: Audit, key: str, wanted: Filter, states: np.ndarray | None, _dataset: Dataset) -> np.ndarray:
    """The rows that pass the filter, most suspect first."""
    suspects = _audit.suspects
    keep = suspects["suspicion"].between(wanted.suspicion[0] - 1e-9, wanted.suspicion[1] + 1e-9).to_numpy(copy=True)
    for column, values in (("label", wanted.labels), ("suggestion", wanted.seen), ("split", wanted.splits)):
        if values:
            keep &= suspects[column].isin(values).to_numpy()
    if wanted.reasons:
        found = _audit.findings
        keep &= suspects["row"].isin(found.loc[found["reason"].isin(wanted.reasons), "row"]).to_numpy()
    rows = suspects["row"].to_numpy()
    if states is not None:
        keep &= np.isin(states[rows], [STATES.index(name) for name in wanted.states])
    rows = rows[keep]
    return rows[np.sort(np.unique(_dataset.groups[rows], return_index=True)[1])] if wanted.folded else rows
