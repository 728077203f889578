"""A policy carried out on a data set: planned without storing anything, then frozen under a name."""

from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import TRAINING, Dataset
from fer_core.dataset.supplements import Supplements
from fer_core.dataset.version import SOFT, DatasetVersion, content_hash, store_version
from fer_core.dataset.votes import VoteTable, open_votes
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.opinions import CROWDLAB
from fer_core.review.policy import balancing
from fer_core.review.policy.dropping import drop_images
from fer_core.review.policy.labelling import Opinions, opinions, relabel_words, soft_labels
from fer_core.review.policy.rules import Policy
from fer_core.review.policy.supplementing import collect
from fer_core.training.balance import class_weights, repeats
from fer_core.workspace import Workspace


@dataclass(frozen=True)
class Cut:
    """A version before it is frozen, and the policy behind it."""

    version: DatasetVersion  # without a name
    policy: Policy

    @property
    def manifest(self) -> pd.DataFrame:
        """See dataset.version.COLUMNS and OPTIONAL."""
        return self.version.manifest


def plan_cut(
    dataset: Dataset,
    log: VerdictLog,
    audit: Audit | None,
    policy: Policy,
    until: int | None = None,
    workspace: Workspace | None = None,
) -> Cut:
    """Work out what a policy does to a data set, without storing anything.

    `until`: the watermark in the log, by default its newest event; `workspace`: where supplements are looked for.
    Raises UsageError when the policy needs an audit, a vote table or a workspace and there is none.
    """
    watermark = log.watermark() if until is None else until
    table = _vote_table(dataset) if policy.votes else None
    said = opinions(dataset, log.verdicts(dataset, watermark), table, audit, policy)
    if policy.supplements and workspace is None:
        raise UsageError("This policy adds images from other data sets: say which workspace they are in.")
    added, taken = (None, []) if workspace is None else collect(workspace, dataset, policy.supplements)

    reasons = drop_images(dataset, said.people, audit, policy, said.enough & policy.relabel)
    training = dataset.splits == TRAINING
    kept, reason = reasons.kept, reasons.words
    changed = kept & training & said.enough & (said.label != dataset.labels) & policy.relabel
    label = np.where(changed, said.label, dataset.labels).astype(np.int8)
    for row in np.flatnonzero(changed).tolist():
        reason[row] = relabel_words(said, row, int(dataset.labels[row]), policy.method)

    columns: dict[str, Any] = {"kept": kept, "label": label, "consensus": said.label, "reason": reason}
    pool = _Pool(dataset, kept & training, label, added)
    weights = None
    if policy.balance == "drop":
        added = pool.drop_surplus(columns, _doubt(label, said, audit), policy.balance_to)
    elif policy.balance == "weights":
        weights = class_weights(pool.labels)
    elif policy.balance == "augment":
        added = pool.repeat(columns)
    if policy.soft or policy.ambiguous == "soft":
        targets = soft_labels(said, dataset.labels, label, columns["kept"] & training, policy)
        columns |= {name: targets[:, index] for index, name in enumerate(SOFT)}

    manifest = pd.DataFrame(columns | {"reason": columns["reason"].astype(str)})
    document = {
        **asdict(policy),
        "watermark": watermark,
        "audit": _audit_used(audit, policy),
        "vote_table": None if table is None else {"source": table.source, "sha256": _digest(table)},
        "taken": taken,
    }
    version = DatasetVersion(dataset, "", "", manifest, document, added or None, weights)
    return Cut(replace(version, hash=content_hash(version)), policy)


def cut_version(
    workspace: Workspace,
    dataset: Dataset,
    name: str,
    policy: Policy,
    until: int | None = None,
    audit: Audit | None = None,
) -> DatasetVersion:
    """Cut a version from the log, as it is now or up to a watermark, and freeze it under `name`.

    `audit`: whose findings count; without one, those of the latest.
    Raises UsageError for a name that is taken by a different cut, and where the policy lacks something it needs.
    """
    log = VerdictLog(workspace.labels_db)
    cut = plan_cut(dataset, log, audit or latest_audit(dataset), policy, until, workspace).version
    return store_version(workspace, dataset, name, cut.manifest, cut.policy, cut.supplements, cut.weights)


class _Pool:
    """All that Training would consist of, own images and supplements, for balancing them as one."""

    def __init__(self, dataset: Dataset, kept: np.ndarray, label: np.ndarray, added: Supplements | None) -> None:
        self.rows = np.flatnonzero(kept)  # of the data set's own
        self.added = added
        more = added.labels if added is not None else np.empty(0, np.int8)
        hashes = list(dataset.table["content"].iloc[self.rows]) + list(added.table["content"] if added else [])
        self.labels = np.concatenate([label[self.rows], more]).astype(np.int64)
        self.contents = np.array([content[:16] for content in hashes], "S16")

    def drop_surplus(self, columns: dict[str, Any], doubt: np.ndarray, balance_to: str) -> Supplements | None:
        """Mark surplus images as not kept; supplements, which somebody asked for by name, go last."""
        target = balancing.class_target(self.labels, balance_to)
        doubts = np.concatenate([doubt[self.rows], np.full(len(self.labels) - len(self.rows), -2.0)])
        gone = balancing.surplus(self.labels, doubts, self.contents, target)
        kept = columns["kept"].copy()
        for place in np.flatnonzero(gone[: len(self.rows)]).tolist():
            kept[self.rows[place]] = False
            columns["reason"][self.rows[place]] = f"balance: {NAMES[self.labels[place]]} cut to {target:,}"
        columns["kept"] = kept
        return None if self.added is None else self.added.part(~gone[len(self.rows) :])

    def repeat(self, columns: dict[str, Any]) -> Supplements | None:
        """Note how often an epoch shows each image."""
        times = repeats(self.labels, self.contents)
        columns["repeats"] = np.ones(len(columns["kept"]), np.int16)
        columns["repeats"][self.rows] = times[: len(self.rows)]
        if self.added is None:
            return None
        return replace(self.added, table=self.added.table.assign(repeats=times[len(self.rows) :]))


def _doubt(label: np.ndarray, said: Opinions, audit: Audit | None) -> np.ndarray:
    """How little each label is to be trusted, float (N,): the audit's suspicion, -1 and 2 where people have spoken."""
    doubt = np.zeros(len(label))
    if audit is not None and _searched(audit):
        doubt[audit.suspects["row"].to_numpy(np.int64)] = audit.suspects["suspicion"]
    doubt[said.enough] = np.where(said.label == label, -1.0, 2.0)[said.enough]
    return doubt


def _searched(audit: Audit) -> bool:
    """Whether networks have looked at the labels."""
    return bool(audit.document["settings"]["labels"])


def _audit_used(audit: Audit | None, policy: Policy) -> str:
    """The id of the audit that had a say in the cut, "" where none had."""
    if audit is None:
        return ""
    asked = policy.method == CROWDLAB or policy.balance == "drop"
    return audit.id if policy.drop_findings or (asked and _searched(audit)) else ""


def _vote_table(dataset: Dataset) -> VoteTable:
    table = open_votes(dataset)
    if table is None:
        raise UsageError(
            f"This policy counts an imported vote table, and {dataset.name} has none. Import one first "
            f"(`votes {dataset.name} FILE`), or leave the votes out."
        )
    return table


def _digest(table: VoteTable) -> str:
    return sha256(np.ascontiguousarray(table.counts, "<i4").tobytes()).hexdigest()
