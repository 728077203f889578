"""Exact copies are one picture, named by the first row that shows it (`Dataset.groups`)."""

from dataclasses import dataclass

import numpy as np

from fer_core.dataset.store import Dataset
from fer_core.emotions import CLASSES
from fer_core.review.kept import Kept


@dataclass(frozen=True)
class Pictures:
    """What the copies of each picture have in common, and where they differ."""

    of: np.ndarray  # int64 (N,): the picture that each image shows; Dataset.groups
    copies: np.ndarray  # int32 (N,): images that show the picture, by its name; 0 for names of no picture
    labels: np.ndarray  # int8 (N,), as given, by row
    conflicts: np.ndarray  # int64 (k,): the pictures whose copies are given as different classes, ascending
    conflict_shares: np.ndarray  # float64 (k, 7): shares of the given classes among the copies of each of those

    def given(self, pictures: np.ndarray) -> np.ndarray:
        """Shares of the given classes among the copies of these pictures (int (n,)); float64 (n, 7)."""
        shares = np.zeros((len(pictures), CLASSES))
        shares[np.arange(len(pictures)), self.labels[pictures]] = 1
        if len(self.conflicts):
            place = np.searchsorted(self.conflicts, pictures).clip(max=len(self.conflicts) - 1)
            torn = self.conflicts[place] == pictures
            shares[torn] = self.conflict_shares[place[torn]]
        return shares


_kept: Kept[Pictures] = Kept(4)


def pictures(dataset: Dataset) -> Pictures:
    """The pictures of a data set; worked out once."""
    return _kept.get(dataset.hash, lambda: _pictures(dataset))


def _pictures(dataset: Dataset) -> Pictures:
    groups, labels = dataset.groups, dataset.labels
    copies = np.bincount(groups, minlength=len(groups)).astype(np.int32)
    conflicts = np.unique(groups[labels != labels[groups]])  # a copy that differs from the first
    shares = np.zeros((len(conflicts), CLASSES))
    torn = np.flatnonzero(np.isin(groups, conflicts))
    np.add.at(shares, (np.searchsorted(conflicts, groups[torn]), labels[torn]), 1)
    return Pictures(groups, copies, labels, conflicts, shares / copies[conflicts][:, None])
