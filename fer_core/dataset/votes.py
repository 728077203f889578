"""Vote tables: how often each answer was given to an image by annotators whose names are not known, such as FER+'s ten.

Counts without names serve majorities, nominal agreement, soft labels, gold items and simulated annotators; nothing
about a single annotator can be said from them. One table belongs to a data set, `votes.parquet` beside its images.
"""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fer_core.dataset.store import SPLITS, Dataset
from fer_core.emotions import CLASSES, NAMES
from fer_core.errors import BadRow, InputRefused, RowsRefused, UsageError
from fer_core.files import atomic_path

CONTEMPT, UNKNOWN, NOT_A_FACE = "contempt", "unknown", "not a face"
ANSWERS = (*NAMES, CONTEMPT, UNKNOWN, NOT_A_FACE)  # the columns of every vote table
# What FER+ calls them, in the order of ANSWERS.
FERPLUS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt", "unknown", "NF")
_FILE = "votes.parquet"


@dataclass(frozen=True)
class VoteTable:
    """Votes for the N images of a data set; a row of zeros where an image has none."""

    counts: np.ndarray  # int32 (N, 10), in the order of ANSWERS
    source: str  # the name of the file that they came from

    @cached_property
    def total(self) -> np.ndarray:
        """Votes of each image, int64 (N,)."""
        return self.counts.sum(axis=1)

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows that have votes, ascending, int64."""
        return np.flatnonzero(self.total)

    @property
    def classes(self) -> np.ndarray:
        """Votes for the seven classes, int32 (N, 7)."""
        return self.counts[:, :CLASSES]


def read_votes(dataset: Dataset, file: Path) -> VoteTable:
    """Read a table of votes for the images of `dataset`, a CSV file in one of two forms.

    With a column `row` (the image's row in the data set), or FER+'s own form, one line per image in row order. The
    other columns are FER+'s names (anger, ..., NF) or ours (angry, ..., not a face). Without `row`, the `Usage` of each
    line must be that of its image; `Image name` is passed over. Raises InputRefused or RowsRefused, which name lines.
    """
    lines = _lines(file)
    header = [name.strip().lower() for name in lines[0]] if lines else []
    places = _places(header, file)
    by_row = header.index("row") if "row" in header else None
    if by_row is None and len(lines) - 1 != len(dataset):
        raise InputRefused(
            f"{file}: {len(lines) - 1:,} lines of votes without a `row` column, but {dataset.name} has "
            f"{len(dataset):,} images. Add the column `row`, or give the table of the whole data set."
        )
    if by_row is None and "usage" in header:
        _refuse_other_order(dataset, lines, header.index("usage"), file)
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    seen: set[int] = set()
    bad = []
    for number, cells in enumerate(lines[1:], 2):
        try:
            row = int(cells[by_row]) if by_row is not None else number - 2
            votes = [int(cells[place]) for place in places]
        except (ValueError, IndexError):
            bad.append(BadRow(f"line {number}", f"{','.join(cells)[:60]!r} is not a row of whole numbers"))
            continue
        if not 0 <= row < len(dataset):
            bad.append(BadRow(f"line {number}", f"row {row} is not in {dataset.name} (0 to {len(dataset) - 1:,})"))
        elif row in seen:
            bad.append(BadRow(f"line {number}", f"row {row} has votes on an earlier line already"))
        elif min(votes) < 0 or max(votes) > 1_000_000:
            bad.append(BadRow(f"line {number}", "a number of votes must lie between 0 and 1,000,000"))
        else:
            counts[row] = votes
            seen.add(row)
    if bad:
        raise RowsRefused(str(file), bad)
    return VoteTable(counts, file.name)


def store_votes(dataset: Dataset, votes: VoteTable, *, replace: bool = False) -> None:
    """Keep a vote table with its data set. UsageError where another one is kept already, unless `replace`."""
    kept = open_votes(dataset)
    if kept is not None and not replace and not np.array_equal(kept.counts, votes.counts):
        raise UsageError(
            f"{dataset.name} has votes from {kept.source} already; say --replace to take these instead of them."
        )
    table = pd.DataFrame(votes.counts, columns=list(ANSWERS))
    table.attrs["source"] = votes.source
    with atomic_path(dataset.path / _FILE) as temporary:
        table.to_parquet(temporary)


def open_votes(dataset: Dataset) -> VoteTable | None:
    """The vote table of a data set, None where there is none."""
    file = dataset.path / _FILE
    if not file.exists():
        return None
    table = pd.read_parquet(file)
    if len(table) != len(dataset):
        raise InputRefused(f"{file}: votes for {len(table):,} images, but {dataset.name} has {len(dataset):,}.")
    return VoteTable(table[list(ANSWERS)].to_numpy(np.int32), table.attrs["source"])


def _lines(file: Path) -> list[list[str]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as handle:
            return [line for line in csv.reader(handle) if any(cell.strip() for cell in line)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputRefused(f"{file}: cannot be read as a CSV table ({error}).") from error


def _refuse_other_order(dataset: Dataset, lines: list[list[str]], usage: int, file: Path) -> None:
    """InputRefused where a line is of another split than the image in its place: its votes would go to another face."""
    for row, (cells, split) in enumerate(zip(lines[1:], dataset.splits.tolist(), strict=True)):
        told = cells[usage].strip() if usage < len(cells) else ""
        if told in SPLITS and told != SPLITS[split]:
            raise InputRefused(
                f"{file}: line {row + 2} is of {told}, but image {row:,} of {dataset.name} is of {SPLITS[split]}: the "
                "images stand in another order. Import fer2013.csv itself, or add the column `row` to the votes."
            )


def _places(header: list[str], file: Path) -> list[int]:
    """The column of each of ANSWERS."""
    places = []
    for own, ferplus in zip(ANSWERS, FERPLUS, strict=True):
        found = next((name for name in (own, ferplus.lower()) if name in header), None)
        if found is None:
            raise InputRefused(f"{file}: no column {ferplus!r} or {own!r}; a vote table has one for each answer.")
        places.append(header.index(found))
    return places
