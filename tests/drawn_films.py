"""Small films and pictures with the demo's drawn faces, which the cascade finds, at places that tests know."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from fer_core.dataset.demo.photo import draw_photo
from fer_core.emotions import NAMES
from fer_core.imaging.faces import find_faces

WIDE, HIGH, SIDE = 320, 240, 144  # pixels: of a frame, and of a face in it


@cache
def drawn_face(emotion: str, person: int = 0) -> np.ndarray:
    """A drawn face that the cascade finds as one, uint8 (144, 144)."""
    for attempt in range(20):
        photo = draw_photo(NAMES.index(emotion), np.random.default_rng([person, attempt, NAMES.index(emotion)]))
        face = cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        if len(find_faces(scene([face]))) == len(find_faces(scene([face], wide=640))) == 1:
            return face
    raise AssertionError(f"no drawn {emotion} face of person {person} is found")


def scene(faces: Sequence[np.ndarray], grey: int = 110, wide: int = WIDE) -> np.ndarray:
    """A frame with faces side by side, uint8 (240, wide)."""
    frame = np.full((HIGH, wide), grey, np.uint8)
    for number, face in enumerate(faces):
        left = 30 + number * (SIDE + 80)
        frame[40 : 40 + len(face), left : left + len(face)] = face
    return frame


def write_film(path: Path, frames: Sequence[np.ndarray], rate: float = 10, codec: str = "mp4v") -> Path:
    """A film of grey frames, uint8 (H, W), or BGR ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    high, wide = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), rate, (wide, high))
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame if frame.ndim == 3 else cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def numbered(count: int) -> list[np.ndarray]:
    """Frames, uint8 (64, 96), that carry their number as six black or white stripes, which survives compression."""
    bits = (np.arange(count)[:, None] >> np.arange(6)) & 1
    return [np.repeat(np.repeat(20 + 215 * row[None], 16, 1), 64, 0).astype(np.uint8) for row in bits]


def number_of(frame: np.ndarray) -> int:
    """The number that a decoded frame, uint8 (64, 96, 3), carries."""
    stripes = frame.reshape(64, 6, 48).mean((0, 2)) > 128
    return int((stripes << np.arange(6)).sum())
