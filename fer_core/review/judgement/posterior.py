"""How sure the opinions so far make one answer, and which pictures want another opinion.

The truth about a picture is one of nine outcomes: a class, that it cannot be used, or that it is ambiguous. Before
anybody answers, its probabilities are the mean of a Dirichlet distribution centred on the given label: the class's
trust for the given class, the rest spread evenly over the eight others. Where copies of a picture are given as several
classes, each has its share. A person gives the true outcome as often as their accuracy says and errs evenly over the
eight others; people err independently of each other. One picture has one truth, so of the Dirichlet only the mean
counts, not its concentration.

One vote is enough where it confirms the given label. A second opinion is asked where it does not, and more until one
outcome is SURE or MOST people have spoken; what is then not sure is left to a decision, or stays soft.
"""

import numpy as np

from fer_core.emotions import CLASSES
from fer_core.review.judgement.consensus import BALLOT

TRUST = 0.65  # how often a given label is right; FER+'s ten annotators put the same class first for 63 % of FER2013
ACCURACY = 0.8  # of a person of whom nothing is known
ACCURACY_LIMITS = (0.2, 0.99)  # nobody is worse than a guess between five, and nobody is never wrong
SURE = 0.9
MOST = 5
_ERRORS = BALLOT - 1  # outcomes over which errors are spread


def prior(given: np.ndarray, trust: float | np.ndarray = TRUST) -> np.ndarray:
    """The outcomes' probabilities before anybody answers, float64 (n, 9): seven classes, unusable, ambiguous.

    given: float (n, 7), shares of the given classes among a picture's copies (rows sum to 1); trust: in (0, 1), one
    for all or one for each class.
    """
    each = np.broadcast_to(np.asarray(trust, np.float64), CLASSES)
    centred = np.repeat((1 - each)[:, None] / _ERRORS, BALLOT, axis=1)  # (7, 9)
    centred[np.arange(CLASSES), np.arange(CLASSES)] = each
    return np.asarray(given, np.float64) @ centred


def posterior(before: np.ndarray, picture: np.ndarray, outcome: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """The outcomes' probabilities after the votes, float64 (n, 9).

    before: float (n, 9), see `prior`. One entry a vote: picture int (v,), an index into `before`; outcome int (v,),
    0 to 8; accuracy float (v,), of whoever gave it, held within ACCURACY_LIMITS.
    """
    accuracy = np.clip(accuracy, *ACCURACY_LIMITS)
    error = np.log((1 - accuracy) / _ERRORS)
    weight = np.log(before)
    weight += np.bincount(picture, error, minlength=len(before))[:, None]
    np.add.at(weight, (picture, outcome), np.log(accuracy) - error)
    weight -= weight.max(axis=1, keepdims=True, initial=-np.inf)
    after = np.exp(weight)
    return after / after.sum(axis=1, keepdims=True)


def wanted(
    given: np.ndarray,
    picture: np.ndarray,
    outcome: np.ndarray,
    accuracy: np.ndarray,
    trust: float | np.ndarray = TRUST,
) -> np.ndarray:
    """How many further opinions each picture wants at the least, int8 (n,): 0 where it is settled, and unseen ones 1.

    The number is what it takes for one outcome to become SURE if everybody now agrees with the likeliest; so many
    people may look at it at the same time. Parameters as in `prior` and `posterior`; one vote a person.
    """
    votes = np.bincount(picture, minlength=len(given))
    confirmed = np.where(outcome < CLASSES, given[picture, np.minimum(outcome, CLASSES - 1)], 0.0) >= 1
    asked = votes < MOST
    asked &= np.bincount(picture, ~confirmed, minlength=len(given)) > 0
    among = np.cumsum(asked) - 1  # most pictures are settled by their first vote, and need no arithmetic
    own = asked[picture]
    after = posterior(prior(given[asked], trust), among[picture[own]], outcome[own], accuracy[own])
    more = np.zeros(len(given), np.int8)
    more[asked] = np.minimum(_agreeing(after.max(axis=1, initial=0)), MOST - votes[asked])
    more[votes == 0] = 1
    return more


def _agreeing(top: np.ndarray) -> np.ndarray:
    """How many more votes for the likeliest outcome make it SURE, int64 (n,). `top`: float (n,), its probability."""
    ratio = ACCURACY / ((1 - ACCURACY) / _ERRORS)
    more = np.zeros(len(top), np.int64)
    for _ in range(MOST - 1):
        more += top < SURE
        top = top * ratio / (top * ratio + 1 - top)
    return more
