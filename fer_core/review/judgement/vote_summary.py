"""What an imported vote table says about a data set, in figures."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import VoteTable
from fer_core.emotions import CLASSES, NAMES
from fer_core.review.judgement.agreement import krippendorff_alpha


@dataclass(frozen=True)
class VoteSummary:
    """A vote table beside the given labels."""

    images: int  # that have votes
    votes: int
    alpha: float  # Krippendorff's, over all ten answers; NaN where nothing can be compared
    unanimous: float  # share of the images with votes on which all of them are the same
    split: float  # share of the images with votes on which no answer has more than half of them
    top_is_given: float  # share of the images with votes whose given label alone has the most
    classes: pd.DataFrame  # for each given class: class, images (with votes), top_is_given (NaN without images)

    def document(self) -> dict[str, float | int | None]:
        """The figures as plain values; None for what cannot be computed."""
        figures = {name: getattr(self, name) for name in ("alpha", "unanimous", "split", "top_is_given")}
        rounded = {name: None if np.isnan(value) else round(value, 6) for name, value in figures.items()}
        return {"images": self.images, "votes": self.votes, **rounded}


def summarise_votes(dataset: Dataset, votes: VoteTable) -> VoteSummary:
    """Count what a vote table says; images without votes are left out of every share."""
    rows = votes.rows
    counts, given = votes.counts[rows], dataset.labels[rows]
    total, most = counts.sum(axis=1), counts.max(axis=1, initial=0)
    alone = (counts == most[:, None]).sum(axis=1) == 1
    hit = alone & (counts[np.arange(len(rows)), given] == most)
    images = np.bincount(given, minlength=CLASSES)
    with np.errstate(invalid="ignore"):
        shares = np.bincount(given, hit, CLASSES) / images
    return VoteSummary(
        images=len(rows),
        votes=int(total.sum()),
        alpha=krippendorff_alpha(counts),
        unanimous=_share(most == total),
        split=_share(2 * most <= total),
        top_is_given=_share(hit),
        classes=pd.DataFrame({"class": NAMES, "images": images, "top_is_given": shares}),
    )


def most_split(dataset: Dataset, votes: VoteTable) -> np.ndarray:
    """One row for each picture with votes, the most ambiguous first (by the entropy of its votes), int64."""
    counts = np.zeros((len(dataset), votes.counts.shape[1]))
    np.add.at(counts, dataset.groups[votes.rows], votes.counts[votes.rows])
    rows = np.flatnonzero(counts.any(axis=1))
    shares = counts[rows] / counts[rows].sum(axis=1, keepdims=True)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)
    return rows[np.argsort(-entropy.round(9), kind="stable")]


def _share(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
