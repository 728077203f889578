"""Images that show no face: error icons, text, things, empty tiles, and heads that are cut off or lie on their side.

Three things are asked of the pixels, and two of a network where there is one:

cascades   OpenCV's Haar cascades for the face (Lienhart and Maydt, 2002) and, where it is unsure, for the eyes. Alone
           they are weak: of real 48x48 faces, turned, covered or cut, they miss many.
shape      Histograms of oriented gradients (Dalal and Triggs, 2005): are they more like those of this data set's images
           or like those of the same images turned, zoomed, shifted, cut up and put together wrongly? Both sides are a
           normal distribution, so what is like neither counts as a stranger.
tones      How few grey values an image has: icons and text are drawn, not photographed.
doubt      The entropy of the out-of-fold probabilities.
novelty    How far the features of the network lie from those of the other images (Mahalanobis).

No signal was trained on votes. What they weigh was fitted by logistic regression on the FER+ votes of half of FER2013's
Training images (14,355, of which 66 have five or more of ten votes for "not a face"): four numbers without a network,
six with one. A score is therefore a chance: of that many votes for such an image. Nearly all of the ranking comes from
the pixels; a network that was trained to name expressions adds little to it, whatever is made of its features.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import cv2.data
import numpy as np
import pandas as pd

from fer_core.audit.findings import findings
from fer_core.audit.quality import FLAT_RANGE
from fer_core.dataset.store import SIDE, content_hashes
from fer_core.emotions import CLASSES
from fer_core.progress import Report, silent

LIMIT = 0.15  # flags 128 to 135 of FER2013's images, of which six in ten have those votes
INTERCEPT, WEIGHTS = -10.77, {"shape": 2.06, "cascades": 6.31, "tones": 4.82}
INTERCEPT_WITH_NETWORK = -11.21
WEIGHTS_WITH_NETWORK = {"shape": 1.95, "cascades": 6.32, "tones": 4.54, "doubt": 2.01, "novelty": 1.08}

FACE_SIDE = 36  # pixels to which a tile is shrunk: enough for the cascade's window of 20, and half the work of 48
FACE_MARGIN = 7  # pixels around it; a FER2013 face fills its tile, and the cascade wants some air
FACE_SIDES = (26, 47)  # pixels of 50
FACE_STEP = 1.15
FACE_SURE = 4  # raw hits; from there on eyes are not looked for, which saves a third of the time
FACE_MOST = 24
EYE_ROWS = slice(2, 34)
EYE_ZOOM = 2
EYE_SIDES = (20, 40)  # pixels of 96; the cascade's own window is 20
EYE_STEP = 1.3
EYE_MOST = 60

SAMPLE = 8000  # images that the normal distributions are fitted to
FEWEST = 100  # different images; of fewer no distribution can be said
SHAPES = 100  # principal components of the gradients
FEATURES = 200  # principal components of a network's features
SHRINKAGE = 0.1  # of the misassembled images' covariance towards that of the images
TONES = 32  # grey levels that are told apart
_CHUNK = 2048
_SHARED_OUT = 256  # images that one core takes at a time

_threads = threading.local()


def face_evidence(images: np.ndarray, report: Report = silent) -> np.ndarray:
    """What the cascades say, float32 (N,): 0 = neither a face nor an eye, 1 = a face beyond doubt.

    `images`: uint8 (N, 48, 48). It counts raw hits (windows that pass all stages), before they are grouped: a face is
    hit many times. Runs on all cores; FER2013 takes 28 core seconds.
    """
    chunks = range(0, len(images), _SHARED_OUT)
    parts = [np.zeros(0, np.float32)]
    opencv_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # tiles are too small to be shared out; each core takes other tiles
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        for start, part in zip(
            chunks, pool.map(_face_evidence, (images[start : start + chunks.step] for start in chunks)), strict=True
        ):
            report("looking for faces", start / len(images))
            parts.append(part)
    finally:
        pool.shutdown(cancel_futures=True)
        cv2.setNumThreads(opencv_threads)
    return np.concatenate(parts)


def signals(
    images: np.ndarray,
    cascade: np.ndarray,
    features: np.ndarray | None = None,
    probabilities: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """What is weighed, each float64 (N,), greater = less of a face; the arguments are those of `not_a_face_scores`."""
    sample = _sample(images)
    found = {
        "shape": _strange_shape(images, sample),
        "cascades": 1.0 - cascade.astype(np.float64),
        "tones": _few_tones(images),
    }
    if features is not None and probabilities is not None:
        found["doubt"] = _doubt(probabilities)
        found["novelty"] = _novelty(features, sample)
    return found


def not_a_face_scores(
    images: np.ndarray,
    cascade: np.ndarray,
    features: np.ndarray | None = None,
    probabilities: np.ndarray | None = None,
) -> np.ndarray:
    """How likely each image shows no face, float32 (N,) in [0, 1]; an image of hardly one grey value has 1.

    `images`: uint8 (N, 48, 48); `cascade`: float (N,) from `face_evidence`; `features`: float32 (N, D), what the last
    layer of ONE network gets of each image, any D; `probabilities`: float32 (N, 7), out of fold. Without these two it
    goes by the pixels alone. An image's score depends on which images there are, not on their order.
    """
    if not len(images):
        return np.zeros(0, np.float32)
    found = signals(images, cascade, features, probabilities)
    intercept, weights = (INTERCEPT_WITH_NETWORK, WEIGHTS_WITH_NETWORK) if "novelty" in found else (INTERCEPT, WEIGHTS)
    logit = np.full(len(images), intercept)
    for name, weight in weights.items():
        logit += weight * found[name]
    scores = 1.0 / (1.0 + np.exp(-logit))
    span = images.max(axis=(1, 2)).astype(np.int16) - images.min(axis=(1, 2))
    return np.where(span <= FLAT_RANGE, 1.0, scores).astype(np.float32)


def not_a_face(scores: np.ndarray, limit: float = LIMIT, cascade: np.ndarray | None = None) -> pd.DataFrame:
    """Findings for images with a score of at least `limit`; with `cascade` the evidence says what the cascades saw."""
    rows = np.flatnonzero(scores >= limit)
    evidence = [f"Estimated chance that people see no face here: {score:.0%}." for score in scores[rows]]
    if cascade is not None:
        evidence = [f"{words} {_told(cascade[row])}" for words, row in zip(evidence, rows, strict=True)]
    return findings(rows, "not-a-face", scores[rows], evidence)


def _told(cascade: float) -> str:
    if cascade == 0:
        return "The detectors find neither a face nor an eye."
    return "The detectors find a face." if cascade >= 0.5 else "The detectors hardly find a face or an eye."


def _face_evidence(images: np.ndarray) -> np.ndarray:
    """The part of one thread."""
    evidence = np.zeros(len(images), np.float32)
    for i, image in enumerate(np.asarray(images)):
        small = cv2.resize(image, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA)
        framed = cv2.copyMakeBorder(small, *(FACE_MARGIN,) * 4, cv2.BORDER_REPLICATE)
        faces = _hits("frontalface_alt2", framed, FACE_STEP, FACE_SIDES)
        eyes = EYE_MOST
        if faces < FACE_SURE:
            upper = cv2.resize(image[EYE_ROWS], None, fx=EYE_ZOOM, fy=EYE_ZOOM, interpolation=cv2.INTER_LINEAR)
            eyes = _hits("eye", upper, EYE_STEP, EYE_SIDES)
        evidence[i] = (_share(faces, FACE_MOST) + _share(eyes, EYE_MOST)) / 2
    return evidence


def _share(hits: int, most: int) -> float:
    """0 for no hit, 1 for `most` or more; the first hits say the most."""
    return float(np.log1p(min(hits, most)) / np.log1p(most))


def _hits(name: str, image: np.ndarray, step: float, sides: tuple[int, int]) -> int:
    """How many windows pass this thread's cascade, which keeps the image it works on and must not be shared."""
    cascades = _threads.__dict__
    if name not in cascades:
        cascades[name] = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / f"haarcascade_{name}.xml"))
    smallest, largest = sides
    return len(
        cascades[name].detectMultiScale(
            image, scaleFactor=step, minNeighbors=0, minSize=(smallest, smallest), maxSize=(largest, largest)
        )
    )


