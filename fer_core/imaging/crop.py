"""From a picture of any kind to the 48x48 grey face that a network sees."""

import cv2
import numpy as np
from PIL import Image

from fer_core.dataset.store import SIDE
from fer_core.imaging.faces import Box

# A FER2013 image is 1.04 times as wide as the box that the cascade draws on it, around the same centre: the median of
# 1,142 Training images (10th to 90th percentile 0.89 to 1.26), from `python -m benchmarks.predict --framing fer2013`.
FRAMING = 1.04


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode as 8-bit RGB: 16-bit pictures keep their upper byte, transparent parts become white."""
    if image.mode.startswith("I"):  # a 16-bit grey PNG, which Pillow's own conversion would cut off at 255
        image = Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def to_grey(image: Image.Image) -> np.ndarray:
    """A picture's luminance (ITU-R 601), uint8 (H, W)."""
    return np.asarray(to_rgb(image).convert("L"))


def crop_face(grey: np.ndarray, box: Box) -> np.ndarray:
    """The face in `box` as FER2013 frames faces: uint8 (48, 48) of a grey picture, uint8 (H, W)."""
    return _square(grey, box, FRAMING)


def crop_whole(grey: np.ndarray) -> np.ndarray:
    """The whole picture as one face, uint8 (48, 48); a 48x48 picture comes back as it is."""
    return _square(grey, whole_box(grey), 1.0)


def whole_box(grey: np.ndarray) -> Box:
    """The box that holds the whole picture."""
    height, width = grey.shape
    return 0, 0, width, height


def _square(grey: np.ndarray, box: Box, margin: float) -> np.ndarray:
    """A square around the box's centre; where it leaves the picture, the picture's edge is continued."""
    x, y, width, height = box
    side = max(1, round(max(width, height) * margin))
    left, top = x + (width - side) // 2, y + (height - side) // 2
    bottom, right = top + side, left + side
    high, wide = grey.shape
    square = cv2.copyMakeBorder(
        grey[max(0, top) : bottom, max(0, left) : right],
        max(0, -top),
        max(0, bottom - high),
        max(0, -left),
        max(0, right - wide),
        cv2.BORDER_REPLICATE,
    )
    # Area sampling averages; it cannot enlarge.
    sampling = cv2.INTER_AREA if side >= SIDE else cv2.INTER_CUBIC
    return cv2.resize(square, (SIDE, SIDE), interpolation=sampling)
