"""The figures behind the Overview page, computed once per state of the data set, and the next best step."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.version import list_versions
from fer_core.emotions import CLASSES, NAMES
from fer_core.review.estimates.estimate import Estimate
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import AGREED, Consensus
from fer_core.runs.run import list_runs
from pages import _shared
from pages._estimate import error_rate
from pages._said import said_about

ENOUGH = 50  # reviewed images from which a version is worth cutting


@dataclass(frozen=True)
class Situation:
    """Where the loop stands for one data set."""

    audit: Audit | None
    people: Consensus
    versions: list[dict]
    runs: int
    errors: Estimate | None  # how many labels are wrong, as far as the random audit tells

    @property
    def searched(self) -> bool:
        """Whether an audit has looked at labels, not at pixels alone."""
        return self.audit is not None and self.audit.document["settings"]["labels"]

    @property
    def reviewed(self) -> int:
        return int((self.people.state != 0).sum())


@dataclass(frozen=True)
class Step:
    """The next best step: why, what the button says, and the page that it opens."""

    why: str
    button: str
    page: str


def situation(dataset: Dataset) -> Situation:
    """Read from the stores; the consensus is recomputed only when somebody has answered since."""
    log = VerdictLog(_shared.workspace().labels_db)
    runs = [run for run in list_runs(_shared.workspace()) if run.dataset == dataset.name]
    people, versions = said_about(dataset, log).reviewed, list_versions(dataset)
    return Situation(latest_audit(dataset), people, versions, len(runs), error_rate(dataset, log))


def next_step(dataset: Dataset, now: Situation) -> Step:
    """What brings this data set furthest, in the order of the loop."""
    if now.audit is None or not now.searched:
        return Step("Nobody has looked for wrong labels yet.", "Find the suspects", "audit.py")
    left = now.audit.document["findings"]["label"]
    if now.reviewed < ENOUGH:
        return Step(f"{left:,} labels look wrong and {now.reviewed:,} faces are reviewed.", "Review faces", "review.py")
    newest = now.versions[0]["policy"].get("watermark", 0) if now.versions else 0
    if not now.versions or VerdictLog(_shared.workspace().labels_db).watermark() >= newest + ENOUGH:
        return Step(f"{now.reviewed:,} reviewed faces are in no version yet.", "Cut a version", "consensus.py")
    if now.runs < 2:
        return Step("A version is cut; train the same recipe with and without it.", "Train a network", "train.py")
    return Step(f"{now.runs:,} runs are there: did the cleaning help?", "Compare runs", "runs.py")


def balance(dataset: Dataset, now: Situation) -> dict[str, np.ndarray]:
    """Images per class as given, and with the labels that people agree on."""
    labels = np.where(now.people.state == AGREED, now.people.label, dataset.labels)
    columns = {"given": np.bincount(dataset.labels, minlength=CLASSES)}
    if (labels != dataset.labels).any():
        columns["as people see it"] = np.bincount(labels, minlength=CLASSES)
    return columns


def label_changes(dataset: Dataset, now: Situation) -> pd.DataFrame:
    """int (7, 7): given class (rows) to agreed class (columns), reviewed images only."""
    agreed = now.people.state == AGREED
    table = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(table, (dataset.labels[agreed], now.people.label[agreed]), 1)
    return pd.DataFrame(table, index=list(NAMES), columns=list(NAMES))
