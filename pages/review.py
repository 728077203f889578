"""The review card: one face, one key. Deals faces in batches and stores what comes back."""

from hashlib import sha256

import streamlit as st

from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import Dataset
from fer_core.review.cards import Seat
from fer_core.review.log import VerdictLog
from fer_core.review.queue import RANDOM, SKIPPED, SUSPECTS
from fer_core.review.selections import PREFIX, list_selections
from pages import _shared
from pages._components.review_queue import review_queue
from pages._review import exchange

QUEUES = {SUSPECTS: "Suspects", RANDOM: "Random", SKIPPED: "Skipped"}
ENDS = {
    SUSPECTS: "Every suspect is answered.\nCut a version on the Consensus page,\nor go on in random order.",
    RANDOM: "Every face is answered.\nCut a version on the Consensus page,\nor begin a second round.",
    SKIPPED: "Nothing is skipped.",
    PREFIX: "Everything that was picked is answered.",
}
PICKED_SHOWN = 3  # selections offered, the newest first


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


ROUND_HELP = "In a new round every face can be answered again; earlier rounds stay in the log."


def forget_annotator() -> None:
    st.session_state.pop("annotator_name", None)
    st.query_params.pop("annotator", None)


@st.fragment
def card(dataset: Dataset, audit: Audit | None, seat: Seat) -> None:
    """The card. Runs again by itself whenever answers arrive or faces run low; nothing else on the page moves."""
    key = f"card-{sha256(f'{dataset.hash} {seat}'.encode()).hexdigest()[:16]}"  # names may hold what a key may not
    outbox = (st.session_state.get(key) or {}).get("outbox")
    log = VerdictLog(_shared.workspace().labels_db)
    review_queue(
        key,
        {
            **exchange(dataset, log, audit, seat, outbox),
            "end": ENDS[PREFIX if seat.queue.startswith(PREFIX) else seat.queue],
        },
    )


dataset = _shared.choose_dataset()
if dataset is not None:
    annotator = _shared.annotator()
    audit = latest_audit(dataset)
    card(dataset, audit, choose_seat(dataset, annotator, audit is not None))
