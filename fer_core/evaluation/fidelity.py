"""How near a restored picture is to the original: PSNR and SSIM, for each picture of a batch."""

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW, SIGMA = 11, 1.5  # of the Gaussian, as in Wang et al. (2004)
K1, K2 = 0.01, 0.03  # of the same paper


def psnr(restored: Tensor, original: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in decibels, float32 (N,), of pictures in [0, 1], float (N, 1, H, W)."""
    error = (restored - original).square().mean(dim=(1, 2, 3))
    return -10 * torch.log10(error.clamp_min(1e-10))


def ssim(restored: Tensor, original: Tensor) -> Tensor:
    """Structural similarity of Wang et al. (2004), float32 (N,) in [-1, 1], of pictures in [0, 1], float (N, 1, H, W).

    The mean over all places at which the 11 x 11 Gaussian window lies inside the picture.
    """
    place = torch.arange(WINDOW, dtype=restored.dtype, device=restored.device) - WINDOW // 2
    line = torch.exp(-place.square() / (2 * SIGMA**2))
    line = line / line.sum()

    def blurred(picture: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(picture, line.view(1, 1, -1, 1)), line.view(1, 1, 1, -1))

    mean_r, mean_o = blurred(restored), blurred(original)
    var_r = blurred(restored.square()) - mean_r.square()
    var_o = blurred(original.square()) - mean_o.square()
    covariance = blurred(restored * original) - mean_r * mean_o
    light = (2 * mean_r * mean_o + K1**2) / (mean_r.square() + mean_o.square() + K1**2)
    structure = (2 * covariance + K2**2) / (var_r + var_o + K2**2)
    return (light * structure).mean(dim=(1, 2, 3))
