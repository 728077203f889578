"""Frames of a video from a stranger, decoded in a process of their own (`film_decoder`) under limits.

    with open_film(path, Sampling(rate=5)) as film:
        for seconds, frame in film:  # float, uint8 (H, W, 3) RGB, upright
            ...

Leaving the block ends the process, whatever it is doing. MP4, MOV, AVI, MKV and WebM are taken, by what their first
bytes say and not by their name; for anything else there is an InputRefused with a sentence.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.errors import InputRefused, UsageError
from fer_core.imaging.film_decoder import BEAT, DONE, FAIL, FRAME, HEADER, INFO

FILM_SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm")
FORMS = "MP4, MOV, AVI, MKV or WebM"
_QUICKTIME = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_MESSAGE = 1 << 16  # bytes of a message that is no frame


@dataclass(frozen=True)
class Sampling:
    """Which frames are wanted: `rate` a second, or one in `every`; neither asks for all of them."""

    rate: float | None = None
    every: int | None = None
    start: float = 0.0  # seconds
    stop: float | None = None  # seconds; the frame at this time is not taken any more
    side: int | None = None  # larger frames are shrunk to so many pixels on their long side

    def __post_init__(self) -> None:
        if self.rate is not None and self.every is not None:
            raise UsageError("Frames are taken at a rate or one in so many, not both.")
        if self.rate is not None and not 0 < self.rate <= 1000:
            raise UsageError(f"A rate of {self.rate:g} frames a second makes no sense; use more than 0, up to 1000.")
        if self.every is not None and self.every < 1:
            raise UsageError(f"One frame in {self.every} makes no sense; use 1 or more.")
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise UsageError(f"There is nothing from {self.start:g} s to {self.stop:g} s.")


@dataclass(frozen=True)
class Limits:
    """What a video may be, and what its decoding may take."""

    size: int = 8 << 30  # bytes of the file
    seconds: float = 3 * 3600.0  # a lesson, or a film
    pixels: int = 4096 * 2304  # of a frame
    memory: int = 4 << 30  # bytes of address space; FFmpeg takes 1 GB of it for 4K
    processor_seconds: int = 4 * 3600
    silence: float = 60.0  # seconds without a word from the decoder, which speaks every second
    threads: int = 2  # of the decoder


@dataclass(frozen=True)
class FilmInfo:
    """What the container says of itself; sizes are those of upright frames."""

    width: int
    height: int
    rate: float  # frames a second
    seconds: float | None  # None where it does not say
    turned: int  # degrees by which its frames were turned to stand upright


class Film:
    """A video that is being decoded. Its frames can be taken once, in order."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", limits: Limits) -> None:
        self._name, self._process, self._limits = name, process, limits
        assert process.stdout is not None  # noqa: S101 - asked for below
        self._pipe = process.stdout.fileno()
        self.info: FilmInfo  # known once the decoder has opened the file
        self.ended_early: float | None = None  # seconds, known in the end: the film breaks off long before its length

    def begin(self) -> None:
        """Wait until the decoder says what the file holds. Raises InputRefused."""
        kind, _, _, _, size = self._header()
        if kind != INFO or size > _MESSAGE:
            raise self._refusal(kind, size)
        self.info = FilmInfo(**json.loads(self._bytes(size)))

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        while True:
            kind, seconds, height, width, size = self._header()
            if kind == FRAME and size == height * width * 3 <= 3 * self._limits.pixels:
                frame = np.empty((height, width, 3), np.uint8)
                self._fill(memoryview(frame.data).cast("B"))
                yield seconds, frame
            elif kind == DONE and size <= _MESSAGE:
                self.ended_early = json.loads(self._bytes(size))["ended_early"]
                return
            elif kind != BEAT:
                raise self._refusal(kind, size)

    def close(self) -> None:
        """End the decoder, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _refusal(self, kind: bytes, size: int) -> InputRefused:
        if kind == FAIL and size <= _MESSAGE:
            return InputRefused(f"{self._name}: {self._bytes(size).decode('utf-8', 'replace')}.")
        return InputRefused(f"{self._name}: its decoder talked nonsense and was stopped. The file is damaged.")

    def _header(self) -> tuple[Any, ...]:
        return HEADER.unpack(self._bytes(HEADER.size))

    def _bytes(self, size: int) -> bytes:
        content = bytearray(size)
        self._fill(memoryview(content))
        return bytes(content)

    def _fill(self, place: memoryview) -> None:
        """Exactly as many bytes as `place` takes; InputRefused when the decoder dies or falls silent."""
        done = 0
        while done < len(place):
            if not select.select([self._pipe], [], [], self._limits.silence)[0]:
                raise InputRefused(
                    f"{self._name}: its decoder stood still for {self._limits.silence:.0f} s and was stopped. The file "
                    "is damaged."
                )
            got = os.readv(self._pipe, [place[done:]])
            if not got:
                code = self._process.wait()
                how = f"was stopped by signal {-code}" if code < 0 else f"gave up with code {code}"
                raise InputRefused(
                    f"{self._name}: its decoder {how}. The file is damaged, or takes more memory or time than a video "
                    "may."
                )
            done += got


def is_film(path: Path) -> bool:
    """Whether a file is named like a video, or begins like one."""
    return path.is_file() and (path.suffix.lower() in FILM_SUFFIXES or _is_container(path))


@contextmanager
def open_film(
    path: Path, sampling: Sampling | None = None, limits: Limits | None = None, name: str | None = None
) -> Iterator[Film]:
    """Start decoding; `name` is what messages call the video. Raises InputRefused, here or while frames are taken."""
    limits, name = limits or Limits(), name or str(path)
    if not path.is_file():
        raise InputRefused(f"{name}: there is no such file.")
    if not _is_container(path):
        raise InputRefused(f"{name}: not a video that can be read; use {FORMS}.")
    size = path.stat().st_size
    if size > limits.size:
        raise InputRefused(f"{name}: {size / (1 << 30):.1f} GB is too large a video (limit {limits.size >> 30} GB).")
    settings = asdict(limits) | asdict(sampling or Sampling()) | {"path": str(path.resolve())}
    # -P: the script's own folder is no place to import from.
    process = subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__).with_name("film_decoder.py")), json.dumps(settings)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    film = Film(name, process, limits)
    try:
        film.begin()
        yield film
    finally:
        film.close()


def _is_container(path: Path) -> bool:
    with path.open("rb") as handle:
        head = handle.read(16)
    quicktime = head[4:8] in _QUICKTIME
    return quicktime or (head[:4] == b"RIFF" and head[8:12] == b"AVI ") or head[:4] == b"\x1aE\xdf\xa3"
