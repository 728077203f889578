"""Export: a version in the forms that its users' other tools read.

    csv       fer2013.csv's form: emotion, pixels, Usage        npz       pixels, emotion, usage
    folders   Kaggle's train|test/CLASS/SPLIT_ROW.png           zip       the same in one file
    parquet   Hugging Face's form, see write_parquet

Importing an export gives the same pixels, labels and splits. Test rows of a version keep their given label; dropped
Training rows are left out; everything stays in row order, supplements last.
"""

import csv
import shutil
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from fer_core.dataset.store import SPLITS, TRAINING, image_id
from fer_core.dataset.version import DatasetVersion
from fer_core.dataset.write_parquet import write_parquet
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.files import atomic_path, temporary_path
from fer_core.progress import Report, silent
from fer_core.workspace import Workspace

FORMS = ("csv", "npz", "folders", "zip", "parquet")
SUFFIXES = {"csv": ".csv", "npz": ".npz", "folders": "", "zip": ".zip", "parquet": ".parquet"}


def form_of(target: Path, form: str | None = None) -> str:
    """The form of an export: the one that is asked for, else what the target's name says; UsageError otherwise."""
    known = {suffix: name for name, suffix in SUFFIXES.items()}
    found = form or known.get(target.suffix.lower())
    if found not in FORMS:
        raise UsageError(f"{target}: export to a .csv, .npz, .parquet or .zip file, or to a folder.")
    return found


def exports_folder(workspace: Workspace) -> Path:
    """Where the pages put what they export."""
    return workspace.root / "exports"


def export_version(version: DatasetVersion, target: Path, report: Report = silent, form: str | None = None) -> int:
    """Write a version to `target`, in one of FORMS (None: as its name says).

    Returns the number of images written. A file takes its name when it is whole; a folder must be new or empty.
    Raises UsageError for a target that cannot be one of these.
    """
    form = form_of(target, form)
    rows = np.flatnonzero(version.kept)
    if form == "folders":
        _write_folders(version, rows, target, report)
    else:
        write = {"csv": _write_csv, "npz": _write_npz, "zip": _write_zip, "parquet": write_parquet}[form]
        with atomic_path(target) as temporary:
            write(version, rows, temporary, report)
    report("exported", 1.0)
    return len(rows)


def _write_csv(version: DatasetVersion, rows: np.ndarray, path: Path, report: Report) -> None:
    words = [str(value) for value in range(256)]
    with path.open("w", newline="", encoding="ascii") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["emotion", "pixels", "Usage"])
        for row, image in _images(version, rows, report):
            usage = SPLITS[version.splits[row]]
            writer.writerow([version.labels[row], " ".join([words[value] for value in image.tobytes()]), usage])


def _write_npz(version: DatasetVersion, rows: np.ndarray, path: Path, report: Report) -> None:
    report("writing images", 0.1)
    with path.open("wb") as handle:
        np.savez(
            handle,
            pixels=version.images[rows],
            emotion=version.labels[rows],
            usage=version.splits[rows],
            usage_names=np.array(SPLITS),
        )


def _write_folders(version: DatasetVersion, rows: np.ndarray, target: Path, report: Report) -> None:
    """Written beside the target, which then takes the name."""
    if target.resolve() == Path.cwd():
        raise UsageError("The folder that one stands in cannot be replaced; name a new one.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not an empty folder; choose another.")
    target.parent.mkdir(parents=True, exist_ok=True)
    building = temporary_path(target)
    try:
        for row, image in _images(version, rows, report):
            path = building / _member(version, row)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
        if target.exists():
            target.rmdir()
        building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write_zip(version: DatasetVersion, rows: np.ndarray, path: Path, report: Report) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # PNGs do not get smaller
        for row, image in _images(version, rows, report):
            buffer = BytesIO()
            Image.fromarray(image).save(buffer, "PNG")
            archive.writestr(zipfile.ZipInfo(_member(version, row)), buffer.getvalue())


def _member(version: DatasetVersion, row: int) -> str:
    """`train|test/CLASS/SPLIT_ROW.png`."""
    split = version.splits[row]
    folder = "train" if split == TRAINING else "test"
    return f"{folder}/{NAMES[version.labels[row]]}/{SPLITS[split]}_{image_id(row)}.png"


def _images(version: DatasetVersion, rows: np.ndarray, report: Report) -> Iterator[tuple[int, np.ndarray]]:
    for done, row in enumerate(rows.tolist()):
        if done % 512 == 0:
            report("writing images", done / len(rows))
        yield row, np.asarray(version.images[row])
