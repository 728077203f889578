"""The review card: one face, one key. Deals faces in batches and stores what comes back."""

from dataclasses import asdict
from typing import Any

import streamlit as st

from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import Dataset
from fer_core.errors import InputRefused, StoreError
from fer_core.review.cards import Card, Seat, deal, recent_cards
from fer_core.review.log import Receipt, VerdictLog
from fer_core.review.queue import RANDOM, SKIPPED, SUSPECTS
from fer_core.review.verdict import Verdict, read_verdict
from pages import _shared
from pages._components.review_queue import png_uri, review_queue

QUEUES = {SUSPECTS: "Suspects", RANDOM: "Random order", SKIPPED: "Skipped by me"}
ENDS = {
    SUSPECTS: "Every suspect is answered.\nCut a version on the Consensus page,\nor go on in random order.",
    RANDOM: "Every face is answered.\nCut a version on the Consensus page,\nor begin a second round.",
    SKIPPED: "Nothing is skipped.",
}


def choose_seat(annotator: str, audited: bool) -> Seat:
    """The queue and the round, chosen above the card."""
    names = list(QUEUES) if audited else [RANDOM, SKIPPED]
    with st.container(horizontal=True, vertical_alignment="center", key="seat"):
        queue = st.segmented_control(
            "Queue",
            names,
            key="queue",
            bind="query-params",
            required=True,
            default=names[0],
            format_func=QUEUES.get,
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
    key = f"card-{dataset.hash[:12]}-{seat.annotator}-{seat.round}-{seat.queue}"
    log = VerdictLog(_shared.workspace().labels_db)
    outbox = (st.session_state.get(key) or {}).get("outbox")
    ack = store(log, dataset, seat, outbox) if outbox else None
    fresh = outbox is None or outbox["fresh"]
    dealt = None
    if fresh or outbox["want"]:
        dealt = deal(dataset, log, audit, seat, held=() if fresh else outbox["held"])
    recent = recent_cards(dataset, log, audit, seat) if fresh else []
    review_queue(
        key,
        {
            "event": {
                "dataset": dataset.name,
                "dataset_hash": dataset.hash,
                "annotator": seat.annotator,
                "round": seat.round,
            },
            "deal": dealt and {**asdict(dealt), "cards": [drawn(dataset, one) for one in dealt.cards]},
            "recent": [{"id": id_, "answer": answer, "card": drawn(dataset, one)} for id_, answer, one in recent],
            "ack": ack,
            "end": ENDS[seat.queue],
        },
    )


def drawn(dataset: Dataset, one: Card) -> dict[str, Any]:
    """A card as the browser takes it: what is logged with an answer, and what is shown on request only."""
    fields = asdict(one)
    return {
        "row": one.row,
        "content": one.content,
        "image": png_uri(dataset.images[one.row]),
        "log": {name: fields[name] for name in ("queue", "score", "model", "based_on")},
        "reveal": {name: fields[name] for name in ("given", "suggestion", "reasons")},
    }


def store(log: VerdictLog, dataset: Dataset, seat: Seat, outbox: dict[str, Any]) -> dict[str, Any]:
    """Store what the card sent and say what became of it; a store that cannot write keeps the answers there."""
    receipt, error = Receipt(), ""
    verdicts: list[Verdict] = []
    for event in outbox["events"]:
        try:
            verdict = read_verdict(event)
            if verdict.annotator != seat.annotator:
                raise InputRefused(f"This answer was given by {verdict.annotator}, not {seat.annotator}.")
            verdicts.append(verdict)
        except InputRefused as refusal:
            receipt.refused[str(event.get("id"))] = str(refusal)
    try:
        written = log.record(dataset, verdicts)
        receipt = Receipt(written.stored, receipt.refused | written.refused)
    except StoreError as failure:
        error = str(failure)
    return {"instance": outbox["instance"], "stamp": outbox["stamp"], "error": error, **asdict(receipt)}


dataset = _shared.choose_dataset()
if dataset is not None:
    annotator = _shared.annotator()
    audit = latest_audit(dataset)
    card(dataset, audit, choose_seat(annotator, audit is not None))
