"""Classes of like size within Training: by weights in the loss, or by showing the images of small classes again.

Balancing comes after the split and touches Training alone; to balance by copies first and split at random then is how
copies of test images end up in Training. How each way is called in a recipe:

    weights      scikit-learn's "balanced" weights in the loss
    oversample   an epoch shows every class as often as the largest
    augment      the same, and each showing of an image after its first in an epoch is changed as Yousaf et al. (2024)
                 change theirs: see `augmentation.turned_over`

Cutting versions uses these functions as well, so nothing here needs torch.
"""

import numpy as np

from fer_core.emotions import CLASSES
from fer_core.errors import UsageError
from fer_core.training.recipe import AUGMENT, NO_BALANCE, OVERSAMPLE, WEIGHTS, Recipe

WORDS = {WEIGHTS: "weighs the classes", OVERSAMPLE: "shows small classes again", AUGMENT: "shows small classes again"}


def class_weights(labels: np.ndarray) -> np.ndarray:
    """n / (classes x images of the class), float32 (7,): scikit-learn's "balanced"; 1 for a class without images."""
    counts = np.bincount(labels, minlength=CLASSES)
    there = counts > 0
    weights = np.ones(CLASSES)
    weights[there] = len(labels) / (there.sum() * counts[there])
    return weights.astype(np.float32)


def repeats(labels: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """How often an epoch shows each image so that every class comes up as often as the largest, int16 (n,).

    Where that does not divide evenly, the images with the smallest `keys` (n,), whatever sorts, come up once more.
    """
    counts = np.bincount(labels, minlength=CLASSES)
    order = np.lexsort((np.arange(len(labels)), keys))
    times = np.ones(len(labels), np.int64)
    for label in np.flatnonzero(counts):
        members = order[labels[order] == label]
        each, more = divmod(int(counts.max()), len(members))
        times[members] = each
        times[members[:more]] += 1
    return np.minimum(times, np.iinfo(np.int16).max).astype(np.int16)


def refuse_balancing_twice(recipe: Recipe, rows: np.ndarray, weights: np.ndarray | None) -> None:
    """UsageError where a recipe balances what a version has balanced already: by weights, or by rows that repeat."""
    if recipe.balance == NO_BALANCE:
        return
    done = WORDS[WEIGHTS] if weights is not None else WORDS[OVERSAMPLE] if len(np.unique(rows)) < len(rows) else ""
    if done:
        raise UsageError(
            f"Recipe {recipe.name!r} {WORDS[recipe.balance]}, and the version {done} already: set balance to "
            f"{NO_BALANCE!r}, or train a version that is not balanced."
        )
