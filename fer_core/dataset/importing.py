"""Import: from the forms in which people have FER2013 to a stored data set.

Formats (found out by looking, or said with --format): `csv` (fer2013.csv, icml_face_data.csv, train.csv), `folders`
(class folders), `npz` (pixels, emotion, usage), `parquet` (Hugging Face's form). The first two also in a zip or tar.
What needs faces to be found first (videos, film frames, CK+) is read a floor higher, in `imaging.importing`, and
stored by `store_reading` all the same.
"""

import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from fer_core.dataset.members import ARCHIVES, MAX_RATIO, MAX_TABLE_BYTES, Member, is_archive, open_members
from fer_core.dataset.read_csv import read_csv
from fer_core.dataset.read_folders import FOLDER_SPLITS, read_folders, whole
from fer_core.dataset.read_parquet import read_parquet
from fer_core.dataset.reading import Reading, Take, counted, storable
from fer_core.dataset.store import SIDE, SPLITS, TRAINING, Dataset, Images, create_dataset
from fer_core.emotions import CLASSES
from fer_core.errors import BadRow, InputRefused, RowsRefused, UsageError
from fer_core.files import IMAGE_SUFFIXES
from fer_core.progress import Report, part, silent
from fer_core.workspace import Workspace

FORMATS = ("csv", "folders", "npz", "parquet")
MODES = ("strict", "lenient")
LISTED = 1000  # rows left out, and remarks, that dataset.json names; all are counted
_WHOLE_TABLES = ("fer2013.csv", "icml_face_data.csv")
_PART_TABLES = tuple(f"{name}.csv" for name in FOLDER_SPLITS)


@dataclass(frozen=True)
class Imported:
    """A stored data set, the rows of its source that were not taken (none in strict mode), and those left out."""

    dataset: Dataset
    rejected: list[BadRow]
    left_out: list[BadRow] = field(default_factory=list)
    remarks: list[BadRow] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """What somebody should know about the import besides the bad rows."""
        return [
            *(f"Left out: {count:,} x {why}." for why, count in counted(self.left_out).items()),
            *(f"Taken, {count:,} x: {why}." for why, count in counted(self.remarks).items()),
        ]


def import_dataset(
    workspace: Workspace,
    source: Path,
    name: str,
    *,
    format: str | None = None,
    mode: str = "strict",
    report: Report = silent,
) -> Imported:
    """Read `source`, check it and store it as data set `name`; every picture is taken whole.

    `strict` refuses a source with any bad row and stores nothing; `lenient` keeps every good row and returns the
    others. Raises InputRefused (RowsRefused with every bad row) and UsageError.
    """
    check_import(workspace, source, name, mode)
    if format not in (None, *FORMATS):
        raise UsageError(f"--format is one of {', '.join(FORMATS)}, not {format!r}.")
    reading = read_source(source, format, part(report, 0.0, 0.85))
    return store_reading(workspace, str(source), name, reading, mode, report)


def check_import(workspace: Workspace, source: Path, name: str, mode: str) -> None:
    """Refuse before anything is read what could not be stored in the end."""
    if mode not in MODES:
        raise UsageError(f"--mode is strict or lenient, not {mode!r}.")
    if workspace.dataset(name).exists():
        raise UsageError(f"There is a data set {name!r} already; data sets never change. Choose another --name.")
    if not source.exists():
        raise InputRefused(f"{source}: there is no such file or folder.")


def store_reading(
    workspace: Workspace, source: str, name: str, reading: Reading, mode: str, report: Report = silent
) -> Imported:
    """Store what was read of `source` (as people call it), or raise RowsRefused for bad rows in strict mode."""
    bad, left_out = reading.bad, counted(reading.left_out)
    if bad and mode == "strict":
        raise RowsRefused(source, bad)
    if not len(reading.images.pixels):
        reasons = [f"{count:,} x {why}" for why, count in left_out.items()]
        reasons += [f"{len(bad):,} rows were bad"] if bad else []
        raise InputRefused(f"{source}: not one usable image ({'; '.join(reasons) or 'it is empty'}).")
    report("storing", 0.9)
    origin = {
        "source": storable(source),
        "format": reading.format,
        "mode": mode,
        "rejected": _listed(bad),
        "left_out": left_out,
        "left_out_rows": _listed(reading.left_out[:LISTED]),
        "remarks": _listed(reading.remarks[:LISTED]),
        **reading.notes,
    }
    dataset = create_dataset(workspace, name, reading.images, origin=origin)
    report("stored", 1.0)
    return Imported(dataset, bad, reading.left_out, reading.remarks)


