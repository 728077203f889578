"""Images in which there is little to see, measured on 48x48 grey tiles: flat, blurred, dark, bright, poor, two-toned.

Scores and limits made for photographs fail at this size. Each measure here was chosen, and each limit set, by eye along
FER2013's order: beyond a limit nearly every image is what the check calls it. `CHECKS` says all that a page needs to
show a measure with a movable limit.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.audit.findings import findings
from fer_core.dataset.store import SIDE
from fer_core.progress import Report, silent

FLAT_RANGE = 12  # grey values between the darkest and the brightest pixel; photographs have ten times that
MEASURES = {
    "range": "grey values between the darkest and the brightest pixel, 0 to 255 (int16)",
    "sharpness": "mean absolute Laplacian over mean absolute gradient, 0 to 4; of a sharp face about 1.1 (float32)",
    "highlights": "the grey value that nine tenths of the pixels do not exceed, 0 to 255 (int16)",
    "shadows": "the grey value that nine tenths of the pixels reach or exceed, 0 to 255 (int16)",
    "information": "entropy of the grey values in bits, 0 to 8; of a photograph about 7 (float32)",
    "two_tone": "share of pixels near black or near white, 0 where either is all but missing (float32)",
}

_NEAR_END = 32  # grey values from black or white
_LEAST_SHARE = 0.04  # of the pixels must be near black, and as many near white, to make two tones
_CHUNK = 1024


@dataclass(frozen=True)
class Check:
    """A measure with a limit: images at the limit or beyond are found."""

    reason: str  # a key of findings.REASONS
    title: str  # heads the histogram
    column: str  # a key of MEASURES
    below: bool  # found at or below the limit; else at or above
    limit: float
    slider: tuple[float, float, float]  # least and greatest sensible limit, and the step between limits
    worst: float  # the value at which the score is 1; at the limit it is 1/2
    sentence: str  # the evidence, for str.format with `value`


CHECKS = (
    Check(
        "flat", "Range of grey values", "range", True, FLAT_RANGE, (0, 60, 1), 0,
        "All pixels lie within {value:.0f} of 255 grey values.",
    ),
    Check(
        "blurred", "Sharpness", "sharpness", True, 0.65, (0.3, 1.1, 0.01), 0.2,
        "Sharpness {value:.2f}; a sharp image has about 1.1.",
    ),
    Check(
        "dark", "Brightness of the lightest tenth", "highlights", True, 64, (20, 140, 1), 0,
        "Nine tenths of the pixels are no brighter than {value:.0f} of 255.",
    ),
    Check(
        "bright", "Brightness of the darkest tenth", "shadows", False, 192, (120, 250, 1), 255,
        "Nine tenths of the pixels are at least as bright as {value:.0f} of 255.",
    ),
    Check(
        "low-information", "Information in the grey values", "information", True, 4.8, (1.0, 6.5, 0.1), 0,
        "The grey values hold {value:.1f} bits; those of a photograph about 7.",
    ),
    Check(
        "black-and-white", "Share of black and white", "two_tone", False, 0.68, (0.3, 1.0, 0.01), 1,
        "{value:.0%} of the pixels are near black or near white.",
    ),
)  # fmt: skip


def measure_quality(images: np.ndarray, report: Report = silent) -> pd.DataFrame:
    """MEASURES of each image, one row per image. `images`: uint8 (N, 48, 48)."""
    parts = []
    for start in range(0, len(images), _CHUNK):
        report("measuring quality", start / len(images))
        parts.append(_measure(np.asarray(images[start : start + _CHUNK])))
    return pd.concat(parts, ignore_index=True) if parts else _measure(images)


def quality_findings(measures: pd.DataFrame, check: Check, limit: float | None = None) -> pd.DataFrame:
    """Images at or beyond `limit` (default: the check's own), in row order.

    Flat images are found by the check for them alone: of nothing, no other measure means anything. The score rises from
    1/2 at the check's own limit to 1 at its worst value.
    """
    limit = check.limit if limit is None else limit
    values = measures[check.column].to_numpy()
    beyond = values <= limit if check.below else values >= limit
    if check.column != "range":
        beyond &= measures["range"].to_numpy() > FLAT_RANGE
    rows = np.flatnonzero(beyond)
    scores = 1 - 0.5 * (values[rows] - check.worst) / (check.limit - check.worst)
    evidence = [check.sentence.format(value=value) for value in values[rows]]
    return findings(rows, check.reason, scores.clip(0, 1), evidence)


def _measure(images: np.ndarray) -> pd.DataFrame:
    shares = _shares(images)
    upto = np.cumsum(shares, axis=1)
    values = np.arange(256)
    present = shares > 0
    darkest, brightest = present.argmax(axis=1), 255 - present[:, ::-1].argmax(axis=1)
    black, white = upto[:, _NEAR_END], 1 - upto[:, 255 - _NEAR_END - 1]
    bits = np.log2(shares, out=np.zeros_like(shares), where=present)
    return pd.DataFrame(
        {
            "range": (brightest - darkest).astype(np.int16),
            "sharpness": _sharpness(images.astype(np.float32)),
            # A little less than the share, for sums that are a rounding error short of it.
            "highlights": values[(upto >= 0.9 - 1e-6).argmax(axis=1)].astype(np.int16),
            "shadows": values[(upto > 0.1 + 1e-6).argmax(axis=1)].astype(np.int16),
            "information": -(shares * bits).sum(axis=1),
            "two_tone": np.where(np.minimum(black, white) < _LEAST_SHARE, 0, black + white).astype(np.float32),
        }
    )


def _shares(images: np.ndarray) -> np.ndarray:
    """The share of each grey value in each image, float32 (n, 256)."""
    places = images.reshape(-1, SIDE * SIDE) + 256 * np.arange(len(images))[:, None]
    counts = np.bincount(places.ravel(), minlength=256 * len(images)).reshape(-1, 256)
    return (counts / (SIDE * SIDE)).astype(np.float32)


def _sharpness(pixels: np.ndarray) -> np.ndarray:
    """Mean absolute Laplacian over mean absolute gradient, float32 (n, 48, 48) -> float32 (n,).

    Blur takes from the second derivative before it takes from the first, whatever the contrast and the light.
    """
    down, across = np.diff(pixels, axis=1), np.diff(pixels, axis=2)
    gradient = np.abs(down).mean(axis=(1, 2)) + np.abs(across).mean(axis=(1, 2))
    laplacian = np.diff(down, axis=1)[:, :, 1:-1] + np.diff(across, axis=2)[:, 1:-1]
    return np.abs(laplacian, out=laplacian).mean(axis=(1, 2)) / np.maximum(gradient, 1e-3)
