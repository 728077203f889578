"""The audit's own network: as many parameters and multiplications as its docstring says, and logits at every size."""

import pytest
import torch
from torch import nn

from fer_core.errors import UsageError
from fer_core.networks import scout
from fer_core.networks.registry import build_network, networks, parameter_count


def decided(size: int = 48, **options: object) -> nn.Module:
    """A scout in eval mode whose last layer and residual pairs do something, unlike those of a fresh one."""
    torch.manual_seed(0)
    module = build_network("scout", size, **options).eval()
    for name, parameter in module.named_parameters():
        if parameter.count_nonzero() == 0 and name.endswith("weight"):
            nn.init.normal_(parameter, std=0.1)
    return module


def test_it_is_in_the_catalogue_with_the_parameters_it_claims() -> None:
    assert "scout" in networks()
    assert parameter_count(build_network("scout", 48)) == 762_183
    assert "762,183" in str(scout.__doc__)


def test_it_multiplies_as_often_as_it_claims() -> None:
    module, done = build_network("scout", 48).eval(), []

    def count(layer: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        done.append(layer.weight.numel() * output[0, 0].numel())

    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        module(torch.zeros(1, 1, 48, 48))
    assert sum(done) / 1e6 == pytest.approx(30, abs=0.5)


def test_a_fresh_one_is_undecided_and_its_residual_pairs_are_nothing() -> None:
    module = build_network("scout", 48).eval()
    with torch.inference_mode():
        said = module(torch.randn(3, 1, 48, 48))
        torch.testing.assert_close(said, said[:1].expand(3, 7))
        assert torch.softmax(said, 1).amax() < 0.16  # of seven, and nearly alike
        maps = torch.randn(2, 64, 12, 12).relu()
        pair = next(layer for layer in module.modules() if isinstance(layer, scout._Residual))
        torch.testing.assert_close(pair(maps), maps)


@pytest.mark.parametrize("size", [16, 30, 48, 64])
def test_it_gives_logits_at_every_even_size(size: int) -> None:
    module = decided(size)
    with torch.inference_mode():
        logits = module(torch.randn(4, 1, size, size))
    assert logits.shape == (4, 7)
    assert not torch.allclose(logits[0], logits[1])
    assert not torch.allclose(logits.sum(1), torch.ones(4))


@pytest.mark.parametrize("size", [14, 47])
def test_a_size_that_it_cannot_take_is_a_sentence(size: int) -> None:
    with pytest.raises(UsageError, match="even and at least 16"):
        build_network("scout", size)


def test_its_width_scales_its_channels() -> None:
    double = build_network("scout", 48, width=2.0)
    assert double.fc.in_features == 2 * build_network("scout", 48).fc.in_features == 1024
    assert 3.5 < parameter_count(double) / 762_183 < 4.5


def test_the_cam_layer_gives_the_maps_that_are_pooled() -> None:
    module, seen = decided(), {}
    module.cam_layer.register_forward_hook(lambda _module, _inputs, output: seen.update(maps=output))
    module.fc.register_forward_hook(lambda _module, inputs, _output: seen.update(pooled=inputs[0]))
    with torch.inference_mode():
        module(torch.randn(2, 1, 48, 48))
    assert seen["maps"].shape == (2, 256, 3, 3)
    maximum, mean = seen["pooled"].split(256, dim=1)
    torch.testing.assert_close(maximum, seen["maps"].flatten(2).amax(2))
    torch.testing.assert_close(mean, seen["maps"].flatten(2).mean(2))
