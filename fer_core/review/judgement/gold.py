"""Pictures whose answer is known well enough to measure people by: gold items.

A decision over all votes is gold. Where nobody has decided, an imported vote table is, if it is nearly unanimous: at
least ten votes, nine tenths of them the same. Which faces are gold is never shown before the answer.
"""

import numpy as np

from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import VoteTable
from fer_core.emotions import CLASSES
from fer_core.review.judgement.consensus import AGREED, JUNK_COLUMN, STATE_UNUSABLE, Consensus, table_ballots

GOLD_JUNK = CLASSES  # the gold answer of what shows no face
FEWEST_VOTES = 10
NEARLY_ALL = 0.9


def gold_labels(dataset: Dataset, people: Consensus, votes: VoteTable | None) -> np.ndarray:
    """The known answer of every image, int8 (N,): -1 none, 0 to 6 the class, 7 not a face (or unusable).

    `people`: `consensus` of the verdicts, of which only decisions count here. A decision that a face stays ambiguous
    makes it no gold item, whatever the table says. Exact copies share their answer.
    """
    gold = np.full(len(dataset), -1, np.int8)
    if votes is not None:
        ballots = table_ballots(dataset, votes)
        total, top = ballots.sum(axis=1), ballots.argmax(axis=1)
        # In whole numbers: .9 * 10 is not 9 in every library.
        sure = (total >= FEWEST_VOTES) & (10 * ballots.max(axis=1) >= round(10 * NEARLY_ALL) * total)
        sure &= top <= JUNK_COLUMN
        gold[sure] = top[sure]
        gold = gold[dataset.groups]
    gold[people.decided] = -1
    named = people.decided & (people.state == AGREED)
    gold[named] = people.label[named]
    gold[people.decided & (people.state == STATE_UNUSABLE)] = GOLD_JUNK
    return gold
