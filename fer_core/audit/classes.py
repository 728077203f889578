"""Labels class by class: how healthy each is, and which pairs are taken for each other.

Two kinds of confusion need two cures. Slips are single wrong labels: most images of the two classes can be told apart,
and the odd ones out are corrected one by one. A guideline problem is a pair that labellers never told apart in the
first place: correcting image by image moves noise about until somebody writes down where the line is.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from fer_core.emotions import CLASSES, NAMES

GUIDELINE_SHARE = 0.15  # of a class; so many cannot be slips


def class_pairs(probabilities: np.ndarray, votes: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Every ordered pair of classes, the largest confusion first.

    probabilities: float32 (N, 7), out of fold; votes: float32 (N, 10), what annotators are expected to say; labels: int
    (N,). Columns: given, seen_as (class names); images (labelled `given`, of which most annotators are expected to say
    `seen_as`); share (of the images labelled `given`); confident (the off-diagonal of the confident joint); separation
    (AUROC with which the networks tell the labels of the two classes apart, .5 = not at all; NaN where a class is
    empty); kind ("guideline" from GUIDELINE_SHARE on, "slips", or "" where there are no images).
    """
    first = votes.argmax(axis=1)
    joint = np.zeros((CLASSES, votes.shape[1]), np.int64)
    np.add.at(joint, (labels, first), 1)
    confident = confident_joint(probabilities, labels)
    counts = np.bincount(labels, minlength=CLASSES)
    rows = []
    for given in range(CLASSES):
        for other in range(CLASSES):
            if given == other:
                continue
            images = int(joint[given, other])
            share = images / max(int(counts[given]), 1)
            rows.append(
                {
                    "given": NAMES[given],
                    "seen_as": NAMES[other],
                    "images": images,
                    "share": share,
                    "confident": int(confident[given, other]),
                    "separation": _separation(probabilities, labels, given, other),
                    "kind": "guideline" if share >= GUIDELINE_SHARE else "slips" if images else "",
                }
            )
    return pd.DataFrame(rows).sort_values(
        ["images", "given", "seen_as"], ascending=[False, True, True], ignore_index=True
    )


def confident_joint(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Counts of (given, confidently seen as), int64 (7, 7); images that no class is confident about are left out.

    A class counts where its probability reaches the mean that it has among images of its own label; of several, the
    likeliest (Northcutt et al., "Confident learning", 2021).
    """
    seen = confidently_seen(probabilities, labels)
    joint = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(joint, (labels[seen >= 0], seen[seen >= 0]), 1)
    return joint


def confidently_seen(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The class that each image is confidently seen as, or -1; int64 (N,)."""
    thresholds = np.full(CLASSES, np.inf)
    for label in range(CLASSES):
        own = probabilities[labels == label, label]
        if len(own):
            thresholds[label] = own.mean(dtype=np.float64)
    reached = np.where(probabilities >= thresholds, probabilities, -1.0)
    return np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1)


def class_health(probabilities: np.ndarray, suspicion: np.ndarray, labels: np.ndarray, limit: float) -> pd.DataFrame:
    """One row per class: images, agreement (networks' first choice is the label), confidence (mean probability of the
    label), suspects (images with a suspicion of `limit` or more). None of it is an error rate."""
    predicted = probabilities.argmax(axis=1)
    rows = []
    for label in range(CLASSES):
        own = labels == label
        count = int(own.sum())
        rows.append(
            {
                "class": NAMES[label],
                "images": count,
                "agreement": float((predicted[own] == label).mean()) if count else np.nan,
                "confidence": float(probabilities[own, label].mean()) if count else np.nan,
                "suspects": int((suspicion[own] >= limit).sum()),
            }
        )
    return pd.DataFrame(rows)


def _separation(probabilities: np.ndarray, labels: np.ndarray, one: int, other: int) -> float:
    either = (labels == one) | (labels == other)
    truth = labels[either] == one
    if truth.all() or not truth.any():
        return float("nan")
    first, second = probabilities[either, one], probabilities[either, other]
    return float(roc_auc_score(truth, first / np.maximum(first + second, 1e-9)))
