"""Folded networks answer as they did; where a batch norm follows something else than its neighbour, this shows it."""

import pytest
import torch
from torch import nn

from fer_core.networks.folding import folded
from fer_core.networks.registry import build_network, networks

SMALL = {"vgg16": {"weights": "none"}}


@pytest.mark.parametrize("name", sorted(networks()))
def test_every_network_answers_as_before(name: str) -> None:
    torch.manual_seed(3)
    module = build_network(name, min(networks()[name].sizes), **SMALL.get(name, {})).eval()
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:  # else they change nothing
        nn.init.uniform_(norm.running_mean, -0.5, 0.5)
        nn.init.uniform_(norm.running_var, 0.5, 2.0)
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
    pixels = torch.randn(2, 1, *[min(networks()[name].sizes)] * 2)
    with torch.inference_mode():
        before, after = module(pixels), folded(module)(pixels)
    assert torch.allclose(before, after, atol=1e-4, rtol=1e-4)
    assert all(isinstance(layer, nn.BatchNorm2d) for layer in norms)  # the network itself is as it was


def test_the_network_that_ships_keeps_no_batch_norm() -> None:
    module = folded(build_network("resnet-s", 44))
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in module.modules())
