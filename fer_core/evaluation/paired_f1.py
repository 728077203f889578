"""Macro-F1 of two groups of runs on the same images: the difference, and how sure it is over images and seeds."""

import numpy as np

from fer_core.emotions import CLASSES
from fer_core.evaluation.comparison import GroupComparison, drawn_shares
from fer_core.evaluation.metrics import confusion_matrix, macro_f1, macro_f1_each

RESAMPLES = 2_000
PART = 250  # resamples at a time: 250 x 100,000 images are 0.1 GB


def compare_macro_f1(
    a_predicted: np.ndarray, b_predicted: np.ndarray, labels: np.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> GroupComparison:
    """Compare the mean macro-F1 of two groups of seeds, by the bootstrap of `compare_groups`.

    a_predicted: the classes that each run of the first group says, int (A, N); b_predicted: int (B, N); labels: int
    (N,). Each resample draws the images, the same ones for all runs, and the seeds of each group. What differs from
    run to run and image to image is drawn twice that way, so the interval is rather too wide than too sure.
    """
    runs = np.concatenate([a_predicted, b_predicted])
    seeds = len(a_predicted), len(b_predicted)
    count = len(labels)
    if not count:
        return GroupComparison(0, *seeds, 0.0, (-1.0, 1.0))
    rng = np.random.default_rng(seed)
    shares = np.concatenate([-drawn_shares(rng, seeds[0], resamples), drawn_shares(rng, seeds[1], resamples)], 1)
    # Which cell of its confusion matrix each run puts each image into: (N, runs x 49), one 1 for each run.
    cells = labels * CLASSES + runs + (CLASSES**2 * np.arange(len(runs)))[:, None]
    places = np.zeros((count, len(runs) * CLASSES**2), np.float32)
    places[np.arange(count), cells] = 1
    differences = np.empty(resamples)
    for start in range(0, resamples, PART):
        part = slice(start, min(start + PART, resamples))
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=part.stop - start).astype(np.float32)
        matrices = (drawn @ places).reshape(-1, len(runs), CLASSES, CLASSES)
        differences[part] = (macro_f1_each(matrices) * shares[part]).sum(1)
    own = [macro_f1(confusion_matrix(labels, predicted)) for predicted in runs]
    difference = float(np.mean(own[seeds[0] :]) - np.mean(own[: seeds[0]]))
    low, high = np.percentile(differences, [2.5, 97.5])
    return GroupComparison(count, *seeds, difference, (float(low), float(high)))
