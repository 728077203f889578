"""Saliency straight from the pixels: how the score changes with each of them.

Plain gradients after Simonyan et al. (2014). Guided ones after Springenberg et al. (2015): on the way back, every
activation function passes on only what raises the score. Ours and not the grad-cam package's, which swaps a network's
`nn.ReLU` modules and so does nothing for those that call functions, as most of ours do.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

BRIGHTEST = 99.0  # percentile that becomes 1: otherwise the one strongest pixel leaves all others dark
ACTIVATIONS = {F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, F.elu, F.leaky_relu, F.silu, F.gelu}


class _Guided(TorchFunctionMode):
    """While it is active, gradients that come back to an activation function lose their negative parts.

    The function itself then drops what did not go through it, so both conditions of the paper hold.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in ACTIVATIONS and result.requires_grad:
            result.register_hook(lambda gradient: gradient.clamp(min=0))
        return result


def input_gradients(module: nn.Module, pixels: Tensor, index: int, guided: bool) -> np.ndarray:
    """|d score / d pixel| of one picture, float32 (1, 1, S, S), for the class `index`: float32 (S, S), 0 to 1."""
    pixels = pixels.detach().clone().requires_grad_(True)
    if guided:
        with _Guided():
            score = module(pixels)[0, index]
    else:
        score = module(pixels)[0, index]
    (gradient,) = torch.autograd.grad(score, pixels)
    strength = gradient[0].abs().amax(0).cpu().numpy()
    brightest = np.percentile(strength, BRIGHTEST) or strength.max()
    return (strength / brightest).clip(0, 1) if brightest > 0 else strength