def _sample(images: np.ndarray) -> np.ndarray:
    """Rows of up to SAMPLE different images, the same ones in whatever order the images come: the first by hash.

    An error icon that stands in the data set a hundred times must not pass for what is usual there.
    """
    hashes = np.array(content_hashes(np.asarray(images)), "S64")  # a quarter of what text would take
    _, first = np.unique(hashes, return_index=True)
    return first[:SAMPLE]


def _strange_shape(images: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Log likelihood ratio of "put together wrongly" to "like the others", compressed; float64 (N,), 0 = undecided."""
    if len(sample) < FEWEST:
        return np.zeros(len(images))
    sources = np.asarray(images[sample])
    usual = _gradients(sources)
    mean, axes = _whitening(usual, min(SHAPES, len(sample) // 4))
    if not axes.shape[1]:  # no gradients at all
        return np.zeros(len(images))
    rng = np.random.default_rng(0)
    wrong = (_gradients([_misassemble(image, rng) for image in sources]) - mean) @ axes
    centre = wrong.mean(axis=0)
    covariance = (1 - SHRINKAGE) * np.cov((wrong - centre).T) + SHRINKAGE * np.eye(axes.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    vectors /= np.sqrt(values)
    ratio = np.empty(len(images))
    for start in range(0, len(images), _CHUNK):
        place = (_gradients(images[start : start + _CHUNK]) - mean) @ axes
        distance = (((place - centre) @ vectors) ** 2).sum(axis=1)
        ratio[start : start + _CHUNK] = ((place**2).sum(axis=1) - distance - np.log(values).sum()) / 2
    return np.arcsinh(ratio / 15)  # about the spread within a data set; icons reach hundreds


def _gradients(images: np.ndarray | list[np.ndarray]) -> np.ndarray:
    """Histograms of oriented gradients, float32 (n, 900): 9 directions in 8x8 cells, blocks of 2x2 cells."""
    descriptor = cv2.HOGDescriptor((SIDE, SIDE), (16, 16), (8, 8), (8, 8), 9)
    return np.stack([np.asarray(descriptor.compute(np.ascontiguousarray(image))).ravel() for image in images])


def _whitening(points: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean (D,) and the axes (D, K) that give `points` uncorrelated coordinates of variance 1.

    K is `components`, or fewer where the points vary in fewer directions.
    """
    mean = points.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((points - mean).T))
    values, vectors = values[::-1][:components], vectors[:, ::-1][:, :components]
    kept = values > max(1e-6 * values[0], 1e-12)  # the rest is rounding
    return mean, vectors[:, kept] / np.sqrt(values[kept])


