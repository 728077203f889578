"""FER+'s votes as the benchmarks read them, and what is measured against them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from fer_core.dataset.votes import FERPLUS

CLEAR = 8  # of ten votes for one other answer make a clear error


@dataclass(frozen=True)
class Votes:
    """Ten annotators' votes for some images of a data set."""

    rows: np.ndarray  # int64 (n,)
    counts: np.ndarray  # int64 (n, 10), in the order of ANSWERS

    @property
    def shares(self) -> np.ndarray:
        """The counts as shares, float64 (n, 10)."""
        return self.counts / self.counts.sum(axis=1, keepdims=True)

    def clear_errors(self, labels: np.ndarray) -> np.ndarray:
        """Whether at least CLEAR of ten agree on one answer other than the given label; bool (n,)."""
        others = self.counts.copy()
        others[np.arange(len(self.rows)), labels[self.rows]] = 0
        return others.max(axis=1) >= CLEAR


def read_votes(file: Path) -> Votes:
    """FER+'s table: `row` and one column per answer."""
    table = pd.read_csv(file)
    return Votes(table["row"].to_numpy(), table[list(FERPLUS)].to_numpy())


def ranking_figures(scores: np.ndarray, wrong: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """How well scores (n,), greater = more suspect, rank what is wrong (bool (n,)); labels: int (n,), as given.

    AUROC, AUPRC, precision at 100 and 1,000, the mean AUROC within the classes, and the share of what is wrong that
    was found after looking at 10, 20 and 40 %.
    """
    ranked = wrong[np.argsort(-scores, kind="stable")]
    found = np.cumsum(ranked) / ranked.sum()
    classes = [labels == label for label in np.unique(labels)]
    within = [roc_auc_score(wrong[own], scores[own]) for own in classes if 0 < wrong[own].sum() < own.sum()]
    return {
        "AUROC": float(roc_auc_score(wrong, scores)),
        "AUPRC": float(average_precision_score(wrong, scores)),
        "P@100": float(ranked[:100].mean()),
        "P@1000": float(ranked[:1000].mean()),
        "within": float(np.mean(within)),
        **{f"found {share}%": float(found[len(found) * share // 100 - 1]) for share in (10, 20, 40)},
    }
