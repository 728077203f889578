"""How sure a model is, and how often it is right when it is that sure: counted, tabled in its card, said in words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TENTHS = 10
FEWEST = 30  # calls; of fewer, a share of tens says nothing
HEADER = "| as sure as | calls | right |"
_LINE = re.compile(r"^\| (\d+) to (\d+) % \| ([\d,]+) \| ([\d,]+) ", re.MULTILINE)
_PLACE = re.compile(r"^How often calls of a certain sureness were right on (.+):$", re.MULTILINE)


@dataclass(frozen=True)
class Sureness:
    """Calls by the probability of the winner, in tenths: `calls` and how many of them were `right`, int64 (10,) each.

    A call of exactly 70 % counts among those of 60 to 70 %.
    """

    place: str  # the images that it was counted on
    calls: np.ndarray
    right: np.ndarray

    def sentence(self, confidence: float) -> str:
        """What this model's calls were worth when it was as sure as this, in [0, 1]."""
        tenth = _tenths(np.array([confidence]))[0]
        calls, right = int(self.calls[tenth]), int(self.right[tenth])
        if calls < FEWEST:
            return f"Too few calls were this sure on {self.place} ({calls}) to say how often such calls are right."
        return f"Of calls this sure, {_of_ten(right / calls)} were right on {self.place}."

    def table(self) -> str:
        """The part of a model card that `read_sureness` reads back."""
        lines = [
            f"| {10 * tenth} to {10 * tenth + 10} % | {calls:,} | {right:,} ({right / calls:.0%}) |"
            for tenth, (calls, right) in enumerate(zip(self.calls.tolist(), self.right.tolist(), strict=True))
            if calls
        ]
        return "\n".join(
            [f"How often calls of a certain sureness were right on {self.place}:", "", HEADER, "|---|---|---|", *lines]
        )


def count_sureness(probabilities: np.ndarray, labels: Sequence[int] | np.ndarray, place: str) -> Sureness:
    """From float (N, 7) and the labels, int (N,), of the images called `place`."""
    tenths = _tenths(probabilities.max(1))
    right = probabilities.argmax(1) == np.asarray(labels)
    return Sureness(
        place, np.bincount(tenths, minlength=TENTHS), np.bincount(tenths[right], minlength=TENTHS).astype(np.int64)
    )


def read_sureness(card: str) -> Sureness | None:
    """From a model card; None when it has no such table."""
    place = _PLACE.search(card)
    if place is None:
        return None
    calls, right = np.zeros(TENTHS, np.int64), np.zeros(TENTHS, np.int64)
    for low, _, called, correct in _LINE.findall(card[place.end() :]):
        tenth = int(low) // 10
        calls[tenth], right[tenth] = int(called.replace(",", "")), int(correct.replace(",", ""))
    return Sureness(place[1], calls, right)


def _tenths(confidence: np.ndarray) -> np.ndarray:
    return np.clip(np.ceil(confidence.astype(float) * TENTHS - 1e-9).astype(np.int64) - 1, 0, TENTHS - 1)


def _of_ten(share: float) -> str:
    """A share as people say it; nothing is ever "all" or "none"."""
    if share >= 0.985:
        return "nearly all"
    if share >= 0.95:
        return "about 19 of 20"
    tenths = round(10 * share)
    return f"about {tenths} of 10" if tenths else "hardly any"
