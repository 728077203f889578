"""Every image in one order: how likely its given label is wrong.

The suspicion is the normalised margin (Northcutt et al., "Confident learning", 2021): how far the out-of-fold
probability of the given class stays behind that of the best other class. With a network as weak as the shallow CNN it
ranks clear errors far better at the top than the plain probability of the given class does. Duplicates and quality
stand beside it as reasons and do not move the rank.
"""

import numpy as np
import pandas as pd

from fer_core.audit.findings import findings
from fer_core.dataset.store import SPLITS, Dataset
from fer_core.emotions import NAMES

SUSPECT_FROM = 0.75  # margin of the other class at least .5


def normalised_margin(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Suspicion in [0, 1], float32 (N,): 0 when the network is sure of the given label, 1 when of another.

    `probabilities`: float (N, K), out of fold; `labels`: int (N,), the given classes.
    """
    index = np.arange(len(labels))
    given = probabilities[index, labels]
    others = probabilities.copy()
    others[index, labels] = -np.inf
    return ((1 - (given - others.max(axis=1))) / 2).astype(np.float32).clip(0, 1)


def suspicious_labels(probabilities: np.ndarray, labels: np.ndarray, limit: float = SUSPECT_FROM) -> pd.DataFrame:
    """Findings for labels with a suspicion of at least `limit`."""
    suspicion = normalised_margin(probabilities, labels)
    rows = np.flatnonzero(suspicion >= limit)
    best = probabilities[rows].argmax(axis=1)
    evidence = [
        f"Labelled {NAMES[labels[row]]} ({probabilities[row, labels[row]]:.0%}); networks that did not train on it say "
        f"{NAMES[other]} ({probabilities[row, other]:.0%})."
        for row, other in zip(rows, best, strict=True)
    ]
    return findings(rows, "label", suspicion[rows], evidence)


def rank_suspects(dataset: Dataset, probabilities: np.ndarray, found: pd.DataFrame) -> pd.DataFrame:
    """One row for every image, most suspect first (ties by row).

    Columns: row, content, split, label (class name), rank (1 = most suspect), suspicion in [0, 1], reasons (keys joined
    by ";"), suggestion (the class that the networks find likelier than the label; empty where there is none).
    """
    labels = dataset.labels
    suspicion = normalised_margin(probabilities, labels)
    best = probabilities.argmax(axis=1)
    names = np.array(NAMES)
    reasons = found.groupby("row")["reason"].agg(";".join).reindex(range(len(dataset)), fill_value="")
    order = np.lexsort((np.arange(len(dataset)), -suspicion))
    return pd.DataFrame(
        {
            "row": order,
            "content": dataset.table["content"].to_numpy()[order],
            "split": np.array(SPLITS)[dataset.splits[order]],
            "label": names[labels[order]],
            "rank": np.arange(1, len(dataset) + 1),
            "suspicion": suspicion[order],
            "reasons": reasons.to_numpy()[order],
            "suggestion": np.where(suspicion > 0.5, names[best], "")[order],
        }
    )
