"""From a picture of any kind to the 48x48 grey face that a network sees."""

import cv2
import numpy as np
from PIL import Image

from fer_core.dataset.store import SIDE
from fer_core.imaging.faces import Box

# A FER2013 image is 1.04 times as wide as the box that the cascade draws on it, around the same centre: the median of
# 1,142 Training images (10th to 90th percentile 0.89 to 1.26), from `python -m benchmarks.predict --framing fer2013`.
FRAMING = 1.04
MOST_SIDE = 4096  # pixels of a picture that is taken whole


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
    plain = image.mode in ("L", "RGB") and not image.has_transparency_data
    return np.asarray((image if plain else to_rgb(image)).convert("L"))  # a copy of 12 megapixels takes its time


def crop_face(grey: np.ndarray, box: Box, turn: float = 0.0) -> np.ndarray:
    """The face in `box` as FER2013 frames faces: uint8 (48, 48) of a grey picture, uint8 (H, W).

    `turn`: how many degrees the face leans clockwise; it stands upright in the crop.
    """
    if turn:
        grey, box = upright(grey, box, turn)
    return _square(grey, box, FRAMING)


def upright(picture: np.ndarray, box: Box, turn: float) -> tuple[np.ndarray, Box]:
    """The surroundings of a leaning face, turned so that it stands upright, and its box in them.

    `picture`: uint8 (H, W) or (H, W, 3). The surroundings reach half a side beyond the box, and the picture's edge is
    continued where they leave it.
    """
    x, y, width, height = box
    side = max(1, width, height)
    reach = side  # from the centre: the corners of a turned square lie 0.71 sides away, those of its frame 0.74
    middle = x + width // 2, y + height // 2
    patch = _padded(picture, middle[0] - reach, middle[1] - reach, 2 * reach, 2 * reach)
    around = cv2.getRotationMatrix2D((reach - 0.5, reach - 0.5), turn, 1.0)  # its angles run counter-clockwise
    turned = cv2.warpAffine(patch, around, (2 * reach, 2 * reach), borderMode=cv2.BORDER_REPLICATE)
    return turned, (reach - side // 2, reach - side // 2, side, side)


def crop_whole(grey: np.ndarray) -> np.ndarray:
    """The whole picture as one face, uint8 (48, 48); a 48x48 picture comes back as it is."""
    long_side = max(grey.shape)
    if long_side > MOST_SIDE:  # a long thin picture is filled up to a square, which must not fill the memory
        height, width = (max(1, round(side * MOST_SIDE / long_side)) for side in grey.shape)
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    return _square(grey, whole_box(grey), 1.0)


def whole_box(grey: np.ndarray) -> Box:
    """The box that holds the whole picture."""
    height, width = grey.shape
    return 0, 0, width, height


def _square(grey: np.ndarray, box: Box, margin: float) -> np.ndarray:
    """A square around the box's centre; where it leaves the picture, the picture's edge is continued."""
    x, y, width, height = box
    side = max(1, round(max(width, height) * margin))
    square = _padded(grey, x + (width - side) // 2, y + (height - side) // 2, side, side)
    # Area sampling averages; it cannot enlarge.
    sampling = cv2.INTER_AREA if side >= SIDE else cv2.INTER_CUBIC
    return cv2.resize(square, (SIDE, SIDE), interpolation=sampling)


def _padded(picture: np.ndarray, left: int, top: int, wide: int, high: int) -> np.ndarray:
    """A rectangle of a picture; where it leaves the picture, the picture's edge is continued."""
    height, width = picture.shape[:2]
    # A rectangle wholly outside still has the picture's nearest edge to continue.
    inside = picture[
        min(max(0, top), height - 1) : max(1, min(top + high, height)),
        min(max(0, left), width - 1) : max(1, min(left + wide, width)),
    ]
    above, before = max(0, -top), max(0, -left)
    above, before = min(above, high - inside.shape[0]), min(before, wide - inside.shape[1])
    return cv2.copyMakeBorder(
        inside,
        above,
        high - inside.shape[0] - above,
        before,
        wide - inside.shape[1] - before,
        cv2.BORDER_REPLICATE,
    )
