"""Who gets which faces next: what is open for a person, and what is mixed into their queue."""

from dataclasses import dataclass

import numpy as np

from fer_core.review.queues.answers import SKIPPED_OUTCOME, Answers
from fer_core.review.queues.leases import Held
from fer_core.review.queues.queue import Queue

OWN, AUDIT, GOLD_ITEM = range(3)
_STEP = 4096


@dataclass(frozen=True)
class Standing:
    """Where the pictures of a data set stand for one person; arrays (N,), read at the picture's first row."""

    waits: np.ndarray  # bool: not settled, and not answered (nor, but in the queue of skipped ones, skipped) by them
    held: np.ndarray  # bool: in their hands already
    busy: np.ndarray  # bool: in as many other hands as the picture wants opinions

    @property
    def free(self) -> np.ndarray:
        """What can be dealt to them now, bool (N,)."""
        return self.waits & ~self.held & ~self.busy


@dataclass(frozen=True)
class Faces:
    """Faces in order, each with what is logged of the queue that brought it. Arrays (n,)."""

    rows: np.ndarray  # int64
    queues: np.ndarray  # text
    scores: np.ndarray  # float64, NaN where there is none
    models: np.ndarray  # text

    def taken(self, places: np.ndarray) -> "Faces":
        """These of the faces (int64), in this order."""
        return Faces(self.rows[places], self.queues[places], self.scores[places], self.models[places])


@dataclass(frozen=True)
class Hand:
    """The next faces of a person, and where their queue stands (see cards.Deal)."""

    faces: Faces
    done: int
    elsewhere: int
    last: bool


def faces_of(*queues: Queue) -> Faces:
    """The faces of queues, one queue after the other."""
    return Faces(
        np.concatenate([queue.rows for queue in queues]),
        np.concatenate([np.full(len(queue), queue.name, object) for queue in queues]),
        np.concatenate([queue.scores for queue in queues]),
        np.concatenate([np.full(len(queue), queue.model, object) for queue in queues]),
    )


def standing(
    answers: Answers, room: np.ndarray, annotator: str, held: np.ndarray, others: Held | None, *, skipped: bool = False
) -> Standing:
    """What is open for a person.

    room: int8 (N,), see Answers.room; held: int64 (h,), rows that they have; others: what is leased to others;
    skipped: whether what they skipped is open to them again.
    """
    own = answers.by(annotator)
    if skipped:
        own = own & (answers.outcomes != SKIPPED_OUTCOME)
    waits = room > 0
    waits[answers.shown[own]] = False
    hands = np.zeros(len(room), bool)
    hands[answers.pictures.of[held]] = True
    busy = np.zeros(len(room), bool)
    if others is not None and len(others.pictures):
        # A lease ends with the answer, before its holder says so.
        live = others.pictures[~answers.include(others.pictures, others.annotators)]
        looking = np.zeros(len(room), np.int16)
        np.add.at(looking, live, 1)
        busy = looking >= np.maximum(room, 1)
    return Standing(waits, hands, busy)


def everybody(answers: Answers, annotator: str, held: np.ndarray) -> Standing:
    """What is open for a person in a queue that everybody goes through, whatever others say or hold."""
    return standing(answers, np.ones(len(answers.pictures.of), np.int8), annotator, held, None)


def choose(
    own: Queue,
    stands: Standing,
    of: np.ndarray,
    sources: np.ndarray,
    audit: Queue | None = None,
    gold: tuple[Queue, Standing] | None = None,
) -> Hand:
    """The next faces. `of`: int64 (N,), the picture of each image; `sources`: where each comes from (see `mixture`).

    The queue's own faces are taken first, so nothing that is mixed in keeps one of them back. A place for an audit or
    a gold face goes to the queue itself where there is none left, and the hand ends where the queue ends: nobody is
    kept for the sake of what is mixed in.
    """
    shown = of[own.rows]
    free = stands.free
    open_places = np.flatnonzero(free[shown])
    waiting = int(stands.waits[shown].sum())
    elsewhere = int((stands.waits & ~stands.held)[shown].sum()) - len(open_places)

    sources = _as_far(sources, len(open_places)) if len(open_places) else sources[:0].copy()
    dealt = shown[open_places[: (sources == OWN).sum()]]
    free[dealt] = False
    golden, audited = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if gold is not None:
        gold_free = gold[1].free
        gold_free[dealt] = False
        golden = _first(gold[0], gold_free, of, int((sources == GOLD_ITEM).sum()))
        free[of[gold[0].rows[golden]]] = False
    if audit is not None:
        audited = _first(audit, free, of, int((sources == AUDIT).sum()))
        free[of[audit.rows[audited]]] = False
    for source, found in ((GOLD_ITEM, golden), (AUDIT, audited)):
        sources[np.flatnonzero(sources == source)[len(found) :]] = OWN
    later = open_places[len(dealt) :]
    open_places = np.concatenate([open_places[: len(dealt)], later[free[shown[later]]]])
    sources = _as_far(sources, len(open_places))

    parts = [own.taken(open_places[: (sources == OWN).sum()])]
    if audit is not None:
        parts.append(audit.taken(audited[: (sources == AUDIT).sum()]))
    if gold is not None:
        parts.append(gold[0].taken(golden[: (sources == GOLD_ITEM).sum()]))
    # The parts are in the order of the sources; each face goes where its source was drawn.
    faces = faces_of(*parts).taken(np.argsort(np.argsort(sources, kind="stable")))
    last = len(open_places) <= int((sources == OWN).sum())
    return Hand(faces, len(own) - waiting, elsewhere, last)


def _as_far(sources: np.ndarray, faces: int) -> np.ndarray:
    """The sources, as far as so many of the queue's own faces go; a copy."""
    ours = np.flatnonzero(sources == OWN)
    return sources[: ours[faces]].copy() if len(ours) > faces else sources.copy()


def mixture(count: int, audit_share: float, gold_share: float, seed: tuple[int, ...]) -> np.ndarray:
    """What stands in each of the next places, int8 (count,): OWN, AUDIT or GOLD_ITEM.

    Each place is drawn for itself, so that neither the number nor the places of what is mixed in can be guessed.
    """
    chance = np.random.default_rng(seed).random(count)
    sources = np.full(count, OWN, np.int8)
    sources[chance < audit_share + gold_share] = GOLD_ITEM
    sources[chance < audit_share] = AUDIT
    return sources


def _first(queue: Queue, free: np.ndarray, of: np.ndarray, count: int) -> np.ndarray:
    """The first `count` places of a queue whose pictures are free, int64; looks no further than it must."""
    found: list[np.ndarray] = []
    missing = count
    for start in range(0, len(queue) if count else 0, _STEP):
        here = start + np.flatnonzero(free[of[queue.rows[start : start + _STEP]]])[:missing]
        found.append(here)
        missing -= len(here)
        if not missing:
            break
    return np.concatenate(found) if found else np.zeros(0, np.int64)
