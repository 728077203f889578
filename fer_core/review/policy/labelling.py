"""What people say as labels: one class for an image where they agree, shares of classes where labels may be soft."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import VoteTable
from fer_core.emotions import CLASSES, NAMES
from fer_core.review.judgement.consensus import AMBIGUOUS, Consensus, consensus, person_votes
from fer_core.review.judgement.opinions import CROWDLAB, MAJORITY, class_distribution, labels_of
from fer_core.review.policy.rules import Policy

_DIGITS = 4  # of a stored share, so that the last bits of another machine's arithmetic change no hash


@dataclass(frozen=True)
class Opinions:
    """What is said about each of the N images, by the method of a policy."""

    people: Consensus
    shares: np.ndarray  # float32 (N, 7): of the classes; rows of zeros where nobody has named one
    label: np.ndarray  # int8 (N,): the class that has more than half, -1 where none has
    enough: np.ndarray  # bool (N,): there is such a class, and votes enough to take it over


def opinions(
    dataset: Dataset, verdicts: pd.DataFrame, table: VoteTable | None, audit: Audit | None, policy: Policy
) -> Opinions:
    """Weigh the verdicts and the vote table (None: leave it out). UsageError where the method lacks something."""
    people = consensus(dataset, verdicts, table)
    networks = None
    if policy.method == CROWDLAB and audit is not None and audit.document["settings"]["labels"]:
        networks = audit.probabilities
    shares = people.distribution
    label = people.label
    if policy.method != MAJORITY or policy.soft or policy.ambiguous == "soft":
        shares = class_distribution(dataset, verdicts, table, policy.method, networks)
    if policy.method != MAJORITY:
        weighed = np.isin(dataset.groups, person_votes(dataset, verdicts)["group"]) & ~people.decided
        clear = (shares.max(axis=1) > 0.5) & (people.state != AMBIGUOUS)
        label = np.where(weighed, np.where(clear, labels_of(shares), -1), people.label).astype(np.int8)
    votes_for = np.take_along_axis(people.votes, np.maximum(label, 0)[:, None].astype(np.int64), axis=1)[:, 0]
    return Opinions(people, shares, label, (label >= 0) & (people.decided | (votes_for >= policy.min_votes)))


def relabel_words(said: Opinions, row: int, given: int, method: str) -> str:
    """Why an image has another label: by whom, how clearly."""
    label, people = said.label[row], said.people
    if people.decided[row]:
        why = "decided"
    elif method == MAJORITY:
        why = f"{people.votes[row, label]} of {people.total[row]} votes"
    else:
        why = f"{method} {said.shares[row, label]:.0%} of {people.total[row]} votes"
    return f"relabelled: {NAMES[given]} to {NAMES[label]}, {why}"


def soft_labels(said: Opinions, given: np.ndarray, labels: np.ndarray, rows: np.ndarray, policy: Policy) -> np.ndarray:
    """What is trained on, float32 (N, 7): shares on the rows that people spoke about, one class elsewhere.

    given, labels: int8 (N,), before and after the cut; rows: bool (N,), the images that may have soft labels. For an
    ambiguous face (where the policy asks for it) the given label counts as one vote beside those of people, and
    every "unsure" is a vote that names all classes alike.
    """
    people = said.people
    targets = np.eye(CLASSES, dtype=np.float32)[labels]
    doubtful = people.state == AMBIGUOUS
    if policy.soft:
        spoken = said.shares.any(axis=1) & (people.decided | (people.votes.sum(axis=1) >= policy.min_votes))
        chosen = rows & spoken & ~doubtful
        targets[chosen] = said.shares[chosen]
    if policy.ambiguous == "soft":
        chosen = rows & doubtful
        mass = people.votes[chosen] + people.unsure[chosen, None] / CLASSES + np.eye(CLASSES)[given[chosen]]
        targets[chosen] = mass / mass.sum(axis=1, keepdims=True)
    return _rounded(targets)


def _rounded(shares: np.ndarray) -> np.ndarray:
    """Shares with few digits that still sum to 1: the largest takes the rest."""
    rounded = shares.astype(np.float64).round(_DIGITS)
    places = (np.arange(len(shares)), shares.argmax(axis=1))
    rounded[places] += 1 - rounded.sum(axis=1)
    return rounded.round(_DIGITS).astype(np.float32)
