"""What was seen in a picture: its faces, and what a network made of them. Light to import: no torch."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fer_core.emotions import NAMES
from fer_core.imaging.crop import crop_face, crop_whole, to_grey, whole_box
from fer_core.imaging.faces import Box
from fer_core.imaging.search import HAAR, Found, search_faces

FOUND, WHOLE, BY_HAND = "found", "whole", "by hand"


@dataclass(frozen=True)
class Face:
    """One face: where it is, the pixels that the network saw, and what it made of them."""

    box: Box
    crop: np.ndarray  # uint8 (48, 48)
    probabilities: np.ndarray  # float32 (7,), in FER2013's order, sum 1
    turn: float = 0.0  # degrees that it leans clockwise; in the crop it stands upright

    @property
    def index(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())

    @property
    def label(self) -> str:
        return NAMES[self.index]

    @property
    def confidence(self) -> float:
        """The probability of the most probable class."""
        return float(self.probabilities[self.index])


@dataclass(frozen=True)
class Prediction:
    """What was seen in one picture of `width` x `height` pixels; the largest face comes first."""

    width: int
    height: int
    faces: tuple[Face, ...]
    origin: str = FOUND  # of the boxes: FOUND, WHOLE or BY_HAND


@dataclass(frozen=True)
class Sight:
    """A picture's faces before any network has seen them: where they are, and their crops, uint8 (N, 48, 48)."""

    width: int
    height: int
    found: tuple[Found, ...]
    crops: np.ndarray
    origin: str = FOUND


def look(image: Image.Image, detector: str = HAAR, whole: bool = False, box: Box | None = None) -> Sight:
    """The faces in a picture, for any number of networks.

    With `whole`, a picture without a face is taken as one face itself. A `box` drawn by hand is taken instead of
    searching.
    """
    grey = to_grey(image)
    origin, found = FOUND, []
    if box is not None:
        origin, found = BY_HAND, [Found(box)]
    else:
        found = search_faces(grey, detector)
    crops = [crop_face(grey, face.box, face.turn) for face in found]
    if not found and whole:
        origin, found, crops = WHOLE, [Found(whole_box(grey))], [crop_whole(grey)]
    stacked = np.stack(crops) if crops else np.zeros((0, 48, 48), np.uint8)
    return Sight(image.width, image.height, tuple(found), stacked, origin)
