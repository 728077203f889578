"""Which of two runs is better on the same images: McNemar's test and the paired difference, in a sentence.

The test looks only at the images on which exactly one of the two is right. Two accuracies with overlapping intervals
can still differ clearly, and two with different figures need not.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_core.evaluation.metrics import Z95

SIGNIFICANT = 0.05


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
        fewer, many = sorted((self.a_only, self.b_only))
        return min(1.0, 2 * _at_most(fewer, fewer + many))

    @property
    def p(self) -> float:
        """The mid-p variant (Fagerland, Lydersen and Laake 2013): the exact test without its conservatism."""
        fewer, many = sorted((self.a_only, self.b_only))
        count = fewer + many
        return 2 * _at_most(fewer, count) - math.comb(count, fewer) / 2**count

    def sentence(self, a: str, b: str, on: str) -> str:
        """Such as "B is better than A by 1.4 points (0.3 to 2.5), p = .01, on PrivateTest, given labels"."""
        if not self.n:
            return f"{a} and {b} have no image of {on} in common."
        low, high = (100 * bound for bound in self.interval)
        points = 100 * self.difference
        figures = f"p {_p_text(self.p)}, on {on}"
        if self.p < SIGNIFICANT and points:
            better, worse = (b, a) if points > 0 else (a, b)
            low, high = (low, high) if points > 0 else (-high, -low)
            return f"{better} is better than {worse} by {abs(points):.1f} points ({low:.1f} to {high:.1f}), {figures}."
        return (
            f"No clear difference between {a} and {b}: {b} is {points:+.1f} points from {a} "
            f"({low:.1f} to {high:.1f}), {figures}."
        )

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


def _at_most(hits: int, count: int) -> float:
    """P(X <= hits) for X of Binomial(count, 1/2), in whole numbers until the last division."""
    return sum(math.comb(count, k) for k in range(hits + 1)) / 2**count


def _p_text(p: float) -> str:
    """As journals print it: `= .01`, `< .001`."""
    if p < 0.001:
        return "< .001"
    return f"= {p:.3f}".replace("0.", ".") if p < 0.01 else f"= {p:.2f}".replace("0.", ".")
