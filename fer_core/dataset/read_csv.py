"""FER2013 as a table: `fer2013.csv`, `icml_face_data.csv` and Kaggle's `train.csv` / `test.csv`.

A row is a class number, 2,304 grey values separated by blanks, and (not in `train.csv`) a Usage, in any order of
columns. Without a Usage the split is that of the file's name. Almost every byte of the 287 MB is a digit or a blank, so
blocks of rows are read as arrays of bytes: the ends of numbers are found all at once and up to three digits are added
up at each. A block in which anything is unusual is read again row by row, slowly, to say what is wrong with which line;
so nothing is ever coerced.
"""

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, repeat
from typing import IO

import numpy as np

from fer_core.dataset.store import SIDE, SPLITS, TRAINING, Images
from fer_core.emotions import CLASSES
from fer_core.errors import BadRow, InputRefused
from fer_core.progress import Report

PIXELS = SIDE * SIDE
MOST_BAD = 200_000  # rows; a file with more is not a table of ours
MAX_LINE = 64 << 10  # 2,304 numbers of three digits take 9 KB; a line beyond this is not one of ours
_BLOCK = 1 << 20
_THREADS = 2
_BLANK = ord(" ")


@dataclass(frozen=True)
class _Columns:
    """Where the fields stand; where `usage` is None, every row is in `split`."""

    emotion: int
    pixels: int
    usage: int | None
    count: int
    split: int


@dataclass(frozen=True)
class _Block:
    """Consecutive whole lines; `line` is the number of the first one (the header is line 1)."""

    line: int
    rows: list[bytes]


@dataclass(frozen=True)
class _Parsed:
    pixels: np.ndarray  # uint8 (n, 48, 48)
    labels: list[int]
    splits: list[int]
    lines: list[int]  # the line of each row that was taken
    bad: list[BadRow]


def read_csv(
    handle: IO[bytes], size: int, name: str, report: Report, split: int = TRAINING
) -> tuple[Images, list[BadRow]]:
    """Read a table of `size` bytes in row order. Returns the good rows and every bad one with its line number.

    `split` is that of a table without a column Usage. Raises InputRefused, calling the table `name`, where the header
    is not one of FER2013's, and where it names no classes.
    """
    names = _names(handle.readline(4096))
    if "pixels" in names and "emotion" not in names:
        raise InputRefused(
            f"{name}: has pixels and no column emotion, as Kaggle's test.csv, so there are no labels in it. The same "
            "images with their labels stand in icml_face_data.csv and fer2013.csv."
        )
    columns = _find_columns(names, split)
    if columns is None:
        raise InputRefused(
            f"{name}: the first line must name the columns emotion, pixels and (but for train.csv) Usage."
        )
    parts: list[_Parsed] = []
    broken = 0
    blocks = _read_blocks(handle)
    with ThreadPoolExecutor(_THREADS) as threads:
        while group := list(islice(blocks, 4 * _THREADS)):
            found = list(threads.map(_parse_block, group, repeat(columns)))
            parts.extend(found)
            broken += sum(len(part.bad) for part in found)
            if broken > MOST_BAD:
                first = next(row for part in parts for row in part.bad)
                raise InputRefused(f"{name}: more than {MOST_BAD:,} bad rows, the first of them {first}.")
            report("reading rows", handle.tell() / max(size, 1))

    bad = [row for part in parts for row in part.bad]
    images = Images(
        pixels=np.concatenate([part.pixels for part in parts] or [np.empty((0, SIDE, SIDE), np.uint8)]),
        labels=np.array([label for part in parts for label in part.labels], np.int8),
        splits=np.array([split for part in parts for split in part.splits], np.int8),
        # Without bad rows the row number says it all; with some, each image keeps the line it came from.
        sources=[f"line {line}" for part in parts for line in part.lines] if bad else None,
    )
    return images, bad


def _names(header: bytes) -> list[str]:
    """The columns that a header names, in lower case."""
    return [field.strip(' \t\r\n"').lower() for field in header.decode("utf-8-sig", "replace").split(",")]


def _find_columns(names: list[str], split: int) -> _Columns | None:
    if "emotion" not in names or "pixels" not in names:
        return None
    usage = names.index("usage") if "usage" in names else None
    return _Columns(names.index("emotion"), names.index("pixels"), usage, len(names), split)


def _read_blocks(handle: IO[bytes]) -> Iterator[_Block]:
    """Whole lines in blocks of some MB. A line without end comes in pieces of a block, never whole into memory."""
    line, rest = 2, b""
    while chunk := handle.read(_BLOCK):
        rows = (rest + chunk).split(b"\n")
        rest = rows.pop()
        if rows:
            yield _Block(line, rows)
            line += len(rows)
        if len(rest) > _BLOCK:  # keep the beginning, which is enough to refuse it
            rest = rest[: 2 * MAX_LINE]
    if rest.strip():
        yield _Block(line, [rest])


def _parse_block(block: _Block, columns: _Columns) -> _Parsed:
    fast = _parse_clean(block, columns)
    return fast if fast is not None else _parse_carefully(block, columns)


