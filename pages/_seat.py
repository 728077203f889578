"""Where an annotator sits: the queue, the round and what is mixed in, chosen above the card."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import streamlit as st

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import open_votes
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.annotators import accuracies
from fer_core.review.judgement.consensus import consensus
from fer_core.review.judgement.gold import gold_labels
from fer_core.review.queues.kinds import RANDOM, SKIPPED, SUSPECTS, kind_of
from fer_core.review.queues.seat import AUDIT_SHARE, GOLD_SHARE, Load, Seat, loads
from fer_core.review.queues.selections import list_selections
from pages import _shared
from pages._identity import leave_button

PICKED_SHOWN = 3  # selections offered, the newest first
MOST_MIXED = 40  # percent, of each
ROUND_HELP = "In a new round every face can be answered again; earlier rounds stay in the log."
BALANCE_HELP = "0: the most suspect first. 1: the given classes take equal turns, so that rare ones come up as well."
AUDIT_HELP = (
    "Faces drawn evenly from all, between the others and like any other. Their answers say how many labels are wrong."
)
GOLD_HELP = "Faces whose answer is known, between the others and like any other. They measure the annotators."


class Yardstick(NamedTuple):
    """What is known well enough to measure people by, and how they do."""

    gold: np.ndarray  # int8 (N,), see review.gold
    accuracies: Mapping[str, float]


def yardstick(dataset: Dataset) -> Yardstick:
    """Gold items and accuracies of a data set; a few minutes old at most, as they change slowly."""
    return _yardstick(dataset, VerdictLog(_shared.workspace().labels_db), f"{_shared.workspace().root} {dataset.hash}")


@st.cache_resource(max_entries=4, ttl="5m", show_spinner=False)
def _yardstick(_dataset: Dataset, _log: VerdictLog, key: str) -> Yardstick:
    verdicts, votes = _log.verdicts(_dataset), open_votes(_dataset)
    gold = gold_labels(_dataset, consensus(_dataset, verdicts, votes), votes)
    return Yardstick(gold, accuracies(_dataset, verdicts, gold))


def choose_seat(dataset: Dataset, annotator: str, audit: Audit | None) -> Seat:
    """The seat of this person, chosen in one line above the card; queue, round and balance stand in the URL."""
    left = _loads(dataset, annotator, audit)
    titles = _offered(dataset, left, RANDOM if audit is None else SUSPECTS)
    with st.container(horizontal=True, vertical_alignment="center", key="seat", width="content"):
        queue = st.selectbox(
            "Queue",
            list(titles),
            key="queue",
            bind="query-params",
            format_func=titles.get,
            label_visibility="collapsed",
            width=230,
        )
        with st.popover("Queue", icon=":material/tune:"):
            seat = _options(annotator, queue, left)
        with st.popover(f"{_shared.literal(annotator)}, round {seat.round}", icon=":material/person:"):
            leave_button()
        if audit is None:
            st.caption("No audit yet: the faces come in random order. The Audit page puts the suspects first.")
    return seat


def _loads(dataset: Dataset, annotator: str, audit: Audit | None) -> list[Load]:
    log = VerdictLog(_shared.workspace().labels_db)
    return loads(dataset, log, audit, Seat(annotator, round_asked(), RANDOM), *yardstick(dataset))


def round_asked() -> int:
    """The round that was chosen; on the first run of a link, and in the grid lane, its widget is not drawn yet."""
    asked = st.query_params.get("round", "")
    return max(1, int(st.session_state.get("round") or (int(asked) if asked.isdecimal() else 1)))


def _offered(dataset: Dataset, left: list[Load], first: str) -> dict[str, str]:
    """The queues to choose from and their titles: those that hold something, the newest selections, what is open."""
    asked = st.query_params.get("queue")
    current = (st.session_state.get("queue"), asked)
    kinds = [load.kind for load in left if load.waiting or load.kind.name in (first, SKIPPED, *current)]
    kinds += [load.kind for load in left if load.kind not in kinds and load.kind.title == asked]
    kinds.sort(key=lambda kind: kind.name != first)
    picked = list_selections(dataset)
    offered = picked[:PICKED_SHOWN]
    offered += [one for one in picked[PICKED_SHOWN:] if one.name == asked or one.id in current]
    return {kind.name: kind.title for kind in kinds} | {one.id: one.name for one in offered}


def _options(annotator: str, queue: str, left: list[Load]) -> Seat:
    """What the queue holds, what else there is to a seat, and how much waits in each queue."""
    st.caption(kind_of(queue).holds)
    balance = st.slider(
        "Class balance",
        0.0,
        1.0,
        step=0.1,
        format="%.1f",
        key="balance",
        bind="query-params",
        help=BALANCE_HELP,
        disabled=queue != SUSPECTS,
    )
    mixed = kind_of(queue).mixed
    shares = [
        st.slider(label, 0, MOST_MIXED, round(100 * share), format="%d%%", key=key, help=words, disabled=not mixed)
        for label, share, key, words in (
            ("Random audit faces", AUDIT_SHARE, "audit_share", AUDIT_HELP),
            ("Gold faces", GOLD_SHARE, "gold_share", GOLD_HELP),
        )
    ]
    round_ = st.number_input("Round", 1, 99, key="round", bind="query-params", help=ROUND_HELP)
    counted = [f"**{load.kind.title}** {load.waiting:,}" for load in left]
    st.caption(f"Waiting for you: {' · '.join(counted)}")
    return Seat(annotator, int(round_), queue, float(balance), shares[0] / 100, shares[1] / 100)
