"""Data sets on disk: images memory-mapped, everything else in one Parquet table, immutable once stored.

datasets/NAME/
    images.npy       uint8 (N, 48, 48), opened as a read-only memory map
    table.parquet    one line per image: content, label, split, source (see COLUMNS)
    dataset.json     name, hash, counts, where it came from, rows that were not taken
    versions/  audits/   made later, by the floors above
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fer_core.emotions import CLASSES, NAMES
from fer_core.errors import InputRefused, NotFound, UsageError
from fer_core.files import read_json, sync_files, sync_folder, write_json
from fer_core.workspace import Workspace

SIDE = 48
SPLITS = ("Training", "PublicTest", "PrivateTest")
TRAINING, PUBLIC_TEST, PRIVATE_TEST = range(3)

COLUMNS = {
    "content": "sha256 of the decoded 48x48 pixels, as hex; the same for exact copies",
    "label": "the given class, 0 to 6 in FER2013's order (int8)",
    "split": "0 Training, 1 PublicTest, 2 PrivateTest (int8)",
    "source": "where the image came from: a path inside the source, or empty for the rows of a CSV file",
}


@dataclass(frozen=True)
class Images:
    """What an importer hands over: everything about N images, not stored yet."""

    pixels: np.ndarray  # uint8 (N, 48, 48)
    labels: np.ndarray  # int8 (N,), 0 to 6
    splits: np.ndarray  # int8 (N,), an index into SPLITS
    sources: list[str] | None = None  # N texts, or None when rows have no name of their own

    def __post_init__(self) -> None:
        count = len(self.pixels)
        if self.pixels.dtype != np.uint8 or self.pixels.shape != (count, SIDE, SIDE):
            raise ValueError(f"pixels must be uint8 (N, {SIDE}, {SIDE}), not {self.pixels.dtype} {self.pixels.shape}")
        if not len(self.labels) == len(self.splits) == count or len(self.sources or self.labels) != count:
            raise ValueError("pixels, labels, splits and sources differ in length")


@dataclass(frozen=True)
class Dataset:
    """An imported data set. Its arrays are read-only; row i is the image with id `image_id(i)`."""

    name: str
    path: Path
    hash: str  # names the content: pixels, labels and splits in row order
    synthetic: bool  # drawn by this program; said wherever it shows
    images: np.ndarray  # uint8 (N, 48, 48), memory-mapped
    table: pd.DataFrame  # COLUMNS, indexed 0 to N-1

    def __len__(self) -> int:
        return len(self.table)

    def __reduce__(self) -> tuple[object, ...]:
        """Another process opens the same files instead of being sent the pixels."""
        return _open_folder, (self.path,)

    @cached_property
    def labels(self) -> np.ndarray:
        """The given labels, int8 (N,)."""
        return _read_only(self.table["label"].to_numpy())

    @cached_property
    def splits(self) -> np.ndarray:
        """The splits, int8 (N,), indices into SPLITS."""
        return _read_only(self.table["split"].to_numpy())

    @cached_property
    def groups(self) -> np.ndarray:
        """Exact-duplicate group of each image, int64 (N,): the first row with the same pixels."""
        codes, _ = pd.factorize(self.table["content"])
        first = np.full(codes.max(initial=-1) + 1, len(codes), np.int64)
        np.minimum.at(first, codes, np.arange(len(codes)))
        return _read_only(first[codes])

    def counts(self) -> pd.DataFrame:
        """Images per class (rows, by name) and split (columns)."""
        table = np.zeros((CLASSES, len(SPLITS)), np.int64)
        np.add.at(table, (self.labels, self.splits), 1)
        return pd.DataFrame(table, index=pd.Index(NAMES, name="class"), columns=list(SPLITS))


def image_id(row: int) -> str:
    """The id of an image: its zero-based row in the source, with leading zeros so that ids sort."""
    return f"{row:07d}"


def content_hashes(pixels: np.ndarray) -> list[str]:
    """sha256 of each image's decoded pixels, as hex. `pixels`: uint8 (N, 48, 48)."""
    return [hashlib.sha256(image).hexdigest() for image in np.ascontiguousarray(pixels)]


