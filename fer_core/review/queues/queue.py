"""Which pictures the queues hold, and in which order. Which queues there are stands in `kinds`.

A queue holds every image at most once and shows only one of exact copies: they are the same picture, and one answer
serves them all. What matters most comes first, but within a batch the order is random, so that the place in the
queue says nothing about the face.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.emotions import CLASSES
from fer_core.review.kept import Kept
from fer_core.review.pictures import pictures
from fer_core.review.queues.answers import SKIPPED_OUTCOME, Answers
from fer_core.review.queues.kinds import (
    CONFLICTS,
    DISAGREEMENTS,
    GOLD,
    LOW_QUALITY,
    NOT_A_FACE,
    RANDOM,
    SKIPPED,
    SUSPECTS,
    UNSEEN,
    kind_of,
)
from fer_core.review.queues.selections import PREFIX, Selection, load_selection
from fer_core.review.queues.stream import random_stream

BATCH = 120

QUALITY_REASONS = ("blurred", "dark", "bright", "low-information", "black-and-white")
# Findings that a person's answer settles; copies and flat pictures need nobody to look at them.
ASKED = ("label", "label-conflict", "not-a-face", *QUALITY_REASONS)

_REASONS = {NOT_A_FACE: ("not-a-face",), LOW_QUALITY: QUALITY_REASONS}


@dataclass(frozen=True)
class Queue:
    """An ordered choice of images."""

    name: str
    rows: np.ndarray  # int64, in the order of presentation
    scores: np.ndarray  # float64 in [0, 1], one per row; NaN where the queue has no score
    model: str = ""  # what gave the scores

    def __len__(self) -> int:
        return len(self.rows)

    def taken(self, places: np.ndarray) -> "Queue":
        """The same queue with these of its places (int64), in this order."""
        return Queue(self.name, self.rows[places], self.scores[places], self.model)


# The order of each queue before it is shuffled for somebody: functions of the data set and the audit.


def suspects_queue(dataset: Dataset, suspects: pd.DataFrame, model: str, balance: float = 0.0) -> Queue:
    """The images with a finding that a person can settle; conflicts first, then the most suspect.

    `suspects`: the audit's table, one line per image, most suspect first (columns row, suspicion, reasons).
    `balance`: 0, that order; 1, the given classes take equal turns for as long as they last; between them an image's
    place is the mean of the two, weighed.
    """
    codes, combinations = pd.factorize(suspects["reasons"])
    reasons = [set(str(text).split(";")) for text in combinations]
    asked = np.array([bool(own & set(ASKED)) for own in reasons], bool)[codes]
    torn = np.array(["label-conflict" in own for own in reasons], bool)[codes]
    place = np.concatenate([np.flatnonzero(torn), np.flatnonzero(asked & ~torn)])
    rows = suspects["row"].to_numpy(np.int64)[place]
    first = one_per_picture(dataset, rows)
    rows, scores = rows[first], suspects["suspicion"].to_numpy(np.float64)[place[first]]
    queue = Queue(SUSPECTS, rows, scores, model)
    return queue.taken(_balanced(dataset.labels[rows], balance)) if balance else queue


def conflicts_queue(dataset: Dataset) -> Queue:
    """Pictures whose copies are given as different classes, those with the most copies first."""
    known = pictures(dataset)
    order = np.argsort(-known.copies[known.conflicts], kind="stable")
    return _unscored(CONFLICTS, known.conflicts[order])


def findings_queue(dataset: Dataset, name: str, findings: pd.DataFrame, reasons: Collection[str]) -> Queue:
    """The images with a finding of one of these reasons, the surest first; scored by it.

    `findings`: the audit's (columns row, reason, score).
    """
    found = findings[findings["reason"].isin(list(reasons))].sort_values("score", ascending=False, kind="stable")
    rows = found["row"].to_numpy(np.int64)
    first = one_per_picture(dataset, rows)
    return Queue(name, rows[first], found["score"].to_numpy(np.float64)[first])


def stream_queue(dataset: Dataset, name: str = RANDOM) -> Queue:
    """Every picture in the order of the random audit: one order for everybody."""
    rows = random_stream(dataset)
    return _unscored(name, rows[one_per_picture(dataset, rows)])


def gold_queue(dataset: Dataset, gold: np.ndarray) -> Queue:
    """The pictures whose answer is known. `gold`: int8 (N,), -1 where it is not (see review.gold)."""
    rows = np.flatnonzero(gold >= 0)
    return _unscored(GOLD, rows[one_per_picture(dataset, rows)])


def disagreements_queue(answers: Answers, room: np.ndarray) -> Queue:
    """Pictures that want further opinions (`room`: Answers.room), those that want the most first."""
    rows = np.unique(answers.shown)
    rows = rows[room[rows] > 0]
    seen = np.isin(rows, answers.shown[answers.outcomes != SKIPPED_OUTCOME])  # skipped by all, it is only unseen
    rows = rows[seen]
    return _unscored(DISAGREEMENTS, rows[np.argsort(-room[rows], kind="stable")])


def skipped_queue(answers: Answers, annotator: str) -> Queue:
    """What this person has skipped, in the order of skipping."""
    return _unscored(SKIPPED, answers.rows[answers.by(annotator) & (answers.outcomes == SKIPPED_OUTCOME)])


def selection_queue(dataset: Dataset, selection: Selection) -> Queue:
    """The images of a selection, by row: in which order they were picked says something about them."""
    rows = np.unique(np.array(selection.rows, np.int64))
    return _unscored(selection.id, rows[one_per_picture(dataset, rows)])


_orders: Kept[Queue] = Kept(12)  # of a million images each takes 16 MB


def fixed_queue(dataset: Dataset, audit: Audit | None, name: str, balance: float = 0.0) -> Queue:
    """A queue that no answer changes, not shuffled yet; kept for everybody. NotFound for a selection that is gone.

    Where it needs an audit and there is none, it holds everything in random order.
    """
    if name.startswith(PREFIX):
        return selection_queue(dataset, load_selection(dataset, name))
    if name == CONFLICTS:
        return conflicts_queue(dataset)
    if audit is None or not kind_of(name).needs_audit:
        name = UNSEEN if name == UNSEEN else RANDOM
        return _orders.get((dataset.hash, name), lambda: stream_queue(dataset, name))
    key = (dataset.hash, audit.path, audit.document["finished"], name, balance if name == SUSPECTS else 0.0)
    if name == SUSPECTS:
        return _orders.get(key, lambda: suspects_queue(dataset, audit.suspects, audit.model, balance))
    return _orders.get(key, lambda: findings_queue(dataset, name, audit.findings, _REASONS[name]))


def order_seed(dataset: Dataset, annotator: str, round_: int) -> int:
    """The seed of a person's order in a round."""
    return int.from_bytes(hashlib.sha256(f"{dataset.hash}\n{annotator}\n{round_}".encode()).digest()[:8])


