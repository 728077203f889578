"""Augmentation of whole batches on tensors: a few milliseconds for 128 faces, nothing per image.

Only training calls this; evaluation never does. No vertical flips: faces do not come upside down.
"""

import math

import torch
from torch import Tensor

from fer_core.imaging.affine import moved
from fer_core.training.recipe import Recipe


def augment(pixels: Tensor, recipe: Recipe, generator: torch.Generator, *, plain: bool = False) -> Tensor:
    """A changed copy of normalised images, float32 (N, 1, S, S). With `plain`, only the recipe's flip is applied.

    `generator` (on the CPU) decides everything, so the same seed gives the same images.
    """
    count = len(pixels)
    flip = torch.rand(count, generator=generator) < 0.5 if recipe.flip else torch.zeros(count, dtype=torch.bool)
    if plain or not (recipe.shift or recipe.rotation or recipe.zoom):
        pixels = torch.where(flip.to(pixels.device)[:, None, None, None], pixels.flip(3), pixels)
    else:
        pixels = _move(pixels, flip, recipe, generator)
    if plain:
        return pixels
    if recipe.brightness or recipe.contrast:
        factor = 1 + recipe.contrast * _symmetric(count, generator)
        offset = recipe.brightness * _symmetric(count, generator)
        pixels = pixels * factor.to(pixels.device)[:, None, None, None] + offset.to(pixels.device)[:, None, None, None]
    if recipe.erase:
        pixels = pixels.masked_fill(_rectangles(count, pixels.shape[-1], recipe.erase, generator).to(pixels.device), 0)
    return pixels


def _move(pixels: Tensor, flip: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Flip, turn, zoom and shift in one sampling."""
    count = len(pixels)
    turn = math.radians(recipe.rotation) * _symmetric(count, generator)
    scale = 1 + recipe.zoom * _symmetric(count, generator)
    shift = [recipe.shift * _symmetric(count, generator) for _ in range(2)]
    return moved(pixels, mirror=flip, turn=turn, scale=scale, shift=torch.stack(shift, 1))


def _rectangles(count: int, size: int, probability: float, generator: torch.Generator) -> Tensor:
    """bool (N, 1, S, S): with this probability a rectangle of a fifth to a half of the side, each way."""
    sides = (0.2 + 0.3 * torch.rand(count, 2, generator=generator)) * size
    starts = torch.rand(count, 2, generator=generator) * (size - sides)
    chosen = torch.rand(count, generator=generator) < probability
    place = torch.arange(size)
    inside = (place >= starts[..., None]) & (place < (starts + sides)[..., None])  # (N, 2, S)
    return (inside[:, 0, :, None] & inside[:, 1, None, :] & chosen[:, None, None])[:, None]


def _symmetric(count: int, generator: torch.Generator) -> Tensor:
    """Uniform in [-1, 1), float32 (N,)."""
    return 2 * torch.rand(count, generator=generator) - 1
