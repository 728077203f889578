"""What people said of a face before they saw its label, and what that makes of the given label.

Only a person's first answer about a picture counts, and only if it was blind: whoever has seen the given label once is
drawn to it. Several people's answers become one by the most votes; a tie is ambiguous. Exact copies are one picture.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.emotions import NAMES
from fer_core.review.events.verdict import ADJUDICATION, KEEP, NOT_A_FACE, SKIP, UNUSABLE
from fer_core.review.judgement.consensus import BALLOT, JUNK_COLUMN, UNSURE_COLUMN

OUTCOMES = ("right", "wrong", "unusable", "ambiguous")
RIGHT, WRONG, JUNK, DOUBTFUL = range(4)
_MEANS = {name: index for index, name in enumerate(NAMES)} | {NOT_A_FACE: JUNK_COLUMN, UNUSABLE: JUNK_COLUMN}


@dataclass(frozen=True)
class Opinion:
    """What people say together about each of the N images of a data set."""

    column: np.ndarray  # int8 (N,): 0 to 6 the class, JUNK_COLUMN, UNSURE_COLUMN; -1 where nobody has answered
    people: np.ndarray  # int32 (N,): how many have

    def outcome(self, labels: np.ndarray) -> np.ndarray:
        """What it makes of these labels (int (N,)): an index into OUTCOMES, int8 (N,); -1 where nobody has said."""
        return np.select(
            [self.column < 0, self.column == JUNK_COLUMN, self.column == UNSURE_COLUMN, self.column == labels],
            [-1, JUNK, DOUBTFUL, RIGHT],
            WRONG,
        ).astype(np.int8)

    def against(self, labels: np.ndarray) -> np.ndarray:
        """Whether it speaks against these labels: another class, or no face that can be read; bool (N,)."""
        return np.isin(self.outcome(labels), (WRONG, JUNK))


def first_answers(dataset: Dataset, history: pd.DataFrame) -> pd.DataFrame:
    """Each person's first answer about each picture, undone ones, skips and decisions left out.

    `history`: VerdictLog.history. Columns: its own, `group` (int64, the first row that shows the picture), `column`
    (int64, as in Opinion) and `blind` (bool).
    """
    answers = history[(history["kind"] == "answer") & ~history["undone"].astype(bool)]
    answers = answers[(answers["queue"] != ADJUDICATION) & (answers["answer"] != SKIP)]
    row = answers["row"].to_numpy(np.int64)
    keep = (answers["answer"] == KEEP).to_numpy()
    column = answers["answer"].map(_MEANS).fillna(UNSURE_COLUMN).to_numpy(np.int64)
    table = answers.assign(
        group=dataset.groups[row],
        column=np.where(keep, dataset.labels[row], column),
        blind=(answers["seen"] == "blind").to_numpy() & ~keep,
    )
    return table.drop_duplicates(["group", "annotator"])


def blind_opinion(dataset: Dataset, history: pd.DataFrame) -> Opinion:
    """The blind opinion of `VerdictLog.history` on every image."""
    first = first_answers(dataset, history)
    return opinion_of(dataset, first[first["blind"]])


def opinion_of(dataset: Dataset, first: pd.DataFrame) -> Opinion:
    """What these of the `first_answers` say together of every image."""
    pictures, place = np.unique(first["group"].to_numpy(np.int64), return_inverse=True)
    votes = np.bincount(place * BALLOT + first["column"].to_numpy(np.int64), minlength=len(pictures) * BALLOT)
    votes = votes.reshape(-1, BALLOT)
    most = votes.max(axis=1, initial=0)
    tied = (votes == most[:, None]).sum(axis=1) > 1
    column = np.full(len(dataset), -1, np.int8)
    people = np.zeros(len(dataset), np.int32)
    column[pictures] = np.where(tied, UNSURE_COLUMN, votes.argmax(axis=1))
    people[pictures] = votes.sum(axis=1)
    return Opinion(column[dataset.groups], people[dataset.groups])


def judged_by_others(dataset: Dataset, history: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame:
    """`first_answers` without those of people who have decided the picture themselves: a decision is gold."""
    made = history[(history["kind"] == "answer") & (history["queue"] == ADJUDICATION) & ~history["undone"].astype(bool)]
    own = pd.MultiIndex.from_arrays([dataset.groups[made["row"].to_numpy(np.int64)], made["annotator"]])
    return first[~pd.MultiIndex.from_frame(first[["group", "annotator"]]).isin(own)]


def gold_hits(first: pd.DataFrame, gold: np.ndarray) -> tuple[int, int]:
    """How many blind answers on gold items were right, and how many there were.

    `first`: `first_answers`; `gold`: int8 (N,), gold.gold_labels (its 7, not a face, is JUNK_COLUMN). Unsure is wrong.
    """
    first = first[first["blind"]]
    truth = gold[first["group"].to_numpy(np.int64)].astype(np.int64)
    known = truth >= 0
    return int((first["column"].to_numpy() == truth)[known].sum()), int(known.sum())
