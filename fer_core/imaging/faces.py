"""Where the faces in a picture are: OpenCV's Haar cascade, upright frontal faces only. `search` looks further.

The cascade is `haarcascade_frontalface_alt2` (Lienhart and Maydt, 2002), which comes with OpenCV. Of the frontal
cascades it is the one that sees no face in scikit-image's coins, cat and textures and still sees a face turned by
20 degrees.
"""

import threading
from pathlib import Path

import cv2
import cv2.data
import numpy as np

Box = tuple[int, int, int, int]
"""`x, y, width, height` in pixels, from the upper left corner."""

WORKING_SIDE = 640  # pixels; a face down to 4 % of the picture's long side is found on a copy of this size
SMALLEST = 24  # pixels on the copy; the cascade's own window is 20
SMALLEST_FULL = 32  # pixels at full size, where the small faces are: less than this says nothing in 48x48
SCALE_STEP = 1.1
NEIGHBOURS = 5
SAME_FACE = 0.5  # of the smaller box's area inside the larger one

_threads = threading.local()


def find_faces(grey: np.ndarray) -> list[Box]:
    """The faces in a grey picture, uint8 (H, W), as boxes in its pixels, the largest first; empty when there is none.

    Searched on a copy of at most 640 pixels; at full size only when the copy shows no face.
    """
    long_side = max(grey.shape)
    scale = min(1.0, WORKING_SIDE / long_side)
    boxes = detect(shrunk(grey, scale))
    if len(boxes) or scale == 1.0:
        return _settle(boxes / scale, grey.shape)
    # A hundredth of the side bounds the time: the finest scales of a 50-megapixel picture cost the most.
    return _settle(detect(grey, max(SMALLEST_FULL, long_side // 100)), grey.shape)


def merge_overlapping(boxes: list[Box]) -> list[Box]:
    """One box per face, the largest first: a box that lies half or more in a larger one is the same face."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: (-box[2] * box[3], box[1], box[0])):
        if all(_overlap(box, other) < SAME_FACE * box[2] * box[3] for other in kept):
            kept.append(box)
    return kept


def detect(grey: np.ndarray, smallest: int = SMALLEST, neighbours: int = NEIGHBOURS) -> np.ndarray:
    """What the cascade says of a picture as it is: raw boxes, float (N, 4). More `neighbours` are fewer, surer ones."""
    found = _cascade().detectMultiScale(
        grey, scaleFactor=SCALE_STEP, minNeighbors=neighbours, minSize=(smallest, smallest)
    )
    return np.asarray(found, np.float64).reshape(-1, 4)


def _cascade() -> cv2.CascadeClassifier:
    """This thread's cascade: a classifier keeps the picture it is working on and must not be shared."""
    cascade: cv2.CascadeClassifier | None = getattr(_threads, "cascade", None)
    if cascade is None:
        cascade = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml"))
        _threads.cascade = cascade
    return cascade


def shrunk(grey: np.ndarray, scale: float) -> np.ndarray:
    """A copy at `scale` (at most 1), averaged."""
    if scale == 1.0:
        return grey
    height, width = grey.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _settle(boxes: np.ndarray, shape: tuple[int, ...]) -> list[Box]:
    """Whole pixels, inside the picture, one per face."""
    height, width = shape
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1).round().astype(int)
    corners = corners.clip(0, [width, height, width, height])
    return merge_overlapping([(x, y, right - x, bottom - y) for x, y, right, bottom in corners.tolist()])


def _overlap(one: Box, other: Box) -> int:
    """The area that two boxes share, in pixels."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0, width) * max(0, height)
