"""Classes of like size within Training by dropping surplus images; weights and repeats stand in `training.balance`.

All of it is decided by the images themselves, so the same cut gives the same balance on every machine.
"""

import numpy as np

from fer_core.emotions import CLASSES
from fer_core.review.policy.rules import MEDIAN, SMALLEST


def class_target(labels: np.ndarray, balance_to: str) -> int:
    """The size that classes are cut down to. labels: int (n,); classes without images do not count."""
    counts = np.bincount(labels, minlength=CLASSES)
    counts = counts[counts > 0]
    if not len(counts):
        return 0
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
