"""Simulated annotators: they take faces from the real queues and answer into a real log, by drawing from votes.

Each answer is one of the picture's votes in a vote table, drawn anew: a class, not a face, or unsure for contempt and
unknown. Pictures without votes are skipped. The table is not known to the queues. Every simulated person has a pace
(lognormal active time, plausible and not measured); who is done first is dealt to and answers next. The same seed on
the same log gives the same events, ids included.
"""

import heapq
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import numpy as np

from fer_core.audit.results import Audit
from fer_core.audit.scores import SCORES
from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import VoteTable
from fer_core.emotions import NAMES
from fer_core.errors import InputRefused, UsageError
from fer_core.progress import Report, silent
from fer_core.review.cards.cards import Card, deal
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import ANSWER_KEYS, NOT_A_FACE, SKIP, UNSURE, Verdict
from fer_core.review.queues.kinds import GOLD, KINDS, SKIPPED, SUSPECTS, kind_of
from fer_core.review.queues.leases import LeaseBook
from fer_core.review.queues.seat import AUDIT_SHARE, Seat
from fer_core.review.simulation.repairs import COLUMNS

NAME = "simulated-{}"
SCORE_QUEUES = {name.replace("_", "-"): name for name in SCORES}  # every image, by one score of the audit alone
QUEUES = (*(kind.name for kind in KINDS if kind.name not in (GOLD, SKIPPED)), *SCORE_QUEUES)
MEDIAN_MS, PEOPLE_SPREAD, FACES_SPREAD = 1800, 0.25, 0.5  # of the active time; spreads are sd of its logarithm
FASTEST_MS, SLOWEST_MS = 300, 30_000
WAIT_S = 60.0  # after which somebody who got no face asks again
_FLUSH = 60  # events stored at once

_ANSWERS = (*NAMES, NOT_A_FACE, UNSURE)  # by column of a ballot
Reached = Callable[[int], None]


@dataclass(frozen=True)
class Plan:
    """What is simulated."""

    annotators: int = 1
    reviews: int = 1000  # answers in all; skipping is none
    queue: str = SUSPECTS  # of QUEUES
    seed: int = 0
    round: int = 1
    balance: float = 0.0
    audit_share: float = AUDIT_SHARE
    start: datetime = datetime(2026, 1, 1, tzinfo=UTC)  # the time of the first answer

    def __post_init__(self) -> None:
        if self.queue not in QUEUES:
            raise UsageError(f"There is no queue {self.queue!r} to simulate; there are {', '.join(QUEUES)}.")
        if self.annotators < 1 or self.reviews < 1:
            raise UsageError("A simulation needs at least one annotator and one review.")

    def needs_audit(self) -> bool:
        return self.queue in SCORE_QUEUES or kind_of(self.queue).needs_audit


@dataclass(frozen=True)
class Simulated:
    """What was done."""

    reviews: int  # fewer than planned where the queue ended
    skipped: int  # pictures without votes
    seconds: float  # active time of all annotators


@dataclass
class _Person:
    name: str
    seat: Seat
    rng: np.random.Generator
    median_ms: float
    hand: list[Card]
    clock: float = 0.0  # active seconds so far


def simulate(
    dataset: Dataset,
    log: VerdictLog,
    leases: LeaseBook,
    audit: Audit | None,
    votes: VoteTable,
    plan: Plan,
    report: Report = silent,
    reached: Reached = lambda reviews: None,
) -> Simulated:
    """Let the annotators of a plan review until its number is reached or their queue gives nothing more.

    `reached(n)` is called after every 1,000 reviews, and after the last, with everything stored. What was stored when
    `report` raises Cancelled stays. Raises UsageError where the queue needs an audit of the labels and there is none.
    """
    audit = audit_of(plan, audit)
    ballots = np.zeros((len(dataset), len(_ANSWERS)), np.int64)
    np.add.at(ballots, (dataset.groups[votes.rows][:, None], COLUMNS[None, :]), votes.counts[votes.rows])
    people = [_person(plan, index) for index in range(plan.annotators)]
    desk = _Desk(dataset, log, plan)
    queue = [(person.clock, index) for index, person in enumerate(people)]
    skipped, idle = 0, 0
    try:
        # Who gets no face asks again as long as others, whose answers may bring second opinions, have some.
        while desk.reviews < plan.reviews and (idle <= len(people) or any(person.hand for person in people)):
            person = people[heapq.heappop(queue)[1]]
            if not person.hand:
                desk.flush()
                report("simulated reviews", desk.reviews / plan.reviews)
                person.hand = deal(dataset, log, audit, person.seat, leases=leases).cards[::-1]
                idle = 0 if person.hand else idle + 1
            if person.hand:
                face = person.hand.pop()
                said = ballots[dataset.groups[face.row]]
                skipped += not said.any()
                _answer(desk, person, face, said)
                if said.any() and desk.reviews % 1000 == 0:
                    desk.flush()
                    reached(desk.reviews)
            else:
                person.clock += WAIT_S
            heapq.heappush(queue, (person.clock, people.index(person)))
        desk.flush()
    finally:
        for person in people:
            leases.release(person.name)
    if desk.reviews % 1000:
        reached(desk.reviews)
    return Simulated(desk.reviews, skipped, desk.seconds)


