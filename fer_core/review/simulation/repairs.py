"""What review repairs, judged by a vote table that did not take part in it.

A clear error is an image for which at least eight tenths of the table's votes go to one answer other than the given
label. It is repaired when people's consensus is that answer. Spoilt is a label that at least eight tenths voted for
and that the consensus would change.
"""

from dataclasses import dataclass

import numpy as np

from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import ANSWERS, NOT_A_FACE, VoteTable
from fer_core.emotions import CLASSES
from fer_core.review.judgement.consensus import AGREED, AMBIGUOUS, JUNK_COLUMN, STATE_UNUSABLE, UNSURE_COLUMN, Consensus

CLEAR_TENTHS = 8
# The column of a ballot that each of a vote table's answers counts in: contempt is no class here, and so unsure.
COLUMNS = np.full(len(ANSWERS), UNSURE_COLUMN)
COLUMNS[:CLASSES] = np.arange(CLASSES)
COLUMNS[ANSWERS.index(NOT_A_FACE)] = JUNK_COLUMN


@dataclass(frozen=True)
class Yardstick:
    """The images that can be judged."""

    errors: np.ndarray  # int64 (e,): rows with a clear error
    choice: np.ndarray  # int64 (e,): what the voters chose instead, a column of a ballot
    sound: np.ndarray  # int64 (s,): rows whose given label the voters confirm as clearly

    def repaired(self, people: Consensus) -> int:
        """Clear errors for which the consensus is the voters' choice."""
        return int((_said(people)[self.errors] == self.choice).sum())

    def spoilt(self, people: Consensus, labels: np.ndarray) -> int:
        """Sound labels (int (N,), as given) for which the consensus is another class, or no face."""
        said = _said(people)[self.sound]
        return int(((said >= 0) & (said != UNSURE_COLUMN) & (said != labels[self.sound])).sum())


def yardstick(dataset: Dataset, votes: VoteTable) -> Yardstick:
    """The clear errors and the sound labels among the images with votes."""
    rows = votes.rows
    counts, total, given = votes.counts[rows].astype(np.int64), votes.total[rows], dataset.labels[rows]
    top = counts.argmax(axis=1)
    clear = 10 * counts.max(axis=1, initial=0) >= CLEAR_TENTHS * total
    wrong = clear & (top != given)
    return Yardstick(rows[wrong], COLUMNS[top[wrong]], rows[clear & (top == given)])


def _said(people: Consensus) -> np.ndarray:
    """The consensus as a column of a ballot, int64 (N,); -1 where there is none."""
    states = [people.state == AGREED, people.state == STATE_UNUSABLE, people.state == AMBIGUOUS]
    return np.select(states, [people.label.astype(np.int64), JUNK_COLUMN, UNSURE_COLUMN], -1)
