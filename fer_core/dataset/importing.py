"""Import: from the forms in which people have FER2013 to a stored data set.

Formats (found out by looking, or said with --format): `csv` (fer2013.csv, icml_face_data.csv, train.csv), `folders`
(class folders), `npz` (pixels, emotion, usage), `parquet` (Hugging Face's form). The first two also in a zip or tar.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_core.dataset.members import ARCHIVES, MAX_TABLE_BYTES, Member, is_archive, open_members
from fer_core.dataset.read_csv import read_csv
from fer_core.dataset.read_folders import read_folders
from fer_core.dataset.read_parquet import read_parquet
from fer_core.dataset.store import SIDE, SPLITS, Dataset, Images, create_dataset
from fer_core.emotions import CLASSES
from fer_core.errors import BadRow, InputRefused, RowsRefused, UsageError
from fer_core.files import IMAGE_SUFFIXES
from fer_core.progress import Report, part, silent
from fer_core.workspace import Workspace

FORMATS = ("csv", "folders", "npz", "parquet")
MODES = ("strict", "lenient")


@dataclass(frozen=True)
class Imported:
    """A stored data set and the rows of its source that were not taken (none in strict mode)."""

    dataset: Dataset
    rejected: list[BadRow]


def import_dataset(
    workspace: Workspace,
    source: Path,
    name: str,
    *,
    format: str | None = None,
    mode: str = "strict",
    report: Report = silent,
) -> Imported:
    """Read `source`, check it and store it as data set `name`.

    `strict` refuses a source with any bad row and stores nothing; `lenient` keeps every good row and returns the
    others. Raises InputRefused (RowsRefused with every bad row) and UsageError.
    """
    if mode not in MODES:
        raise UsageError(f"--mode is strict or lenient, not {mode!r}.")
    if workspace.dataset(name).exists():
        raise UsageError(f"There is a data set {name!r} already; data sets never change. Choose another --name.")
    if not source.exists():
        raise InputRefused(f"{source}: there is no such file or folder.")

    kind, images, bad = _read(source, format, part(report, 0.0, 0.85))
    if bad and mode == "strict":
        raise RowsRefused(str(source), bad)
    if not len(images.pixels):
        raise InputRefused(f"{source}: not one usable image ({len(bad):,} rows were bad).")
    report("storing", 0.9)
    origin = {
        "source": str(source),
        "format": kind,
        "mode": mode,
        "rejected": [{"where": row.where, "why": row.why} for row in bad],
    }
    dataset = create_dataset(workspace, name, images, origin=origin)
    report("stored", 1.0)
    return Imported(dataset, bad)


def _read(source: Path, format: str | None, report: Report) -> tuple[str, Images, list[BadRow]]:
    """The images of a source by its format: (format, good rows, bad rows)."""
    if format not in (None, *FORMATS):
        raise UsageError(f"--format is one of {', '.join(FORMATS)}, not {format!r}.")
    if source.is_file() and (format == "npz" or source.suffix.lower() == ".npz"):
        return "npz", *_read_npz(source)
    if _is_parquet(source, format):
        return "parquet", *read_parquet(source, report)
    if source.is_file() and not is_archive(source):
        if format == "folders" or source.suffix.lower() != ".csv":
            raise InputRefused(
                f"{source}: import a .csv, .npz or .parquet file, a folder, or one of {', '.join(ARCHIVES)}."
            )
        with source.open("rb") as handle:
            return "csv", *read_csv(handle, source.stat().st_size, str(source), report)
    with open_members(source) as members:
        table = _table_among(members, format)
        if table is not None:
            with table.open() as handle:
                return "csv", *read_csv(handle, table.size, f"{source}/{table.path}", report)
        if not any(member.path.suffix.lower() in IMAGE_SUFFIXES for member in members):
            raise InputRefused(f"{source}: holds neither pictures in class folders nor a fer2013.csv.")
        return "folders", *read_folders(members, report)


def _is_parquet(source: Path, format: str | None) -> bool:
    """Said so, named so, or a folder of such files without pictures."""
    if format is not None or source.is_file():
        return format == "parquet" or (format is None and source.suffix.lower() == ".parquet")
    found = {path.suffix.lower() for path in source.rglob("*") if path.is_file()}
    return ".parquet" in found and not found.intersection(IMAGE_SUFFIXES)


def _table_among(members: list[Member], format: str | None) -> Member | None:
    """The one table of an archive that holds no pictures (Kaggle's fer2013.tar.gz), if that is what it is."""
    tables = [member for member in members if member.path.suffix.lower() == ".csv" and member.size <= MAX_TABLE_BYTES]
    pictures = any(member.path.suffix.lower() in IMAGE_SUFFIXES for member in members)
    if not tables or format == "folders" or (pictures and format != "csv"):
        return None
    named = [table for table in tables if table.path.name in ("fer2013.csv", "icml_face_data.csv", "train.csv")]
    return (named or tables)[0]


def _read_npz(source: Path) -> tuple[Images, list[BadRow]]:
    """`pixels` uint8 (N, 48, 48), `emotion` (N,), `usage` (N,) as indices into SPLITS, as its users have it."""
    try:
        with np.load(source, allow_pickle=False) as arrays:
            pixels, emotion = arrays["pixels"], arrays["emotion"]
            usage = arrays["usage"] if "usage" in arrays else np.zeros(len(emotion), np.int8)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputRefused(f"{source}: needs arrays pixels, emotion and (unless all is Training) usage.") from error
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[1:] != (SIDE, SIDE):
        raise InputRefused(f"{source}: pixels must be uint8 (N, {SIDE}, {SIDE}), not {pixels.dtype} {pixels.shape}.")
    if not emotion.shape == usage.shape == (len(pixels),):
        raise InputRefused(f"{source}: {len(pixels):,} images, {emotion.shape} emotions and {usage.shape} usages.")
    good = np.isin(emotion, range(CLASSES)) & np.isin(usage, range(len(SPLITS)))
    bad = [
        BadRow(f"row {row:,}", f"emotion {emotion[row]}, usage {usage[row]}: no such class or split")
        for row in np.flatnonzero(~good)
    ]
    sources = [f"row {row}" for row in np.flatnonzero(good)] if bad else None
    return Images(pixels[good], emotion[good].astype(np.int8), usage[good].astype(np.int8), sources), bad
