"""Dawid and Skene's consensus: who is right how often is learnt from the answers themselves, without known truth.

Two steps take turns (expectation maximisation): from how reliable each person is, how likely each class is for each
item; from that, how often each person answers what when a class is true. "Maximum likelihood estimation of observer
error-rates using the EM algorithm" (Dawid and Skene, 1979), with pseudo-answers for those who have answered little.
"""

from dataclasses import dataclass

import numpy as np

# Before a person's answers to a class count, they are taken to have given so many to it, this share of them right.
PSEUDO_ANSWERS = 5.0
PSEUDO_ACCURACY = 0.8


@dataclass(frozen=True)
class DawidSkene:
    """What EM found for I items, A people and C classes."""

    posterior: np.ndarray  # float64 (I, C): how likely each class is for each item
    confusion: np.ndarray  # float64 (A, C, C): share of a person's answers (columns) where a class is true (rows)
    prior: np.ndarray  # float64 (C,): how frequent the classes are
    rounds: int  # of EM
    converged: bool  # whether the posterior had stopped moving by then

    @property
    def accuracy(self) -> np.ndarray:
        """How often each person is right on items as frequent as these, float64 (A,)."""
        return np.einsum("acc,c->a", self.confusion, self.prior)


def dawid_skene(
    items: np.ndarray,
    people: np.ndarray,
    answers: np.ndarray,
    classes: int,
    *,
    known: np.ndarray | None = None,
    tolerance: float = 1e-6,
    most_rounds: int = 500,
) -> DawidSkene:
    """Run EM on V answers until no posterior moves by more than `tolerance`; the same input gives the same result.

    `items`, `people`, `answers`: int (V,), who gave which item which class; items and people are numbered from 0
    without gaps. `known`: counts (I, C) of earlier answers without names (an imported vote table): their shares,
    drawn towards the class frequencies by one pseudo-vote, are then the item's prior in place of the frequencies.
    """
    count, crowd = int(items.max(initial=-1)) + 1, int(people.max(initial=-1)) + 1
    place = people * classes + answers  # of an answer among all (person, answer) pairs
    wrong = (1 - PSEUDO_ACCURACY) / max(classes - 1, 1)
    pseudo = PSEUDO_ANSWERS * np.where(np.eye(classes, dtype=bool), PSEUDO_ACCURACY, wrong)

    start = np.bincount(items * classes + answers, minlength=count * classes).reshape(count, classes).astype(np.float64)
    if known is not None:
        start += known
    posterior = start / start.sum(axis=1, keepdims=True)
    prior, confusion = _reliability(posterior, items, place, crowd, pseudo)
    moved, rounds = np.inf, 0
    while moved > tolerance and rounds < most_rounds:
        before, rounds = posterior, rounds + 1
        posterior = _posterior(prior, confusion, items, place, known, count)
        moved = float(np.abs(posterior - before).max(initial=0))
        prior, confusion = _reliability(posterior, items, place, crowd, pseudo)
    return DawidSkene(posterior, confusion, prior, rounds, moved <= tolerance)


def _reliability(
    posterior: np.ndarray, items: np.ndarray, place: np.ndarray, crowd: int, pseudo: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Class frequencies (C,), with one pseudo-item for each class, and everybody's confusion (A, C, C)."""
    classes = posterior.shape[1]
    given = np.empty((crowd, classes, classes))
    for true in range(classes):
        weights = posterior[items, true]
        given[:, true] = np.bincount(place, weights, crowd * classes).reshape(crowd, classes)
    given += pseudo
    prior = posterior.sum(axis=0) + 1
    return prior / prior.sum(), given / given.sum(axis=2, keepdims=True)


def _posterior(
    prior: np.ndarray, confusion: np.ndarray, items: np.ndarray, place: np.ndarray, known: np.ndarray | None, count: int
) -> np.ndarray:
    """How likely each class is for each item, (I, C), given how reliable everybody is."""
    classes = len(prior)
    likelihood = np.empty((count, classes))
    for true in range(classes):
        likelihood[:, true] = np.bincount(items, np.log(confusion[:, true].reshape(-1)[place]), count)
    base = prior if known is None else (known + prior) / (known.sum(axis=1, keepdims=True) + 1)
    likelihood += np.log(base)
    likelihood = np.exp(likelihood - likelihood.max(axis=1, keepdims=True, initial=-np.inf))
    return likelihood / likelihood.sum(axis=1, keepdims=True)
