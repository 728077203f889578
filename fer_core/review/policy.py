"""From findings and verdicts to a version: a policy says what to do, `plan_cut` does it, `cut_version` freezes it.

A policy changes Training only. Rows of the test splits never leave and never change; what people say about them
stands in the manifest's `consensus` column. The same policy on the same log (up to the same watermark) and the same
audit gives the same version, hash included.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import SPLITS, TRAINING, Dataset
from fer_core.dataset.version import DatasetVersion, store_version
from fer_core.emotions import NAMES
from fer_core.errors import NotFound, UsageError
from fer_core.review.consensus import STATE_UNUSABLE, Consensus, consensus
from fer_core.review.log import VerdictLog
from fer_core.workspace import Workspace

PICTURE_FINDINGS = ("flat", "blurred")  # findings that speak of the picture, not of its label or its copies


@dataclass(frozen=True)
class Policy:
    """What a version does to the Training split. The defaults are the policy `standard`."""

    drop_duplicates: bool = True  # of exact copies the first row stays
    drop_conflicts: bool = True  # copies given as different classes go, all of them, until people agree on the face
    drop_leaks: bool = True  # what is also in a test split goes
    drop_unusable: bool = True  # what people call unusable, or no face, goes
    drop_findings: tuple[str, ...] = ("flat",)  # findings of the audit, of PICTURE_FINDINGS
    relabel: bool = True  # the consensus of people replaces the given label
    min_votes: int = 1  # with at least this many votes for the class; a decision always counts

    def __post_init__(self) -> None:
        unknown = set(self.drop_findings) - set(PICTURE_FINDINGS)
        if unknown:
            raise UsageError(
                f"{', '.join(sorted(unknown))}: no finding that a policy can drop by itself "
                f"(these are: {', '.join(PICTURE_FINDINGS)}). Labels are changed by people's verdicts."
            )
        if self.min_votes < 1:
            raise UsageError(f"A label cannot be changed by {self.min_votes} votes; ask for at least 1.")


POLICIES = {
    "standard": Policy(),
    # "Facial emotion recognition using shallow CNN and improved FER-2013 dataset": exact copies removed by hash,
    # blurred and faceless images removed, mislabelled ones corrected.
    "improved": Policy(drop_findings=PICTURE_FINDINGS),
    "relabel-only": Policy(False, False, False, False, ()),
}


def policy_named(name: str) -> Policy:
    """A policy by its name."""
    if name not in POLICIES:
        raise NotFound(f"There is no policy {name!r} (there: {', '.join(POLICIES)}).")
    return POLICIES[name]


@dataclass(frozen=True)
class Cut:
    """A version before it is frozen: the manifest (see dataset.version.COLUMNS) and everything that decided it."""

    dataset: Dataset
    manifest: pd.DataFrame
    policy: Policy
    watermark: int
    audit: str  # id of the audit whose findings were used; "" where none was needed

    def document(self) -> dict[str, object]:
        """The policy as it is stored with the version."""
        return {**asdict(self.policy), "watermark": self.watermark, "audit": self.audit}


def plan_cut(dataset: Dataset, log: VerdictLog, audit: Audit | None, policy: Policy, until: int | None = None) -> Cut:
    """Work out what a policy does to a data set, without storing anything.

    `until`: the watermark in the log, by default its newest event. Raises UsageError when the policy needs an audit
    and there is none.
    """
    watermark = log.watermark() if until is None else until
    people = consensus(dataset, log.verdicts(dataset, watermark))
    training = dataset.splits == TRAINING
    reason = np.full(len(dataset), "", object)

    def drop(rows: np.ndarray, words: Callable[[int], str]) -> None:
        """The first reason that applies to an image is the one that is named."""
        for row in np.flatnonzero(rows & training & (reason == "")).tolist():
            reason[row] = words(row)

    enough = (people.label >= 0) & (people.decided | (people.votes.max(axis=1) >= policy.min_votes))
    if policy.drop_unusable:
        drop(people.state == STATE_UNUSABLE, lambda row: _unusable_words(people, row))
    if policy.drop_findings:
        finding = _findings(dataset, audit, policy.drop_findings)
        drop(finding != "", lambda row: finding[row])
    if policy.drop_leaks:
        elsewhere = _test_copy(dataset)
        drop(elsewhere >= 0, lambda row: f"leak: also {SPLITS[dataset.splits[elsewhere[row]]]} row {elsewhere[row]}")
    if policy.drop_conflicts:
        given = _conflicting_labels(dataset)
        drop((given != "") & ~(policy.relabel & enough), lambda row: f"copies in conflict: given as {given[row]}")
    if policy.drop_duplicates:
        first = _first_training_copy(dataset)
        drop(first != np.arange(len(dataset)), lambda row: f"exact copy: of row {first[row]}")

    kept = reason == ""
    label = dataset.labels.copy()
    if policy.relabel:
        changed = kept & training & enough & (people.label != dataset.labels)
        label[changed] = people.label[changed]
        for row in np.flatnonzero(changed).tolist():
            reason[row] = _relabel_words(people, row, dataset.labels[row])
    manifest = pd.DataFrame({"kept": kept, "label": label, "consensus": people.label, "reason": reason.astype(str)})
    used = audit.id if audit is not None and policy.drop_findings else ""
    return Cut(dataset, manifest, policy, watermark, used)


def cut_version(workspace: Workspace, dataset: Dataset, name: str, policy: Policy) -> DatasetVersion:
    """Cut a version from the log as it is now and freeze it under `name`.

    Raises UsageError for a name that is taken by a different cut, and where the policy needs an audit.
    """
    cut = plan_cut(dataset, VerdictLog(workspace.labels_db), latest_audit(dataset), policy)
    return store_version(workspace, dataset, name, cut.manifest, cut.document())


def changed_policy(policy: Policy, changes: dict[str, Any]) -> Policy:
    """A policy with some parts replaced; None leaves a part as it is."""
    return replace(policy, **{part: value for part, value in changes.items() if value is not None})


def _unusable_words(people: Consensus, row: int) -> str:
    if people.decided[row]:
        return "unusable: decided"
    return f"unusable: {people.junk[row]} of {people.total[row]} votes"


def _relabel_words(people: Consensus, row: int, given: int) -> str:
    label = people.label[row]
    why = "decided" if people.decided[row] else f"{people.votes[row, label]} of {people.total[row]} votes"
    return f"relabelled: {NAMES[given]} to {NAMES[label]}, {why}"


def _findings(dataset: Dataset, audit: Audit | None, wanted: tuple[str, ...]) -> np.ndarray:
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


def _test_copy(dataset: Dataset) -> np.ndarray:
    """For each image the first row outside Training with the same pixels, int64 (N,); -1 where there is none."""
    return _first_copy(dataset, dataset.splits != TRAINING)


def _first_training_copy(dataset: Dataset) -> np.ndarray:
    """For each image the first Training row with the same pixels, int64 (N,); -1 where there is none."""
    return _first_copy(dataset, dataset.splits == TRAINING)


def _first_copy(dataset: Dataset, among: np.ndarray) -> np.ndarray:
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
    words = table.groupby("group")["label"].agg(lambda labels: ", ".join(NAMES[label] for label in labels))
    return np.array(pd.Series(dataset.groups).map(words).fillna(""), object)
