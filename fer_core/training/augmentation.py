"""Augmentation of whole batches on tensors: a few milliseconds for 128 faces, nothing per image.

Only training calls this; evaluation never does. No vertical flips: faces do not come upside down (a paper's own way of
balancing classes does it to repeated showings: `turned_over`).
"""

import math

import torch
from torch import Tensor

from fer_core.imaging.affine import moved
from fer_core.training.recipe import Recipe

WIDEST_TURN = math.radians(45)  # of repeated showings


def augment(pixels: Tensor, recipe: Recipe, generator: torch.Generator, *, plain: bool = False) -> Tensor:
    """A changed copy of normalised images, float32 (N, 1, S, S). With `plain`, only the recipe's flip is applied.

    `generator` (on the CPU) decides everything, so the same seed gives the same images.
    """
    count = len(pixels)
    flip = torch.rand(count, generator=generator) < 0.5 if recipe.flip else torch.zeros(count, dtype=torch.bool)
    if plain or not (recipe.shift or recipe.rotation or recipe.shear or recipe.zoom):
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


def corners(count: int, slack: int, generator: torch.Generator) -> Tensor:
    """Where random crops begin, rows and columns from 0 to `slack`, int64 (N, 2)."""
    return torch.randint(slack + 1, (count, 2), generator=generator)


def turned_over(inputs: Tensor, again: Tensor, generator: torch.Generator) -> Tensor:
    """A copy of pictures, float32 (N, 1, S, S), of which those of `again`, bool (N,), are flipped and turned.

    As Yousaf et al. (2024) change the copies that balance their classes: horizontal and vertical flips, each half of
    the time, and rotation within 45 degrees each way, drawn evenly. That is the paper's own way and no example: no face
    comes upside down. In plain epochs as well: a balance made of copies is not to become one of the same picture many
    times. `generator` (on the CPU) decides.
    """
    chosen = torch.nonzero(again.cpu())[:, 0]
    if not len(chosen):
        return inputs
    mirror, upside = torch.rand(2, len(chosen), generator=generator) < 0.5
    turn = WIDEST_TURN * _symmetric(len(chosen), generator)
    # Upside down is half a turn of the mirrored picture.
    changed = inputs.clone()
    where = chosen.to(inputs.device)
    changed[where] = moved(inputs[where], mirror=mirror ^ upside, turn=turn + math.pi * upside)
    return changed


def _move(pixels: Tensor, flip: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Flip, turn, shear, zoom and shift in one sampling."""
    count = len(pixels)
    turn = math.radians(recipe.rotation) * _symmetric(count, generator)
    scale = 1 + recipe.zoom * _symmetric(count, generator)
    shift = [recipe.shift * _symmetric(count, generator) for _ in range(2)]
    shear = math.radians(recipe.shear) * _symmetric(count, generator) if recipe.shear else None
    return moved(pixels, mirror=flip, turn=turn, shear=shear, scale=scale, shift=torch.stack(shift, 1))


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
