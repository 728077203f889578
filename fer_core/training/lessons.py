"""What a training learns from, on its device, and the loss that soft labels and class weights give."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fer_core.dataset.supplements import Images
from fer_core.networks.inputs import equalised
from fer_core.training.balance import class_weights, refuse_balancing_twice, repeats
from fer_core.training.randomness import mixed
from fer_core.training.recipe import AUGMENT, OVERSAMPLE, WEIGHTS, Recipe

ORDER = 1 << 32  # keeps the shuffle of an epoch apart from the draws of the step with the same number
EQUALISED_AT_ONCE = 1024

Lesson = tuple[Tensor, Tensor, Tensor | None, Tensor | None, Tensor | None]


class Lessons:
    """What is trained on, on the device; an image that an epoch shows several times lies there once.

    Grey values are equalised here, once, since every epoch would do the same again. Raises UsageError where the recipe
    balances classes that are balanced already.
    """

    def __init__(
        self,
        images: Images,
        labels: np.ndarray,
        rows: np.ndarray,
        targets: np.ndarray | None,
        weights: np.ndarray | None,
        recipe: Recipe,
        seed: int,
        device: torch.device,
    ) -> None:
        refuse_balancing_twice(recipe, rows, weights)
        self.balance, self.seed = recipe.balance, seed
        self.classes = labels[rows].astype(np.int64)
        if recipe.balance == WEIGHTS:
            weights = class_weights(self.classes)
        once, place = np.unique(rows, return_inverse=True)
        pixels = torch.from_numpy(np.ascontiguousarray(images[once]))
        if recipe.equalise:
            pixels = torch.cat([equalised(some) for some in pixels.split(EQUALISED_AT_ONCE)])
        self.place = torch.from_numpy(place).to(device)
        self.pixels = pixels.to(device)
        self.labels = torch.from_numpy(labels[once].astype(np.int64)).to(device)
        self.targets = None if targets is None else torch.from_numpy(targets[once].astype(np.float32)).to(device)
        self.weights = None if weights is None else torch.from_numpy(weights.astype(np.float32)).to(device)
        self.per_epoch = len(self.epoch(0)[0])

    def epoch(self, number: int) -> tuple[Tensor, Tensor]:
        """What epoch `number` (from 0) shows: positions in `fit`'s rows, int64 (M,), and which come again, bool (M,).

        Which images of a small class come up once more than its others is drawn anew for each epoch.
        """
        generator = torch.Generator().manual_seed(mixed(self.seed, ORDER + number))
        count = len(self.classes)
        if self.balance not in (OVERSAMPLE, AUGMENT):
            return torch.randperm(count, generator=generator), torch.zeros(count, dtype=torch.bool)
        times = repeats(self.classes, torch.randperm(count, generator=generator).numpy()).astype(np.int64)
        positions = np.repeat(np.arange(count), times)
        again = np.ones(len(positions), bool)
        again[np.cumsum(times) - times] = False
        order = torch.randperm(len(positions), generator=generator)
        return torch.from_numpy(positions)[order], torch.from_numpy(again)[order]

    def batch(self, positions: Tensor, again: Tensor | None = None) -> Lesson:
        """What `Training.advance` takes, for positions in `fit`'s rows, int64 (B,)."""
        chosen = self.place[positions.to(self.place.device)]
        targets = None if self.targets is None else self.targets[chosen]
        return self.pixels[chosen], self.labels[chosen], targets, self.weights, again


def weighted_loss(logits: Tensor, targets: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
    """Cross-entropy of float32 (B, 7) with classes, int64 (B,), or shares of them, float32 (B, 7): a weighted mean.

    Torch's own divides by the weights where labels are hard and by B where they are soft; here a soft label of one
    class is the same as the hard one.
    """
    if not targets.is_floating_point() or weights is None:
        return F.cross_entropy(logits, targets, weights, label_smoothing=smoothing)
    total = F.cross_entropy(logits, targets, weights, label_smoothing=smoothing, reduction="sum")
    return total / (targets @ weights).sum()
