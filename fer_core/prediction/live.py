"""Frames of a live camera, as a browser sends them: checked, answered, forgotten."""

import base64
import binascii
import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from fer_core.errors import ImageRefused
from fer_core.files import decode_image
from fer_core.imaging.crop import crop_face, to_grey
from fer_core.imaging.faces import find_faces

if TYPE_CHECKING:
    from fer_core.prediction.predictor import Asked

MOST_BYTES = 96 << 10  # a frame of 320 pixels takes 10 to 25 KB
MOST_SIDE, LEAST_SIDE = 320, 16  # pixels
MOST_FACES = 6
_JPEG = b"\xff\xd8\xff"


def read_frame(sent: object) -> np.ndarray:
    """A frame as grey pixels, uint8 (H, W), from its base64 text. ImageRefused for whatever is not a small JPEG."""
    if not isinstance(sent, str) or len(sent) > MOST_BYTES * 4 // 3 + 4:
        raise ImageRefused(
            f"This frame is no text of at most {MOST_BYTES >> 10} KB of picture. Start the camera again."
        )
    try:
        content = base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageRefused("This frame is not written in base64. Start the camera again.") from error
    if not content.startswith(_JPEG):
        raise ImageRefused("This frame is not a JPEG. Start the camera again.")
    _check_size(content)
    return to_grey(decode_image(content, "This frame"))


def answer(grey: np.ndarray, asked: "Asked") -> list[dict[str, Any]]:
    """The largest faces of a frame from left to right: `box` in its pixels, `probabilities` as seven numbers."""
    boxes = sorted(find_faces(grey)[:MOST_FACES])
    if not boxes:
        return []
    told = asked.probabilities(np.stack([crop_face(grey, box) for box in boxes]))
    return [
        {"box": list(box), "probabilities": [round(float(p), 4) for p in face]}
        for box, face in zip(boxes, told, strict=True)
    ]


def _check_size(content: bytes) -> None:
    """From the header, before any pixel is decoded."""
    try:
        with Image.open(BytesIO(content), formats=["JPEG"]) as header:
            width, height = header.size
    except Image.DecompressionBombError as error:
        raise ImageRefused(f"This frame is far too large; live frames have up to {MOST_SIDE} pixels a side.") from error
    # Pillow's decoders raise many kinds for broken bytes; all of them mean the same here.
    except (OSError, ValueError, SyntaxError, IndexError, TypeError, KeyError, EOFError, struct.error) as error:
        raise ImageRefused("This frame is a damaged JPEG. Start the camera again.") from error
    if min(width, height) < LEAST_SIDE or max(width, height) > MOST_SIDE:
        raise ImageRefused(
            f"This frame has {width:,} x {height:,} pixels; live frames have {LEAST_SIDE} to {MOST_SIDE} on each side."
        )
