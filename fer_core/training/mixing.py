"""Two images in one, and what it is of which class: mixup (Zhang et al., 2018) and cutmix (Yun et al., 2019).

Each image of a batch gets another of the same batch as its partner, and its own share, drawn from Beta(a, a). A mixed
image is of its two classes by their shares, so it is learnt as a soft label: label smoothing and class weights come on
top as for any other soft label (`lessons.weighted_loss`).
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fer_core.emotions import CLASSES
from fer_core.training.recipe import Recipe


def mix(
    inputs: Tensor, labels: Tensor, targets: Tensor | None, recipe: Recipe, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Mixed images, float32 (N, 1, S, S), the class of each one's larger part, int64 (N,), and shares, float32 (N, 7).

    labels: int64 (N,); targets: soft labels in place of them, float32 (N, 7). A recipe with both ways takes one or the
    other for a batch, with one without any everything stays as it is. `generator` (on the CPU) decides.
    """
    if not (recipe.mixup or recipe.cutmix):
        return inputs, labels, targets
    count, side, device = len(inputs), inputs.shape[-1], inputs.device
    cuts = recipe.mixup == 0 or (recipe.cutmix > 0 and bool(torch.rand((), generator=generator) < 0.5))
    partner = torch.randperm(count, generator=generator).to(device)
    share = _beta(count, recipe.cutmix if cuts else recipe.mixup, generator)
    if cuts:
        foreign = _rectangles(1 - share, side, generator)
        share = 1 - foreign.float().mean((1, 2, 3))  # rectangles end at the border
        inputs = torch.where(foreign.to(device), inputs[partner], inputs)
        share = share.to(device)
    else:
        share = share.to(device)
        inputs = torch.lerp(inputs[partner], inputs, share[:, None, None, None])
    shares = F.one_hot(labels, CLASSES).float() if targets is None else targets
    shares = torch.lerp(shares[partner], shares, share[:, None])
    return inputs, torch.where(share >= 0.5, labels, labels[partner]), shares


def _beta(count: int, a: float, generator: torch.Generator) -> Tensor:
    """Beta(a, a), float32 (N,). Torch's own distribution takes no generator."""
    seed = int(torch.randint(2**62, (), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(a, a, count).astype(np.float32))


def _rectangles(area: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """bool (N, 1, S, S): a square of this share of the picture, (N,), about a pixel drawn evenly, cut at the border."""
    half = area.sqrt()[:, None] * side / 2  # (N, 1)
    centre = torch.rand(len(area), 2, generator=generator) * side
    place = torch.arange(side) + 0.5
    inside = (place - centre[..., None]).abs() < half[..., None]  # (N, 2, S)
    return inside[:, 0, None, :, None] & inside[:, 1, None, None, :]
