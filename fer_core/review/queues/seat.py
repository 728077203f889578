"""Where somebody sits: the queue they answer from, and what is mixed into it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.errors import UsageError
from fer_core.review.events.log import VerdictLog
from fer_core.review.queues.answers import Answers, current_answers
from fer_core.review.queues.dealing import everybody, standing
from fer_core.review.queues.kinds import DISAGREEMENTS, GOLD, KINDS, RANDOM, SKIPPED, UNSEEN, Kind, kind_of
from fer_core.review.queues.queue import (
    Queue,
    disagreements_queue,
    fixed_queue,
    gold_queue,
    order_seed,
    shuffled,
    skipped_queue,
)

AUDIT_SHARE, GOLD_SHARE = 0.1, 0.04
MOST_MIXED = 0.9


@dataclass(frozen=True)
class Seat:
    """Who answers, in which round, from which queue, and what is mixed into it."""

    annotator: str
    round: int
    queue: str
    balance: float = 0.0  # of the suspects: 0 by suspicion, 1 the given classes take equal turns
    audit_share: float = AUDIT_SHARE  # of the faces dealt: from the random audit
    gold_share: float = GOLD_SHARE  # of the faces dealt: gold, where there is any

    def __post_init__(self) -> None:
        if not 0 <= self.balance <= 1:
            raise UsageError(f"The class balance lies between 0 and 1, not at {self.balance}.")
        if min(self.audit_share, self.gold_share) < 0 or self.audit_share + self.gold_share > MOST_MIXED:
            raise UsageError(f"What is mixed into a queue is between 0 and {MOST_MIXED:.0%} of the faces.")


def open_queue(
    dataset: Dataset,
    audit: Audit | None,
    seat: Seat,
    answered: Answers | None = None,
    room: np.ndarray | None = None,
    gold: np.ndarray | None = None,
) -> Queue:
    """The queue of a seat, in the order of presentation: the same for the same person and round, on every call.

    `answered` and `room` (Answers.room) are needed for what was skipped and for second opinions only. Where a queue
    needs an audit and there is none, it holds everything in random order. NotFound for a selection that is gone.
    """
    kind_of(seat.queue)
    if seat.queue in (SKIPPED, DISAGREEMENTS):
        if answered is None or room is None:
            raise ValueError(f"the queue {seat.queue!r} is made from what people have answered")
        if seat.queue == SKIPPED:
            return skipped_queue(answered, seat.annotator)
        queue = disagreements_queue(answered, room)
    elif seat.queue == GOLD:
        queue = gold_queue(dataset, np.full(len(dataset), -1, np.int8) if gold is None else gold)
    else:
        queue = fixed_queue(dataset, audit, seat.queue, seat.balance)
    if queue.name in (RANDOM, UNSEEN):
        return queue
    return queue.taken(shuffled(len(queue), order_seed(dataset, seat.annotator, seat.round)))


@dataclass(frozen=True)
class Load:
    """What is left of a queue for somebody."""

    kind: Kind
    waiting: int  # pictures that can be asked of them, those in the hands of others included
    total: int


def loads(
    dataset: Dataset,
    log: VerdictLog,
    audit: Audit | None,
    seat: Seat,
    gold: np.ndarray | None = None,
    accuracies: Mapping[str, float] | None = None,
) -> list[Load]:
    """What each queue holds for the person and round of a seat, in the order of KINDS. Parameters as in cards.deal.

    Queues that need an audit are left out where there is none.
    """
    answers = current_answers(log, dataset, seat.round)
    room = answers.room(accuracies)
    nothing = np.zeros(0, np.int64)
    shared = standing(answers, room, seat.annotator, nothing, None).waits
    for_all = everybody(answers, seat.annotator, nothing).waits
    found = []
    for kind in KINDS:
        if kind.needs_audit and audit is None:
            continue
        if kind.name == SKIPPED:
            queue = skipped_queue(answers, seat.annotator)
            waits = standing(answers, room, seat.annotator, nothing, None, skipped=True).waits
        elif kind.name == DISAGREEMENTS:
            queue, waits = disagreements_queue(answers, room), shared
        elif kind.name == GOLD:
            queue, waits = gold_queue(dataset, np.full(len(dataset), -1, np.int8) if gold is None else gold), for_all
        else:
            queue, waits = fixed_queue(dataset, audit, kind.name, seat.balance), shared
        found.append(Load(kind, int(waits[dataset.groups[queue.rows]].sum()), len(queue)))
    return found
