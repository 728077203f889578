"""The images as points in the plane: what a network takes for alike lies together.

t-SNE (van der Maaten and Hinton, 2008) of all images would take minutes and memory that grow faster than their number.
So it draws some thousand images, chosen at random, and every other image is put among those it is most like.
"""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from fer_core.audit.scores import unit
from fer_core.progress import Report, silent

LANDMARKS = 2000
_COMPONENTS = 32
_AMONG = 6  # landmarks that place an image
_BLOCK = 4096
_FEWEST = 12


def draw_map(features: np.ndarray, seed: int = 0, report: Report = silent) -> np.ndarray:
    """Coordinates in [-1, 1], float32 (N, 2), of features (N, D). Fewer than a dozen images are put on a line."""
    count = len(features)
    if count < _FEWEST:
        return np.stack([np.linspace(-1, 1, count), np.zeros(count)], axis=1).astype(np.float32)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(count, min(LANDMARKS, count), replace=False))
    points = unit(features)
    report("drawing the map", 0.0)
    if np.ptp(points[chosen], axis=0).max() < 1e-6:  # all alike: there is nothing to draw
        return np.zeros((count, 2), np.float32)
    components = min(_COMPONENTS, len(chosen) - 1, points.shape[1])
    points = PCA(components, random_state=seed).fit(points[chosen]).transform(points)
    landmarks = points[chosen]
    perplexity = min(30.0, (len(chosen) - 1) / 3)
    drawn = TSNE(perplexity=perplexity, init="pca", random_state=seed, max_iter=500).fit_transform(landmarks)
    report("drawing the map", 0.8)

    placed = np.empty((count, 2), np.float32)
    among = min(_AMONG, len(chosen))
    for start in range(0, count, _BLOCK):
        report("drawing the map", 0.8 + 0.2 * start / count)
        here = points[start : start + _BLOCK]
        distance = (here**2).sum(1)[:, None] + (landmarks**2).sum(1)[None] - 2 * here @ landmarks.T
        nearest = np.argpartition(distance, among - 1, axis=1)[:, :among]
        gaps = np.sqrt(np.take_along_axis(distance, nearest, axis=1).clip(1e-12))
        weights = 1 / gaps**3
        placed[start : start + _BLOCK] = (drawn[nearest] * weights[:, :, None]).sum(1) / weights.sum(1, keepdims=True)
    placed[chosen] = drawn
    middle = (placed.max(axis=0) + placed.min(axis=0)) / 2
    placed -= middle
    return (placed / max(float(np.abs(placed).max()), 1e-9)).astype(np.float32)
