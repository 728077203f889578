"""Versions: named, hashed cuts of a data set, frozen as manifests.

A version is written `DATASET@NAME`; plain `DATASET` is the data set as imported. The manifest is one Parquet table
with a line for every image of the data set (see COLUMNS) and a JSON document saying how it was cut. How one comes
about from verdicts and findings is the matter of `review.policy`; training and evaluation only read them.

A version changes Training only: test rows never leave and never change.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from fer_core.dataset.store import SPLITS, TRAINING, Dataset, open_dataset
from fer_core.errors import NotFound, UsageError
from fer_core.files import atomic_path, check_name, read_json, write_json
from fer_core.workspace import Workspace

COLUMNS = {
    "kept": "whether the image is in the version (bool); always true outside Training",
    "label": "the class it is trained or scored as, 0 to 6 (int8)",
    "consensus": "what people say it is, 0 to 6, or -1 where nobody has said (int8); test rows too",
    "reason": "why it was dropped or relabelled, in words; empty otherwise",
}


@dataclass(frozen=True)
class DatasetVersion:
    """An open version. All arrays have one entry per image of the data set."""

    dataset: Dataset
    name: str  # "" for the data set as imported
    hash: str  # of the data set's hash, the kept flags and the labels
    manifest: pd.DataFrame  # COLUMNS, indexed 0 to N-1
    policy: dict[str, Any]  # how it was cut; {} for the data set as imported

    def __str__(self) -> str:
        return f"{self.dataset.name}@{self.name}" if self.name else self.dataset.name

    @cached_property
    def labels(self) -> np.ndarray:
        """The version's labels, int8 (N,)."""
        return self.manifest["label"].to_numpy()

    def rows(self, split: int) -> np.ndarray:
        """The kept rows of a split (an index into SPLITS), ascending, int64."""
        return np.flatnonzero(self.manifest["kept"].to_numpy() & (self.dataset.splits == split))


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


def store_version(
    workspace: Workspace, dataset: Dataset, name: str, manifest: pd.DataFrame, policy: dict[str, Any]
) -> DatasetVersion:
    """Freeze a cut under a name. Storing the identical cut again is fine; another cut under a taken name is not.

    Raises UsageError for a taken name, and ValueError when the manifest touches a row outside Training.
    """
    check_name(name, "version")
    test = dataset.splits != TRAINING
    if not manifest["kept"].to_numpy()[test].all() or (manifest["label"].to_numpy() != dataset.labels)[test].any():
        raise ValueError("a version may not drop or relabel rows outside Training")

    digest = hashlib.sha256(dataset.hash.encode())
    digest.update(manifest["kept"].to_numpy(bool).tobytes())
    digest.update(manifest["label"].to_numpy(np.int8).tobytes())
    version = DatasetVersion(dataset, name, digest.hexdigest(), manifest[list(COLUMNS)], policy)

    folder = dataset.path / "versions"
    document = folder / f"{name}.json"
    if document.exists():
        if read_json(document)["hash"] != version.hash:
            raise UsageError(f"There is a version {version} already, cut differently; versions never change.")
        return open_version(workspace, str(version))
    with atomic_path(folder / f"{name}.parquet") as temporary:
        version.manifest.to_parquet(temporary)
    kept = manifest["kept"].to_numpy()
    write_json(  # last: a version exists from the moment its document does
        document,
        {
            "name": name,
            "dataset": dataset.name,
            "dataset_hash": dataset.hash,
            "hash": version.hash,
            "cut": datetime.now(UTC).isoformat(timespec="seconds"),
            "kept": {split: int((kept & (dataset.splits == i)).sum()) for i, split in enumerate(SPLITS)},
            "dropped": int((~kept).sum()),
            "relabelled": int((manifest["label"].to_numpy() != dataset.labels).sum()),
            "policy": policy,
        },
    )
    return version


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
    manifest = pd.read_parquet(document.with_suffix(".parquet"))
    return DatasetVersion(dataset, name, info["hash"], manifest, info["policy"])


def list_versions(dataset: Dataset) -> list[dict[str, Any]]:
    """The documents of a data set's versions, the newest first."""
    documents = [read_json(file) for file in (dataset.path / "versions").glob("*.json")]
    return sorted(documents, key=lambda document: document["cut"], reverse=True)
