"""YuNet, a small neural face detector (Wu et al., 2023), by OpenCV. Its weights do not come with this program.

They are one file, `face_detection_yunet_2023mar.onnx`, of OpenCV's model zoo (MIT licence); put into `models/` it is
found. YuNet also gives the eyes, so a face that leans is known to lean.
"""

import math
import threading
from pathlib import Path

import cv2
import numpy as np

from fer_core.errors import InputRefused, NotFound
from fer_core.imaging.faces import WORKING_SIDE, Box, merge_overlapping, shrunk
from fer_core.workspace import SHIPPED_MODELS

PATTERN = "face_detection_yunet*.onnx"
SURE = 0.7  # of 1, YuNet's own score
LEANING = 12.0  # degrees; up to here a face stands as those of FER2013 do, whose eyes are not levelled either

_threads = threading.local()


def yunet_file(folder: Path = SHIPPED_MODELS) -> Path | None:
    """The file with YuNet's weights, the newest by name; None where there is none."""
    return max(folder.glob(PATTERN), default=None)


def find_yunet(grey: np.ndarray, folder: Path = SHIPPED_MODELS) -> list[tuple[Box, float]]:
    """Boxes and leans (degrees, clockwise) of the faces in a grey picture, uint8 (H, W), the largest first.

    Searched on a copy of at most 640 pixels; at full size only when the copy shows no face. NotFound without weights.
    """
    file = yunet_file(folder)
    if file is None:
        raise NotFound(
            f"YuNet finds faces only with its weights: put {PATTERN.replace('*', '_2023mar')} of OpenCV's model zoo "
            f"into {folder}, or find faces with haar."
        )
    scale = min(1.0, WORKING_SIDE / max(grey.shape))
    rows = _rows(file, shrunk(grey, scale)) / scale
    if not len(rows) and scale < 1:
        rows = _rows(file, grey)
    height, width = grey.shape
    leans: dict[Box, float] = {}
    for x, y, wide, high, right_x, right_y, left_x, left_y in rows[:, :8].tolist():
        left, top = max(0, round(x)), max(0, round(y))
        box = left, top, min(width, round(x + wide)) - left, min(height, round(y + high)) - top
        lean = math.degrees(math.atan2(left_y - right_y, left_x - right_x))  # the person's right eye is on the left
        if min(box[2:]) > 0:
            leans[box] = round(lean, 1) if abs(lean) > LEANING else 0.0
    return [(box, leans[box]) for box in merge_overlapping(list(leans))]


def _rows(file: Path, grey: np.ndarray) -> np.ndarray:
    """YuNet's rows, float (N, 15): box, five points, score."""
    height, width = grey.shape
    detector = _detector(file)
    detector.setInputSize((width, height))
    _, rows = detector.detect(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))
    return np.zeros((0, 15)) if rows is None else np.asarray(rows, np.float64)


def _detector(file: Path) -> cv2.FaceDetectorYN:
    """This thread's detector: it keeps the size of its input and must not be shared."""
    known: dict[Path, cv2.FaceDetectorYN] = _threads.__dict__.setdefault("detectors", {})
    if file not in known:
        try:
            known[file] = cv2.FaceDetectorYN.create(str(file), "", (320, 320), score_threshold=SURE)
        except cv2.error as error:
            raise InputRefused(f"{file}: not the weights of YuNet, or damaged. Fetch it again.") from error
    return known[file]
