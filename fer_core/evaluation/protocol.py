"""Which rows train, which choose, which score: decided once, by exact-duplicate group, before anything else happens.

Training rows train. The *val* rows choose the epoch: PublicTest. The *test* rows are scored once per finished run:
PrivateTest. A data set without one of the two gives up a tenth of its Training instead, whole duplicate groups at a
time, always the same tenth.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, SPLITS, TRAINING, Dataset
from fer_core.errors import InputRefused

HOLD_OUT_SEED = 2013  # of the data set, not of the run: runs with other seeds are scored on the same rows
HOLD_OUT_PARTS = 10


@dataclass(frozen=True)
class Protocol:
    """Rows (int64, ascending) by role. `val` and `test` are fixed by the data set; `train` depends on the version."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    val_name: str
    test_name: str

    def rows(self, role: str) -> np.ndarray:
        """Those of "train", "val" or "test"."""
        return {"train": self.train, "val": self.val, "test": self.test}[role]

    def name(self, role: str) -> str:
        """What people call the rows of a role."""
        return {"train": SPLITS[TRAINING], "val": self.val_name, "test": self.test_name}[role]

    def sentence(self) -> str:
        """The protocol in words, as it stands in run.json and under every chart."""
        return (
            f"Trained on {len(self.train):,} images of Training; {self.val_name} ({len(self.val):,}) chose the epoch; "
            f"{self.test_name} ({len(self.test):,}) was scored once, at the end, with that epoch's weights."
        )


def make_protocol(dataset: Dataset, train: np.ndarray) -> Protocol:
    """The protocol of a data set for a version's Training rows `train` (hold-outs, where needed, leave them)."""
    rows = {split: np.flatnonzero(dataset.splits == split) for split in range(len(SPLITS))}
    names = {PUBLIC_TEST: SPLITS[PUBLIC_TEST], PRIVATE_TEST: SPLITS[PRIVATE_TEST]}
    missing = [split for split in (PUBLIC_TEST, PRIVATE_TEST) if not len(rows[split])]
    if missing:
        for split, held_out in zip(missing, _hold_outs(dataset, rows[TRAINING]), strict=False):
            rows[split] = held_out
            names[split] = f"a held-out tenth of Training (there is no {SPLITS[split]})"
        train = np.setdiff1d(train, np.concatenate([rows[split] for split in missing]))
    if not len(train):
        raise InputRefused(f"{dataset.name} has no images to train on: its Training split is empty.")
    return Protocol(train, rows[PUBLIC_TEST], rows[PRIVATE_TEST], names[PUBLIC_TEST], names[PRIVATE_TEST])


def _hold_outs(dataset: Dataset, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Tenths of the Training rows, each with all copies of its images."""
    groups = dataset.groups[rows]
    if len(np.unique(groups)) < 2 * HOLD_OUT_PARTS:
        raise InputRefused(
            f"{dataset.name} lacks a test split, and its {len(np.unique(groups)):,} different Training images are too "
            f"few to hold some out: import at least {2 * HOLD_OUT_PARTS}."
        )
    folds = grouped_folds(dataset.labels[rows], groups, HOLD_OUT_PARTS, HOLD_OUT_SEED)
    return (rows[folds == part] for part in range(HOLD_OUT_PARTS))


def grouped_folds(labels: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold of each image, int64 (N,), 0 to folds - 1: balanced by class, copies of an image share one.

    labels: int (N,); groups: int (N,), equal for exact copies.
    """
    # scikit-learn warns about classes with fewer images than folds: they go with the largest.
    counts = np.bincount(labels)
    strata = np.where(counts[labels] < folds, counts.argmax(), labels)
    found = np.zeros(len(labels), np.int64)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for fold, (_, held_out) in enumerate(splitter.split(strata, strata, groups)):
        found[held_out] = fold
    return found


def clean(rows: np.ndarray, others: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The rows without any exact copy among `others`, one (the first) of each duplicate group."""
    _, first = np.unique(groups[rows], return_index=True)
    rows = rows[np.sort(first)]
    return rows[~np.isin(groups[rows], groups[others])]


def clean_rows(dataset: Dataset, protocol: Protocol, role: str) -> np.ndarray:
    """The clean subset of "val" or "test": without any copy in Training, as imported, or in the other of the two.

    On FER2013 that leaves 3,268 images of PrivateTest.
    """
    rows = protocol.rows(role)
    others = np.setdiff1d(np.arange(len(dataset)), rows)
    return clean(rows, others, dataset.groups)
