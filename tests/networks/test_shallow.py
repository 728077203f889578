"""The shallow CNN is the paper's, layer by layer, at any input size."""

import pytest
import torch
from torch.nn import functional as F

from fer_core.errors import NotFound, UsageError
from fer_core.networks.registry import build_network, find_network, networks, parameter_count


def layers(size: int) -> dict[str, int]:
    module = build_network("shallow", size)
    return {name: parameter_count(layer) for name, layer in module.named_children() if parameter_count(layer)}


def test_has_the_papers_parameters_at_224() -> None:
    assert layers(224) == {"conv1": 320, "conv2": 18_496, "conv3": 73_856, "fc1": 51_380_736, "fc2": 3_591}
    assert sum(layers(224).values()) == 51_476_999


def test_at_48_only_the_first_dense_layer_is_smaller() -> None:
    assert layers(48) == {"conv1": 320, "conv2": 18_496, "conv3": 73_856, "fc1": 4_608 * 512 + 512, "fc2": 3_591}


def test_has_the_papers_shapes_between_its_layers() -> None:
    module = build_network("shallow", 224).eval()
    shapes = {}
    for name, layer in module.named_children():
        layer.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: tuple(out.shape[1:])}))
    with torch.inference_mode():
        module(torch.zeros(1, 1, 224, 224))
    assert shapes["conv1"] == (32, 224, 224)
    assert shapes["conv2"] == (64, 112, 112)
    assert shapes["conv3"] == (128, 56, 56)
    assert shapes["dropout"] == (128, 28, 28)
    assert shapes["fc1"] == (512,)


def test_computes_what_the_papers_table_says() -> None:
    """Against the table written out: convolution, ReLU, pooling, in the paper's order."""
    module = build_network("shallow", 48).eval()
    torch.nn.init.normal_(module.fc2.weight)
    x = torch.randn(3, 1, 48, 48)
    with torch.inference_mode():
        y = x
        for layer in (module.conv1, module.conv2, module.conv3):
            y = F.max_pool2d(F.relu(layer(y)), 2)
        expected = module.fc2(F.relu(module.fc1(y.flatten(1))))
        torch.testing.assert_close(module(x), expected)


def test_gives_logits_and_not_probabilities() -> None:
    module = build_network("shallow", 48).eval()
    torch.nn.init.normal_(module.fc2.weight)
    with torch.inference_mode():
        logits = module(torch.randn(4, 1, 48, 48))
    assert (logits < 0).any()
    assert not torch.allclose(logits.sum(1), torch.ones(4))


@pytest.mark.parametrize("size", [44, 45, 46, 47])
def test_pooling_keeps_the_last_row_and_column(size: int) -> None:
    module = build_network("shallow", size).eval()
    torch.nn.init.normal_(module.fc2.weight)
    image = torch.zeros(1, 1, size, size)
    marked = image.clone()
    marked[..., -1, -1] = 50.0
    with torch.inference_mode():
        assert not torch.equal(module(image), module(marked))


def test_the_catalogue_finds_every_network_file_and_says_what_there_is() -> None:
    assert "shallow" in networks()
    assert find_network("shallow").sizes == (48, 224)
    with pytest.raises(NotFound, match=r"no network 'deeper'.*shallow"):
        find_network("deeper")


def test_an_option_that_a_network_does_not_have_is_refused_with_a_sentence() -> None:
    with pytest.raises(UsageError, match=r"'shallow' cannot be built.*'width'"):
        build_network("shallow", 48, width=2)


def test_the_cam_layer_gives_what_the_dense_layers_see() -> None:
    module = build_network("shallow", 48).eval()
    seen = {}
    module.cam_layer.register_forward_hook(lambda _module, _inputs, output: seen.update(maps=output))
    module.fc1.register_forward_hook(lambda _module, inputs, _output: seen.update(flat=inputs[0]))
    module(torch.randn(2, 1, 48, 48))
    assert seen["maps"].shape == (2, 128, 6, 6)
    assert torch.equal(seen["maps"].flatten(1), seen["flat"])
    assert seen["maps"].min() >= 0
