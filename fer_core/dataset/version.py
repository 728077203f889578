"""Versions: named, hashed cuts of a data set, frozen as manifests.

A version is written `DATASET@NAME`; plain `DATASET` is the data set as imported. It is stored in `versions/` as

    NAME.parquet        the manifest: a line for every image of the data set (COLUMNS, and OPTIONAL ones where used)
    NAME.supplements/   images added from other data sets, where there are any
    NAME.json           how it was cut, its hash, class weights, counts

How one comes about from verdicts and findings is the matter of `review.policy`; training and evaluation only read it.
A version changes Training only: test rows never leave and never change.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from fer_core.dataset.store import SPLITS, TRAINING, Dataset, open_dataset
from fer_core.dataset.supplements import Images, JoinedImages, Supplements, open_supplements, store_supplements
from fer_core.emotions import CLASSES, NAMES
from fer_core.errors import NotFound, UsageError
from fer_core.files import atomic_path, check_name, finished, locked, read_json, write_json
from fer_core.workspace import Workspace

COLUMNS = {
    "kept": "whether the image is in the version (bool); always true outside Training",
    "label": "the class it is trained or scored as, 0 to 6 (int8)",
    "consensus": "what people say it is, 0 to 6, or -1 where nobody has said (int8); test rows too",
    "reason": "why it was dropped or relabelled, in words; empty otherwise",
}
SOFT = tuple(f"soft_{name}" for name in NAMES)
OPTIONAL = {
    "repeats": "how often an epoch shows the image (int16); once where the column is missing",
    **dict.fromkeys(SOFT, "share of the class in the soft label (float32); the hard label where missing"),
}


@dataclass(frozen=True)
class DatasetVersion:
    """An open version. Its rows 0 to N-1 are the data set's own images; the S rows behind them are supplements.

    Whoever trains, scores or exports takes images and labels from here by row; an audit judges the own ones.
    """

    dataset: Dataset
    name: str  # "" for the data set as imported
    hash: str  # of the data set's hash and everything that training sees: see `content_hash`
    manifest: pd.DataFrame  # COLUMNS and maybe OPTIONAL, indexed 0 to N-1
    policy: dict[str, Any]  # how it was cut; {} for the data set as imported
    supplements: Supplements | None = None
    weights: np.ndarray | None = None  # float32 (7,): of each class in the training loss; None: all the same

    def __str__(self) -> str:
        return f"{self.dataset.name}@{self.name}" if self.name else self.dataset.name

    @cached_property
    def images(self) -> Images:
        """uint8 (N + S, 48, 48), to be indexed by rows; a memory map where there are no supplements."""
        own = self.dataset.images
        return own if self.supplements is None else JoinedImages(own, self.supplements.images)

    @cached_property
    def own_labels(self) -> np.ndarray:
        """The version's labels of the data set's own images, int8 (N,)."""
        return self.manifest["label"].to_numpy()

    @cached_property
    def labels(self) -> np.ndarray:
        """The version's labels, int8 (N + S,)."""
        own = self.own_labels
        return own if self.supplements is None else np.concatenate([own, self.supplements.labels])

    @cached_property
    def splits(self) -> np.ndarray:
        """The splits, int8 (N + S,), indices into SPLITS; every supplement is Training."""
        return np.concatenate([self.dataset.splits, np.full(self.added, TRAINING, np.int8)])

    @property
    def added(self) -> int:
        """The number of supplements, S."""
        return 0 if self.supplements is None else len(self.supplements)

    @cached_property
    def kept(self) -> np.ndarray:
        """Which rows are in the version, bool (N + S,)."""
        return np.concatenate([self.manifest["kept"].to_numpy(bool), np.ones(self.added, bool)])

    @cached_property
    def targets(self) -> np.ndarray | None:
        """What is trained on, as shares of the classes, float32 (N + S, 7); None where all labels are hard."""
        if SOFT[0] not in self.manifest:
            return None
        own = self.manifest[list(SOFT)].to_numpy(np.float32)
        return np.vstack([own, np.eye(CLASSES, dtype=np.float32)[self.labels[len(own) :]]])

    @cached_property
    def softened(self) -> np.ndarray:
        """Which kept Training rows are trained on something else than their hard label alone, bool (N + S,)."""
        if self.targets is None:
            return np.zeros(len(self.labels), bool)
        own_share = self.targets[np.arange(len(self.labels)), self.labels]
        return (own_share < 1) & self.kept & (self.splits == TRAINING)

    @cached_property
    def repeats(self) -> np.ndarray:
        """How often an epoch shows each row, int64 (N + S,)."""
        own = _repeats(self.manifest)
        return own if self.supplements is None else np.concatenate([own, _repeats(self.supplements.table)])

    def rows(self, split: int) -> np.ndarray:
        """The kept rows of a split (an index into SPLITS), supplements included, ascending, int64."""
        return np.flatnonzero(self.kept & (self.splits == split))

    def own_rows(self, split: int) -> np.ndarray:
        """The kept rows of a split without supplements, ascending, int64."""
        rows = self.rows(split)
        return rows[rows < len(self.dataset)]

    def epoch(self, rows: np.ndarray) -> np.ndarray:
        """Rows as one epoch shows them: each as often as it is repeated, int64."""
        return np.repeat(rows, self.repeats[rows])


