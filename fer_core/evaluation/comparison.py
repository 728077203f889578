"""Which of two runs is better on the same images: McNemar's test and the paired difference, in a sentence.

Two groups of runs that differ only in their seed are compared by the bootstrap over images and seeds. McNemar's test
looks only at the images on which exactly one of the two is right. Two accuracies with overlapping intervals
can still differ clearly, and two with different figures need not.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_core.evaluation.metrics import Z95

SIGNIFICANT = 0.05
RESAMPLES = 4_000


@dataclass(frozen=True)
class Comparison:
    """A against B on n images: `a_only` are right by A alone, `b_only` by B alone."""

    n: int
    a_correct: int
    b_correct: int
    a_only: int
    b_only: int

    @property
    def difference(self) -> float:
        """Accuracy of B minus accuracy of A."""
        return (self.b_only - self.a_only) / max(self.n, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the difference: Agresti and Min (2005), Wald's with half an image added to each cell."""
        n = self.n + 2
        gained, lost = self.b_only + 0.5, self.a_only + 0.5
        centre = (gained - lost) / n
        half = Z95 * math.sqrt(gained + lost - (gained - lost) ** 2 / n) / n
        return max(-1.0, centre - half), min(1.0, centre + half)

    @property
    def p_exact(self) -> float:
        """McNemar's exact two-sided test: the binomial of the discordant images at one half."""
        return min(1.0, 2 * self._tail[0])

    @property
    def p(self) -> float:
        """The mid-p variant (Fagerland, Lydersen and Laake 2013): the exact test without its conservatism."""
        at_most, just = self._tail
        return min(1.0, 2 * at_most - just)

    @property
    def _tail(self) -> tuple[float, float]:
        """P(X <= k) and P(X = k) of Binomial(discordant images, 1/2), k being the lesser of `a_only` and `b_only`."""
        fewer, many = sorted((self.a_only, self.b_only))
        count = fewer + many
        below = np.arange(fewer)  # from k to k + 1 the chance grows by (count - k) / (k + 1)
        logs = np.cumsum(np.concatenate([[-count * math.log(2)], np.log((count - below) / (below + 1))]))
        return float(np.exp(logs).sum()), float(np.exp(logs[-1]))

    def sentence(self, a: str, b: str, on: str) -> str:
        """Such as "B is better than A by 1.4 points (0.3 to 2.5), p = .01, on PrivateTest, given labels"."""
        if not self.n:
            return f"{a} and {b} have no image of {on} in common."
        figures = f"p {_p_text(self.p)}, on {on}"
        return _verdict(a, b, self.difference, self.interval, self.p < SIGNIFICANT, figures)

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "n": self.n,
            "a_correct": self.a_correct,
            "b_correct": self.b_correct,
            "a_only": self.a_only,
            "b_only": self.b_only,
            "difference": self.difference,
            "interval": list(self.interval),
            "p": self.p,
            "p_exact": self.p_exact,
            "test": "McNemar, mid-p",
        }


@dataclass(frozen=True)
class GroupComparison:
    """A group of runs A against a group B on n images; each group differs only in its seeds."""

    n: int
    a_seeds: int
    b_seeds: int
    difference: float  # mean accuracy of B minus mean accuracy of A
    interval: tuple[float, float]  # 95 %, over images and seeds

    def sentence(self, a: str, b: str, on: str) -> str:
        """As that of `Comparison`, with the numbers of seeds; a difference is clear when the interval leaves out 0."""
        if not self.n:
            return f"{a} and {b} have no image of {on} in common."
        clear = self.interval[0] > 0 or self.interval[1] < 0
        figures = f"{self.a_seeds} against {self.b_seeds} seeds, on {on}"
        if min(self.a_seeds, self.b_seeds) == 1:
            figures += "; one seed alone does not show how far seeds differ"
        return _verdict(a, b, self.difference, self.interval, clear, figures)

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "n": self.n,
            "a_seeds": self.a_seeds,
            "b_seeds": self.b_seeds,
            "difference": self.difference,
            "interval": list(self.interval),
            "test": "paired bootstrap over images and seeds",
        }


def compare_groups(
    a_right: np.ndarray, b_right: np.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> GroupComparison:
    """Compare two groups of seeds; `a_right` bool (A, N) and `b_right` bool (B, N) say which images each run has right.

    Each resample draws the images, the same ones for all runs, and the seeds of each group. Of S seeds it draws S - 1:
    the variance of such a mean is that of the mean of S seeds (McCarthy and Snowden 1985), while S of S are too sure
    of themselves by a third where there are three. A single seed is taken as it is.
    """
    count = a_right.shape[1]
    if not count:
        return GroupComparison(0, len(a_right), len(b_right), 0.0, (-1.0, 1.0))
    rng = np.random.default_rng(seed)
    runs = np.concatenate([a_right, b_right]).astype(np.float64)  # (A + B, N)
    weights = np.concatenate(
        [-drawn_shares(rng, len(a_right), resamples), drawn_shares(rng, len(b_right), resamples)], 1
    )
    differences = np.empty(resamples)
    for start in range(0, resamples, 250):  # bounds the memory: 250 x 100,000 images are 0.2 GB
        part = slice(start, min(start + 250, resamples))
        images = rng.multinomial(count, np.full(count, 1 / count), size=part.stop - start) / count
        differences[part] = ((images @ runs.T) * weights[part]).sum(1)
    low, high = np.percentile(differences, [2.5, 97.5])
    difference = float(b_right.mean() - a_right.mean())
    return GroupComparison(count, len(a_right), len(b_right), difference, (float(low), float(high)))


def drawn_shares(rng: np.random.Generator, seeds: int, resamples: int) -> np.ndarray:
    """How much each seed counts in each resample, float64 (resamples, seeds); rows sum to 1."""
    draws = max(seeds - 1, 1)
    return rng.multinomial(draws, np.full(seeds, 1 / seeds), size=resamples) / draws


def compare(a_predicted: np.ndarray, b_predicted: np.ndarray, labels: np.ndarray) -> Comparison:
    """Compare two arrays of predicted classes, int (N,), for the same images with these labels."""
    a_right, b_right = a_predicted == labels, b_predicted == labels
    return Comparison(
        n=len(labels),
        a_correct=int(a_right.sum()),
        b_correct=int(b_right.sum()),
        a_only=int((a_right & ~b_right).sum()),
        b_only=int((b_right & ~a_right).sum()),
    )


def _verdict(a: str, b: str, difference: float, interval: tuple[float, float], clear: bool, figures: str) -> str:
    """The sentence of both comparisons."""
    low, high = (100 * bound for bound in interval)
    points = 100 * difference
    if clear and points:
        better, worse = (b, a) if points > 0 else (a, b)
        low, high = (low, high) if points > 0 else (-high, -low)
        return f"{better} is better than {worse} by {abs(points):.1f} points ({low:.1f} to {high:.1f}), {figures}."
    return (
        f"No clear difference between {a} and {b}: {b} is {points:+.1f} points from {a} "
        f"({low:.1f} to {high:.1f}), {figures}."
    )


def _p_text(p: float) -> str:
    """As journals print it: `= .01`, `< .001`."""
    if p < 0.001:
        return "< .001"
    return f"= {p:.3f}".replace("0.", ".") if p < 0.01 else f"= {p:.2f}".replace("0.", ".")
