"""From videos to data-set images: frames with a face, cropped, equalised, 48x48.

The chain of the modified-CNN paper (Yousaf et al., 2024): frames, Haar cascade, crop, histogram equalisation. Of each
frame looked at the largest face is taken; of faces that repeat pixel for pixel within a clip (a still picture) the
first one. All of a clip goes to one split. The class comes from the clip's folder, else it is the one that was said,
else a model guesses it for each face, to be reviewed: the guesser sees the face before it is equalised, as it learned
to see faces.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from fer_core.dataset.read_folders import Layout, split_of
from fer_core.dataset.reading import Gathering, Reading
from fer_core.errors import InputRefused, LeftOut
from fer_core.imaging.crop import crop_face
from fer_core.imaging.faces import find_faces
from fer_core.imaging.film import Film, Limits, Sampling, open_film
from fer_core.imaging.taking import NO_FACE, equalised
from fer_core.progress import Report, part

EVERY = 10  # frames: one face per third of a second of the usual film
REPEATED = "the same pixels again"


@dataclass(frozen=True)
class Clip:
    """A video file and what people call it: its path inside the source."""

    file: Path
    path: PurePosixPath


@dataclass(frozen=True)
class Guesser:
    """Whoever gives classes to faces that nobody has labelled."""

    name: str
    classes: Callable[[np.ndarray], np.ndarray]  # uint8 (N, 48, 48) to int (N,)


FindGuesser = Callable[[], Guesser]
"""Asked for when the first clip comes that nobody has labelled: a model takes its time to load."""


@dataclass(frozen=True)
class Face:
    """A face as it comes out of a frame."""

    source: str  # `clip.mp4 12.40 s face 1`
    pixels: np.ndarray  # uint8 (48, 48), not equalised


def read_clips(
    clips: Sequence[Clip],
    report: Report,
    *,
    every: int = EVERY,
    all_faces: bool = False,
    equalise: bool = True,
    label: int | None = None,
    find_guesser: FindGuesser | None = None,
    limits: Limits | None = None,
) -> Reading:
    """Read faces from clips, in the order of their paths.

    `every`: one frame in so many is looked at; `all_faces`: take every face in it. A clip that cannot be decoded is a
    bad row; where there is only one clip, its InputRefused goes through. A clip that breaks off is a bad row too, and
    its faces are taken up to there. Raises InputRefused as well for a clip that nobody labels.
    """
    gathering, labels = Gathering(), _Labels(clips, label, find_guesser)
    frames = 0
    for number, clip in enumerate(sorted(clips, key=lambda clip: str(clip.path))):
        name = str(clip.path)
        watch = part(report, number / len(clips), (number + 1) / len(clips))
        try:
            known = labels.known(clip)
            with open_film(clip.file, Sampling(every=every), limits, name) as film:
                faces, looked = _faces_of(film, name, gathering, all_faces, watch)
        except LeftOut as reason:
            gathering.leave_out(name, reason)
            continue
        except InputRefused as error:
            if len(clips) == 1:
                raise
            gathering.refuse(name, error)
            continue
        frames += looked
        if film.ended_early is not None:
            told = film.info.seconds or 0
            gathering.refuse(name, f"damaged: breaks off at {film.ended_early:.1f} s of {told:.1f} s")
        if known is None:
            watch(f"guessing labels of {name}", 1.0)
        for face, index in zip(faces, labels.of(faces, known), strict=True):
            pixels = equalised(face.pixels) if equalise else face.pixels
            gathering.take(pixels, index, split_of(clip.path), face.source)
    settings = {"every": every, "all_faces": all_faces, "equalised": equalise}
    return gathering.reading("video", clips=len(clips), frames=frames, **settings, **labels.notes())


class _Labels:
    """Where the classes of clips come from: their folder, what was said, or a guesser that is found when needed."""

    def __init__(self, clips: Sequence[Clip], said: int | None, find_guesser: FindGuesser | None) -> None:
        self._layout = Layout(clip.path for clip in clips)
        self._said, self._find = said, find_guesser
        self._guesser: Guesser | None = None
        self._guessed = 0

    def known(self, clip: Clip) -> int | None:
        """The class of a clip; None for faces to be guessed. Raises LeftOut, and InputRefused when nobody can say."""
        found = self._layout.class_of(clip.path)
        if found is None:
            found = self._said
        if found is None and self._find is None:
            raise InputRefused(f"{clip.path}: lies in no class folder; say what it shows with --label.")
        return found

    def of(self, faces: Sequence[Face], known: int | None) -> list[int]:
        """The class of each face."""
        if known is not None:
            return [known] * len(faces)
        if not faces or self._find is None:
            return []
        self._guesser = self._guesser or self._find()
        self._guessed += len(faces)
        return [int(index) for index in self._guesser.classes(np.stack([face.pixels for face in faces]))]

    def notes(self) -> dict[str, object]:
        """For the data set's origin."""
        if self._guesser is None:
            return {}
        return {"labels": f"guessed by {self._guesser.name}", "guessed": self._guessed}


def _faces_of(film: Film, name: str, gathering: Gathering, all_faces: bool, report: Report) -> tuple[list[Face], int]:
    """The faces in a film's frames, and the number of frames."""
    faces: list[Face] = []
    seen: set[bytes] = set()
    frames = 0
    length = film.info.seconds
    for seconds, frame in film:
        report(f"looking for faces in {name}", min(seconds / length, 1.0) if length else 0.0)
        frames += 1
        grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
        boxes = find_faces(grey)
        if not boxes:
            gathering.leave_out(f"{name} {seconds:.2f} s", NO_FACE)
        for number, box in enumerate(boxes if all_faces else boxes[:1], 1):
            face = Face(f"{name} {seconds:.2f} s face {number}", crop_face(grey, box))
            digest = sha256(face.pixels.tobytes()).digest()
            if digest in seen:
                gathering.leave_out(face.source, REPEATED)
            else:
                seen.add(digest)
                faces.append(face)
    return faces, frames
