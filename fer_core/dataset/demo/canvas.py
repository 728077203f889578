"""A 48x48 picture in the making: vector shapes in face coordinates, painted with anti-aliased edges.

Face coordinates: the head is about 1 wide on either side of the nose, x to the right, y down; eyes near y = -0.3,
mouth near 0.66, chin near 1.25. Shapes are filled at four times the resolution and averaged down to coverages, and
tones are blended in float64, so that the same seed gives the same bytes wherever it is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate

import cv2
import numpy as np

from fer_core.dataset.store import SIDE

OVERSAMPLE = 4
_FRACTION_BITS = 4  # OpenCV takes polygon corners in fixed point: here sixteenths of an oversampled pixel

_MIRROR = np.array([-1.0, 1.0])

Tone = float | np.ndarray
"""A grey value, 0 black to 255 white, or an array of them, float64 (48, 48)."""


@dataclass(frozen=True)
class View:
    """How a head stands in the frame. Angles in radians; `scale` is pixels per face unit."""

    centre: tuple[float, float]
    scale: float
    tilt: float  # around the line of sight
    yaw: float  # features slide sideways over the round head
    pitch: float

    def turn(self, points: np.ndarray) -> np.ndarray:
        """Face coordinates (n, 2) after yaw and pitch: points near the middle of the head stand out and move most."""
        squares = points * points
        depth = np.sqrt(np.maximum(0.0, 1 - squares[:, :1] - squares[:, 1:] / 1.35**2))
        return points + depth * self._slide

    def project(self, points: np.ndarray) -> np.ndarray:
        """Face coordinates (n, 2) to pixels (n, 2)."""
        return self.turn(points) @ self._rotation + self.centre

    @cached_property
    def _slide(self) -> np.ndarray:
        return 0.8 * np.sin([self.yaw, self.pitch])

    @cached_property
    def _rotation(self) -> np.ndarray:
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        return self.scale * np.array([[cos, sin], [-sin, cos]])

    @cached_property
    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Face coordinates of every pixel's centre, before yaw and pitch: two float64 (48, 48)."""
        y, x = np.mgrid[0:SIDE, 0:SIDE] + 0.5
        x, y = (x - self.centre[0]) / self.scale, (y - self.centre[1]) / self.scale
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        return x * cos + y * sin, y * cos - x * sin


class Canvas:
    """Tones so far, float64 (48, 48); every call paints over what is there."""

    def __init__(self, view: View, tones: np.ndarray) -> None:
        self.view = view
        self.tones = tones
        self._mask = np.zeros((SIDE * OVERSAMPLE, SIDE * OVERSAMPLE), np.uint8)

    def fill(self, shapes: Sequence[np.ndarray], tone: Tone, opacity: float = 1.0, soft: float = 0.0) -> None:
        """Paint closed polygons, each (n, 2) in face coordinates. `soft`: blur of the edge in pixels."""
        self._mask[:] = 0
        for corners in self._fixed_point(shapes):
            cv2.fillPoly(self._mask, [corners], 255, cv2.LINE_AA, _FRACTION_BITS)
        self._blend(tone, opacity, soft)

    def stroke(
        self, lines: Sequence[np.ndarray], width: float, tone: Tone, opacity: float = 1.0, soft: float = 0.0
    ) -> None:
        """Paint open lines, `width` in pixels of the picture (in steps of a quarter)."""
        self._mask[:] = 0
        thickness = max(1, round(width * OVERSAMPLE))
        cv2.polylines(self._mask, self._fixed_point(lines), False, 255, thickness, cv2.LINE_AA, _FRACTION_BITS)
        self._blend(tone, opacity, soft)

    def shade(self, blobs: Sequence[tuple[float, float, float, float, float]]) -> None:
        """Darken or brighten softly: blobs (x, y, x radius, y radius, strength); -0.2 darkens the middle by a fifth."""
        _, _, radius_x, radius_y, strength = np.array(blobs).T[:, :, None, None]
        places = self.view.turn(np.array(blobs)[:, :2])[:, :, None, None]
        grid_x, grid_y = self.view.grid
        distance = ((grid_x - places[:, 0]) / radius_x) ** 2 + ((grid_y - places[:, 1]) / radius_y) ** 2
        self.tones *= np.maximum(0.1, 1 + (strength * np.exp(-distance)).sum(axis=0))

    def _fixed_point(self, shapes: Sequence[np.ndarray]) -> list[np.ndarray]:
        scale = OVERSAMPLE << _FRACTION_BITS
        half = 1 << (_FRACTION_BITS - 1)  # OpenCV counts from the middle of a pixel, we from its corner
        corners = np.rint(self.view.project(np.concatenate(shapes)) * scale).astype(np.int32) - half
        ends = list(accumulate(len(shape) for shape in shapes))
        return [corners[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def _blend(self, tone: Tone, opacity: float, soft: float) -> None:
        small = cv2.resize(self._mask, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        coverage: np.ndarray = small * (opacity / 255)
        if soft:
            coverage = cv2.GaussianBlur(coverage, (0, 0), soft)
        self.tones += coverage * (tone - self.tones)


def mirrored(shape: np.ndarray) -> list[np.ndarray]:
    """A shape of the right half of the face and its reflection."""
    return [shape, shape * _MIRROR]


def ellipse(x: float, y: float, radius_x: float, radius_y: float, points: int = 20) -> np.ndarray:
    """The outline of an ellipse, (points, 2)."""
    return _unit_circle(points) * (radius_x, radius_y) + (x, y)


@cache
def _unit_circle(points: int) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def outline(x: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """The closed shape between two curves over the same x, (2n, 2)."""
    corners = np.empty((2 * len(x), 2))
    corners[: len(x), 0], corners[: len(x), 1] = x, upper
    corners[len(x) :, 0], corners[len(x) :, 1] = x[::-1], lower[::-1]
    return corners