def create_dataset(
    workspace: Workspace,
    name: str,
    images: Images,
    *,
    origin: Mapping[str, object],
    synthetic: bool = False,
) -> Dataset:
    """Store a new data set, whole or not at all, and open it.

    `origin` (source path, format, importer settings, rows not taken) is kept word for word in dataset.json.
    Raises UsageError when the name is taken or there is no image.
    """
    target = workspace.dataset(name)
    if target.exists():
        raise UsageError(f"There is a data set {name!r} already; data sets never change. Choose another --name.")
    if not len(images.pixels):
        raise InputRefused(f"Nothing to store as {name!r}: no usable image was found.")

    contents = content_hashes(images.pixels)
    digest = hashlib.sha256("".join(contents).encode())
    digest.update(images.labels.astype(np.int8).tobytes())
    digest.update(images.splits.astype(np.int8).tobytes())
    table = pd.DataFrame(
        {
            "content": contents,
            "label": images.labels.astype(np.int8),
            "split": images.splits.astype(np.int8),
            "source": images.sources or "",
        }
    )

    # Built in a folder beside the target, which then takes the name in one step.
    # The random part: in a container the program has the same number at every start.
    building = target.with_name(f".partial-{os.getpid()}-{os.urandom(4).hex()}-{name}")
    building.mkdir(parents=True)
    try:
        np.save(building / "images.npy", images.pixels)
        table.to_parquet(building / "table.parquet")
        write_json(
            building / "dataset.json",
            {
                "name": name,
                "hash": digest.hexdigest(),
                "images": len(table),
                "synthetic": synthetic,
                "imported": datetime.now(UTC).isoformat(timespec="seconds"),
                "origin": dict(origin),
            },
        )
        sync_files(building)
        building.rename(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return open_dataset(workspace, name)


def open_dataset(workspace: Workspace, name: str) -> Dataset:
    """Open a stored data set (milliseconds at 36k images: pixels stay on disk until they are touched)."""
    path = workspace.dataset(name)
    if not (path / "dataset.json").exists():
        known = ", ".join(info.name for info in list_datasets(workspace)) or "none yet"
        raise NotFound(f"There is no data set {name!r} in {workspace.root} (there: {known}).")
    return _open_folder(path)


def _open_folder(path: Path) -> Dataset:
    info = read_json(path / "dataset.json")
    images = np.load(path / "images.npy", mmap_mode="r", allow_pickle=False)
    table = pd.read_parquet(path / "table.parquet")
    if len(images) != len(table):
        raise InputRefused(f"{path}: {len(images):,} images but {len(table):,} rows; restore it from a backup.")
    return Dataset(info["name"], path, info["hash"], info["synthetic"], images, table)


@dataclass(frozen=True)
class DatasetInfo:
    """What a list of data sets shows, read without opening them."""

    name: str
    hash: str
    images: int
    synthetic: bool
    imported: str
    labels: str = ""  # "guessed by MODEL" where some were; empty where all were given

    def document(self) -> dict[str, object]:
        return asdict(self)


def list_datasets(workspace: Workspace) -> list[DatasetInfo]:
    """The stored data sets, the newest import first."""
    files = workspace.datasets.glob("*/dataset.json")
    found = [_info(file) for file in files if not file.parent.name.startswith(".")]
    return sorted(found, key=lambda info: info.imported, reverse=True)


def dataset_info(dataset: Dataset) -> DatasetInfo:
    """What a list of data sets shows of one that is open."""
    return _info(dataset.path / "dataset.json")


def _info(file: Path) -> DatasetInfo:
    info = read_json(file)
    fields = {field: info[field] for field in ("name", "hash", "images", "synthetic", "imported")}
    return DatasetInfo(**fields, labels=info["origin"].get("labels", ""))


def _read_only(array: np.ndarray) -> np.ndarray:
    array = array.view()
    array.flags.writeable = False
    return array
