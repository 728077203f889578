"""Which boxes of a video are the same face: followed from frame to frame by where they are, never by who they are.

A face is looked for where it is on its way to, so that two people who cross keep their numbers; it may be out of sight
for a moment. Nobody is recognised: a face that comes back later is a new person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

GAP = 1.5  # seconds that a face may be out of sight
FEWEST = 3  # sightings; what was seen less often was hardly a face
NEAR, FAR = 0.6, 1.5  # sides of the face: how far it may be from where it should be, at once and at most
PACE = 1.5  # sides of the face a second by which that grows
GROWTH = 1.6  # how many times larger or smaller it may be
STEADY = 0.5  # of the last velocity that is kept: boxes tremble
PASSING = -1


@dataclass
class _Track:
    """A face on its way: its last box and where that was heading, in pixels and seconds."""

    seconds: float
    middle: np.ndarray  # float (2,)
    side: float
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))
    sightings: list[tuple[int, int]] = field(default_factory=list)  # frame, position in it

    def see(self, seconds: float, middle: np.ndarray, side: float, sighting: tuple[int, int]) -> None:
        passed = seconds - self.seconds
        if passed > 0:
            fresh = (middle - self.middle) / passed
            keep = STEADY if len(self.sightings) > 1 else 0.0
            self.velocity = keep * self.velocity + (1 - keep) * fresh
        self.seconds, self.middle, self.side = seconds, middle, side
        self.sightings.append(sighting)


def follow(
    seconds: Sequence[float] | np.ndarray, boxes: Sequence[np.ndarray], gap: float = GAP, fewest: int = FEWEST
) -> list[np.ndarray]:
    """The person behind each box: int64 (n,) for each of T frames, numbered from 0 as they appear, left to right.

    `seconds`: when each frame was, ascending. `boxes`: for each frame (n, 4), `x, y, width, height`. Faces that were
    seen fewer than `fewest` times (fewer than there are frames, in a very short video) are PASSING, -1.
    """
    tracks: list[_Track] = []
    for frame, (now, found) in enumerate(zip(seconds, boxes, strict=True)):
        found = np.asarray(found, np.float64).reshape(-1, 4)
        middles, sides = found[:, :2] + found[:, 2:] / 2, found[:, 2:].max(1, initial=0)
        current = [track for track in tracks if now - track.seconds <= gap]
        taken = _pairs(_scores(current, float(now), middles, sides))
        for position in np.argsort(middles[:, 0], kind="stable").tolist():
            if position in taken:
                track = current[taken[position]]
            else:
                track = _Track(float(now), middles[position], float(sides[position]))
                tracks.append(track)
            track.see(float(now), middles[position], float(sides[position]), (frame, position))
    persons = [np.full(len(found), PASSING, np.int64) for found in boxes]
    number = 0
    for track in tracks:
        if len(track.sightings) >= min(fewest, len(boxes)):
            for frame, position in track.sightings:
                persons[frame][position] = number
            number += 1
    return persons


def overlap(middles: np.ndarray, sides: np.ndarray, middle: np.ndarray, side: float) -> np.ndarray:
    """Intersection over union of squares with one square: float (n,) in [0, 1] for middles (n, 2) and sides (n,)."""
    reach = np.minimum(middles + sides[:, None] / 2, middle + side / 2) - np.maximum(
        middles - sides[:, None] / 2, middle - side / 2
    )
    shared = reach.clip(0).prod(1)
    return np.asarray(shared / (sides**2 + side**2 - shared).clip(1e-9))


def _scores(tracks: list[_Track], now: float, middles: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """How well each box (columns) carries on each track (rows), float; -inf where it cannot."""
    scores = np.full((len(tracks), len(middles)), -np.inf)
    for row, track in enumerate(tracks):
        passed = now - track.seconds
        expected = track.middle + track.velocity * passed
        astray = np.linalg.norm(middles - expected, axis=1) / max(track.side, 1)
        moved = np.linalg.norm(middles - track.middle, axis=1) / max(track.side, 1)
        ratio = np.maximum(sides, 1) / max(track.side, 1)
        # Somebody who was walking may have stopped: where the face was is as good a place as where it was heading.
        fits = (np.minimum(astray, moved) <= min(NEAR + PACE * passed, FAR)) & (abs(np.log(ratio)) <= np.log(GROWTH))
        likeness = overlap(middles, sides, expected, track.side) - 0.5 * astray - 0.2 * passed
        scores[row] = np.where(fits, likeness, -np.inf)
    return scores


def _pairs(scores: np.ndarray) -> dict[int, int]:
    """From box to track, the best pair first, each used once."""
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for place in np.argsort(-scores, axis=None, kind="stable").tolist():
        track, box = divmod(place, scores.shape[1])
        if scores[track, box] == -np.inf:
            break
        if track not in used and box not in pairs:
            used.add(track)
            pairs[box] = track
    return pairs
