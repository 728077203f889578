"""Score-CAM (Wang et al., 2020): without gradients, one pass through the network for every feature.

The same map as the grad-cam package's, which draws a progress bar on standard error and goes 16 pictures at a time.
"""

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

BATCH = 64


@torch.inference_mode()
def score_cam(module: nn.Module, pixels: Tensor, index: int) -> np.ndarray:
    """The map of one picture, float32 (1, 1, S, S), for the class `index`: float32 (S, S), 0 to 1."""
    size = pixels.shape[-1]
    features = _features(module, pixels)  # (C, h, w)
    masks = F.interpolate(features[None], (size, size), mode="bilinear", align_corners=True)[0]
    low, high = masks.amin((1, 2), keepdim=True), masks.amax((1, 2), keepdim=True)
    masks = (masks - low) / (high - low + 1e-8)
    scores = torch.cat([module(pixels[0] * part[:, None])[:, index] for part in masks.split(BATCH)])
    heat = (torch.softmax(scores, 0)[:, None, None] * features).sum(0).clamp(min=0).cpu().numpy()
    heat = cv2.resize(heat, (size, size), interpolation=cv2.INTER_LINEAR)
    return (heat - heat.min()) / (np.ptp(heat) + 1e-7)


def _features(module: nn.Module, pixels: Tensor) -> Tensor:
    """What the layer that maps are made of puts out, float32 (C, h, w)."""
    kept: list[Tensor] = []
    layer: nn.Module = module.cam_layer  # type: ignore[assignment]
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output.float()))
    try:
        module(pixels)
    finally:
        handle.remove()
    return kept[0][0]
