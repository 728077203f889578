"""Example faces for the guide: what each class looks like, and the pairs of classes that people confuse.

Taken from faces that people agree on, where a class has enough of them; else from the images that an audit trusts most:
networks that did not train on them give their label a high probability and nothing was found against them. Without
either there are no examples. Of the best, those that look least alike serve: a class is more than one kind of head.
Only Training rows do: a guide must not show the answers of a test.
"""

from dataclasses import dataclass

import numpy as np

from fer_core.audit.results import Audit
from fer_core.dataset.store import SIDE, TRAINING, Dataset
from fer_core.emotions import NAMES
from fer_core.review.judgement.consensus import AGREED, Consensus

PER_CLASS, PER_SIDE = 6, 4
HARD_PAIRS = (("fear", "surprise"), ("sad", "neutral"), ("angry", "disgust"))
VOICES = 2  # votes that make an agreement worth showing
POOL = 4  # times as many good faces as are wanted; among them variety decides
_COARSE = 12  # pixels a side: enough to tell pictures apart, too few to tell a crop from its original


@dataclass(frozen=True)
class Exemplars:
    """Rows that show a class well; empty arrays where nothing is known."""

    classes: dict[str, np.ndarray]  # class -> int64 (up to PER_CLASS,)
    sides: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]  # pair -> int64 (up to PER_SIDE,) of each class


def exemplars(dataset: Dataset, audit: Audit | None, people: Consensus | None) -> Exemplars:
    """The same examples on every call. No face serves twice, neither as a copy nor, after an audit, nearly."""
    fit = (dataset.splits == TRAINING) & (dataset.groups == np.arange(len(dataset)))
    said = np.ones((len(dataset), len(NAMES)), np.float32)
    if audit is not None:
        fit[audit.findings["row"].to_numpy()] = False
        if audit.model:
            said = np.asarray(audit.probabilities)
    ranked = {name: _clearest(dataset, audit, people, fit, said, index) for index, name in enumerate(NAMES)}
    sides = {name: rows[PER_CLASS:] for name, rows in ranked.items()}
    return Exemplars(
        {name: rows[:PER_CLASS] for name, rows in ranked.items()},
        {(one, other): (sides[one], sides[other]) for one, other in HARD_PAIRS},
    )


def _clearest(
    dataset: Dataset, audit: Audit | None, people: Consensus | None, fit: np.ndarray, said: np.ndarray, index: int
) -> np.ndarray:
    """The rows (int64) that show the class of this index best; people's word goes before the networks'."""
    count = PER_CLASS + PER_SIDE
    if people is not None:
        rows = np.flatnonzero(fit & (people.state == AGREED) & (people.label == index) & (people.total >= VOICES))
        if len(rows) >= count:
            share = people.votes[rows, index] / people.total[rows]
            return _varied(dataset, rows, share * said[rows, index], count)
    if audit is None or not audit.model:
        return np.zeros(0, np.int64)
    rows = np.flatnonzero(fit & (dataset.labels == index))
    suspicion = audit.scores["suspicion"].to_numpy()[rows]
    return _varied(dataset, rows, said[rows, index] * (1 - suspicion), count)


def _varied(dataset: Dataset, rows: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """`count` of the rows: first the one with the highest value, then always the one least like those chosen, among
    the POOL * count with the highest values; of equals the first row."""
    pool = rows[np.argsort(-values, kind="stable")[: POOL * count]]
    if len(pool) <= count:
        return pool
    cell = SIDE // _COARSE
    coarse = dataset.images[pool].reshape(len(pool), _COARSE, cell, _COARSE, cell).mean(axis=(2, 4), dtype=np.float32)
    coarse = coarse.reshape(len(pool), -1)
    chosen, distance = [0], np.full(len(pool), np.inf, np.float32)
    while len(chosen) < count:
        distance = np.minimum(distance, np.linalg.norm(coarse - coarse[chosen[-1]], axis=1))
        chosen.append(int(distance.argmax()))
    return pool[chosen]
