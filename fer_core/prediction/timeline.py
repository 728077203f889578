"""What a video's faces showed over time: per person, and for everybody together. Light to import: no torch."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.emotions import CLASSES, NAMES
from fer_core.files import atomic_path
from fer_core.prediction.answer import DIGITS
from fer_core.prediction.tracking import GAP

SMOOTH = 1.0  # seconds


@dataclass(frozen=True)
class Timeline:
    """A video of `width` x `height` pixels, looked at in T frames with F faces; times are in seconds.

    Faces stand in the order of their frames. Of long videos only some frames keep their picture and crops.
    """

    name: str
    model: str
    width: int
    height: int
    rate: float  # frames a second that were asked for
    length: float  # to where it was looked at
    broken_off: bool  # the video ends long before it says
    seconds: np.ndarray  # float64 (T,), ascending
    frames: np.ndarray  # int64 (F,): each face's frame
    persons: np.ndarray  # int64 (F,), from 0; tracking.PASSING for what was hardly a face
    boxes: np.ndarray  # int64 (F, 4): x, y, width, height in the video's pixels
    probabilities: np.ndarray  # float32 (F, 7)
    cropped: np.ndarray  # int64 (K,): the faces whose crops were kept, ascending
    crops: np.ndarray  # uint8 (K, 48, 48), as the network saw them
    pictured: np.ndarray  # int64 (P,): the frames whose pictures were kept, ascending
    pictures: tuple[bytes, ...]  # P JPEGs

    @property
    def people(self) -> int:
        """How many faces were followed. One who left and came back counts twice."""
        return int(self.persons.max(initial=-1)) + 1

    def faces_of(self, person: int) -> np.ndarray:
        """The positions of one person's sightings, ascending."""
        return np.flatnonzero(self.persons == person)

    @property
    def step(self) -> float:
        """Seconds between two frames that were looked at, usually."""
        return float(np.median(np.diff(self.seconds))) if len(self.seconds) > 1 else 1 / self.rate


@dataclass(frozen=True)
class Spell:
    """A while in which one state was the likeliest of a person; the times are in seconds."""

    start: float
    end: float
    index: int


def smoothed(
    seconds: np.ndarray,
    values: np.ndarray,
    window: float,
    counts: np.ndarray | None = None,
    at: np.ndarray | None = None,
) -> np.ndarray:
    """The mean of all that lies within half a window to either side: float64 (m, k) for float (n, k) at (n,) seconds.

    With `counts` (n,), `values` are sums of so many things. `at`: the m moments that are wanted (None: `seconds`).
    Where nothing lies within the window there is NaN.
    """
    at = seconds if at is None else at
    counts = np.ones(len(seconds)) if counts is None else np.asarray(counts, np.float64)
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0, dtype=np.float64)])
    weights = np.concatenate([[0.0], np.cumsum(counts)])
    low = np.searchsorted(seconds, at - window / 2 - 1e-9, side="left")
    high = np.searchsorted(seconds, at + window / 2 + 1e-9, side="right")
    weight = (weights[high] - weights[low])[:, None]
    return np.where(weight > 0, (sums[high] - sums[low]) / np.where(weight > 0, weight, 1), np.nan)


def person_states(timeline: Timeline, person: int, window: float = SMOOTH) -> np.ndarray:
    """One person's probabilities after smoothing, float64 (n, 7), at each of the sightings."""
    faces = timeline.faces_of(person)
    return smoothed(timeline.seconds[timeline.frames[faces]], timeline.probabilities[faces], window)


def class_states(timeline: Timeline, window: float = SMOOTH) -> tuple[np.ndarray, np.ndarray]:
    """For everybody together: how many faces each frame has, int64 (T,), and their mean probabilities, float64 (T, 7).

    Every face within the window counts the same. Where there is none the shares are NaN.
    """
    known = timeline.persons >= 0
    frames, total = timeline.frames[known], len(timeline.seconds)
    counts = np.bincount(frames, minlength=total)
    sums = np.zeros((total, CLASSES))
    np.add.at(sums, frames, timeline.probabilities[known])
    return counts, smoothed(timeline.seconds, sums, window, counts)


def overall(timeline: Timeline, person: int | None = None) -> np.ndarray:
    """The mean probabilities over the whole video, float64 (7,): of one person, or of all faces; NaN without faces."""
    faces = timeline.persons >= 0 if person is None else timeline.persons == person
    known = timeline.probabilities[faces].astype(np.float64)
    return known.mean(0) if len(known) else np.full(CLASSES, np.nan)


def spells(timeline: Timeline, person: int, window: float = SMOOTH) -> list[Spell]:
    """A person's states one after the other; moments out of sight are bridged, as `tracking` bridges them."""
    faces = timeline.faces_of(person)
    times, half = timeline.seconds[timeline.frames[faces]], timeline.step / 2
    states = person_states(timeline, person, window).argmax(1)
    found: list[Spell] = []
    for time, state in zip(times.tolist(), states.tolist(), strict=True):
        last = found[-1] if found else None
        near = last is not None and time - last.end <= GAP
        if last is not None and near and last.index == state:
            found[-1] = Spell(last.start, time + half, state)
        else:
            # Halfway between two states that touch; the gap before a new one belongs to nobody.
            start = last.end if last is not None and time - half <= last.end + half else time - half
            found.append(Spell(max(0.0, start), time + half, state))
    return found


