"""Photos on disk: what a folder or a pattern stands for, what a folder's name says, and looking ahead in threads."""

import glob
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from fer_core.emotions import class_index
from fer_core.errors import ImageRefused
from fer_core.files import IMAGE_SUFFIXES, decode_image
from fer_core.prediction.seen import Sight, look

AHEAD = 2  # photos that are looked at while one is predicted, each in a thread: the cascade leaves Python alone


def expand(paths: Sequence[Path]) -> list[Path]:
    """Every photo meant: a folder stands for the pictures in it and below, a pattern for what it matches, sorted.

    What is neither there nor a pattern, cannot be looked at, or is a folder without pictures stays as it is, to be
    refused by name.
    """
    found: list[Path] = []
    for path in paths:
        try:
            is_folder, is_there = path.is_dir(), path.exists()
        except OSError:  # too long a name, a folder that is closed to us
            found.append(path)
            continue
        if is_folder:
            pictures = sorted(one for one in path.rglob("*") if one.suffix.lower() in IMAGE_SUFFIXES and one.is_file())
            found += pictures or [path]
        elif not is_there and glob.has_magic(str(path)):
            matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - the pattern may be absolute
            found += [Path(match) for match in matches] or [path]
        else:
            found.append(path)
    return found


def label_of(path: Path) -> int | None:
    """The class that a photo's folder is named for, by any of its usual names; None where it is not."""
    return class_index(path.absolute().parent.name)


def sights(paths: Sequence[Path], detector: str, whole: bool) -> Iterator[Sight | ImageRefused]:
    """What is to be seen in each photo, in order, or why it cannot be read; a few photos ahead of whoever asks."""
    with ThreadPoolExecutor(AHEAD, "look") as pool:
        waiting: deque[Future[Sight | ImageRefused]] = deque()
        for path in paths:
            waiting.append(pool.submit(_sight, path, detector, whole))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _sight(path: Path, detector: str, whole: bool) -> Sight | ImageRefused:
    try:
        return look(_decoded(path), detector, whole)
    except ImageRefused as error:
        return error


def _decoded(path: Path) -> Image.Image:
    try:
        if path.is_dir():
            raise ImageRefused(f"{path}: a folder without pictures ({', '.join(IMAGE_SUFFIXES)}).")
        return decode_image(path)
    except OSError as error:  # missing, not allowed
        raise ImageRefused(f"{path}: cannot be read ({error.strerror or error}).") from error
