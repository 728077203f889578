"""What a training learns from, on its device, and the loss that soft labels and class weights give."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fer_core.dataset.supplements import Images


class Lessons:
    """What is trained on, on the device; an image that an epoch shows several times lies there once."""

    def __init__(
        self,
        images: Images,
        labels: np.ndarray,
        rows: np.ndarray,
        targets: np.ndarray | None,
        weights: np.ndarray | None,
        device: torch.device,
    ) -> None:
        once, place = np.unique(rows, return_inverse=True)
        self.place = torch.from_numpy(place).to(device)
        self.pixels = torch.from_numpy(np.ascontiguousarray(images[once])).to(device)
        self.labels = torch.from_numpy(labels[once].astype(np.int64)).to(device)
        self.targets = None if targets is None else torch.from_numpy(targets[once].astype(np.float32)).to(device)
        self.weights = None if weights is None else torch.from_numpy(weights.astype(np.float32)).to(device)

    def batch(self, positions: Tensor) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """What `Training.advance` takes, for positions in `fit`'s rows, int64 (B,)."""
        chosen = self.place[positions.to(self.place.device)]
        targets = None if self.targets is None else self.targets[chosen]
        return self.pixels[chosen], self.labels[chosen], targets, self.weights


def weighted_loss(logits: Tensor, targets: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
    """Cross-entropy of float32 (B, 7) with classes, int64 (B,), or shares of them, float32 (B, 7): a weighted mean.

    Torch's own divides by the weights where labels are hard and by B where they are soft; here a soft label of one
    class is the same as the hard one.
    """
    if not targets.is_floating_point() or weights is None:
        return F.cross_entropy(logits, targets, weights, label_smoothing=smoothing)
    total = F.cross_entropy(logits, targets, weights, label_smoothing=smoothing, reduction="sum")
    return total / (targets @ weights).sum()
