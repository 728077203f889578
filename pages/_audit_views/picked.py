"""What can be done with a choice of images, wherever it was made: look, review, download."""

import numpy as np
import streamlit as st

from fer_core.dataset.store import image_id
from fer_core.emotions import COLOURS
from fer_core.review.queues.selections import save_selection
from pages._audit_views.context import Context, by_row, label_of
from pages._components.face_grid import face_grid

PER_PAGE = 60


def faces(context: Context, rows: np.ndarray, key: str, label: str, multiple: bool = True, size: int = 96) -> list[int]:
    """A grid of images with their labels; returns the rows that are selected."""
    if not len(rows):
        return []
    dataset = context.dataset
    chosen = face_grid(
        dataset.images[rows],
        context.captions(rows),
        key=key,
        colours=[COLOURS[label_of(dataset, row)] for row in rows],
        details=context.details(rows),
        label=label,
        multiple=multiple,
        size=size,
    )
    return [int(rows[position]) for position in chosen]


def actions(context: Context, rows: np.ndarray, title: str, key: str) -> None:
    """Buttons for a choice of images: review them as a queue of their own, or download their lines of the ranking."""
    if not len(rows):
        return
    table = by_row(context.audit, context.key).loc[np.asarray(rows)].reset_index()
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(f"Review these {len(rows):,}", type="primary", icon=":material/rate_review:", key=f"{key}_review"):
            selection = save_selection(context.dataset, np.asarray(rows), title)
            st.switch_page("review.py", query_params={"queue": selection.name})
        st.download_button(
            "Download as CSV",
            lambda: table.to_csv(index=False).encode(),
            f"{context.dataset.name}-{key}.csv",
            "text/csv",
            icon=":material/download:",
            key=f"{key}_csv",
            on_click="ignore",
        )


def paged(count: int, key: str, per_page: int = PER_PAGE) -> slice:
    """The part of a long list that is on the screen; the page number stands in the URL. One page asks for none."""
    pages = max(1, -(-count // per_page))
    if st.session_state.get(key, 1) > pages:  # the filters became narrower
        st.session_state[key] = 1
    if pages == 1:
        return slice(0, per_page)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        st.caption("Page", width="content")
        number = int(
            st.number_input(
                f"Page, 1 to {pages:,}", 1, pages, key=key, bind="query-params", width=130, label_visibility="collapsed"
            )
        )
        st.caption(f"of {pages:,}", width="content")
    return slice((number - 1) * per_page, number * per_page)


def id_of(row: int) -> str:
    """How an image is called on the screen."""
    return image_id(row)
