"""What a card needs to know about each face: what is asked, what is logged with the answer, what a reveal shows."""

from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.emotions import NAMES
from fer_core.review.cards.evidence import evidence
from fer_core.review.events.log import VerdictLog
from fer_core.review.pictures import pictures
from fer_core.review.queues.answers import Answers, current_answers
from fer_core.review.queues.dealing import Faces, Hand, choose, everybody, faces_of, mixture, standing
from fer_core.review.queues.kinds import DISAGREEMENTS, GOLD, RANDOM, SKIPPED, UNSEEN, kind_of
from fer_core.review.queues.leases import Held, LeaseBook
from fer_core.review.queues.queue import BATCH, Queue, fixed_queue, order_seed
from fer_core.review.queues.seat import Seat, open_queue


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
    copies: int  # images of the data set with these pixels, this one included: the answer counts for all of them


@dataclass(frozen=True)
class Deal:
    """The next cards of a seat and where its queue stands.

    `done` and `total` count pictures of the queue itself, not what is mixed in: done are those that need nothing more
    from this person, because the team has settled them or they have answered or skipped them.
    """

    cards: list[Card]
    done: int
    total: int
    last: bool  # nothing can be dealt beyond these cards and those that are held
    elsewhere: int = 0  # pictures of the queue that wait, but are in the hands of others now


@dataclass(frozen=True)
class Answered:
    """An answer that stands, with its face: what can be taken back or opened again."""

    id: str  # of the event
    answer: str
    seen: str  # "blind" or "revealed"; a face answered before and after its reveal is there twice
    time: str
    comment: str
    card: Card


def deal(
    dataset: Dataset,
    log: VerdictLog,
    audit: Audit | None,
    seat: Seat,
    held: Collection[int] = (),
    count: int = BATCH,
    leases: LeaseBook | None = None,
    gold: np.ndarray | None = None,
    accuracies: Mapping[str, float] | None = None,
) -> Deal:
    """The next `count` faces for a seat. `held`: rows that it has already and that are not to be dealt again.

    `leases`: without it, nobody is kept from what others hold; with it, the seat holds afterwards what is in `held`
    and what was dealt, and nothing else. `gold`: int8 (N,), see review.gold; `accuracies`: by annotator. Raises
    StoreError.
    """
    in_hand = np.fromiter(held, np.int64, len(held))
    # What does not change with the answers is made before: in a turn the others wait.
    changing = seat.queue in (SKIPPED, DISAGREEMENTS)
    fixed = None if changing else open_queue(dataset, audit, seat, gold=gold)
    mixed_in = _mixed_in(dataset, seat, gold)
    turn = leases.turn(dataset.hash, seat.round, seat.annotator) if leases else nullcontext()
    with turn as holding:
        # Read in the turn: who gave up a lease by answering has stored the answer before.
        answers = current_answers(log, dataset, seat.round)
        room = answers.room(accuracies)
        queue = open_queue(dataset, audit, seat, answers, room) if fixed is None else fixed
        hand = _next_hand(seat, answers, room, queue, mixed_in, in_hand, holding.others if holding else None, count)
        if holding:
            shared = hand.faces.rows[hand.faces.queues != GOLD]  # gold is for everybody
            holding.hold(np.unique(answers.pictures.of[np.concatenate([in_hand, shared])]))
    return Deal(_cards(dataset, log, audit, hand.faces), hand.done, len(queue), hand.last, hand.elsewhere)


@dataclass(frozen=True)
class _MixedIn:
    audit: Queue | None
    gold: Queue | None
    seed: int


def _mixed_in(dataset: Dataset, seat: Seat, gold: np.ndarray | None) -> _MixedIn:
    """What comes between the faces of a seat's own queue: a random order needs no random audit."""
    mixed = kind_of(seat.queue).mixed
    audit = mixed and seat.audit_share > 0 and seat.queue not in (RANDOM, UNSEEN)
    golden = mixed and seat.gold_share > 0 and gold is not None
    return _MixedIn(
        fixed_queue(dataset, None, RANDOM) if audit else None,
        open_queue(dataset, None, replace(seat, queue=GOLD), gold=gold) if golden else None,
        order_seed(dataset, seat.annotator, seat.round),
    )


def _next_hand(
    seat: Seat,
    answers: Answers,
    room: np.ndarray,
    queue: Queue,
    mixed_in: _MixedIn,
    in_hand: np.ndarray,
    others: Held | None,
    count: int,
) -> Hand:
    for_all = everybody(answers, seat.annotator, in_hand)
    stands = for_all
    if seat.queue != GOLD:
        stands = standing(answers, room, seat.annotator, in_hand, others, skipped=seat.queue == SKIPPED)
    sources = mixture(
        count,
        seat.audit_share if mixed_in.audit is not None else 0.0,
        seat.gold_share if mixed_in.gold is not None else 0.0,
        (mixed_in.seed, int(answers.by(seat.annotator).sum())),
    )
    gold = None if mixed_in.gold is None else (mixed_in.gold, for_all)
    return choose(queue, stands, answers.pictures.of, sources, mixed_in.audit, gold)


def make_cards(dataset: Dataset, log: VerdictLog, audit: Audit | None, queue: Queue, place: np.ndarray) -> list[Card]:
    """Cards for the faces at these positions (int64) of a queue."""
    return _cards(dataset, log, audit, faces_of(queue.taken(place)))


def recent_cards(
    dataset: Dataset, log: VerdictLog, audit: Audit | None, seat: Seat, count: int = 14, before: str = ""
) -> list[Answered]:
    """The seat's last `count` answers, oldest first: what can be taken back or opened again, also after a reload.

    `before`: the id of an answer; only older ones than that, so that the whole history can be gone through.
    """
    recent = log.recent(dataset, seat.annotator, seat.round, count, before)
    blank = np.full(len(recent), "", object)
    faces = Faces(
        recent["row"].to_numpy(np.int64), recent["queue"].to_numpy(object), np.full(len(recent), np.nan), blank
    )
    cards = _cards(dataset, log, audit, faces)
    fields = (recent[name] for name in ("id", "answer", "seen", "time", "comment"))
    return [Answered(*values) for values in zip(*fields, cards, strict=True)]


def _cards(dataset: Dataset, log: VerdictLog, audit: Audit | None, faces: Faces) -> list[Card]:
    rows = faces.rows
    known = evidence(audit) if audit else None
    newest = log.newest(dataset, rows.tolist())
    columns = zip(
        rows.tolist(),
        dataset.table["content"].iloc[rows],
        faces.queues,
        faces.scores.tolist(),
        faces.models,
        known.suggestion(rows) if known else [""] * len(rows),
        known.reasons(rows) if known else [()] * len(rows),
        pictures(dataset).copies[dataset.groups[rows]].tolist(),
        strict=True,
    )
    return [
        Card(
            row=row,
            content=content,
            queue=queue,
            score=None if np.isnan(score) else round(score, 6),
            model=model,
            based_on=newest.get(row, ""),
            given=NAMES[dataset.labels[row]],
            asked=audit is not None and bool(audit.model),
            suggestion=suggestion,
            reasons=reasons,
            copies=copies,
        )
        for row, content, queue, score, model, suggestion, reasons, copies in columns
    ]
