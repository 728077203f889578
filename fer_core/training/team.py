"""Several processes that train one network: each takes its part of every batch, and all take the same step.

The order of the pictures, and which of them make a batch, are those of one process. Gradients are averaged by what
each part weighs in the loss, so that without batch norm, dropout, augmentation and mixing the step is that of one
process but for rounding. Batch norm normalises each part by itself, and its running statistics are averaged; dropout,
augmentation and mixing draw in each process for itself. The first process leads: it alone evaluates, reports and
stores.

The processes are those of torch.distributed's default group, which whoever starts them has made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fer_core.errors import Cancelled, UsageError

APART = 1 << 40  # between the numbers from which two processes draw: more than any training has steps

Said = TypeVar("Said")


@dataclass(frozen=True)
class Told:
    """What a step says of its pictures."""

    loss: float  # mean
    correct: int
    images: int


class Team:
    """This process's place among those that train together."""

    def __init__(self, device: torch.device) -> None:
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        self.device = device
        self.together = True  # until the leader is left alone
        self.stopping = False  # whether this process was asked to stop; the others hear of it with the next step
        self.stopped = False

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def refuse_small_parts(self, smallest_batch: int) -> None:
        """UsageError where a process would get fewer than the two pictures that batch norm needs."""
        if smallest_batch // self.size < 2:
            raise UsageError(
                f"Batches of {smallest_batch} pictures are too small for {self.size} workers: take fewer workers or a "
                "recipe with larger batches."
            )

    def part(self, batch: Tensor) -> Tensor:
        """This process's share of a batch, near-equal parts in order."""
        return batch.tensor_split(self.size)[self.rank]

    def number(self, step: int) -> int:
        """The number of a step for the draws of this process; the leader draws as one process would."""
        return step + self.rank * APART

    def align(self, module: nn.Module) -> None:
        """Give everybody the leader's weights."""
        for tensor in module.state_dict().values():
            value = tensor.contiguous()  # laid out in memory as it is sent
            distributed.broadcast(value, src=0)
            tensor.copy_(value)

    def from_leader(self, say: Callable[[], Said]) -> Said:
        """What the leader says, to everybody. The others do not call it."""
        said = [say() if self.leads else None]
        distributed.broadcast_object_list(said, src=0, device=self.device)
        return said[0]  # type: ignore[return-value]

    def combine(self, module: nn.Module, told: Told, mass: float) -> Told:
        """Average gradients and batch norms' statistics over the parts of a batch; returns what is told of the whole.

        mass: what the part weighs in the loss: see `loss_mass`.
        """
        gradients = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
        statistics = [
            value
            for layer in module.modules()
            if isinstance(layer, _BatchNorm) and layer.training
            for value in (layer.running_mean, layer.running_var)
            if value is not None
        ]
        numbers = (told.loss * mass, mass, told.correct, told.images, self.stopping)
        tail = torch.tensor(numbers, dtype=torch.float32, device=self.device)
        flat = torch.cat(
            [
                *(gradient.flatten().float() * mass for gradient in gradients),
                *(value.flatten().float() * told.images for value in statistics),
                tail,
            ]
        )
        distributed.all_reduce(flat)
        loss, mass, correct, images, stopping = flat[-len(tail) :].tolist()
        start = 0
        for total, tensors in ((mass, gradients), (images, statistics)):
            for tensor in tensors:
                tensor.copy_(flat[start : start + tensor.numel()].view(tensor.shape) / total)
                start += tensor.numel()
        self.stopped = stopping > 0
        return Told(loss / mass, round(correct), round(images))

    def raise_if_stopped(self) -> None:
        """`Cancelled`, in all processes after the same step, once one of them was asked to stop."""
        if self.stopped:
            raise Cancelled("cancelled; what was finished is stored")


def loss_mass(targets: Tensor, weights: Tensor | None) -> float:
    """What `lessons.weighted_loss` divides by: pictures, or the sum of their classes' weights."""
    if weights is None:
        return float(len(targets))
    return float((targets @ weights if targets.is_floating_point() else weights[targets]).sum())
