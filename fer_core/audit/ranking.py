"""Every image in one order: how likely its given label is wrong.

The suspicion is ours (expected_votes); duplicates and quality stand beside it as reasons and do not move the rank. An
image that probably shows no face has no right label, so what `not_a_face` says is part of the suspicion.
"""

import numpy as np
import pandas as pd

from fer_core.audit.expected_votes import ANNOTATORS, ANSWERS
from fer_core.audit.findings import findings
from fer_core.dataset.store import SPLITS
from fer_core.dataset.version import DatasetVersion
from fer_core.emotions import CLASSES, NAMES

VOTES_FROM = 0.5  # half of the annotators are expected to agree on another answer
MARGIN_FROM = 0.75  # where no annotators are known: another answer is ahead by half of all probability


def suspicious_labels(
    suspicion: np.ndarray,
    votes: np.ndarray,
    probabilities: np.ndarray,
    labels: np.ndarray,
    limit: float,
    annotators_known: bool,
) -> pd.DataFrame:
    """Findings for labels with a suspicion of at least `limit`.

    suspicion: float (N,); votes: float (N, 10), expected shares of ANSWERS; probabilities: float (N, 7), out of fold;
    annotators_known: whether the shares are those of annotators, which the evidence then tells.
    """
    rows = np.flatnonzero(suspicion >= limit)
    answers = best_other(votes, labels)[rows]
    seen = probabilities[rows].argmax(axis=1)
    evidence = []
    for row, answer, first in zip(rows, answers, seen, strict=True):
        given = labels[row]
        own = "" if first == given else f", {NAMES[given]} {probabilities[row, given]:.0%}"
        words = f"Labelled {NAMES[given]}. Networks that did not train on it say {NAMES[first]} "
        words += f"({probabilities[row, first]:.0%}){own}"
        if annotators_known:
            count = max(1, round(ANNOTATORS * float(votes[row, answer])))
            words += f"; of {ANNOTATORS} annotators about {count} would say {ANSWERS[answer]}"
        evidence.append(words + ".")
    return findings(rows, "label", suspicion[rows], evidence)


def best_other(votes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The answer, an index into ANSWERS, that most are expected to give of those other than the label; int64 (N,)."""
    others = votes.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    return others.argmax(axis=1)


def rank_suspects(
    version: DatasetVersion, suspicion: np.ndarray, votes: np.ndarray | None, found: pd.DataFrame
) -> pd.DataFrame:
    """One row for every image, most suspect first (ties by row).

    Columns: row, content, split, label (class name), rank (1 = most suspect), suspicion in [0, 1], reasons (keys joined
    by ";"), suggestion (the class that most annotators are expected to see, where it is not the label; else empty).
    `votes` is None where no network was asked.
    """
    dataset, labels = version.dataset, version.own_labels
    names = np.array(NAMES)
    reasons = found.groupby("row")["reason"].agg(";".join).reindex(range(len(dataset)), fill_value="")
    suggestions = np.full(len(dataset), "", object)
    if votes is not None:
        first = votes.argmax(axis=1)
        other = (first < CLASSES) & (first != labels)
        suggestions[other] = names[first[other]]
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
            "suggestion": suggestions[order],
        }
    )
