"""Images that a version adds to Training from other data sets, kept with the version as copies.

A version never changes, so it keeps the pixels of what it took and does not depend on the other data set staying. They
stand behind the data set's own images: with N of those, supplement i is row N + i of the version.
"""

import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fer_core.dataset.store import SIDE
from fer_core.files import sync_files, sync_folder

COLUMNS = {
    "content": "sha256 of the pixels, as hex",
    "label": "the class, 0 to 6 (int8)",
    "dataset": "the data set it comes from",
    "row": "its row there (int64)",
    # and maybe `repeats` (int16): how often an epoch shows it
}


@dataclass(frozen=True)
class Supplements:
    """S images with everything known of them."""

    images: np.ndarray  # uint8 (S, 48, 48)
    table: pd.DataFrame  # COLUMNS, indexed 0 to S-1

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def labels(self) -> np.ndarray:
        """int8 (S,)"""
        return self.table["label"].to_numpy(np.int8)

    def part(self, kept: np.ndarray) -> "Supplements":
        """Those that a mask, bool (S,), keeps."""
        return Supplements(self.images[kept], self.table[kept].reset_index(drop=True))


class JoinedImages:
    """Two arrays of images indexed as if they were one, uint8 (N + S, 48, 48); only what is asked for is read."""

    def __init__(self, first: np.ndarray, second: np.ndarray) -> None:
        self._first, self._second = first, second

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self), SIDE, SIDE

    def __getitem__(self, rows: np.ndarray | int) -> np.ndarray:
        """One image, uint8 (48, 48), or those of an array of rows, int (n,), as uint8 (n, 48, 48)."""
        here = len(self._first)
        wanted = np.atleast_1d(np.asarray(rows, np.int64))
        found = np.empty((len(wanted), SIDE, SIDE), np.uint8)
        behind = wanted >= here
        found[~behind] = self._first[wanted[~behind]]
        found[behind] = self._second[wanted[behind] - here]
        return found if np.ndim(rows) else found[0]


Images = np.ndarray | JoinedImages


def store_supplements(folder: Path, supplements: Supplements) -> None:
    """Write them to a folder that appears whole; what a killed program left there is replaced."""
    building = folder.with_name(f".partial-{os.getpid()}-{folder.name}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        np.save(building / "images.npy", np.ascontiguousarray(supplements.images))
        supplements.table.to_parquet(building / "table.parquet")
        sync_files(building)
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def open_supplements(folder: Path) -> Supplements | None:
    """What `store_supplements` wrote, its pixels memory-mapped; None where there is nothing."""
    if not folder.exists():
        return None
    images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
    return Supplements(images, pd.read_parquet(folder / "table.parquet"))
