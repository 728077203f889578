"""Parquet with picture bytes, one file or a folder of them, as Hugging Face stores data sets.

Pictures stand in `image` ({bytes, path} or bytes; also `img`, `img_bytes`), classes in `label` (`labels`, `emotion`):
by name, or as numbers, in the order that the file gives their names in, else in FER2013's. The split comes from a
column `split` (`usage`), else from a file name such as `train-00000-of-00001.parquet`, else it is Training. Rows of a
class by name that FER2013 does not have (contempt) are left out and counted.
"""

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.dataset.members import MAX_MEMBERS, MAX_TABLE_BYTES, MAX_TOTAL_BYTES
from fer_core.dataset.read_folders import FOLDER_SPLITS, whole
from fer_core.dataset.reading import Gathering, Reading, Take
from fer_core.dataset.store import SPLITS, TRAINING
from fer_core.emotions import CLASSES, class_index
from fer_core.errors import InputRefused, LeftOut
from fer_core.files import decode_image
from fer_core.progress import Report

BATCH = 1024  # rows decoded at a time
_IMAGE, _LABEL, _SPLIT = (
    ("image", "img", "img_bytes", "image_bytes"),
    ("label", "labels", "emotion"),
    ("split", "usage"),
)


def read_parquet(source: Path, report: Report, take: Take = whole) -> Reading:
    """Read a `.parquet` file, or every one below a folder in the order of their names; `take` brings pictures to 48x48.

    Rows that could not be taken are named by file and row. Raises InputRefused for files that are no Parquet or lack
    the columns.
    """
    files = sorted(source.rglob("*.parquet")) if source.is_dir() else [source]
    tables = [_Table(file, source) for file in files]
    count = sum(table.rows for table in tables)
    if count > MAX_MEMBERS:
        raise InputRefused(f"{source}: {count:,} rows are more than {MAX_MEMBERS:,}; split it.")
    gathering = Gathering(count)
    done = 0
    for table in tables:
        for number, (picture, label, split, origin) in enumerate(table.read()):
            if done % 64 == 0:
                report("reading pictures", done / count)
            done += 1
            where = f"{table.name}, row {number:,}"
            try:
                index, place = table.class_of(label), table.split_of(split)
                pixels = take(decode_image(_bytes(picture), where), where)
            except LeftOut as reason:
                gathering.leave_out(where, reason)
            except InputRefused as error:
                gathering.refuse(where, error)
            else:
                gathering.take(pixels, index, place, origin)
    return gathering.reading("parquet")


class _Table:
    """One Parquet file: which of its columns are which, and its rows a batch at a time."""

    def __init__(self, path: Path, source: Path) -> None:
        self.name = path.name if path == source else str(PurePosixPath(path.relative_to(source)))
        try:
            if path.stat().st_size > MAX_TABLE_BYTES:
                raise InputRefused(f"{path}: larger than {MAX_TABLE_BYTES >> 30} GB; split it.")
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise InputRefused(f"{path}: not a Parquet file that can be read ({error}).") from error
        metadata = self._file.metadata
        self.rows = metadata.num_rows
        if sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)) > MAX_TOTAL_BYTES:
            raise InputRefused(f"{path}: would unpack to more than {MAX_TOTAL_BYTES >> 30} GB.")
        schema = self._file.schema_arrow
        self._image = self._column(schema, _IMAGE, path, "pictures")
        self._label = self._column(schema, _LABEL, path, "classes")
        self._split = next((name for name in schema.names if name.lower() in _SPLIT), None)
        self._source = (
            "source" if "source" in schema.names and pa.types.is_string(schema.field("source").type) else None
        )
        self._classes = _class_names(schema, self._label)
        self._splits = _class_names(schema, self._split) if self._split else None
        self._by_name = _split_by_name(PurePosixPath(self.name))

    def _column(self, schema: pa.Schema, known: Sequence[str], path: Path, what: str) -> str:
        found = next((name for name in schema.names if name.lower() in known), None)
        if found is None:
            raise InputRefused(f"{path}: no column of {what} ({', '.join(known)}); it has {', '.join(schema.names)}.")
        return found

    def read(self) -> Any:
        """(picture, label, split, source) of every row."""
        columns = [name for name in (self._image, self._label, self._split, self._source) if name]
        try:
            for batch in self._file.iter_batches(BATCH, columns=columns):
                held = {name: batch.column(name).to_pylist() for name in columns}
                blank = [None] * len(batch)
                yield from zip(
                    held[self._image],
                    held[self._label],
                    held[self._split] if self._split else blank,
                    _sources(held[self._image], held[self._source] if self._source else blank),
                    strict=True,
                )
        except (pa.ArrowException, OSError) as error:
            raise InputRefused(f"{self.name}: damaged ({error}).") from error

    def class_of(self, value: object) -> int:
        """A label as a class; LeftOut for a class by another name, InputRefused for what is none."""
        name = _named(value, self._classes)
        index = class_index(name) if name is not None else value
        if name and index is None:
            raise LeftOut(f"class {name[:40]}, which FER2013 does not have")
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < CLASSES:
            raise InputRefused(f"label {value!r} is none of the seven classes")
        return index

    def split_of(self, value: object) -> int:
        """A split as an index into SPLITS; the file's own where the table has no such column."""
        if self._split is None:
            return self._by_name
        name = _named(value, self._splits)
        index = _split_named(name) if name is not None else value
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(SPLITS):
            raise InputRefused(f"split {value!r} is none of {', '.join(SPLITS)}")
        return index


def _bytes(value: Any) -> bytes:
    """What a cell of pictures holds."""
    content = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(content, bytes) or not content:
        raise InputRefused("no picture: the file names a path and holds no bytes" if value else "no picture")
    return content


def _sources(pictures: Sequence[Any], named: Sequence[str | None]) -> list[str]:
    """Where each picture came from: the column `source`, else its path, else nothing."""
    paths = [picture.get("path") if isinstance(picture, dict) else None for picture in pictures]
    return [name if name is not None else path or "" for name, path in zip(named, paths, strict=True)]


def _named(value: object, names: list[str] | None) -> str | None:
    """A class label in words: text as it is, a number by the file's own names; None for a number without any."""
    if isinstance(value, str):
        return value
    if names is None or isinstance(value, bool) or not isinstance(value, int):
        return None
    return names[value] if 0 <= value < len(names) else ""


def _class_names(schema: pa.Schema, column: str) -> list[str] | None:
    """The names that Hugging Face's metadata gives the numbers of a column; None where it gives none."""
    try:
        document = json.loads((schema.metadata or {})[b"huggingface"])
        names = document["info"]["features"][column]["names"]
    except (KeyError, ValueError, TypeError):
        return None
    return [str(name) for name in names] if isinstance(names, list) else None


def _split_named(name: str) -> int | None:
    if name in SPLITS:
        return SPLITS.index(name)
    return FOLDER_SPLITS.get(name.lower())


def _split_by_name(path: PurePosixPath) -> int:
    """From `train-00000-of-00001.parquet`, else from the folders, else Training."""
    for word in (path.stem.split("-")[0], path.stem, *path.parts[:-1]):
        found = _split_named(word)
        if found is not None:
            return found
    return TRAINING
