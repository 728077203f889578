"""Shares in a random sample: by class with Wilson's intervals, as a whole by a stratified bootstrap.

The sizes of the classes are known exactly, so the whole weighs each class by its size (post-stratification). Drawing
without replacement is accounted for: who has looked at everything has no interval left.
"""

from dataclasses import dataclass

import numpy as np

from fer_core.dataset.store import Dataset
from fer_core.emotions import CLASSES
from fer_core.evaluation.metrics import Z95

RESAMPLES = 2000
WANTED = 0.02  # half the width of the interval that "how many more" is about


@dataclass(frozen=True)
class Rate:
    """A share in [0, 1] with its 95 % interval, from so many images."""

    value: float
    low: float
    high: float
    images: int

    @property
    def half(self) -> float:
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Sample:
    """The beginning of the stream. Arrays have one entry per image of it."""

    rows: np.ndarray  # int64 (n,)
    weight: np.ndarray  # float64 (n,): how many images of the sample it stands for; 0 where it has no blind answer

    @property
    def answered(self) -> np.ndarray:
        """bool (n,)"""
        return self.weight > 0


class Strata:
    """The sample by given class, within a domain of the data set whose classes have known sizes."""

    def __init__(self, dataset: Dataset, sample: Sample, domain: np.ndarray) -> None:
        """`domain`: bool (N,), the images that are asked about."""
        use = sample.answered & domain[sample.rows]
        self._rows, self._weight = sample.rows[use], sample.weight[use]
        self._labels = dataset.labels[self._rows].astype(np.int64)
        self.sizes = np.bincount(dataset.labels[domain], minlength=CLASSES)  # images of each class, int64 (7,)
        self.counts = np.bincount(self._labels, minlength=CLASSES)  # sampled ones, int64 (7,)
        self._mass = np.bincount(self._labels, self._weight, CLASSES)
        # Unequal weights inform less (Kish, 1965); a sample without replacement informs more, all of it everything.
        square = np.bincount(self._labels, self._weight**2, CLASSES)
        kish = np.divide(self._mass**2, square, out=np.zeros(CLASSES), where=square > 0)
        left = 1 - self.counts / np.maximum(self.sizes, 1)
        self.informed = np.minimum(kish / np.maximum(left, 1e-9), 1e9)  # images drawn with replacement it is worth

    def shares(self, hit: np.ndarray) -> np.ndarray:
        """Share of each class that is hit (bool (N,)), float64 (7,); of a class without images, that of the sample."""
        hits = np.bincount(self._labels, self._weight * hit[self._rows], CLASSES)
        whole = hits.sum() / self._mass.sum() if self._mass.any() else 0.5
        return np.divide(hits, self._mass, out=np.full(CLASSES, whole), where=self._mass > 0)

    def whole(self, shares: np.ndarray) -> float:
        """Shares of classes (7,) as one share of the domain."""
        return float(shares @ self.sizes / max(self.sizes.sum(), 1))

    def resampled(self, shares: np.ndarray, seed: int) -> np.ndarray:
        """Shares of the classes in RESAMPLES bootstrap samples, float64 (B, 7).

        One image of either kind, spread over the classes by their sizes, is added before drawing, so that a sample
        without errors is not taken to prove that there are none. One image fewer than there are is drawn, or the
        spread would come out too small (Rao and Wu, 1988).
        """
        rng = np.random.default_rng(seed)
        images = np.maximum(self.informed.round() - 1, 1).astype(np.int64)
        extra = self.sizes / max(self.sizes.sum(), 1)
        chance = (shares * images + extra) / (images + 2 * extra)
        return rng.binomial(images, chance, (RESAMPLES, CLASSES)) / images

    def rates(self, hit: np.ndarray, seed: int) -> tuple[Rate, tuple[Rate, ...]]:
        """The whole with its bootstrap interval, and each class with Wilson's."""
        shares = self.shares(hit)
        totals = self.resampled(shares, seed) @ self.sizes / max(self.sizes.sum(), 1)
        value = self.whole(shares)
        low, high = np.quantile(totals, [0.025, 0.975])
        rate = Rate(value, float(min(low, value)), float(max(high, value)), int(self.counts.sum()))
        low, high = wilson_bounds(shares, np.where(self.counts > 0, self.informed, 0))
        each = zip(shares, low, high, self.counts, strict=True)
        return rate, tuple(Rate(float(s), float(a), float(b), int(n)) for s, a, b, n in each)


def wilson_bounds(shares: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's (1927) 95 % intervals of shares (n,) from so many images (float (n,)): low and high, float64 (n,).

    `evaluation.metrics.wilson` for many at once and for effective numbers of images, which are not whole.
    """
    n, z2 = np.maximum(images, 1e-9), Z95**2
    centre = (shares + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * np.sqrt(shares * (1 - shares) / n + z2 / (4 * n**2))
    return np.clip(centre - half, 0, shares), np.clip(centre + half, shares, 1)


def further_images(half: float, drawn: int, images: int, wanted: float = WANTED) -> int:
    """How many more of `images` are to be drawn until an interval of +- `half` from `drawn` of them is +- `wanted`.

    The variance of a share falls with the number drawn and is gone when all are (finite population correction).
    """
    if half <= wanted or drawn >= images:
        return 0
    endless = drawn / (1 - drawn / images) * (half / wanted) ** 2
    return max(1, int(np.ceil(endless / (1 + endless / images))) - drawn)