def by_score(audit: Audit, score: str) -> Audit:
    """The audit as if every image were a suspect and this one of its scores (scores.SCORES) ranked them."""
    values = audit.scores[score].to_numpy(np.float64)
    order = np.lexsort((np.arange(len(values)), -values))
    by_row = audit.suspects.set_index("row").loc[order].reset_index()
    ranked = by_row.assign(rank=np.arange(1, len(order) + 1), suspicion=values[order].clip(0, 1), reasons="label")
    other = copy(audit)
    # Of a copy nothing is shared but what was read; the date tells the two apart where queues are kept.
    other.__dict__["document"] = {**audit.document, "finished": f"{audit.document['finished']} {score}"}
    other.__dict__["suspects"] = ranked  # where cached_property keeps what it has read
    return other


def audit_of(plan: Plan, audit: Audit | None) -> Audit | None:
    """The audit as the plan's queue reads it; UsageError where it needs one of the labels and there is none."""
    if audit is None or not audit.document["settings"]["labels"]:
        if plan.needs_audit():
            raise UsageError(f"The queue {plan.queue!r} needs an audit of the labels: run `audit` first.")
        return audit
    return by_score(audit, SCORE_QUEUES[plan.queue]) if plan.queue in SCORE_QUEUES else audit


def _person(plan: Plan, index: int) -> _Person:
    name = NAME.format(index + 1)
    queue = SUSPECTS if plan.queue in SCORE_QUEUES else plan.queue
    seat = Seat(name, plan.round, queue, plan.balance, plan.audit_share, 0.0)
    rng = np.random.default_rng([plan.seed, index])
    return _Person(name, seat, rng, MEDIAN_MS * float(np.exp(PEOPLE_SPREAD * rng.standard_normal())), [])


class _Desk:
    """Where answers wait to be stored some at a time."""

    def __init__(self, dataset: Dataset, log: VerdictLog, plan: Plan) -> None:
        self._dataset, self._log, self._plan = dataset, log, plan
        self._waiting: list[Verdict] = []
        self._from, self._made = f"{dataset.hash} {log.watermark()} {plan}", 0
        self.reviews = 0
        self.seconds = 0.0

    def take(self, person: _Person, face: Card, answer: str, active_ms: int) -> None:
        self._made += 1
        queue = self._plan.queue if face.queue == SUSPECTS else face.queue
        verdict = Verdict(
            id=str(UUID(bytes=sha256(f"{self._from} {self._made}".encode()).digest()[:16], version=4)),
            kind="answer",
            dataset=self._dataset.name,
            dataset_hash=self._dataset.hash,
            row=face.row,
            content=face.content,
            annotator=person.name,
            round=self._plan.round,
            answer=answer,
            time=(self._plan.start + timedelta(seconds=person.clock)).isoformat(timespec="milliseconds"),
            key=ANSWER_KEYS[answer],
            queue=queue,
            score=face.score,
            model=face.model,
            based_on=face.based_on,
            active_ms=active_ms,
        )
        self._waiting.append(verdict)
        self.reviews += answer != SKIP
        self.seconds += active_ms / 1000
        if len(self._waiting) >= _FLUSH:
            self.flush()

    def flush(self) -> None:
        receipt = self._log.record(self._dataset, self._waiting)
        if receipt.refused:
            raise InputRefused(f"A simulated answer was refused: {next(iter(receipt.refused.values()))}")
        self._waiting = []


def _answer(desk: _Desk, person: _Person, face: Card, said: np.ndarray) -> None:
    """said: int64 (9,), the votes that one is drawn of."""
    if not said.any():
        desk.take(person, face, SKIP, 0)
        return
    column = int(person.rng.choice(len(said), p=said / said.sum()))
    active = person.median_ms * np.exp(FACES_SPREAD * person.rng.standard_normal())
    active_ms = int(np.clip(active, FASTEST_MS, SLOWEST_MS))
    person.clock += active_ms / 1000
    desk.take(person, face, _ANSWERS[column], active_ms)
