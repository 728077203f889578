"""From everything that is said about a picture to a share for each class: the methods that soft labels can take.

majority      class votes as shares; people and imported counts weigh the same, one vote each
dawid-skene   who is right how often is learnt from the answers themselves (dawid_skene)
crowdlab      people weighed by their agreement, with the audit's networks as one more voice (crowdlab)

The last two weigh people who are known by name. Imported counts have no names: they are what is known of a picture
before these people speak, and stand alone where none of them has. A decision stands over every method: one class, or
the shares as they are where it says that the face stays ambiguous.
"""

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import VoteTable
from fer_core.emotions import CLASSES
from fer_core.errors import UsageError
from fer_core.review.judgement.consensus import AGREED, STATE_UNUSABLE, consensus, person_votes, table_ballots
from fer_core.review.judgement.crowdlab import crowdlab
from fer_core.review.judgement.dawid_skene import dawid_skene

MAJORITY, DAWID_SKENE, CROWDLAB = "majority", "dawid-skene", "crowdlab"
METHODS = (MAJORITY, DAWID_SKENE, CROWDLAB)


def class_distribution(
    dataset: Dataset,
    verdicts: pd.DataFrame,
    votes: VoteTable | None,
    method: str,
    probabilities: np.ndarray | None = None,
) -> np.ndarray:
    """What share of opinion each class has, float32 (N, 7).

    Rows sum to 1; rows of zeros where nobody has named a class, or where most see nothing that can be labelled.
    `verdicts`: VerdictLog.verdicts; `method`: one of METHODS; `probabilities`: float (N, 7), the audit's, which
    crowdlab needs. Raises UsageError where the method cannot work on what there is, and says why.
    """
    if method not in METHODS:
        raise UsageError(f"There is no way {method!r} to weigh opinions; use {', '.join(METHODS)}.")
    people = consensus(dataset, verdicts, votes)
    shares = people.distribution.copy()
    if method != MAJORITY:
        pictures, weighed = _weighed(dataset, verdicts, votes, method, probabilities)
        here = np.searchsorted(pictures, dataset.groups).clip(max=max(len(pictures) - 1, 0))
        spoken = pictures[here] == dataset.groups if len(pictures) else np.zeros(len(dataset), bool)
        shares[spoken] = weighed[here[spoken]]
    settled = people.decided & (people.state == AGREED)
    shares[settled] = np.eye(CLASSES, dtype=np.float32)[people.label[settled]]
    shares[people.state == STATE_UNUSABLE] = 0
    return shares


def labels_of(distribution: np.ndarray) -> np.ndarray:
    """The class with the largest share, int8 (N,); -1 where nobody said anything. The share is its confidence."""
    return np.where(distribution.any(axis=1), distribution.argmax(axis=1), -1).astype(np.int8)


def _weighed(
    dataset: Dataset, verdicts: pd.DataFrame, votes: VoteTable | None, method: str, probabilities: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The pictures (first rows, ascending) to which somebody known by name has given a class, and their shares."""
    named = person_votes(dataset, verdicts)
    named = named[named["column"] < CLASSES]
    pictures, items = np.unique(named["group"].to_numpy(np.int64), return_inverse=True)
    _, crowd = np.unique(named["annotator"].to_numpy(str), return_inverse=True)
    answers = named["column"].to_numpy(np.int64)
    known = None if votes is None else table_ballots(dataset, votes)[pictures, :CLASSES]
    if method == DAWID_SKENE:
        return pictures, dawid_skene(items, crowd, answers, CLASSES, known=known).posterior
    if probabilities is None:
        raise UsageError(
            f"crowdlab adds what networks say, and {dataset.name} has no audit of its labels: run `audit "
            f"{dataset.name}` first, or use {MAJORITY} or {DAWID_SKENE}."
        )
    voice = np.asarray(probabilities[pictures], np.float64)
    if known is not None:  # the networks' word counts as one more vote beside the imported ones
        voice = (voice + known) / (1 + known.sum(axis=1, keepdims=True))
    return pictures, crowdlab(items, crowd, answers, voice).posterior
