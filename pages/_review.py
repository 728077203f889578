"""What passes between the review card and the stores: cards to the browser, answers to the log."""

from dataclasses import asdict
from typing import Any

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.review.cards import Card, Seat, deal, recent_cards
from fer_core.review.log import VerdictLog
from pages._components import png_uri
from pages._outbox import store


def exchange(
    dataset: Dataset, log: VerdictLog, audit: Audit | None, seat: Seat, outbox: dict[str, Any] | None
) -> dict[str, Any]:
    """Store what the card sent and answer it: `ack`, and new faces (`deal`) where it is new or asks for more.

    `outbox`: the card's state (instance, stamp, fresh, want, held, events), None before it has said anything.
    """
    ack = store(log, dataset, seat.annotator, outbox) if outbox else None
    fresh = outbox is None or outbox["fresh"]
    dealt, recent = None, []
    if fresh or outbox["want"]:
        dealt = deal(dataset, log, audit, seat, held=() if fresh else outbox["held"])
    if fresh:
        recent = recent_cards(dataset, log, audit, seat)
    return {
        "event": {
            "dataset": dataset.name,
            "dataset_hash": dataset.hash,
            "annotator": seat.annotator,
            "round": seat.round,
        },
        "deal": dealt and {**asdict(dealt), "cards": [drawn(dataset, one) for one in dealt.cards]},
        "recent": [{"id": id_, "answer": answer, "card": drawn(dataset, one)} for id_, answer, one in recent],
        "ack": ack,
    }


def drawn(dataset: Dataset, one: Card) -> dict[str, Any]:
    """A card as the browser takes it: what is logged with an answer, and what is shown on request only."""
    fields = asdict(one)
    return {
        "row": one.row,
        "content": one.content,
        "image": png_uri(dataset.images[one.row]),
        "log": {name: fields[name] for name in ("queue", "score", "model", "based_on")},
        "reveal": {name: fields[name] for name in ("given", "suggestion", "asked", "reasons")},
    }
