"""What a card needs to know about each face: what is asked, what is logged with the answer, what a reveal shows."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.emotions import NAMES
from fer_core.review.log import VerdictLog
from fer_core.review.queue import (
    BATCH,
    RANDOM,
    SKIPPED,
    Queue,
    order_seed,
    random_queue,
    selection_queue,
    skipped_queue,
    suspects_queue,
    waiting,
)
from fer_core.review.selections import PREFIX, load_selection


@dataclass(frozen=True)
class Card:
    """One face to answer. `given`, `suggestion` and `reasons` stay hidden until the person asks for them."""

    row: int
    content: str
    queue: str
    score: float | None
    model: str
    based_on: str  # the newest event on this face when it was dealt
    given: str  # the given class
    asked: bool  # whether a network was asked
    suggestion: str  # its class where that differs, else ""
    reasons: tuple[str, ...]  # the audit's evidence, in sentences


@dataclass(frozen=True)
class Seat:
    """Who answers, in which round, from which queue."""

    annotator: str
    round: int
    queue: str


@dataclass(frozen=True)
class Deal:
    """The next cards of a seat and where its queue stands."""

    cards: list[Card]
    done: int  # faces of the queue that are answered (or skipped)
    total: int
    last: bool  # nothing waits beyond these cards and those that are held


def open_queue(dataset: Dataset, audit: Audit | None, seat: Seat, answered: pd.DataFrame) -> Queue:
    """The queue of a seat; the order of suspects needs an audit and is random without one."""
    seed = order_seed(dataset, seat.annotator, seat.round)
    if seat.queue == SKIPPED:
        return skipped_queue(answered)
    if seat.queue.startswith(PREFIX):
        return selection_queue(dataset, load_selection(dataset, seat.queue), seed)
    if seat.queue == RANDOM or audit is None:
        return random_queue(dataset, seed)
    return suspects_queue(dataset, audit.suspects, audit.model, seed)


def deal(
    dataset: Dataset, log: VerdictLog, audit: Audit | None, seat: Seat, held: Collection[int] = (), count: int = BATCH
) -> Deal:
    """The next `count` faces for a seat. `held`: rows that it has already and that are not to be dealt again."""
    answered = log.answered(dataset, seat.annotator, seat.round)
    queue = open_queue(dataset, audit, seat, answered)
    settled = answered["row"] if seat.queue != SKIPPED else answered.loc[answered["answer"] != "skip", "row"]
    open_now = waiting(dataset, queue, settled.tolist())
    place = waiting(dataset, queue, settled.tolist(), held)
    cards = make_cards(dataset, log, audit, queue, place[:count])
    return Deal(cards, len(queue) - len(open_now), len(queue), len(place) <= count)


def make_cards(dataset: Dataset, log: VerdictLog, audit: Audit | None, queue: Queue, place: np.ndarray) -> list[Card]:
    """Cards for the faces at these positions (int64) of a queue."""
    rows = queue.rows[place].tolist()
    suggestions, reasons = _evidence(audit, rows)
    newest = log.newest(dataset, rows)
    contents = dataset.table["content"].to_numpy()
    return [
        Card(
            row,
            contents[row],
            queue.name,
            None if np.isnan(score) else round(float(score), 6),
            queue.model,
            newest.get(row, ""),
            NAMES[dataset.labels[row]],
            audit is not None and bool(audit.model),
            suggestions.get(row, ""),
            tuple(reasons.get(row, ())),
        )
        for row, score in zip(rows, queue.scores[place], strict=True)
    ]


def _evidence(audit: Audit | None, rows: list[int]) -> tuple[dict[int, str], dict[int, list[str]]]:
    """The audit's suggestion and the evidence of its findings for each of the rows that has any."""
    if audit is None:
        return {}, {}
    suspects = audit.suspects[audit.suspects["row"].isin(rows)]
    found = audit.findings[audit.findings["row"].isin(rows)]
    suggestions = dict(zip(suspects["row"].tolist(), suspects["suggestion"].tolist(), strict=True))
    return suggestions, {int(row): list(group) for row, group in found.groupby("row")["evidence"]}


def recent_cards(
    dataset: Dataset, log: VerdictLog, audit: Audit | None, seat: Seat, count: int = 14
) -> list[tuple[str, str, Card]]:
    """The seat's last answers, oldest first, as (event id, answer, card): what can be undone after a reload."""
    recent = log.recent(dataset, seat.annotator, seat.round, count)
    rows = recent["row"].to_numpy(np.int64)
    queue = Queue(seat.queue, rows, np.full(len(rows), np.nan))
    cards = make_cards(dataset, log, audit, queue, np.arange(len(rows)))
    return list(zip(recent["id"], recent["answer"], cards, strict=True))
