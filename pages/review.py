"""The review lanes: one face and one key, or a grid of one class. Deals faces in batches and stores what comes back."""

from hashlib import sha256

import streamlit as st

from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import Dataset
from fer_core.review.cards.cards import Seat
from fer_core.review.cards.preferences import load_preferences
from fer_core.review.events.log import VerdictLog
from fer_core.review.queues.kinds import kind_of
from fer_core.review.queues.leases import LeaseBook
from pages import _shared
from pages._components.review_queue import KEYS, review_queue
from pages._grid_lane import grid_lane
from pages._identity import annotator, sit_down
from pages._review import exchange
from pages._seat import choose_seat, round_asked, yardstick
from pages._settled import settle

CARDS, GRID = "Cards", "Grid"


@st.fragment
def card(dataset: Dataset, audit: Audit | None, seat: Seat) -> None:
    """The card. Runs again by itself whenever answers arrive or faces run low; nothing else on the page moves."""
    key = f"card-{sha256(f'{dataset.hash} {seat}'.encode()).hexdigest()[:16]}"  # names may hold what a key may not
    outbox = (st.session_state.get(key) or {}).get("outbox")
    log, leases = VerdictLog(_shared.workspace().labels_db), LeaseBook(_shared.workspace().leases_db)
    known = yardstick(dataset)
    answer = exchange(dataset, log, audit, seat, outbox, leases, known.gold, known.accuracies)
    review_queue(key, {**answer, "end": kind_of(seat.queue).end})
    settle()


dataset = _shared.choose_dataset()
if dataset is not None:
    person = annotator()
    sit_down(person)
    audit = latest_audit(dataset)
    places = st.container(horizontal=True, vertical_alignment="center", key="places")
    lane = places.segmented_control(
        "Lane",
        [CARDS, GRID],
        key="lane",
        bind="query-params",
        required=True,
        default=CARDS,
        label_visibility="collapsed",
    )
    if lane == GRID:
        chosen = load_preferences(_shared.workspace(), person, KEYS).keys
        grid_lane(dataset, audit, person, round_asked(), keys=chosen, accuracies=yardstick(dataset).accuracies)
    else:
        with places:
            seat = choose_seat(dataset, person, audit)
        card(dataset, audit, seat)
