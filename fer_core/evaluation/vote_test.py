"""VoteTest: Training images that nobody trains on, scored by what annotators voted instead of the given labels.

About a third of FER2013's test labels are not what ten annotators see, so that better training labels look worse on
them. Where a data set has a vote table, a fixed part of Training is put aside in every version and never relabelled;
"corrected labels" always means these images and their votes.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from fer_core.dataset.store import TRAINING, Dataset
from fer_core.dataset.votes import VoteTable

NAME = "VoteTest"
MOST = 3_000  # images: an interval of about 1.5 points either way
SHARE = 9  # at most one in so many Training images: a small data set keeps what it learns from, FER2013 gives MOST
FEWEST = 70  # ten of each class on average; with fewer a score says nothing
# More than half of eight is five people of one mind. FER+ has ten votes an image, and calls more than half of them its
# majority (Barsoum et al. 2016); of three or four votes two or three would do, which chance gives often.
ENOUGH_VOTES = 8


@dataclass(frozen=True)
class VoteTest:
    """Rows (int64, ascending), one of each group of copies, the class voted for each, and every copy of them."""

    rows: np.ndarray  # int64 (n,)
    labels: np.ndarray  # int8 (n,)
    withheld: np.ndarray  # int64, ascending: `rows` and all copies of them
    hash: str  # of the images and their labels, eight characters


def vote_labels(votes: VoteTable) -> np.ndarray:
    """The class with a clear majority of an image's votes, int8 (N,); -1 where there is none.

    Clear is more than half of all votes, those for contempt, unknown and not a face included, of at least
    ENOUGH_VOTES.
    """
    clear = (2 * votes.classes.max(1) > votes.total) & (votes.total >= ENOUGH_VOTES)
    return np.where(clear, votes.classes.argmax(1), -1).astype(np.int8)


def vote_test(dataset: Dataset, votes: VoteTable, taken: np.ndarray) -> VoteTest | None:
    """Choose the VoteTest of a data set; None where fewer than FEWEST images would do.

    taken: rows that choose or score already, int64; no copy of them is chosen. A group of copies counts once, by its
    first voted row, and not at all where its votes name two classes. The images with the smallest sha256 are chosen:
    the same ones on every machine, whatever else is in the data set.
    """
    voted = vote_labels(votes)
    elsewhere = np.union1d(taken, np.flatnonzero(dataset.splits != TRAINING))
    candidates = np.flatnonzero((voted >= 0) & ~np.isin(dataset.groups, dataset.groups[elsewhere]))
    groups, first, place = np.unique(dataset.groups[candidates], return_index=True, return_inverse=True)
    named = candidates[first]
    torn = np.zeros(len(groups), bool)
    torn[place[voted[candidates] != voted[named][place]]] = True
    named = named[~torn]

    count = min(MOST, int((dataset.splits == TRAINING).sum()) // SHARE, len(named))
    if count < FEWEST:
        return None
    contents = dataset.table["content"].to_numpy(str)
    rows = np.sort(named[np.argsort(contents[named], kind="stable")[:count]])
    labels = voted[rows]
    digest = hashlib.sha256("".join(contents[rows]).encode() + labels.tobytes()).hexdigest()
    withheld = np.flatnonzero(np.isin(dataset.groups, dataset.groups[rows]))
    return VoteTest(rows, labels, withheld, digest[:8])