def _repeats(table: pd.DataFrame) -> np.ndarray:
    return table["repeats"].to_numpy(np.int64) if "repeats" in table else np.ones(len(table), np.int64)


def as_imported(dataset: Dataset) -> DatasetVersion:
    """The version that changes nothing."""
    manifest = pd.DataFrame(
        {
            "kept": np.ones(len(dataset), bool),
            "label": dataset.labels,
            "consensus": np.full(len(dataset), -1, np.int8),
            "reason": "",
        }
    )
    return DatasetVersion(dataset, "", dataset.hash, manifest, {})


def content_hash(version: DatasetVersion) -> str:
    """Names what training sees: kept rows, labels, soft labels, repeats, weights, supplements with their labels.

    What a version does not use does not enter, so versions from before there were such parts keep their hashes.
    """
    manifest = version.manifest
    digest = hashlib.sha256(version.dataset.hash.encode())
    digest.update(manifest["kept"].to_numpy(bool).tobytes())
    digest.update(manifest["label"].to_numpy(np.int8).tobytes())
    if SOFT[0] in manifest:
        digest.update(b"soft" + np.ascontiguousarray(manifest[list(SOFT)].to_numpy("<f4")).tobytes())
    if "repeats" in manifest:
        digest.update(b"repeats" + version.repeats.astype("<i2").tobytes())
    if version.weights is not None:
        digest.update(b"weights" + version.weights.astype("<f4").tobytes())
    if version.supplements is not None:
        digest.update(b"supplements" + "".join(version.supplements.table["content"]).encode())
        digest.update(version.supplements.labels.tobytes())
    return digest.hexdigest()


def store_version(
    workspace: Workspace,
    dataset: Dataset,
    name: str,
    manifest: pd.DataFrame,
    policy: dict[str, Any],
    supplements: Supplements | None = None,
    weights: np.ndarray | None = None,
) -> DatasetVersion:
    """Freeze a cut under a name. Storing the identical cut again is fine; another cut under a taken name is not.

    Raises UsageError for a taken name, and ValueError when the manifest touches a row outside Training.
    """
    check_name(name, "version")
    test = dataset.splits != TRAINING
    if not manifest["kept"].to_numpy()[test].all() or (manifest["label"].to_numpy() != dataset.labels)[test].any():
        raise ValueError("a version may not drop or relabel rows outside Training")
    columns = [*COLUMNS, *(column for column in OPTIONAL if column in manifest)]
    version = DatasetVersion(dataset, name, "", manifest[columns], policy, supplements or None, weights)
    version = replace(version, hash=content_hash(version))

    folder = dataset.path / "versions"
    document = folder / f"{name}.json"
    with locked(folder / ".lock"):  # two people may cut under one name at once
        if document.exists():
            if read_json(document)["hash"] != version.hash:
                raise UsageError(f"There is a version {version} already, cut differently; versions never change.")
            return open_version(workspace, str(version))
        with atomic_path(folder / f"{name}.parquet") as temporary:
            version.manifest.to_parquet(temporary)
        if supplements is not None:
            store_supplements(folder / f"{name}.supplements", supplements)
        write_json(document, _document(version))  # last: a version exists from the moment its document does
    return version


def _document(version: DatasetVersion) -> dict[str, Any]:
    manifest, dataset = version.manifest, version.dataset
    return {
        "name": version.name,
        "dataset": dataset.name,
        "dataset_hash": dataset.hash,
        "hash": version.hash,
        "cut": datetime.now(UTC).isoformat(timespec="seconds"),
        "kept": {split: len(version.rows(index)) for index, split in enumerate(SPLITS)},
        "dropped": int((~manifest["kept"].to_numpy()).sum()),
        "relabelled": int((manifest["label"].to_numpy() != dataset.labels).sum()),
        "softened": int(version.softened.sum()),
        "supplements": version.added,
        "per_epoch": len(version.epoch(version.rows(TRAINING))),
        "weights": None if version.weights is None else [float(weight) for weight in version.weights],
        "policy": version.policy,
    }


def open_version(workspace: Workspace, reference: str) -> DatasetVersion:
    """Open `DATASET` or `DATASET@NAME`."""
    dataset_name, _, name = reference.partition("@")
    dataset = open_dataset(workspace, dataset_name)
    if not name:
        return as_imported(dataset)
    document = dataset.path / "versions" / f"{check_name(name, 'version')}.json"
    if not document.exists():
        known = ", ".join(version["name"] for version in list_versions(dataset)) or "none yet"
        raise NotFound(f"{dataset_name} has no version {name!r} (there: {known}).")
    info = read_json(document)
    folder = document.parent
    manifest = pd.read_parquet(folder / f"{name}.parquet")
    supplements = open_supplements(folder / f"{name}.supplements") if info.get("supplements") else None
    weights = None if info.get("weights") is None else np.array(info["weights"], np.float32)
    return DatasetVersion(dataset, name, info["hash"], manifest, info["policy"], supplements, weights)


def list_versions(dataset: Dataset) -> list[dict[str, Any]]:
    """The documents of a data set's versions, the newest first."""
    documents = [read_json(file) for file in finished(dataset.path / "versions", "*.json")]
    return sorted(documents, key=lambda document: document["cut"], reverse=True)
