"""Where the network looked: a heat map on the exact crop that it saw, by the grad-cam package or from gradients."""

from typing import Any

import cv2
import numpy as np
import torch

from fer_core.errors import NotFound
from fer_core.networks.inputs import InputSpec
from fer_core.prediction.gradients import input_gradients
from fer_core.prediction.methods import METHODS
from fer_core.prediction.predictor import Asked, Predictor

STRONGEST = 0.75  # how much of the heat's colour covers the face where the map is 1


def explain(asked: Asked, crop: np.ndarray, index: int, method: str = "gradcam") -> np.ndarray:
    """The map of one crop, uint8 (48, 48), for the class `index`: float32 (48, 48), 0 (no part in it) to 1 (the most).

    Scaled to its own maximum, so two maps compare in shape, not in strength; all 0 where nothing raises the score.
    The map is that of the crop itself also when the probabilities were averaged over several views. An ensemble's map
    is the mean of its members' maps.
    """
    if method not in METHODS:
        raise NotFound(f"There is no explanation {method!r} (there: {', '.join(METHODS)}).")
    maps = [_explain(member, crop, index, method) for member in asked.members]
    if len(maps) == 1:
        return maps[0]
    mean = np.stack(maps).mean(0)
    strongest = float(mean.max())
    return mean / strongest if strongest else mean


def _explain(predictor: Predictor, crop: np.ndarray, index: int, method: str) -> np.ndarray:
    module, spec = predictor.model.module, predictor.model.spec.input
    with predictor.lock, torch.enable_grad():
        pixels = spec.tensor(crop[None]).to(predictor.model.device)
        if METHODS[method].cam:
            heat = _class_activation(module, pixels, index, METHODS[method].cam)
        else:
            heat = input_gradients(module, pixels, index, guided=method == "guided")
    return on_crop(heat, spec, crop.shape[0])


def _class_activation(module: Any, pixels: torch.Tensor, index: int, name: str) -> np.ndarray:
    """A map of the grad-cam package at the size of the network's input: float32 (S, S)."""
    import pytorch_grad_cam  # seconds, and only here: photos without a map should not wait for it
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    from fer_core.prediction.score_cam import score_cam

    if name == "ScoreCAM":
        return score_cam(module, pixels, index)
    # The weights take no gradients, so the pixels have to for there to be any.
    cam: Any = getattr(pytorch_grad_cam, name)(module, [module.cam_layer])
    try:
        heat: np.ndarray = cam(pixels.requires_grad_(True), [ClassifierOutputTarget(index)])[0]
    finally:
        cam.activations_and_grads.release()
    return heat


def on_crop(heat: np.ndarray, spec: InputSpec, side: int) -> np.ndarray:
    """A map of the network's input laid over the crop, float32 (side, side): what the network did not see is 0."""
    seen = spec.crop or side
    sampling = cv2.INTER_AREA if heat.shape[0] > seen else cv2.INTER_LINEAR
    middle = cv2.resize(heat, (seen, seen), interpolation=sampling).clip(0, 1)
    before = (side - seen) // 2
    return np.pad(middle, (before, side - seen - before))


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
