"""`predict` over many photos: their answers in the order asked, here or in chunks on a cluster."""

import os
from collections.abc import Iterator, Sequence
from contextlib import chdir, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.errors import FerretError, ImageRefused
from fer_core.files import atomic_path, read_json, temporary_folder, write_json
from fer_core.imaging.search import HAAR
from fer_core.prediction.answer import document, in_words, refusal
from fer_core.prediction.models import choose_all
from fer_core.prediction.photos import sights
from fer_core.progress import Report
from fer_core.work.shared import refuse_unseen
from fer_core.work.tasks import run_tasks
from fer_core.workspace import Workspace

if TYPE_CHECKING:
    from fer_core.prediction.predictor import Asked
    from fer_core.prediction.seen import Prediction

CHUNK = 100  # photos in one task of a cluster


@dataclass(frozen=True)
class Wish:
    """Who is asked, and how."""

    workspace: Workspace
    runs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tta: str = "none"
    detector: str = HAAR
    whole: bool = False
    method: str | None = None  # of the maps that go to `out`
    out: Path | None = None

    def open(self) -> "Asked":
        from fer_core.prediction.predictor import together

        return together([choice.open() for choice in choose_all(self.workspace, self.runs, self.models)])


@dataclass(frozen=True)
class Photo:
    """A file, and what its maps are called."""

    path: Path
    name: str


@dataclass(frozen=True)
class Answer:
    """What is said of a photo: for programs, as `predict --json` has it, and for people."""

    document: dict[str, Any]
    lines: list[str]


def answer_here(wish: Wish, photos: Sequence[Photo], report: Report) -> Iterator[Answer]:
    """The answers one by one, as they are found. Raises FerretError where a map cannot be written."""
    asked = wish.open()
    all_seen = sights([photo.path for photo in photos], wish.detector, wish.whole)
    for position, (photo, seen) in enumerate(zip(photos, all_seen, strict=True)):
        report(f"looking at {photo.path.name}", position / len(photos))
        if isinstance(seen, ImageRefused):
            yield Answer(refusal(str(photo.path), seen), [str(seen)])
            continue
        prediction = asked.judge(seen, wish.tta)
        answer = document(str(photo.path), prediction, asked.name, wish.tta)
        if wish.method and wish.out:
            drawn = _draw(asked, prediction, wish.method, wish.out, photo.name)
            for face, target in zip(answer["faces"], drawn, strict=True):
                face["overlay"] = str(target)
        yield Answer(answer, _lines(photo.path, prediction))


def answer_on_cluster(wish: Wish, photos: Sequence[Photo], report: Report) -> Iterator[Answer]:
    """The same answers in the same order, found by the cluster that FER_CLUSTER names, a chunk of photos to a task.

    Workspace, photos and the folder of maps must lie on storage that all nodes share. Raises as `answer_here`.
    """
    wish.open()  # a wrong name is said before anything is sent
    shared = [wish.workspace.root]
    if wish.out:
        try:
            wish.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(wish.out, error) from error
        shared.append(wish.out.absolute())
    relative = any(not photo.path.is_absolute() for photo in photos) or (wish.out and not wish.out.is_absolute())
    start = Path.cwd() if relative else None
    with temporary_folder(wish.workspace.root / "predict") as folder:
        files, tasks = [], []
        for first in range(0, len(photos), CHUNK):
            some = photos[first : first + CHUNK]
            there = tuple(photo.path for photo in some if os.path.exists(photo.path))  # noqa: PTH110 - raises nothing
            files.append(folder / f"{first}.json")
            tasks.append(partial(_answer_chunk, wish, some, there, start, files[-1]))
        run_tasks(tasks, f"looking at {len(photos):,} photos", 1, 1, report, shared)
        for file in files:
            yield from (Answer(*one) for one in read_json(file))


def _answer_chunk(
    wish: Wish, photos: Sequence[Photo], there: Sequence[Path], start: Path | None, file: Path, report: Report
) -> None:
    """Store the answers about a few photos, of which those that are `there` must be seen here as well."""
    refuse_unseen([start] if start else [])
    with chdir(start) if start else nullcontext():
        refuse_unseen(there)
        told = [(answer.document, answer.lines) for answer in answer_here(wish, photos, report)]
    write_json(file, told)


def _lines(path: Path, prediction: "Prediction") -> list[str]:
    count = len(prediction.faces)
    found = {0: "no face found", 1: "1 face"}.get(count, f"{count} faces")
    lines = [f"{path}: {prediction.width} x {prediction.height}, {found}"]
    for number, face in enumerate(prediction.faces, 1):
        x, y, width, height = face.box
        leaning = f", leaning by {face.turn:.0f} degrees" if face.turn else ""
        lines.append(f"  {number}  {in_words(face.probabilities)}  [{width} x {height} at {x}, {y}{leaning}]")
    return lines


def _draw(asked: "Asked", prediction: "Prediction", method: str, folder: Path, name: str) -> list[Path]:
    """Write one overlay per face, each whole or not there; returns their paths."""
    from PIL import Image

    from fer_core.prediction.explanation import explain, overlay

    targets = []
    for number, face in enumerate(prediction.faces, 1):
        heat = explain(asked, face.crop, face.index, method)
        target = folder / f"{name}-face{number}-{face.label}.png"
        try:
            with atomic_path(target) as temporary:
                Image.fromarray(overlay(face.crop, heat)).save(temporary, "PNG")
        except OSError as error:
            raise _unwritable(target, error) from error
        targets.append(target)
    return targets


def _unwritable(path: Path, error: OSError) -> FerretError:
    return FerretError(f"{path}: cannot be written ({error.strerror or error}).")
