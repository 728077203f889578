"""`littlevgg`, `modified`, `vggnet` and our `resnet`s are what their papers, or their budgets, say."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_core.errors import UsageError
from fer_core.networks.cost import network_cost
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network, parameter_count
from fer_core.networks.weights import ModelSpec, save_model


def decided(name: str, size: int, **options: object) -> nn.Module:
    torch.manual_seed(0)
    module = build_network(name, size, **options).eval()
    nn.init.normal_([layer for layer in module.modules() if isinstance(layer, nn.Linear)][-1].weight, std=0.1)
    return module


def of_kind(module: nn.Module, *kinds: type[nn.Module]) -> list[nn.Module]:
    return [layer for layer in module.modules() if isinstance(layer, kinds)]


def test_littlevgg_has_the_two_counts_that_the_paper_prints() -> None:
    module = build_network("littlevgg", 48)
    assert parameter_count(module) == 1_326_567
    statistics = [value for name, value in module.named_buffers() if name.endswith(("running_mean", "running_var"))]
    assert sum(value.numel() for value in statistics) == 2_176


def test_littlevgg_begins_with_the_rows_of_the_papers_table() -> None:
    convolutions = of_kind(build_network("littlevgg", 48), nn.Conv2d)
    assert [parameter_count(layer) for layer in convolutions[:3]] == [896, 9_248, 18_496]
    assert len(convolutions) == 8


def test_littlevgg_computes_its_table_from_the_gray_picture_three_times() -> None:
    module, x = decided("littlevgg", 48), torch.randn(2, 1, 48, 48)
    convolutions, norms = of_kind(module, nn.Conv2d), of_kind(module, nn.BatchNorm2d)
    y = torch.cat([x, x, x], 1)
    for index, (convolution, norm) in enumerate(zip(convolutions, norms, strict=True)):
        y = norm(F.elu(convolution(y)))
        if index % 2:
            y = F.max_pool2d(y, 2)
    y = y.flatten(1)
    assert y.shape == (2, 2_304)
    first, second, last = of_kind(module, nn.Linear)
    for layer, norm in zip((first, second), of_kind(module, nn.BatchNorm1d), strict=True):
        y = norm(F.elu(layer(y)))
    torch.testing.assert_close(module(x), last(y))


def test_modified_pools_and_drops_after_every_convolution() -> None:
    module = decided("modified", 48).train()
    calls: list[str] = []
    for layer in of_kind(module, nn.Conv2d, nn.ReLU, nn.MaxPool2d, nn.Dropout, nn.Linear):
        layer.register_forward_hook(lambda layer, _inputs, _output: calls.append(type(layer).__name__))
    module(torch.randn(2, 1, 48, 48))
    assert calls == ["Conv2d", "ReLU", "MaxPool2d", "Dropout"] * 4 + ["Linear", "ReLU", "Dropout", "Linear"]
    assert of_kind(module, nn.BatchNorm2d) == []
    assert [layer.out_features for layer in of_kind(module, nn.Linear)] == [256, 7]


def test_modified_takes_batch_norm_when_it_is_asked_to() -> None:
    more = parameter_count(build_network("modified", 48, norm=True)) - parameter_count(build_network("modified", 48))
    assert more == 2 * (64 + 128 + 512 + 512)


def test_vggnet_has_the_layers_of_its_authors_code() -> None:
    module = build_network("vggnet", 40)
    widths = [(layer.in_channels, layer.out_channels) for layer in of_kind(module, nn.Conv2d)]
    assert widths == [(1, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    dense = [(layer.in_features, layer.out_features) for layer in of_kind(module, nn.Linear)]
    assert dense == [(512 * 2 * 2, 4096), (4096, 4096), (4096, 7)]
    assert {layer.p for layer in of_kind(module, nn.Dropout)} == {0.2}


def test_vggnets_width_and_depth_are_options() -> None:
    module = build_network("vggnet", 48, width=8, depth=3, dense=32)
    convolutions = of_kind(module, nn.Conv2d)
    assert [layer.out_channels for layer in convolutions] == [8] * 3 + [16] * 3 + [32] * 3 + [64] * 3
    with pytest.raises(UsageError, match="depth must be at least 1"):
        build_network("vggnet", 48, depth=0)


@pytest.mark.parametrize(("name", "size"), [("littlevgg", 47), ("modified", 47), ("covpool", 41), ("resnet-s", 43)])
def test_an_odd_size_loses_neither_row_nor_column(name: str, size: int) -> None:
    module = decided(name, size)
    x = torch.randn(1, 1, size, size, requires_grad=True)
    (gradient,) = torch.autograd.grad(module(x)[0, 0], x)
    assert gradient[0, 0, -1].abs().max() > 0
    assert gradient[0, 0, :, -1].abs().max() > 0


@pytest.mark.parametrize("name", ["littlevgg", "modified", "vggnet", "covpool", "resnet", "resnet-s"])
def test_a_size_that_is_too_small_is_a_sentence(name: str) -> None:
    with pytest.raises(UsageError, match="size must be at least 16"):
        build_network(name, 15)


def test_the_small_resnet_keeps_its_budget(tmp_path: Path) -> None:
    for size in (44, 48):
        cost = network_cost("resnet-s", size)
        assert cost.parameters <= 1_500_000
        assert cost.multiply_adds <= 100_000_000
    save_model(
        tmp_path / "m.safetensors", build_network("resnet-s", 48), ModelSpec("resnet-s", InputSpec(48)), form="float16"
    )
    assert (tmp_path / "m.safetensors").stat().st_size <= 3_200_000


def test_a_fresh_resnets_pairs_are_their_shortcuts() -> None:
    module = build_network("resnet-s", 48).eval()
    pair = module.body[3]
    maps = torch.randn(2, 16, 12, 12).relu()
    torch.testing.assert_close(pair(maps), maps)


def test_a_resnet_takes_other_sizes_than_it_was_built_for() -> None:
    """Training crops are smaller than the pictures."""
    module = decided("resnet-s", 44)
    assert module(torch.randn(2, 1, 48, 48)).shape == (2, 7)


def test_stochastic_depth_drops_whole_pairs_of_single_faces_in_training_only() -> None:
    module = decided("resnet", 16, widths=(8, 8), pairs=(1, 1), drop_path=0.6, dropout=0.0)
    for pair in module.body[3:]:
        nn.init.ones_(pair.norm2.weight)
    face = torch.randn(1, 1, 16, 16).expand(400, 1, 16, 16)
    assert answers(module, face) == {1: 400}
    for norm in of_kind(module.train(), nn.BatchNorm2d):
        norm.eval()
    counts = answers(module, face)
    assert len(counts) == 4  # with or without the first pair, with or without the second
    # The first pair is dropped with probability 0.3, the second with 0.6.
    assert sorted(counts.values())[-1] / 400 == pytest.approx(0.7 * 0.6, abs=0.1)


def answers(module: nn.Module, faces: Tensor) -> dict[int, int]:
    """How often each distinct answer (numbered from 1) comes out."""
    with torch.inference_mode():
        _, counts = (module(faces) * 1e3).round().unique(dim=0, return_counts=True)
    return {number: int(count) for number, count in enumerate(counts, 1)}


@pytest.mark.parametrize("wrong", [{"pairs": (1,)}, {"widths": (0, 1), "pairs": (1, 1)}, {"drop_path": 1.0}])
def test_a_resnet_that_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(UsageError, match="a stage has a width"):
        build_network("resnet", 48, **wrong)
