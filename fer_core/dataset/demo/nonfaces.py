"""Pictures that have no business in a data set of faces: textures, things, writing, and plain grey."""

import cv2
import numpy as np

from fer_core.dataset.demo.photo import background, develop
from fer_core.dataset.store import SIDE


def draw_flat(rng: np.random.Generator) -> np.ndarray:
    """An empty frame, uint8 (48, 48): one grey with one pixel a little off, so that no two are the same by chance."""
    image = np.full((SIDE, SIDE), rng.integers(0, 250), np.uint8)
    image[tuple(rng.integers(0, SIDE, 2))] += rng.integers(1, 6, dtype=np.uint8)
    return image


def draw_nonface(rng: np.random.Generator) -> np.ndarray:
    """One of the other kinds, uint8 (48, 48)."""
    draw = (_stripes, _clouds, _checks, _writing, _landscape)[rng.integers(5)]
    return develop(draw(rng), rng)


def _stripes(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(0.3, 1.2)
    wave = np.sin(pitch * (x * np.cos(angle) + y * np.sin(angle)) + rng.uniform(0, 6))
    return rng.uniform(90, 160) + rng.uniform(30, 80) * wave


def _clouds(rng: np.random.Generator) -> np.ndarray:
    """Noise at several scales."""
    tones = np.full((SIDE, SIDE), rng.uniform(80, 170))
    for cells, strength in ((3, 45), (6, 25), (12, 15), (24, 10)):
        noise = rng.normal(0, strength, (cells, cells))
        tones += cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return tones


def _checks(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    size = int(rng.integers(4, 13))
    dark, bright = rng.uniform(10, 100), rng.uniform(140, 245)
    return np.where((x // size + y // size) % 2, bright, dark).astype(np.float64)


def _writing(rng: np.random.Generator) -> np.ndarray:
    """Lines of words too small to read, as on a placeholder that says that a picture is gone."""
    tones = np.full((SIDE, SIDE), rng.uniform(180, 250))
    ink = rng.uniform(10, 90)
    for top in range(int(rng.integers(4, 10)), 42, int(rng.integers(6, 10))):
        x = int(rng.integers(3, 8))
        while x < 44:
            word = int(rng.integers(2, 9))
            letters = rng.random((4, min(word, 45 - x))) < 0.65
            tones[top : top + 4, x : x + letters.shape[1]][letters] = ink
            x += word + 2
    return tones


def _landscape(rng: np.random.Generator) -> np.ndarray:
    """A bright sky over a dark ridge, with something out of focus in it."""
    tones = background(rng)
    ridge = 26 + np.cumsum(rng.normal(0, 1.1, SIDE))
    below = np.mgrid[0:SIDE, 0:SIDE][0] > ridge
    return np.where(below, 0.35 * tones, 0.5 * tones + 110)
