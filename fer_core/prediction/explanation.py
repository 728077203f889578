"""Where the network looked: class activation maps of the exact crop that it saw, by the grad-cam package."""

from typing import Any

import cv2
import numpy as np
import torch

from fer_core.errors import NotFound
from fer_core.prediction.methods import METHODS
from fer_core.prediction.predictor import Predictor

STRONGEST = 0.75  # how much of the heat's colour covers the face where the map is 1


def explain(predictor: Predictor, crop: np.ndarray, index: int, method: str = "gradcam") -> np.ndarray:
    """The map of one crop, uint8 (48, 48), for the class `index`: float32 (48, 48), 0 (no part in it) to 1 (the most).

    Scaled to its own maximum, so two maps compare in shape, not in strength; all 0 where nothing raises the score.
    The map is that of the crop itself also when the probabilities were averaged with its mirror image.
    """
    import pytorch_grad_cam  # seconds, and only here: photos without a map should not wait for it
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    if method not in METHODS:
        raise NotFound(f"There is no explanation {method!r} (there: {', '.join(METHODS)}).")
    module, spec = predictor.model.module, predictor.model.spec
    with predictor.lock, torch.enable_grad():
        pixels = spec.input.tensor(crop[None]).to(predictor.model.device)
        cam: Any = getattr(pytorch_grad_cam, METHODS[method].cam)(module, [module.cam_layer])
        try:
            heat = cam(pixels, [ClassifierOutputTarget(index)])[0]
        finally:
            cam.activations_and_grads.release()
            module.zero_grad(set_to_none=True)
    return cv2.resize(heat, crop.shape[::-1], interpolation=cv2.INTER_LINEAR).clip(0, 1)


def overlay(crop: np.ndarray, heat: np.ndarray, side: int = 480) -> np.ndarray:
    """The crop with its map on it: uint8 (side, side, 3), RGB.

    The face's pixels stay square and visible; heat goes from nothing over red to yellow (matplotlib's inferno, which
    also grows in brightness, so it reads without colour vision).
    """
    face = cv2.resize(crop, (side, side), interpolation=cv2.INTER_NEAREST)[..., None].astype(np.float32)
    smooth = cv2.resize(heat, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    colour = cv2.applyColorMap((smooth * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    share = STRONGEST * smooth[..., None]
    return (face * (1 - share) + colour * share).round().astype(np.uint8)
