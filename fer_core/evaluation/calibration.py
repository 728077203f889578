"""How far confidence can be believed, and what a threshold would cost: the points behind two charts.

Reliability: the calls of a network in bins of its confidence, and how many of each bin are right (Guo et al. 2017).
Precision and recall: what is found and what is right among it, when a class is called from some probability on.
"""

from dataclasses import dataclass

import numpy as np

from fer_core.evaluation.metrics import ECE_BINS, wilson


@dataclass(frozen=True)
class Reliability:
    """The bins of the confidence that hold an image at all; every array has one entry per bin, float64 or int64."""

    low: np.ndarray  # lower edge of the bin; the upper one is `width` further
    width: float
    count: np.ndarray
    confidence: np.ndarray  # mean of the bin
    accuracy: np.ndarray  # share of the bin that is right
    interval: np.ndarray  # float64 (B, 2), Wilson's 95 % of the accuracy

    @property
    def error(self) -> float:
        """The expected calibration error."""
        if not len(self.count):
            return 0.0
        return float(np.average(np.abs(self.accuracy - self.confidence), weights=self.count))

    @property
    def excess(self) -> float:
        """Mean confidence minus accuracy: above 0 the network is surer than it is right."""
        if not len(self.count):
            return 0.0
        return float(np.average(self.confidence - self.accuracy, weights=self.count))


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = ECE_BINS) -> Reliability:
    """Bins of equal width, closed on the right as those of the calibration error, for float (N, K) and int (N,)."""
    confidence = probabilities.max(1).astype(float)
    right = (probabilities.argmax(1) == labels).astype(float)
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    kept = np.flatnonzero(count)
    hits = np.bincount(place, right, bins)[kept]
    return Reliability(
        low=kept / bins,
        width=1 / bins,
        count=count[kept],
        confidence=np.bincount(place, confidence, bins)[kept] / count[kept],
        accuracy=hits / count[kept],
        interval=np.array([wilson(int(n), int(of)) for n, of in zip(hits, count[kept], strict=True)]).reshape(-1, 2),
    )


@dataclass(frozen=True)
class PrecisionRecall:
    """One point for every threshold at which the call changes, by falling threshold: float64 (T,) each."""

    threshold: np.ndarray
    precision: np.ndarray
    recall: np.ndarray

    @property
    def average(self) -> float:
        """Average precision: the steps of the recall weighed by the precision at them."""
        return float((np.diff(self.recall, prepend=0.0) * self.precision).sum())

    def thinned(self, points: int = 200) -> "PrecisionRecall":
        """At most so many of the points, evenly along the list, the first and the last among them; for drawing."""
        if len(self.recall) <= points:
            return self
        kept = np.unique(np.linspace(0, len(self.recall) - 1, points).round().astype(np.int64))
        return PrecisionRecall(self.threshold[kept], self.precision[kept], self.recall[kept])


def precision_recall(scores: np.ndarray, positive: np.ndarray) -> PrecisionRecall:
    """The curve of one class: its probabilities, float (N,), and whether an image is of it, bool (N,).

    Without an image of the class there is no recall to speak of, and no point.
    """
    if not positive.any():
        return PrecisionRecall(np.zeros(0), np.zeros(0), np.zeros(0))
    order = np.argsort(-scores, kind="stable")
    falling = scores[order].astype(float)
    last_of_its_score = np.append(np.diff(falling) != 0, True)
    hits = np.cumsum(positive[order])[last_of_its_score]
    called = np.arange(1, len(falling) + 1)[last_of_its_score]
    return PrecisionRecall(falling[last_of_its_score], hits / called, hits / positive.sum())