def shuffled(count: int, seed: int, batch: int = BATCH) -> np.ndarray:
    """The places 0 to count-1 (int64), each batch of them in random order; the same for the same seed."""
    chance = np.random.default_rng(seed)
    whole = count // batch * batch
    places = np.arange(count)
    places[:whole] = chance.permuted(places[:whole].reshape(-1, batch), axis=1).ravel()
    places[whole:] = chance.permutation(places[whole:])
    return places


def one_per_picture(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Places in `rows` of the first image of each picture, ascending."""
    return np.sort(np.unique(dataset.groups[rows], return_index=True)[1])


def _unscored(name: str, rows: np.ndarray) -> Queue:
    return Queue(name, rows, np.full(len(rows), np.nan))


def _balanced(labels: np.ndarray, balance: float) -> np.ndarray:
    """Places (int64) between the order as it is and equal turns. `labels`: int (n,), in the order as it is."""
    count = len(labels)
    turn = np.zeros(count, np.int64)  # how many of the same class stand before
    for label in range(CLASSES):
        own = labels == label
        turn[own] = np.arange(own.sum())
    equal = np.empty(count, np.int64)
    equal[np.lexsort((np.arange(count), turn))] = np.arange(count)
    return np.argsort((1 - balance) * np.arange(count) + balance * equal, kind="stable")
