"""The one place where pixels become what a network sees: scaled, resized, normalised.

Training, evaluation, the audit and prediction all come through here, so nothing is divided by 255 twice and no split
is normalised in its own way. The spec travels with the weights.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

TRAINING_MEAN = 0.5077  # of FER2013's Training split, pixels in [0, 1]
TRAINING_STD = 0.2550
RESIZES = ("bicubic", "bilinear", "nearest")


@dataclass(frozen=True)
class InputSpec:
    """What a network takes: float32 (N, 1, size, size), (pixel / 255 - mean) / std."""

    size: int = 48
    mean: float = TRAINING_MEAN
    std: float = TRAINING_STD
    resize: str = "bicubic"

    def __post_init__(self) -> None:
        if not 8 <= self.size <= 1024:
            raise ValueError(f"an input size lies between 8 and 1024 pixels, not {self.size}")
        if self.std <= 0 or self.resize not in RESIZES:
            raise ValueError(f"std must be positive and resize one of {', '.join(RESIZES)}")

    def tensor(self, images: np.ndarray | Tensor) -> Tensor:
        """uint8 (N, H, W), an array or a tensor on any device, to float32 (N, 1, size, size) on the same device.

        Raises ValueError for anything that is not uint8: floats have been scaled already.
        """
        if isinstance(images, np.ndarray):
            if images.dtype != np.uint8 or not images.flags.writeable:  # from_numpy warns about read-only memory maps
                images = _as_bytes(images)
            images = torch.from_numpy(images)
        if images.dtype != torch.uint8 or images.ndim != 3:
            raise ValueError(f"images must be uint8 (N, H, W), not {images.dtype} {tuple(images.shape)}")
        pixels = images.unsqueeze(1).float().div_(255)
        if pixels.shape[-2:] != (self.size, self.size):
            pixels = self._resized(pixels)
        return pixels.sub_(self.mean).div_(self.std)

    def _resized(self, pixels: Tensor) -> Tensor:
        size = (self.size, self.size)
        if self.resize == "nearest":
            return F.interpolate(pixels, size=size, mode="nearest")
        larger = max(pixels.shape[-2:]) > self.size
        # Bicubic overshoots beyond black and white; no camera does.
        return F.interpolate(pixels, size=size, mode=self.resize, align_corners=False, antialias=larger).clamp_(0, 1)


def _as_bytes(images: np.ndarray) -> np.ndarray:
    if images.dtype != np.uint8:
        raise ValueError(f"images must be uint8 (N, H, W), not {images.dtype} {images.shape}")
    return images.copy()
