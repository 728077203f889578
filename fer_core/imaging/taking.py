"""How a picture becomes a data-set image when there may be more in it than a face: found, cropped, equalised, 48x48."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from fer_core.dataset.read_folders import tile
from fer_core.errors import BadRow, LeftOut
from fer_core.imaging.crop import crop_face, to_grey
from fer_core.imaging.search import search_faces

AUTO, ALWAYS, NEVER = "auto", "always", "never"
FACES = (AUTO, ALWAYS, NEVER)
LARGE = 100  # pixels; a picture with both sides above this is taken for a scene with a face in it, not for a face
NO_FACE = "no face found"
NO_FACE_LARGE = "no face found (--faces never takes pictures whole)"
SEVERAL = "several faces, the largest was taken"


@dataclass
class FaceTaker:
    """Takes pictures for a reader (`dataset.reading.Take`) and remembers which held several faces."""

    faces: str = AUTO  # of FACES: in which pictures the face is looked for; the others are taken whole
    equalise: bool = False
    remarks: list[BadRow] = field(default_factory=list)

    def __call__(self, image: Image.Image, where: str) -> np.ndarray:
        """A picture as uint8 (48, 48). Raises LeftOut where a face is looked for and none is found."""
        if self.faces == NEVER or (self.faces == AUTO and min(image.size) <= LARGE):
            return self._finished(tile(image))
        grey = to_grey(image)
        found = search_faces(grey)
        if not found:
            raise LeftOut(NO_FACE_LARGE if self.faces == AUTO else NO_FACE)
        if len(found) > 1:
            self.remarks.append(BadRow(where, SEVERAL))
        return self._finished(crop_face(grey, found[0].box, found[0].turn))

    def _finished(self, pixels: np.ndarray) -> np.ndarray:
        return equalised(pixels) if self.equalise else pixels


def equalised(pixels: np.ndarray) -> np.ndarray:
    """Histogram equalisation of one grey picture, uint8 (H, W)."""
    return np.asarray(cv2.equalizeHist(pixels))
