"""ESPCN: four times the side from a small network, as the shallow-CNN paper enlarges FER2013 before training.

Shi et al. (2016), Equation 1 of Qalandarov and Kurbanov (2024): 5x5 convolution to 64 channels, tanh; 3x3 to 32, tanh;
3x3 to 16; pixel shuffle, which lays the 16 channels out as 4 x 4 pixels. 24,752 parameters; luminance only. Assumed,
since the paper is silent: the border's pixels are repeated around the picture.

No integer leads from 48 to 224, so pictures are enlarged to 192 and resized from there. The weights that ship,
`models/upscalers/espcn.safetensors`, were trained by `upscaler train` on Training faces of FER2013, made four times
smaller.
"""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fer_core.networks.tensors import read_tensors
from fer_core.workspace import SHIPPED_MODELS

FACTOR = 4
SHIPPED = SHIPPED_MODELS / "upscalers" / "espcn.safetensors"  # apart from the models that people can ask


class ESPCN(nn.Module):
    """Grey pictures in [0, 1], float32 (N, 1, H, W), to float32 (N, 1, 4H, 4W), not clipped."""

    def __init__(self) -> None:
        super().__init__()
        repeated = {"padding": "same", "padding_mode": "replicate"}
        self.conv1 = nn.Conv2d(1, 64, 5, **repeated)  # type: ignore[arg-type]
        self.conv2 = nn.Conv2d(64, 32, 3, **repeated)  # type: ignore[arg-type]
        self.conv3 = nn.Conv2d(32, FACTOR**2, 3, **repeated)  # type: ignore[arg-type]
        self.shuffle = nn.PixelShuffle(FACTOR)
        for layer in (self.conv1, self.conv2, self.conv3):
            nn.init.orthogonal_(layer.weight, 0.7)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        nn.init.constant_(self.conv3.bias, 0.5)  # type: ignore[arg-type]  # begins at middle grey

    def forward(self, pictures: Tensor) -> Tensor:
        x = torch.tanh(self.conv1(pictures))  # (N, 64, H, W)
        x = torch.tanh(self.conv2(x))  # (N, 32, H, W)
        return self.shuffle(self.conv3(x))  # (N, 1, 4H, 4W)


def load_espcn(path: Path = SHIPPED, device: str | torch.device = "cpu") -> ESPCN:
    """The trained network, in eval mode and without gradients. NotFound, InputRefused as `read_tensors`."""
    return _load(path, torch.device(device))


@cache
def _load(path: Path, device: torch.device) -> ESPCN:
    network = ESPCN()
    network.load_state_dict({name: tensor.float() for name, tensor in read_tensors(path)[0].items()})
    return network.to(device).eval().requires_grad_(False)


@torch.no_grad()
def enlarge(pixels: Tensor) -> Tensor:
    """Pictures in [0, 1], float32 (N, 1, H, W), four times as large by the shipped network, in [0, 1]."""
    return load_espcn(device=pixels.device)(pixels).clamp_(0, 1)


def enlarge_faces(images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W) to uint8 (N, 4H, 4W)."""
    pixels = torch.from_numpy(np.array(images)).unsqueeze(1).float().div_(255)
    return enlarge(pixels).mul_(255).round_().squeeze(1).byte().numpy()
