"""Test-time augmentation: the mean of what a model says of several views of one image.

Every image is seen in the same views, so a prediction depends neither on its batch nor on chance.

    flip       the image and its mirror image
    crops      four corners and the middle, each also mirrored: ten views
    samples    ten random views, as in the five-layer paper's test-time augmentation: drawn once, by a seed
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from fer_core.errors import UsageError
from fer_core.evaluation.modes import CROPS, FLIP, MODES, NONE, SAMPLES
from fer_core.imaging.affine import moved
from fer_core.networks.weights import Model
from fer_core.progress import Report, part, silent

__all__ = ["CROPS", "FLIP", "MODES", "NONE", "SAMPLES", "View", "predict_views", "views"]

CROP_SHARE = 11 / 12  # of the side, for models without a crop of their own: 44 of 48 pixels
SAMPLE_COUNT, SAMPLE_TURN, SAMPLE_SHIFT, SAMPLE_ZOOM = 10, 10.0, 0.08, 0.1  # degrees; fractions of the side

View = Callable[[Model, Tensor], Tensor]
"""From uint8 (N, H, W) to what the network takes, float32 (N, 1, S, S)."""


def views(mode: str, seed: int = 0) -> list[View]:
    """The views of a mode, the plain one first; UsageError for a mode that does not exist."""
    if mode not in MODES:
        raise UsageError(f"There is no test-time augmentation {mode!r} (there: {', '.join(MODES)}).")
    if mode == CROPS:
        places = [(0.5, 0.5), (0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
        return [partial(_crop, place=place, mirror=mirror) for place in places for mirror in (False, True)]
    if mode == SAMPLES:
        generator = torch.Generator().manual_seed(seed)
        return [partial(_sample, drawn=torch.rand(5, generator=generator)) for _ in range(SAMPLE_COUNT)]
    return [partial(_plain, mirror=mirror) for mirror in ((False, True) if mode == FLIP else (False,))]


def predict_views(
    model: Model, images: np.ndarray, mode: str, seed: int = 0, batch: int = 64, report: Report = silent
) -> np.ndarray:
    """The mean of the softmax over a mode's views, float32 (N, 7), for uint8 images (N, H, W)."""
    model.module.eval()
    found = np.zeros((len(images), len(model.spec.labels)), np.float64)
    chosen = views(mode, seed)
    with torch.inference_mode():
        for number, view in enumerate(chosen):
            told = part(report, number / len(chosen), (number + 1) / len(chosen))
            for start in range(0, len(images), batch):
                told("predicting", start / len(images))
                pixels = view(model, torch.from_numpy(np.array(images[start : start + batch])).to(model.device))
                logits = model.module(pixels.contiguous(memory_format=torch.channels_last))
                found[start : start + batch] += torch.softmax(logits.float(), 1).cpu().numpy()
    return (found / len(chosen)).astype(np.float32)


def _plain(model: Model, images: Tensor, mirror: bool) -> Tensor:
    pixels = model.spec.input.tensor(images)
    return pixels.flip(3) if mirror else pixels


def _crop(model: Model, images: Tensor, place: tuple[float, float], mirror: bool) -> Tensor:
    """A crop whose upper left corner lies at `place`, in fractions of the room that there is."""
    spec = model.spec.input
    height, width = images.shape[-2:]
    side = spec.crop or round(CROP_SHARE * min(height, width))
    corner = torch.tensor([round(place[0] * (height - side)), round(place[1] * (width - side))])
    pixels = spec.cropping(side).tensor(images, corner.expand(len(images), 2))
    return pixels.flip(3) if mirror else pixels


def _sample(model: Model, images: Tensor, drawn: Tensor) -> Tensor:
    """One random view; `drawn`: five numbers in [0, 1), the same for all images."""
    pixels = model.spec.input.tensor(images)
    count, signed = len(pixels), (2 * drawn - 1).tolist()
    return moved(
        pixels,
        mirror=torch.full((count,), signed[0] < 0),
        turn=torch.full((count,), math.radians(SAMPLE_TURN) * signed[1]),
        scale=torch.full((count,), 1 + SAMPLE_ZOOM * signed[2]),
        shift=SAMPLE_SHIFT * torch.tensor(signed[3:]).expand(count, 2),
    )
