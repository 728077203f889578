"""From a video to its timeline: frames at a rate, the faces in each, what a network makes of them, who is who."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_core.errors import UsageError
from fer_core.imaging.crop import crop_face
from fer_core.imaging.faces import SMALLEST_FULL, WORKING_SIDE, Box, detect, find_faces, merge_overlapping
from fer_core.imaging.film import Sampling, open_film
from fer_core.prediction.timeline import Timeline
from fer_core.prediction.tracking import follow
from fer_core.progress import Report, silent

if TYPE_CHECKING:
    from fer_core.prediction.predictor import Asked

LONG_SIDE = 1280  # pixels of a frame that is looked at
PICTURE_SIDE = 480  # pixels of a picture that is kept
MOST_PICTURES = 1200  # about 30 MB with their faces; of more frames, every second or fourth is kept, and so on
BATCH = 64  # faces that go through the network together


@dataclass(frozen=True)
class Watch:
    """How a video is looked at."""

    rate: float = 5.0  # frames a second
    small: bool = False  # look for small faces in every frame: a whole class. Takes about twice as long
    tta: str = "none"  # one of evaluation.testtime.MODES

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 30:
            raise UsageError(f"{self.rate:g} frames a second cannot be followed; use more than 0, up to 30.")


def watch(
    path: Path, asked: "Asked", how: Watch | None = None, report: Report = silent, name: str | None = None
) -> Timeline:
    """Look at a whole video. Raises InputRefused for what is none, and Cancelled when `report` does."""
    how = how or Watch()
    gathered = _Gathered(asked, how.tta)
    report("opening the video", 0.0)
    with open_film(path, Sampling(rate=how.rate, side=LONG_SIDE), name=name) as film:
        length = film.info.seconds
        for seconds, frame in film:
            gathered.take(seconds, frame, how.small, film.info.width)
            report("following faces" if length else _so_far(seconds), min(seconds / length, 1) if length else 0)
        gathered.ask()
        return gathered.timeline(
            name=name or path.name,
            model=asked.name,
            width=film.info.width,
            height=film.info.height,
            rate=float(how.rate),
            broken_off=film.ended_early is not None,
        )


def _so_far(seconds: float) -> str:
    """For the few videos that do not say how long they are."""
    return f"following faces, {seconds // 60:.0f} minutes so far"


def faces_in_frame(grey: np.ndarray, small: bool) -> list[Box]:
    """The faces in one frame, uint8 (H, W), the largest first. Frames are many: nobody is looked for with patience."""
    if not small or max(grey.shape) <= WORKING_SIDE:
        return find_faces(grey)
    found = detect(grey, SMALLEST_FULL).round().astype(int).tolist()
    return merge_overlapping([(x, y, width, height) for x, y, width, height in found])


class _Gathered:
    """What was seen so far. Crops wait until there are enough of them for one pass through the network."""

    def __init__(self, asked: "Asked", tta: str) -> None:
        self.asked, self.tta = asked, tta
        self.seconds: list[float] = []
        self.boxes: list[np.ndarray] = []  # for each frame
        self.answers: list[np.ndarray] = []
        self.waiting: list[np.ndarray] = []
        self.kept: dict[int, tuple[bytes, list[np.ndarray]]] = {}  # frame: its picture, its crops
        self.every = 1

    def take(self, seconds: float, frame: np.ndarray, small: bool, width: int) -> None:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        found = faces_in_frame(grey, small)
        crops = [crop_face(grey, box) for box in found]
        number = len(self.seconds)
        self.seconds.append(seconds)
        # Frames come shrunk; boxes are told in the video's own pixels.
        self.boxes.append(
            (np.array(found, np.float64).reshape(-1, 4) * width / frame.shape[1]).round().astype(np.int64)
        )
        self.waiting += crops
        if len(self.waiting) >= BATCH:
            self.ask()
        if number % self.every == 0:
            self.kept[number] = _picture(frame), crops
        if len(self.kept) > MOST_PICTURES:
            self.every *= 2
            self.kept = {number: kept for number, kept in self.kept.items() if number % self.every == 0}

    def ask(self) -> None:
        if self.waiting:
            self.answers.append(self.asked.probabilities(np.stack(self.waiting), self.tta))
            self.waiting = []

    def timeline(self, **about: object) -> Timeline:
        counts = [len(boxes) for boxes in self.boxes]
        frames = np.repeat(np.arange(len(counts)), counts)
        persons = follow(self.seconds, self.boxes)
        crops = [crop for _, found in self.kept.values() for crop in found]
        return Timeline(
            **about,  # type: ignore[arg-type]
            length=self.seconds[-1] + 1 / float(str(about["rate"])) if self.seconds else 0.0,
            seconds=np.array(self.seconds, np.float64),
            frames=frames,
            persons=np.concatenate(persons) if persons else np.zeros(0, np.int64),
            boxes=np.concatenate(self.boxes) if self.boxes else np.zeros((0, 4), np.int64),
            probabilities=np.concatenate(self.answers) if self.answers else np.zeros((0, 7), np.float32),
            cropped=np.flatnonzero(np.isin(frames, list(self.kept))),
            crops=np.stack(crops) if crops else np.zeros((0, 48, 48), np.uint8),
            pictured=np.array(list(self.kept), np.int64),
            pictures=tuple(picture for picture, _ in self.kept.values()),
        )


def _picture(frame: np.ndarray) -> bytes:
    scale = min(1.0, PICTURE_SIDE / max(frame.shape[:2]))
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes()
