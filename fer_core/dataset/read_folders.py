"""Class folders: Kaggle's `train/ test/`, or folders of classes alone, as a folder or inside an archive.

The class is the name of the nearest folder that is one (in any of its usual names), never its position in a sorted
list. The split comes from FER2013's own file names (`PublicTest_123.jpg`), else from a folder named train, val or
test, else it is Training.
"""

from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from fer_core.dataset.members import Member
from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, SIDE, SPLITS, TRAINING, Images
from fer_core.emotions import class_index
from fer_core.errors import BadRow, InputRefused
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


def read_folders(members: list[Member], report: Report) -> tuple[Images, list[BadRow]]:
    """Read every picture that lies under a class folder. Pictures of another size are scaled to 48x48.

    Returns the good ones and, by path, those that could not be taken. Files that are no pictures are passed over.
    """
    pictures = [member for member in members if member.path.suffix.lower() in IMAGE_SUFFIXES]
    pixels = np.empty((len(pictures), SIDE, SIDE), np.uint8)
    labels: list[int] = []
    splits: list[int] = []
    sources: list[str] = []
    bad: list[BadRow] = []
    for index, member in enumerate(pictures):
        if index % 256 == 0:
            report("reading pictures", index / len(pictures))
        label = class_of(member.path)
        if label is None:
            bad.append(BadRow(str(member.path), "lies in no folder named after one of the seven classes"))
            continue
        try:
            pixels[len(labels)] = tile(decode_image(member.read(), str(member.path)))
        except InputRefused as error:
            bad.append(BadRow(str(member.path), str(error).removeprefix(f"{member.path}: ")))
            continue
        labels.append(label)
        splits.append(split_of(member.path))
        sources.append(str(member.path))
    taken = len(labels)
    return Images(pixels[:taken], np.array(labels, np.int8), np.array(splits, np.int8), sources), bad


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


def tile(image: Image.Image) -> np.ndarray:
    """A picture as a data-set image: grey, 48x48, uint8."""
    grey = grey_pixels(image)
    if grey.shape != (SIDE, SIDE):
        grey = np.asarray(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    return grey
