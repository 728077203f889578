"""The review lanes: one face and one key, or a grid of one class. Deals faces in batches and stores what comes back."""

from hashlib import sha256

import streamlit as st

from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import Dataset
from fer_core.review.cards import Seat
from fer_core.review.log import VerdictLog
from fer_core.review.queue import RANDOM, SKIPPED, SUSPECTS
from fer_core.review.selections import PREFIX
from pages import _shared
from pages._components.review_queue import review_queue
from pages._grid_lane import grid_lane
from pages._identity import annotator
from pages._review import exchange
from pages._seat import choose_seat

CARDS, GRID = "Cards", "Grid"
ENDS = {
    SUSPECTS: "Every suspect is answered.\nCut a version on the Consensus page,\nor go on in random order.",
    RANDOM: "Every face is answered.\nCut a version on the Consensus page,\nor begin a second round.",
    SKIPPED: "Nothing is skipped.",
    PREFIX: "Everything that was picked is answered.",
}


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
    person = annotator()
    audit = latest_audit(dataset)
    lane = st.segmented_control(
        "Lane",
        [CARDS, GRID],
        key="lane",
        bind="query-params",
        required=True,
        default=CARDS,
        label_visibility="collapsed",
    )
    if lane == GRID:
        grid_lane(dataset, audit, person)
    else:
        card(dataset, audit, choose_seat(dataset, person, audit is not None))
