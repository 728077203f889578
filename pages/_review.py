"""What passes between the review card and the stores: cards to the browser, answers to the log.

The card's message (its state `outbox`) and what answers it:

instance, stamp, events    answers to store -> `ack`
fresh, want, held          a new card, or one that runs low; the rows it holds -> `deal`, and `past` for a new one
older                      the id of the oldest answer it knows -> `past`: those before it
look                       the row of a face that is revealed -> `look`
examples                   true: the guide was opened for the first time -> `examples`
preferences                {keys, look_after} that were just set -> `preferences`; a new card gets what is stored
alive, leaving             whether somebody is at the card: their leases are renewed, or released
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np
import streamlit as st

from fer_core.audit.quality import FLAT_RANGE
from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import open_votes
from fer_core.errors import InputRefused, StoreError
from fer_core.review.cards.cards import Card, deal, recent_cards
from fer_core.review.cards.exemplars import exemplars
from fer_core.review.cards.look import networks_say
from fer_core.review.cards.preferences import load_preferences, read_preferences, save_preferences
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import consensus
from fer_core.review.queues.leases import LeaseBook
from fer_core.review.queues.seat import Seat
from pages import _shared
from pages._components import png_uri
from pages._components.review_queue import KEYS
from pages._look import looker
from pages._outbox import store

PAGE = 40  # answers of the history that travel at once
_NEW = {"fresh": True, "want": True, "held": []}


def exchange(
    dataset: Dataset,
    log: VerdictLog,
    audit: Audit | None,
    seat: Seat,
    outbox: dict[str, Any] | None,
    leases: LeaseBook | None = None,
    gold: np.ndarray | None = None,
    accuracies: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Store what the card sent and answer it. `outbox`: its message (see above), None before it has said anything.

    `leases`, `gold`, `accuracies`: as `deal` takes them.
    """
    ack = store(log, dataset, seat.annotator, outbox) if outbox else None
    said = outbox or _NEW
    fresh = said["fresh"]
    dealt = None
    if fresh or said["want"]:
        given = {"gold": gold, "accuracies": accuracies}
        try:
            dealt = deal(dataset, log, audit, seat, said["held"], leases=leases, **given)
        except StoreError:  # who holds what cannot be noted: two people may see one picture, and nothing is lost
            dealt = deal(dataset, log, audit, seat, said["held"], **given)
    elif leases is not None:
        _lease(leases, dataset, seat, said)
    older, look = said.get("older") or "", said.get("look")
    return {
        "event": {
            "dataset": dataset.name,
            "dataset_hash": dataset.hash,
            "annotator": seat.annotator,
            "round": seat.round,
        },
        "ack": ack,
        "deal": dealt and {**asdict(dealt), "cards": drawn(dataset, audit, dealt.cards)},
        "past": past(dataset, log, audit, seat, "" if fresh else older) if fresh or older else None,
        "look": looker(dataset, audit).ask(log, seat.annotator, look) if _is_row(dataset, look) else None,
        "examples": examples(dataset, log, audit) if said.get("examples") else None,
        "preferences": preferences(seat.annotator, said.get("preferences"), fresh),
    }


def _lease(leases: LeaseBook, dataset: Dataset, seat: Seat, said: dict[str, Any]) -> None:
    """Somebody is there, or has gone. If that cannot be noted, leases run out sooner or later, and nothing is lost."""
    with suppress(StoreError):
        if said.get("leaving"):
            leases.release(seat.annotator)
        elif said.get("alive"):
            leases.renew(dataset.hash, seat.round, seat.annotator)


def drawn(dataset: Dataset, audit: Audit | None, cards: list[Card]) -> list[dict[str, Any]]:
    """Cards as the browser takes them: what is logged with an answer, and what is shown on request only."""
    rows = np.array([one.row for one in cards], np.int64)
    found = []
    for one, told in zip(cards, networks_say(audit, rows), strict=True):
        fields = asdict(one)
        reveal = {name: fields[name] for name in ("given", "suggestion", "asked", "reasons", "copies")}
        found.append(
            {
                "row": one.row,
                "content": one.content,
                "image": png_uri(dataset.images[one.row]),
                "even": bool(np.ptp(dataset.images[one.row]) <= FLAT_RANGE),
                "log": {name: fields[name] for name in ("queue", "score", "model", "based_on")},
                "reveal": {**reveal, **asdict(told)},
            }
        )
    return found


def past(dataset: Dataset, log: VerdictLog, audit: Audit | None, seat: Seat, before: str) -> dict[str, Any]:
    """The last answers of this seat, oldest first: those before the event `before`, or the newest ("")."""
    recent = recent_cards(dataset, log, audit, seat, PAGE, before=before)
    cards = drawn(dataset, audit, [one.card for one in recent])
    answers = [
        {"id": one.id, "answer": one.answer, "seen": one.seen, "time": one.time, "comment": one.comment, "card": card}
        for one, card in zip(recent, cards, strict=True)
    ]
    return {"before": before, "answers": answers, "last": len(recent) < PAGE}


def preferences(annotator: str, wanted: Any, fresh: bool) -> dict[str, Any] | None:
    """Store preferences that were just set and say what holds now, with a sentence in `error` if they cannot be."""
    if wanted is None and not fresh:
        return None
    workspace, error = _shared.workspace(), ""
    if wanted is not None:
        try:
            save_preferences(workspace, annotator, read_preferences(wanted, KEYS))
        except (InputRefused, StoreError, OSError) as failure:
            error = str(failure)
    return {**asdict(load_preferences(workspace, annotator, KEYS)), "error": error}


def examples(dataset: Dataset, log: VerdictLog, audit: Audit | None) -> dict[str, Any]:
    """Example faces for the guide, drawn."""
    about = f"{audit.path}:{audit.document['finished']}" if audit is not None else ""
    found = _exemplars(dataset, log, audit, f"{dataset.hash} {about}")

    def faces(rows: np.ndarray) -> list[str]:
        return [png_uri(dataset.images[row]) for row in rows]

    return {
        "classes": {name: faces(rows) for name, rows in found.classes.items()},
        "pairs": [{"one": faces(left), "other": faces(right)} for left, right in found.sides.values()],
    }


@st.cache_resource(max_entries=4, ttl="1h", show_spinner=False)
def _exemplars(_dataset: Dataset, _log: VerdictLog, _audit: Audit | None, key: str) -> Any:
    """For an hour the same, although people go on answering: examples that change with every answer teach nothing."""
    people = consensus(_dataset, _log.verdicts(_dataset), open_votes(_dataset))
    return exemplars(_dataset, _audit, people)


def _is_row(dataset: Dataset, look: Any) -> bool:
    return isinstance(look, int) and not isinstance(look, bool) and 0 <= look < len(dataset)
