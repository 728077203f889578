"""Which images of Training go, each with the first reason that applies, in words that begin with its kind."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit
from fer_core.dataset.store import SPLITS, TRAINING, Dataset
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.review.judgement.consensus import AMBIGUOUS, STATE_UNUSABLE, Consensus
from fer_core.review.policy.rules import Policy


class Reasons:
    """The reason of every image, object (N,); the first one given stays, and only Training can be given one."""

    def __init__(self, dataset: Dataset) -> None:
        self.words = np.full(len(dataset), "", object)
        self._training = dataset.splits == TRAINING

    @property
    def kept(self) -> np.ndarray:
        """Images without a reason, bool (N,)."""
        return self.words == ""

    def drop(self, rows: np.ndarray, words: Callable[[int], str]) -> None:
        """`rows`: bool (N,); `words`: the reason of a row."""
        for row in np.flatnonzero(rows & self._training & self.kept).tolist():
            self.words[row] = words(row)


def drop_images(
    dataset: Dataset, people: Consensus, audit: Audit | None, policy: Policy, settled: np.ndarray
) -> Reasons:
    """Everything that a policy drops but for balance. `settled`: bool (N,), where people's label is taken over.

    Raises UsageError when the policy needs an audit and there is none.
    """
    reasons = Reasons(dataset)
    if policy.drop_unusable:
        reasons.drop(people.state == STATE_UNUSABLE, lambda row: f"unusable: {_share(people, people.junk, row)}")
    if policy.ambiguous == "drop":
        reasons.drop(people.state == AMBIGUOUS, lambda row: f"ambiguous: {_share(people, people.unsure, row)}")
    if policy.drop_findings:
        finding = _findings(dataset, audit, policy.drop_findings)
        reasons.drop(finding != "", lambda row: finding[row])
    if policy.drop_leaks:
        elsewhere = _first_copy(dataset, dataset.splits != TRAINING)
        reasons.drop(
            elsewhere >= 0, lambda row: f"leak: also {SPLITS[dataset.splits[elsewhere[row]]]} row {elsewhere[row]}"
        )
    if policy.drop_conflicts:
        given = _conflicting_labels(dataset)
        reasons.drop((given != "") & ~settled, lambda row: f"copies in conflict: given as {given[row]}")
    if policy.drop_duplicates:
        first = _first_copy(dataset, dataset.splits == TRAINING)
        reasons.drop(first != np.arange(len(dataset)), lambda row: f"exact copy: of row {first[row]}")
    return reasons


def _share(people: Consensus, votes: np.ndarray, row: int) -> str:
    return "decided" if people.decided[row] else f"{votes[row]} of {people.total[row]} votes"


def _findings(dataset: Dataset, audit: Audit | None, wanted: Sequence[str]) -> np.ndarray:
    """Each image's finding in words, object (N,); "" where there is none of the wanted ones."""
    if audit is None:
        raise UsageError(
            f"This policy drops {' and '.join(wanted)} images, and only an audit knows which they are. Run `audit "
            f"{dataset.name}` first, or choose a policy without them."
        )
    words = np.full(len(dataset), "", object)
    table = audit.findings
    for reason in reversed(wanted):  # the first one wanted wins
        found = table[table["reason"] == reason]
        words[found["row"].to_numpy(np.int64)] = [f"{reason}: {evidence}" for evidence in found["evidence"]]
    return words


def _first_copy(dataset: Dataset, among: np.ndarray) -> np.ndarray:
    """For each image the first row of a mask, bool (N,), with the same pixels, int64 (N,); -1 where there is none."""
    first = np.full(len(dataset), len(dataset), np.int64)
    rows = np.flatnonzero(among)
    np.minimum.at(first, dataset.groups[rows], rows)
    first = first[dataset.groups]
    return np.where(first < len(dataset), first, -1)


def _conflicting_labels(dataset: Dataset) -> np.ndarray:
    """Each Training image's given labels, in words, where its Training copies differ; object (N,), else ""."""
    training = np.flatnonzero(dataset.splits == TRAINING)
    table = pd.DataFrame({"group": dataset.groups[training], "label": dataset.labels[training]}).drop_duplicates()
    table = table[table["group"].duplicated(keep=False)].sort_values("label")
    words = np.full(len(dataset), "", object)
    for group, labels in table.groupby("group")["label"]:
        words[group] = ", ".join(NAMES[label] for label in labels)
    return words[dataset.groups]
