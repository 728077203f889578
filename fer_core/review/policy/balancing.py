"""Classes of like size within Training: by dropping surplus images, by weights in the loss, by showing images again.

All of it is decided by the images themselves, so the same cut gives the same balance on every machine.
"""

import numpy as np

from fer_core.emotions import CLASSES
from fer_core.review.policy.rules import MEDIAN, SMALLEST


def class_target(labels: np.ndarray, balance_to: str) -> int:
    """The size that classes are cut down to. labels: int (n,); classes without images do not count."""
    counts = np.bincount(labels, minlength=CLASSES)
    counts = counts[counts > 0]
    if balance_to == SMALLEST:
        return int(counts.min(initial=len(labels)))
    return int(np.median(counts)) if balance_to == MEDIAN else int(balance_to)


def surplus(labels: np.ndarray, doubt: np.ndarray, contents: np.ndarray, target: int) -> np.ndarray:
    """Which images go so that no class has more than `target`, bool (n,).

    labels: int (n,); doubt: float (n,), the most doubtful go first; of equals those whose content hash is larger, an
    order that no one has chosen. contents: bytes (n,).
    """
    order = np.lexsort((np.arange(len(labels)), contents, doubt))  # the most trusted first
    place = np.empty(len(labels), np.int64)
    for label in range(CLASSES):
        members = order[labels[order] == label]
        place[members] = np.arange(len(members))
    return place >= target


def class_weights(labels: np.ndarray) -> np.ndarray:
    """n / (classes x images of the class), float32 (7,): scikit-learn's "balanced"; 1 for a class without images."""
    counts = np.bincount(labels, minlength=CLASSES)
    there = counts > 0
    weights = np.ones(CLASSES)
    weights[there] = len(labels) / (there.sum() * counts[there])
    return weights.astype(np.float32)


def repeats(labels: np.ndarray, contents: np.ndarray) -> np.ndarray:
    """How often an epoch shows each image so that every class comes up as often as the largest, int16 (n,).

    Where that does not divide evenly, the images with the smallest content hashes come up once more.
    """
    counts = np.bincount(labels, minlength=CLASSES)
    order = np.lexsort((np.arange(len(labels)), contents))
    times = np.ones(len(labels), np.int64)
    for label in np.flatnonzero(counts):
        members = order[labels[order] == label]
        each, more = divmod(int(counts.max()), len(members))
        times[members] = each
        times[members[:more]] += 1
    return np.minimum(times, np.iinfo(np.int16).max).astype(np.int16)
