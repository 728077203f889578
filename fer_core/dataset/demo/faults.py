"""Faults that are planted in the demo on purpose and written down, so that an audit can be marked.

KINDS names them; the shares are roughly those that people report of FER2013, with enough of each to count.
"""

import cv2
import numpy as np

from fer_core.dataset.store import SIDE
from fer_core.emotions import CLASSES, NAMES

KINDS = {
    "wrong_label": "the given label is not what was drawn",
    "exact_copy": "the same pixels as its partner",
    "exact_conflict": "an exact copy under another label (so a wrong one)",
    "exact_leak": "an exact copy in a test split of a partner in Training",
    "near_copy": "its partner a pixel off, brighter or darker, and compressed once more",
    "blurred": "far out of focus",
    "black_and_white": "every pixel black or white",
    "not_a_face": "a texture, a thing, writing, or nothing",
    "flat": "not a face, and next to no contrast",
}
# Of all images. Not a face includes flat; wrong labels include those of conflicting copies.
SHARES = {
    "wrong_label": 0.08,
    "exact_plain": 0.014,
    "exact_conflict": 0.012,
    "exact_leak": 0.014,
    "near_copy": 0.02,
    "blurred": 0.02,
    "black_and_white": 0.015,
    "not_a_face": 0.02,
    "flat": 0.006,
}
_OFTEN = (("fear", "surprise"), ("sad", "neutral"), ("angry", "disgust"), ("fear", "sad"), ("happy", "neutral"))
_OFTEN_WEIGHTS = (6.0, 6.0, 6.0, 3.0, 2.0)


def _confusion() -> np.ndarray:
    """How likely a wrong label is each class, by true class: float64 (7, 7), rows add up to 1."""
    weights = 0.4 * (1 - np.eye(CLASSES))
    for (one, other), weight in zip(_OFTEN, _OFTEN_WEIGHTS, strict=True):
        i, j = NAMES.index(one), NAMES.index(other)
        weights[i, j] += weight
        weights[j, i] += weight
    return weights / weights.sum(axis=1, keepdims=True)


CONFUSION = _confusion()


def wrong_label(true_label: int, rng: np.random.Generator) -> int:
    """Another class than the true one, more often one that people confuse it with."""
    return int(rng.choice(CLASSES, p=CONFUSION[true_label]))


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (48, 48) so far out of focus that its expression is hard to name."""
    soft = cv2.GaussianBlur(image.astype(np.float64), (0, 0), rng.uniform(2.2, 3.2))
    return np.rint(soft).astype(np.uint8)


def black_and_white(image: np.ndarray) -> np.ndarray:
    """uint8 (48, 48) with only 0 and 255 in it, split at the median of the middle, where the face is."""
    return np.where(image > np.median(image[8:40, 10:38]), 255, 0).astype(np.uint8)


def near_copy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (48, 48): shifted by up to a pixel, exposed otherwise, compressed as by a JPEG of middling quality."""
    down, across = rng.integers(-1, 2, 2)
    framed = np.pad(image.astype(np.float64), 1, mode="edge")
    shifted = framed[1 + down : 1 + down + SIDE, 1 + across : 1 + across + SIDE]
    brighter = rng.choice([-1, 1]) * rng.uniform(5, 14)
    return _compress(shifted * rng.uniform(0.93, 1.07) + brighter, step=rng.uniform(4, 9))


def _compress(tones: np.ndarray, step: float) -> np.ndarray:
    """Quantise the cosine transform of each 8x8 block in steps that grow with frequency."""
    k = np.arange(8)
    cosines = np.sqrt(np.where(k == 0, 1, 2) / 8)[:, None] * np.cos(np.pi * k[:, None] * (2 * k + 1) / 16)
    steps = step * (1 + 0.3 * (k[:, None] + k))
    blocks = tones.reshape(SIDE // 8, 8, SIDE // 8, 8).swapaxes(1, 2)
    quantised = np.rint(cosines @ blocks @ cosines.T / steps) * steps
    restored = (cosines.T @ quantised @ cosines).swapaxes(1, 2).reshape(SIDE, SIDE)
    return np.clip(np.rint(restored), 0, 255).astype(np.uint8)