def document(timeline: Timeline, window: float = SMOOTH) -> dict[str, Any]:
    """The answer as `video --json` prints it."""
    counts, shares = class_states(timeline, window)
    return {
        "file": timeline.name,
        "width": timeline.width,
        "height": timeline.height,
        "seconds": round(timeline.length, 3),
        "broken_off": timeline.broken_off,
        "rate": timeline.rate,
        "smooth": window,
        "model": timeline.model,
        "frames": len(timeline.seconds),
        "faces": int((timeline.persons >= 0).sum()),
        "left_out": int((timeline.persons < 0).sum()),
        "persons": [_person_document(timeline, person, window) for person in range(timeline.people)],
        "class": {
            "shares": _named(overall(timeline)),
            "timeline": [
                {"seconds": round(time, 3), "faces": int(count), "shares": _named(share)}
                for time, count, share in zip(timeline.seconds.tolist(), counts, shares, strict=True)
            ],
        },
    }


FACE_COLUMNS = ("seconds", "person", "x", "y", "width", "height", "label", "confidence", *NAMES, "smoothed")
CLASS_COLUMNS = ("seconds", "faces", *NAMES)


def faces_csv(timeline: Timeline, window: float = SMOOTH) -> str:
    """A line per face and frame; `smoothed` is the label after smoothing. What was hardly a face has no person."""
    calm = np.full(len(timeline.frames), -1)
    for person in range(timeline.people):
        calm[timeline.faces_of(person)] = person_states(timeline, person, window).argmax(1)
    rows = zip(
        timeline.seconds[timeline.frames].tolist(),
        timeline.persons.tolist(),
        timeline.boxes.tolist(),
        timeline.probabilities.tolist(),
        calm.tolist(),
        strict=True,
    )
    return _csv(
        FACE_COLUMNS,
        (
            [
                round(time, 3),
                person + 1 if person >= 0 else "",
                *box,
                NAMES[int(np.argmax(answer))],
                *(round(p, DIGITS) for p in (max(answer), *answer)),
                NAMES[state] if state >= 0 else "",
            ]
            for time, person, box, answer, state in rows
        ),
    )


def class_csv(timeline: Timeline, window: float = SMOOTH) -> str:
    """A line per frame: how many faces, and the share of each state after smoothing; empty cells without faces."""
    counts, shares = class_states(timeline, window)
    rows = zip(timeline.seconds.tolist(), counts.tolist(), shares.tolist(), strict=True)
    return _csv(
        CLASS_COLUMNS,
        ([round(time, 3), count, *("" if s != s else round(s, DIGITS) for s in share)] for time, count, share in rows),
    )


def clock(seconds: float) -> str:
    """A moment as people say it: "0:07", "1:02:15"."""
    whole = int(seconds + 1e-6)
    minutes = f"{whole // 60 % 60}:{whole % 60:02d}"
    return minutes if whole < 3600 else f"{whole // 3600}:{minutes:0>5}"


def save_timeline(path: Path, timeline: Timeline) -> None:
    """Store it as a NumPy archive, atomically."""
    arrays = {name: getattr(timeline, name) for name in _STORED}
    sizes = np.array([len(picture) for picture in timeline.pictures], np.int64)
    arrays |= {"sizes": sizes, "bytes": np.frombuffer(b"".join(timeline.pictures), np.uint8)}
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez(handle, **arrays)


def load_timeline(path: Path) -> Timeline:
    """What `save_timeline` stored."""
    with np.load(path, allow_pickle=False) as stored:
        values = {name: stored[name] for name in _STORED}
        values = {name: value.item() if value.ndim == 0 else value for name, value in values.items()}
        ends = np.cumsum(stored["sizes"])
        content = stored["bytes"].tobytes()
    parts = tuple(content[end - size : end] for end, size in zip(ends, np.diff(ends, prepend=0), strict=True))
    return Timeline(**values, pictures=parts)


_STORED = tuple(field.name for field in fields(Timeline) if field.name != "pictures")


def _person_document(timeline: Timeline, person: int, window: float) -> dict[str, Any]:
    times = timeline.seconds[timeline.frames[timeline.faces_of(person)]]
    return {
        "person": person + 1,
        "from": round(float(times[0]), 3),
        "to": round(float(times[-1]), 3),
        "sightings": len(times),
        "shares": _named(overall(timeline, person)),
        "states": [
            {"from": round(spell.start, 3), "to": round(spell.end, 3), "label": NAMES[spell.index]}
            for spell in spells(timeline, person, window)
        ],
    }


def _named(shares: np.ndarray) -> dict[str, float] | None:
    if np.isnan(shares).any():
        return None
    return {name: round(float(share), DIGITS) for name, share in zip(NAMES, shares, strict=True)}


def _csv(columns: tuple[str, ...], rows: Iterator[list[Any]]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
