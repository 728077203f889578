"""Finding faces with patience: as they are first; where that finds none, small, tight and leaning ones.

In this order, and only until one of them finds something: `faces.find_faces`; a copy up to twice as large with a margin
(small faces, and faces that fill the picture to its edge); copies turned by 20 and by 40 degrees each way.
The cascade itself sees faces that lean by up to about 20 degrees, so turned copies reach about 60.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from fer_core.errors import UsageError
from fer_core.imaging.faces import WORKING_SIDE, Box, detect, find_faces, merge_overlapping, shrunk

HAAR, YUNET = "haar", "yunet"
DETECTORS = (HAAR, YUNET)

TILE = 64  # pixels; a picture up to this is one face already, or none
ENLARGED_SIDE = 960  # pixels of the enlarged copy, margin included
MARGIN = 0.25  # of the longer side, continued from the edge
SMALL, TIGHT = 32, 0.5  # pixels; of the shorter side: faces between the two would have been seen without enlarging
TURNS = ((20.0, -20.0), (40.0, -40.0))  # degrees, the lesser ones first
LEANING_SMALLEST = 48  # pixels on a turned copy
SURE = 9  # neighbours asked of a face on a changed copy: each copy is a further chance to see one in a curtain


@dataclass(frozen=True)
class Found:
    """A face: its box, and how many degrees it leans clockwise around the box's centre (0 when upright)."""

    box: Box
    turn: float = 0.0


def search_faces(grey: np.ndarray, detector: str = HAAR) -> list[Found]:
    """The faces in a grey picture, uint8 (H, W), the largest first; empty when there is none.

    `detector`: "haar", or "yunet" where its file is there (NotFound says what to do).
    """
    if detector == YUNET:
        from fer_core.imaging.yunet import find_yunet

        return [Found(box, turn) for box, turn in find_yunet(grey)]
    if detector != HAAR:
        raise UsageError(f"There is no face detector {detector!r} (there: {', '.join(DETECTORS)}).")
    boxes = find_faces(grey) or _on_enlarged(grey)
    return [Found(box) for box in boxes] or _on_turned(grey)


def _on_enlarged(grey: np.ndarray) -> list[Box]:
    """Boxes found on a larger copy with its edges continued: of small faces, and of those that fill the picture."""
    if max(grey.shape) <= TILE:
        return []
    scale = min(1.0, WORKING_SIDE / max(grey.shape))
    copy = shrunk(grey, scale)
    margin = round(MARGIN * max(copy.shape))
    padded = cv2.copyMakeBorder(copy, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    factor = min(2.0, ENLARGED_SIDE / max(padded.shape))
    raw = detect(cv2.resize(padded, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), neighbours=SURE)
    raw /= factor
    raw[:, :2] -= margin
    raw = raw[(raw[:, 2] < SMALL) | (raw[:, 2] > TIGHT * min(copy.shape))]
    return _inside(raw / scale, grey.shape)


def _on_turned(grey: np.ndarray) -> list[Found]:
    """Faces found on turned copies of at most 640 pixels, mapped back."""
    scale = min(1.0, WORKING_SIDE / max(grey.shape))
    copy = shrunk(grey, scale)
    for turns in TURNS:
        found: dict[Box, float] = {}
        for turn in turns:
            turned, back = _turned(copy, turn)
            raw = detect(turned, LEANING_SMALLEST, SURE)
            middles = (raw[:, :2] + raw[:, 2:] / 2) @ back[:, :2].T + back[:, 2]
            raw[:, :2] = middles - raw[:, 2:] / 2
            found |= dict.fromkeys(_inside(raw / scale, grey.shape), turn)
        if found:
            return [Found(box, found[box]) for box in merge_overlapping(list(found))]
    return []


def _turned(picture: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """The whole picture turned counter-clockwise on a canvas that holds it, and the matrix (2, 3) that leads back."""
    height, width = picture.shape
    forth = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    cosine, sine = np.abs(forth[0, :2])
    size = round(width * cosine + height * sine), round(width * sine + height * cosine)
    forth[:, 2] += [(size[0] - width) / 2, (size[1] - height) / 2]
    turned = cv2.warpAffine(picture, forth, size, borderMode=cv2.BORDER_CONSTANT, borderValue=int(picture.mean()))
    return turned, cv2.invertAffineTransform(forth)


def _inside(raw: np.ndarray, shape: tuple[int, ...]) -> list[Box]:
    """Whole pixels, one box per face; only those whose middle lies in the picture, cut off at its edge."""
    height, width = shape
    middles = raw[:, :2] + raw[:, 2:] / 2
    raw = raw[((middles >= 0) & (middles < [width, height])).all(1)]
    corners = np.concatenate([raw[:, :2], raw[:, :2] + raw[:, 2:]], axis=1).round().astype(int)
    corners = corners.clip(0, [width, height, width, height])
    return merge_overlapping([(x, y, right - x, bottom - y) for x, y, right, bottom in corners.tolist()])
