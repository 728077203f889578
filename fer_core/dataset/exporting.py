"""Export: a version in the forms that its users' other tools read.

Importing an export gives the same pixels and labels. Test rows of a version keep their given label; dropped Training
rows are left out; everything stays in row order.
"""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from fer_core.dataset.store import SPLITS, TRAINING, image_id
from fer_core.dataset.version import DatasetVersion
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.files import atomic_path
from fer_core.progress import Report, silent


def export_version(version: DatasetVersion, target: Path, report: Report = silent) -> int:
    """Write a version to `target`: a `.csv` file in fer2013.csv's form, an `.npz`, or a folder of class folders.

    Returns the number of images written. A file takes its name when it is whole; a folder must be new or empty.
    Raises UsageError for a target that cannot be one of these.
    """
    suffix = target.suffix.lower()
    rows = np.flatnonzero(version.manifest["kept"].to_numpy())
    if suffix == ".csv":
        with atomic_path(target) as temporary:
            _write_csv(version, rows, temporary, report)
    elif suffix == ".npz":
        _write_npz(version, rows, target)
    elif suffix == "":
        _write_folders(version, rows, target, report)
    else:
        raise UsageError(f"{target}: export to a .csv or .npz file, or to a folder.")
    report("exported", 1.0)
    return len(rows)


def _write_csv(version: DatasetVersion, rows: np.ndarray, path: Path, report: Report) -> None:
    words = np.array([str(value) for value in range(256)])
    with path.open("w", newline="", encoding="ascii") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["emotion", "pixels", "Usage"])
        for row, image in _images(version, rows, report):
            usage = SPLITS[version.dataset.splits[row]]
            writer.writerow([version.labels[row], " ".join(words[image.ravel()]), usage])


def _write_npz(version: DatasetVersion, rows: np.ndarray, path: Path) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez(
            handle,
            pixels=version.dataset.images[rows],
            emotion=version.labels[rows],
            usage=version.dataset.splits[rows],
            usage_names=np.array(SPLITS),
        )


def _write_folders(version: DatasetVersion, rows: np.ndarray, target: Path, report: Report) -> None:
    """`train|test/CLASS/SPLIT_ROW.png`, as Kaggle has it; written beside the target, which then takes the name."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not an empty folder; choose another.")
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f".partial-{target.name}")
    shutil.rmtree(building, ignore_errors=True)
    try:
        for row, image in _images(version, rows, report):
            split = version.dataset.splits[row]
            folder = building / ("train" if split == TRAINING else "test") / NAMES[version.labels[row]]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{SPLITS[split]}_{image_id(row)}.png")
        if target.exists():
            target.rmdir()
        building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _images(version: DatasetVersion, rows: np.ndarray, report: Report) -> Iterator[tuple[int, np.ndarray]]:
    for done, row in enumerate(rows):
        if done % 512 == 0:
            report("writing images", done / len(rows))
        yield int(row), np.asarray(version.dataset.images[row])
