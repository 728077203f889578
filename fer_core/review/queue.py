"""Which faces a person sees, and in which order.

A queue holds every image at most once and shows only one of exact copies: they are the same picture, and one answer
serves them all. The worst suspects come first, but within a batch the order is random, so that the place in the
queue says nothing about the face.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.review.selections import Selection

SUSPECTS, RANDOM, SKIPPED = "suspects", "random", "skipped"
BATCH = 120
# Findings that a person's answer settles; copies and flat pictures need nobody to look at them.
ASKED = (
    "label",
    "label-conflict",
    "not-a-face",
    "blurred",
    "dark",
    "bright",
    "low-information",
    "black-and-white",
)


@dataclass(frozen=True)
class Queue:
    """An ordered choice of images; the order is the same for the same person and round, on every call."""

    name: str
    rows: np.ndarray  # int64, in the order of presentation
    scores: np.ndarray  # float64 in [0, 1], one per row; NaN where the queue has no score
    model: str = ""  # what gave the scores

    def __len__(self) -> int:
        return len(self.rows)


def suspects_queue(dataset: Dataset, suspects: pd.DataFrame, model: str, seed: int) -> Queue:
    """The images with a finding that a person can settle, most suspect first, shuffled within batches.

    `suspects`: the audit's table, one line per image, most suspect first (columns row, suspicion, reasons).
    """
    reasons = suspects["reasons"].str.split(";").explode()
    table = suspects.loc[reasons.index[reasons.isin(ASKED)].unique()]
    rows = table["row"].to_numpy(np.int64)
    first = _one_per_group(dataset, rows)
    rows, scores = rows[first], table["suspicion"].to_numpy(np.float64)[first]
    order = _shuffled_within_batches(len(rows), seed)
    return Queue(SUSPECTS, rows[order], scores[order], model)


def random_queue(dataset: Dataset, seed: int) -> Queue:
    """Every image, in random order: what to review before there is an audit, and what measures the error rate."""
    rows = np.random.default_rng(seed).permutation(len(dataset))
    rows = rows[_one_per_group(dataset, rows)]
    return Queue(RANDOM, rows, np.full(len(rows), np.nan))


def skipped_queue(answered: pd.DataFrame) -> Queue:
    """What this person skipped in this round, in the order of skipping. `answered`: from VerdictLog.answered."""
    rows = answered.loc[answered["answer"] == "skip", "row"].to_numpy(np.int64)
    return Queue(SKIPPED, rows, np.full(len(rows), np.nan))


def selection_queue(dataset: Dataset, selection: Selection, seed: int) -> Queue:
    """The images of a selection, in random order: in which order they were picked says something about them."""
    rows = np.random.default_rng(seed).permutation(np.array(selection.rows, np.int64))
    rows = rows[_one_per_group(dataset, rows)]
    return Queue(selection.id, rows, np.full(len(rows), np.nan))


def waiting(dataset: Dataset, queue: Queue, answered: Collection[int], held: Collection[int] = ()) -> np.ndarray:
    """Positions in the queue (int64) of the faces still to be shown.

    Left out: images whose picture (also as a copy) is among `answered` rows, and rows already `held` by the card.
    """
    groups = dataset.groups
    gone = np.isin(groups[queue.rows], groups[np.fromiter(answered, np.int64, len(answered))])
    return np.flatnonzero(~gone & ~np.isin(queue.rows, np.fromiter(held, np.int64, len(held))))


def order_seed(dataset: Dataset, annotator: str, round_: int) -> int:
    """The seed of a person's order in a round."""
    return int.from_bytes(hashlib.sha256(f"{dataset.hash}\n{annotator}\n{round_}".encode()).digest()[:8])


def _one_per_group(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Positions in `rows` of the first image of each group of exact copies, ascending."""
    return np.sort(np.unique(dataset.groups[rows], return_index=True)[1])


def _shuffled_within_batches(count: int, seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed).random(count)
    return np.lexsort((chance, np.arange(count) // BATCH))
