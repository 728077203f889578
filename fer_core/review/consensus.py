"""From what people say to one label per image: majority, with its state kept apart.

An image is `untouched` (nobody answered), `agreed` (one class has more than half of the votes), `unusable` (more
than half say that it is not a face or cannot be read), `ambiguous` (more than half are unsure), or `disputed`
(votes, but none of these). Someone who adjudicates decides over all votes. A wrong label, an ambiguous face and an
unusable picture are three different things and stay three.

Each person has one vote per picture: the one of their latest round. Exact copies are one picture and share votes.
Skipping is no vote.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.emotions import CLASSES
from fer_core.review.verdict import ADJUDICATION, NOT_A_FACE, SKIP, UNUSABLE

STATES = ("untouched", "agreed", "disputed", "ambiguous", "unusable")
UNTOUCHED, AGREED, DISPUTED, AMBIGUOUS, STATE_UNUSABLE = range(5)


@dataclass(frozen=True)
class Consensus:
    """What people say about each of the N images of a data set."""

    votes: np.ndarray  # int32 (N, 7): votes per class
    junk: np.ndarray  # int32 (N,): votes for not a face or unusable
    unsure: np.ndarray  # int32 (N,)
    decided: np.ndarray  # bool (N,): adjudicated
    state: np.ndarray  # int8 (N,), an index into STATES
    label: np.ndarray  # int8 (N,): the agreed class, else -1

    @cached_property
    def distribution(self) -> np.ndarray:
        """Class votes as shares, float32 (N, 7); a row of zeros where no class got a vote."""
        total = self.votes.sum(axis=1, keepdims=True)
        return (self.votes / np.maximum(total, 1)).astype(np.float32)

    @cached_property
    def total(self) -> np.ndarray:
        """All votes of each image, int64 (N,)."""
        return self.votes.sum(axis=1) + self.junk + self.unsure

    def counts(self) -> dict[str, int]:
        """Images per state."""
        return {name: int((self.state == index).sum()) for index, name in enumerate(STATES)}


def consensus(dataset: Dataset, verdicts: pd.DataFrame) -> Consensus:
    """The consensus of `VerdictLog.verdicts` on every image of the data set."""
    verdicts = verdicts.assign(group=dataset.groups[verdicts["row"].to_numpy(np.int64)])
    verdicts = verdicts[verdicts["answer"] != SKIP]
    decisions = verdicts[verdicts["queue"] == ADJUDICATION].drop_duplicates("group", keep="last")
    votes = verdicts[verdicts["queue"] != ADJUDICATION]
    votes = votes.sort_values(["round", "seq"]).drop_duplicates(["group", "annotator"], keep="last")

    ballots = np.zeros((len(dataset), CLASSES + 2), np.int32)  # the classes, then junk, then unsure
    np.add.at(ballots, (votes["group"].to_numpy(np.int64), _column(votes)), 1)
    winner = _majority(ballots)
    decided = np.zeros(len(dataset), bool)
    decided[decisions["group"].to_numpy(np.int64)] = True
    winner[decisions["group"].to_numpy(np.int64)] = _column(decisions)

    state = np.select(
        [winner == CLASSES, winner == CLASSES + 1, winner >= 0, ballots.any(axis=1)],
        [STATE_UNUSABLE, AMBIGUOUS, AGREED, DISPUTED],
        UNTOUCHED,
    ).astype(np.int8)
    label = np.where(state == AGREED, winner, -1).astype(np.int8)
    of = dataset.groups  # computed on the first image of each group; here everybody reads their group's result
    return Consensus(
        ballots[of, :CLASSES], ballots[of, CLASSES], ballots[of, CLASSES + 1], decided[of], state[of], label[of]
    )


def _column(verdicts: pd.DataFrame) -> np.ndarray:
    """The column of the ballots that each verdict counts in, int64."""
    junk = verdicts["answer"].isin([NOT_A_FACE, UNUSABLE]).to_numpy()
    label = verdicts["label"].to_numpy(np.int64)
    return np.where(label >= 0, label, np.where(junk, CLASSES, CLASSES + 1))


def _majority(ballots: np.ndarray) -> np.ndarray:
    """The column with more than half of a row's votes, int64 (N,); -1 where there is none."""
    top = ballots.argmax(axis=1)
    share = ballots.max(axis=1) * 2
    return np.where(share > ballots.sum(axis=1), top, -1)