def _parse_clean(block: _Block, columns: _Columns) -> _Parsed | None:
    """A block in which every row is in perfect order, or None."""
    pixel_fields, labels, splits = [], [], []
    for row in block.rows:
        fields = row.split(b",")
        if len(fields) != columns.count or len(row) > MAX_LINE:
            return None
        label = _LABELS.get(fields[columns.emotion])
        split = columns.split if columns.usage is None else _USAGES.get(fields[columns.usage].strip())
        if label is None or split is None:
            return None
        labels.append(label)
        splits.append(split)
        text = fields[columns.pixels].strip(b" \r")
        if text.startswith(b'"'):
            if not text.endswith(b'"'):
                return None
            text = text[1:-1].strip()
        pixel_fields.append(text)
    pixels = parse_pixels(pixel_fields)
    if pixels is None:
        return None
    lines = list(range(block.line, block.line + len(labels)))
    return _Parsed(pixels, labels, splits, lines, [])


def parse_pixels(fields: list[bytes]) -> np.ndarray | None:
    """Grey values of n images from texts of numbers with single blanks: uint8 (n, 48, 48).

    None when any text is not exactly 2,304 numbers from 0 to 255 of at most three digits.
    """
    text = np.frombuffer(b" ".join(fields) + b" ", np.uint8)
    digits = text - np.uint8(ord("0"))  # a blank becomes 240
    numeric = digits < 10
    ends = np.flatnonzero(numeric[:-1] & ~numeric[1:])
    count = PIXELS * len(fields)
    if (
        len(ends) != count
        or len(text) - np.count_nonzero(numeric) != count
        or np.count_nonzero(text == _BLANK) != count
    ):
        return None  # another number of numbers, a double blank, or a character that is neither digit nor blank
    bounds = np.cumsum([len(field) + 1 for field in fields]) - 1
    if (ends[PIXELS - 1 :: PIXELS] + 1 != bounds).any():
        return None  # as many numbers as needed, but not evenly over the rows
    length = np.diff(ends, prepend=-2) - 1
    if length.max() > 3:
        return None
    values = digits[ends].astype(np.uint16)
    values += np.where(length > 1, digits[ends - 1], 0).astype(np.uint16) * np.uint16(10)
    values += np.where(length > 2, digits[ends - 2], 0).astype(np.uint16) * np.uint16(100)
    if values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(-1, SIDE, SIDE)


def _parse_carefully(block: _Block, columns: _Columns) -> _Parsed:
    """Row by row: the good ones, and for each other one what is wrong with it."""
    pixels, labels, splits, lines, bad = [], [], [], [], []
    for line, row in enumerate(block.rows, block.line):
        if not row.strip():
            continue  # an empty line says nothing and loses nothing
        try:
            label, values, split = _parse_row(row, columns)
        except ValueError as error:
            bad.append(BadRow(f"line {line:,}", str(error)))
            continue
        pixels.append(values)
        labels.append(label)
        splits.append(split)
        lines.append(line)
    stacked = np.array(pixels, np.uint8).reshape(-1, SIDE, SIDE)
    return _Parsed(stacked, labels, splits, lines, bad)


def _parse_row(row: bytes, columns: _Columns) -> tuple[int, list[int], int]:
    """One row: class, 2,304 grey values, split. Raises ValueError that says what is wrong."""
    if len(row) > MAX_LINE:
        raise ValueError(f"the line is over {MAX_LINE >> 10} KB long")
    text = row.decode("utf-8", "replace").rstrip("\r")
    try:
        fields = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise ValueError(f"quotes that do not belong together ({error})") from error
    if len(fields) != columns.count:
        raise ValueError(f"{len(fields)} columns where the header names {columns.count}")
    emotion = fields[columns.emotion].strip()
    if not (emotion.isascii() and emotion.isdigit() and int(emotion) < CLASSES):
        raise ValueError(f"unknown class {_short(emotion)}, not 0 to {CLASSES - 1}")
    split = columns.split
    if columns.usage is not None:
        usage = fields[columns.usage].strip()
        if usage not in SPLITS:
            raise ValueError(f"unknown Usage {_short(usage)}, not {', '.join(SPLITS)}")
        split = SPLITS.index(usage)
    words = fields[columns.pixels].split()
    if len(words) != PIXELS:
        raise ValueError(f"{len(words):,} pixels, not {PIXELS:,}")
    values = []
    for position, word in enumerate(words):
        if not (word.isascii() and word.isdigit()):
            raise ValueError(f"pixel {position} is {_short(word)}, not a number from 0 to 255")
        if len(word) > 9 or int(word) > 255:
            raise ValueError(f"pixel {position} is {_short(word)}, out of range 0 to 255")
        values.append(int(word))
    return int(emotion), values, split


def _short(text: str) -> str:
    return repr(text if len(text) <= 20 else text[:20] + "...")


_LABELS = {str(index).encode(): index for index in range(CLASSES)}
_USAGES = {name.encode(): index for index, name in enumerate(SPLITS)}
