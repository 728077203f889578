"""How long people take: active time for one review, from what they did so far.

A review is everything one person does about one picture in one round, the reveal and a second thought included. The
page takes idle time off before it logs active time; what is still longer than LONGEST for one answer is cut there.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.review.events.verdict import ADJUDICATION, SKIP

LONGEST = 60_000  # ms
# Before anybody is timed: seconds for a review, how sure that is (sd of the logarithm), and how many reviews it weighs.
ASSUMED, ASSUMED_SPREAD, ASSUMED_WEIGHT = 3.0, 0.35, 20
ENOUGH = 100  # timed reviews of a queue from which it has a pace of its own
_SESSION = 50  # people are fast and slow by the session, so reviews in a row are drawn together


@dataclass(frozen=True)
class Reviews:
    """Every review in order: parallel arrays of n."""

    groups: np.ndarray  # int64: the first row that shows the picture
    brought: np.ndarray  # object: the queue that brought the picture to anybody first
    seconds: np.ndarray  # float64: active time; 0 where it was not timed

    @property
    def timed(self) -> np.ndarray:
        return self.seconds > 0


def reviews(dataset: Dataset, history: pd.DataFrame) -> Reviews:
    """The reviews in `VerdictLog.history`; skips and decisions are none, but answers taken back cost time too."""
    events = history[(history["kind"] == "answer") & (history["queue"] != ADJUDICATION) & (history["answer"] != SKIP)]
    groups = dataset.groups[events["row"].to_numpy(np.int64)]
    table = events.assign(group=groups, active=events["active_ms"].clip(upper=LONGEST))
    first = table.drop_duplicates("group").set_index("group")["queue"]
    whole = table.groupby(["annotator", "group", "round"], sort=False)["active"].sum().reset_index()
    return Reviews(
        whole["group"].to_numpy(np.int64),
        whole["group"].map(first).to_numpy(object),
        whole["active"].to_numpy(np.float64) / 1000,
    )


def paces(done: Reviews, queue: str, draws: int, rng: np.random.Generator) -> np.ndarray:
    """What the mean time of a review may be, in seconds: float64 (draws,), by drawing whole sessions again.

    From the timed reviews of that queue, or of all where it has fewer than ENOUGH.
    """
    own = done.timed & (done.brought == queue)
    seconds = done.seconds[own if own.sum() >= ENOUGH else done.timed]
    assumed = ASSUMED * np.exp(ASSUMED_SPREAD * rng.standard_normal(draws))
    if not len(seconds):
        return assumed
    starts = np.arange(0, len(seconds), _SESSION)
    sums, counts = np.add.reduceat(seconds, starts), np.diff(starts, append=len(seconds))
    chosen = rng.integers(0, len(starts), (draws, len(starts)))
    return (ASSUMED_WEIGHT * assumed + sums[chosen].sum(axis=1)) / (ASSUMED_WEIGHT + counts[chosen].sum(axis=1))
