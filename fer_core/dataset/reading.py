"""What every reader of a source hands over: the images it took, the rows it could not take, and those it left out.

A bad row is broken, and refuses the source in strict mode. A row that is left out is sound and has no place in the data
set (a class that FER2013 does not have, a picture without a face); it is counted and shown, and refuses nothing.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from fer_core.dataset.store import SIDE, Images
from fer_core.errors import BadRow

Take = Callable[[Image.Image, str], np.ndarray]
"""How a decoded picture becomes a data-set image, uint8 (48, 48); told where it stands. May raise InputRefused."""


@dataclass(frozen=True)
class Reading:
    """A source that was read and is not stored yet."""

    format: str
    images: Images
    bad: list[BadRow] = field(default_factory=list)
    left_out: list[BadRow] = field(default_factory=list)
    remarks: list[BadRow] = field(default_factory=list)  # on images that were taken
    notes: dict[str, object] = field(default_factory=dict)  # for the data set's origin, as plain values


class Gathering:
    """Images as a reader comes upon them, one by one."""

    def __init__(self, expected: int = 1024) -> None:
        self._pixels = np.empty((max(expected, 1), SIDE, SIDE), np.uint8)
        self._labels: list[int] = []
        self._splits: list[int] = []
        self._sources: list[str] = []
        self.bad: list[BadRow] = []
        self.left_out: list[BadRow] = []
        self.remarks: list[BadRow] = []

    def __len__(self) -> int:
        return len(self._labels)

    def take(self, pixels: np.ndarray, label: int, split: int, source: str) -> None:
        """One image, uint8 (48, 48), with its class, its split and where it came from."""
        if len(self) == len(self._pixels):
            self._pixels = np.concatenate([self._pixels, np.empty_like(self._pixels)])
        self._pixels[len(self)] = pixels
        self._labels.append(label)
        self._splits.append(split)
        self._sources.append(storable(source))

    def refuse(self, where: str, why: object) -> None:
        """A bad row; a message that begins with its place is cut down to the reason."""
        self.bad.append(BadRow(storable(where), storable(str(why).removeprefix(f"{where}: "))))

    def leave_out(self, where: str, why: object) -> None:
        """A sound row that is not wanted."""
        self.left_out.append(BadRow(storable(where), storable(str(why))))

    def reading(self, format: str, **notes: object) -> Reading:
        """All of it, in the order in which it was taken."""
        images = Images(
            self._pixels[: len(self)],
            np.array(self._labels, np.int8),
            np.array(self._splits, np.int8),
            self._sources if any(self._sources) else None,
        )
        return Reading(format, images, self.bad, self.left_out, self.remarks, notes)


def storable(text: str) -> str:
    """A name from a disk or an archive, which need not be UTF-8, as one that can be stored."""
    return text.encode("utf-8", "replace").decode("utf-8")


def counted(rows: list[BadRow]) -> dict[str, int]:
    """How often each reason is given, the most frequent first."""
    return dict(Counter(row.why for row in rows).most_common())
