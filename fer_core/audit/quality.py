"""Flat and blurred images, measured on 48x48 grey tiles.

Blur scores made for photographs fail at this size: they follow contrast and lighting. Sharpness here is the mean
absolute Laplacian at full resolution over that at half resolution: of a sharp image the finer one keeps about two
thirds, whatever its contrast; of a blurred one it loses most.
"""

import numpy as np
import pandas as pd

from fer_core.audit.findings import findings
from fer_core.progress import Report, silent

FLAT_RANGE = 12  # grey values between the darkest and the brightest pixel; photographs have ten times that
# By eye along FER2013's order (50 images lie below): the lowest are out of focus, towards the limit it is mixed.
BLURRED_BELOW = 0.44
_CHUNK = 2048


def measure_quality(images: np.ndarray, report: Report = silent) -> pd.DataFrame:
    """`range` (darkest to brightest, 0 to 255) and `sharpness` (0 to about 1) of each image: uint8 (N, 48, 48)."""
    spans, sharpness = [], []
    for start in range(0, len(images), _CHUNK):
        report("measuring sharpness", start / len(images))
        pixels = np.asarray(images[start : start + _CHUNK])
        spans.append(pixels.max(axis=(1, 2)).astype(np.int16) - pixels.min(axis=(1, 2)))
        sharpness.append(_sharpness(pixels.astype(np.float32)))
    return pd.DataFrame({"range": np.concatenate(spans), "sharpness": np.concatenate(sharpness)})


def flat(quality: pd.DataFrame, limit: int = FLAT_RANGE) -> pd.DataFrame:
    """Images with at most `limit` grey values between darkest and brightest."""
    span = quality["range"].to_numpy()
    rows = np.flatnonzero(span <= limit)
    evidence = [f"All pixels lie within {value} of 255 grey values." for value in span[rows]]
    return findings(rows, "flat", 1.0 - span[rows] / 255, evidence)


def blurred(quality: pd.DataFrame, limit: float = BLURRED_BELOW) -> pd.DataFrame:
    """Images (but flat ones) with a sharpness below `limit`; the score grows as the sharpness falls to 0."""
    sharpness = quality["sharpness"].to_numpy()
    rows = np.flatnonzero((sharpness < limit) & (quality["range"].to_numpy() > FLAT_RANGE))
    evidence = [f"Sharpness {value:.2f}; a sharp image has about 0.64." for value in sharpness[rows]]
    return findings(rows, "blurred", 1.0 - sharpness[rows] / (2 * limit), evidence)


def _sharpness(pixels: np.ndarray) -> np.ndarray:
    """float32 (n, 48, 48) -> float32 (n,)."""
    n, height, width = pixels.shape
    half = pixels.reshape(n, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
    return _edges(pixels) / np.maximum(_edges(half), 1e-3)


def _edges(pixels: np.ndarray) -> np.ndarray:
    """Mean absolute Laplacian of each image."""
    laplacian = 4 * pixels[:, 1:-1, 1:-1]
    laplacian -= pixels[:, :-2, 1:-1]
    laplacian -= pixels[:, 2:, 1:-1]
    laplacian -= pixels[:, 1:-1, :-2]
    laplacian -= pixels[:, 1:-1, 2:]
    return np.abs(laplacian, out=laplacian).mean(axis=(1, 2))
