"""Weights in fewer bytes: in half precision, or as bytes with a scale for each output.

With one scale for each output, symmetric about 0, a convolution's or linear layer's weights keep seven bits of the
largest among them (Krishnamoorthi, 2018, section 3.1.2). They are stored so and computed with as float32.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

Form = Literal["float32", "float16", "int8"]
SCALE = "/scale"  # behind the name of a tensor of bytes: its scales
_LARGEST = 127


def packed(tensors: Mapping[str, Tensor], form: Form) -> dict[str, Tensor]:
    """How they are stored. `int8`: matrices and convolutions as bytes, all other floating-point tensors as float16."""
    if form == "float32":
        return dict(tensors)
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            stored[name] = tensor
        elif form == "float16" or tensor.ndim < 2:
            stored[name] = tensor.half()
        else:
            scale = tensor.flatten(1).abs().amax(1) / _LARGEST  # (outputs,)
            steps = tensor / _by_output(scale.clamp_min(torch.finfo(torch.float32).tiny), tensor)
            stored[name], stored[name + SCALE] = steps.round().to(torch.int8), scale.float()
    return stored


def unpacked(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What was stored in any form, with floating-point tensors as float32."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name + SCALE in tensors:
            found[name] = tensor.float() * _by_output(tensors[name + SCALE], tensor)
        elif not name.endswith(SCALE):
            found[name] = tensor.float() if tensor.is_floating_point() else tensor
    return found


def _by_output(scale: Tensor, tensor: Tensor) -> Tensor:
    return scale.view(-1, *(1 for _ in tensor.shape[1:]))
