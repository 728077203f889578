"""From what people say to one label per image: majority, with its state kept apart.

An image is `untouched` (nobody answered), `agreed` (one class has more than half of the votes), `unusable` (more
than half say that it is not a face or cannot be read), `ambiguous` (more than half are unsure), or `disputed`
(votes, but none of these). Someone who adjudicates decides over all votes. A wrong label, an ambiguous face and an
unusable picture are three different things and stay three.

Each person has one vote per picture: the one of their latest round. Exact copies are one picture and share votes.
Skipping is no vote. The counts of an imported vote table join the votes; where several copies of a picture have
counts, they are added, because each copy was shown to annotators of its own.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import ANSWERS as TABLE_ANSWERS
from fer_core.dataset.votes import CONTEMPT, UNKNOWN, VoteTable
from fer_core.dataset.votes import NOT_A_FACE as TABLE_NOT_A_FACE
from fer_core.emotions import CLASSES
from fer_core.review.events.verdict import ADJUDICATION, NOT_A_FACE, SKIP, UNUSABLE

STATES = ("untouched", "agreed", "disputed", "ambiguous", "unusable")
UNTOUCHED, AGREED, DISPUTED, AMBIGUOUS, STATE_UNUSABLE = range(5)
JUNK_COLUMN, UNSURE_COLUMN = CLASSES, CLASSES + 1  # of a ballot, behind the seven classes
BALLOT = CLASSES + 2


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


def consensus(dataset: Dataset, verdicts: pd.DataFrame, votes: VoteTable | None = None) -> Consensus:
    """The consensus of `VerdictLog.verdicts`, and of a vote table where there is one, on every image."""
    people = person_votes(dataset, verdicts)
    decided_by = decisions(dataset, verdicts)
    ballots = np.zeros((len(dataset), BALLOT), np.int32)
    np.add.at(ballots, (people["group"].to_numpy(), people["column"].to_numpy()), 1)
    if votes is not None:
        ballots += table_ballots(dataset, votes)
    decided = np.zeros(len(dataset), bool)
    decided[decided_by["group"].to_numpy()] = True

    # Of a million images people have seen some thousands: only what somebody said something about is worked out.
    spoken = np.flatnonzero(ballots.any(axis=1) | decided)
    winner = np.full(len(dataset), -1)
    winner[spoken] = _majority(ballots[spoken])
    winner[decided_by["group"].to_numpy()] = decided_by["column"].to_numpy()
    state = np.full(len(dataset), UNTOUCHED, np.int8)
    state[spoken] = np.select(
        [winner[spoken] == JUNK_COLUMN, winner[spoken] == UNSURE_COLUMN, winner[spoken] >= 0],
        [STATE_UNUSABLE, AMBIGUOUS, AGREED],
        DISPUTED,
    )
    label = np.where(state == AGREED, winner, -1).astype(np.int8)

    of = dataset.groups  # computed on the first image of each group; here everybody reads their group's result
    rows = np.flatnonzero(state[of] != UNTOUCHED)
    cast = np.zeros_like(ballots)
    cast[rows] = ballots[of[rows]]
    return Consensus(cast[:, :CLASSES], cast[:, JUNK_COLUMN], cast[:, UNSURE_COLUMN], decided[of], state[of], label[of])


def person_votes(dataset: Dataset, verdicts: pd.DataFrame) -> pd.DataFrame:
    """The votes of people who are known by name, one per person and picture, decisions and skips left out.

    Columns: those of `VerdictLog.verdicts`, `group` (int64, the first row that shows the picture) and `column`
    (int64): 0 to 6 the class, JUNK_COLUMN or UNSURE_COLUMN.
    """
    votes = _placed(dataset, verdicts)
    votes = votes[votes["queue"] != ADJUDICATION]
    return votes.sort_values(["round", "seq"]).drop_duplicates(["group", "annotator"], keep="last")


def decisions(dataset: Dataset, verdicts: pd.DataFrame) -> pd.DataFrame:
    """The newest decision on each picture that has one; columns as in `person_votes`."""
    table = _placed(dataset, verdicts)
    return table[table["queue"] == ADJUDICATION].drop_duplicates("group", keep="last")


def table_ballots(dataset: Dataset, votes: VoteTable) -> np.ndarray:
    """A vote table as ballots, int32 (N, 9), on the first image of each group; the other copies have zeros.

    Contempt is no class of this data set and counts with unknown as unsure.
    """
    unsure = [TABLE_ANSWERS.index(CONTEMPT), TABLE_ANSWERS.index(UNKNOWN)]
    parts = np.column_stack(
        [votes.classes, votes.counts[:, TABLE_ANSWERS.index(TABLE_NOT_A_FACE)], votes.counts[:, unsure].sum(axis=1)]
    )
    ballots = np.zeros((len(dataset), BALLOT), np.int32)
    np.add.at(ballots, dataset.groups[votes.rows], parts[votes.rows])
    return ballots


def _placed(dataset: Dataset, verdicts: pd.DataFrame) -> pd.DataFrame:
    """The verdicts that are votes or decisions, with the picture and the column of the ballot that they count in."""
    verdicts = verdicts[verdicts["answer"] != SKIP]
    junk = verdicts["answer"].isin([NOT_A_FACE, UNUSABLE]).to_numpy()
    label = verdicts["label"].to_numpy(np.int64)
    return verdicts.assign(
        group=dataset.groups[verdicts["row"].to_numpy(np.int64)].astype(np.int64),
        column=np.where(label >= 0, label, np.where(junk, JUNK_COLUMN, UNSURE_COLUMN)),
    )


def _majority(ballots: np.ndarray) -> np.ndarray:
    """The column with more than half of a row's votes, int64 (N,); -1 where there is none."""
    top = ballots.argmax(axis=1)
    share = ballots.max(axis=1) * 2
    return np.where(share > ballots.sum(axis=1), top, -1)