def read_source(
    source: Path, format: str | None, report: Report, take: Take = whole, label: int | None = None
) -> Reading:
    """The images of a source in one of FORMATS; None finds out which. `take` and `label` as in `read_folders`."""
    if source.is_file() and (format == "npz" or source.suffix.lower() == ".npz"):
        return Reading("npz", *_read_npz(source))
    if _is_parquet(source, format):
        return read_parquet(source, report, take)
    if source.is_file() and not is_archive(source):
        if format == "folders" or source.suffix.lower() != ".csv":
            raise InputRefused(
                f"{source}: import a .csv, .npz or .parquet file, a video (MP4, MOV, AVI, MKV, WebM), a folder, or one "
                f"of {', '.join(ARCHIVES)}."
            )
        with source.open("rb") as handle:
            images, bad = read_csv(handle, source.stat().st_size, str(source), report, _split_named(source))
            return Reading("csv", images, bad)
    with open_members(source) as members:
        return read_members(source, members, format, report, take, label)


def read_members(
    source: Path, members: list[Member], format: str | None, report: Report, take: Take, label: int | None = None
) -> Reading:
    """The images of an opened folder or archive: its tables, or its class folders."""
    tables = _tables_among(members, format)
    if tables:
        return _read_tables(source, tables, report)
    if not any(member.path.suffix.lower() in IMAGE_SUFFIXES for member in members):
        raise InputRefused(f"{source}: holds neither pictures in class folders nor a fer2013.csv.")
    return read_folders(members, report, take, label)


def _is_parquet(source: Path, format: str | None) -> bool:
    """Said so, named so, or a folder of such files without pictures."""
    if format is not None or source.is_file():
        return format == "parquet" or (format is None and source.suffix.lower() == ".parquet")
    found = {path.suffix.lower() for path in source.rglob("*") if path.is_file()}
    return ".parquet" in found and not found.intersection(IMAGE_SUFFIXES)


def _tables_among(members: list[Member], format: str | None) -> list[Member]:
    """The tables of a source that holds no pictures: the one of everything (Kaggle's archives hold the same images
    several times over), else train.csv with val.csv and test.csv, else the first."""
    tables = [member for member in members if member.path.suffix.lower() == ".csv" and member.size <= MAX_TABLE_BYTES]
    pictures = any(member.path.suffix.lower() in IMAGE_SUFFIXES for member in members)
    if not tables or format == "folders" or (pictures and format != "csv"):
        return []
    everything = [table for table in tables if table.path.name in _WHOLE_TABLES]
    parts = [table for table in tables if table.path.name.lower() in _PART_TABLES]
    return everything[:1] or parts or tables[:1]


def _read_tables(source: Path, tables: list[Member], report: Report) -> Reading:
    """One table, or several one after the other, each with the split that its name says."""
    images, bad, left_out = [], [], []
    for number, table in enumerate(tables):
        name, watch = f"{source}/{table.path}", part(report, number / len(tables), (number + 1) / len(tables))
        with table.open() as handle:
            try:
                found, broken = read_csv(handle, table.size, name, watch, _split_named(table.path))
            except InputRefused as error:
                if len(tables) == 1:
                    raise
                left_out.append(BadRow(str(table.path), str(error).removeprefix(f"{name}: ")))
                continue
        images.append(found)
        bad += [BadRow(f"{table.path} {row.where}", row.why) for row in broken] if len(tables) > 1 else broken
    if len(images) == 1:
        return Reading("csv", images[0], bad, left_out)
    joined = Images(
        np.concatenate([part.pixels for part in images] or [np.empty((0, SIDE, SIDE), np.uint8)]),
        np.concatenate([part.labels for part in images] or [np.empty(0, np.int8)]),
        np.concatenate([part.splits for part in images] or [np.empty(0, np.int8)]),
    )
    return Reading("csv", joined, bad, left_out)


def _split_named(path: Path | PurePosixPath) -> int:
    """The split of a table without a column Usage, by its name: `test.csv` is PrivateTest, most are Training."""
    return FOLDER_SPLITS.get(path.stem.lower(), TRAINING)


def _listed(rows: list[BadRow]) -> list[dict[str, str]]:
    return [{"where": row.where, "why": row.why} for row in rows]


def _check_unpacked(source: Path) -> None:
    """Refuse by the archive's directory what would fill the memory. The whole counts: one array may be all alike."""
    with zipfile.ZipFile(source) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > min(MAX_TABLE_BYTES, MAX_RATIO * max(source.stat().st_size, 1 << 10)):
        raise InputRefused(f"{source}: would unpack to {size >> 20:,} MB; such a file is not opened.")


def _read_npz(source: Path) -> tuple[Images, list[BadRow]]:
    """`pixels` uint8 (N, 48, 48), `emotion` (N,), `usage` (N,) as indices into SPLITS, as its users have it."""
    try:
        _check_unpacked(source)
        with np.load(source, allow_pickle=False) as arrays:
            pixels, emotion = arrays["pixels"], arrays["emotion"]
            usage = arrays["usage"] if "usage" in arrays else np.zeros(len(emotion), np.int8)
        if not all(isinstance(one, np.ndarray) for one in (pixels, emotion, usage)):
            raise ValueError("members that are no arrays")
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        TypeError,
        RuntimeError,
        MemoryError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise InputRefused(
            f"{source}: needs arrays pixels, emotion and (unless all is Training) usage, in a whole .npz file."
        ) from error
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
