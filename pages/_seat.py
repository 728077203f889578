"""Where an annotator sits: the queue and the round, chosen above the card."""

import streamlit as st

from fer_core.dataset.store import Dataset
from fer_core.review.cards import Seat
from fer_core.review.queue import RANDOM, SKIPPED, SUSPECTS
from fer_core.review.selections import list_selections
from pages._identity import forget_annotator

QUEUES = {SUSPECTS: "Suspects", RANDOM: "Random", SKIPPED: "Skipped"}
PICKED_SHOWN = 3  # selections offered, the newest first
ROUND_HELP = "In a new round every face can be answered again; earlier rounds stay in the log."


def choose_seat(dataset: Dataset, annotator: str, audited: bool) -> Seat:
    """The queue and the round, chosen above the card."""
    names = list(QUEUES) if audited else [RANDOM, SKIPPED]
    asked = st.query_params.get("queue")
    picked = list_selections(dataset)
    offered = picked[:PICKED_SHOWN] + [one for one in picked[PICKED_SHOWN:] if one.name == asked]
    titles = QUEUES | {one.id: one.name for one in offered}
    names += [one.id for one in offered]
    with st.container(horizontal=True, vertical_alignment="center", key="seat"):
        queue = st.segmented_control(
            "Queue",
            names,
            key="queue",
            bind="query-params",
            required=True,
            default=names[0],
            format_func=titles.get,
            label_visibility="collapsed",
        )
        with st.popover(f"{annotator}, round {st.session_state.get('round', 1)}", icon=":material/person:"):
            round_ = st.number_input("Round", 1, 99, key="round", bind="query-params", help=ROUND_HELP)
            st.button("Somebody else reviews", on_click=forget_annotator, icon=":material/switch_account:")
        if not audited:
            st.caption("No audit yet: the faces come in random order. The Audit page puts the suspects first.")
    return Seat(annotator, int(round_), queue)