def _misassemble(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture made of the same matter that is no upright, whole face, uint8 (48, 48)."""
    kind = rng.integers(7)
    if kind == 0:  # upside down
        return image[::-1]
    if kind == 1:  # on its side
        return np.rot90(image, rng.choice([1, 3]))
    if kind == 2:  # cut into blocks that changed places
        block = int(rng.choice([12, 16, 24]))
        n = SIDE // block
        blocks = image.reshape(n, block, n, block).swapaxes(1, 2).reshape(n * n, block, block)
        return rng.permutation(blocks).reshape(n, n, block, block).swapaxes(1, 2).reshape(SIDE, SIDE)
    if kind == 3:  # a small part of it
        side = int(rng.integers(10, 22))
        top, left = rng.integers(0, SIDE - side, 2)
        cut = image[top : top + side, left : left + side]
        return cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    if kind == 4:  # small, several times
        n = int(rng.choice([2, 3]))
        return np.tile(cv2.resize(image, (SIDE // n, SIDE // n), interpolation=cv2.INTER_AREA), (n, n))
    if kind == 5:  # shifted, around the edges
        return np.roll(image, rng.integers(14, 35, 2), axis=(0, 1))
    angle = float(rng.choice([-1, 1]) * rng.uniform(45, 180))
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), angle, rng.uniform(0.5, 1.8))
    return cv2.warpAffine(image, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)


def _few_tones(images: np.ndarray) -> np.ndarray:
    """0 when all grey values are as frequent, 1 when there is one only: float64 (N,), from the histogram's entropy."""
    tones = np.empty(len(images))
    for start in range(0, len(images), _CHUNK):
        chunk = np.asarray(images[start : start + _CHUNK])
        image = TONES * np.arange(len(chunk))[:, None, None]
        counts = np.bincount((image + chunk // (256 // TONES)).ravel(), minlength=TONES * len(chunk))
        shares = counts.reshape(-1, TONES) / SIDE**2
        tones[start : start + _CHUNK] = 1 + (shares * np.log(np.maximum(shares, 1e-9))).sum(axis=1) / np.log(TONES)
    return tones


def _doubt(probabilities: np.ndarray) -> np.ndarray:
    """Entropy in [0, 1] less that of the median image, float64 (N,): networks differ in how sure they are."""
    shares = probabilities.astype(np.float64)
    entropy = -(shares * np.log(np.maximum(shares, 1e-9))).sum(axis=1) / np.log(CLASSES)
    return entropy - np.median(entropy)


def _novelty(features: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Log of the Mahalanobis distance of the features' directions, less that of the median image, float64 (N,).

    Features are brought to length 1 first: a strong activation is no novelty, an unusual mixture is.
    """
    if len(sample) < FEWEST:
        return np.zeros(len(features))
    directions = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-6)
    mean, axes = _whitening(directions[sample], min(FEATURES, features.shape[1] // 2, len(sample) // 4))
    if not axes.shape[1]:  # all the same
        return np.zeros(len(features))
    novelty = np.log(np.maximum((((directions - mean) @ axes) ** 2).mean(axis=1, dtype=np.float64), 1e-6))
    return novelty - np.median(novelty)
