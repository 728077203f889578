"""Moving whole batches of pictures on tensors: mirrored, turned, sheared, scaled and shifted in one sampling."""

import torch
from torch import Tensor
from torch.nn import functional as F


def moved(
    pixels: Tensor,
    *,
    mirror: Tensor | None = None,
    turn: Tensor | None = None,
    shear: Tensor | None = None,
    scale: Tensor | None = None,
    shift: Tensor | None = None,
) -> Tensor:
    """A moved copy of pictures, float32 (N, 1, S, S); what comes in from outside repeats the border's nearest pixel.

    One value per picture, on the CPU: `mirror` bool (N,); `turn` and `shear` in radians (N,); `scale` (N,), above 1
    enlarges; `shift` (N, 2) to the left and upwards, in fractions of the side.
    """
    count = len(pixels)
    turn = torch.zeros(count) if turn is None else turn
    scale = torch.ones(count) if scale is None else scale
    slope = torch.zeros(count) if shear is None else torch.tan(shear)
    side = torch.ones(count) if mirror is None else torch.where(mirror, -1.0, 1.0)
    sine, cosine = torch.sin(turn) / scale, torch.cos(turn) / scale
    matrix = torch.empty(count, 2, 3)
    matrix[:, 0, 0] = cosine * side
    matrix[:, 0, 1] = cosine * slope - sine
    matrix[:, 1, 0] = sine * side
    matrix[:, 1, 1] = sine * slope + cosine
    matrix[:, :, 2] = 0 if shift is None else 2 * shift  # the grid runs from -1 to 1
    grid = F.affine_grid(matrix.to(pixels.device), list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, mode="bilinear", padding_mode="border", align_corners=False)
