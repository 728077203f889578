"""What version and recipe give a training besides images and hard labels: soft labels, weights, repeats; in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fer_core.dataset.version import DatasetVersion
from fer_core.emotions import CLASSES, NAMES
from fer_core.training.balance import class_weights
from fer_core.training.recipe import AUGMENT, OVERSAMPLE, WEIGHTS, Recipe


def material(version: DatasetVersion, rows: np.ndarray) -> dict[str, Any]:
    """The document about the Training rows of a run, for run.json.

    rows: int64 (n,), each once. `soft` of them have a soft label, `supplements` come from elsewhere, an epoch shows
    `per_epoch` images; `weights` of the classes in the loss, None where they are all the same.
    """
    weights = version.weights
    return {
        "soft": int(version.softened[rows].sum()),
        "supplements": int((rows >= len(version.dataset)).sum()),
        "per_epoch": len(version.epoch(rows)),
        "weights": None if weights is None else _named(weights),
    }


def balanced(document: Mapping[str, Any], labels: np.ndarray, recipe: Recipe) -> dict[str, Any]:
    """The same document with what the recipe adds: weights in the loss, or small classes shown more often.

    labels: int (n,), of what an epoch shows before the recipe balances it.
    """
    counts = np.bincount(labels, minlength=CLASSES)
    if recipe.balance == WEIGHTS:
        return {**document, "weights": _named(class_weights(labels))}
    if recipe.balance in (OVERSAMPLE, AUGMENT):
        return {**document, "per_epoch": int(counts.max() * (counts > 0).sum())}
    return dict(document)


def _named(weights: np.ndarray) -> dict[str, float]:
    return {name: round(float(weight), 5) for name, weight in zip(NAMES, weights, strict=True)}


def material_sentences(document: Mapping[str, Any], images: int) -> str:
    """The same in words, empty for plain hard labels. `images`: how many rows train."""
    words = []
    if document["supplements"]:
        words.append(f"{document['supplements']:,} of them came from other data sets.")
    if document["soft"]:
        words.append(f"{document['soft']:,} had soft labels.")
    if document["per_epoch"] != images:
        words.append(f"Small classes were shown more often: {document['per_epoch']:,} images an epoch.")
    if document["weights"]:
        words.append("The loss weighed the classes against their size.")
    return " ".join(words)
