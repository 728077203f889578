"""Class folders: Kaggle's `train/ test/`, CK+48's, SFEW's, or folders of classes alone, as a folder or in an archive.

The class is the name of the nearest folder that is one (in any of its usual names), never its position in a sorted
list. The split comes from FER2013's own file names (`PublicTest_123.jpg`), else from a folder named train, val or
test, else it is Training. A folder beside class folders that has none of the seven names (contempt) and a split without
any class folder (SFEW's Test) are left out and counted.
"""

from collections.abc import Iterable
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from fer_core.dataset.members import Member
from fer_core.dataset.reading import Gathering, Reading, Take
from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, SIDE, SPLITS, TRAINING
from fer_core.emotions import class_index
from fer_core.errors import InputRefused, LeftOut
from fer_core.files import IMAGE_SUFFIXES, decode_image, grey_pixels
from fer_core.progress import Report

FOLDER_SPLITS = {
    "train": TRAINING,
    "training": TRAINING,
    "val": PUBLIC_TEST,
    "valid": PUBLIC_TEST,
    "validation": PUBLIC_TEST,
    "publictest": PUBLIC_TEST,
    "test": PRIVATE_TEST,
    "privatetest": PRIVATE_TEST,
}


def tile(image: Image.Image) -> np.ndarray:
    """A picture as a data-set image: grey, 48x48, uint8."""
    grey = grey_pixels(image)
    if grey.shape != (SIDE, SIDE):
        grey = np.asarray(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    return grey


def whole(image: Image.Image, where: str) -> np.ndarray:
    """The usual way to take a picture: all of it, as one face."""
    return tile(image)


def read_folders(members: list[Member], report: Report, take: Take = whole, label: int | None = None) -> Reading:
    """Read every picture that lies under a class folder, each brought to 48x48 by `take`.

    `label`: the class of pictures that lie in no class folder; None makes them bad rows. Files that are no pictures are
    passed over.
    """
    pictures = [member for member in members if member.path.suffix.lower() in IMAGE_SUFFIXES]
    layout = Layout(member.path for member in pictures)
    gathering = Gathering(len(pictures))
    for index, member in enumerate(pictures):
        if index % 64 == 0:
            report("reading pictures", index / len(pictures))
        where = str(member.path)
        try:
            found = layout.class_of(member.path)
            if found is None:
                found = label
            if found is None:
                raise InputRefused("lies in no folder named after one of the seven classes")
            pixels = take(decode_image(member.read(), where), where)
        except LeftOut as reason:
            gathering.leave_out(where, reason)
        except InputRefused as error:
            gathering.refuse(where, error)
        else:
            gathering.take(pixels, found, split_of(member.path), where)
    return gathering.reading("folders")


class Layout:
    """How a source names its classes, known from the paths of all that it holds."""

    def __init__(self, paths: Iterable[PurePosixPath]) -> None:
        self._beside_classes: set[PurePosixPath] = set()  # folders that hold class folders
        self._labelled: set[PurePosixPath] = set()  # split folders with a class folder somewhere below
        for parent in {path.parent for path in paths}:
            for folder in (parent, *parent.parents):
                if class_index(folder.name) is not None:
                    self._beside_classes.add(folder.parent)
                    self._labelled.update(folder.parents)

    def class_of(self, path: PurePosixPath) -> int | None:
        """The class of a file; None where no folder says. Raises LeftOut for another class and an unlabelled split."""
        found = class_of(path)
        if found is not None:
            return found
        for folder in path.parents:
            split = folder.name.lower() in FOLDER_SPLITS
            if folder.name and not split and folder.parent in self._beside_classes:
                raise LeftOut(f"class {folder.name[:40]}, which FER2013 does not have")
            if split and folder not in self._labelled and self._labelled:
                raise LeftOut(f"{folder.name} is not labelled")
        return None


def class_of(path: PurePosixPath) -> int | None:
    """The class that a path's folders name, the nearest folder first; None where none does."""
    for folder in reversed(path.parts[:-1]):
        index = class_index(folder)
        if index is not None:
            return index
    return None


def split_of(path: PurePosixPath) -> int:
    """The split of a picture by its file name, else by its folders, else Training."""
    prefix = path.stem.split("_", 1)[0]
    if prefix in SPLITS:
        return SPLITS.index(prefix)
    for folder in path.parts[:-1]:
        split = FOLDER_SPLITS.get(folder.lower())
        if split is not None:
            return split
    return TRAINING
