"""What a network costs before it is trained: parameters and multiply-adds, counted without computing anything."""

from dataclasses import dataclass
from typing import Any

import torch

from fer_core.networks.registry import build_network, parameter_count


@dataclass(frozen=True)
class Cost:
    """Of one network at one size."""

    parameters: int  # trainable values
    multiply_adds: int  # of convolutions and matrix products, for one face


def network_cost(name: str, size: int, **options: Any) -> Cost:
    """The cost of a network for one face of `size` x `size`; errors as `build_network`.

    The network has shapes but no numbers (torch's meta device), so the largest one takes neither memory nor time. The
    first call of a process takes four seconds, in which torch loads what it needs for this.
    """
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        module = build_network(name, size, **options).eval()
        face = torch.empty(1, 1, size, size)
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        module(face)
    return Cost(parameter_count(module), counter.get_total_flops() // 2)  # torch counts a multiply-add as two
