"""How badly a given label fits what networks say: the scores of the field, and ours.

All are suspicions in [0, 1], 1 = surely wrong, functions on arrays with one entry per image. Ours, `expected_votes`,
stands in a module of its own.
"""

import numpy as np

SCORES = {
    "suspicion": "share of ten annotators expected to agree on one other answer (ours; this is what ranks)",
    "margin": "normalised margin: how far the given class stays behind the best other one (Northcutt et al., 2021)",
    "self_confidence": "one less the probability of the given class (cleanlab's default)",
    "mistakenness": "the surer of another class, the higher: FiftyOne's formula",
    "area_under_margin": "how the given class fared while networks trained on it (Pleiss et al., 2020)",
    "neighbours": "share of the nearest images, in the network's features, with another label",
}
NEIGHBOURS = 20
AMONG = 30_000  # rows that neighbours are sought among; of more a sample is drawn, so that the cost stays linear
_BLOCK = 1024


def normalised_margin(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Float32 (N,): 0 when the network is sure of the given label, 1 when of another (Northcutt et al., 2021).

    `probabilities`: float (N, K), out of fold; `labels`: int (N,), the given classes.
    """
    given, other = given_and_other(probabilities, labels)
    return ((1 - (given - other)) / 2).astype(np.float32).clip(0, 1)


def self_confidence(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """One less the probability of the given class, float32 (N,)."""
    return (1 - given_and_other(probabilities, labels)[0]).astype(np.float32).clip(0, 1)


def mistakenness(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Float32 (N,): (1 + c) / 2 where the prediction differs from the label and (1 - c) / 2 where it is the same.

    c is one less the entropy of the probabilities over that of a uniform guess (FiftyOne's `compute_mistakenness`).
    """
    shares = np.clip(probabilities.astype(np.float64), 1e-12, 1)
    sureness = 1 + (shares * np.log(shares)).sum(axis=1) / np.log(probabilities.shape[1])
    differs = probabilities.argmax(axis=1) != labels
    return np.where(differs, (1 + sureness) / 2, (1 - sureness) / 2).astype(np.float32).clip(0, 1)


def area_under_margin(margins: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Float32 (N,): the mean training margin in logits through a logistic curve; `fallback` where it is NaN."""
    with np.errstate(over="ignore"):
        suspicion = 1 / (1 + np.exp(margins))
    return np.where(np.isnan(margins), fallback, suspicion).astype(np.float32)


def neighbour_disagreement(
    features: np.ndarray, labels: np.ndarray, groups: np.ndarray, among: np.ndarray, k: int = NEIGHBOURS
) -> np.ndarray:
    """Share of each image's k nearest with another label, float32 (N,); nearest by the cosine of the features.

    `features`: float (N, D); `among`: rows to look among (Training); an image's own copies (`groups`) are left out.
    """
    directions = unit(features)
    if len(among) > AMONG:
        among = np.sort(np.random.default_rng(0).choice(among, AMONG, replace=False))
    base, others = directions[among], labels[among]
    k = min(k, len(among) - 1)
    if k < 1:
        return np.zeros(len(features), np.float32)
    import torch  # whose search for the k greatest takes a tenth of the time; pages use this module without it

    share = np.empty(len(features), np.float32)
    for start in range(0, len(features), _BLOCK):
        here = slice(start, start + _BLOCK)
        closeness = directions[here] @ base.T
        closeness[groups[here, None] == groups[None, among]] = -np.inf
        nearest = torch.from_numpy(closeness).topk(k, dim=1, sorted=False).indices.numpy()
        # Where hardly anything but copies is there, some of the nearest are copies all the same.
        counted = np.isfinite(np.take_along_axis(closeness, nearest, axis=1))
        differ = (others[nearest] != labels[here, None]) & counted
        share[here] = differ.sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    return share


def nearest_images(directions: np.ndarray, row: int, groups: np.ndarray, k: int = 12) -> np.ndarray:
    """The k rows most like `row`, the nearest first, without its copies; int64.

    `directions`: float32 (N, D), features as `unit` leaves them.
    """
    closeness = directions @ directions[row]
    closeness[groups == groups[row]] = -np.inf
    k = min(k, int(np.isfinite(closeness).sum()))
    nearest = np.argpartition(closeness, -k)[-k:] if k else np.zeros(0, np.int64)
    return nearest[np.argsort(-closeness[nearest], kind="stable")]


def unit(features: np.ndarray) -> np.ndarray:
    """Feature vectors of length 1, float32 (N, D)."""
    values = np.asarray(features, np.float32)
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)


def given_and_other(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The probability of the given class and that of the best other one, float (N,) each."""
    index = np.arange(len(labels))
    others = probabilities.copy()
    others[index, labels] = -np.inf
    return probabilities[index, labels], others.max(axis=1, initial=-np.inf)
