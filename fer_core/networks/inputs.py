"""The one place where pixels become what a network sees: equalised, cropped, scaled, resized, normalised.

Training, evaluation, the audit and prediction all come through here, so nothing is divided by 255 twice and no split
is normalised in its own way. The spec travels with the weights.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fer_core.imaging.resizing import BICUBIC, BILINEAR, ESPCN, NEAREST, RESIZES
from fer_core.networks.espcn import enlarge

TRAINING_MEAN = 0.5077  # of FER2013's Training split, pixels in [0, 1]
TRAINING_STD = 0.2550


@dataclass(frozen=True)
class InputSpec:
    """What a network takes: float32 (N, 1, size, size), (pixel / 255 - mean) / std.

    In this order: `equalise` spreads each picture's grey values evenly; `crop` cuts a square of so many pixels, from
    the middle unless told otherwise, 0 takes the whole picture; `resize` brings it to `size`. "espcn" enlarges pictures
    four times by the network that ships and takes bicubic interpolation from there.
    """

    size: int = 48
    mean: float = TRAINING_MEAN
    std: float = TRAINING_STD
    resize: str = BICUBIC
    equalise: bool = False
    crop: int = 0

    def __post_init__(self) -> None:
        if not 8 <= self.size <= 1024:
            raise ValueError(f"an input size lies between 8 and 1024 pixels, not {self.size}")
        if self.crop and not 8 <= self.crop <= 1024:
            raise ValueError(f"a crop is 0 (none) or lies between 8 and 1024 pixels, not {self.crop}")
        if self.std <= 0 or self.resize not in RESIZES:
            raise ValueError(f"std must be positive and resize one of {', '.join(RESIZES)}")

    def tensor(self, images: np.ndarray | Tensor, corners: Tensor | None = None) -> Tensor:
        """uint8 (N, H, W), an array or a tensor on any device, to float32 (N, 1, size, size) on the same device.

        `corners`: where the crops begin, int64 (N, 2), rows and columns; None cuts them from the middle. Raises
        ValueError for anything that is not uint8 (floats have been scaled already) and for a crop beyond the picture.
        """
        if isinstance(images, np.ndarray):
            if images.dtype != np.uint8 or not images.flags.writeable:  # from_numpy warns about read-only memory maps
                images = _as_bytes(images)
            images = torch.from_numpy(images)
        if images.dtype != torch.uint8 or images.ndim != 3:
            raise ValueError(f"images must be uint8 (N, H, W), not {images.dtype} {tuple(images.shape)}")
        if self.equalise:
            images = equalised(images)
        if self.crop:
            images = cropped(images, self.crop, corners)
        pixels = images.unsqueeze(1).float().div_(255)
        if pixels.shape[-2:] != (self.size, self.size):
            pixels = self._resized(pixels)
        return pixels.sub_(self.mean).div_(self.std)

    def cropping(self, side: int) -> "InputSpec":
        """The same input of a crop of so many pixels."""
        return replace(self, crop=side)

    def _resized(self, pixels: Tensor) -> Tensor:
        size = (self.size, self.size)
        if self.resize == NEAREST:
            return F.interpolate(pixels, size=size, mode="nearest")
        if self.resize == ESPCN and max(pixels.shape[-2:]) < self.size:
            pixels = enlarge(pixels)
            if pixels.shape[-2:] == size:
                return pixels
        mode = BILINEAR if self.resize == BILINEAR else BICUBIC
        larger = max(pixels.shape[-2:]) > self.size
        # Bicubic overshoots beyond black and white; no camera does.
        return F.interpolate(pixels, size=size, mode=mode, align_corners=False, antialias=larger).clamp_(0, 1)


def equalised(images: Tensor) -> Tensor:
    """Histogram equalisation of each picture, as OpenCV's equalizeHist does it: uint8 (N, H, W) to uint8 (N, H, W).

    The darkest value becomes 0, the lightest 255; a picture of one value stays as it is.
    """
    flat = images.flatten(1).long()
    # float32, as OpenCV has it and as every device can: exact up to 16 million pixels.
    counts = torch.zeros(len(flat), 256, device=images.device)
    counts.scatter_add_(1, flat, torch.ones_like(flat, dtype=torch.float32))
    below = counts.cumsum(1)  # pixels up to each value
    darkest = below.masked_fill(below == 0, torch.inf).amin(1, keepdim=True)
    # `255 / tensor` multiplies by a rounded reciprocal, which puts some values into the neighbouring grey.
    scale = torch.full_like(darkest, 255).div((flat.shape[1] - darkest).clamp_min(1))
    spread = (below - darkest).clamp_min(0) * scale
    flat_picture = darkest == flat.shape[1]
    values = torch.where(flat_picture, torch.arange(256, device=images.device).float(), spread.round())
    return values.gather(1, flat).to(torch.uint8).view_as(images)


def cropped(images: Tensor, side: int, corners: Tensor | None = None) -> Tensor:
    """Squares of `side` pixels, uint8 (N, side, side), of uint8 (N, H, W); `corners` as in `InputSpec.tensor`."""
    height, width = images.shape[-2:]
    if side > min(height, width):
        raise ValueError(f"a crop of {side} pixels does not fit into {height} x {width}")
    if corners is None:
        top, left = (height - side) // 2, (width - side) // 2
        return images[:, top : top + side, left : left + side]
    corners = corners.to(images.device)
    place = torch.arange(side, device=images.device)
    rows = corners[:, 0, None, None] + place[:, None]  # (N, side, 1)
    columns = corners[:, 1, None, None] + place  # (N, 1, side)
    return images[torch.arange(len(images), device=images.device)[:, None, None], rows, columns]


def _as_bytes(images: np.ndarray) -> np.ndarray:
    if images.dtype != np.uint8:
        raise ValueError(f"images must be uint8 (N, H, W), not {images.dtype} {images.shape}")
    return images.copy()
