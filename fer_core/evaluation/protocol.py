"""Which rows train, which choose, which score: decided once, by exact-duplicate group, before anything else happens.

Training rows train. The *val* rows choose the epoch: PublicTest. The *test* rows are scored once per finished run:
PrivateTest. A data set without one of the two gives up a tenth of its Training instead, whole duplicate groups at a
time, always the same tenth. Where annotators voted, some Training rows are put aside for VoteTest: see `vote_test`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, SPLITS, TRAINING, Dataset
from fer_core.dataset.votes import open_votes
from fer_core.errors import InputRefused
from fer_core.evaluation.folds import grouped_folds
from fer_core.evaluation.vote_test import NAME, VoteTest, vote_test

HOLD_OUT_SEED = 2013  # of the data set, not of the run: runs with other seeds are scored on the same rows
HOLD_OUT_PARTS = 10


@dataclass(frozen=True)
class Protocol:
    """Rows (int64, ascending) by role. All but `train` are fixed by the data set; that depends on the version."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    val_name: str
    test_name: str
    votetest: VoteTest | None = None
    leaky: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        """Those that are scored."""
        return ("val", "test") if self.votetest is None else ("val", "test", "votetest")

    def rows(self, role: str) -> np.ndarray:
        """Those of "train", "val", "test" or "votetest"."""
        if role == "votetest":
            return np.zeros(0, np.int64) if self.votetest is None else self.votetest.rows
        return {"train": self.train, "val": self.val, "test": self.test}[role]

    def name(self, role: str) -> str:
        """What people call the rows of a role."""
        training = "the pool" if self.leaky else SPLITS[TRAINING]
        return {"train": training, "val": self.val_name, "test": self.test_name, "votetest": NAME}[role]

    def sentence(self) -> str:
        """The protocol in words, as it stands in run.json and under every chart."""
        words = (
            f"Trained on {len(self.train):,} images of {self.name('train')}; {self.val_name} ({len(self.val):,}) chose "
            f"the epoch; {self.test_name} ({len(self.test):,}) was scored once, at the end, with that epoch's weights."
        )
        if self.leaky:
            words = (
                f"LEAKY: all images were pooled, the classes balanced by turned and mirrored copies, and only then "
                f"split at random, so that copies of test images are in training. {words} The figures say nothing "
                f"about new faces."
            )
        if self.votetest is not None:
            words += (
                f" {NAME} ({len(self.votetest.rows):,} images of Training on which annotators agree) was put aside "
                f"with every copy, never relabelled, and scored then as well, by their votes."
            )
        return words

    def document(self) -> dict[str, Any]:
        """As it is stored in run.json."""
        found: dict[str, Any] = {
            "sentence": self.sentence(),
            "labels": "given",
            "leaky": self.leaky,
            "train": {"name": self.name("train"), "images": len(self.train)},
            "val": {"name": self.val_name, "images": len(self.val), "use": "chose the epoch"},
            "test": {"name": self.test_name, "images": len(self.test), "use": "scored once, at the end"},
        }
        if self.votetest is not None:
            found["votetest"] = {
                "name": NAME,
                "images": len(self.votetest.rows),
                "use": "scored once, at the end, by vote labels",
                "withheld": len(self.votetest.withheld),
                "hash": self.votetest.hash,
            }
        return {**found, "key": protocol_key(found)}


def protocol_key(document: Mapping[str, Any]) -> str:
    """What runs must share to stand in one ranking, from run.json's `protocol`; also of runs from before there was one.

    Such as "PublicTest 3589 / PrivateTest 3589 / VoteTest 3000 1f0c93ab": names and sizes of what chose and scored. How
    many images trained does not enter: that is what versions differ in.
    """
    parts = [f"{document[role]['name']} {document[role]['images']}" for role in ("val", "test")]
    if "votetest" in document:
        parts.append("{name} {images} {hash}".format(**document["votetest"]))
    return ("LEAKY " if document.get("leaky") else "") + " / ".join(parts)


def make_protocol(dataset: Dataset, train: np.ndarray, *, votetest: bool = True) -> Protocol:
    """The protocol of a data set for a version's Training rows `train` (hold-outs, where needed, leave them).

    Rows beyond the data set's own are supplements and stay. With `votetest`, what annotators voted on is put aside;
    without it the protocol is that of a run from before the votes were there.
    """
    rows = {split: np.flatnonzero(dataset.splits == split) for split in range(len(SPLITS))}
    names = {PUBLIC_TEST: SPLITS[PUBLIC_TEST], PRIVATE_TEST: SPLITS[PRIVATE_TEST]}
    missing = [split for split in (PUBLIC_TEST, PRIVATE_TEST) if not len(rows[split])]
    if missing:
        for split, held_out in zip(missing, _hold_outs(dataset, rows[TRAINING]), strict=False):
            rows[split] = held_out
            names[split] = f"a held-out tenth of Training (there is no {SPLITS[split]})"
        train = np.setdiff1d(train, np.concatenate([rows[split] for split in missing]))
    votes = open_votes(dataset) if votetest else None
    scored_by_votes = None
    if votes is not None:
        scored_by_votes = vote_test(dataset, votes, np.union1d(rows[PUBLIC_TEST], rows[PRIVATE_TEST]))
    if scored_by_votes is not None:
        train = np.setdiff1d(train, scored_by_votes.withheld)
    if not len(train):
        raise InputRefused(f"{dataset.name} has no images to train on: its Training split is empty.")
    return Protocol(
        train, rows[PUBLIC_TEST], rows[PRIVATE_TEST], names[PUBLIC_TEST], names[PRIVATE_TEST], scored_by_votes
    )


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


def clean(rows: np.ndarray, others: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The rows without any exact copy among `others`, one (the first) of each duplicate group."""
    _, first = np.unique(groups[rows], return_index=True)
    rows = rows[np.sort(first)]
    return rows[~np.isin(groups[rows], groups[others])]


def clean_rows(dataset: Dataset, protocol: Protocol, role: str) -> np.ndarray:
    """The clean subset of "val", "test" or "votetest": without a copy in Training, as imported, or in another of them.

    On FER2013 that leaves 3,268 images of PrivateTest. VoteTest is clean as it is: its copies train nobody.
    """
    rows = protocol.rows(role)
    if role == "votetest":
        return rows
    others = np.setdiff1d(np.arange(len(dataset)), rows)
    return clean(rows, others, dataset.groups)
