"""A drawn film: a few of the demo's people who sway a little and change their expression, which is known.

For trying things on a video without one, for tests, and for benchmarks.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fer_core.dataset.demo.photo import draw_photo
from fer_core.errors import FerretError
from fer_core.files import atomic_path

SPELL = 4.0  # seconds for which an expression is kept
EASY = (3, 5, 6)  # happy, surprise, neutral: drawn, these are the clearest
PEOPLE = (101, 401, 601, 501)  # seeds of people without hats, whom any face detector finds


@dataclass(frozen=True)
class DrawnFilm:
    """What is in it: `labels`, int (people, spells), from the left; each spell lasts SPELL seconds."""

    labels: np.ndarray
    middles: np.ndarray  # float (people, 2), pixels, around which each sways

    def label_at(self, person: int, seconds: float) -> int:
        """What somebody shows at a moment."""
        return int(self.labels[person, min(int(seconds / SPELL), self.labels.shape[1] - 1)])


def draw_film(
    path: Path, seconds: float = 20, people: int = 3, width: int = 1280, height: int = 720, rate: int = 25
) -> DrawnFilm:
    """Write an MP4 of `seconds` at `rate` frames a second, with one to four people; the same film every time."""
    rng = np.random.default_rng(0)
    spells = max(1, int(np.ceil(seconds / SPELL)))
    labels = np.array([[EASY[(person + spell) % len(EASY)] for spell in range(spells)] for person in range(people)])
    side = round(min(height * 0.32, width / (people + 0.6)))
    middles = np.array([[width * (person + 0.7) / (people + 0.4), height * 0.5] for person in range(people)])
    faces = {
        (person, label): _portrait(draw_photo(label, np.random.default_rng(PEOPLE[person])), side)
        for person, label in {(p, int(label)) for p in range(people) for label in labels[p]}
    }
    film = DrawnFilm(labels, middles)
    behind, mask = _room(width, height, rng), _vignette(side)
    with atomic_path(path) as temporary:
        # OpenCV tells the form by the name; the temporary one ends in the file's own.
        writer = cv2.VideoWriter(str(temporary), cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
        if not writer.isOpened():
            raise FerretError(f"{path}: this machine's OpenCV cannot write MP4 films.")
        for frame in range(round(seconds * rate)):
            now = frame / rate
            picture = behind.copy()
            for person in range(people):
                sway = np.array([np.sin(0.9 * now + 2 * person), 0.5 * np.sin(1.3 * now + person)]) * 0.12 * side
                _lay(picture, faces[person, film.label_at(person, now)], mask, middles[person] + sway)
            writer.write(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
        writer.release()
    return film


def _portrait(face: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)


def _lay(picture: np.ndarray, face: np.ndarray, mask: np.ndarray, middle: np.ndarray) -> None:
    side = len(face)
    left, top = (middle - side / 2).round().astype(int).tolist()
    place = picture[top : top + side, left : left + side]
    place[:] = (mask * face + (1 - mask) * place).round()


def _room(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Something out of focus, uint8 (height, width)."""
    small = rng.uniform(60, 190, (5, 8))
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def _vignette(side: int) -> np.ndarray:
    """From 1 in the middle to 0 at the edge, float64 (side, side)."""
    across = np.abs(np.linspace(-1, 1, side))
    fade = ((1 - across) * 5).clip(0, 1)
    return np.minimum(fade[:, None], fade[None])
