"""A photo's faces with their probabilities: find, crop, predict, all faces of a photo in one batch."""

import threading
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fer_core.emotions import NAMES
from fer_core.evaluation.inference import predict_probabilities
from fer_core.imaging.crop import crop_face, crop_whole, to_grey, whole_box
from fer_core.imaging.faces import Box, find_faces
from fer_core.networks.weights import Model


@dataclass(frozen=True)
class Face:
    """One face: where it is, the pixels that the network saw, and what it made of them."""

    box: Box
    crop: np.ndarray  # uint8 (48, 48)
    probabilities: np.ndarray  # float32 (7,), in FER2013's order, sum 1

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


class Predictor:
    """A loaded model that answers for photos. Threads may share it.

    `lock` is held around every pass through the network: Grad-CAM hangs hooks into the module, and a second pass
    meanwhile would feed them too (two threads in Grad-CAM on one module crash the process).
    """

    def __init__(self, model: Model, name: str) -> None:
        self.model = model
        self.name = name
        self.lock = threading.Lock()

    def predict(self, image: Image.Image, tta: bool = False, whole: bool = False) -> Prediction:
        """Every face in a picture. With `whole`, a picture without a face is taken as one face itself.

        `tta` (test-time augmentation) averages the probabilities of each face and its mirror image.
        """
        grey = to_grey(image)
        boxes = find_faces(grey)
        crops = [crop_face(grey, box) for box in boxes]
        if not boxes and whole:
            boxes, crops = [whole_box(grey)], [crop_whole(grey)]
        faces: tuple[Face, ...] = ()
        if boxes:
            faces = tuple(map(Face, boxes, crops, self.probabilities(np.stack(crops), tta)))
        return Prediction(image.width, image.height, faces)

    def probabilities(self, crops: np.ndarray, tta: bool = False) -> np.ndarray:
        """Probabilities of faces that are cropped already: uint8 (N, 48, 48) to float32 (N, 7)."""
        with self.lock:
            found = predict_probabilities(self.model, crops)
            if tta:
                mirrored = np.ascontiguousarray(crops[:, :, ::-1])
                found = (found + predict_probabilities(self.model, mirrored)) / 2
        return found
