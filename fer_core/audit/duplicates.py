"""Exact duplicates: images with the same decoded pixels, what their labels say, and the splits they stand in.

Pixels are compared after decoding, never as encoded files. Every function takes arrays with one entry per image, with
`groups` as `Dataset.groups` gives it: the first row of the image's group of exact copies.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.audit.findings import findings
from fer_core.dataset.store import SPLITS, image_id
from fer_core.emotions import CLASSES, NAMES


@dataclass(frozen=True)
class DuplicateSummary:
    """The figures about exact copies; `leaks[a][b]` counts images of split a with a copy in split b."""

    groups: int
    images: int
    redundant: int
    conflicting_groups: int
    leaks: dict[str, dict[str, int]]


def exact_duplicates(groups: np.ndarray) -> pd.DataFrame:
    """Every image that has an exact copy; its partner is the first row of the group (for that one: the second)."""
    rows, partners = _copies(groups)
    sizes = np.bincount(groups)[groups[rows]]
    evidence = [
        f"The same pixels as image {image_id(partner)} ({size} copies in all)."
        for partner, size in zip(partners, sizes, strict=True)
    ]
    return findings(rows, "exact-duplicate", 1.0, evidence, partners)


def label_conflicts(groups: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Images whose exact copies carry another label; the evidence lists how often each label is given."""
    votes = _per_group(groups, labels, CLASSES)
    rows, _ = _copies(groups)
    rows = rows[(votes[groups[rows]] > 0).sum(axis=1) > 1]
    evidence = [
        "The same pixels are labelled "
        + " and ".join(f"{NAMES[label]} ({votes[group, label]}x)" for label in np.flatnonzero(votes[group]))
        + "."
        for group in groups[rows]
    ]
    # The first copy that says something else is the most telling partner: the first of the group itself, or, for those
    # that agree with it, the first that does not.
    differs = labels != labels[groups]
    first_other = np.full(len(groups), len(groups))
    np.minimum.at(first_other, groups[differs], np.flatnonzero(differs))
    partners = np.where(differs[rows], groups[rows], first_other[groups[rows]])
    return findings(rows, "label-conflict", 1.0, evidence, partners)


def split_leaks(groups: np.ndarray, splits: np.ndarray) -> pd.DataFrame:
    """Images with an exact copy in another split."""
    present = _per_group(groups, splits, len(SPLITS))
    rows, partners = _copies(groups)
    other = (present[groups[rows]] > 0).sum(axis=1) > 1
    rows, partners = rows[other], partners[other]
    evidence = [
        f"{SPLITS[split]} image with an exact copy in "
        + " and ".join(SPLITS[i] for i in np.flatnonzero(present[group]) if i != split)
        + "."
        for split, group in zip(splits[rows], groups[rows], strict=True)
    ]
    return findings(rows, "split-leak", 1.0, evidence, partners)


def summarise(groups: np.ndarray, labels: np.ndarray, splits: np.ndarray) -> DuplicateSummary:
    """The figures for people: groups, images in them, conflicts, and the leak matrix between splits."""
    rows, _ = _copies(groups)
    votes = _per_group(groups, labels, CLASSES)
    present = _per_group(groups, splits, len(SPLITS))
    group_ids = np.unique(groups[rows])
    leaks = {
        SPLITS[a]: {SPLITS[b]: int((present[groups[splits == a], b] > 0).sum()) for b in range(len(SPLITS)) if a != b}
        for a in range(len(SPLITS))
    }
    return DuplicateSummary(
        groups=len(group_ids),
        images=len(rows),
        redundant=len(rows) - len(group_ids),
        conflicting_groups=int(((votes[group_ids] > 0).sum(axis=1) > 1).sum()),
        leaks=leaks,
    )


def _copies(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows that stand in a group of two or more, and for each a partner from the group."""
    rows = np.flatnonzero(np.bincount(groups, minlength=len(groups))[groups] > 1)
    partners = groups[rows].copy()
    later = rows[groups[rows] != rows]
    second = np.full(len(groups), len(groups))
    np.minimum.at(second, groups[later], later)
    first = partners == rows
    partners[first] = second[rows[first]]
    return rows, partners


def _per_group(groups: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """How often each code occurs in each group: int (N, count), indexed by group."""
    return np.bincount(groups * count + codes, minlength=len(groups) * count).reshape(-1, count)
