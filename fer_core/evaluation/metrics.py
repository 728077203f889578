"""How good predictions are, with 95 % intervals. All but calibration, loss and top-2 follow from the confusion matrix.

A confusion matrix is int64 (K, K): rows are the true classes, columns the predicted ones. A class that is never
predicted has precision 0, one that never occurs has recall 0 and counts in macro-F1 with 0 only if it is predicted.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fer_core.emotions import CLASSES, NAMES

Z95 = 1.959963984540054
ECE_BINS = 15
RESAMPLES = 2000


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int = CLASSES) -> np.ndarray:
    """int64 (K, K) from two integer arrays (N,)."""
    cells = np.asarray(labels, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def accuracy(matrix: np.ndarray) -> float:
    """The share of the diagonal; 0 for an empty matrix."""
    return float(np.trace(matrix) / max(matrix.sum(), 1))


def class_scores(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision, recall and F1 per class, float64 (..., K), for one matrix or a stack (..., K, K)."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).astype(float)
    true, predicted = matrix.sum(-1), matrix.sum(-2)
    return (
        hits / np.maximum(predicted, 1),
        hits / np.maximum(true, 1),
        2 * hits / np.maximum(true + predicted, 1),
    )


def macro_f1(matrix: np.ndarray) -> float:
    """The mean F1 of the classes that occur, in truth or prediction."""
    return float(macro_f1_each(matrix))


def macro_f1_each(matrices: np.ndarray) -> np.ndarray:
    """The same for a stack of matrices (..., K, K), float64 (...)."""
    occurs = (matrices.sum(-1) + matrices.sum(-2)) > 0
    return (class_scores(matrices)[2] * occurs).sum(-1) / np.maximum(occurs.sum(-1), 1)


def top_two(probabilities: np.ndarray, labels: np.ndarray) -> int:
    """How many labels are among the two most probable classes; of equals the earlier class, as `argmax` has it."""
    likeliest = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    return int((likeliest == np.asarray(labels)[:, None]).any(1).sum())


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean negative log-likelihood of the labels, in nats."""
    return float(_losses(probabilities, labels).mean()) if len(labels) else 0.0


def _losses(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The negative log-likelihood of each label, float64 (N,)."""
    likelihood = probabilities[np.arange(len(labels)), labels].astype(float)
    return -np.log(np.maximum(likelihood, 1e-12))


def _loss_interval(probabilities: np.ndarray, labels: np.ndarray) -> list[float]:
    if len(labels) < 2:
        return [0.0, -math.log(1e-12)]
    losses = _losses(probabilities, labels)
    half = Z95 * losses.std(ddof=1) / math.sqrt(len(losses))
    return [float(max(0.0, losses.mean() - half)), float(losses.mean() + half)]


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = ECE_BINS) -> float:
    """Guo et al. (2017): |accuracy - confidence| averaged over equal-width bins of the confidence, by their size."""
    confidence, correct = _calls(probabilities, labels)
    gaps = np.bincount(_bin(confidence, bins), correct - confidence, bins)
    return float(np.abs(gaps).sum() / max(len(confidence), 1))


def wilson(hits: int, count: int) -> list[float]:
    """Wilson's (1927) 95 % interval of a proportion; [0, 1] when nothing was counted."""
    if not count:
        return [0.0, 1.0]
    share, z2 = hits / count, Z95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return [float(min(share, max(0.0, centre - half))), float(max(share, min(1.0, centre + half)))]


def resampled_matrices(matrix: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Bootstrap of the images: int64 (B, K, K). Drawing images with replacement is drawing cells of the matrix."""
    count = int(matrix.sum())
    drawn = np.random.default_rng(seed).multinomial(count, matrix.ravel() / max(count, 1), size=resamples)
    return drawn.reshape(resamples, *matrix.shape)


def score(probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str] = NAMES) -> dict[str, Any]:
    """All figures for float (N, K) and int (N,) as one document; `intervals` holds [low, high] at 95 %.

    Wilson for accuracy, top-2 accuracy, precision, recall and the F1 of a class; the bootstrap for macro-F1 and ECE;
    the normal one for the loss, a mean.
    """
    matrix = confusion_matrix(labels, probabilities.argmax(1), len(names))
    precision, recall, f1 = class_scores(matrix)
    true, predicted, hits = matrix.sum(1), matrix.sum(0), np.diagonal(matrix)
    among_two = top_two(probabilities, labels)
    return {
        "n": len(labels),
        "accuracy": accuracy(matrix),
        "top2": among_two / max(len(labels), 1),
        "macro_f1": macro_f1(matrix),
        "ece": expected_calibration_error(probabilities, labels),
        "loss": cross_entropy(probabilities, labels),
        "per_class": {
            name: {"precision": precision[i], "recall": recall[i], "f1": f1[i], "n": int(true[i])}
            for i, name in enumerate(names)
        },
        "confusion": matrix.tolist(),
        "intervals": {
            "accuracy": wilson(int(hits.sum()), int(true.sum())),
            "top2": wilson(among_two, len(labels)),
            "macro_f1": _macro_f1_interval(matrix),
            "ece": _ece_interval(probabilities, labels),
            "loss": _loss_interval(probabilities, labels),
            "per_class": {
                name: {
                    "precision": wilson(int(hits[i]), int(predicted[i])),
                    "recall": wilson(int(hits[i]), int(true[i])),
                    "f1": _f1_interval(int(hits[i]), int(true[i]), int(predicted[i])),
                }
                for i, name in enumerate(names)
            },
        },
    }


def _macro_f1_interval(matrix: np.ndarray) -> list[float]:
    if not matrix.any():
        return [0.0, 1.0]
    return [float(value) for value in np.percentile(macro_f1_each(resampled_matrices(matrix)), [2.5, 97.5])]


def _f1_interval(hits: int, true: int, predicted: int) -> list[float]:
    """Wilson's for the share of hits among all images that are of the class or called so, turned into F1.

    F1 is 2 J / (1 + J) of that share J. A bootstrap would be sure of a class of which nothing, or all, was found.
    """
    return [2 * share / (1 + share) for share in wilson(hits, true + predicted - hits)]


def _ece_interval(probabilities: np.ndarray, labels: np.ndarray, resamples: int = 500) -> list[float]:
    """As far down from the figure as the bootstrap goes up; down to 0 where chance alone would give as much.

    Noise only ever adds to a calibration error, and drawing images again adds it a second time: the lower percentile
    lies too high, and may lie above the figure.
    """
    confidence, correct = _calls(probabilities, labels)
    count = len(confidence)
    if not count:
        return [0.0, 1.0]
    places, gaps = _bin(confidence, ECE_BINS), correct - confidence
    rng = np.random.default_rng(0)
    drawn = np.empty((resamples, ECE_BINS))
    for resample in range(resamples):  # one after the other: all at once would take gigabytes for 100,000 images
        rows = rng.integers(count, size=count)
        drawn[resample] = np.bincount(places[rows], gaps[rows], ECE_BINS)
    own = np.bincount(places, gaps, ECE_BINS)
    error = float(np.abs(own).sum() / count)
    high, chance = (float(np.percentile(np.abs(sums).sum(1) / count, 97.5)) for sums in (drawn, drawn - own))
    high = max(error, high)
    return [0.0 if error <= chance else max(0.0, 2 * error - high), high]


def _calls(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The confidence of each prediction and whether it is right, float64 (N,) each."""
    return probabilities.max(1).astype(float), (probabilities.argmax(1) == labels).astype(float)


def _bin(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Equal-width bins, closed on the right as in Guo et al."""
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
